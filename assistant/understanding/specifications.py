"""Whether a message is a specification, and what it then promises.

A description tells of what is wanted ("a traveller stuck in an airport"): the tags and moods in it are wishes. A
specification has nothing in it but labels, numbers, people and the small words around them ("from the 70s, with the theme
space"): every label that it names is a promise. So is one behind the name of its slot ("tagged space", "a dark mood").
"""

from __future__ import annotations

import re

from assistant.language import Language
from assistant.types import Constraint
from assistant.understanding.labels import joins_alternative, must_be, slot_before, slot_meant
from assistant.understanding.reading import Reading, cue_at
from assistant.vocabulary import Vocabulary

NAMED_PER_STRANGE = 4
"""A word that is not understood makes no description of a message that names so many values for it."""


def is_specification(reading: Reading, vocabulary: Vocabulary) -> bool:
    """Whether the words that are not understood yet are values of the catalogue or say nothing by themselves, a rare one
    among many values aside."""
    language = reading.language
    dull, negations, telling = (
        _dull(language) | vocabulary.spoken_words,
        language.cues["negation"],
        language.words("telling"),
    )
    comparing = (*language.cues["comparison"], *language.words("than"))
    named, strange = len(reading.found), 0
    index = 0
    while index < len(reading.tokens):
        token = reading.tokens[index]
        if token.used:
            index += 1
            continue
        if cue_at(reading, index, telling) or cue_at(reading, index, comparing):
            return False
        negation = cue_at(reading, index, negations)
        size = 0 if negation else _named(reading, index, vocabulary)
        named += bool(size) and token.text not in dull
        strange += not negation and not size and token.text not in dull and not token.text.isdigit()
        index += negation or size or 1
    return not reading.like and named >= NAMED_PER_STRANGE * strange


def _named(reading: Reading, index: int, vocabulary: Vocabulary) -> int:
    """How many words the longest value or name that begins at a word has; 0 when there is none."""
    for size in range(vocabulary.language.longest, 0, -1):
        if reading.free(index, index + size):
            phrase = reading.phrase(index, index + size)
            person = re.sub(r"['’]s?$", "", phrase)
            surname = person in vocabulary.surnames and reading.tokens[index].raw[:1].isupper()
            vague = phrase in vocabulary.spoken.high or phrase in vocabulary.spoken.low
            if vague or _names(phrase, vocabulary) or person in vocabulary.people or surname:
                return size
    return 0


def _dull(language: Language) -> frozenset[str]:
    lists = ("chatter", "specifying", "behind_negation", "list_words", "contrast")
    return (
        language.stopwords
        | language.item_words
        | {*language.ordinals}
        | {word for name in lists for word in language.words(name)}
    )


def _names(phrase: str, vocabulary: Vocabulary) -> bool:
    return bool(
        vocabulary.label(phrase)
        or vocabulary.free_label(phrase)
        or vocabulary.wish(phrase)
        or vocabulary.opposite(phrase)
        or phrase in vocabulary.open_labels
        or phrase in vocabulary.terse_labels
    )


def find_promised(reading: Reading, vocabulary: Vocabulary) -> None:
    """Promise the tags and moods that a specification names, and those behind or before the name of their slot.

    Longer ones first, so that "historical fiction" is the tag and not the category fiction. What is not wanted, and what
    users like in general, is left to others.
    """
    index = 0
    while index < len(reading.tokens):
        for size in range(vocabulary.language.longest, 0, -1):
            if index + size > len(reading.tokens) or not reading.free(index, index + size):
                continue
            if any(token.negated or token.liked or token.told for token in reading.tokens[index : index + size]):
                continue
            if _promise(reading, vocabulary, index, index + size):
                index += size - 1
                break
            if size > 1 and vocabulary.label(reading.phrase(index, index + size)):
                index += size - 1  # "science fiction" is no science
                break
        index += 1


def _promise(reading: Reading, vocabulary: Vocabulary, start: int, end: int) -> bool:
    phrase = reading.phrase(start, end)
    labels = tuple(dict.fromkeys(vocabulary.free_label(phrase)))
    if not labels or phrase in vocabulary.spoken_words:
        return False
    named = _slot_named(reading, vocabulary, start, end, {slot for slot, _ in labels})
    vague = {*vocabulary.spoken.high, *vocabulary.spoken.low}
    head = reading.tokens[start].text
    listed = start > 0 and reading.tokens[start - 1].text in reading.language.words("alternative")
    if (
        not named
        and not listed
        and head in vague
        and all(token.text in reading.language.item_words for token in reading.tokens[start + 1 : end])
    ):
        return False  # "short films" are short, and may be tagged so
    closed = vocabulary.label(phrase)
    if closed:
        beside = slot_before(reading, start, {slot for slot, _ in closed}, vocabulary)
        if named is None or beside is not None:
            return False
    if _softened(reading, start) or not (
        reading.specification or named or must_be(reading, start) or _must_behind(reading, end)
    ):
        return False
    slot = named or slot_meant(reading, start, end, labels, vocabulary)
    values = tuple(value for s, value in labels if s == slot)
    made = Constraint(slot=slot, op="any", values=values, words=reading.words(start, end))
    if not joins_alternative(reading, start, made, promised=True):
        reading.add(made, start, end, promised=True)
    reading.use(start, end)
    return True


def _slot_named(reading: Reading, vocabulary: Vocabulary, start: int, end: int, slots: set[str]) -> str | None:
    """The slot whose name stands right behind a value ("a dark mood") or before it in its clause ("in mood: dark")."""
    inside = end < len(reading.tokens) and reading.tokens[end].text in reading.language.words("in_language")
    behind = "" if reading.punctuated(end - 1) else reading.phrase(end + inside, end + inside + 1)  # "dark in mood"
    for slot in sorted(slots):
        if slot in vocabulary.spoken.words and behind in vocabulary.spoken.words[slot].names:
            return slot
    if spoken := slot_before(reading, start, slots, vocabulary, reach=3):
        return spoken
    topic = any(
        start >= size and reading.phrase(start - size, start) in reading.language.words("topic") for size in (1, 2)
    )
    if any(slot == "categories" for slot, _ in vocabulary.label(reading.phrase(start, end))):
        return None
    return sorted(slots)[-1] if topic and reading.specification else None  # "about Africa" is no film from there


def _must_behind(reading: Reading, end: int) -> bool:
    return any(reading.phrase(end, end + size) in reading.language.words("must_behind") for size in (1, 2, 3))


def _softened(reading: Reading, start: int) -> bool:
    """Whether the clause says before a value that it is not a must: "preferably in black and white"."""
    soft = reading.language.words("softening")
    for index in range(start - 1, -1, -1):
        if reading.punctuated(index):
            return False
        if reading.tokens[index].text in soft:
            return True
    return False
