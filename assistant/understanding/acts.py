"""What a message is for: questions about items, taking one, talk about oneself, small talk, and what is none of ours.

The order in which the kinds are tried is fixed, the more particular before the more general.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.types import Context, Intent
from assistant.understanding.reading import Reading, cue_at, negated_at
from assistant.understanding.references import Reference, behind_cue, find_references, ids_of
from assistant.understanding.titles import unknown_title
from assistant.vocabulary import Vocabulary

QUESTIONS: tuple[Intent, ...] = ("what_if", "why_not", "why", "compare", "about")
"""Kinds of messages that ask about items and want no list."""
SHORT = 8
"""Words of a message that can be a question about what is on the table without saying so."""
MOST_ASKED_WORDS = 2
"""Words beside a position that only name what is asked of it."""
MOST_TAKEN = 2
"""Items that are taken at once: "them, please" does not take a whole list."""
MOST_PROVED = 3
"""Cards whose evidence is told where a message doubts all of them."""


def find_act(reading: Reading, vocabulary: Vocabulary, context: Context, *, specifies: bool = False) -> Intent | None:
    """The kind of a message that is more than a request; its references and the slots it asks about go to ``reading``.

    With ``specifies`` the message asks for an item by its properties: it takes none, and asks about none.
    """
    if reading.first("profile"):
        return "profile"
    for name in ("told_mood", "complaint"):
        for match in reading.matches(name):
            if name == "told_mood" or not find_references(reading, vocabulary, context, loose=True, start=match.end()):
                reading.use_span(match.start(), match.end())
    intents: tuple[Intent, ...] = ("what_if", "why_not")
    for intent in intents:
        if found := _with_references(reading, vocabulary, context, intent):
            return found
    if found := _why(reading, vocabulary, context) or _doubts(reading, vocabulary, context):
        return found
    if specifies:
        return None
    if _compares(reading, vocabulary, context):
        return "compare"
    if _asks_for_title(reading, vocabulary, context) or _takes_and_asks(reading, vocabulary, context):
        return "about"
    if _accepts(reading, vocabulary, context):
        return "accept"
    return "about" if _asks_about(reading, vocabulary, context) else None


def _with_references(reading: Reading, vocabulary: Vocabulary, context: Context, intent: Intent) -> Intent | None:
    """``what_if`` and ``why_not``: an item is named, or the words leave no other meaning."""
    for match in reading.matches(intent):
        references = find_references(reading, vocabulary, context, loose=True, start=match.start())
        named = [r for r in references if r.titled] or [r for r in references if not r.spoken_last] or references
        if not references and intent == "why_not":
            if (missing := unknown_title(reading, vocabulary, match.end())) is None:
                continue
            reading.unknown.append(missing)
        if not references and intent == "what_if" and not _unknown_title(reading, match.end()):
            continue
        reading.references.extend(ids_of(named))
        return intent
    if intent == "why_not" and reading.first("why_none"):
        return intent
    return None


def _unknown_title(reading: Reading, start: int) -> bool:
    """Whether something written like a name stands behind a place: a title that the catalogue does not have."""
    return any(token.start >= start and token.raw[:1].isupper() and len(token.raw) > 1 for token in reading.tokens)


def _doubts(reading: Reading, vocabulary: Vocabulary, context: Context) -> Intent | None:
    """ "Says who?", "you are making this up": what was said of the cards is asked for, with its evidence."""
    match = reading.first("evidence")
    if match is None or not context.table:
        return None
    references = [r for r in find_references(reading, vocabulary, context, loose=True) if not r.spoken_last]
    asked = context.held or context.like or context.search_text  # of what was not asked for, one reason will do
    reading.references.extend(ids_of(references) or context.focus or context.table[: MOST_PROVED if asked else 1])
    return "why"


def _why(reading: Reading, vocabulary: Vocabulary, context: Context) -> Intent | None:
    if reading.first("pick_one"):
        reading.references.extend(context.table[:1])
        return "why" if context.table else None
    if (match := reading.first("why")) is None:
        return None
    references = find_references(reading, vocabulary, context, loose=True, start=match.start())
    if all(r.spoken_last for r in references):  # "my friend likes Alien, should I watch it?"
        titled = [r for r in find_references(reading, vocabulary, context, loose=True) if r.titled]
        references = titled[-1:] or references
    default = context.focus or context.table[:1]
    if not references and (not default or len(reading.tokens) > SHORT):
        return None
    reading.references.extend(ids_of(references) or default)
    return "why"


# comparing


def _compares(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    for match in reading.matches("compare"):
        references = find_references(reading, vocabulary, context, loose=True)
        references = [r for r in references if not behind_cue(reading, r, reading.language.cues["like"])]
        ids = _compared(reading, match, references, vocabulary, context)
        if len(ids) > 1:
            reading.references.extend(ids)
            _ask_by_extreme(reading, vocabulary)
            if not reading.asked:
                _ask(reading, vocabulary)
            if not reading.asked:  # "which has the best rating?"
                phrases = [reading.phrase(n, n + 1) for n in range(len(reading.tokens))]
                reading.asked.extend(slot for phrase in phrases for slot in vocabulary.spoken.slots_named(phrase))
            return True
    return _either(reading, vocabulary, context)


def _either(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    """ "The Godfather or Goodfellas?": two titles, and nothing else that is wanted."""
    joint = reading.first("either_title")
    if joint is None:
        return False
    titled = [r for r in find_references(reading, vocabulary, context, loose=True) if r.titled]
    if len(titled) != 2 or not titled[0].end <= joint.start() < titled[1].start or _unlike(reading, titled) != titled:
        return False
    dull = {*reading.language.stopwords, *reading.language.item_words, *reading.language.words("chatter")}
    outside = [t for t in reading.tokens if not any(r.start <= t.start < r.end for r in titled)]
    seen = any(cue_at(reading, n, reading.language.cues["seen"]) for n in range(len(reading.tokens)))
    if seen or any(token.text not in dull for token in outside):
        return False
    reading.references.extend(ids_of(titled))
    return True


def _compared(
    reading: Reading, match: re.Match[str], references: Sequence[Reference], vocabulary: Vocabulary, context: Context
) -> list[str]:
    """The items that are compared: those named, else those on the table."""
    named = [r for r in references if r.titled or not _is_extreme(reading, r)]
    if len(context.focus) == 2:  # "them": the two that were spoken of last, rather than the list
        named = [r for r in named if r.titled or r.ids != context.table]
    ids = ids_of(named)
    if len(ids) > 1:
        return ids
    if len(ids) == 1:  # "how does it compare": to what was spoken of, or shown first
        others = [i for i in (*context.focus, *context.table) if i not in ids]
        return [*ids, *others[:1]] if len(context.table) == 2 else ids
    of_two = reading.first("of_two") is not None
    pool = context.focus if len(context.focus) > 1 else context.table
    if of_two:
        return list(pool[:2])
    asks_extreme = any(True for _ in _extremes(reading, vocabulary))
    return list(pool) if asks_extreme or len(reading.tokens) <= SHORT else []


def _is_extreme(reading: Reading, reference: Reference) -> bool:
    return any(
        match.start() == reference.start and match.end() == reference.end for match in reading.matches("extreme")
    )


def _extremes(reading: Reading, vocabulary: Vocabulary) -> list[str]:
    """Slots that a comparative or superlative of the message is about."""
    spoken = vocabulary.spoken
    found: dict[str, None] = {}
    for words in (spoken.more, spoken.less, spoken.most, spoken.least):
        for word, slot in words.items():
            if re.search(reading.language.bounded(re.escape(word)), reading.plain):
                found[slot] = None
    return list(found)


def _ask_by_extreme(reading: Reading, vocabulary: Vocabulary) -> None:
    reading.asked.extend(slot for slot in _extremes(reading, vocabulary) if slot not in reading.asked)


# asking about an item


def _asks_about(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    if (spoken := context.focus or context.table[:1]) and reading.first("about_bare"):
        reading.references.extend(spoken)
        return True
    if reading.first("others"):
        return False
    match = reading.first("about") or reading.first("about_have")
    if match is None:
        return _names_slot_of_card(reading, vocabulary, context)
    cues = (*reading.language.cues["like"], *reading.language.words("than"))
    references = find_references(reading, vocabulary, context, loose=True, start=match.start())
    references = [r for r in references if not behind_cue(reading, r, cues)]
    references = [r for r in references if not negated_at(reading, r.start)]
    if all(r.spoken_last for r in references):  # "Akira, is it anime?"
        opening = [r for r in find_references(reading, vocabulary, context, loose=True) if _opens(reading, r)]
        references = opening or references
    asked_for = reading.first("about_have")
    numbered = bool(references) and references[0].titled and re.match(r" \d+\b", reading.plain[references[0].end :])
    looked_for = asked_for is not None and (numbered or not references)
    missing = unknown_title(reading, vocabulary, asked_for.end()) if asked_for is not None and looked_for else None
    if missing is not None:  # "do you have Shrek 2?"
        reading.unknown.append(missing)
        return True
    if reading.first("about") is None and references:
        between = reading.plain[match.end() : references[0].start].strip()
        if between.strip("\"'“”‘’") not in ("", *reading.language.words("title_lead")):
            return False
    if references and all(r.spoken_last for r in references) and reading.first("indefinite"):
        return False
    _ask(reading, vocabulary)
    if references:
        reading.references.extend(ids_of([r for r in references if not r.spoken_last] or references))
        return True
    if reading.asked and context.focus and len(reading.tokens) <= 3:
        reading.references.extend(context.focus)
        return True
    reading.asked.clear()
    return False


def _names_slot_of_card(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    """ "3", "second one: year?": a position alone, or beside what is asked of it."""
    numeric = context.question is not None and context.question.slot in vocabulary.spoken.numeric
    if re.fullmatch(r"\W*\d\W*", reading.plain) and not numeric:
        references = find_references(reading, vocabulary, context, loose=True)
    elif len(reading.tokens) <= SHORT and reading.text.rstrip().endswith("?"):
        references = find_references(reading, vocabulary, context, loose=False)
        outside = [t.text for t in reading.tokens if not any(r.start <= t.start < r.end for r in references)]
        reading.asked.extend(slot for word in outside for slot in vocabulary.spoken.slots_named(word))
        references = references if reading.asked and len(outside) <= MOST_ASKED_WORDS else []
    else:
        return False
    reading.references.extend(ids_of(references))
    return bool(references)


def _opens(reading: Reading, reference: Reference) -> bool:
    """Whether a message begins with a title that stands by itself."""
    first, last = reading.tokens_of(reference.start, reference.end)
    return reference.titled and reference.start <= reading.lead and reading.punctuated(last - 1) and last > first


def _asks_for_title(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    """ "Show me 12 Angry Men": an item that was not shown yet, by its title and nothing else."""
    for match in reading.matches("about_title"):
        references = find_references(reading, vocabulary, context, loose=True, start=match.end())
        whole = len(references) == 1 and references[0].titled and references[0].ids[0] not in context.shown
        if whole and not re.search(r"\w", reading.plain[match.end() : references[0].start]):
            rest = reading.plain[references[0].end :]
            if not re.search(r"\w", _without_fillers(reading, rest)):
                reading.references.extend(references[0].ids)
                return True
    return False


def _ask(reading: Reading, vocabulary: Vocabulary) -> None:
    """Note the slots that a question is about; "how long" is about the length, where the catalogue has one."""
    for slot, patterns in vocabulary.spoken.asks.items():
        if any(pattern.search(reading.plain) for pattern in patterns):
            reading.asked.append(slot)
    if not reading.asked:  # "is it in French?"
        for index in range(len(reading.tokens)):
            phrase = reading.phrase(index, index + 1)
            if labels := vocabulary.label(phrase) or vocabulary.wish(phrase):
                reading.asked.extend(dict.fromkeys(slot for slot, _ in labels))


# taking one


def _takes_and_asks(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    """ "The third one sounds nice. Is it sad?": the question counts, about what was taken before it."""
    taken = [match for name in ("accept", "accept_behind", "accept_bare") for match in reading.matches(name)]
    begin = min((match.end() for match in taken), default=len(reading.plain))
    question = next((match for match in reading.matches("about") if match.start() >= begin), None)
    if question is None or not context.table:
        return False
    references = find_references(reading, vocabulary, context, loose=True)
    behind = [r for r in references if r.start >= question.start()]
    _ask(reading, vocabulary)
    if reading.asked and not behind:  # "the last one. what's the runtime"
        behind = references
    if not behind or reading.first("others"):
        reading.asked.clear()
        return False
    reading.references.extend(ids_of([r for r in behind if not r.spoken_last] or behind))
    firm = [r for match in reading.matches("accept") for r in references if match.end() <= question.start() > r.start]
    reading.accepted.extend(ids_of([r for r in _unlike(reading, firm) if not r.spoken_last]))
    return True


def _accepts(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    for match in reading.matches("accept"):
        end = reading.clause_end(match.end())
        begin = max((o for o in reading.openings if o <= match.start()), default=match.start())
        references = find_references(reading, vocabulary, context, loose=True, start=begin, end=end)
        if references and all(r.spoken_last for r in references):  # "that's what I wanted: Alien"
            behind = find_references(reading, vocabulary, context, loose=False, start=end)
            references = [r for r in behind if not r.spoken_last] or references
        if chosen := _unlike(reading, references):
            return _accept(reading, chosen, match)
    for match in reading.matches("accept_behind"):
        references = find_references(reading, vocabulary, context, loose=True, end=match.start())
        near = [r for r in references if len(reading.plain[r.end : match.start()].split()) <= 1]
        near = [r for r in near if len(r.ids) <= MOST_TAKEN]
        if (chosen := _unlike(reading, near)[-1:]) and not negated_at(reading, match.start()):
            return _accept(reading, chosen, match)
    if context.question is None and (bare := reading.first("accept_bare")):
        taken = context.focus[:1] or (context.table if len(context.table) == 1 else ())
        if bare.end() >= len(reading.plain.rstrip(" .!")) and taken:
            reading.use_span(bare.start(), bare.end())
            reading.accepted.extend(taken)
            reading.references.extend(taken)
            return True
    return _takes_alone(reading, vocabulary, context)


def _unlike(reading: Reading, references: Sequence[Reference]) -> list[Reference]:
    """References without those that only say what something is like, or more than."""
    cues = (*reading.language.cues["like"], *reading.language.words("than"))
    return [r for r in references if not behind_cue(reading, r, cues) and not negated_at(reading, r.start)]


def _accept(reading: Reading, references: Sequence[Reference], match: re.Match[str]) -> bool:
    for reference in references:
        reading.use_span(reference.start, reference.end)
    reading.use_span(match.start(), match.end())
    chosen = ids_of([r for r in references if not r.spoken_last] or references)
    reading.accepted.extend(chosen)
    reading.references.extend(chosen)
    return True


def _takes_alone(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    """ "The second one.": a position alone, when nothing was asked, is a choice."""
    dull = reading.language.stopwords | reading.language.item_words
    for opening in reading.openings:
        references = find_references(reading, vocabulary, context, loose=False, start=opening)
        if not references or references[0].start != opening:
            continue
        if references[0].titled and (
            opening == 0 or context.question is not None or references[0].ids[0] not in context.table
        ):
            continue
        rest = [
            token
            for token in reading.tokens
            if token.start >= opening
            and not any(r.start <= token.start < r.end for r in references)
            and token.text not in dull
        ]
        before = reading.plain[:opening].strip(" ,.!")
        negated = any(token.text in reading.language.cues["negation"] for token in reading.tokens)
        if not rest and not negated and "?" not in reading.text and (not before or reading.first("gladly")):
            return _accept(reading, references[:1], next(re.finditer("", reading.plain)))
    return False


# talk


def is_small_talk(reading: Reading) -> bool:
    """Whether nothing is left of a message besides greetings and the like."""
    left = list(reading.plain)
    spans = [(m.start(), m.end()) for m in reading.matches("small_talk")]
    greeting = reading.language.bounded(reading.language.lists["greeting"])
    spans.extend((m.start(), m.end()) for m in re.finditer(greeting, reading.plain))
    for start, end in spans:
        left[start:end] = " " * (end - start)
    return bool(spans or not reading.plain.strip()) and not re.search(r"\w", _without_fillers(reading, "".join(left)))


def _without_fillers(reading: Reading, text: str) -> str:
    return re.sub(reading.language.bounded(reading.language.expanded("{filler}")), " ", text)


def is_out_of_scope(reading: Reading, vocabulary: Vocabulary, *, understood: bool) -> bool:
    """Whether a message asks for something that has nothing to do with the catalogue.

    A question or command of a known kind that opens the message; or a short question without any word that wants an item,
    when nothing in it was understood.
    """
    if vocabulary.catalogue.titles.get(reading.plain.strip(" .!?")):
        return False
    first = max((o for o in reading.openings if not re.search(r"[.;!?\n]", reading.plain[:o])), default=0)
    for match in reading.matches("out_of_scope"):
        if match.start() <= max(first, 30):
            return True
    if understood or len(reading.tokens) > 12 or reading.first("wants"):
        return False
    return reading.text.rstrip().endswith(("?", "？")) and reading.first("question") is not None
