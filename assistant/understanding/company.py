"""Who watches along: a child in the company wants what the catalogue files for children or families."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.types import Constraint
from assistant.understanding.reading import Reading, negated_at
from assistant.vocabulary import Vocabulary

GROWN = 13
"""Years from which somebody is no child to whom only what is made for children can be shown."""


def find_company(reading: Reading, vocabulary: Vocabulary) -> None:
    """ "We have a 5 year old", "with my kids", "for a toddler": a promise of what is for families, where the catalogue has
    such a category, with the user's words as its label."""
    for match in reading.matches("occasion"):
        if reading.free_span(match.start(), match.end()):
            reading.use_span(match.start(), match.end())
    found = [vocabulary.label(name) or vocabulary.free_label(name) for name in reading.language.words("for_children")]
    values = max(found, key=lambda labels: _items(labels, vocabulary), default=())
    if not values:
        return
    slot = values[0][0]
    for match in reading.matches("with_child"):
        age = match.groupdict().get("age")
        years = None if age is None else int(age) if age.isdigit() else reading.language.numbers.get(age)
        if not reading.free_span(match.start(), match.end()):
            continue
        first, last = reading.tokens_of(match.start(), match.end())
        if first and reading.phrase(first - 1, first + 1) in reading.language.words("topic"):
            continue  # "dealing with childrens", where that is a tag
        if years is not None and years >= GROWN:
            reading.use(first, last)
            continue
        inside = reading.plain[match.end() : match.end() + 1].isalnum()  # "nothing with childrens"
        if inside or negated_at(reading, match.start()):
            continue
        made = Constraint(slot=slot, op="any", values=tuple(value for s, value in values if s == slot),
                          words=reading.text[match.start() : match.end()].strip())  # fmt: skip
        reading.use(first, last)
        if any(c.slot == slot and set(c.values) & set(made.values) for c in reading.constraints):
            continue
        reading.add(made, first, last, promised=True)
    for match in reading.matches("aged"):  # "a film about a 5 year old" is no wish for old ones
        for token in reading.tokens:
            if match.start() <= token.start < match.end():
                token.named = True


def _items(labels: Sequence[tuple[str, str]], vocabulary: Vocabulary) -> int:
    """How many items have one of these labels."""
    return sum(int(vocabulary.catalogue.satisfies(Constraint(slot=s, op="any", values=(v,))).sum()) for s, v in labels)
