"""What a text says of the user: what they asked for, liked, often like, or are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assistant.faithfulness.reading import Reading
from assistant.faithfulness.text import word_set

SaidKind = Literal["asked", "liked", "often", "likes", "favourite", "is"]

_ADVERBS = word_set("also really clearly recently already have both all once too truly especially just")
_OFTEN = word_set("often usually always frequently generally mostly regularly")
_PAST = word_set("liked loved enjoyed adored")
_PRESENT = word_set("like love enjoy adore")
_WANTING = word_set("wanted requested")
_CONDITIONS = word_set("if whether when unless did do would might will could what how why")
_ENDS = word_set(
    "but so which who whom whose that because with when while where as than since then if for by from are is was"
)
_NOT_AN_OBJECT = word_set(
    "it its that this these those them him her most best about in on of at is are was has will would you your and or "
    "the-same what how when seeing watching more"
)
_RESTARTS = word_set(
    "you your you're you've it it's its this that these here he she they we i is are was has have directed starring by "
    "with like but so which who from in on about set made where because"
)
_FAVOURITE = word_set("favorite favourite")
_SPEAKING_OF_THE_ITEM = word_set(
    "next pick match choice search mood evening night answer film movie book game show request wish taste best first "
    "kind type cup recommendation suggestion list style thing bet"
)
_INNER = word_set("it its they he she how that way when where whose")
_ATTITUDES = word_set("fan fans lover lovers fond keen into after looking mood interested here going curious drawn")
_MOST_IN_A_LIST = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """The tokens ``[start, end)`` are what the user is said to have asked for, to like, or to be."""

    kind: SaidKind
    start: int
    end: int


def said_of_user(reading: Reading) -> list[Said]:
    """Every such object, in the order of the text. Conditions and questions ("if you like…") say nothing."""
    found: list[Said] = []
    tokens = reading.tokens
    for i, token in enumerate(tokens):
        if reading.covered[i]:
            continue
        before = reading.before(i, 1)
        if token.low in {"you", "you've", "you're"} and not (before and before[0] in _CONDITIONS):
            found += _after_you(reading, i)
        elif token.low == "your":
            found += _after_your(reading, i)
    return found


def _after_you(reading: Reading, i: int) -> Iterator[Said]:
    tokens = reading.tokens
    _, high = reading.sentence_range(i)
    at, often = i + 1, False
    while at < high and tokens[at].low in _ADVERBS | _OFTEN:
        often = often or tokens[at].low in _OFTEN
        at += 1
    if at >= high:
        return
    verb = tokens[at].low
    if tokens[i].low == "you're" or verb == "are":
        start = at if tokens[i].low == "you're" else at + 1
        yield from _object(reading, "is", start, high)
    elif verb in _PAST:
        yield from _object(reading, "liked", at + 1, high)
    elif verb in _PRESENT:
        yield from _object(reading, "often" if often else "likes", at + 1, high)
    elif verb in _WANTING or (verb == "asked" and at + 1 < high and tokens[at + 1].low == "for"):
        yield from _asked(reading, at + 1, high)


def _after_your(reading: Reading, i: int) -> Iterator[Said]:
    """ "your favourite anime is X", "your family is X"; not "your next film is X", which speaks of the item."""
    tokens = reading.tokens
    _, high = reading.sentence_range(i)
    for at in range(i + 2, min(i + 5, high)):
        if tokens[at].kind == "mark" or tokens[at].low in {"and", "or", "of"}:
            return
        if tokens[at].low in {"is", "are", "was"}:
            owned = {token.low for token in tokens[i + 1 : at]}
            if owned & _FAVOURITE and "next" not in owned:
                yield from _object(reading, "favourite", at + 1, high)
            elif not owned & _SPEAKING_OF_THE_ITEM:
                yield from _object(reading, "is", at + 1, high)
            return


def _object(reading: Reading, kind: SaidKind, start: int, high: int) -> Iterator[Said]:
    tokens = reading.tokens
    if start >= high:
        return
    empty = tokens[start].kind == "mark" or tokens[start].low in _NOT_AN_OBJECT | _ENDS - {"for"}
    if empty and not reading.covered[start]:
        return
    end = start
    while end < high and (reading.covered[end] or not _closes(reading, end)):
        end += 1
    if end > start:
        yield Said(kind=kind, start=start, end=end)


def _closes(reading: Reading, i: int) -> bool:
    token = reading.tokens[i]
    hard = token.kind == "mark" and token.low in {",", ";", ":", "(", "–", "—", ".", "!", "?"}
    return hard or token.low in _ENDS or token.low == "and"


def _asked(reading: Reading, start: int, high: int) -> Iterator[Said]:
    """The wishes of a list: "a comedy, time travel, and something short". A clause of its own ends the list."""
    tokens = reading.tokens
    first = True
    while start < high:
        while start < high and (
            tokens[start].low in {",", "and", "or"}
            or (not first and tokens[start].low == "for" and not reading.covered[start])
        ):
            start += 1
        end = start
        while end < high and (
            reading.covered[end] or tokens[end].low not in {",", ";", ":", "and", "–", "—", "(", "."}
        ):
            end += 1
        words = [
            tokens[k].low for k in range(start, end) if reading.covered[k] not in {"title", "history", "value", "name"}
        ]
        if not first and (_RESTARTS & set(words) or len(words) > _MOST_IN_A_LIST):
            return
        if first and (stop := next((k for k in range(start, end) if _restarts(reading, k)), None)) is not None:
            if stop > start:
                yield Said(kind="asked", start=start, end=stop)
            return
        if end > start:
            yield Said(kind="asked", start=start, end=end)
        first = False
        if end >= high or tokens[end].low not in {",", "and"}:
            return
        start = end


def _restarts(reading: Reading, i: int) -> bool:
    return not reading.covered[i] and reading.tokens[i].low in {"this", "it", "here", "here's", "then", "which", "but"}


def heads(reading: Reading, said: Said, start: int) -> bool:
    """Whether the word at ``start`` says what is liked: it does not stand in a clause of its own."""
    before = {reading.tokens[i].low for i in range(said.start, start) if reading.covered[i] in {"", "slot"}}
    if said.kind == "is":
        return not before & _ATTITUDES
    return not before & _INNER
