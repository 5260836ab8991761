"""What users say of themselves: "I love Kurosawa", "I never watch horror", "forget that I like westerns"."""

from __future__ import annotations

import re

from assistant.language import any_of
from assistant.text import fold
from assistant.types import Context, Statement
from assistant.understanding.reading import Reading, Said
from assistant.understanding.references import find_references
from assistant.vocabulary import Vocabulary

PLACES = ("countries", "country", "languages", "language", "city", "district")
"""Slots that "I am French" does not choose: it says where somebody comes from."""


def find_statements(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """Mark the stretches of a message that speak of what the user likes; their values are found later."""
    _unsaid(reading)
    for cue in reading.language.statements:
        for match in reading.cue_matches(cue.cue):
            end = _end(reading, match.end())
            if _is_new(reading, match.start(), end) and re.search(r"\w", reading.plain[match.end() : end]):
                _mark(reading, match.end(), end, likes=cue.likes, confidence=cue.confidence, begin=match.start())
                _titles(reading, vocabulary, context, match.end(), end, likes=cue.likes)
                reading.use_span(match.start(), match.end())
    for name, likes, confidence in (
        ("behind_likes", True, 1.0),
        ("behind_dislikes", False, 0.8),
        ("behind_no", False, 0.5),
    ):
        for match in reading.matches(name):
            begin = _begin(reading, match.start())
            if _is_new(reading, begin, match.end()) and len(reading.plain[begin : match.start()].split()) <= 3:
                _mark(
                    reading, begin, match.start(), likes=likes, confidence=confidence, begin=begin, end=match.end(),
                    lasting=name != "behind_no",
                )  # fmt: skip
                reading.use_span(match.start(), match.end())
    for match in reading.matches("behind_am"):
        if _is_new(reading, match.start(), match.end()):
            _am(reading, vocabulary, match)


def _mark(
    reading: Reading, start: int, stop: int, *, likes: bool, confidence: float, begin: int, end: int | None = None,
    lasting: bool = True,
) -> None:  # fmt: skip
    words = reading.text[begin : stop if end is None else end].strip(" ,.;:!?")
    for token in reading.tokens:
        if start <= token.start < stop:
            token.liked = likes
            token.negated = token.negated or not likes
    if lasting:
        reading.said.append(Said(start=start, end=stop, likes=likes, confidence=confidence, words=words))


def _titles(reading: Reading, vocabulary: Vocabulary, context: Context, start: int, end: int, *, likes: bool) -> None:
    """Items that are loved or hated by title: resembled, or not wanted."""
    for reference in find_references(reading, vocabulary, context, loose=True, start=start, end=end):
        if reference.titled:
            reading.titled[reference.start] = reference.ids[0]
            (reading.like if likes else reading.seen).extend(reference.ids)
            reading.use_span(reference.start, reference.end)
    for place, item_id in reading.titled.items():
        if not likes and start <= place < end and item_id in context.table:
            reading.rejected.append(item_id)
            reading.references.append(item_id)
            reading.refines = True


def _is_new(reading: Reading, start: int, end: int) -> bool:
    return not any(said.start < end and start < said.end for said in reading.said)


def _end(reading: Reading, start: int) -> int:
    """Where what is liked ends: with the sentence, at a comma that a new clause follows, or at a turning word."""
    plain = reading.plain
    found = re.compile(r"[.;!?:\n—](?=\s|$)").search(plain, start)
    stop = found.start() if found else len(plain)
    turning = re.compile(rf",?\s*{reading.language.bounded(any_of(reading.language.words('until')))}")
    match = turning.search(plain, start, stop)
    return match.start() if match else stop


def _begin(reading: Reading, end: int) -> int:
    return max((o for o in reading.openings if o < end), default=0)


def _unsaid(reading: Reading) -> None:
    negative = reading.language.words("negative_statement")
    for match in reading.matches("behind_unsaid"):
        groups = match.groupdict()
        start = match.start("what") if groups.get("what") else match.end()
        stop = match.end("what") if groups.get("what") else _end(reading, match.end())
        if not re.search(r"\w", reading.plain[start:stop]):
            continue
        likes = re.sub(r"\s+", " ", match["polarity"]) not in negative
        reading.said.append(
            Said(
                start=start,
                end=stop,
                likes=likes,
                confidence=1.0,
                words=reading.text[match.start() : stop].strip(),
                back=True,
            )
        )
        reading.use_span(match.start(), stop)


def _am(reading: Reading, vocabulary: Vocabulary, match: re.Match[str]) -> None:
    """ "I am a vegetarian": only where the words are a value of the catalogue that people can be."""
    first, last = reading.tokens_of(match.start("what"), match.end("what"))
    for size in (3, 2, 1):
        if first + size > last or not reading.free(first, first + size):
            continue
        labels = vocabulary.label(reading.phrase(first, first + size))
        if labels and labels[0][0] not in PLACES and labels[0][0] != "categories":
            end = reading.tokens[first + size - 1].end
            reading.said.append(
                Said(
                    start=match.start("what"),
                    end=end,
                    likes=True,
                    confidence=1.0,
                    words=reading.text[match.start() : end],
                )
            )
            return


def state(reading: Reading, vocabulary: Vocabulary) -> None:
    """Make statements of what was found in the stretches that speak of the user."""
    for said in reading.said:
        target = reading.unsaid if said.back else reading.statements
        about: list[tuple[str, str]] = []
        for found in reading.found:
            inside = said.start <= found.start and found.end <= said.end
            if inside and found.constraint.op in ("any", "all", "none"):
                people = vocabulary.is_people(found.constraint.slot)
                values = (
                    found.constraint.values[:1] if people else found.constraint.values
                )  # the likeliest of a last name
                about.extend((found.constraint.slot, value) for value in values)
        about.extend(("item", item_id) for place, item_id in reading.titled.items() if said.start <= place < said.end)
        if said.back:
            about = values_in(reading.text[said.start : said.end], vocabulary)
        for slot, value in dict.fromkeys(about):
            target.append(
                Statement(slot=slot, value=value, likes=said.likes, words=said.words, confidence=said.confidence)
            )


def _likeliest(names: tuple[str, ...], vocabulary: Vocabulary) -> str:
    """Whom a last name means that several have: somebody who made things, rather than one who appears in them."""
    return next((name for name in names if vocabulary.people.get(fold(name), frozenset()) - {"cast"}), names[0])


def values_in(text: str, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """(slot, value) of everything of the catalogue that a stretch of text names."""
    words = re.findall(r"[\w'-]+", fold(text))
    joiner = " " if vocabulary.language.spaced else ""
    found: list[tuple[str, str]] = []
    index = 0
    while index < len(words):
        for size in range(min(vocabulary.language.longest, len(words) - index), 0, -1):
            phrase = joiner.join(words[index : index + size])
            if phrase in vocabulary.language.stopwords or phrase in vocabulary.language.item_words:
                continue
            if meant := vocabulary.meant(phrase):
                found.extend((meant[0].slot, value) for value in meant[0].values)
                index += size - 1
                break
        index += 1
    return found
