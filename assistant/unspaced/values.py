"""People, categories, countries and other values that a message names: promised, preferred or ruled out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from assistant.language import Language
from assistant.text import fold
from assistant.types import Constraint, Context, Held, Operator
from assistant.unspaced.gazetteer import Gazetteer
from assistant.unspaced.marks import Mark, Notes, Talk
from assistant.unspaced.words import any_of

_ENDINGS = ("片", "小说", "电影", "剧", "类", "题材", "的", "向的", "风的", "味的")
"""A category before or with one of these is used as one."""
_JOINS = ("和", "与", "跟", "、", "及", "同", "加", "+", "兼")
_LINKS = re.compile(r"[不能要得是有为别可以应该必须：: ]+$")
"""Between what somebody does and who: 主演不能是, 导演要."""
_TINGES = "偏带含归算纯讲拍有"
"""Before a category that an item has, or has something of: 偏惊悚的."""
_LIGHT = frozenset(
    {
        "dull",
        "number",
        "contrast",
        "negation",
        "either",
        "like",
        "except",
        "directed",
        "acted",
        "wrote",
        "take_back",
        "take_back_behind",
        "no_preference",
        "also_behind",
        "replace",
    }
)
"""Kinds of marks beside which a category's name still stands alone in its clause."""


def beside(notes: Notes, mark: Mark, before: Iterable[str], behind: Iterable[str]) -> bool:
    """Whether a cue stands directly before or behind a mark, "的" and spaces aside."""
    ahead = notes.plain[: mark.start].rstrip(' 《“"的：:')
    after = notes.plain[mark.end :].lstrip(' 》”"')
    after_own = after.removeprefix("的")
    linked = _LINKS.sub("", ahead)
    return any(ahead.endswith(cue) or (len(cue) > 1 and linked.endswith(cue)) for cue in before) or any(
        after.startswith(cue) or after_own.startswith(cue) for cue in behind
    )


def find_people(notes: Notes, gazetteer: Gazetteer, language: Language) -> None:
    previous: tuple[Mark, Constraint] | None = None
    for mark in notes.marks:
        if "person" not in mark.kinds or mark.dropped:
            continue
        notes.use(mark.start, mark.end)
        roles = tuple(dict.fromkeys(role for role, _ in mark.people))
        group = _joined_to(notes, mark, language)
        slots = next(
            (s for m in group if (s := _slots_of(notes, gazetteer, m, language, roles)) != ["people"]), ["people"]
        )
        slot = slots[0]
        names = tuple(dict.fromkeys(n for role, n in mark.people if slot in (role, "people")))
        op: Operator = "none" if mark.negated else "any"
        constraint = Constraint(slot=slot, op=op, values=names, words=notes.words(mark))
        target = notes.wishes if mark.compared else notes.constraints
        if previous is not None and op == "any" and _either(notes, previous[0], mark, language):
            target.remove(previous[1])
            both = tuple(dict.fromkeys(previous[1].values + names))
            same = previous[1].slot == slot or slot == "people"
            words = notes.text[previous[0].start : mark.end]
            constraint = Constraint(slot=previous[1].slot if same else slot, op="any", values=both, words=words)
        target.append(constraint)
        target.extend(replace(constraint, slot=other) for other in slots[1:])
        previous = (mark, constraint) if op == "any" and target is notes.constraints else None


def _joined_to(notes: Notes, mark: Mark, language: Language) -> list[Mark]:
    """A person and those named with it, of whom the last, or the first, says what all of them do."""
    people = [other for other in notes.marks if "person" in other.kinds]
    place = people.index(mark)
    first = last = place
    while first and _listed(notes, people[first - 1], people[first], language):
        first -= 1
    while last + 1 < len(people) and _listed(notes, people[last], people[last + 1], language):
        last += 1
    return [mark, *people[place + 1 : last + 1], *people[first:place]]


def _slots_of(notes: Notes, gazetteer: Gazetteer, mark: Mark, language: Language, roles: tuple[str, ...]) -> list[str]:
    """The slots of what a person is named for; ``people`` where nothing tells, or nobody of the name does that."""

    def says(name: str) -> bool:
        return beside(notes, mark, language.words(name), language.words(f"{name}_behind"))

    def first(*wanted: str) -> list[str]:
        return [role for role in wanted if role in roles][:1]

    found: list[str] = []
    if says("wrote"):
        found += first("writer", "author") or first("creators", "director")
    if says("acted"):
        found += first("cast")
    if (not found or says("both")) and says("directed"):
        makers = [role for role in roles if role not in ("cast", "writer")]
        found += first("director", "creators", "author", "artist") or makers[:1]
    if not found and len(roles) > 1 and beside(notes, mark, (), language.words("works_behind")):
        found += _usual(gazetteer, mark, roles)
    return list(dict.fromkeys(found)) or ["people"]


def _usual(gazetteer: Gazetteer, mark: Mark, roles: tuple[str, ...]) -> list[str]:
    """What somebody does most is what their films are theirs for: 王家卫的电影 are not those that he wrote."""

    def items(role: str) -> int:
        column = gazetteer.catalogue.labels[role]
        return max((len(column.rows.get(fold(name), ())) for own, name in mark.people if own == role), default=0)

    counted = {role: items(role) for role in roles}
    most = max(counted, key=lambda role: counted[role])
    return [most] if counted[most] > sum(counted.values()) / 2 else []


def _either(notes: Notes, one: Mark, other: Mark, language: Language) -> bool:
    between = notes.plain[one.end : other.start]
    if "person" in one.kinds:  # 陈凯歌导演的或者张艺谋导演的
        between = re.sub(
            rf"^{any_of((*language.words('directed_behind'), *language.words('acted_behind')))}", "", between
        )
    return between.replace("的", "").strip() in language.words("either")


# categories, countries and other closed sets


def find_labels(notes: Notes, gazetteer: Gazetteer, language: Language, context: Context, talk: Talk) -> None:
    previous: tuple[Mark, Constraint, bool] | None = None
    for mark in notes.marks:
        if not mark.kinds & {"label", "wish"}:
            if mark.kinds - {"title", "person", "word"}:
                notes.use(mark.start, mark.end)
            continue
        if mark.dropped:
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
        also = any("also_behind" in m.kinds and m.start == mark.end for m in notes.marks)
        if also and previous is None and (held := _held_value(context, slot, talk)) is not None:
            talk.take_back = (*talk.take_back, held.held_id)  # 动画也行: what was wanted, or this
            both = tuple(dict.fromkeys((*held.constraint.values, *values)))
            said = f"{held.constraint.words}{language.words('either')[-1]}{words}"
            constraint = replace(constraint, values=both, words=said)
            promised = promised or held.promised
        joined = previous is not None and (
            also or _any_will_do(notes, previous[0], mark, language) or _either(notes, previous[0], mark, language)
        )
        if joined and previous is not None and previous[1].slot == slot:
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


def _held_value(context: Context, slot: str, talk: Talk) -> Held | None:
    """The value of a slot that is wanted and was not taken back."""
    wanted = [one for one in context.held if one.constraint.slot == slot and one.constraint.op == "any"]
    return wanted[0] if len(wanted) == 1 and wanted[0].held_id not in talk.take_back else None


def _listed(notes: Notes, one: Mark, other: Mark, language: Language) -> bool:
    """Whether two names are joined, by an "or" or an "and"."""
    return notes.plain[one.end : other.start].strip() in _JOINS or _either(notes, one, other, language)


def _any_will_do(notes: Notes, one: Mark, other: Mark, language: Language) -> bool:
    """ "动作片和喜剧片都行", "喜剧、爱情二选一"."""
    between = notes.plain[one.end : other.start].strip()
    return between in _JOINS and notes.plain.startswith(language.words("any_will_do"), other.end)


def _happens_there(notes: Notes, mark: Mark) -> bool:
    """Whether a place is where something happens, not where an item is from: "在泰国失踪"."""
    if any(m.end == mark.start and m.kinds & {"replace", "contrast"} for m in notes.marks):
        return False
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
    if _framed(notes, mark, start, end):
        return True
    near = [m for m in notes.marks if m is not mark and m.kinds & {"label"} and m.labels[0][0] == "categories"]
    return any(
        other.start == mark.end
        or other.end == mark.start
        or notes.plain[other.end : mark.start].strip() in _JOINS
        or notes.plain[mark.end : other.start].strip() in _JOINS
        for other in near
    )


def _framed(notes: Notes, mark: Mark, start: int, end: int) -> bool:
    """Whether nothing unknown touches a category's name on either side, as in lists: "西班牙语、惊悚、2000年后"."""
    others = [m for m in notes.marks if m is not mark and "word" not in m.kinds]
    known = [m for m in others if (m.value or not m.kinds <= {"dull"} or m.end == mark.start)]
    ahead = notes.plain[mark.start - 1 : mark.start]
    before = mark.start == start or not ahead.isalnum() or ahead in _TINGES or any(m.end == mark.start for m in known)
    behind = mark.end == end or not notes.plain[mark.end].isalnum() or any(m.start == mark.end for m in known)
    return before and behind
