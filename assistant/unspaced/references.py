"""Which of the cards a message points at: 第二个, 二号, 倒数第二部, 最后那个, 那部, 前两个, 最短的那部, 老的那部."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from assistant.types import Context
from assistant.unspaced.gazetteer import Gazetteer
from assistant.unspaced.marks import Notes
from assistant.unspaced.numerals import value_of
from assistant.unspaced.words import any_of, load_phrases

_NUMBER = r"(?P<n>\d{1,2}|[一二两三四五六七八九十]{1,3})"
_NO_POINTER = ("导", "演", "类", "题", "感", "年", "样", "种", "条件", "要求", "限制")
"""What makes 这个 the beginning of another phrase."""


@cache
def _places(code: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Patterns of places in the list, each with what its number counts."""
    phrases = load_phrases(code)
    one, first, last = (any_of(words) for words in (phrases.counters, phrases.first, phrases.last))
    which = r"(?:的?[那这]?一?)"
    return tuple(
        (kind, re.compile(pattern))
        for kind, pattern in (
            ("from the end", rf"倒数第{_NUMBER}{one}?"),
            ("place", rf"第{_NUMBER}(?:{one}|(?=[^\w]|$|呢|吧|不|太|是))"),
            ("place", rf"(?<![\da-z第零一二三四五六七八九十百月]){_NUMBER}号(?![楼店线人])"),
            ("first", rf"{first}{which}{one}"),
            ("last", rf"{last}{which}{one}"),
            ("first so many", rf"前{_NUMBER}{one}"),
            ("last so many", rf"后{_NUMBER}{one}"),
        )
    )


@cache
def _extremes(code: str) -> tuple[tuple[bool, re.Pattern[str]], ...]:
    """ "最短的那部", "片长最短的", and of two or more "老的那部"; whether it says "most"."""
    phrases = load_phrases(code)
    word, one = any_of(tuple(phrases.adjectives)), any_of(phrases.one)
    return (
        (True, re.compile(rf"最(?P<what>{word})的?(?:{one}|(?=是|[^\w]|$|呢))")),
        (False, re.compile(rf"(?:较|更|比较)?(?P<what>{word})(?:一点|一些|点)?的{one}")),
    )


def find_references(notes: Notes, gazetteer: Gazetteer, context: Context) -> list[str]:
    """Ids of the cards that are pointed at, in the order of the message; where they are is kept in ``notes.pointers``."""
    table = context.table
    if not table and not context.focus:
        return []
    found: list[tuple[int, str]] = []

    def point(start: int, end: int, items: tuple[str, ...]) -> None:
        found.extend((start, item) for item in items)
        notes.use(start, end)
        if items:
            notes.pointers.append((start, end, items))

    for kind, pattern in _places(gazetteer.code):
        for match in pattern.finditer(notes.plain):
            if notes.free(*match.span()):
                n = int(value_of(match["n"])) if "n" in pattern.groupindex else 1
                point(*match.span(), _placed(table, kind, n))
    among = context.focus if len(context.focus) > 1 else table
    for _, pattern in _extremes(gazetteer.code):
        for match in pattern.finditer(notes.plain):
            if notes.free(*match.span()):
                kind, way = gazetteer.phrases.adjectives[match["what"]]
                if (item := _extreme(gazetteer, among, kind, way == "more")) is not None:
                    point(*match.span(), (item,))
    for name in gazetteer.phrases.these:
        if (at := notes.plain.find(name)) >= 0 and notes.free(at, at + len(name)):
            point(at, at + len(name), among[:2] if "两" in name else among)
    titles = {mark.end: gazetteer.catalogue.ids[mark.rows[0]] for mark in notes.marks if mark.rows}
    for match in re.finditer(any_of(gazetteer.phrases.this), notes.plain):
        if match.start() in titles and notes.free(*match.span()):  # 《异形》这部
            point(*match.span(), (titles[match.start()],))
    named = any(item in table for item in titles.values())  # 这个 beside a title of the list is none of the others
    for name in () if named else gazetteer.phrases.this:
        at = notes.plain.find(name)
        if at < 0 or not notes.free(at, at + len(name)):
            continue
        if len(name) == 2 and notes.plain.startswith(_NO_POINTER, at + len(name)):
            continue
        point(at, at + len(name), () if found else (context.focus or table)[:1])
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def _placed(table: tuple[str, ...], kind: str, n: int) -> tuple[str, ...]:
    if kind == "first so many":
        return table[:n]
    if kind == "last so many":
        return table[-n:] if n else ()
    place = {"first": 0, "last": len(table) - 1, "from the end": len(table) - n}.get(kind, n - 1)
    return (table[place],) if 0 <= place < len(table) else ()


def _extreme(gazetteer: Gazetteer, among: tuple[str, ...], kind: str, largest: bool) -> str | None:
    catalogue = gazetteer.catalogue
    slot = next((slot for slot in gazetteer.phrases.slots_of(kind) if slot in catalogue.numbers), None)
    rows = catalogue.rows(among)
    if slot is None or not len(rows):
        return None
    column = catalogue.numbers[slot][rows]
    if np.isnan(column).all():
        return None
    best = np.nanargmax(column) if largest else np.nanargmin(column)
    return catalogue.ids[int(rows[int(best)])]
