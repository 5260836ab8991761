"""Which of the things that a conversation holds words speak of."""

from __future__ import annotations

import re
from datetime import date

from assistant.language import singular
from assistant.text import fold
from assistant.types import Context, Held
from assistant.understanding.number_spans import NumberSpan
from assistant.understanding.numbers import find_numbers
from assistant.understanding.slots import NO, YES
from assistant.vocabulary import Vocabulary


def values_known(what: str, vocabulary: Vocabulary) -> bool:
    """Whether a phrase holds a value or a name of a slot."""
    return any(
        vocabulary.label(p) or vocabulary.wish(p) or vocabulary.free_label(p) or vocabulary.spoken.slots_named(p)
        for p in phrases_of(what, vocabulary)
    )


def held_by(what: str, vocabulary: Vocabulary, context: Context) -> list[Held]:
    """What the conversation holds that words speak of: by their value or the user's own words, else by their slot."""
    literal, rest = _literally(what, context)
    if literal:
        more = phrases_of(rest, vocabulary)
        return [*literal, *(h for h in context.held if h not in literal and more & values_of(h, vocabulary))]
    phrases = phrases_of(what, vocabulary)
    by_number = [held for held in context.held if _same_numbers(what, held, vocabulary)]
    if by_number:
        return by_number
    by_value = [held for held in context.held if phrases & values_of(held, vocabulary)]
    if by_value:
        return by_value
    by_sense = [held for held in context.held if phrases & _senses_of(held, vocabulary)]
    if by_sense:
        return by_sense
    by_words = [held for held in context.held if phrases & _words_of(held, vocabulary)]
    if by_words:
        return by_words
    by_slot = [held for held in context.held if phrases & _slot_words(held.constraint.slot, vocabulary)]
    return [held for held in by_slot if held.constraint.op != "none"] or by_slot


def _literally(what: str, context: Context) -> tuple[list[Held], str]:
    """What is held whose value of several words stands in a phrase just so, and the phrase without it: "the series The
    Children of the Red King" speaks of no children."""
    rest, found = f" {fold(what)} ", []
    for held in context.held:
        for value in sorted((fold(v) for one in held.constraint.alternatives() for v in one.values), key=len):
            if " " in value and f" {value} " in rest:
                found.append(held)
                rest = rest.replace(f" {value} ", " ")
                break
    return found, rest.strip()


def _slot_words(slot: str, vocabulary: Vocabulary) -> set[str]:
    if slot == "people":
        return {word for role in vocabulary.catalogue.roles for word in vocabulary.spoken.all_words(role)}
    return vocabulary.spoken.all_words(slot)


def numbers_in(text: str, vocabulary: Vocabulary, slot: str | None = None) -> list[NumberSpan]:
    """The limits on numbers that a folded stretch of text states; ``slot`` is what they count where they do not say."""
    newest = vocabulary.newest or date.today().year
    return [
        span
        for span in find_numbers(
            text,
            vocabulary.number_patterns,
            vocabulary.spoken,
            default=slot,
            answer=slot,
            today=date(newest, 1, 1),
            newest=vocabulary.newest,
        )
        if span.slot is not None
    ]


def _same_numbers(what: str, held: Held, vocabulary: Vocabulary) -> bool:
    if held.constraint.op not in ("range", "outside"):
        return False
    ends = (held.constraint.low, held.constraint.high)
    return any(
        span.slot == held.constraint.slot and (span.low, span.high) == ends for span in numbers_in(what, vocabulary)
    )


def phrases_of(what: str, vocabulary: Vocabulary) -> set[str]:
    """Every run of words in a phrase, each also by its singular and by the values that it stands for."""
    language = vocabulary.language
    words = list(re.findall(r"[\w'-]+", fold(what)))
    joiner = " " if language.spaced else ""
    found: set[str] = set()
    for size in range(1, min(len(words), 5) + 1):
        for start in range(len(words) - size + 1):
            phrase = joiner.join(words[start : start + size])
            if phrase in language.stopwords or (phrase in language.item_words and size == 1):
                continue
            found |= {phrase, singular(phrase)}
            labels = (*vocabulary.label(phrase), *vocabulary.wish(phrase), *vocabulary.free_label(phrase))
            found |= {fold(value) for _, value in labels if value not in (YES, NO)}  # of every flag
            found |= {fold(vocabulary.shown_person(name)) for name in vocabulary.person(phrase)}
    return found


def values_of(held: Held, vocabulary: Vocabulary) -> set[str]:
    return {fold(value) for one in held.constraint.alternatives() for value in one.values}


def _senses_of(held: Held, vocabulary: Vocabulary) -> set[str]:
    """What catalogues may call the values that are held: "funny" may be kept as comedy."""
    return {fold(value) for word in values_of(held, vocabulary) for _, value in vocabulary.wish(word)}


def _words_of(held: Held, vocabulary: Vocabulary) -> set[str]:
    language = vocabulary.language
    dull = language.stopwords | language.item_words
    words = re.findall(r"[\w'-]+", fold(held.constraint.words))
    found = {word for word in words if word not in dull}
    bounds = {f"{end:g}" for end in (held.constraint.low, held.constraint.high) if end is not None}
    return found | {fold(held.constraint.words)} | bounds
