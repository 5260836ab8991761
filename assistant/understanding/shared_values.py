"""What the wanted item shares with one on the table, or must not: "same director", "another one by her"."""

from __future__ import annotations

import re

from assistant.types import Constraint, Context
from assistant.understanding.reading import Reading, negated_at
from assistant.understanding.references import find_references, ids_of
from assistant.vocabulary import Vocabulary


def find_same(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """ "Same director", "another one by her", "a different decade": what the item on the table has, or has not."""
    catalogue = vocabulary.catalogue
    base = [i for i in (context.focus[:1] or context.table[:1]) if i in catalogue.row_of]
    references = [r for r in find_references(reading, vocabulary, context, loose=True) if not r.spoken_last]
    if named := ids_of(references)[:1]:
        base = named
    if not base:
        return
    row = catalogue.row_of[base[0]]
    found = len(reading.found)
    for name, same in (("different", False), ("same", True)):
        for match in reading.matches(name):
            if reading.free_span(match.start(), match.end()):
                _same_slot(reading, vocabulary, row, match, same=same)
    _same_people(reading, vocabulary, row)
    if len(reading.found) > found:
        for reference in references:
            if not reference.titled:
                reading.use_span(reference.start, reference.end)


def _same_slot(reading: Reading, vocabulary: Vocabulary, row: int, match: re.Match[str], *, same: bool) -> None:
    what = re.sub(r"\s+", " ", match["what"])
    catalogue, spoken = vocabulary.catalogue, vocabulary.spoken
    made: Constraint | None = None
    periods, people = reading.language.words("period_names"), reading.language.words("person_names")
    year = catalogue.year(row)
    if what in periods and year is not None:
        decade = year - year % 10
        made = Constraint(slot="year", op="range" if same else "outside", low=decade, high=decade + 9)
    elif what in people:
        made = _makers(vocabulary, row, same=same)
    else:
        for slot in spoken.slots_named(what):
            value = catalogue.values(row).get(slot)
            if isinstance(value, bool) or value is None:
                continue
            if isinstance(value, (int, float)):
                reach = spoken.words[slot].around if slot != "year" else 0
                made = Constraint(slot=slot, op="range" if same else "outside", low=value - reach, high=value + reach)
            else:
                values = (value,) if isinstance(value, str) else value
                made = Constraint(slot=slot, op="any" if same else "none", values=values)
            break
    _add(reading, made, match.start(), match.end())


def _same_people(reading: Reading, vocabulary: Vocabulary, row: int) -> None:
    for match in reading.matches("by_them"):
        if reading.free_span(match.start(), match.end()):
            _add(
                reading,
                _makers(vocabulary, row, same=not negated_at(reading, match.start())),
                match.start(),
                match.end(),
            )
    for match in reading.matches("with_them"):
        cast = vocabulary.catalogue.values(row).get("cast")
        if cast and isinstance(cast, tuple) and reading.free_span(match.start(), match.end()):
            op = "none" if negated_at(reading, match.start()) else "any"
            made = Constraint(slot="cast", op="none" if op == "none" else "any", values=cast)
            _add(reading, made, match.start(), match.end())


def _makers(vocabulary: Vocabulary, row: int, *, same: bool) -> Constraint | None:
    """The people who made an item; its cast where it has nobody else."""
    values = vocabulary.catalogue.values(row)
    roles = [role for role in values if role in vocabulary.catalogue.roles]
    role = next((r for r in (*LEADING_ROLES, *roles) if r in roles), None)
    if role is None:
        return None
    names = values[role]
    assert isinstance(names, tuple)
    return Constraint(slot=role, op="any" if same else "none", values=names)


LEADING_ROLES = ("director", "author", "artist", "creators")
"""Roles that "by her" means, the first that an item has."""


def _add(reading: Reading, made: Constraint | None, start: int, end: int) -> None:
    if made is None:
        return
    first, last = reading.tokens_of(start, end)
    constraint = Constraint(
        slot=made.slot,
        op=made.op,
        values=made.values,
        low=made.low,
        high=made.high,
        words=reading.text[start:end].strip(),
    )
    reading.add(constraint, first, last, promised=True)
    reading.use_span(start, end)
    reading.refines = True
