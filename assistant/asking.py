"""Asking back: the one question whose answer would narrow the list most, when that is worth a question.

Of every slot that has not been settled or asked about, the expected gain of an answer is

    gain = known · Σ_v a(v) · q(v) · log2(1 / s(v))

bits, where ``s(v)`` is the share of the candidates' weight that has value ``v``, ``q(v) = s(v) / Σ s`` how likely it is
the answer, and ``known`` the share that has the slot at all: the mutual information of answer and item where values
exclude each other. ``a(v)`` is how likely somebody has such a value in mind: 1 for what is common among the candidates,
less for a person and for what is rare (a series, a brand), which are asked for openly, and 0 for what no other item of the
catalogue has, as an id or an original title; people are asked for all the same. A candidate weighs what its place in the
list says, the first most.

What nobody could answer is left out by what its values look like: codes and addresses, and counts and ids, which are
whole numbers, not round, that reach far beyond the usual or are as good as all different.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.catalogue import Catalogue
from assistant.text import fold
from assistant.types import Question, Value

NOT_ASKED = frozenset({"title", "original_title", "in_stock"})
PEOPLE = "people"
FLAG = frozenset({"yes", "no"})
_CODE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?|https?:.*|www\..*")
"""Codes of languages and countries, and addresses."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskingSettings:
    """When a question is worth asking."""

    least_gain: float = 0.3
    """Bits that the answer must be expected to tell."""
    patience: float = 0.05
    """Bits more for the first question that was answered with "I don't mind", and so many times the square of their number
    for several in a row: who minds little is soon asked only what would tell a lot."""
    least_known: float = 0.33
    """Nothing is asked about a slot that a smaller share of the candidates has: the answer would leave out what may fit."""
    lists: int = 2
    """Nothing is asked when what is left fits into so many lists."""
    described: int = 5
    """Nothing is asked in reply to a message that describes the wanted item in so many words of content."""
    ignored: int = 2
    """Nothing more is asked after so many questions in a row were ignored, until something is stated again."""
    rare: float = 0.02
    """A value that a smaller share of the candidates has, or one alone, is rare."""
    open: float = 0.25
    """How likely somebody has a rare value in mind, against a kind or a year."""
    person: float = 0.5
    """The same for a person that is not rare among the candidates."""
    options: int = 3
    """Values offered as examples."""
    tail: float = 5.0
    """A number reaches far when its 95th percentile is so many times its median."""


Phrase = Callable[[str, Sequence[str]], str]
"""(slot, options) → the question. Without options it is an open one."""


def question(
    catalogue: Catalogue,
    rows: Sequence[int],
    *,
    k: int,
    left: int,
    described: int,
    settled: frozenset[str],
    phrase: Phrase,
    ignored: int = 0,
    passed: int = 0,
    settings: AskingSettings | None = None,
) -> Question | None:
    """The question worth asking, None when none is.

    ``rows`` are the candidates, best first, those shown in this reply among them; ``left`` counts all items that meet the
    promises; ``settled`` are slots that were named, asked about or declined; ``described`` counts the words of content of
    the message; ``ignored`` and ``passed`` count the last questions in a row that were not answered, and that were
    answered with "I don't mind". People of several roles are asked for at once, by the slot ``people``.
    """
    settings = settings or AskingSettings()
    quiet = ignored >= settings.ignored or described >= settings.described
    if quiet or left <= settings.lists * k or len(rows) <= settings.lists * k:
        return None
    weight = (1.0 / np.arange(10, 10 + len(rows))).astype(np.float64)
    weight /= weight.sum()
    records = [catalogue.values(row) for row in rows]
    best: tuple[float, str, tuple[str, ...]] | None = None
    for slot, roles in _slots(catalogue, settled).items():
        if roles or slot in catalogue.labels:
            shares = _label_shares(catalogue, roles or (slot,), records, weight, settings, person=bool(roles))
        else:
            shares = _number_shares(catalogue, slot, rows, weight, settings)
        gain, options = _gain(shares, settings)
        if gain >= settings.least_gain + settings.patience * passed**2 and (best is None or gain > best[0]):
            best = gain, slot, options
    if best is None:
        return None
    _, slot, options = best
    if slot in catalogue.numbers and slot != "year":  # ranges in their order, not in that of their shares
        options = tuple(sorted(options, key=lambda option: {"≤": 0, ">": 2}.get(option[0], 1)))
    return Question(slot=slot, text=phrase(slot, options), options=options)


def _slots(catalogue: Catalogue, settled: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """The slots that can be asked about, with the roles that each stands for where it holds people."""
    roles = tuple(sorted(role for role in catalogue.roles if role in catalogue.labels))
    asked: dict[str, tuple[str, ...]] = {}
    for slot in (*catalogue.labels, *catalogue.numbers):
        if slot not in NOT_ASKED and slot not in settled and slot not in catalogue.roles:
            asked[slot] = ()
    if roles and not settled & {PEOPLE, *roles}:
        asked[PEOPLE if len(roles) > 1 else roles[0]] = roles
    return asked


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """What the candidates have of a slot."""

    by_value: Mapping[str, float]
    """A value that other items share, or a person, as it is shown, to its share of the weight."""
    known: float
    """The share of the weight that has the slot."""
    common: frozenset[str]
    """The values that are not rare."""
    person: bool = False
    said: float = 1.0
    """How much of all values those in ``by_value`` are."""


_NOTHING = Shares(by_value={}, known=0.0, common=frozenset())


def _label_shares(
    catalogue: Catalogue,
    slots: Sequence[str],
    records: Sequence[Mapping[str, Value]],
    weight: NDArray[np.float64],
    settings: AskingSettings,
    *,
    person: bool,
) -> Shares:
    shares: dict[str, float] = {}
    counts: Counter[str] = Counter()
    known = 0.0
    for record, share in zip(records, weight.tolist(), strict=True):
        has = False
        for slot in slots:
            value = record.get(slot)
            if isinstance(value, bool):
                value = "yes" if value else "no"
            for one in (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ():
                shares[one] = shares.get(one, 0.0) + share
                counts[one] += 1
                has = True
        known += share if has else 0.0
    flag = set(shares) <= FLAG
    codes = 0 if person or flag else sum(_CODE.fullmatch(value) is not None for value in shares)
    if codes > len(shares) / 2:
        return _NOTHING
    columns = [catalogue.labels[slot] for slot in slots if slot in catalogue.labels]
    shared: dict[str, float] = {}
    often: Counter[str] = Counter()
    for value, share in shares.items():
        shown = value
        if not person:
            key = fold(value)
            if sum(len(column.rows.get(key, ())) for column in columns) < 2:
                continue
            shown = next((column.display[key] for column in columns if key in column.display), value)
        shared[shown] = shared.get(shown, 0.0) + share
        often[shown] += counts[value]
    common = {value for value, count in often.items() if count >= max(2.0, settings.rare * len(records))}
    said = sum(shared.values()) / (sum(shares.values()) or 1.0)
    return Shares(by_value=shared, known=known, common=frozenset(common), person=person, said=said)


def _number_shares(
    catalogue: Catalogue, slot: str, rows: Sequence[int], weight: NDArray[np.float64], settings: AskingSettings
) -> Shares:
    """Decades for years, three ranges of about a third of the rows for other numbers, with round ends."""
    values = catalogue.numbers[slot][np.asarray(rows, dtype=np.int64)]
    has = ~np.isnan(values)
    known = float(weight[has].sum())
    if has.sum() < 2:
        return _NOTHING
    if slot == "year":
        decades, at = np.unique(values[has] // 10 * 10, return_inverse=True)
        shares = np.bincount(at, weights=weight[has])
        by_decade = {f"{decade:.0f}s": float(share) for decade, share in zip(decades, shares, strict=True)}
        common = frozenset(name for name, share in by_decade.items() if share >= settings.rare)
        return Shares(by_value=by_decade, known=known, common=common)
    low, high = np.quantile(values[has], (1 / 3, 2 / 3))
    if low == high or _is_count(values[has], settings.tail):
        return _NOTHING
    low, high = _round_ends(float(low), float(high))
    bins = np.digitize(values[has], (low, high), right=True)
    shares = np.bincount(bins, weights=weight[has], minlength=3)
    names = (f"≤ {low:g}", f"{low:g} – {high:g}", f"> {high:g}")
    by_range = {name: share for name, share in zip(names, shares.tolist(), strict=True) if share > 0}
    return Shares(by_value=by_range, known=known, common=frozenset(by_range))


def _is_count(values: NDArray[np.float64], tail: float) -> bool:
    """Whether numbers count something or are ids, which nobody wants to be so or so: whole, seldom round, and either
    far apart or large and all different."""
    if (values % 1).any() or (values % 10 == 0).mean() > 1 / 3:
        return False
    median, far = np.quantile(values, (0.5, 0.95))
    different = len(np.unique(values)) > 0.95 * len(values)
    return bool(far >= tail * max(median, 1.0) or (median >= 10_000 and different))


def _round_ends(low: float, high: float) -> tuple[float, float]:
    """Both to the power of ten of their distance, as people say them (93 and 116 are 90 and 120); as they are where that
    makes them one."""
    step = 10.0 ** math.floor(math.log10(high - low))
    rounded = tuple(float(f"{round(end / step) * step:g}") for end in (low, high))
    return (rounded[0], rounded[1]) if rounded[0] < rounded[1] else (low, high)


def _gain(shares: Shares, settings: AskingSettings) -> tuple[float, tuple[str, ...]]:
    total = sum(shares.by_value.values())
    if total <= 0:
        return 0.0, ()
    gain = 0.0
    for value, share in shares.by_value.items():
        bits = share / total * -math.log2(min(share / shares.known, 1.0))
        gain += bits * (settings.open if value not in shares.common else settings.person if shares.person else 1.0)
    gain *= shares.known * shares.said * (shares.known >= settings.least_known)
    if set(shares.by_value) <= FLAG or len(shares.common) < 2 or shares.person:
        return gain, ()
    order = sorted(shares.common, key=lambda value: (-shares.by_value[value], value))
    return gain, tuple(order[: settings.options])
