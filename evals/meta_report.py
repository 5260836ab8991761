"""The meta-evaluation as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evals.meta_evaluation import Agreement, Figure

if TYPE_CHECKING:
    from rich.console import RenderableType

NAMES = {
    "balanced_accuracy": "balanced accuracy",
    "auc": "AUC",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "kappa": "Cohen's kappa",
}


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    bounds = "" if figure.low is None or figure.high is None else f"  [{figure.low:.3f}, {figure.high:.3f}]"
    return f"{figure.value:.3f}{bounds}"


def meta_tables(
    corpus: str, parts: Mapping[str, Agreement], slots: Mapping[str, Mapping[str, tuple[int, int]]]
) -> list[RenderableType]:
    """Agreement by kind of slot, and what share of the changes of each slot was caught. "Unsupported" is positive."""
    from rich.table import Table

    table = Table(title=f"{corpus}: the checker against the labels", title_justify="left")
    table.add_column("")
    for name, part in parts.items():
        table.add_column(f"{name} ({part.pairs:,} pairs, {part.unsupported:,} unsupported)", justify="right")
    for field, title in NAMES.items():
        table.add_row(title, *(_cell(getattr(part, field)) for part in parts.values()))
    caught = Table(title="Changes caught, by slot", title_justify="left")
    changes = sorted({change for found in slots.values() for change in found})
    caught.add_column("slot")
    for change in changes:
        caught.add_column(change, justify="right")
    for slot, found in slots.items():
        cells = []
        for change in changes:
            hits, pairs = found.get(change, (0, 0))
            cells.append(f"{hits / pairs:.2f}  ({pairs})" if pairs else "–")
        caught.add_row(slot, *cells)
    return [table, caught]
