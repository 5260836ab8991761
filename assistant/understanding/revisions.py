"""What changes what stands: starting over, taking back, relaxing, rejecting, "seen it", "others", "again"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.language import singular
from assistant.text import fold
from assistant.types import Context, Held
from assistant.understanding.reading import Reading
from assistant.understanding.references import Reference, find_references, ids_of
from assistant.vocabulary import Vocabulary


def find_revisions(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """Note what a message takes back, rejects or asks for again; the words that say so are used up."""
    _new_subject(reading, context)
    if context.held:
        _undo(reading, context)
        _take_back(reading, vocabulary, context)
        _relax(reading, vocabulary, context)
    _again(reading, vocabulary, context)
    _seen(reading, vocabulary, context)
    _reject(reading, vocabulary, context)
    _others(reading, context)


def _new_subject(reading: Reading, context: Context) -> None:
    for match in reading.matches("new_subject"):
        reading.new_subject = True
        reading.refines = True
        reading.use_span(match.start(), match.end())


def _undo(reading: Reading, context: Context) -> None:
    for match in reading.matches("undo"):
        latest = max(held.turn for held in context.held)
        _drop(reading, [held for held in context.held if held.turn == latest])
        reading.use_span(match.start(), match.end())
        return


def _drop(reading: Reading, helds: Iterable[Held]) -> None:
    reading.take_back.extend(held.held_id for held in helds if held.held_id not in reading.take_back)
    reading.refines = True


# taking back


def _take_back(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    for match in reading.matches("take_back"):
        if not reading.free_span(match.start("what"), match.end("what")):
            continue
        helds = held_by(match["what"], vocabulary, context)
        if helds:
            _drop(reading, helds)
            reading.use_span(match.start(), match.end())


def held_by(what: str, vocabulary: Vocabulary, context: Context) -> list[Held]:
    """What the conversation holds that words speak of: by their value or the user's own words, else by their slot."""
    phrases = _phrases(what, vocabulary)
    by_value = [held for held in context.held if phrases & _values_of(held, vocabulary)]
    if by_value:
        return by_value
    by_words = [held for held in context.held if phrases & _words_of(held, vocabulary)]
    if by_words:
        return by_words
    return [held for held in context.held if phrases & vocabulary.spoken.all_words(held.constraint.slot)]


def _phrases(what: str, vocabulary: Vocabulary) -> set[str]:
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
            found |= {fold(value) for _, value in labels}
            found |= {fold(vocabulary.shown_person(name)) for name in vocabulary.person(phrase)}
    return found


def _values_of(held: Held, vocabulary: Vocabulary) -> set[str]:
    return {fold(value) for value in held.constraint.values}


def _words_of(held: Held, vocabulary: Vocabulary) -> set[str]:
    language = vocabulary.language
    dull = language.stopwords | language.item_words
    words = re.findall(r"[\w'-]+", fold(held.constraint.words))
    found = {word for word in words if word not in dull}
    bounds = {f"{end:g}" for end in (held.constraint.low, held.constraint.high) if end is not None}
    return found | {fold(held.constraint.words)} | bounds


# relaxing


def _relax(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """ "Longer is fine", "French would be ok too", "up to 120 is fine": what stood in the way goes."""
    spoken = vocabulary.spoken
    for match in reading.matches("relax"):
        what = re.sub(r"\s+", " ", match["what"]).strip()
        begin, end = match.start("what"), match.end("what")
        if not reading.free_span(begin, end):
            continue
        for words, up in ((spoken.more, True), (spoken.less, False)):
            word = next((w for w in words if re.search(reading.language.bounded(re.escape(w)), what)), None)
            if word is None or any(character.isdigit() for character in what):
                continue
            blocking = [
                held
                for held in context.held
                if held.constraint.slot == words[word]
                and (held.constraint.high if up else held.constraint.low) is not None
            ]
            if blocking:
                _drop(reading, blocking)
                reading.use_span(match.start(), match.end())
        if any(character.isdigit() for character in what):  # "up to 120 is fine": the number is read as one
            reading.use_span(end, match.end())
        _mark_widening(reading, vocabulary, context, match, what)


def _mark_widening(reading: Reading, vocabulary: Vocabulary, context: Context, match: re.Match[str], what: str) -> None:
    """ "French is fine too": the value will stand beside those of its slot that are held."""
    slots = {slot for phrase in _phrases(what, vocabulary) for slot, _ in vocabulary.label(phrase)}
    wider = [held for held in context.held if held.constraint.op == "any" and held.constraint.slot in slots]
    excluded = [
        held
        for held in context.held
        if held.constraint.op == "none" and _phrases(what, vocabulary) & _values_of(held, vocabulary)
    ]
    if excluded:
        _drop(reading, excluded)
        reading.use_span(match.start(), match.end())
    elif wider:
        reading.widened.extend(wider)
        reading.use_span(match.end("what"), match.end())
        reading.refines = True


# rejecting and asking again


def _again(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    for match in reading.matches("again"):
        references = [
            r for r in find_references(reading, vocabulary, context, loose=True) if reading.free_span(r.start, r.end)
        ]
        references = [r for r in references if not r.spoken_last] or references
        known = [i for i in ids_of(references) if i in context.shown or i in context.rejected or i in context.table]
        if known and len(reading.tokens) <= MAX_AGAIN:
            reading.again.extend(known)
            reading.references.extend(known)
            _use(reading, references, match)
            return


MAX_AGAIN = 10
"""Words of a message that asks for an item again; longer ones tell a story in which something happens again."""


def _seen(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    for match in reading.matches("seen"):
        end = reading.clause_end(match.end() - 1)
        references = list(find_references(reading, vocabulary, context, loose=True, start=match.start(), end=end))
        bare = not references and not re.search(r"\w", reading.plain[match.end() : end])
        ids = ids_of(references) or (_last_spoken_of(reading, context) if bare else [])
        if not ids:
            continue
        reading.seen.extend(ids)
        reading.references.extend(ids)
        _use(reading, references, match)


def _last_spoken_of(reading: Reading, context: Context) -> Sequence[str]:
    return reading.seen[-1:] or reading.rejected[-1:] or context.focus or context.table[:1]


def _reject(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    pool = context.table
    for match in reading.matches("reject_those"):
        if pool and reading.free_span(match.start(), match.end()):
            reading.rejected.extend(pool)
            _use(reading, (), match)
    for match in reading.matches("reject"):
        references = find_references(reading, vocabulary, context, loose=True, start=match.end())
        near = [r for r in references if r.start - match.end() <= 1][:1]
        if near and reading.free_span(match.start(), match.end()):
            reading.rejected.extend(near[0].ids)
            reading.references.extend(near[0].ids)
            _use(reading, near, match)
    for match in reading.matches("reject_behind"):
        begin = max((o for o in reading.openings if o <= match.start()), default=0)
        references = find_references(reading, vocabulary, context, loose=True, start=begin, end=match.start())
        whole = not re.search(r"\w", reading.plain[begin : match.start()]) and not context.question
        ids = ids_of(references[-1:]) or (list(context.focus[:1]) if whole else [])
        if ids and reading.free_span(match.start(), match.end()):
            reading.rejected.extend(ids)
            reading.references.extend(ids)
            _use(reading, references[-1:], match)


def _others(reading: Reading, context: Context) -> None:
    if not (context.table or context.shown):
        return
    for match in reading.matches("others"):
        if reading.free_span(match.start(), match.end()):
            _use(reading, (), match)


def _use(reading: Reading, references: Sequence[Reference], match: re.Match[str]) -> None:
    for reference in references:
        reading.use_span(reference.start, reference.end)
    reading.use_span(match.start(), match.end())
    reading.refines = True


# replacing


def find_replaced(reading: Reading, context: Context) -> None:
    """ "Actually make it a drama": what is held of the slots that the message names gives way, wishes too."""
    matches = [match for match in reading.matches("instead") if reading.free_span(match.start(), match.end())]
    if not matches:
        return
    named = {c.slot for c in (*reading.constraints, *reading.wishes) if c.op in ("any", "all", "range")}
    gone = [
        held
        for held in context.held
        if held.constraint.slot in named and held.constraint.op in ("any", "all", "range") and held.turn < context.turn
    ]
    if gone:
        _drop(reading, gone)
        for match in matches:
            reading.use_span(match.start(), match.end())
