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
    return [table, _caught("Changes caught, by slot", slots)]


def draft_tables(
    file: str,
    parts: Mapping[str, Agreement],
    slots: Mapping[str, Mapping[str, tuple[int, int]]],
    alarms: Mapping[str, tuple[int, int]],
) -> list[RenderableType]:
    """Agreement on the claims of drafts, what share of the unsupported ones was flagged, and of the supported ones."""
    from rich.table import Table

    names = {field: title for field, title in NAMES.items() if field != "auc"}  # a claim is flagged or not: no score
    table = Table(title=f"{file}: the checker against the labels of drafts", title_justify="left")
    for column in ("", "claims", "unsupported"):
        table.add_column(column, justify="right" if column else "left")
    for title in names.values():
        table.add_column(title, justify="right")
    for name, part in parts.items():
        cells = (_cell(getattr(part, field)) for field in names)
        table.add_row(name, f"{part.pairs:,}", f"{part.unsupported:,}", *cells)
    wrong = Table(title="Supported claims flagged, by slot", title_justify="left")
    wrong.add_column("slot")
    wrong.add_column("flagged", justify="right")
    for slot, (flagged, claims) in alarms.items():
        wrong.add_row(slot, f"{flagged / claims:.2f}  ({claims})")
    return [table, _caught("Unsupported claims flagged, by slot", slots), wrong]


def _caught(title: str, slots: Mapping[str, Mapping[str, tuple[int, int]]]) -> RenderableType:
    from rich.table import Table

    caught = Table(title=title, title_justify="left")
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
    return caught
