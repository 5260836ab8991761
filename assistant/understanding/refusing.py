"""Cards that are refused in whatever frame: "cross the second one off", "I can't use any of those"."""

from __future__ import annotations

import re

from assistant.types import Context
from assistant.understanding.reading import Reading, cue_at
from assistant.understanding.references import find_references
from assistant.vocabulary import Vocabulary

_SENTENCE = re.compile(r"[^.!?;\n]+[.!?;\n]*")


def find_refused(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """Reject the card, or all of them, that a sentence is about which says nothing else than that it is not wanted.

    Such a sentence names one card on the table or the lot, has a word that refuses, and otherwise words that mean nothing by
    themselves; one that asks has to say what is to be done with the card ("can we rule out the last one?").
    """
    if not context.table:
        return
    names = ("position", "position_loose", "at_end", "middle", "that", "those")
    placed = {match.span() for match in reading.matches(*names)}
    references = [
        reference
        for reference in find_references(reading, vocabulary, context, loose=True)
        if set(reference.ids) <= set(context.table)
        if reference.titled or (reference.start, reference.end) in placed
    ]
    for sentence in _SENTENCE.finditer(reading.plain):
        inside = [r for r in references if sentence.start() <= r.start and r.end <= sentence.end()]
        inside = [r for r in inside if len(r.ids) == 1] or inside  # "take the second of these off the list"
        if len(inside) != 1:
            continue
        (reference,) = inside
        first, last = reading.tokens_of(reference.start, reference.end)
        begin, end = reading.tokens_of(sentence.start(), sentence.end())
        others = [n for n in range(begin, end) if not first <= n < last]
        if not _refuses(reading, others, asks="?" in sentence.group()):
            continue
        reading.rejected.extend(reference.ids)
        reading.references.extend(reference.ids)
        reading.use(begin, end)
        reading.refines = True


def _refuses(reading: Reading, others: list[int], *, asks: bool) -> bool:
    words = reading.language.words
    removing = _covered(reading, others, words("removing"))
    refusing = _covered(reading, others, words("refusing"))
    if not (removing or (refusing and not asks)):
        return False
    if any(reading.tokens[n - 1].text in words("not_to_remove") for n in removing if n - 1 in others):
        return False  # "don't remove the first one"
    texts = [reading.tokens[n].text for n in others if n not in removing | refusing]
    if any(text in words("refusing_nothing") for text in texts):
        return False
    plain = {*reading.language.stopwords, *words("chatter"), *words("refusing_beside")}
    return all(text in plain for text in texts)


def _covered(reading: Reading, places: list[int], cues: tuple[str, ...]) -> set[int]:
    """The tokens of some that belong to one of the cues."""
    return {place for n in places for place in range(n, n + cue_at(reading, n, cues)) if place in places}
