"""What is wanted relative to something: 短一点, 太老了, 比第一部新的, 不要太长, 同一个导演的.

Beside cards a comparison is a limit that they set; with nothing to compare with it is a wish for the lower or upper third.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from assistant.types import Constraint, Context
from assistant.unspaced.gazetteer import Gazetteer, key
from assistant.unspaced.marks import CLAUSE_ENDS, SHORT, Notes, Talk
from assistant.unspaced.words import any_of, load_phrases, longest_first

THIRD = 1 / 3
"""The share of the catalogue that "short" means where nothing is compared."""


@cache
def _comparison(code: str) -> re.Pattern[str]:
    """How much of something is too much or wanted. Groups: ``not`` (not too much), ``lacks``, ``more``, ``too``, ``over``,
    ``want``, ``than``, ``item``, ``quite``: the one that matched says which of them it is; ``w0`` to ``w8`` are its adjective, and
    ``subject`` the number that is spoken of."""
    phrases = load_phrases(code)
    degrees, subjects = phrases.degrees, _subjects(code)
    less, too, lacks = (any_of(degrees[name]) for name in ("not_too", "too", "lacks"))
    more, some, counters, quite = (any_of(degrees[name]) for name in ("more", "some", "one", "quite"))
    ends = {word.removeprefix(subject) for word in phrases.adjectives for subject in subjects if word != subject}
    word = any_of(ends | set(phrases.adjectives))
    return re.compile(
        rf"(?:(?P<subject>{any_of(subjects)})(?:也|都|还是|实在|确实)?)?(?:"
        rf"(?P<not>{less})(?P<w0>{word})|(?P<lacks>{lacks})(?P<w1>{word})|(?P<more>{more})(?P<w2>{word}){some}?"
        rf"|(?P<too>{too})(?P<w3>{word})了*{some}?|(?P<over>(?P<w4>{word})了+{some})|(?P<want>(?P<w5>{word}){some})"
        rf"|(?P<than>比[^{CLAUSE_ENDS}]{{0,12}}?(?:要|更|还)?(?P<w6>{word})(?=的|$|[{CLAUSE_ENDS}]))"
        rf"|(?P<most>最(?P<w9>{word}))|(?P<alone>{any_of(degrees['alone'])})"
        rf"|(?P<item>{counters}(?P<w7>{word})的)|(?P<quite>{quite}(?P<w8>{word})))"
    )


def is_fault(code: str, plain: str) -> bool:
    """Whether a message complains of a number, and does not ask for it: "2号片长太长"."""
    found = _comparison(code).search(plain)
    return found is not None and bool(found["too"] or found["over"] or found["lacks"])


def _subjects(code: str) -> tuple[str, ...]:
    phrases = load_phrases(code)
    return longest_first(
        (
            *phrases.degrees["subject"],
            *phrases.slot_names,
            *(name for amount in phrases.amounts.values() for name in amount.names),
        )
    )


def find_critiques(notes: Notes, gazetteer: Gazetteer, context: Context, talk: Talk, pointed: tuple[str, ...]) -> None:
    """Limits relative to what is spoken of, else to the cards on the table."""
    catalogue = gazetteer.catalogue
    rows = catalogue.rows(pointed or context.focus or context.table)
    for match in _comparison(gazetteer.code).finditer(notes.plain):
        start, end = match.span("w6" if match["than"] else 0)  # what it is compared with may be a card
        if not notes.free(start, end) or _in_name(notes, gazetteer, start, end):
            continue
        word = match["alone"] or next(found for n in range(10) if (found := match[f"w{n}"]))
        spoken = gazetteer.phrases.adjectives.get((match["subject"] or "") + word) or gazetteer.phrases.adjectives.get(
            word
        )
        if spoken is None:
            continue
        kind, way = spoken
        fault = match["too"] or match["over"] or match["lacks"] or (match["quite"] and pointed)
        wants_more = (way == "more") != bool(match["not"] or (fault and not match["lacks"]))
        slot = next((slot for slot in gazetteer.phrases.slots_of(kind) if slot in catalogue.numbers), None)
        if slot is None:
            continue
        words = notes.text[match.start() : match.end()]
        loose = (match["not"] and not pointed and len(notes.plain) > SHORT) or (match["quite"] and not pointed)
        loose = loose or match["most"] or match["alone"]
        if loose or not len(rows):
            if match["too"] or match["over"] or match["than"]:
                continue  # "太长的片名" says nothing of a length without something that it is said of
            if (wish := _third(gazetteer, slot, wants_more, words)) is not None:
                notes.wishes.append(wish)
                notes.use(*match.span())
            continue
        if fault and set(pointed) & set(context.table):
            talk.rejected = tuple(dict.fromkeys((*talk.rejected, *pointed)))
            talk.intent = "refine"
        if (limit := _beyond(gazetteer, slot, rows, context, wants_more, words, own=bool(pointed))) is not None:
            talk.constraints.append(limit)
            talk.intent = "refine"
            notes.use(*match.span())
    _kept(notes, gazetteer, talk, rows)


def _in_name(notes: Notes, gazetteer: Gazetteer, start: int, end: int) -> bool:
    """Whether a stretch is part of a name: 更新 of 林更新, 短 of 短片."""
    if any(notes.plain[end - 1 : end + size] in gazetteer.labels for size in (1, 2)):
        return True
    return any(
        begin + size > start and key(notes.plain[begin : begin + size]) in gazetteer.people
        for begin in range(max(0, start - 3), start)
        for size in range(2, 5)
    )


def _third(gazetteer: Gazetteer, slot: str, more: bool, words: str) -> Constraint | None:
    column = gazetteer.catalogue.numbers[slot]
    known = column[~np.isnan(column)]
    if not len(known):
        return None
    end = float(np.quantile(known, 1 - THIRD if more else THIRD))
    return Constraint(slot=slot, op="range", low=end if more else None, high=None if more else end, words=words)


def _beyond(
    gazetteer: Gazetteer, slot: str, rows: np.ndarray, context: Context, more: bool, words: str, *, own: bool
) -> Constraint | None:
    """More, or less, than the median of ``rows``; None where nothing is known of them."""
    catalogue = gazetteer.catalogue
    values = catalogue.numbers[slot][rows]
    if np.isnan(values).all() and not own:  # nothing is known of what was spoken of: the list is meant
        values = catalogue.numbers[slot][catalogue.rows(context.table)]
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    middle = float(np.median(values))
    step = 0.01 if slot == "price" or (values % 1).any() else 1.0
    low, high = (middle + step, None) if more else (None, middle - step)
    return Constraint(slot=slot, op="range", low=low, high=high, words=words)


def _kept(notes: Notes, gazetteer: Gazetteer, talk: Talk, rows: np.ndarray) -> None:
    """ "同一个导演的", "第二部的导演还拍过什么": a value of the first of ``rows`` that is kept."""
    for phrase, slot in sorted(gazetteer.phrases.same.items(), key=lambda entry: -len(entry[0])):
        at = notes.plain.find(phrase)
        if at < 0 or not notes.free(at, at + len(phrase)) or not len(rows):
            continue
        if (same := _same(gazetteer, int(rows[0]), slot, notes.text[at : at + len(phrase)])) is not None:
            talk.constraints.append(same)
            notes.use(at, at + len(phrase))
            talk.intent = "refine"


def _same(gazetteer: Gazetteer, row: int, slot: str, words: str) -> Constraint | None:
    catalogue = gazetteer.catalogue
    own = catalogue.item(row).slots()
    if slot == "decade":
        year = catalogue.year(row)
        if year is None:
            return None
        return Constraint(slot="year", op="range", low=year // 10 * 10, high=year // 10 * 10 + 9, words=words)
    if slot == "director" and slot not in own:
        slot = next((role for role in ("creators", "author", "artist") if role in own), slot)
    values = own.get(slot)
    if values is None:
        return None
    kept = values if isinstance(values, tuple) else (str(values),)
    return Constraint(slot=slot, op="any", values=kept[:1] if slot == "categories" else kept, words=words)
