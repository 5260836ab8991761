"""People in a message, by full or last name, with the role that the words around them give them."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.text import fold_title
from assistant.types import Constraint
from assistant.understanding.reading import Reading
from assistant.vocabulary import Vocabulary

SENTENCE_START_ITEMS = 5
"""The first word of a sentence is capitalised anyway: as a last name it counts when somebody worked on so many items."""
SURNAME_SHARE = 0.3
"""A lone last name is a promise when at least this share of the items that mention the word has such a person."""
PAIRED_SHARE = 0.1
"""The same for a name that "and" joins to another."""


def find_people(reading: Reading, vocabulary: Vocabulary) -> None:
    index = 0
    while index < len(reading.tokens):
        for size in (4, 3, 2, 1):
            if reading.free(index, index + size) and _use_person(reading, index, index + size, vocabulary):
                index += size
                break
        else:
            index += 1


def find_known_work(reading: Reading, vocabulary: Vocabulary, start: int, end: int) -> list[str]:
    """ "I've seen all of Wong Kar-wai", "every Star Wars film": nothing of these people is wanted; the ids of the items
    whose titles begin as a stretch of the text does."""
    first, last = reading.tokens_of(start, end)
    while first < last and reading.tokens[first].text in reading.language.stopwords:
        first += 1
    for stop in range(last, first, -1):
        phrase = re.sub(r"['’]s?$", "", reading.phrase(first, stop))
        if names := vocabulary.person(phrase):
            names = tuple(name for name in names if vocabulary.people[name] - {"cast"}) or names  # whose work it is
            values = tuple(vocabulary.shown_person(name) for name in names)
            made = Constraint(slot="people", op="none", values=values, words=reading.words(first, stop))
            reading.add(made, first, stop, promised=True)
            reading.use(first, stop)
            return []
        key = fold_title(phrase)
        begun = [rows for title, rows in vocabulary.catalogue.titles.items() if f"{title} ".startswith(f"{key} ")]
        if key and len(begun) > 1:
            return [vocabulary.catalogue.ids[row] for rows in begun for row in rows]
    return []


def _use_person(reading: Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    phrase = re.sub(r"['’]s?$", "", reading.phrase(start, end))
    asked = _asked_role(reading, start, end, vocabulary)
    one = end - start == 1 and (asked is None or not reading.tokens[start].raw[:1].isupper())
    whole = None if one or phrase in reading.language.stopwords else vocabulary.full_name(phrase)
    names: tuple[str, ...] = (whole,) if whole is not None else ()
    if not names and end - start <= 2:
        alone = (
            reading.punctuated(end - 1) and (start == 0 or reading.punctuated(start - 1)) and end < len(reading.tokens)
        )
        cued = alone or asked is not None or reading.tokens[start].negated or reading.tokens[start].liked
        names = _surname(reading, start, end, phrase, vocabulary, cued=cued)
    if not names:
        return False
    roles = {role for name in names for role in vocabulary.people[name]}
    makers = roles - {"cast"}
    weak = reading.tokens[start - 1].text in reading.language.words("weak_by") if start else False
    asked = None if weak and not makers else asked  # "I was thinking of Tom Hanks"
    if asked == "makers" and not makers:
        return False  # the catalogue does not know who made things: their name is a word to search by
    slot = "people"
    if asked == "cast" and "cast" in roles:
        slot = "cast"
    elif asked == "makers" and len(makers) == 1:
        (slot,) = makers
    absent = any(reading.phrase(end, end + size) in reading.language.words("absent") for size in (1, 2, 3))
    negated = reading.tokens[start].negated or absent
    values = tuple(vocabulary.shown_person(name) for name in names)
    constraint = Constraint(slot=slot, op="none" if negated else "any", values=values, words=reading.words(start, end))
    promised = not reading.tokens[start].compared and not (reading.tokens[start].liked and not negated)
    target = reading.constraints if promised else reading.wishes
    other = target[-1] if target else None
    if (
        other is not None and other.op == constraint.op == "any" and start > 1 and reading.tokens[start - 1].text in reading.language.words("alternative")
        and vocabulary.is_people(other.slot) and reading.text[: reading.tokens[start - 1].start].rstrip(" ,").endswith(other.words)
    ):  # fmt: skip
        target[-1] = Constraint(
            slot=other.slot if other.slot in (slot, "people") or other.slot in roles else "people",
            op="any",
            values=tuple(dict.fromkeys(other.values + values)),
            words=f"{other.words}{reading.language.either}{constraint.words}",
        )
    else:
        joined = start > 1 and reading.tokens[start - 1].text in reading.language.words("alternative")
        if absent and joined and other is not None and other.op == "any" and vocabulary.is_people(other.slot):
            target[-1] = replace(other, op="none")  # "neither of the two": "X or Y mustn't be in it"
        reading.add(constraint, start, end, promised=promised)
    reading.use(start, end)
    return True


def _surname(
    reading: Reading, start: int, end: int, phrase: str, vocabulary: Vocabulary, *, cued: bool
) -> tuple[str, ...]:
    """The people that a lone, capitalised last name means; none when it is part of a longer unknown name.

    One of them has to have worked on several items unless a cue says that a person is meant, and most items that mention
    the word have to have them.
    """
    language = vocabulary.language
    if any(vocabulary.label(reading.phrase(start, start + size)) for size in (2, 3)):
        return ()  # "West Germany"
    if not reading.tokens[start].raw[:1].isupper() or phrase in language.stopwords or phrase in language.countries:
        return ()
    names = vocabulary.surnames.get(phrase, ())
    if not names or vocabulary.label(phrase) or phrase in language.words("chatter"):
        return ()

    def part_of_name(other: int, neighbour_of: int) -> bool:
        if not 0 <= other < len(reading.tokens):
            return False
        token, neighbour = reading.tokens[neighbour_of], reading.tokens[other]
        between = reading.text[min(token.end, neighbour.end) : max(token.start, neighbour.start)]
        known = neighbour.text in language.stopwords or bool(vocabulary.label(neighbour.text))
        known = known or (other == 0 and neighbour.text in vocabulary.speller.requests)  # "Best Kubrick film?"
        return between.isspace() and neighbour.raw[:1].isupper() and not known and not neighbour.used

    if part_of_name(start - 1, start) or part_of_name(end, end - 1):
        return ()
    least = 1 if cued else SENTENCE_START_ITEMS if start == 0 else 2
    counts = {name: vocabulary.items_with_person(name) for name in names}
    if max(counts.values()) < least:
        return ()
    written = re.sub(r"['’]s?$", "", reading.words(start, end))
    if not reading.tokens[start].negated and vocabulary.surname_share(written) < (
        PAIRED_SHARE if _beside_person(reading, start, end) else SURNAME_SHARE
    ):
        return ()
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))


def _beside_person(reading: Reading, start: int, end: int) -> bool:
    """Whether "and" joins a name to another one: "Crosby and Hope"."""
    tokens = reading.tokens
    behind = (
        end + 1 < len(tokens)
        and tokens[end].text in reading.language.words("conjunction")
        and tokens[end + 1].raw[:1].isupper()
    )
    return behind or (
        start > 1
        and tokens[start - 1].text in reading.language.words("conjunction")
        and tokens[start - 2].raw[:1].isupper()
    )


def _asked_role(reading: Reading, start: int, end: int, vocabulary: Vocabulary) -> str | None:
    """``makers`` for "by X" and "X directed", ``cast`` for "with X", None when nothing is said."""
    cues = vocabulary.language.cues
    before = reading.phrase(max(0, start - 3), start)
    behind = reading.tokens[end].text if end < len(reading.tokens) and not reading.punctuated(end - 1) else ""
    possessive = reading.tokens[end - 1].raw.endswith(("'s", "’s"))
    if behind in cues["made"] or possessive:
        return "makers"
    joined = behind in reading.language.words("alternative")
    if behind and not joined and before.endswith(tuple(f" {word}" for word in cues["relative"])):
        told = reading.phrase(end + 1, end + 2) if behind.endswith(reading.language.words("denied_ends")) else behind
        return "cast" if told in cues["appeared"] else "makers" if told in cues["made"] else None
    if any(" " in cue and before.endswith(cue) for cue in cues["acted"]):
        return "cast"  # "played by"
    if any(before.endswith(cue) for cue in (*cues["directed"], *cues["by"])):
        return "makers"
    near = {reading.phrase(max(0, start - 1), start)}
    if start > 1 and near & set(cues["negation"]):  # "director not X"
        near.add(reading.phrase(start - 2, start - 1))
    for place in range(end, end + 3):
        if reading.punctuated(place - 1):
            break  # "with X, director not Y" says of X nothing but with
        near.add(re.sub(r"['’]s?$", "", reading.phrase(place, place + 1)))  # "in the director's chair"
    for role in sorted(vocabulary.catalogue.roles):
        if near & set(vocabulary.spoken.words[role].names):
            return "cast" if role == "cast" else "makers"
    if any(before.endswith(cue) for cue in cues["acted"]):
        return "cast"
    return None
