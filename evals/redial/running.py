"""Ranks the candidates at every turn of a split with every system, and counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evals.redial.blend import BlendSettings, Examples, draw_examples, learn_weights
from evals.redial.columns import NAMES, Columns, FittedColumns
from evals.redial.data import Redial, Split, Turn, split_of
from evals.statistics import Comparison, Interval, compare, mean_interval

CUTS = (1, 5, 10, 50)
OURS = "assistant"
BASELINES = ("random", "popularity", "BM25")


@dataclass(frozen=True, kw_only=True, slots=True)
class RedialSettings:
    """How the run is made."""

    split: Split = "dev"
    seed: int = 0
    blend: BlendSettings = field(default_factory=BlendSettings)


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """The rank, from 1, of every target under a system; infinite where the catalogue does not have it."""

    dialogues: tuple[str, ...]
    """The dialogue of each target."""
    by_system: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class RedialReport:
    """Figures over targets, with intervals clustered by dialogue."""

    split: Split
    turns: int
    targets: int
    dialogues: int
    candidates: int
    joined: float
    """The share of targets that the catalogue has; no system can do better."""
    recall: Mapping[str, Mapping[int, Interval]]
    against: Mapping[str, Mapping[int, Comparison]]
    """The assistant minus each baseline."""
    weights: Mapping[str, float]
    """Of the columns, in scores of one standard deviation of the examples learned from: not comparable across runs."""


def run(
    redial: Redial, columns: Columns, settings: RedialSettings, *, progress: Callable[[int, int], None] | None = None
) -> tuple[RedialReport, Ranks]:
    """The report on a split.

    Development turns are ranked by what the other folds of the development dialogues teach, test turns by all of them.
    """
    dev = redial.of("dev")
    dialogues = sorted({turn.dialogue for turn in dev})
    np.random.default_rng(settings.seed).shuffle(dialogues)
    fold_of = {dialogue: number % settings.blend.folds for number, dialogue in enumerate(dialogues)}
    folds = [[turn for turn in dev if fold_of[turn.dialogue] == fold] for fold in range(settings.blend.folds)]
    tested = redial.of(settings.split)
    total, done = len(dev) + len(tested), 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    rng = np.random.default_rng(settings.seed)
    fitted = []
    examples = []
    for fold, turns in enumerate(folds):
        teaching = [turn for other, part in enumerate(folds) if other != fold for turn in part]
        fitted.append(columns.fitted(teaching))
        examples.append(draw_examples(turns, fitted[-1], redial, settings.blend, rng, tick))

    def learned(parts: Sequence[int]) -> NDArray[np.float64]:
        chosen = Examples(columns=np.concatenate([examples[part].columns for part in parts]))
        return learn_weights(chosen, columns.n, settings.blend)

    if settings.split == "dev":
        every = range(settings.blend.folds)
        weights = [learned([part for part in every if part != fold]) for fold in every]
        by_fold = list(zip(fitted, weights, strict=True))
        ranks = _ranks(tested, lambda turn: by_fold[fold_of[turn.dialogue]], redial, columns, settings.seed, tick)
        shown = np.mean(weights, axis=0)
    else:
        final = columns.fitted(dev)
        shown = learned(range(settings.blend.folds))
        ranks = _ranks(tested, lambda turn: (final, shown), redial, columns, settings.seed, tick)
    return _report(redial, ranks, shown, settings, len(tested)), ranks


def _ranks(
    turns: Sequence[Turn],
    system: Callable[[Turn], tuple[FittedColumns, NDArray[np.float64]]],
    redial: Redial,
    columns: Columns,
    seed: int,
    tick: Callable[[], None],
) -> Ranks:
    dialogues: list[str] = []
    found: dict[str, list[float]] = {name: [] for name in (*BASELINES, OURS)}
    rng = np.random.default_rng([seed, 1])
    for turn in turns:
        fitted, weights = system(turn)
        values = fitted(turn)
        scores = {
            "random": rng.random(columns.n),
            "popularity": fitted.mentioned.astype(np.float64),
            "BM25": columns.bm25.score(columns.spoken(turn)).astype(np.float64),
            OURS: values @ weights,
        }
        ties = rng.random(columns.n)  # equals stand in random order, the same for every system
        known = columns.places(turn)
        for target in turn.targets:
            dialogues.append(turn.dialogue)
            place = redial.place.get(target)
            for name, score in scores.items():
                found[name].append(np.inf if place is None else _rank(score, ties, place, known))
        tick()
    return Ranks(dialogues=tuple(dialogues), by_system={name: np.array(ranks) for name, ranks in found.items()})


def _rank(scores: NDArray[np.float64], ties: NDArray[np.float64], place: int, known: Sequence[int]) -> float:
    """The rank of a place, from 1, when the known ones are taken out."""
    better = (scores > scores[place]) | ((scores == scores[place]) & (ties > ties[place]))
    better[list(known)] = False
    return 1.0 + float(better.sum())


def _report(
    redial: Redial, ranks: Ranks, weights: NDArray[np.float64], settings: RedialSettings, turns: int
) -> RedialReport:
    recall: dict[str, dict[int, Interval]] = {}
    against: dict[str, dict[int, Comparison]] = {}
    for name, found in ranks.by_system.items():
        for cut in CUTS:
            interval = mean_interval((found <= cut).astype(float), ranks.dialogues)
            assert interval is not None
            recall.setdefault(name, {})[cut] = interval
            if name != OURS:
                ours = (ranks.by_system[OURS] <= cut).astype(float)
                comparison = compare((found <= cut).astype(float), ours, ranks.dialogues)
                assert comparison is not None
                against.setdefault(name, {})[cut] = comparison
    return RedialReport(
        split=settings.split,
        turns=turns,
        targets=len(ranks.dialogues),
        dialogues=len(set(ranks.dialogues)),
        candidates=len(redial.rows),
        joined=float(np.isfinite(ranks.by_system[OURS]).mean()),
        recall=recall,
        against=against,
        weights={name: float(weight) for name, weight in zip(NAMES, weights, strict=True)},
    )


__all__ = ["RedialReport", "RedialSettings", "run", "split_of"]
