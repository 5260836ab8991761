"""People, categories, countries and other values that a message names: promised, preferred or ruled out."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.language import Language
from assistant.types import Constraint, Operator
from assistant.unspaced.gazetteer import Gazetteer
from assistant.unspaced.marks import Mark, Notes

_ENDINGS = ("片", "小说", "电影", "剧", "类", "题材", "的")
"""A category before or with one of these is used as one."""
_LIGHT = frozenset({"dull", "contrast", "negation", "either", "like", "except", "directed", "acted"})
"""Kinds of marks beside which a category's name still stands alone in its clause."""


def beside(notes: Notes, mark: Mark, before: Iterable[str], behind: Iterable[str]) -> bool:
    """Whether a cue stands directly before or behind a mark, "的" and spaces aside."""
    ahead = notes.plain[: mark.start].rstrip(' 《“"的')
    after = notes.plain[mark.end :].lstrip(' 》”"')
    after_own = after.removeprefix("的")
    return any(ahead.endswith(cue) for cue in before) or any(
        after.startswith(cue) or after_own.startswith(cue) for cue in behind
    )


def find_people(notes: Notes, language: Language) -> None:
    previous: tuple[Mark, Constraint] | None = None
    for mark in notes.marks:
        if "person" not in mark.kinds:
            continue
        notes.use(mark.start, mark.end)
        roles = tuple(dict.fromkeys(role for role, _ in mark.people))
        acted = beside(notes, mark, language.words("acted"), language.words("acted_behind"))
        made = beside(notes, mark, language.words("directed"), language.words("directed_behind"))
        slot = "people"
        makers = [role for role in roles if role != "cast"]
        if acted and "cast" in roles:
            slot = "cast"
        elif made and makers:
            first = [role for role in ("director", "creators", "author", "artist") if role in makers]
            slot = (first or makers)[0]
        names = tuple(dict.fromkeys(n for role, n in mark.people if slot in (role, "people")))
        op: Operator = "none" if mark.negated else "any"
        constraint = Constraint(slot=slot, op=op, values=names, words=notes.words(mark))
        target = notes.wishes if mark.compared else notes.constraints
        if previous is not None and op == "any" and _either(notes, previous[0], mark, language):
            target.remove(previous[1])
            both = tuple(dict.fromkeys(previous[1].values + names))
            same = previous[1].slot == slot or not (acted or made)
            words = notes.text[previous[0].start : mark.end]
            constraint = Constraint(
                slot=previous[1].slot if same and not made else slot, op="any", values=both, words=words
            )
        target.append(constraint)
        previous = (mark, constraint) if op == "any" and target is notes.constraints else None


def _either(notes: Notes, one: Mark, other: Mark, language: Language) -> bool:
    between = notes.plain[one.end : other.start].replace("的", "").strip()
    return between in language.words("either")


# categories, countries and other closed sets


def find_labels(notes: Notes, gazetteer: Gazetteer, language: Language) -> None:
    previous: tuple[Mark, Constraint, bool] | None = None
    for mark in notes.marks:
        if not mark.kinds & {"label", "wish"}:
            if mark.kinds - {"title", "person"}:
                notes.use(mark.start, mark.end)
            continue
        slot = mark.labels[0][0]
        if slot in ("countries", "country") and not mark.negated and _happens_there(notes, mark):
            continue  # where the story takes place: a word to search by
        values = tuple(value for name, value in mark.labels if name == slot)
        words = notes.words(mark)
        if mark.negated:
            notes.use(mark.start, mark.end)
            target = notes.wishes if mark.compared else notes.constraints
            if mark.compared:
                words = notes.text[mark.cue : mark.end]
            for name in dict.fromkeys(name for name, _ in mark.labels):
                ruled_out = tuple(value for other, value in mark.labels if other == name)
                target.append(Constraint(slot=name, op="none", values=ruled_out, words=words))
            continue
        promised = "label" in mark.kinds and (slot != "categories" or _names_category(notes, mark, gazetteer, language))
        if not promised and "wish" in mark.kinds:
            for name in dict.fromkeys(name for name, _ in mark.labels):
                wished = tuple(value for other, value in mark.labels if other == name)
                notes.wishes.append(Constraint(slot=name, op="any", values=wished, words=words))
            continue
        constraint = Constraint(slot=slot, op="any", values=values, words=words)
        if previous is not None and previous[1].slot == slot and _either(notes, previous[0], mark, language):
            target = notes.constraints if previous[2] else notes.wishes
            target.remove(previous[1])
            words = notes.text[previous[0].start : mark.end]
            constraint = Constraint(
                slot=slot, op="any", values=tuple(dict.fromkeys(previous[1].values + values)), words=words
            )
            promised = promised or previous[2]
        (notes.constraints if promised else notes.wishes).append(constraint)
        previous = (mark, constraint, promised)
        if slot != "categories":
            notes.use(mark.start, mark.end)


def _happens_there(notes: Notes, mark: Mark) -> bool:
    """Whether a place is where something happens, not where an item is from: "在泰国失踪"."""
    return notes.plain[: mark.start].endswith(("在", "去", "到", "往", "逃离", "来到", "飞往")) and not notes.plain[
        mark.end :
    ].startswith(("拍", "制作", "出品"))


def _names_category(notes: Notes, mark: Mark, gazetteer: Gazetteer, language: Language) -> bool:
    """Whether a category's name is used as one: "战争片" is, "战争让一家人分离" is not."""
    words = notes.words(mark)
    if words not in language.adjectival or words.endswith("片"):
        return True
    behind = notes.plain[mark.end :]
    start, end = notes.clause(mark.start)
    alone = [m for m in notes.marks if start <= m.start < end and m is not mark and not m.kinds <= _LIGHT]
    if not notes.plain[mark.end : end].strip("吧吗呢的 ") and not alone and mark.start - start <= 6:
        return True
    if behind.startswith(tuple(language.item_words)) or behind.startswith(_ENDINGS):
        return True
    near = [m for m in notes.marks if m is not mark and m.kinds & {"label"} and m.labels[0][0] == "categories"]
    return any(other.start == mark.end or other.end == mark.start for other in near)
