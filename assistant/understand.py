"""A message becomes a query: what is promised, what is preferred, what is to be resembled, and the words to search by.

Rules over the language's word lists and the catalogue's own values; no model is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from assistant.text import fold, fold_title
from assistant.types import Constraint, Intent, Query
from assistant.understand_numbers import NumberSpan, find_numbers
from assistant.vocabulary import MAX_LABEL_WORDS, Vocabulary

MAX_MESSAGE = 2_000
"""Characters of a message that are read."""
MAX_TITLE_WORDS = 12
NEGATION_REACH = 5
"""Words after a negation in which a value is still negated."""
MAX_CARDS = 50
SENTENCE_START_ITEMS = 5
"""The first word of a sentence is capitalised anyway: as a last name it counts when somebody worked on so many items."""
SURNAME_SHARE = 0.3
"""A lone last name is a promise when at least this share of the items that mention the word has such a person."""
PAIRED_SHARE = 0.1
"""The same for a name that "and" joins to another."""

_TOKEN = re.compile(r"\w+(?:['’]\w+|-\w+)*")
_QUOTES = "\"“”'‘’«»"
_FOLLOWS_CATEGORY = frozenset(
    [
        "with",
        "about",
        "set",
        "from",
        "in",
        "where",
        "that",
        "who",
        "whose",
        "by",
        "made",
        "and",
        "or",
        "but",
        "on",
        "for",
        "starring",
        "of",
    ]
)


@dataclass(slots=True)
class _Token:
    text: str
    raw: str
    start: int
    end: int
    used: bool = False
    """Turned into something; not a word to search by."""
    negated: bool = False
    compared: bool = False
    """Negated by a comparison: liked less, not ruled out."""
    told: bool = False
    """Negated inside a story ("because no country will let him in"): still a word to search by."""


@dataclass(slots=True)
class _Reading:
    """A message while it is being read."""

    text: str
    tokens: list[_Token]
    constraints: list[Constraint] = field(default_factory=list)
    wishes: list[Constraint] = field(default_factory=list)
    like: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    k: int | None = None

    def phrase(self, start: int, end: int) -> str:
        return " ".join(token.text for token in self.tokens[start:end])

    def words(self, start: int, end: int) -> str:
        """The user's own words from token ``start`` to before token ``end``."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end]

    def free(self, start: int, end: int) -> bool:
        return end <= len(self.tokens) and not any(token.used for token in self.tokens[start:end])

    def use(self, start: int, end: int) -> None:
        for token in self.tokens[start:end]:
            token.used = True

    def use_span(self, start: int, end: int) -> None:
        for token in self.tokens:
            if token.start < end and token.end > start:
                token.used = True

    def punctuated(self, index: int) -> bool:
        """Whether token ``index`` is the last or punctuation stands behind it."""
        if index + 1 >= len(self.tokens):
            return True
        return bool(self.text[self.tokens[index].end : self.tokens[index + 1].start].strip())


def understand(text: str, vocabulary: Vocabulary, *, cards: int = 5, excluded: Iterable[str] = ()) -> Query:
    """The query that a message makes. ``cards`` is how many items are wanted unless the message says so."""
    text = text[:MAX_MESSAGE]
    reading = _Reading(text, [_Token(fold(m.group()), m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)])
    _find_titles(reading, vocabulary)
    _find_numbers(reading, vocabulary)
    _mark_negations(reading, vocabulary)
    _find_people(reading, vocabulary)
    _find_labels(reading, vocabulary)
    return Query(
        text=text,
        intent=_intent(reading, vocabulary),
        search_text=_search_text(reading),
        constraints=_merged(reading.constraints),
        wishes=tuple(dict.fromkeys(reading.wishes)),
        like=tuple(dict.fromkeys(reading.like)),
        excluded=frozenset(excluded) | frozenset(reading.like) | frozenset(reading.seen),
        k=max(1, min(reading.k or cards, MAX_CARDS)),
    )


def _cue_at(reading: _Reading, index: int, cues: Iterable[str]) -> int:
    """How many tokens the longest of ``cues`` takes at ``index``; 0 when there is none. ``cues`` are longest first."""
    for cue in cues:
        size = len(cue.split())
        if reading.phrase(index, index + size) == cue:
            return size
    return 0


# titles


def _find_titles(reading: _Reading, vocabulary: Vocabulary) -> None:
    index = 0
    while index < len(reading.tokens):
        like = _cue_at(reading, index, vocabulary.language.cues["like"])
        seen = _cue_at(reading, index, vocabulary.language.cues["seen"])
        size = max(like, seen)
        if not size or not reading.free(index, index + size):
            index += 1
            continue
        start, first = index, True
        index += size
        while (found := _title_at(reading, index, vocabulary, first=first)) is not None:
            item_id, end = found
            (reading.seen if seen >= like else reading.like).append(item_id)
            reading.use(start if first else index, end)
            first, index = False, end
            if index < len(reading.tokens) and reading.tokens[index].text in ("and", "or"):
                index += 1


def _title_at(reading: _Reading, index: int, vocabulary: Vocabulary, *, first: bool) -> tuple[str, int] | None:
    """The item whose title stands at ``index``, and the token behind it with what tells its year or people."""
    year = None
    start = index
    while (
        start < len(reading.tokens) and reading.tokens[start].text in ("the", "original", "film", "movie", "book")
    ) or (start < len(reading.tokens) and re.fullmatch(r"1[89]\d\d|20\d\d", reading.tokens[start].text)):
        # "the 1933 King Kong"; but "The Thing" and "2001" are tried whole first.
        if (whole := _longest_title(reading, start, vocabulary, first)) is not None:
            return _disambiguated(reading, whole, vocabulary, year)
        if reading.tokens[start].text.isdigit():
            year = int(reading.tokens[start].text)
        start += 1
    whole = _longest_title(reading, start, vocabulary, first)
    return None if whole is None else _disambiguated(reading, whole, vocabulary, year)


def _longest_title(
    reading: _Reading, start: int, vocabulary: Vocabulary, first: bool
) -> tuple[tuple[int, ...], int] | None:
    titles = vocabulary.catalogue.titles
    last = min(len(reading.tokens), start + MAX_TITLE_WORDS)
    for end in range(last, start, -1):
        if not reading.free(start, end):
            continue
        rows = titles.get(fold_title(reading.words(start, end)))
        if (
            rows
            and (first or _looks_like_title(reading, start, end))
            and _may_be_title(reading, start, end, vocabulary)
        ):
            return rows, end
    # The beginning of a longer title, where the words end with their clause.
    for end in range(last, start, -1):
        if reading.free(start, end) and reading.punctuated(end - 1) and _looks_like_title(reading, start, end):
            rows = vocabulary.begun_title(fold_title(reading.words(start, end)))
            if rows:
                return rows, end
    return None


def _looks_like_title(reading: _Reading, start: int, end: int) -> bool:
    before = reading.text[: reading.tokens[start].start].rstrip(" ")
    return reading.tokens[start].raw[:1].isupper() or before[-1:] in _QUOTES or reading.tokens[start].raw[:1].isdigit()


def _may_be_title(reading: _Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    """Whether words that are a title are meant as one: "something like alien," is, "something like a dream" is not."""
    if _looks_like_title(reading, start, end) and reading.tokens[start].text not in ("a", "an", "the"):
        return True
    content = [t for t in reading.tokens[start:end] if t.text not in vocabulary.language.stopwords]
    if not content:
        return False
    if _looks_like_title(reading, start, end) or len(content) > 1:
        return True
    ended = reading.punctuated(end - 1) or reading.tokens[end].text in (
        "but",
        "and",
        "or",
        "only",
        "though",
        "with",
        "from",
    )
    return (
        ended and not vocabulary.label(reading.phrase(start, end)) and not vocabulary.wish(reading.phrase(start, end))
    )


def _disambiguated(
    reading: _Reading, whole: tuple[tuple[int, ...], int], vocabulary: Vocabulary, year: int | None
) -> tuple[str, int]:
    """Of several items of one title, the one whose year or person is named beside it; else the best described."""
    rows, end = whole
    catalogue = vocabulary.catalogue
    candidates = list(rows)
    behind = reading.text[reading.tokens[end - 1].end :]
    if match := re.match(r"[\s\"”’',]*(?:\(|from\s+)?\s*(1[89]\d\d|20\d\d)\)?", behind):
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


# years, lengths, prices, how many


def _find_numbers(reading: _Reading, vocabulary: Vocabulary) -> None:
    masked = list(reading.text)
    for token in reading.tokens:
        if token.used:
            masked[token.start : token.end] = "_" * (token.end - token.start)
    spans: list[NumberSpan] = find_numbers("".join(masked), vocabulary.language, vocabulary.catalogue.numbers)
    for span in spans:
        reading.use_span(span.start, span.end)
        if span.slot is None:
            reading.k = int(span.low or 1)
            continue
        reading.constraints.append(
            Constraint(
                slot=span.slot,
                op="outside" if span.negated else "range",
                low=span.low,
                high=span.high,
                words=reading.text[span.start : span.end].strip(),
            )
        )


# negation


def _mark_negations(reading: _Reading, vocabulary: Vocabulary) -> None:
    """Mark the words that a negation reaches."""
    cues = vocabulary.language.cues
    index = 0
    while index < len(reading.tokens):
        token = reading.tokens[index]
        glued = token.text.startswith("non-")
        size = 1 if glued else _cue_at(reading, index, cues["negation"])
        if not size or token.used:
            index += 1
            continue
        if glued:
            token.text = token.text.removeprefix("non-")
            token.negated = True
            index += 1
            continue
        compared = reading.phrase(index, index + size) in cues["comparison"]
        told = not compared and not _rules_out(reading, index, vocabulary)
        reading.use(index, index + size)
        index += size
        reach = NEGATION_REACH
        while index < len(reading.tokens) and reach:
            word = reading.tokens[index]
            joined = word.text in ("or", "and", "nor", "no", "a", "an", "the", "too", "any", "not")
            stop = word.used or (word.text in cues["contrast"] and not _label_ahead(reading, index, vocabulary))
            if stop:
                break
            word.negated, word.compared, word.told = True, compared, told
            index += 1
            reach = NEGATION_REACH if joined else reach - 1
            between = reading.text[word.end : reading.tokens[index].start] if index < len(reading.tokens) else "."
            if any(mark in between for mark in ".;!?:—") or (
                "," in between and not _list_goes_on(reading, index, vocabulary)
            ):
                break


def _rules_out(reading: _Reading, index: int, vocabulary: Vocabulary) -> bool:
    """Whether the negation at ``index`` says what is not wanted, and not what happens in a story.

    It does at the beginning, behind punctuation, a conjunction, a word for an item, or a value of the catalogue.
    """
    if index == 0:
        return True
    before = reading.tokens[index - 1]
    if before.used or before.negated or reading.text[before.end : reading.tokens[index].start].strip():
        return True
    language = vocabulary.language
    joins = ("and", "or", "but", "please", "one", "something", "anything", "that's", "it's", "is", "i")
    return (
        before.text in joins
        or before.text in language.item_words
        or bool(vocabulary.label(before.text))
        or bool(vocabulary.wish(before.text))
    )


def _label_ahead(reading: _Reading, index: int, vocabulary: Vocabulary) -> bool:
    return any(vocabulary.label(reading.phrase(index, index + size)) for size in range(1, MAX_LABEL_WORDS + 1))


def _list_goes_on(reading: _Reading, index: int, vocabulary: Vocabulary) -> bool:
    """Whether a comma stands inside a negated list: "no horror, war or westerns"."""
    ahead = [token.text for token in reading.tokens[index : index + 5]]
    return _label_ahead(reading, index, vocabulary) and any(word in ("or", "nor", "and") for word in ahead)


# people


def _find_people(reading: _Reading, vocabulary: Vocabulary) -> None:
    index = 0
    while index < len(reading.tokens):
        for size in (4, 3, 2, 1):
            if reading.free(index, index + size) and _use_person(reading, index, index + size, vocabulary):
                index += size
                break
        else:
            index += 1


def _use_person(reading: _Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    phrase = re.sub(r"['’]s?$", "", reading.phrase(start, end))
    asked = _asked_role(reading, start, end, vocabulary)
    names: tuple[str, ...] = (phrase,) if end - start > 1 and phrase in vocabulary.people else ()
    if not names and end - start <= 2:
        names = _surname(reading, start, end, phrase, vocabulary, cued=asked is not None)
    if not names:
        return False
    roles = {role for name in names for role in vocabulary.people[name]}
    makers = roles - {"cast"}
    if asked == "makers" and not makers:
        return False  # the catalogue does not know who made things: their name is a word to search by
    slot = "people"
    if asked == "cast" and "cast" in roles:
        slot = "cast"
    elif asked == "makers" and len(makers) == 1:
        (slot,) = makers
    negated = reading.tokens[start].negated
    values = tuple(vocabulary.shown_person(name) for name in names)
    constraint = Constraint(slot=slot, op="none" if negated else "any", values=values, words=reading.words(start, end))
    (reading.wishes if reading.tokens[start].compared else reading.constraints).append(constraint)
    reading.use(start, end)
    return True


def _surname(
    reading: _Reading, start: int, end: int, phrase: str, vocabulary: Vocabulary, *, cued: bool
) -> tuple[str, ...]:
    """The people that a lone, capitalised last name means; none when it is part of a longer unknown name.

    One of them has to have worked on several items unless a cue says that a person is meant, and most items that mention
    the word have to have them.
    """
    language = vocabulary.language
    if not reading.tokens[start].raw[:1].isupper() or phrase in language.stopwords or phrase in language.countries:
        return ()
    names = vocabulary.surnames.get(phrase, ())
    if not names or vocabulary.label(phrase):
        return ()

    def part_of_name(other: int, neighbour_of: int) -> bool:
        if not 0 <= other < len(reading.tokens):
            return False
        token, neighbour = reading.tokens[neighbour_of], reading.tokens[other]
        between = reading.text[min(token.end, neighbour.end) : max(token.start, neighbour.start)]
        known = neighbour.text in language.stopwords or bool(vocabulary.label(neighbour.text))
        return between.isspace() and neighbour.raw[:1].isupper() and not known

    if part_of_name(start - 1, start) or part_of_name(end, end - 1):
        return ()
    least = 1 if cued else SENTENCE_START_ITEMS if start == 0 else 2
    counts = {name: vocabulary.items_with_person(name) for name in names}
    if max(counts.values()) < least:
        return ()
    written = re.sub(r"['’]s?$", "", reading.words(start, end))
    if vocabulary.surname_share(written) < (PAIRED_SHARE if _beside_person(reading, start, end) else SURNAME_SHARE):
        return ()
    return tuple(sorted(counts, key=lambda name: -counts[name]))


def _beside_person(reading: _Reading, start: int, end: int) -> bool:
    """Whether "and" joins a name to another one: "Crosby and Hope"."""
    tokens = reading.tokens
    behind = end + 1 < len(tokens) and tokens[end].text == "and" and tokens[end + 1].raw[:1].isupper()
    return behind or (start > 1 and tokens[start - 1].text == "and" and tokens[start - 2].raw[:1].isupper())


def _asked_role(reading: _Reading, start: int, end: int, vocabulary: Vocabulary) -> str | None:
    """``makers`` for "by X" and "X directed", ``cast`` for "with X", None when nothing is said."""
    cues = vocabulary.language.cues
    before = reading.phrase(max(0, start - 3), start)
    behind = reading.tokens[end].text if end < len(reading.tokens) else ""
    possessive = reading.tokens[end - 1].raw.endswith(("'s", "’s"))
    if behind in cues["made"] or possessive:
        return "makers"
    if behind and not reading.punctuated(end - 1) and before.endswith((" that", " which")):
        return "cast" if behind in cues["appeared"] else "makers"
    if any(before.endswith(cue) for cue in (*cues["directed"], *cues["by"])):
        return "makers"
    if any(before.endswith(cue) for cue in cues["acted"]):
        return "cast"
    return None


# categories, countries, languages and other closed sets


def _find_labels(reading: _Reading, vocabulary: Vocabulary) -> None:
    index = 0
    while index < len(reading.tokens):
        for size in range(MAX_LABEL_WORDS, 0, -1):
            if reading.free(index, index + size) and _use_label(reading, index, index + size, vocabulary):
                index += size
                break
        else:
            index += 1
    for token in reading.tokens:
        token.used = token.used or (token.negated and not token.told)


def _use_label(reading: _Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    phrase = reading.phrase(start, end)
    words = reading.words(start, end)
    labels, wished = vocabulary.label(phrase), vocabulary.wish(phrase)
    first = reading.tokens[start]
    if first.negated:
        target = reading.wishes if first.compared else reading.constraints
        for slot, value in dict.fromkeys(labels + wished):
            target.append(Constraint(slot=slot, op="none", values=(value,), words=words))
        return bool(labels + wished)
    if ruled_out := vocabulary.opposite(phrase):
        for slot, value in ruled_out:
            reading.constraints.append(Constraint(slot=slot, op="none", values=(value,), words=words))
        reading.use(start, end)
        return True
    if labels:
        slot = labels[0][0]
        constraint = Constraint(slot=slot, op="any", values=tuple(v for s, v in labels if s == slot), words=words)
        promised = slot != "categories" or _names_category(reading, start, end, vocabulary)
        if not _joins_alternative(reading, start, constraint, promised):
            (reading.constraints if promised else reading.wishes).append(constraint)
        return True
    if wished:
        slot = wished[0][0]
        reading.wishes.append(
            Constraint(slot=slot, op="any", values=tuple(v for s, v in wished if s == slot), words=words)
        )
        return True
    return False


def _joins_alternative(reading: _Reading, start: int, constraint: Constraint, promised: bool) -> bool:
    """Make "a drama or a documentary" one constraint: either will do. False when nothing stands before "or"."""
    before = start - 1
    while before >= 0 and reading.tokens[before].text in ("a", "an", "the"):
        before -= 1
    if before < 1 or reading.tokens[before].text != "or":
        return False
    stretch = reading.text[: reading.tokens[before].start].rstrip(" ,")
    for found in (reading.constraints, reading.wishes):
        other = found[-1] if found else None
        if other is None or other.slot != constraint.slot or other.op != "any" or not stretch.endswith(other.words):
            continue
        found.pop()
        joined = replace(
            other,
            values=tuple(dict.fromkeys(other.values + constraint.values)),
            words=f"{other.words} or {constraint.words}",
        )
        (reading.constraints if promised or found is reading.constraints else reading.wishes).append(joined)
        return True
    return False


def _names_category(reading: _Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    """Whether a category's name is used as one: "a war film" and "westerns" are, "the family has to keep quiet" is not."""
    language = vocabulary.language
    last = reading.tokens[end - 1].text
    following = reading.tokens[end].text if end < len(reading.tokens) else None
    if len(reading.tokens) <= 3:
        return True
    joined = following is not None and not reading.punctuated(end - 1)
    if joined and following is not None and (following in language.item_words or following == "style"):
        return True
    if joined and any(
        vocabulary.label(reading.phrase(end, end + size)) for size in (2, 1) if end + size <= len(reading.tokens)
    ):
        return True
    if end - start == 1 and last in language.adjectival:
        return False
    plural = last.endswith("s") and last not in language.adjectival
    return plural or not joined or following in _FOLLOWS_CATEGORY


# the result


def _merged(constraints: list[Constraint]) -> tuple[Constraint, ...]:
    """Constraints without repetition, those on the same range of years joined: "late 70s or early 80s"."""
    years = [c for c in constraints if c.slot == "year" and c.op == "range"]
    merged = [c for c in dict.fromkeys(constraints) if c not in years or len(years) == 1]
    if len(years) > 1:
        lows = [c.low for c in years if c.low is not None]
        highs = [c.high for c in years if c.high is not None]
        closed = all(c.low is not None and c.high is not None for c in years)
        # Two closed ranges are alternatives; an open one narrows the others.
        low = min(lows) if closed else max(lows, default=None)
        high = max(highs) if closed else min(highs, default=None)
        merged.append(Constraint(slot="year", op="range", low=low, high=high, words=" … ".join(c.words for c in years)))
    return tuple(merged)


def _search_text(reading: _Reading) -> str:
    """The words that describe what is wanted, in their order; a category that is promised stays among them."""
    promised = {
        token
        for c in (*reading.constraints, *reading.wishes)
        if c.op in ("any", "all") and c.slot != "people"
        for token in c.words.split(" or ")
    }
    return " ".join(
        token.raw
        for token in reading.tokens
        if token.told or (not token.negated and (not token.used or token.raw in promised))
    )


def _intent(reading: _Reading, vocabulary: Vocabulary) -> Intent:
    if reading.like:
        return "similar"
    text = " ".join(token.text for token in reading.tokens)
    if not text or text in vocabulary.language.cues["greeting"]:
        return "small_talk"
    return "recommend"
