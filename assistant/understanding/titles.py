"""Titles in a message: what the wanted items should resemble, and what the user knows already."""

from __future__ import annotations

import re

from assistant.text import fold, fold_title
from assistant.understanding.reading import Reading, cue_at
from assistant.vocabulary import Vocabulary

MIN_SMALL = 3
"""Words of a title that is one even where it is written small, behind words that titles follow: "the third man"."""
MAX_TITLE_WORDS = 12
_QUOTES = "\"“”'‘’«»"


def find_titles(reading: Reading, vocabulary: Vocabulary) -> None:
    """Note titles behind words that say what they are to the user."""
    find_seen_titles(reading, vocabulary)
    index = 0
    while index < len(reading.tokens):
        like = cue_at(reading, index, vocabulary.language.cues["like"])
        seen = cue_at(reading, index, vocabulary.language.cues["seen"])
        size = max(like, seen)
        if not size or not reading.free(index, index + size):
            index += 1
            continue
        start, first = index, True
        index += size
        while (found := _title_at(reading, index, vocabulary, first=first)) is not None:
            item_id, end = found
            unwanted = start > 0 and reading.tokens[start - 1].text in reading.language.words("unwanted")
            (reading.seen if seen >= like or unwanted else reading.like).append(item_id)
            reading.titled[reading.tokens[index].start] = item_id
            reading.use(start if first else index, end)
            first, index = False, end
            if index < len(reading.tokens) and reading.tokens[index].text in reading.language.words("conjunction"):
                index += 1


def title_at(reading: Reading, start: int, vocabulary: Vocabulary) -> tuple[tuple[int, ...], int] | None:
    """(rows, the token behind) of a title written like one at token ``start``; None when none is."""
    for end in range(min(len(reading.tokens), start + MAX_TITLE_WORDS), start, -1):
        written = looks_like_title(reading, start, end) or end - start >= MIN_SMALL
        if not reading.free(start, end) or not written:
            continue
        phrase = reading.phrase(start, end)
        if vocabulary.label(phrase) or vocabulary.wish(phrase) or phrase in vocabulary.people:
            continue
        if rows := vocabulary.catalogue.titles.get(fold_title(reading.words(start, end))):
            return rows, end
    return None


def _title_at(reading: Reading, index: int, vocabulary: Vocabulary, *, first: bool) -> tuple[str, int] | None:
    """The item whose title stands at ``index``, and the token behind it with what tells its year or people."""
    year = None
    start = index
    lead, years = reading.language.words("title_lead"), reading.language.numeric["year"]
    while start < len(reading.tokens) and (
        reading.tokens[start].text in lead or re.fullmatch(years, reading.tokens[start].text)
    ):
        # "the 1933 King Kong"; but "The Thing" and "2001" are tried whole first.
        if (whole := _longest_title(reading, start, vocabulary, first)) is not None:
            return best_row(reading, whole, vocabulary, year)
        if reading.tokens[start].text.isdigit():
            year = int(reading.tokens[start].text)
        start += 1
    whole = _longest_title(reading, start, vocabulary, first)
    return None if whole is None else best_row(reading, whole, vocabulary, year)


def _longest_title(
    reading: Reading, start: int, vocabulary: Vocabulary, first: bool
) -> tuple[tuple[int, ...], int] | None:
    titles = vocabulary.catalogue.titles
    named = max((size for size in (2, 3, 4) if reading.phrase(start, start + size) in vocabulary.people), default=0)
    last = min(len(reading.tokens), start + MAX_TITLE_WORDS)
    for end in range(last, start, -1):
        if not reading.free(start, end) or end - start < named:
            continue  # "Akira Kurosawa" is not the film "Akira"
        rows = titles.get(fold_title(reading.words(start, end)))
        written = first or looks_like_title(reading, start, end) or _fenced(reading, start, end)
        if rows and written and _may_be_title(reading, start, end, vocabulary):
            return rows, end
    # The beginning of a longer title, where the words end with their clause.
    for end in range(last, start, -1):
        if reading.free(start, end) and reading.punctuated(end - 1) and looks_like_title(reading, start, end):
            rows = vocabulary.begun_title(fold_title(reading.words(start, end)))
            if rows:
                return rows, end
    return None


def _fenced(reading: Reading, start: int, end: int) -> bool:
    """Whether words are one of a list: "seen: alien, the shining and psycho"."""
    joins = reading.language.words("conjunction")
    begins = start > 0 and (reading.punctuated(start - 1) or reading.tokens[start - 1].text in joins)
    return begins and (reading.punctuated(end - 1) or reading.tokens[end].text in joins)


def looks_like_title(reading: Reading, start: int, end: int) -> bool:
    before = reading.text[: reading.tokens[start].start].rstrip(" ")
    return reading.tokens[start].raw[:1].isupper() or before[-1:] in _QUOTES or reading.tokens[start].raw[:1].isdigit()


def _may_be_title(reading: Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    """Whether words that are a title are meant as one: "something like alien," is, "something like a dream" is not."""
    if looks_like_title(reading, start, end) and reading.tokens[start].text not in reading.language.words("articles"):
        return True
    content = [t for t in reading.tokens[start:end] if t.text not in vocabulary.language.stopwords]
    if not content:
        return False
    if looks_like_title(reading, start, end) or len(content) > 1:
        return True
    ended = reading.punctuated(end - 1) or reading.tokens[end].text in reading.language.words("behind_title")
    return (
        ended and not vocabulary.label(reading.phrase(start, end)) and not vocabulary.wish(reading.phrase(start, end))
    )


def best_row(
    reading: Reading, whole: tuple[tuple[int, ...], int], vocabulary: Vocabulary, year: int | None
) -> tuple[str, int]:
    """Of several items of one title, the one whose year or person is named beside it; else the best described."""
    rows, end = whole
    catalogue = vocabulary.catalogue
    candidates = list(rows)
    behind = reading.text[reading.tokens[end - 1].end :]
    lead, years = reading.language.numeric["year_from"], reading.language.numeric["year"]
    if match := re.match(rf"[\s\"”’',]*(?:\(|{lead})?\s*({years})\)?", behind):
        year = int(match.group(1))
        after = reading.tokens[end - 1].end + match.end()
        while end < len(reading.tokens) and reading.tokens[end].start < after:
            end += 1
    if year is not None:
        exact = [row for row in candidates if catalogue.year(row) == year]
        candidates = exact or [row for row in candidates if abs((catalogue.year(row) or 0) - year) <= 1] or candidates
    for start in range(end, min(end + 5, len(reading.tokens))):
        names = [reading.phrase(start, start + size) for size in (4, 3, 2)]
        named = [
            (name, [row for row in candidates if name in (fold(p.name) for p in catalogue.item(row).creators)])
            for name in names
        ]
        if hit := next(((name, found) for name, found in named if found), None):
            candidates, end = hit[1], start + len(hit[0].split())
            break
    best = max(candidates, key=lambda row: len(catalogue.description(row)))
    return catalogue.ids[best], end


def unknown_title(reading: Reading, vocabulary: Vocabulary, start: int) -> str | None:
    """What stands at a place like a title, and is none of the catalogue's: written like one, or ending in a number and
    known to no record. None for anything that some record holds, which is never denied."""
    first = next((n for n, token in enumerate(reading.tokens) if token.start >= start), len(reading.tokens))
    while first < len(reading.tokens) and reading.tokens[first].text in reading.language.words("title_lead"):
        first += 1
    last = first
    while last < len(reading.tokens) and not reading.tokens[last].used:
        last += 1
        if reading.punctuated(last - 1):
            break
    while last > first and reading.tokens[last - 1].text in reading.language.words("behind_unknown"):
        last -= 1
    tokens = reading.tokens[first:last]
    if not tokens or len(tokens) > MAX_TITLE_WORDS:
        return None
    written = looks_like_title(reading, first, last) and not tokens[0].raw.isdigit()
    speller = vocabulary.speller
    strange = tokens[-1].raw.isdigit() and not any(speller.knows(t.raw, t.text) for t in tokens[:-1] if len(t.text) > 3)
    if not (written or (strange and len(tokens) > 1)):
        return None
    while written and last > first + 1 and reading.tokens[last - 1].raw.islower():  # "Aliens instead"
        last -= 1
    words, phrase = reading.words(first, last), reading.phrase(first, last)
    key = fold_title(words)
    known = bool(vocabulary.label(phrase) or vocabulary.person(phrase) or vocabulary.begun_title(key))
    if vocabulary.nearest_title(words) is None:  # "Aliens" is Alien rather than a theme
        known = known or bool(vocabulary.meant(phrase) or vocabulary.mentions(words))
    if not key or known or any(f" {key} " in f" {title} " for title in vocabulary.catalogue.titles):
        return None
    return words


def find_seen_titles(reading: Reading, vocabulary: Vocabulary) -> None:
    """ "Not 2001, seen it", "Alien? saw that last week": the clause before names what was seen, however it is written."""
    for match in reading.matches("seen_it"):
        clause = max((n for n, token in enumerate(reading.tokens) if token.end <= match.start()), default=-1)
        begin = clause
        while begin > 0 and not reading.punctuated(begin - 1):
            begin -= 1
        dull = {*reading.language.words("unwanted"), *reading.language.words("chatter"), *reading.language.item_words}
        for start in range(max(begin, 0), clause + 1):
            if not reading.free(start, clause + 1):
                continue
            key = fold_title(reading.words(start, clause + 1))
            if rows := vocabulary.catalogue.titles.get(key) or vocabulary.begun_title(key):
                reading.seen.append(best_row(reading, (tuple(rows), clause + 1), vocabulary, None)[0])
                reading.use(begin, clause + 1)
                reading.use_span(match.start(), match.end())
                reading.refines = True
                break
            if reading.tokens[start].text not in dull:
                break
