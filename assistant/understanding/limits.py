"""What the numbers of a message limit, against the conversation: years, lengths, prices, how many."""

from __future__ import annotations

import re
from datetime import date

from assistant.language import any_of
from assistant.types import Constraint, Context
from assistant.understanding.answers import MAX_ANSWER
from assistant.understanding.held import numbers_in
from assistant.understanding.numbers import find_numbers
from assistant.understanding.reading import MAX_POINTING, Reading
from assistant.vocabulary import Vocabulary


def find_limits(reading: Reading, vocabulary: Vocabulary, context: Context, today: date) -> None:
    """Turn the numbers of a message into constraints and wishes, and into how many items it asks for."""
    masked = list(reading.plain)
    for token in reading.tokens:
        stands_for_item = token.text in vocabulary.language.words("pronouns") and token.start > reading.lead
        if token.used or stands_for_item:
            masked[token.start : token.end] = "_" * (token.end - token.start)
    spans = find_numbers(
        "".join(masked),
        vocabulary.number_patterns,
        vocabulary.spoken,
        default=_counted(reading, vocabulary, context),
        caps_only=context.question is None and not context.held,
        answer=_asked_number(reading, vocabulary, context),
        today=today,
        newest=vocabulary.newest,
    )
    if reading.k is None and not any(span.slot is None for span in spans):
        reading.k = _count(reading, vocabulary)
    for span in spans:
        first, last = reading.tokens_of(span.start, span.end)
        if span.soft and len(reading.tokens) > MAX_POINTING:
            continue  # "they have 30 minutes to find the bomb" is a story
        reading.use_span(span.start, span.end)
        if span.slot is None:
            if not any(m.start() <= span.start < m.end() for m in reading.matches("addition")):  # "one more thing"
                reading.k = int(span.low or 1)
            continue
        unwanted = any(token.negated for token in reading.tokens[first:last])  # "no, it's from the 70s"
        if unwanted and (span.low is None or span.high is None):
            continue
        constraint = Constraint(
            slot=span.slot,
            op="outside" if span.negated or unwanted else "range",
            low=span.low,
            high=span.high,
            words=reading.text[span.start : span.end].strip(),
        )
        reading.add(constraint, first, last, promised=not span.soft)


def _asked_number(reading: Reading, vocabulary: Vocabulary, context: Context) -> str | None:
    """The numeric slot that the message may answer with a bare number."""
    slot = context.question.slot if context.question is not None else ""
    return slot if slot in vocabulary.spoken.numeric and len(reading.tokens) <= MAX_ANSWER else None


def _counted(reading: Reading, vocabulary: Vocabulary, context: Context) -> str | None:
    """The slot of a number that does not say what it counts: what a word beside it compares ("shorter, under 90"), what
    was asked about, else what was limited last, else the
    price of a catalogue that knows no lengths."""
    spoken, numeric = vocabulary.spoken, vocabulary.spoken.numeric
    for words in (spoken.more, spoken.less):
        for token in reading.tokens:
            if (slot := words.get(token.text)) is not None and slot != "year":
                return slot
    if context.question is not None and context.question.slot in numeric:
        return context.question.slot
    for held in reversed(context.held):
        if held.constraint.op == "range" and held.constraint.slot in numeric and held.constraint.slot != "year":
            return held.constraint.slot
    lengths = {"runtime", "duration", "length", "minutes", "runtime_minutes", "pages", "num_pages", "page_count"}
    price = vocabulary.number_patterns.names.get("price")
    return None if lengths & set(numeric) else price


def _count(reading: Reading, vocabulary: Vocabulary) -> int | None:
    """The number at the beginning of "2 westerns", "three short documentaries", "20 films like Alien"."""
    if len(reading.tokens) < 2:
        return None
    first, language = reading.tokens[0], vocabulary.language
    number = int(first.text) if first.text.isdecimal() and len(first.text) < 3 else language.numbers.get(first.text)
    if not number or first.used:
        return None
    for index, token in enumerate(reading.tokens[1:4], 1):
        if token.text.endswith("s") and (token.text in language.item_words or vocabulary.label(token.text)):
            first.used = True
            return number
        if reading.punctuated(index):
            break
    return None


def answers_number(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    """Whether the message names a number of the slot that was asked about: "2004 at the latest would be great"."""
    slot = context.question.slot if context.question is not None else ""
    speaks_of_card = reading.plain.rstrip().endswith("?") or reading.first("position") is not None
    if slot not in vocabulary.spoken.numeric or speaks_of_card:
        return False
    pronouns = reading.language.bounded(any_of(reading.language.words("pronouns")))
    plain = re.sub(pronouns, "_", reading.plain)  # "pick one for me" names no number
    return any(span.slot == slot for span in numbers_in(plain, vocabulary, slot))
