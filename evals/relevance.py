"""How well do systems rank what users chose next?

For each way of breaking ties in time, events are split, every system is fitted on the training part alone, and ranks
all items a user does not know yet. Figures are means over users.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assistant.interactions import to_history, to_interactions
from assistant.scoring.base import History, Interactions, ItemFeatures
from assistant.types import Event
from evals import metrics
from evals.errors import EvaluationError
from evals.leakage import check_fitted, check_interactions, check_split, held_out_pairs, nothing_read_from
from evals.ranks import ranked_rows
from evals.splits import TIE_SEEDS, Split, SplitConfig, UserSplit, make_split
from evals.statistics import Comparison, Interval, compare, holm, mean_interval
from evals.systems import Fitted, System

HEAD = 0.2
"""Items with the most users, this share of all, are the group ``head``; the others are ``tail``."""

UNWANTED = frozenset({"dislike", "skip"})
"""Kinds of events that are no choice: held out, they are left out and counted."""

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class RelevanceConfig:
    """What is measured."""

    split: SplitConfig = field(default_factory=SplitConfig)
    k: int = 10
    tie_seeds: tuple[int, ...] = TIE_SEEDS
    """Besides the file's order, ties in time are broken at random with each of these seeds."""
    sampled_candidates: int | None = None
    """Rank the held-out items among this many random ones instead of among all; every figure then says ``sampled``."""
    baseline: str = "popularity"
    """The system that the others are compared with."""
    confidence: float = 0.95
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Events in file order, and what is known of the items."""

    events: tuple[Event, ...]
    ids: tuple[str, ...]
    """Item ids by row of ``features``."""
    features: ItemFeatures
    user_groups: Mapping[str, str] = field(default_factory=dict)
    """Group of users, by id; where empty, users are grouped by how long their history is."""
    closed: tuple[Path, ...] = ()
    """Files and folders that nothing may be read from while systems are fitted."""


@dataclass(frozen=True, kw_only=True)
class SystemReport:
    """One system's figures. Keys of the mappings are metric names such as ``nDCG@10``."""

    name: str
    figures: Mapping[str, Interval | None]
    """Means over users with ties in the file's order; None where no user has a value."""
    lists: Mapping[str, float | None]
    """Figures of all lists together: coverage, Gini."""
    exposure: Mapping[str, tuple[float, float]] | None
    """Head and tail: share of the exposure, share of the catalogue."""
    groups: metrics.GroupReport
    """nDCG by group of users."""
    tie_seeds: Mapping[int, Mapping[str, float | None]]
    """The ranking metrics with ties in time broken at random, by seed."""
    versus_baseline: Mapping[str, Comparison | None]
    adjusted_p: Mapping[str, float]
    """Holm's p over all systems compared, by metric."""
    fit_seconds: float
    per_user: Mapping[str, tuple[float | None, ...]] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RelevanceReport:
    """All systems over one data set."""

    config: RelevanceConfig
    events: int
    users: int
    """Users tested."""
    items: int
    repeats: int
    unknown_items: int
    """Held-out events on items that are not in the catalogue; they count as misses nowhere and are left out."""
    disliked: int
    """Held-out events that are dislikes or skips, left out as well."""
    systems: tuple[SystemReport, ...]


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A split as columns."""

    split: Split
    train: Interactions
    users: tuple[tuple[UserSplit, History, tuple[int, ...]], ...]
    """Users tested: their history, and the rows held out."""
    held_out: frozenset[tuple[str, int]]
    unknown: int
    disliked: int


RANKING: Mapping[str, Callable[[Sequence[int], Mapping[Any, float], int], float | None]] = {
    "nDCG": metrics.ndcg,
    "recall": metrics.recall,
    "precision": metrics.precision,
    "MRR": metrics.reciprocal_rank,
    "MAP": metrics.average_precision,
    "hit": metrics.hit_rate,
}


def evaluate_relevance(
    dataset: Dataset, systems: Mapping[str, System], config: RelevanceConfig, progress: Progress = lambda _: None
) -> RelevanceReport:
    """Fit and rank. Raises ``LeakageError`` when anything fitted could have seen a held-out event."""
    if config.baseline not in systems:
        raise EvaluationError(f"The baseline {config.baseline!r} is not among the systems: {', '.join(systems)}.")
    prefix = "sampled " if config.sampled_candidates is not None else ""
    names = {f"{prefix}{name}@{config.k}": name for name in RANKING}
    prepared = prepare(dataset, config.split, None)
    per_user: dict[str, dict[str, list[float | None]]] = {}
    lists: dict[str, list[list[int]]] = {}
    seconds: dict[str, float] = {}
    for name, system in systems.items():
        progress(f"{name}: ties in file order")
        started = time.monotonic()
        fitted = fit_guarded(name, system, dataset, prepared)
        seconds[name] = time.monotonic() - started
        lists[name] = rank_users(fitted, prepared, dataset, config)
        per_user[name] = {
            shown: [
                RANKING[name_of](ranking, dict.fromkeys(rows, 1.0), config.k)
                for ranking, (_, _, rows) in zip(lists[name], prepared.users, strict=True)
            ]
            for shown, name_of in names.items()
        } | _beyond_accuracy(lists[name], prepared, dataset, config.k, prefix)
    ties: dict[str, dict[int, dict[str, float | None]]] = {name: {} for name in systems}
    for seed in config.tie_seeds if config.split.name != "random" else ():
        variant = prepare(dataset, config.split, seed)
        for name, system in systems.items():
            progress(f"{name}: ties at random, seed {seed}")
            rankings = rank_users(fit_guarded(name, system, dataset, variant), variant, dataset, config)
            ties[name][seed] = {
                shown: _mean(
                    [
                        RANKING[name_of](ranking, dict.fromkeys(rows, 1.0), config.k)
                        for ranking, (_, _, rows) in zip(rankings, variant.users, strict=True)
                    ]
                )
                for shown, name_of in names.items()
            }
    comparisons = {
        name: {metric: _versus(per_user[config.baseline][metric], per_user[name][metric], config) for metric in names}
        for name in systems
        if name != config.baseline
    }
    adjusted: dict[str, dict[str, float]] = {name: {} for name in systems}
    for metric in names:
        p = {name: c.p for name, found in comparisons.items() if (c := found[metric]) is not None}
        for name, value in holm(p).items():
            adjusted[name][metric] = value
    groups = _user_groups(prepared, dataset)
    head = _head(prepared.train)
    reports = []
    for name in systems:
        shown = metrics.exposure(lists[name], config.k)
        reports.append(
            SystemReport(
                name=name,
                figures={metric: _interval(values, config) for metric, values in per_user[name].items()},
                lists={
                    f"{prefix}coverage@{config.k}": metrics.catalogue_coverage(lists[name], len(dataset.ids), config.k),
                    f"{prefix}Gini@{config.k}": metrics.gini(shown.get(row, 0.0) for row in range(len(dataset.ids))),
                },
                exposure=metrics.exposure_by_group(shown, head),
                groups=metrics.by_group(per_user[name][next(iter(names))], groups),
                tie_seeds=ties[name],
                versus_baseline=comparisons.get(name, {}),
                adjusted_p=adjusted[name],
                fit_seconds=seconds[name],
                per_user={metric: tuple(values) for metric, values in per_user[name].items()},
            )
        )
    return RelevanceReport(
        config=config,
        events=len(dataset.events),
        users=len(prepared.users),
        items=len(dataset.ids),
        repeats=prepared.split.repeats,
        unknown_items=prepared.unknown,
        disliked=prepared.disliked,
        systems=tuple(reports),
    )


def prepare(dataset: Dataset, config: SplitConfig, tie_seed: int | None) -> _Prepared:
    """Split, check the split, and make columns of each part apart, so that no part's ratings colour another's."""
    events = dataset.events
    split = make_split(events, config, tie_seed=tie_seed)
    check_split(split, events)
    row_of = {item_id: row for row, item_id in enumerate(dataset.ids)}
    train = to_interactions([events[i] for user in split.users for i in user.train], row_of, len(dataset.ids))
    held_out = held_out_pairs(split, events, row_of)
    check_interactions(train, held_out, "The training part")
    rated = train.value[np.isfinite(train.value)]
    scale = (float(rated.min()), float(rated.max())) if len(rated) else None
    users = []
    unknown = disliked = 0
    for user in split.evaluated:
        wanted = [i for i in user.held_out if events[i].kind not in UNWANTED]
        disliked += len(user.held_out) - len(wanted)
        rows = tuple(row_of[events[i].item_id] for i in wanted if events[i].item_id in row_of)
        unknown += len(wanted) - len(rows)
        if rows:
            users.append((user, to_history([events[i] for i in user.history], row_of, scale), rows))
    if not users:
        raise EvaluationError(
            f"None of the {unknown:,} held-out events is on an item of the catalogue. Do the item ids of the interactions "
            "and of the catalogue match?"
        )
    return _Prepared(
        split=split, train=train, users=tuple(users), held_out=held_out, unknown=unknown, disliked=disliked
    )


def fit_guarded(name: str, system: System, dataset: Dataset, prepared: _Prepared) -> Fitted:
    """Fit on the training part with the data folder closed, and look through what was fitted."""
    with nothing_read_from(*dataset.closed):
        fitted = system(prepared.train, dataset.features)
    check_fitted(fitted, prepared.held_out, name)
    return fitted


def rank_users(fitted: Fitted, prepared: _Prepared, dataset: Dataset, config: RelevanceConfig) -> list[list[int]]:
    """The first k rows for each tested user, best first."""
    rankings = []
    rng = np.random.default_rng(config.seed)
    with nothing_read_from(*dataset.closed):
        for _, history, rows in prepared.users:
            scores = np.asarray(fitted.score(history))
            if scores.shape != (len(dataset.ids),) or not np.isfinite(scores).all():
                raise EvaluationError(
                    f"{fitted!r:.80} gave scores of shape {scores.shape} that are {'' if np.isfinite(scores).all() else 'not '}"
                    f"finite; expected {len(dataset.ids)} finite ones."
                )
            among = None
            if config.sampled_candidates is not None:
                free = np.setdiff1d(np.arange(len(dataset.ids)), [*history.rows.tolist(), *rows])
                among = rng.choice(free, size=min(config.sampled_candidates, len(free)), replace=False).tolist()
            rankings.append(ranked_rows(scores, history.rows.tolist(), rows, config.k, among))
    return rankings


def _beyond_accuracy(
    lists: Sequence[Sequence[int]], prepared: _Prepared, dataset: Dataset, k: int, prefix: str
) -> dict[str, list[float | None]]:
    train, features = prepared.train, dataset.features
    pairs = np.unique(train.user * train.n_items + train.item) % train.n_items
    users_of = dict(enumerate(np.bincount(pairs, minlength=train.n_items).tolist()))
    every = range(len(dataset.ids))
    values: dict[str, list[float | None]] = {}
    for ranking, (_, history, _) in zip(lists, prepared.users, strict=True):
        known = history.rows.tolist()
        figures = {
            "diversity": metrics.intra_list_diversity(ranking, features.vectors, k),
            "novelty": metrics.novelty(ranking, users_of, len(train.user_ids), k),
            "popularity": metrics.average_popularity(ranking, users_of, k),
            "calibration": metrics.calibration(
                [features.categories[row] for row in known], [features.categories[row] for row in ranking], k
            ),
            "validity": metrics.validity(ranking, every, frozenset(known), (), k),
        }
        for name, value in figures.items():
            values.setdefault(f"{prefix}{name}@{k}", []).append(value)
    return values


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _interval(values: Sequence[float | None], config: RelevanceConfig) -> Interval | None:
    known = [value for value in values if value is not None]
    return mean_interval(known, confidence=config.confidence, seed=config.seed)


def _versus(base: Sequence[float | None], other: Sequence[float | None], config: RelevanceConfig) -> Comparison | None:
    pairs = [(a, b) for a, b in zip(base, other, strict=True) if a is not None and b is not None]
    return compare([a for a, _ in pairs], [b for _, b in pairs], confidence=config.confidence, seed=config.seed)


def _head(train: Interactions) -> dict[int, str]:
    counts = np.bincount(train.item, minlength=train.n_items)
    order = np.argsort(-counts, kind="stable").tolist()
    size = round(HEAD * train.n_items)
    return {row: "head" if place < size else "tail" for place, row in enumerate(order)}


def _user_groups(prepared: _Prepared, dataset: Dataset) -> list[str]:
    if dataset.user_groups:
        return [dataset.user_groups.get(user.user, "unknown") for user, _, _ in prepared.users]
    lengths = [len(history) for _, history, _ in prepared.users]
    low, high = np.quantile(lengths, [1 / 3, 2 / 3])
    return ["short history" if n <= low else "middle history" if n <= high else "long history" for n in lengths]


def label_counts(groups: Sequence[str]) -> dict[str, int]:
    """How many users each group has."""
    return dict(Counter(groups))
