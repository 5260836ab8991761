"""What a message is for, and what it says of the cards on the table and of the user."""

from __future__ import annotations

import re
from functools import cache

from assistant.language import Language, load_language
from assistant.types import Context, Intent
from assistant.unspaced.critiques import find_critiques, is_fault
from assistant.unspaced.gazetteer import Gazetteer
from assistant.unspaced.marks import ABOUT, SHORT, Notes, Talk, cue_in
from assistant.unspaced.references import find_references
from assistant.unspaced.statements import find_statements
from assistant.unspaced.words import any_of, load_phrases

_ASKS = re.compile(r".*吗$")
"""A clause that asks."""


def talk_of(notes: Notes, gazetteer: Gazetteer, language: Language, context: Context) -> Talk:
    """Read questions, references, critiques, rejections and statements, and use up their words."""
    talk = Talk(under_way=context.turn > 1 or bool(context.held or context.table))
    if notes.has(language.words("greeting")) and not _greeted(notes, language):
        talk.greeting = True
        notes.use(0, len(notes.plain))
        return talk
    if cue_in(notes, language, "start_over"):
        talk.new_subject = True
        talk.under_way = True
        talk.intent = "refine"
    find_statements(notes, gazetteer, language, talk)
    marked = [gazetteer.catalogue.ids[mark.rows[0]] for mark in sorted(notes.marks, key=lambda m: m.start) if mark.rows]
    pointed = find_references(notes, gazetteer, context)
    talk.references = tuple(dict.fromkeys(pointed))
    _questions(notes, language, context, talk, marked)
    if talk.intent is None or talk.intent == "refine":
        _answers(notes, gazetteer, language, context, talk, pointed)
        find_critiques(notes, gazetteer, context, talk, tuple(pointed or marked))
    if talk.intent in ABOUT and marked:
        talk.references = tuple(dict.fromkeys((*pointed, *marked)))
    if talk.new_subject and talk.intent == "refine":
        left = Notes.of(notes.left()).left()
        talk.intent = None if len(left) > 1 or notes.constraints else "refine"
    return talk


def _asks_about(notes: Notes, language: Language) -> bool:
    """ "第二部有刘德华吗", "那部是什么时候的": a question about what is pointed at, and no request beside it."""
    plain = notes.plain.rstrip(" ?？!！。呢啊呀")
    _, end, _ = max(notes.pointers, default=(0, 0, ()))
    behind = plain[end:].lstrip("里面中的，, ")
    if any(word in plain for word in (*language.words("asks_others"), *_refusals(language.code))):
        return False
    asked = any(word in behind for word in language.words("interrogative"))
    return asked or (bool(_ASKS.match(plain)) and behind.startswith(language.words("asked_of")))


def _greeted(notes: Notes, language: Language) -> str:
    """What a message says beside greetings and thanks."""
    polite = any_of((*language.words("greeting"), *language.words("courtesy")))
    return "".join(character for character in re.sub(polite, "", notes.plain) if character.isalnum())


# questions


def _questions(notes: Notes, language: Language, context: Context, talk: Talk, marked: list[str]) -> None:
    """Questions about items; without anything they could be about, a message is none."""
    spoken = bool(talk.references or marked or context.table)
    if not spoken and not notes.has(language.words("tastes")):
        return
    if cue_in(notes, language, "tastes"):
        talk.intent = "profile"
        return
    order: tuple[tuple[str, Intent], ...] = (
        ("what_if", "what_if"), ("why_not", "why_not"), ("why", "why"), ("compare", "compare"), ("about", "about"),
    )  # fmt: skip
    asked = bool(talk.references) and _asks_about(notes, language)
    for name, intent in order:
        cue = cue_in(notes, language, name, use=False)
        if not cue and not (name == "about" and asked):
            continue
        if intent == "about" and (f"不{cue}" in notes.plain or is_fault(language.code, notes.plain)):
            continue
        if intent in ("what_if", "why_not") and not (talk.references or marked):
            continue
        if intent == "about" and not (talk.references or marked):
            if not context.focus or len(notes.plain) > SHORT:
                continue
            talk.references = context.focus[:1]
        if intent == "why" and not (talk.references or marked):
            talk.references = context.focus[:1] or context.table[:1]
        if intent == "compare" and len({*talk.references, *marked}) < 2:
            talk.references = tuple(dict.fromkeys((*talk.references, *marked, *context.table)))[:2]
        talk.intent = intent
        notes.use(0, len(notes.plain))
        return


# answers to what was shown


def _answers(
    notes: Notes, gazetteer: Gazetteer, language: Language, context: Context, talk: Talk, pointed: list[str]
) -> None:
    titles = [m for m in notes.marks if m.rows]
    named = [gazetteer.catalogue.ids[m.rows[0]] for m in titles]
    if cue_in(notes, language, "more_like") and (pointed or context.focus or context.table):
        talk.like = tuple(pointed or context.focus[:1] or context.table[:1])
        talk.intent = "similar"
        return
    if (
        pointed
        and notes.has(("像", "类似", "差不多", "跟", "和"))
        and notes.has(("一样", "那样", "类似", "差不多", "这样", "像"))
    ):
        talk.like = tuple(pointed)
        talk.intent = "similar"
        if len(notes.plain) <= SHORT:
            notes.use(0, len(notes.plain))
        return
    meant = pointed or named or context.focus[:1] or context.table[:1]
    certain = pointed or named or not notes.has(language.words("asks"))
    alone = _alone(notes, language) if context.table else ""
    chosen = bool(pointed) and alone in language.words("chosen")
    if meant and certain and (chosen or cue_in(notes, language, "accept", use=False)):
        talk.accepted = tuple(meant)
        talk.references = talk.references or talk.accepted
        talk.intent = "accept"
        notes.use(0, len(notes.plain))
        return
    if cue_in(notes, language, "again", use=False) and (pointed or named):
        talk.again = tuple(pointed or named)
        talk.intent = "refine"
        notes.use(0, len(notes.plain))
        return
    if pointed and (notes.has(language.words("seen")) or notes.has(language.words("seen_behind"))):
        talk.seen = tuple(pointed)
        talk.intent = "refine"
        cue_in(notes, language, "seen_behind") or cue_in(notes, language, "seen")
    elif (pointed or _set_aside(notes, named, language)) and _rejects(notes, language):
        talk.rejected = tuple(pointed or named)
        talk.intent = "refine"
    elif faulty := _faulty(notes, gazetteer, language, context):
        talk.rejected = tuple(faulty)
        talk.intent = "refine"
    elif context.table and not pointed and not named and _only_rejects(language.code).fullmatch(alone):
        talk.rejected = context.table
        talk.intent = "refine"
        notes.use(0, len(notes.plain))
    if context.table and (cue := cue_in(notes, language, "others")):
        talk.intent = "refine"
        if cue.startswith("都") and "看过" in cue:
            talk.seen = context.table
        elif cue.startswith("都") or "喜欢" in cue:
            talk.rejected = context.table
    if context.question is not None and cue_in(notes, language, "no_preference", use=False):
        talk.no_preference = True
        talk.intent = talk.intent or "refine"


@cache
def _says_little(code: str) -> re.Pattern[str]:
    """What rejects or chooses (group ``cue``), and words that say nothing beside it."""
    language = load_language(code)
    cue = any_of((*_refusals(code), *language.words("chosen")))
    return re.compile(rf"(?P<cue>{cue})|{any_of((*language.stopwords, *language.words('courtesy')))}|\W")


@cache
def _refusals(code: str) -> tuple[str, ...]:
    return (*load_language(code).words("reject"), *load_phrases(code).refusals)


@cache
def _only_rejects(code: str) -> re.Pattern[str]:
    return re.compile(rf"{any_of(_refusals(code))}+")


def _rejects(notes: Notes, language: Language) -> bool:
    """Whether a message rejects; the words that do are used up."""
    for match in re.finditer(any_of(_refusals(language.code)), notes.plain):
        if notes.free(*match.span()):
            notes.use(*match.span())
            return True
    return False


def _set_aside(notes: Notes, named: list[str], language: Language) -> bool:
    """Whether titles are named to be rejected: "《东方三侠》就算了", not "不要像《异形》那样的"."""
    if not named or notes.has((*language.words("like_behind"), "类似", "像")):
        return False
    first, last = min(m.start for m in notes.marks if m.rows), max(m.end for m in notes.marks if m.rows)
    ahead = notes.plain[:first].rstrip(' 《“"')
    behind = notes.plain[last:].lstrip(" ，,：:")
    return ahead.endswith(_refusals(language.code)) or bool(_sets_aside(language.code).match(behind))


@cache
def _sets_aside(code: str) -> re.Pattern[str]:
    language = load_language(code)
    little = any_of((*language.words("courtesy"), *language.words("within"), *load_phrases(code).this, "我"))
    return re.compile(rf"{little}*{any_of(_refusals(code))}")


def _alone(notes: Notes, language: Language) -> str:
    """What is left of a short message without pointers, signs, and words that say nothing."""
    plain = notes.plain
    for start, end, _ in notes.pointers:
        plain = plain[:start] + " " * (end - start) + plain[end:]
    return _says_little(language.code).sub(lambda found: found["cue"] or "", plain) if len(plain) <= 2 * SHORT else ""


@cache
def _faults(code: str) -> re.Pattern[str]:
    """Behind a card: what it lacks (group ``lacks``: the word that denies it), or a fault."""
    language, phrases = load_language(code), load_phrases(code)
    fill = any_of((*language.words("within"), *phrases.this, *phrases.slot_names))
    return re.compile(
        rf"(?:[^\w]|{fill})*(?:(?P<lacks>{any_of(language.words('lacks'))})|{any_of(language.words('faults'))})"
    )


def _faulty(notes: Notes, gazetteer: Gazetteer, language: Language, context: Context) -> list[str]:
    """Cards that are said to lack something, or to have too much of it: "第三个里没有杨天翔", "1号不是法国的".

    What they lack is wanted: the word that denies it is used up, so that it negates nothing.
    """
    ids = gazetteer.catalogue.ids
    titles = [(m.end, (ids[m.rows[0]],)) for m in notes.marks if m.rows and ids[m.rows[0]] in context.table]
    found: list[str] = []
    for end, items in [*((end, items) for _, end, items in notes.pointers), *titles]:
        match = _faults(language.code).match(notes.plain, end)
        if match is None or _ASKS.match(notes.plain[: notes.clause(match.end())[1]]):
            continue
        found += items
        if match["lacks"]:
            notes.use(match.start("lacks"), match.end("lacks"))
    return list(dict.fromkeys(found))
