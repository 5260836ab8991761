"""Values of different slots of which one is enough: "American or a classic", "a western or in French".

Two of one slot are joined where they are read one after the other. What is left stands beside "or" and was read as two
conditions, which together hardly anything meets. Where a slot has both values it is meant; else each does in its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from assistant.text import fold
from assistant.types import Constraint
from assistant.understanding.reading import Reading
from assistant.vocabulary import Vocabulary

JOINED = ("any", "all", "range")
"""What may stand on either side of "or"."""


def join_alternatives(reading: Reading, vocabulary: Vocabulary) -> None:
    """Make one promise of two constraints with "or" between them, of which one is a promise."""
    for _ in range(len(reading.constraints)):
        pair = next(_pairs(reading), None)
        if pair is None:
            return
        (one, begin), (other, end) = pair
        joined = _joined(one, other, vocabulary)
        words = reading.text[begin:end].strip()
        reading.constraints = [c for c in reading.constraints if c is not one and c is not other]
        reading.wishes = [w for w in reading.wishes if w is not one and w is not other]
        reading.constraints.append(replace(joined, words=words))


def _pairs(reading: Reading) -> Iterator[tuple[tuple[Constraint, int], tuple[Constraint, int]]]:
    """(constraint, where it begins) and (constraint, where it ends) on the two sides of an "or"."""
    either = reading.language.words("alternative")
    said = [(c, place) for c in (*reading.constraints, *reading.wishes) if (place := _place(reading, c)) is not None]
    for one, (begin, end) in said:
        for other, (start, last) in said:
            if start < end or one.op not in JOINED or other.op not in JOINED:
                continue
            if one.slot == other.slot and not one.op == other.op == "any":
                continue  # "from the 80s or 90s" is put together later
            if not any(c in reading.constraints for c in (one, other)):
                continue
            between = [token for token in reading.tokens if end <= token.start < start]
            if not between or not all(_says_nothing(token.text, reading) for token in between):
                continue
            if sum(token.text in either for token in between) == 1 and not _marks(reading, end, start):
                yield (one, begin), (other, last)


def _place(reading: Reading, constraint: Constraint) -> tuple[int, int] | None:
    start = reading.text.find(constraint.words) if constraint.words else -1
    return None if start < 0 else (start, start + len(constraint.words))


def _says_nothing(word: str, reading: Reading) -> bool:
    language = reading.language
    return (
        word in language.words("alternative")
        or word in language.words("articles")
        or word in language.words("alternative_lead")
        or word in language.stopwords
        or word in language.item_words
    )


def _marks(reading: Reading, start: int, end: int) -> bool:
    """Whether a clause ends in a stretch; a comma before "or" ends none, nor does the point of "Jr."."""
    return re.search(r"[;:!?]|\.\s+[^\W\da-z]", reading.text[start:end]) is not None


def _joined(one: Constraint, other: Constraint, vocabulary: Vocabulary) -> Constraint:
    """One of the two is enough: in one slot where that has both as they were said, else each in its own."""
    if one.slot == other.slot and not one.either and not other.either:
        return replace(one, values=tuple(dict.fromkeys((*one.values, *other.values))))
    for this, that in ((one, other), (other, one)):
        sure = this.slot == "categories" or vocabulary.is_people(this.slot)  # "by Jane Austen" is no tag
        if this.op == that.op == "any" and not sure and not this.either and not that.either:
            named = [value for slot, value in vocabulary.free_label(fold(this.words)) if slot == that.slot]
            if named:
                values = (*named, *that.values) if this is one else (*that.values, *named)
                return replace(that, values=tuple(dict.fromkeys(values)))
    return replace(one, either=(*one.either, *other.alternatives()) if other.either else (*one.either, other))
