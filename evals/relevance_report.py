"""The relevance report as a JSON document and as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from evals.formats import bounds, number, p_value
from evals.relevance import RelevanceReport, SystemReport
from evals.statistics import Comparison, Interval

if TYPE_CHECKING:
    from rich.console import RenderableType


def relevance_document(report: RelevanceReport, *, per_user: bool = False) -> dict[str, Any]:
    """What ``assistant-evals relevance --json`` prints. Whatever is not defined is null."""
    config = report.config
    return {
        "type": "relevance",
        "split": asdict(config.split),
        "k": config.k,
        "ranking": "full" if config.sampled_candidates is None else f"sampled {config.sampled_candidates}",
        "baseline": config.baseline,
        "confidence": config.confidence,
        "events": report.events,
        "users": report.users,
        "items": report.items,
        "repeats_left_out": report.repeats,
        "unknown_items_left_out": report.unknown_items,
        "dislikes_left_out": report.disliked,
        "systems": [_system(system, per_user) for system in report.systems],
    }


def _interval(value: Interval | None) -> dict[str, Any] | None:
    return None if value is None else asdict(value)


def _comparison(value: Comparison | None) -> dict[str, Any] | None:
    return None if value is None else asdict(value)


def _system(system: SystemReport, per_user: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "system": system.name,
        "metrics": {name: _interval(value) for name, value in system.figures.items()},
        "lists": dict(system.lists),
        "exposure": None
        if system.exposure is None
        else {group: {"exposure": a, "catalogue": b} for group, (a, b) in system.exposure.items()},
        "groups": asdict(system.groups),
        "ties": {"file_order": _means(system), "random": {str(seed): dict(v) for seed, v in system.tie_seeds.items()}},
        "versus_baseline": {
            name: None if value is None else {**asdict(value), "p_holm": system.adjusted_p.get(name)}
            for name, value in system.versus_baseline.items()
        },
        "fit_seconds": system.fit_seconds,
    }
    if per_user:
        document["per_user"] = {name: list(values) for name, values in system.per_user.items()}
    return document


def _means(system: SystemReport) -> dict[str, float | None]:
    ranked = next(iter(system.tie_seeds.values()), None)
    names = system.figures.keys() if ranked is None else ranked.keys()
    return {name: None if (value := system.figures[name]) is None else value.estimate for name in names}


def tie_range(system: SystemReport, metric: str) -> tuple[float, float, float] | None:
    """(mean, lowest, highest) over the seeds that break ties at random."""
    values = [found for figures in system.tie_seeds.values() if (found := figures.get(metric)) is not None]
    return (sum(values) / len(values), min(values), max(values)) if values else None


def relevance_tables(report: RelevanceReport) -> list[RenderableType]:
    """Tables for a terminal, the ranking metrics first."""
    from rich.table import Table
    from rich.text import Text

    config = report.config
    k = config.k
    prefix = "sampled " if config.sampled_candidates is not None else ""
    how = "ranked among all items" if not prefix else f"ranked among {config.sampled_candidates} sampled items only"
    split = config.split.name + (
        f", fitted without the last {config.split.fit_without}" if "last" in config.split.name else ""
    )
    title = f"{report.users:,} users, {report.items:,} items, {report.events:,} events · {split} · {how}"
    main = f"{prefix}nDCG@{k}"
    ranking = Table(title=title, title_justify="left")
    ranking.add_column("system")
    for column in (
        main,
        "interval",
        "ties at random",
        f"{prefix}recall@{k}",
        f"{prefix}hit@{k}",
        f"{prefix}MRR@{k}",
        "against " + config.baseline,
        "p (Holm)",
    ):
        ranking.add_column(column, justify="right")
    for system in sorted(report.systems, key=lambda s: -_estimate(s.figures, main)):
        ties = tie_range(system, main)
        versus = system.versus_baseline.get(main)
        ranking.add_row(
            Text(system.name),
            number(system.figures[main]),
            bounds(system.figures[main]),
            "–" if ties is None else f"{ties[0]:.4f} ({ties[1]:.4f} to {ties[2]:.4f})",
            *(number(system.figures[f"{prefix}{name}@{k}"]) for name in ("recall", "hit", "MRR")),
            "–" if versus is None else f"{versus.difference.estimate:+.4f} {bounds(versus.difference)}",
            p_value(system.adjusted_p.get(main)),
        )
    lists = Table(title="What the lists are like", title_justify="left")
    lists.add_column("system")
    names = ("diversity", "novelty", "popularity", "calibration", "validity")
    for name in (*names, "coverage", "Gini"):
        lists.add_column(f"{prefix}{name}@{k}", justify="right")
    lists.add_column("exposure of the head", justify="right")
    lists.add_column(f"{main} by group of users")
    for system in report.systems:
        head = None if system.exposure is None else system.exposure.get("head")
        lists.add_row(
            Text(system.name),
            *(number(system.figures[f"{prefix}{name}@{k}"]) for name in names),
            *(number(system.lists[f"{prefix}{name}@{k}"]) for name in ("coverage", "Gini")),
            "–" if head is None else f"{head[0]:.0%} for {head[1]:.0%} of items",
            Text(", ".join(f"{group} {mean:.3f}" for group, mean in system.groups.means.items())),
        )
    return [ranking, lists]


def _estimate(figures: Mapping[str, Interval | None], name: str) -> float:
    value = figures[name]
    return -1.0 if value is None else value.estimate
