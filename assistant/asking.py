"""Asking back: the one question whose answer would narrow the list most, when that is worth a question.

Of every slot that has not been settled or asked about, the expected gain of an answer is

    gain = known · answered · Σ_v q(v) · log2(1 / s(v))

bits, where ``s(v)`` is the share of the candidates' weight that has value ``v``, ``q(v) = s(v) / Σ s`` how likely it is
the answer, and ``known`` the share that has the slot at all: the mutual information of answer and item where values
exclude each other. ``answered`` is how likely there is an answer: the share of values that are not rare. A candidate weighs
what its place in the list says, the first most.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.catalogue import Catalogue
from assistant.text import fold
from assistant.types import Question, Value

NOT_ASKED = frozenset({"title", "original_title", "in_stock"})


@dataclass(frozen=True, kw_only=True, slots=True)
class AskingSettings:
    """When a question is worth asking."""

    least_gain: float = 1.0
    """Bits that the answer must be expected to tell."""
    lists: int = 2
    """Nothing is asked when what is left fits into so many lists."""
    described: int = 5
    """Nothing is asked of somebody who described the wanted item in so many words of content."""
    declined: int = 2
    """Nothing more is asked after so many questions in a row were left unanswered."""
    rare: float = 0.02
    """A value in a smaller share of the candidates, or in one alone, is not one that people would answer with."""
    people: float = 0.25
    """How likely somebody has a person in mind, against a kind or a year; questions for people gain by so much."""
    options: int = 3
    """Values offered as examples."""


Phrase = Callable[[str, Sequence[str]], str]
"""(slot, options) → the question."""


def question(
    catalogue: Catalogue,
    rows: Sequence[int],
    *,
    k: int,
    left: int,
    described: int,
    settled: frozenset[str],
    declined: int,
    phrase: Phrase,
    settings: AskingSettings | None = None,
) -> Question | None:
    """The question worth asking, None when none is.

    ``rows`` are the candidates, best first, those shown in this reply among them; ``left`` counts all items that meet the
    promises; ``settled`` are slots that were named, asked about or declined; ``described`` counts the words of content of
    the request.
    """
    settings = settings or AskingSettings()
    quiet = declined >= settings.declined or described >= settings.described
    if quiet or left <= settings.lists * k or len(rows) <= settings.lists * k:
        return None
    weight = (1.0 / np.arange(10, 10 + len(rows))).astype(np.float64)
    weight /= weight.sum()
    best: tuple[float, str, tuple[str, ...]] | None = None
    records = [catalogue.values(row) for row in rows]
    people_settled = bool(settled & (catalogue.roles | {"people"}))
    for slot in (*catalogue.labels, *catalogue.numbers):
        person = slot in catalogue.roles
        if slot in NOT_ASKED or slot in settled or (person and people_settled):
            continue
        shares = _label_shares(catalogue, slot, records, weight) if slot in catalogue.labels else None
        if shares is None:
            shares = _number_shares(catalogue, slot, rows, weight)
        gain, options = _gain(shares, settings, person)
        if gain >= settings.least_gain and (best is None or gain > best[0]):
            best = gain, slot, options
    if best is None:
        return None
    _, slot, options = best
    if slot in catalogue.numbers and slot != "year":  # ranges in their order, not in that of their shares
        options = tuple(sorted(options, key=lambda option: {"≤": 0, ">": 2}.get(option[0], 1)))
    return Question(slot=slot, text=phrase(slot, options), options=options)


Shares = tuple[dict[str, float], float]
"""(value as it is shown to its share of the weight, the share that has the slot)."""


def _label_shares(
    catalogue: Catalogue, slot: str, records: Sequence[Mapping[str, Value]], weight: NDArray[np.float64]
) -> Shares:
    column = catalogue.labels[slot]
    shares: dict[str, float] = {}
    counts: Counter[str] = Counter()
    known = 0.0
    for record, share in zip(records, weight.tolist(), strict=True):
        value = record.get(slot)
        if isinstance(value, bool):
            value = "yes" if value else "no"
        values = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
        for one in values:
            shares[fold(one)] = shares.get(fold(one), 0.0) + share
            counts[fold(one)] += 1
        known += share if values else 0.0
    several = {value: share for value, share in shares.items() if counts[value] > 1}
    said = sum(several.values()) / (sum(shares.values()) or 1.0)
    return {column.display[value]: share for value, share in several.items()}, known * said


def _number_shares(catalogue: Catalogue, slot: str, rows: Sequence[int], weight: NDArray[np.float64]) -> Shares:
    """Decades for years, three ranges of about a third of the rows for other numbers, with round ends."""
    values = catalogue.numbers[slot][np.asarray(rows, dtype=np.int64)]
    has = ~np.isnan(values)
    known = float(weight[has].sum())
    if has.sum() < 2:
        return {}, known
    if slot == "year":
        decades, at = np.unique(values[has] // 10 * 10, return_inverse=True)
        shares = np.bincount(at, weights=weight[has])
        return {f"{decade:.0f}s": float(share) for decade, share in zip(decades, shares, strict=True)}, known
    low, high = np.quantile(values[has], (1 / 3, 2 / 3))
    if low == high:
        return {}, known
    low, high = _round_ends(float(low), float(high))
    bins = np.digitize(values[has], (low, high), right=True)
    shares = np.bincount(bins, weights=weight[has], minlength=3)
    names = (f"≤ {low:g}", f"{low:g} – {high:g}", f"> {high:g}")
    return dict(zip(names, shares.tolist(), strict=True)), known


def _round_ends(low: float, high: float) -> tuple[float, float]:
    """Both to the power of ten of their distance, as people say them (93 and 116 are 90 and 120); as they are where that
    makes them one."""
    step = 10.0 ** math.floor(math.log10(high - low))
    rounded = tuple(float(f"{round(end / step) * step:g}") for end in (low, high))
    return (rounded[0], rounded[1]) if rounded[0] < rounded[1] else (low, high)


def _gain(shares: Shares, settings: AskingSettings, person: bool) -> tuple[float, tuple[str, ...]]:
    by_value, known = shares
    kept = by_value if person else {value: share for value, share in by_value.items() if share >= settings.rare}
    total = sum(kept.values())
    if total <= 0:
        return 0.0, ()
    gain = sum(share / total * -np.log2(min(share / known, 1.0)) for share in kept.values())
    gain *= known * (settings.people if person else total / sum(by_value.values()))
    order = sorted(kept, key=lambda value: (-kept[value], value))
    return float(gain), tuple(order[: settings.options])
