"""Praise, blame and ratings: what they say about a record's rating, where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.faithfulness.reading import Reading
from assistant.faithfulness.records import RecordView
from assistant.faithfulness.text import word_set
from assistant.faithfulness.vocabulary import vocabulary
from assistant.types import Verdict

_NO_VERDICTS: Mapping[str, frozenset[str]] = {}
_RATING_NOUNS = word_set("rating ratings rated review reviews reviewed reviewers score scores scored received")
_SCALE = {
    "low": {1}, "lower": {1}, "lowest": {1}, "poor": {1}, "poorly": {1}, "bad": {1}, "badly": {1}, "terrible": {1},
    "negative": {1}, "average": {2}, "medium": {2}, "moderate": {2}, "mixed": {2}, "mediocre": {2}, "middling": {2},
    "decent": {2, 3}, "fair": {2}, "fairly": {2}, "ok": {2}, "okay": {2}, "good": {3, 4}, "well": {3, 4}, "high": {3, 4},
    "highly": {3, 4}, "higher": {3, 4}, "highest": {4}, "great": {3, 4}, "excellent": {4, 3}, "top": {3, 4},
    "perfect": {4}, "outstanding": {4}, "positive": {3, 4}, "favorable": {3, 4}, "favourable": {3, 4}, "best": {3, 4},
}  # fmt: skip
_BRIDGES = word_set(
    "customer customers user users critic critics is was are were a an the of its has and with very quite service by in "
    "received receives got gets given , - its it from public"
)
_PERSONAL = word_set(
    "like likes liked liking enjoy enjoys enjoyed enjoying enjoyment love loves loved loving adore adored fond favourite favorite "
    "favourites favorites recommend recommended appreciate appreciated dislike dislikes disliking hate hates hated hating loathe "
    "loathing detest despise obsessed addicted impressed glad happy pleased interesting cool fancy best mixed"
)
"""What somebody likes, and what says more of the list than of the item ("the best of them")."""
_FITTING = word_set("for with choice option example bet idea fit way experience time year reason deal job at")
"""After mild praise: "a good choice", "okay with", "good for families" say what it suits."""
_MATCHING = word_set("place spot pick match gift companion base pairing partner alternative introduction")
_COPULAS = word_set("is was are were be been seems felt 's")
_DEGREES = word_set("pretty very quite rather so just fairly such kind of sort overall downright")
_OPPOSITE = {1: {3, 4}, 2: {1, 3, 4}, 3: {1, 2}, 4: {1, 2}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """Tokens ``[start, end)`` that rate the item."""

    start: int
    end: int
    verdict: Verdict
    slot: str
    explicit: bool
    """It speaks of a rating or reviews; otherwise it is praise or blame of the writer's own."""


def ratings(reading: Reading, record: RecordView) -> list[Opinion]:
    """ "high customer rating", "poorly rated": explicit claims about how the item is rated."""
    slots = list(record.family({"rating"}))
    found: list[Opinion] = []
    for i, token in enumerate(reading.tokens):
        if token.low not in _SCALE or reading.covered[i] not in ("", "slot"):
            continue
        noun = _rating_noun(reading, i)
        if noun is None:
            continue
        levels = set(_SCALE[token.low])
        if any(word in {"not", "no", "never"} or word.endswith("n't") for word in reading.before(i, 3)):
            levels = set().union(*(_OPPOSITE[level] for level in levels)) - levels
        start, end = min(i, noun), max(i, noun) + 1
        reading.cover(start, end, "rating")
        if not slots:
            verdict: Verdict = "absent"
        elif slots[0].level is None:
            verdict = "uncheckable"
        else:
            verdict = "supported" if slots[0].level in levels else "contradicted"
        found.append(
            Opinion(start=start, end=end, verdict=verdict, slot=slots[0].name if slots else "rating", explicit=True)
        )
    return found


def _rating_noun(reading: Reading, i: int) -> int | None:
    """The rating word that belongs to a scale word at ``i``, within a few bridging words either side."""
    tokens = reading.tokens
    for step in (1, -1):
        j = i + step
        while 0 <= j < len(tokens) and abs(j - i) <= 6 and reading.sentence[j] == reading.sentence[i]:
            word = tokens[j].low
            if word in {"esrb", "content", "age"}:
                return None
            if word in _RATING_NOUNS and (word != "received" or step == 1):
                if step == 1 and word == "rated" and j > i + 1 and tokens[j - 1].low not in {"customer", "-", "user"}:
                    break
                return j
            if word not in _BRIDGES:
                break
            j += step
    return None


def stance(
    reading: Reading, record: RecordView, rated: bool, *, verdicts: Mapping[str, frozenset[str]] = _NO_VERDICTS
) -> list[Opinion]:
    """Praise and blame: contradicted when a verbal or numeric rating of the record disagrees with all of it.

    Where the record has no rating, or the text also gives the rating itself, praise is uncheckable. But where the
    catalogue rates items like this one in words (``verdicts``, see ``Lexicon``), calling it "excellent" states such a
    rating: absent from a record without. What someone likes, and praise in passing ("a good choice"), states none.
    """
    known = vocabulary()
    found: list[tuple[int, frozenset[int]]] = []
    for i, token in enumerate(reading.tokens):
        levels = known.opinions.get(token.low)
        if levels is None or reading.covered[i] not in ("", "slot"):
            continue
        if token.low == "like" and (
            i == 0 or reading.tokens[i - 1].low not in {"i", "you", "really", "not", "don't", "didn't", "to", "do"}
        ):
            continue
        if _of_history(reading, i):
            reading.cover(i, i + 1, "history")
            continue
        if reading.negated[i] or _denied(reading, i):
            levels = frozenset(x for level in levels for x in (_OPPOSITE[level])) - levels if levels else levels
            if levels >= {1, 2}:
                levels = frozenset({1, 2})
            elif levels >= {3, 4}:
                levels = frozenset({2, 3})
        found.append((i, levels))
    slots = [slot for slot in record.family({"rating"}) if slot.level is not None]
    level = slots[0].level if slots else None
    telling = frozenset().union(*(levels for _, levels in found)) if found else frozenset[int]()
    verdict: Verdict = "uncheckable"
    if level is not None and telling and not rated:
        verdict = "supported" if level in telling else "contradicted"
    out: list[Opinion] = []
    missing = None if slots or rated else _missing_verdict(record, verdicts)
    for i, levels in found:
        reading.cover(i, i + 1, "opinion")
        slot = slots[0].name if slots and levels else "opinion"
        said = verdict if levels else "uncheckable"
        if missing is not None and _states_rating(reading, i, levels):
            slot, said = missing, "absent"
        out.append(Opinion(start=i, end=i + 1, verdict=said, slot=slot, explicit=False))
    return out


def _missing_verdict(record: RecordView, verdicts: Mapping[str, frozenset[str]]) -> str | None:
    """The slot that rates items with slots like this record's, where the record itself has none that rates."""
    has = {slot.name for slot in record.slots}
    if not has or not has.isdisjoint(verdicts) or record.family({"rating"}):
        return None
    return next((slot for slot, beside in verdicts.items() if has <= beside), None)


def _states_rating(reading: Reading, i: int, levels: frozenset[int]) -> bool:
    """Whether praise or blame at ``i`` rates the item, rather than telling what somebody likes or praising in passing."""
    token = reading.tokens[i]
    if not levels or token.low in _PERSONAL or token.first or reading.before(i, 1) == ["too"]:
        return False
    if token.low.endswith("ly"):  # "incredibly light" praises the lightness
        return False
    after = reading.after(i + 1, 2)
    if after and (after[0] in _FITTING or (after[0] in _MATCHING and after[1:] == ["for"])):
        return False
    mild = bool(levels & {3}) or levels == {2, 3}
    return not mild or _predicated(reading, i)


def _predicated(reading: Reading, i: int) -> bool:
    """ "is a good game", "it was really fun": said of the item by a verb just before it, and not asked."""
    _, end = reading.sentence_range(i)
    if reading.tokens[end - 1].low == "?":
        return False
    for word in reversed(reading.before(i, 4)):
        if word in _COPULAS or (word.endswith("'s") and word != "what's"):
            return True
        if word not in {"a", "an", "the"} and word not in _DEGREES and not word.endswith("ly"):
            return False
    return False


def _of_history(reading: Reading, i: int) -> bool:
    """ "you liked Alien", "Alien, which you enjoyed": the relation of a history claim, not a stance on the item."""
    if not {"you", "you've"} & set(reading.before(i, 2)):
        return False
    return any(
        covered == "history" and sentence == reading.sentence[i]
        for covered, sentence in zip(reading.covered, reading.sentence, strict=True)
    )


def _denied(reading: Reading, i: int) -> bool:
    """ "I don't enjoy", "not a fan", "didn't like": attitudes that negation of facts leaves alone."""
    before = reading.before(i, 5)
    for word in reversed(before):
        if word in {",", ".", ";", "and", "but"}:
            return False
        if word in {"not", "never", "no", "hardly", "isn't"} or (word.endswith("n't") and word != "won't"):
            return True
    return False
