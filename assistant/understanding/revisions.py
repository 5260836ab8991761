"""What changes what stands: starting over, taking back, relaxing, rejecting, "seen it", "others", "again"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from assistant.language import any_of
from assistant.types import Constraint, Context, Held
from assistant.understanding.held import held_by, numbers_in, phrases_of, values_known, values_of
from assistant.understanding.people import find_known_work
from assistant.understanding.reading import Reading, negated_at
from assistant.understanding.references import Reference, find_references, ids_of
from assistant.vocabulary import Vocabulary


def find_revisions(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """Note what a message takes back, rejects or asks for again; the words that say so are used up."""
    _new_subject(reading, context)
    _needless(reading, vocabulary, context)
    _reasons(reading, vocabulary, context)
    if context.held or context.shown:
        _take_back(reading, vocabulary, context)
    if context.held:
        _undo(reading, vocabulary, context)
        for match in reading.matches("any_slot"):
            reading.use_span(match.start(), match.end())
        _readmit(reading, vocabulary, context)
        _relax(reading, vocabulary, context)
    _again(reading, vocabulary, context)
    _seen(reading, vocabulary, context)
    _others(reading, context)


def name_cards(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """ "Cloudburst rain jacket is not for me": the words of a card's title ask for no jackets."""
    for reference in find_references(reading, vocabulary, context, loose=True):
        first, last = reading.tokens_of(reference.start, reference.end)
        on_table = reference.titled and bool({*reference.ids} & {*context.table})
        judged = (
            reference.start in reading.openings
            and last < len(reading.tokens)
            and (
                reading.tokens[last].text in reading.language.words("being")
                or reading.plain[reference.end :][:1] == "?"
            )
        )
        if on_table and (last - first > 1 or judged) and reading.free_span(reference.start, reference.end):
            reading.use_span(reference.start, reference.end)
            reading.references.extend(reference.ids)
            reading.refines = True


def _new_subject(reading: Reading, context: Context) -> None:
    for match in reading.matches("new_subject"):
        reading.new_subject = True
        reading.refines = True
        reading.use_span(match.start(), match.end())


def _undo(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    for match in reading.matches("undo"):
        latest = max(held.turn for held in context.held)
        if named := held_by(reading.plain[: match.start()], vocabulary, context):  # "I said from Japan, forget that"
            drop(reading, named)
            reading.use_span(0, match.end())
            return
        drop(reading, [held for held in context.held if held.turn == latest])
        reading.use_span(match.start(), match.end())
        return


def drop(reading: Reading, helds: Iterable[Held]) -> None:
    """Note that some of what is held no longer counts."""
    reading.take_back.extend(held.held_id for held in helds if held.held_id not in reading.take_back)
    reading.refines = True


# taking back


def _take_back(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    for name in ("swap", "take_back"):
        for match in reading.matches(name):
            if not reading.free_span(match.start("what"), match.end("what")):
                continue
            helds, end = held_by(match["what"], vocabulary, context), match.end()
            if name == "swap" and not helds:
                helds, end = _swapped(reading, match, vocabulary, context)
            if helds:
                drop(reading, helds)
            elif name != "swap":
                continue
            reading.use_span(match.start(), end)  # of two, the one that goes is not asked for, held or not


def _swapped(
    reading: Reading, match: re.Match[str], vocabulary: Vocabulary, context: Context
) -> tuple[list[Held], int]:
    """What goes, and where the words for it end, where they hold a joining word themselves: "swap dealing with chess for
    go"."""
    joining = re.compile(reading.language.bounded(any_of(reading.language.words("swap_joining"))))
    for joint in joining.finditer(reading.plain, match.end("what"), reading.clause_end(match.end("what"))):
        what = reading.plain[match.start("what") : joint.start()].strip()
        if what and (helds := held_by(what, vocabulary, context)):
            return helds, joint.start()
    return [], match.end()


def _needless(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """ "It needn't be French": no promise of French, whether one is held or not."""
    for match in reading.matches("needless"):
        if not reading.free_span(match.start("what"), match.end("what")):
            continue
        if helds := held_by(match["what"], vocabulary, context):
            drop(reading, helds)
        elif not (values_known(match["what"], vocabulary) or numbers_in(match["what"], vocabulary)):
            continue
        reading.use_span(match.start(), match.end())


def _reasons(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """ "No, it's American", "not the first, it's a drama": what an unwanted item is, is not wanted."""
    refuses = any(match.start() <= reading.lead for match in reading.matches("refusal"))
    if not context.table or not (reading.rejected or refuses):
        return
    for match in reading.matches("lacking"):  # "it's not funny": funny is what is wanted
        if reading.free_span(match.start(), match.end()):
            reading.use_span(match.start(), match.end())
            reading.refines = True
    for match in reading.matches("reason"):
        end = reading.clause_end(match.end())
        if not reading.free_span(match.start(), match.end()) or _describes(reading, match.start()):
            continue
        for token in reading.tokens:
            if token.start < match.end() or token.start >= end:
                continue
            if token.text in reading.language.words("turns_away"):
                break
            token.negated = True
        first, last = reading.tokens_of(match.start(), match.end())
        reading.use(first, last)
        reading.refines = True


def _describes(reading: Reading, start: int) -> bool:
    """Whether words before a place name what is wanted: "something that's playful" is no reason against anything."""
    index = next((n for n in reversed(range(len(reading.tokens))) if reading.tokens[n].end <= start), None)
    if index is None or reading.punctuated(index):
        return False
    return reading.tokens[index].text in (*reading.language.item_words, *reading.language.words("wanted_thing"))


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
                drop(reading, blocking)
            reading.use_span(match.start(), match.end())
            reading.refines = True
        if _relax_numbers(reading, vocabulary, context, match):
            continue
        if any(character.isdigit() for character in what):  # "up to 120 is fine": the number is read as one
            reading.use_span(end, match.end())
        _mark_widening(reading, vocabulary, context, match, what)


def _readmit(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """ "You can include horror again": what was ruled out no longer is."""
    for match in reading.matches("readmit"):
        phrases = phrases_of(match["what"], vocabulary)
        ruled_out = [h for h in context.held if h.constraint.op == "none" and phrases & values_of(h, vocabulary)]
        if ruled_out and reading.free_span(match.start(), match.end()):
            drop(reading, ruled_out)
            reading.use_span(match.start(), match.end())


def _relax_numbers(reading: Reading, vocabulary: Vocabulary, context: Context, match: re.Match[str]) -> bool:
    """ "Two and a half hours is fine", "the 80s would do too": the limit that is held reaches so far."""
    spans = numbers_in(match["what"], vocabulary)
    limited = [h.constraint.slot for h in context.held if h.constraint.op == "range" and h.constraint.slot != "year"]
    language = reading.language
    small = {*language.numbers, *language.words("articles"), *language.stopwords, *language.words("chatter")}
    counted = [word for word in re.findall(r"[^\W\d_]+", match["what"]) if word not in small]
    if not spans and limited and not counted:  # "actually 100 is fine"; "I take a 28 cm" speaks of something else
        bare = numbers_in(match["what"], vocabulary, limited[-1])
        ends = [span.low if span.high is None else span.high for span in bare]
        spans = [replace(span, low=end, high=end, soft=False) for span, end in zip(bare, ends, strict=True)]
        spans = [span for span in spans if span.low is not None and _could_be(span.low, limited[-1], vocabulary)]
    for span in spans:
        held = next((h for h in context.held if h.constraint.op == "range" and h.constraint.slot == span.slot), None)
        if held is None or span.slot is None or span.low is None or span.high is None:
            continue
        low, high = held.constraint.low, held.constraint.high
        if span.soft:
            middle = (span.low + span.high) / 2
            low, high = (
                (min(low, middle) if low is not None else None),
                (max(high, middle) if high is not None else None),
            )
        else:
            low, high = (
                (min(low, span.low) if low is not None else None),
                (max(high, span.high) if high is not None else None),
            )
        words = reading.text[match.start() : match.end()].strip()
        first, last = reading.tokens_of(match.start(), match.end())
        reading.add(
            Constraint(slot=span.slot, op="range", low=low, high=high, words=words), first, last, promised=held.promised
        )
        drop(reading, [held])
        reading.use_span(match.start(), match.end())
        return True
    return False


def _could_be(number: float, slot: str, vocabulary: Vocabulary) -> bool:
    """Whether a number may be one of a slot: "a 45" is no rating of a catalogue whose best is 5."""
    known = vocabulary.catalogue.numbers[slot]
    return bool(np.nanmin(known) <= number <= np.nanmax(known))


def _mark_widening(reading: Reading, vocabulary: Vocabulary, context: Context, match: re.Match[str], what: str) -> None:
    """ "French is fine too": the value will stand beside those of its slot that are held."""
    slots = {slot for phrase in phrases_of(what, vocabulary) for slot, _ in vocabulary.label(phrase)}
    wider = [held for held in context.held if held.constraint.op == "any" and held.constraint.slot in slots]
    excluded = [
        held
        for held in context.held
        if held.constraint.op == "none" and phrases_of(what, vocabulary) & values_of(held, vocabulary)
    ]
    if excluded:
        drop(reading, excluded)
        reading.use_span(match.start(), match.end())
    elif wider:
        reading.widened.extend(wider)
        reading.use_span(match.end("what"), match.end())
        reading.refines = True


# rejecting and asking again


def _again(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    for match in reading.matches("about_title"):  # "show me Alien", which was shown before
        references = find_references(reading, vocabulary, context, loose=True, start=match.end())
        if len(references) == 1 and references[0].titled and references[0].ids[0] in context.shown:
            between = reading.plain[match.end() : references[0].start]
            if not re.search(r"\w", between) and reading.punctuated(
                reading.tokens_of(references[0].start, references[0].end)[1] - 1
            ):
                reading.again.extend(references[0].ids)
                reading.references.extend(references[0].ids)
                _use(reading, references, match)
                return
    for match in reading.matches("again"):
        references = [
            r for r in find_references(reading, vocabulary, context, loose=True) if reading.free_span(r.start, r.end)
        ]
        references = [r for r in references if not r.spoken_last or _beside(reading, r, match)]
        references = [r for r in references if not r.spoken_last] or references
        if any(negated_at(reading, r.start) for r in references):  # "not La La Land again"
            reading.rejected.extend(i for i in ids_of(references) if i not in reading.rejected)
            _use(reading, references, match)
            return
        known = [i for i in ids_of(references) if i in context.shown or i in context.rejected or i in context.table]
        if known and len(reading.tokens) <= MAX_AGAIN:
            reading.again.extend(known)
            reading.references.extend(known)
            _use(reading, references, match)
            return


def _beside(reading: Reading, reference: Reference, match: re.Match[str]) -> bool:
    """Whether no word stands between a reference and a match: "back to horror, she is asleep" asks for nobody again."""
    begin, end = min(reference.end, match.end()), max(reference.start, match.start())
    return not re.search(r"\w", reading.plain[begin:end])


MAX_AGAIN = 10
"""Words of a message that asks for an item again; longer ones tell a story in which something happens again."""


def _seen(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    for match in reading.matches("seen_much"):  # "I've seen most of Kurosawa" wants nothing of it
        references = find_references(reading, vocabulary, context, loose=True, start=match.start())
        if not references:
            end = reading.clause_end(match.end() - 1)
            if re.search(reading.language.bounded(any_of(reading.language.words("every"))), match.group()):
                reading.seen.extend(find_known_work(reading, vocabulary, match.end(), end))
                reading.refines = True
            reading.use_span(match.start(), end)
    for match in reading.matches("seen"):
        if reading.plain[: match.start()].endswith(reading.language.words("asks_whether")):
            continue  # "have I seen it?"
        end = reading.clause_end(match.end() - 1)
        references = list(find_references(reading, vocabulary, context, loose=True, start=match.start(), end=end))
        references = [r for r in references if r.start != match.start()]  # "he's read it"
        bare = (
            not references
            and match.start() in reading.openings
            and not re.search(r"\w", reading.plain[match.end() : end])
        )
        ids = ids_of(references) or (_last_spoken_of(reading, context) if bare else [])
        if not ids:
            continue
        reading.seen.extend(ids)
        reading.references.extend(ids)
        _use(reading, references, match)


def _last_spoken_of(reading: Reading, context: Context) -> Sequence[str]:
    return reading.seen[-1:] or reading.rejected[-1:] or context.focus or context.table[:1]


def find_rejections(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """Note the items that a message does not want; the words that say so are used up."""
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
        opens = match.start() in reading.openings or len(reading.tokens) <= MAX_AGAIN
        if not opens or not reading.free_span(match.start(), match.end()):
            continue
        _use(reading, (), match)
        for word in re.finditer(r"\w+", match.group()):
            number = int(word.group()) if word.group().isdigit() else reading.language.numbers.get(word.group(), 0)
            if number > 1 or (number and word.start() == 0):  # "another one" asks for no number
                reading.k = number


def _use(reading: Reading, references: Sequence[Reference], match: re.Match[str]) -> None:
    for reference in references:
        reading.use_span(reference.start, reference.end)
    reading.use_span(match.start(), match.end())
    reading.refines = True
