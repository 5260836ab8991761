"""The faithfulness report as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evals.counterfactual import CounterfactualReport
from evals.faithfulness import Control, FaithfulnessReport
from evals.formats import ABSENT, bounds, number, percent

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

FIGURES = {
    "claim_precision": "claim precision",
    "all_supported": "texts with every claim supported",
    "contradiction_rate": "contradiction rate",
    "absent_rate": "absent rate",
    "checkable_share": "checkable share of claims",
    "claims_per_text": "claims per text",
    "vacuous_rate": "texts that claim nothing",
    "evidence_precision": "evidence precision",
    "evidence_recall": "evidence recall",
}


def faithfulness_tables(parts: Mapping[str, FaithfulnessReport], controls: Sequence[Control]) -> list[RenderableType]:
    """Drafts and shown text side by side, then the controls."""
    from rich.table import Table

    table = Table(title="Faithfulness", title_justify="left")
    table.add_column("")
    for name, part in parts.items():
        table.add_column(f"{name} ({part.texts:,} texts, {part.claims:,} claims)", justify="right")
    for field, title in FIGURES.items():
        table.add_row(title, *(f"{number(getattr(p, field))}  {bounds(getattr(p, field))}" for p in parts.values()))
    tiers = [
        "\n".join(f"{tier} {percent(part.tier_shares[tier])} ({count:,})" for tier, count in part.tiers.items())
        or ABSENT
        for part in parts.values()
    ]
    table.add_row("claims decided by", *tiers)
    control_table = Table(title="Negative controls", title_justify="left")
    for name in ("with", "texts", "real", "wrong", "fall", ""):
        control_table.add_column(name)
    for control in controls:
        control_table.add_row(
            control.name,
            str(control.texts),
            number(control.real),
            number(control.wrong),
            ABSENT if control.fall is None else f"{control.fall.estimate:+.4f} {bounds(control.fall)}",
            control.reason,
        )
    return [table, control_table]


def counterfactual_table(report: CounterfactualReport) -> Table:
    """Without and with only what is cited, beside the placebo."""
    from rich.table import Table

    explained = f"{report.tested:,} of {report.tested + report.untested:,} explanations tested"
    silent = f"{report.uncited:,} cite nothing of the history, {report.untested - report.uncited:,} have no placebo"
    table = Table(title=f"Counterfactual: {explained}; {silent}", title_justify="left")
    for name in ("", "cited", "placebo", "cited minus placebo"):
        table.add_column(name, justify="left" if not name else "right")
    for title, cited, instead, difference in (
        (
            "necessity: log2 of the drop without",
            report.drop_without_cited,
            report.drop_without_placebo,
            report.necessity,
        ),
        (
            f"sufficiency: share in the first {report.k} with only",
            report.stays_with_cited,
            report.stays_with_placebo,
            report.sufficiency,
        ),
    ):
        table.add_row(title, number(cited), number(instead), f"{number(difference)}  {bounds(difference)}")
    return table
