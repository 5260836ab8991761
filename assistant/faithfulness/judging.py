"""Verdicts on single mentions against one record."""

from __future__ import annotations

import math
from dataclasses import dataclass

from assistant.faithfulness.lexicon import Lexicon
from assistant.faithfulness.quantities import BASE, Quantity
from assistant.faithfulness.records import Number, RecordView, SlotView, share_level
from assistant.faithfulness.text import Token
from assistant.faithfulness.vocabulary import Concept, vocabulary
from assistant.types import Verdict

_LANGUAGE_HOLDERS = frozenset({"language"})
_KIND_FAMILIES = {
    "genre": frozenset({"genre"}),
    "mood": frozenset({"genre"}),
    "nation": frozenset({"country", "language", "food", "genre", "location"}),
    "food": frozenset({"food"}),
    "area": frozenset({"location"}),
    "price": frozenset({"price"}),
    "establishment": frozenset[str](),
}
_CLOSED = frozenset({"establishment", "area", "viewpoint", "content_rating"})
_SHORT_LONG = {"runtime": (100.0, 135.0), "pages": (230.0, 420.0)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """A verdict with the slot it was reached on."""

    slot: str
    verdict: Verdict
    positive: bool = True


def judge_concept(
    concept_id: int,
    *,
    affirms: bool,
    negated: bool,
    record: RecordView,
    lexicon: Lexicon,
    families: frozenset[str] | None = None,
) -> Judgement:
    """Whether the record bears out that the item is (or is not) of a concept."""
    concept = vocabulary().concepts[concept_id]
    positive = affirms != negated
    for slot in record.slots:
        if slot.truth is not None and concept_id in slot.concepts:
            verdict: Verdict = "supported" if slot.truth == positive else "contradicted"
            return Judgement(slot=slot.name, verdict=verdict, positive=positive)
    if concept.kind == "price":
        return _judge_price(concept, positive, record, lexicon)
    holders = [slot for slot in record.slots if concept_id in slot.concepts]
    opposed = [
        slot for slot in record.slots if any(phrase in concept.opposites for phrase, _ in slot.phrases)
    ]  # fmt: skip
    if not affirms:
        # The text says an opposite ("live action"): the record must hold that opposite or lack the concept.
        if opposed and not negated:
            return Judgement(slot=opposed[0].name, verdict="supported")
        if holders:
            return Judgement(slot=holders[0].name, verdict="contradicted" if not negated else "supported")
    if families is not None:
        kept = [slot for slot in holders if slot.families & families or not slot.families]
        if holders and not kept:
            return Judgement(slot=holders[0].name, verdict="absent" if not record.family(families) else "contradicted")
        holders = kept
    if holders:
        return Judgement(slot=holders[0].name, verdict="supported" if positive else "contradicted", positive=positive)
    if concept.implies and all(record.concepts & vocabulary().concept_ids(phrase) for phrase in concept.implies) and (
        len(concept.implies) > 1
    ):  # fmt: skip
        return Judgement(slot="genres", verdict="supported" if positive else "contradicted", positive=positive)
    if opposed:
        return Judgement(slot=opposed[0].name, verdict="contradicted" if positive else "supported", positive=positive)
    homes = record.family(_KIND_FAMILIES.get(concept.kind, frozenset())) or _same_kind(concept, record)
    if not positive:
        return Judgement(
            slot=homes[0].name if homes else concept.kind, verdict="supported" if homes else "absent", positive=False
        )  # fmt: skip
    if not homes:
        return Judgement(slot=concept.kind, verdict="absent")
    single = not any(slot.multiple for slot in homes)
    return Judgement(slot=homes[0].name, verdict="contradicted" if single or concept.kind in _CLOSED else "absent")


def _same_kind(concept: Concept, record: RecordView) -> list[SlotView]:
    known = vocabulary()
    return [
        slot
        for slot in record.slots
        if slot.truth is None and any(known.concepts[i].kind == concept.kind for i in slot.concepts)
    ]


def _judge_price(concept: Concept, positive: bool, record: RecordView, lexicon: Lexicon) -> Judgement:
    slots = record.family({"price"})
    if not slots:
        return Judgement(slot="price", verdict="absent", positive=positive)
    slot = slots[0]
    if slot.level is not None:
        same = slot.level == concept.order
    elif slot.name in lexicon.quantiles and slot.numbers:
        low, high = lexicon.quantiles[slot.name]
        value = slot.numbers[0].low
        same = value <= low if concept.order == 1 else value >= high if concept.order == 3 else low <= value <= high
    elif slot.numbers and slot.numbers[0].low != slot.numbers[0].high:
        # A bracket: "less than £20" is the low end, "more than £30" the high end, one with two ends the middle.
        bracket = slot.numbers[0]
        level = 1 if bracket.low == float("-inf") else 3 if bracket.high == float("inf") else 2
        same = level == concept.order
    else:
        return Judgement(slot=slot.name, verdict="uncheckable", positive=positive)
    return Judgement(slot=slot.name, verdict="supported" if same == positive else "contradicted", positive=positive)


def judge_quantity(
    quantity: Quantity, *, tokens: list[Token], negated: bool, record: RecordView
) -> Judgement | None:  # fmt: skip
    """The verdict on a number; None when it claims nothing ("two friends")."""
    if quantity.kind == "rating":
        return _judge_score(quantity, negated, record)
    around = {token.stem for token in tokens[max(0, quantity.start - 4) : quantity.start]} | {
        token.stem for token in tokens[quantity.end : quantity.end + 3]
    }
    candidates = _candidates(quantity, around, record)
    if candidates is None:
        return None
    if not candidates:
        missing = {"year": "year", "money": "price"}.get(quantity.kind, quantity.unit or "number")
        return Judgement(slot=missing, verdict="absent", positive=not negated)
    ends = _ends(candidates)
    if ends is not None:
        inside = all(ends[0] <= bound <= ends[1] for bound in (quantity.low, quantity.high) if math.isfinite(bound))
        verdict: Verdict = "supported" if inside != negated else "contradicted"
        return Judgement(slot=candidates[0].name, verdict=verdict, positive=not negated)
    for slot in candidates:
        if any(fits(quantity, number) for number in slot.numbers):
            return Judgement(slot=slot.name, verdict="contradicted" if negated else "supported", positive=not negated)
    return Judgement(
        slot=candidates[0].name, verdict="supported" if negated else "contradicted", positive=not negated
    )  # fmt: skip


def _ends(candidates: list[SlotView]) -> tuple[float, float] | None:
    """The range that a pair of slots such as ``min_players`` and ``max_players`` spans."""
    low = [slot.numbers[0].low for slot in candidates if slot.words & {"min", "minimum"}]
    high = [slot.numbers[0].high for slot in candidates if slot.words & {"max", "maximum"}]
    return (low[0], high[0]) if len(low) == len(high) == 1 else None


def _candidates(quantity: Quantity, around: set[str], record: RecordView) -> list[SlotView] | None:
    """The slots a number may be about; None when it claims nothing, empty when it claims something unknown."""
    numeric = [slot for slot in record.slots if slot.numbers]
    if quantity.kind == "year":
        years = [
            slot for slot in numeric if "year" in slot.families or any(1400 <= n.low <= 2100 for n in slot.numbers)
        ]
        return [slot for slot in years if (slot.words - {"year"}) & around] or years
    if quantity.kind == "money":
        return list(record.family({"price"})) or [slot for slot in numeric if slot.words & around]
    named = [slot for slot in numeric if slot.words & around]
    if quantity.unit is not None:
        unit = next((entry for entry in vocabulary().units.values() if entry[0] == quantity.unit), None)
        words = unit[1] if unit else frozenset[str]()
        dimension = BASE.get(quantity.unit, (quantity.unit, 1.0))[0]
        fitting = [
            slot
            for slot in numeric
            if any(n.unit and BASE.get(n.unit, (n.unit, 1.0))[0] == dimension for n in slot.numbers)
        ] or [slot for slot in numeric if slot.words & words and all(n.unit is None for n in slot.numbers)]
        both = [slot for slot in fitting if slot in named]
        if both or fitting:
            return both or fitting
        if not quantity.digits and not named:
            return None if quantity.unit in {"star", "day", "week", "month", "year", "player"} else []
    if named:
        return named
    if not quantity.digits:
        if around & {"sleep", "seat", "accommodat"}:
            return [slot for slot in numeric if slot.words & {"sleep", "seat", "guest", "capac"}]
        return None
    equal = [
        slot
        for slot in numeric
        if ("year" not in slot.families or slot.kind == "phrase") and any(fits(quantity, n) for n in slot.numbers)
    ]
    return equal


def fits(quantity: Quantity, number: Number) -> bool:
    """Whether a record's number satisfies a quantity of the text, units converted where both are known."""
    if number.top is not None:
        return quantity.holds(number.low, number.high)
    scale = _scale(quantity, number)
    if scale == 0:
        return False
    if scale == 1:
        return quantity.holds(number.low, number.high) or _rounds(quantity, number)
    return quantity.holds(number.low / scale, number.high / scale)


def _scale(quantity: Quantity, number: Number) -> float:
    """How many of the record's units make one of the text's; 0 when they cannot be compared."""
    if quantity.unit is None or number.unit is None:
        return 1
    ours, theirs = BASE.get(quantity.unit), BASE.get(number.unit)
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return 1 if quantity.unit == number.unit else 0
    return ours[1] / theirs[1]


def _rounds(quantity: Quantity, number: Number) -> bool:
    """4.3 for 4.27."""
    if quantity.low != quantity.high or number.low != number.high or number.low == int(number.low):
        return False
    digits = len(f"{quantity.low:g}".partition(".")[2])
    return digits > 0 and round(number.low, digits) == quantity.low


def _judge_score(quantity: Quantity, negated: bool, record: RecordView) -> Judgement:
    for slot in record.slots:
        if "star" in slot.words and slot.kind == "number":
            same = any(abs(number.low - quantity.low * 5) < 0.01 for number in slot.numbers)
            verdict: Verdict = "supported" if same != negated else "contradicted"
            return Judgement(slot=slot.name, verdict=verdict, positive=not negated)
    slots = record.family({"rating"})
    if not slots:
        return Judgement(slot="rating", verdict="absent", positive=not negated)
    slot = slots[0]
    same = False
    for number in slot.numbers:
        value = number.low
        if number.top is None:
            value /= 5 if value <= 5 else 10 if value <= 10 else 100
        same = same or quantity.holds(value, value) or abs(quantity.low - value) < 0.01
    if not slot.numbers and slot.level is not None:
        ours = share_level(quantity.low)
        same = ours == slot.level or {ours, slot.level} == {3, 4}
    return Judgement(slot=slot.name, verdict="supported" if same != negated else "contradicted", positive=not negated)


def judge_length(word: str, *, negated: bool, record: RecordView) -> Judgement | None:
    """ "short" and "long" for a film by its minutes, for a book by its pages."""
    for slot in record.slots:
        bounds = _SHORT_LONG["runtime"] if "runtime" in slot.families else None
        if "page" in slot.words:
            bounds = _SHORT_LONG["pages"]
        if bounds is None or not slot.numbers:
            continue
        value = slot.numbers[0].low
        same = value <= bounds[0] if word in {"short", "brief"} else value >= bounds[1]
        return Judgement(
            slot=slot.name, verdict="supported" if same != negated else "contradicted", positive=not negated
        )  # fmt: skip
    return None
