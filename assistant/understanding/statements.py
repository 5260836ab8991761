"""What users say of themselves: "I love Kurosawa", "I never watch horror", "forget that I like westerns"."""

from __future__ import annotations

import re

from assistant.language import any_of
from assistant.text import fold
from assistant.types import Constraint, Context, Statement
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
            if match.groupdict().get("what"):
                _whole(reading, match, likes=cue.likes, confidence=cue.confidence)
                continue
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


def _whole(reading: Reading, match: re.Match[str], *, likes: bool, confidence: float) -> None:
    """ "I'm not much of a horror fan": what it is about stands inside."""
    start, stop = match.span("what")
    if _is_new(reading, match.start(), match.end()):
        _mark(reading, start, stop, likes=likes, confidence=confidence, begin=match.start(), end=match.end())
        reading.use_span(match.start(), start)
        reading.use_span(stop, match.end())


def _mark(
    reading: Reading, start: int, stop: int, *, likes: bool, confidence: float, begin: int, end: int | None = None,
    lasting: bool = True,
) -> None:  # fmt: skip
    words = reading.text[begin : stop if end is None else end].strip(" ,.;:!?")
    joined, _, rest = words.partition(" ")
    if fold(joined) in {*reading.language.words("conjunction"), *reading.language.words("turning")}:
        words = rest
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
    speaker = re.compile(rf"[,;]\s*{reading.language.bounded(any_of(reading.language.words('speakers')))}")
    ends = [match.start() for pattern in (turning, speaker) if (match := pattern.search(plain, start, stop))]
    return min(ends, default=stop)


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
        if labels and labels[0][0] in PLACES:
            reading.use(first, first + size)
            return
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
        about: dict[tuple[str, str], float] = {}
        others: set[tuple[str, str]] = set()  # ruled out by a statement of liking: "I love westerns, no horror"
        for found in reading.found:
            if said.start <= found.start and found.end <= said.end and found.constraint.op in ("any", "all", "none"):
                values, certainty = _stated(found.constraint, vocabulary)
                about.update(((found.constraint.slot, value), certainty) for value in values)
                if found.constraint.op == "none" and said.likes and not said.back:
                    others.update((found.constraint.slot, value) for value in values)
        titled = (item_id for place, item_id in reading.titled.items() if said.start <= place < said.end)
        about.update((("item", item_id), 1.0) for item_id in titled)
        if said.back:
            about = dict.fromkeys(values_in(reading.text[said.start : said.end], vocabulary), 1.0)
        for (slot, value), certainty in about.items():
            confidence = round(said.confidence * certainty, 2)
            likes = said.likes and (slot, value) not in others
            target.append(Statement(slot=slot, value=value, likes=likes, words=said.words, confidence=confidence))


INDIRECT = 0.7
"""How sure a value is that stands for what was said: horror for "scary films"."""


def _stated(constraint: Constraint, vocabulary: Vocabulary) -> tuple[tuple[str, ...], float]:
    """The values that a constraint states of the user, and how sure they are."""
    if vocabulary.is_people(constraint.slot):
        return (_likeliest(constraint.values, vocabulary),), 1.0
    phrase = fold(constraint.words)
    if any(
        vocabulary.label(part) or vocabulary.free_label(part)
        for part in (phrase, *phrase.split(vocabulary.language.either))
    ):
        named = {value for _, value in (*vocabulary.label(phrase), *vocabulary.free_label(phrase))}
        return tuple(v for v in constraint.values if v in named or vocabulary.language.either in constraint.words), 1.0
    return constraint.values[:1], INDIRECT


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
