"""Which parts of a message are a specification, and what they then promise.

A description tells of what is wanted ("a traveller stuck in an airport"): the tags and moods in it are wishes. A
specification has nothing in it but labels, numbers, people and the words that join them ("from the 70s, with the theme
space"): every label that it names is a promise. So is one behind the name of its slot ("tagged space", "a dark mood").

Words that join need not be known. What makes a description is a noun that is no value of the catalogue, in the clause of a
value, behind the words that ask ("I want a film about"): "that gravitates towards chess" joins, "a chess prodigy" tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.types import Constraint, Operator
from assistant.understanding.labels import (
    keep,
    must_be,
    reads_as_verb,
    slot_before,
    slot_behind,
    slot_meant,
    slot_of_alternative,
)
from assistant.understanding.reading import Reading, cue_at, negated_at
from assistant.vocabulary import LONGEST_NAME, Vocabulary

SPECIFIES = 2
"""Clauses of a message that asks for something by naming values."""
CLEAN_PER_TOLD = 2
"""A message that also tells something is a specification where it names values in so many clauses for each that tells."""
CLAUSE_END = re.compile(r"[.;!?\n,:—–()]|\s[-+&]+\s|[•*/|]")


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a message, and what it names."""

    first: int
    """The first token of all."""
    start: int
    """The first token behind the words that ask."""
    end: int
    named: int
    strange: int
    """Nouns that are no values."""
    told: int
    """Words of a story: "who", "has to find"."""
    spoken: bool
    """Whether it speaks of the user or the talk."""
    asks: bool
    """Whether words that ask stand in it, before a value."""

    @property
    def clean(self) -> bool:
        """Whether it names values and tells nothing: more values than other nouns, and no words of a story."""
        return self.named > 0 and not self.told and (self.strange == 0 or self.strange < self.named)

    @property
    def tells(self) -> bool:
        """Whether it tells something of an item: what names nothing and speaks of the user does not."""
        return self.strange + self.told > 0 and not self.clean and not (self.spoken and not self.named)


def find_specified(reading: Reading, vocabulary: Vocabulary) -> None:
    """Mark the tokens whose labels are promises: those of clauses that name values and tell nothing."""
    clauses = clauses_of(reading, vocabulary, values_of(reading, vocabulary))
    asks = next((n for n, clause in enumerate(clauses) if clause.asks), 0)
    chat = [clause for clause in clauses[:asks] if clause.spoken]  # "I have a free evening and I want …"
    clean = [clause for clause in clauses if clause.clean and clause not in chat]
    for clause in clauses[:asks]:
        if clause.strange or clause.told or clause.spoken:  # what is told before the asking is no wish
            for token in reading.tokens[clause.start : clause.end]:
                token.named = True
    told = [clause for clause in clauses[asks:] if clause.tells]  # "my sister comes, so I want …"
    if reading.like:
        return
    if len(clean) < CLEAN_PER_TOLD * len(told):  # a story, but for what is said to be a property of the thing
        clean = [clause for clause in clean if _is_property(reading, clause)]
    for clause in clean:
        if any(cue_at(reading, n, reading.language.words("soft_behind")) for n in range(clause.start, clause.end)):
            continue  # "zombies optional"
        reading.specified.update(range(clause.start, clause.end))


def _is_property(reading: Reading, clause: Clause) -> bool:
    """Whether a clause begins as what is said of the wanted thing does: "that comes across as tense", "with robots"."""
    opens = (*reading.language.words("property_opens"), *reading.language.words("topic"))
    return any(cue_at(reading, place, opens) for place in (clause.first, clause.start))


def specifies(reading: Reading, vocabulary: Vocabulary) -> bool:
    """Whether a message asks for an item by several of its properties, whatever else it looks like: "what do you have in
    red, author: Miranda July?" asks nothing about an item."""
    clauses = clauses_of(reading, vocabulary, values_of(reading, vocabulary))
    clean = [clause for clause in clauses if clause.clean]
    asks = any(cue_at(reading, index, reading.language.words("asking")) for index in range(len(reading.tokens)))
    adds = any(match.start() <= reading.lead for match in reading.matches("addition"))
    return (asks and len(clean) >= SPECIFIES) or (adds and bool(clean) and not reading.plain.rstrip().endswith("?"))


def clauses_of(reading: Reading, vocabulary: Vocabulary, values: dict[int, int]) -> list[Clause]:
    """The clauses of a message, figures counted as values."""
    figures = {n: 1 for n, token in enumerate(reading.tokens) if n not in values and token.text[:1].isdigit()}
    named = values | figures
    return [clause_at(reading, start, end, named, vocabulary) for start, end in stretches_of(reading, values)]


def values_of(reading: Reading, vocabulary: Vocabulary) -> dict[int, int]:
    """The first token of every value of the catalogue, the longest first, to how many tokens it has; what was understood
    before is a value each."""
    dull, values, index = vocabulary.dull_words | vocabulary.spoken_words, {}, 0
    while index < len(reading.tokens):
        token = reading.tokens[index]
        size = 0 if token.used else named_at(reading, index, vocabulary)
        negation = 0 if token.used or size > 1 else cue_at(reading, index, reading.language.cues["negation"])
        size = 0 if negation else size
        if token.used or size > 1 or (size and token.text not in dull):
            values[index] = size or 1
        index += negation or size or 1
    return values


def stretches_of(reading: Reading, values: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Where the clauses of a message begin, and before which token they end."""
    reasons = reading.language.words("reasons")
    inside = {place for start, size in values.items() for place in range(start, start + size - 1)}
    start = 0
    for index in range(len(reading.tokens)):
        last = index + 1 == len(reading.tokens)
        between = "" if last else reading.text[reading.tokens[index].end : reading.tokens[index + 1].start]
        ends = last or CLAUSE_END.search(between) is not None or cue_at(reading, index + 1, reasons) > 0
        if last or (index not in inside and ends):
            yield start, index + 1
            start = index + 1


def clause_at(reading: Reading, start: int, end: int, values: dict[int, int], vocabulary: Vocabulary) -> Clause:
    language = reading.language
    named = sorted(place for place in values if start <= place < end)
    begin = _behind_asking(reading, start, end, named)
    named = [place for place in named if place >= begin]
    telling = (*language.words("telling"), *language.cues["comparison"], *language.words("than"))
    inquires = reading.plain.rstrip().endswith("?")  # "who makes hiking backpacks?"
    spoken = bool({token.text for token in reading.tokens[start:end]} & set(language.words("chat")))
    asks = bool(named) and any(cue_at(reading, place, language.words("asking")) for place in range(start, begin))
    of_user = asks and bool({token.text for token in reading.tokens[start:begin]} & set(language.words("chat")))
    told, strange, index = 0, 0, begin
    if not of_user:  # "it's for a friend who wants something"
        told = sum(bool(cue_at(reading, place, telling)) for place in range(start, begin))
    while index < end:
        if index in values:
            index += values[index]
            continue
        denied = index > begin and reading.tokens[index].text.endswith(language.words("denied_ends") or ("\0",))
        if (denied or cue_at(reading, index, language.cues["negation"])) and not cue_at(reading, index, telling):
            break  # what is left out is not told
        size = cue_at(reading, index, telling) if index > start or not inquires else 0
        if size and index + 1 < end and reading.tokens[index].text in language.words("relatives"):
            size = 0 if reading.tokens[index + 1].text in vocabulary.words_of_slots else size  # "whose cast"
        told += bool(size)
        strange += not size and _is_noun(reading, index, begin, end, vocabulary, values)
        index += size or 1
    return Clause(start, begin, end, len(named), strange, told, spoken, asks)


def _behind_asking(reading: Reading, start: int, end: int, named: Sequence[int]) -> int:
    """Where a clause begins to say what is wanted: behind the last words that ask before a value, and of those for what is
    asked for in general behind the last before its first value."""
    words = reading.language.words
    first, last = (named[0], named[-1]) if named else (end, end)
    index, begin = start, start
    while index < last:
        size = cue_at(reading, index, words("asking"))
        general = 0 if size else cue_at(reading, index, words("asked_for"))
        if size and index + size <= last and index not in named:
            begin = index + size
        elif general and index + general <= first:
            begin = index + general
        index += size or general or 1
    return begin


def _is_noun(
    reading: Reading, index: int, start: int, end: int, vocabulary: Vocabulary, values: dict[int, int]
) -> bool:
    """Whether a word that is not understood stands where a noun does, with something to tell: behind an article or a value,
    at the end of its clause, or before another such word; a word before a preposition or a value joins."""
    token, language, dull = reading.tokens[index], reading.language, vocabulary.words_that_join
    if token.used or token.text in dull or token.text.isdigit() or len(token.text) == 1:
        return False
    before = reading.tokens[index - 1].text if index > start else ""
    behind = reading.tokens[index + 1].text if index + 1 < end else ""
    if token.raw[:1].isupper() and index > start:
        return True
    bends = behind in language.words("joining") and token.text.endswith(language.words("joining_ends") or ("\0",))
    if before in language.words("determiners"):  # "those dealing with", "a straight comedy"
        return not bends and index + 1 not in values
    joins = behind in language.words("joining") or index + 1 in values or behind in dull
    relative = {token.text for token in reading.tokens[start:index]} & {*language.words("relatives")}
    if relative and any(place < index for place in values if place >= start):
        return False  # "where chess matters"
    if index - 1 in {place + size - 1 for place, size in values.items() if place + size <= index}:
        bent = token.text.endswith(language.words("joining_ends")) if language.words("joining_ends") else True
        return not (joins and (bent or index + 1 in values))  # "a chess prodigy", "two strangers talk"
    return not joins


def named_at(reading: Reading, index: int, vocabulary: Vocabulary) -> int:
    """How many words the longest value or name that begins at a word has; 0 when there is none."""
    for size in range(min(LONGEST_NAME, len(reading.tokens) - index), 0, -1):
        if (
            size > 1
            and _broken(reading, index, index + size, vocabulary)
            and reading.phrase(index, index + size) not in vocabulary.labels
        ):
            continue
        if reading.free(index, index + size) and not (size == 1 and reads_as_verb(reading, index, vocabulary)):
            phrase = reading.phrase(index, index + size)
            person = re.sub(r"['’]s?$", "", phrase)
            surname = person in vocabulary.surnames and reading.tokens[index].raw[:1].isupper()
            vague = phrase in vocabulary.spoken.high or phrase in vocabulary.spoken.low
            if vague or _names(phrase, vocabulary) or vocabulary.full_name(person) is not None or surname:
                return size
    return 0


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
            if not reading.free(index, index + size) or _broken(reading, index, index + size, vocabulary):
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


def _broken(reading: Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    """Whether punctuation parts a phrase that no value is written as: "police, with violent" is no police violence."""
    return any(reading.punctuated(index) for index in range(start, end - 1)) and not _whole_label(
        reading.phrase(start, end), vocabulary
    )


def find_tagged(reading: Reading, vocabulary: Vocabulary) -> None:
    """Promise what stands right behind the name of a slot of tags or moods, whatever it means besides: "tagged 1930s",
    "with the tag work"; behind "about" what would be read as years, where it is a tag."""
    topic = reading.language.words("topic")
    for start in range(1, len(reading.tokens)):
        before = reading.tokens[start - 1]
        for size in range(vocabulary.language.longest, 0, -1):
            if not reading.free(start - 1, start + size):
                continue
            phrase = reading.phrase(start, start + size)
            labels = vocabulary.free_phrases.get(phrase, ())
            slots = {slot for slot, _ in labels if before.text in vocabulary.spoken.words[slot].names}
            two = reading.phrase(max(0, start - 2), start)
            topical = bool(labels) and (before.text in topic or two in topic)
            if labels and phrase[:1].isdigit():
                spoken = slot_before(reading, start, {slot for slot, _ in labels}, vocabulary, reach=4)
                slots = {spoken or labels[0][0]} if spoken or topical else slots
            general = phrase in reading.language.words("general_nouns") or phrase in vocabulary.spoken_words
            if topical and general and reading.punctuated(start + size - 1):
                slots = {labels[0][0]}  # "involving time", "to do with nature"
            if not slots:
                continue
            if not phrase[:1].isdigit() and not general:
                break  # "tagged time travel" is no tag of time
            slot = min(slots)
            op: Operator = "none" if negated_at(reading, _lead(reading, start - 1)) else "any"
            values = tuple(value for s, value in labels if s == slot)
            made = Constraint(slot=slot, op=op, values=values, words=reading.words(start, start + size))
            keep(reading, start, start + size, made, promised=True)
            reading.use(start - 1, start + size)
            break


def _lead(reading: Reading, index: int) -> int:
    """Where the small words begin that stand before the name of a slot: "with the tag"."""
    small = reading.language.words("slot_lead")
    while index > 0 and reading.tokens[index - 1].text in small and not reading.punctuated(index - 1):
        index -= 1
    return reading.tokens[index].start


def _promise(reading: Reading, vocabulary: Vocabulary, start: int, end: int) -> bool:
    phrase = reading.phrase(start, end)
    labels = tuple(dict.fromkeys(vocabulary.free_label(phrase)))
    if (
        not labels
        or phrase in vocabulary.spoken_words
        or (end - start == 1 and reads_as_verb(reading, start, vocabulary))
    ):
        return False
    slots = {slot for slot, _ in labels}
    named = _slot_named(reading, vocabulary, start, end, slots) or slot_of_alternative(reading, start, slots)
    vague = {*vocabulary.spoken.high, *vocabulary.spoken.low}
    head = reading.tokens[start].text
    holding = reading.language.words("holding")
    held = any(start >= size and reading.phrase(start - size, start) in holding for size in (1, 2, 3, 4))
    listed = start > 0 and reading.tokens[start - 1].text in reading.language.words("alternative")
    if (
        not (named or listed or held or _whole_label(phrase, vocabulary))
        and head in vague
        and all(token.text in reading.language.item_words for token in reading.tokens[start + 1 : end])
    ):
        return False  # "short films" are short, and may be tagged so
    closed = vocabulary.label(phrase)
    if closed:
        beside = slot_before(reading, start, {slot for slot, _ in closed}, vocabulary)
        if named is None or (beside is not None and beside != named):
            return False
    if _softened(reading, start) or not (
        reading.specified_at(start) or named or must_be(reading, start) or _must_behind(reading, end)
    ):
        return False
    slot = named or slot_meant(reading, start, end, labels, vocabulary)
    values = tuple(value for s, value in labels if s == slot)
    made = Constraint(slot=slot, op="any", values=values, words=reading.words(start, end))
    keep(reading, start, end, made, promised=True)
    reading.use(start, end)
    return True


def _whole_label(phrase: str, vocabulary: Vocabulary) -> bool:
    """Whether a phrase is a value word by word: "short film", but not "short films" where the value is "short"."""
    return phrase in vocabulary.free_phrases


def _slot_named(reading: Reading, vocabulary: Vocabulary, start: int, end: int, slots: set[str]) -> str | None:
    """The slot whose name stands right behind a value ("a dark mood") or before it in its clause ("in mood: dark")."""
    inside = end < len(reading.tokens) and reading.tokens[end].text in reading.language.words("in_language")
    behind = "" if reading.punctuated(end - 1) else reading.phrase(end + inside, end + inside + 1)  # "dark in mood"
    for slot in sorted(slots):
        if slot in vocabulary.spoken.words and behind in vocabulary.spoken.words[slot].names:
            return slot
    spoken = slot_before(reading, start, slots, vocabulary, reach=3) or slot_behind(reading, end, slots, vocabulary)
    if spoken:
        return spoken
    topic = any(
        start >= size and reading.phrase(start - size, start) in reading.language.words("topic") for size in (1, 2)
    )
    if any(slot == "categories" for slot, _ in vocabulary.label(reading.phrase(start, end))):
        return None
    return sorted(slots)[-1] if topic and reading.specified_at(start) else None  # "about Africa" is no film from there


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
