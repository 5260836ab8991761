"""How good the claim checker is as a judge: pairs with known labels, and the figures on them.

Pairs come from corpora of records with sentences written for them (ViGGO: video games; E2E: restaurants). A sentence
with its own record is supported. The same sentence with a record in which one slot was given another value, or was
left out, is unsupported, because the text still says what the altered record does not.
"""

from __future__ import annotations

import csv
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.faithfulness import ClaimChecker, Evidence, is_supported
from assistant.types import Value

_SLOT = re.compile(r"([A-Za-z_ ]+)\[([^\]]*)\]")
OPINION_SLOTS = frozenset({"rating", "specifier"})
"""ViGGO slots that hold an opinion: reported apart."""
LIST_SLOTS = frozenset({"genres", "platforms", "player_perspective"})
"""ViGGO slots whose value is a comma-separated list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A text with a record, and whether the record supports all of it."""

    text: str
    record: Mapping[str, Value]
    supported: bool
    slot: str | None
    """The slot that was changed; None for an unchanged record."""
    change: str
    """``original``, ``swap``, ``drop`` or ``labelled``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """An estimate with its 95 % bootstrap interval, resampled by source text. None where it is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """How the checker agrees with the labels of some pairs. "Unsupported" is the positive class."""

    pairs: int
    unsupported: int
    balanced_accuracy: Figure
    auc: Figure
    precision: Figure
    recall: Figure
    f1: Figure
    kappa: Figure


def parse_meaning(meaning: str) -> dict[str, Value]:
    """A meaning representation (``name[Cotto], area[riverside]``) as a record; a repeated slot becomes a tuple."""
    record: dict[str, Value] = {}
    for name, value in _SLOT.findall(meaning.partition("(")[2][:-1] if re.match(r"^\w+\(", meaning) else meaning):
        slot = name.strip(" ,").replace(" ", "_")
        if not value:
            continue
        before = record.get(slot)
        if before is not None:
            record[slot] = (*(before if isinstance(before, tuple) else (str(before),)), value)
        elif slot in LIST_SLOTS:
            record[slot] = tuple(part.strip() for part in value.split(", "))
        else:
            record[slot] = value
    return record


def read_corpus(path: Path) -> list[tuple[dict[str, Value], str, int]]:
    """(record, sentence, number of slot errors labelled by a script; 0 where there is no such column) per row."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            (parse_meaning(row["mr"]), row["ref"], int(row.get("errors") or 0))
            for row in csv.DictReader(file)
            if parse_meaning(row["mr"])
        ]


def _never_same(slot: str, a: Value, b: Value) -> bool:
    return False


def make_pairs(
    corpus: Sequence[tuple[Mapping[str, Value], str, int]],
    *,
    seed: int = 0,
    same: Callable[[str, Value, Value], bool] = _never_same,
) -> list[Pair]:
    """The original pair, one swap and one drop for every sentence; a sentence labelled wrong only as it is.

    ``same`` says that two values of a slot mean the same thing, so that one is no wrong replacement for the other.
    """
    values: dict[str, list[Value]] = defaultdict(list)
    for record, _, _ in corpus:
        for slot, value in record.items():
            values[slot].append(value)
    pairs: list[Pair] = []
    for number, (record, text, errors) in enumerate(corpus):
        if errors:
            pairs.append(Pair(text=text, record=record, supported=False, slot="labelled", change="labelled"))
            continue
        pairs.append(Pair(text=text, record=record, supported=True, slot=None, change="original"))
        chooser = random.Random(f"{seed}:{number}:{text}")
        slot = chooser.choice(sorted(record))
        other = _other_value(record[slot], values[slot], chooser, partial(same, slot))
        if other is not None:
            pairs.append(Pair(text=text, record={**record, slot: other}, supported=False, slot=slot, change="swap"))
        slot = chooser.choice(sorted(record))
        left = {name: value for name, value in record.items() if name != slot}
        pairs.append(Pair(text=text, record=left, supported=False, slot=slot, change="drop"))
    return pairs


def _other_value(
    value: Value, pool: Sequence[Value], chooser: random.Random, same: Callable[[Value, Value], bool]
) -> Value | None:
    """A value of the pool that leaves out something of ``value``; None when there is none."""
    for _ in range(50):
        other = chooser.choice(pool)
        if set(_members(value)) - set(_members(other)) and not same(value, other):
            return other
    return None


def _members(value: Value) -> tuple[str, ...]:
    return tuple(str(part).casefold() for part in (value if isinstance(value, tuple) else (value,)))


def same_in_restaurants(slot: str, a: Value, b: Value) -> bool:
    """E2E's two scales for prices and ratings, which its writers use for one another."""
    scales = (
        {"cheap", "less than £20"}, {"moderate", "£20-25"}, {"high", "more than £30"}, {"low", "1 out of 5"},
        {"average", "3 out of 5"}, {"high", "5 out of 5"},
    )  # fmt: skip
    if slot not in {"priceRange", "rating", "customer_rating"}:
        return False
    ours, theirs = set(_members(a)), set(_members(b))
    return any(ours & scale and theirs & scale for scale in scales)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What the checker said of a pair."""

    pair: Pair
    supported: bool
    score: float
    """Share of its checkable claims that are unsupported, 0 when there is none: the higher, the worse."""


def judge(pairs: Iterable[Pair], checker: ClaimChecker) -> Iterator[Outcome]:
    """The checker's verdict on every pair."""
    for pair in pairs:
        claims = checker.check(pair.text, Evidence(item_id="item", record=pair.record))
        checkable = [claim for claim in claims if claim.verdict != "uncheckable"]
        bad = sum(claim.verdict != "supported" for claim in checkable)
        score = bad / len(checkable) if checkable else 0.0
        yield Outcome(pair=pair, supported=is_supported(claims), score=score)


def agreement(outcomes: Sequence[Outcome], *, resamples: int = 300, seed: int = 0) -> Agreement:
    """All figures, each with a percentile bootstrap interval over source texts."""
    truth = np.array([not outcome.pair.supported for outcome in outcomes], dtype=bool)
    said = np.array([not outcome.supported for outcome in outcomes], dtype=bool)
    score = np.array([outcome.score for outcome in outcomes])
    texts = {text: i for i, text in enumerate(dict.fromkeys(outcome.pair.text for outcome in outcomes))}
    cluster = np.array([texts[outcome.pair.text] for outcome in outcomes], dtype=np.int64)
    names = ("balanced_accuracy", "auc", "precision", "recall", "f1", "kappa")
    ones = np.ones(len(outcomes))
    point = _figures(truth, said, score, ones)
    draws: dict[str, list[float]] = {name: [] for name in names}
    generator = np.random.default_rng(seed)
    for _ in range(resamples if outcomes else 0):
        counts = np.bincount(generator.integers(0, len(texts), len(texts)), minlength=len(texts)).astype(np.float64)
        for name, value in _figures(truth, said, score, counts[cluster]).items():
            if value is not None:
                draws[name].append(value)
    figures = {
        name: Figure(
            value=point[name],
            low=float(np.percentile(draws[name], 2.5)) if draws[name] else None,
            high=float(np.percentile(draws[name], 97.5)) if draws[name] else None,
        )
        for name in names
    }
    return Agreement(pairs=len(outcomes), unsupported=int(truth.sum()), **figures)


def _figures(
    truth: NDArray[np.bool_], said: NDArray[np.bool_], score: NDArray[np.float64], weight: NDArray[np.float64]
) -> dict[str, float | None]:
    tp = float(weight[truth & said].sum())
    fn = float(weight[truth & ~said].sum())
    fp = float(weight[~truth & said].sum())
    tn = float(weight[~truth & ~said].sum())
    recall = tp / (tp + fn) if tp + fn else None
    specificity = tn / (tn + fp) if tn + fp else None
    precision = tp / (tp + fp) if tp + fp else None
    total = tp + fn + fp + tn
    chance = ((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)) / total**2 if total else 1.0
    return {
        "balanced_accuracy": (recall + specificity) / 2 if recall is not None and specificity is not None else None,
        "auc": _auc(truth, score, weight),
        "precision": precision,
        "recall": recall,
        "f1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None,
        "kappa": ((tp + tn) / total - chance) / (1 - chance) if chance < 1 else None,
    }


def _auc(truth: NDArray[np.bool_], score: NDArray[np.float64], weight: NDArray[np.float64]) -> float | None:
    """Weighted Mann-Whitney estimate, ties counted half."""
    levels, at = np.unique(score, return_inverse=True)
    bad = np.bincount(at, weights=weight * truth, minlength=len(levels))
    good = np.bincount(at, weights=weight * ~truth, minlength=len(levels))
    if not bad.sum() or not good.sum():
        return None
    below = np.cumsum(good) - good
    return float((bad * (below + good / 2)).sum() / (bad.sum() * good.sum()))


def by_slot(outcomes: Sequence[Outcome]) -> dict[str, dict[str, tuple[int, int]]]:
    """Slot -> change -> (pairs caught, pairs): where the checker is blind."""
    table: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for outcome in outcomes:
        if outcome.pair.slot is not None:
            cell = table[outcome.pair.slot][outcome.pair.change]
            cell[0] += not outcome.supported
            cell[1] += 1
    return {slot: {change: (c[0], c[1]) for change, c in changes.items()} for slot, changes in sorted(table.items())}


def split_by_kind(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """``factual`` and ``opinion``: the original pairs with the changed pairs of factual and of opinion slots.

    The opinion part keeps only originals whose record has an opinion slot.
    """
    factual = [o for o in outcomes if o.pair.slot is None or o.pair.slot not in OPINION_SLOTS]
    opinion = [
        o
        for o in outcomes
        if o.pair.slot in OPINION_SLOTS or (o.pair.slot is None and not OPINION_SLOTS.isdisjoint(o.pair.record))
    ]
    return {"factual": factual, "opinion": opinion}
