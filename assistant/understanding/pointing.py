"""Clauses that speak of something by pointing at it: "my flatmate can't stand westerns, so leave that out".

What is pointed at is a value that the clause before names: its subject ("winter gives me bad dreams") or else what it names
last. It is promised or ruled out by what the pointing clause says of it; whatever else the clause before names is the reason,
and no wish. So is what a reason names before a clause that says itself what is wanted: "it's a long flight, so two hours".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from assistant.types import Constraint, Operator
from assistant.understanding.labels import keep
from assistant.understanding.reading import Reading, cue_at
from assistant.understanding.specifications import clause_at, stretches_of, values_of
from assistant.vocabulary import Vocabulary

Pointed = Literal["to", "out"]


def find_pointed(reading: Reading, vocabulary: Vocabulary) -> None:
    """Promise or rule out what is pointed at, and take nothing from the reasons."""
    values = values_of(reading, vocabulary)
    for whole, behind in list(pairwise(stretches_of(reading, values))):
        before = (_last_part(reading, whole, values), whole[1])
        if (pointed := _points(reading, *behind)) is not None:
            way, slot_word, behind = pointed
            texts = {token.text for token in reading.tokens[slice(*behind)]}
            personal = bool(texts & {*reading.language.words("personal")})
            if run := _pointed_at(reading, before, values, slot_word, vocabulary, personal=personal):
                _take(reading, run, way, slot_word, vocabulary)
                _use_others(reading, before, run)
            elif any(token.used for token in reading.tokens[before[0] : before[1]]):
                reading.use(*before)
            else:
                continue  # it points at something of another message
            reading.use(*behind)
        elif _concludes(reading, behind, values) and _is_reason(reading, before, values, vocabulary):
            reading.use(*before)


def _last_part(reading: Reading, stretch: tuple[int, int], values: dict[int, int]) -> int:
    """Where the last part of a clause begins, behind the word that joins it: "with robots and I'm learning English"."""
    joins = {*reading.language.words("clause_joins")}
    runs = _runs(reading, stretch, values)
    inside = {place for run in runs for place in range(run[0][0], run[-1][1])}
    ends = [n for n in range(stretch[0], stretch[1] - 1) if reading.tokens[n].text in joins and n not in inside]
    return ends[-1] + 1 if ends else stretch[0]


def _points(reading: Reading, start: int, end: int) -> tuple[Pointed, str, tuple[int, int]] | None:
    """Which way a clause points, the name of the slot that it says ("in another language"), and the tokens that do so:
    all of the clause, or all before a word that joins something else to it."""
    joins = {*reading.language.words("clause_joins")}
    stops = [n for n in range(start + 1, end) if reading.tokens[n].text in joins]
    ways: tuple[tuple[Pointed, str], ...] = (("out", "points_out"), ("to", "points_to"))
    for stop in (end, *stops):
        text = reading.phrase(start, stop)
        for way, name in ways:
            for cue in reading.language.patterns.get(name, ()):
                if match := cue.regex.fullmatch(text):
                    return way, match.groupdict().get("slot") or "", (start, stop)
    return None


def _pointed_at(
    reading: Reading,
    stretch: tuple[int, int],
    values: dict[int, int],
    slot_word: str,
    vocabulary: Vocabulary,
    *,
    personal: bool,
) -> Sequence[tuple[int, int]]:
    """The places, from and to before, of the value that a clause is about, with those that "or" and "and" join to it."""
    runs = _runs(reading, stretch, values)
    if personal and (people := [run for run in runs if _is_person(reading, run[0], vocabulary)]):
        runs = people
    if slot_word and (fitting := [run for run in runs if _of_slot(reading, run[0], slot_word, vocabulary)]):
        runs = fitting
    if not runs:
        return ()
    lead = {
        *reading.language.words("articles"),
        *reading.language.words("clause_joins"),
        *reading.language.words("conjunction"),
    }
    opens = all(token.text in lead for token in reading.tokens[stretch[0] : runs[0][0][0]])
    return runs[0] if opens else runs[-1]


def _runs(reading: Reading, stretch: tuple[int, int], values: dict[int, int]) -> list[list[tuple[int, int]]]:
    """The values of a stretch that are not understood yet, from and to before, those together that "or" and "and" join."""
    start, end = stretch
    joins = {*reading.language.words("conjunction"), *reading.language.words("articles")}
    runs: list[list[tuple[int, int]]] = []
    for place in sorted(p for p in values if start <= p < end and not reading.tokens[p].used):
        here = (place, min(place + values[place], end))
        between = reading.tokens[runs[-1][-1][1] : place] if runs else []
        if between and all(token.text in joins for token in between):
            runs[-1].append(here)
        else:
            runs.append([here])
    return runs


def _is_person(reading: Reading, place: tuple[int, int], vocabulary: Vocabulary) -> bool:
    return bool(vocabulary.person(re.sub(r"['’]s?$", "", reading.phrase(*place))))


def _of_slot(reading: Reading, place: tuple[int, int], slot_word: str, vocabulary: Vocabulary) -> str | None:
    """The slot of that name which has the value at a place."""
    phrase = reading.phrase(*place)
    for slot, _ in (*vocabulary.label(phrase), *vocabulary.free_label(phrase)):
        if slot_word in vocabulary.spoken.words[slot].names:
            return slot
    return None


def _take(
    reading: Reading, run: Sequence[tuple[int, int]], way: Pointed, slot_word: str, vocabulary: Vocabulary
) -> None:
    for start, end in run:
        slot = _of_slot(reading, (start, end), slot_word, vocabulary) if slot_word else None
        if slot is not None:
            labels = (*vocabulary.label(reading.phrase(start, end)), *vocabulary.free_label(reading.phrase(start, end)))
            op: Operator = "none" if way == "out" else "any"
            named = tuple(dict.fromkeys(value for s, value in labels if s == slot))
            made = Constraint(slot=slot, op=op, values=named, words=reading.words(start, end))
            keep(reading, start, end, made, promised=True)
            reading.use(start, end)
            continue
        for token in reading.tokens[start:end]:
            token.negated = way == "out"
            token.liked = False  # "my mum loves Anna Magnani, so she has to be in it"
        reading.specified.update(range(start, end))


def _use_others(reading: Reading, stretch: tuple[int, int], run: Sequence[tuple[int, int]]) -> None:
    """Take nothing from a clause but what it points at, and the words that join that."""
    reading.use(stretch[0], run[0][0])
    reading.use(run[-1][1], stretch[1])


def _is_reason(reading: Reading, stretch: tuple[int, int], values: dict[int, int], vocabulary: Vocabulary) -> bool:
    """Whether a clause tells why, and wants nothing itself: it asks for nothing, likes nothing and rules nothing out."""
    clause = clause_at(reading, *stretch, values, vocabulary)
    if clause.asks or (clause.clean and not clause.spoken and not _tells_more(reading, stretch, values, vocabulary)):
        return False
    words = (*reading.language.words("affinity"), *reading.language.words("asking"), *reading.language.cues["negation"])
    return not any(cue_at(reading, index, words) for index in range(*stretch))


def _tells_more(reading: Reading, stretch: tuple[int, int], values: dict[int, int], vocabulary: Vocabulary) -> bool:
    """Whether a clause holds words besides values and what joins them: "got to catch a train"."""
    within = {place + n for place, size in values.items() for n in range(size)}
    return any(n not in within and reading.tokens[n].text not in vocabulary.words_that_join for n in range(*stretch))


def _concludes(reading: Reading, stretch: tuple[int, int], values: dict[int, int]) -> bool:
    """Whether a clause draws a conclusion that says what is wanted: it opens like one, names, asks or was understood before,
    and tells nothing."""
    words, places = reading.language.words, range(*stretch)
    if reading.tokens[stretch[0]].text not in words("concluding"):
        return False
    says = (*words("asking"), *words("than"))
    said = any(n in values or reading.tokens[n].used or cue_at(reading, n, says) for n in places)
    return said and not any(cue_at(reading, n, words("telling")) for n in places)
