"""A message becomes a query: what is promised, what is preferred, what is to be resembled, and the words to search by.

Rules over the language's word lists and the catalogue's own values; no model is needed.
"""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.text import fold
from assistant.types import Constraint, Context, Intent, Operator, Utterance
from assistant.understanding.numbers import NumberSpan, find_numbers
from assistant.understanding.people import find_people
from assistant.understanding.reading import Reading, Token, cue_at
from assistant.understanding.titles import find_titles, title_at
from assistant.vocabulary import MAX_LABEL_WORDS, Vocabulary

MAX_MESSAGE = 2_000
"""Characters of a message that are read."""
NEGATION_REACH = 5
"""Words after a negation in which a value is still negated."""
MAX_CARDS = 50

_NO_CONTEXT = Context()
_TOKEN = re.compile(r"\w+(?:['’]\w+|-\w+)*")
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
        "without",
        "not",
        "except",
        "starring",
        "of",
    ]
)


_BEHIND_NEGATION = frozenset(
    ["from", "in", "by", "with", "about", "set", "of", "made", "starring", "a", "an", "the", "any", "anything", "something",
     "me", "too", "directed"]
)  # fmt: skip


def understand(text: str, vocabulary: Vocabulary, context: Context = _NO_CONTEXT) -> Utterance:
    """What a message says, read against the conversation before it."""
    text = text[:MAX_MESSAGE]
    reading = Reading(text, [Token(fold(m.group()), m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)])
    find_titles(reading, vocabulary)
    _exclude_titles(reading, vocabulary)
    _find_numbers(reading, vocabulary)
    _mark_negations(reading, vocabulary)
    find_people(reading, vocabulary)
    unknown = _unknown_names(reading, vocabulary)
    _find_labels(reading, vocabulary)
    return Utterance(
        text=text,
        language=context.language,
        intent=_intent(reading, vocabulary),
        search_text=_search_text(reading),
        constraints=_merged(reading.constraints),
        wishes=tuple(dict.fromkeys(reading.wishes)),
        like=tuple(dict.fromkeys(reading.like)),
        seen=tuple(dict.fromkeys(reading.seen)),
        unknown=unknown,
        k=None if reading.k is None else max(1, min(reading.k, MAX_CARDS)),
    )


def _exclude_titles(reading: Reading, vocabulary: Vocabulary) -> None:
    """ "Hitchcock, but not Psycho": titles behind a negation are not shown."""
    for index in range(len(reading.tokens)):
        size = cue_at(reading, index, vocabulary.language.cues["negation"])
        start = index + size
        while size and (titled := title_at(reading, start, vocabulary)) is not None:
            rows, end = titled
            reading.seen.extend(vocabulary.catalogue.ids[row] for row in rows)
            reading.use(index, end)
            start = end + (end < len(reading.tokens) and reading.tokens[end].text in ("or", "and", "nor"))


# years, lengths, prices, how many


def _find_numbers(reading: Reading, vocabulary: Vocabulary) -> None:
    masked = list(reading.text)
    for token in reading.tokens:
        if token.used:
            masked[token.start : token.end] = "_" * (token.end - token.start)
    spans: list[NumberSpan] = find_numbers("".join(masked), vocabulary.language, vocabulary.catalogue.numbers)
    if reading.k is None and not any(span.slot is None for span in spans):
        reading.k = _count(reading, vocabulary)
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


def _count(reading: Reading, vocabulary: Vocabulary) -> int | None:
    """The number at the beginning of "2 westerns", "three short documentaries", "20 films like Alien"."""
    if len(reading.tokens) < 2:
        return None
    first, language = reading.tokens[0], vocabulary.language
    number = int(first.text) if first.text.isdigit() and len(first.text) < 3 else language.numbers.get(first.text)
    if not number:
        return None
    for index, token in enumerate(reading.tokens[1:4], 1):
        if token.text.endswith("s") and (token.text in language.item_words or vocabulary.label(token.text)):
            first.used = True
            return number
        if reading.punctuated(index):
            break
    return None


def _unknown_names(reading: Reading, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Capitalised or quoted words behind "like", "with" or "by" that no record of the catalogue holds."""
    cues = vocabulary.language.cues
    found: list[str] = []
    for index in range(len(reading.tokens)):
        for kind, least in (("like", 1), ("acted", 2), ("directed", 2), ("by", 2)):
            size = cue_at(reading, index, cues[kind])
            start = end = index + size
            if not size or not reading.free(index, index + 1):
                continue
            while end < len(reading.tokens) and not reading.tokens[end].used and reading.tokens[end].raw[:1].isupper():
                end += 1
                if reading.punctuated(end - 1):
                    break
            if end - start >= least and not vocabulary.label(reading.phrase(start, end)):
                words = reading.words(start, end)
                if words not in found and not vocabulary.catalogue.mentions(words):
                    found.append(words)
    return tuple(found)


# negation


def _mark_negations(reading: Reading, vocabulary: Vocabulary) -> None:
    """Mark the words that a negation reaches."""
    cues = vocabulary.language.cues
    index = 0
    while index < len(reading.tokens):
        token = reading.tokens[index]
        glued = token.text.startswith("non-")
        size = 1 if glued else cue_at(reading, index, cues["negation"])
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
        dull = _BEHIND_NEGATION | vocabulary.language.item_words
        while index < len(reading.tokens) and reading.tokens[index].text in dull and not told:
            reading.tokens[index].used = True  # "not from Italy", "nothing set in space", "not a film about war"
            index += 1
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


def _rules_out(reading: Reading, index: int, vocabulary: Vocabulary) -> bool:
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
        or any(vocabulary.label(reading.phrase(index - size, index)) for size in (1, 2, 3) if size <= index)
        or bool(vocabulary.wish(before.text))
    )


def _label_ahead(reading: Reading, index: int, vocabulary: Vocabulary) -> bool:
    return any(vocabulary.label(reading.phrase(index, index + size)) for size in range(1, MAX_LABEL_WORDS + 1))


def _list_goes_on(reading: Reading, index: int, vocabulary: Vocabulary) -> bool:
    """Whether a comma stands inside a negated list: "no horror, war or westerns"."""
    ahead = [token.text for token in reading.tokens[index : index + 5]]
    return _label_ahead(reading, index, vocabulary) and any(word in ("or", "nor", "and") for word in ahead)


# categories, countries, languages and other closed sets


def _find_labels(reading: Reading, vocabulary: Vocabulary) -> None:
    _find_stock(reading, vocabulary)
    _find_free_labels(reading, vocabulary, negated=True)
    index = 0
    while index < len(reading.tokens):
        for size in range(MAX_LABEL_WORDS, 0, -1):
            if reading.free(index, index + size) and _use_label(reading, index, index + size, vocabulary):
                if vocabulary.label(reading.phrase(index, index + size)):
                    for token in reading.tokens[index : index + size]:
                        token.named = True
                index += size
                break
        else:
            index += 1
    _find_free_labels(reading, vocabulary, negated=False)
    for token in reading.tokens:
        token.used = token.used or (token.negated and not token.told)


def _find_stock(reading: Reading, vocabulary: Vocabulary) -> None:
    """ "in stock" is a promise wherever the catalogue knows what is."""
    if "in_stock" not in vocabulary.catalogue.labels:
        return
    for index in range(1, len(reading.tokens)):
        if reading.phrase(index - 1, index + 1) == "in stock" and not reading.tokens[index].used:
            value = "no" if reading.tokens[index].negated else "yes"
            words = reading.words(index - 1, index + 1)
            reading.constraints.append(Constraint(slot="in_stock", op="any", values=(value,), words=words))
            reading.use(index - 1, index + 1)


def _find_free_labels(reading: Reading, vocabulary: Vocabulary, *, negated: bool) -> None:
    """Tags and moods that the message names are wishes; negated they are promises.

    Negated ones of several words come first, so that "not about World War II" does not rule out war films.
    """
    index = 0
    while index < len(reading.tokens):
        for size in range(MAX_LABEL_WORDS, 0, -1):
            span = reading.tokens[index : index + size]
            wanted = reading.free(index, index + size) and not any(token.named for token in span)
            ruled_out = wanted and span[0].negated and not span[0].told
            if not wanted or (negated and (size < 2 or not ruled_out)):
                continue
            labels = vocabulary.free_label(reading.phrase(index, index + size))
            if not labels:
                continue
            first = span[0]
            target = reading.constraints if ruled_out and not first.compared else reading.wishes
            for slot in dict.fromkeys(slot for slot, _ in labels):
                values = tuple(value for s, value in labels if s == slot)
                op: Operator = "none" if first.negated and not first.told else "any"
                target.append(Constraint(slot=slot, op=op, values=values, words=reading.words(index, index + size)))
            if negated:
                reading.use(index, index + size)
            index += size
            break
        else:
            index += 1


def _use_label(reading: Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    phrase = reading.phrase(start, end)
    words = reading.words(start, end)
    labels, wished = vocabulary.label(phrase), vocabulary.wish(phrase)
    first = reading.tokens[start]
    if first.negated:
        target = reading.wishes if first.compared else reading.constraints
        # "French" rules out the country; that the language has the same name is not meant.
        meant = [label for label in labels if label[0] == labels[0][0]]
        for slot, value in dict.fromkeys((*meant, *wished)):
            target.append(Constraint(slot=slot, op="none", values=(value,), words=words))
        return bool(labels + wished)
    if ruled_out := vocabulary.opposite(phrase):
        for slot, value in ruled_out:
            reading.constraints.append(Constraint(slot=slot, op="none", values=(value,), words=words))
        reading.use(start, end)
        return True
    if labels:
        slot = labels[0][0]
        if start and reading.tokens[start - 1].text == "in":  # "in French" is the language, "French" the country
            slot = next((s for s, _ in labels if s.startswith("language")), slot)
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


def _joins_alternative(reading: Reading, start: int, constraint: Constraint, promised: bool) -> bool:
    """Make "a drama or a documentary" one constraint: either will do. False when nothing stands before "or"."""
    before = start - 1
    while before >= 0 and reading.tokens[before].text in ("a", "an", "the", "in", "from"):
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


def _names_category(reading: Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
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
    years = [c for c in dict.fromkeys(constraints) if c.slot == "year" and c.op == "range"]
    merged = [c for c in dict.fromkeys(constraints) if c not in years or len(years) == 1]
    if len(years) > 1:
        words = " … ".join(c.words for c in years)
        closed: list[tuple[float, float]] = sorted(
            (c.low, c.high) for c in years if c.low is not None and c.high is not None
        )
        if len(closed) == len(years):  # alternatives: what lies between them is not meant
            merged.append(
                Constraint(slot="year", op="range", low=closed[0][0], high=max(h for _, h in closed), words=words)
            )
            reached = closed[0][1]
            for begin, end in closed[1:]:
                if begin > reached + 1:
                    merged.append(Constraint(slot="year", op="outside", low=reached + 1, high=begin - 1, words=words))
                reached = max(reached, end)
        else:
            low = max((c.low for c in years if c.low is not None), default=None)
            high = min((c.high for c in years if c.high is not None), default=None)
            if low is not None and high is not None and low > high:  # "before 1970 or after 2010"
                merged.append(Constraint(slot="year", op="outside", low=high + 1, high=low - 1, words=words))
            else:
                merged.append(Constraint(slot="year", op="range", low=low, high=high, words=words))
    return tuple(merged)


def _search_text(reading: Reading) -> str:
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


def _intent(reading: Reading, vocabulary: Vocabulary) -> Intent:
    if reading.like:
        return "similar"
    text = " ".join(token.text for token in reading.tokens)
    if not text or text in vocabulary.language.cues["greeting"]:
        return "small_talk"
    return "recommend"
