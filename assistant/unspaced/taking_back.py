"""What was held and no longer counts: 不限年代, 类型无所谓, 不必是希区柯克, 把刘德华换成梁朝伟."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.language import Language
from assistant.types import Constraint, Context, Held
from assistant.unspaced.gazetteer import Gazetteer
from assistant.unspaced.marks import SHORT, Mark, Notes, Talk
from assistant.unspaced.words import denies

_PEOPLE = ("people", "cast", "creators", "director", "writer", "author")


def take_back(notes: Notes, gazetteer: Gazetteer, language: Language, context: Context, talk: Talk) -> None:
    """Find what a message takes back. What it names for that alone is marked as dropped, and says nothing else."""
    cues = [mark for mark in notes.marks if mark.kinds & {"take_back", "take_back_behind", "replace"}]
    for cue in cues if context.held else ():
        start, end = notes.clause(cue.start)
        turns = [
            mark
            for mark in notes.marks
            if "contrast" in mark.kinds and not mark.kinds & {"replace"} and mark is not cue
        ]
        reaches: list[tuple[int, int]] = []
        if cue.kinds & {"take_back_behind", "replace"}:
            reaches.append((max([start, *(m.end for m in turns if start <= m.start < cue.start)]), cue.start))
        if "take_back" in cue.kinds:
            reaches.append((cue.end, min([end, *(m.start for m in turns if cue.end <= m.start < end)])))
        gone = [held for reach in reaches for held in _meant(notes, gazetteer, context, reach)]
        if not gone:
            continue
        for begin, stop in reaches:
            _drop(notes, [m for m in notes.marks if begin <= m.start < stop], gone)
        talk.take_back = tuple(dict.fromkeys((*talk.take_back, *(held.held_id for held in gone))))
        talk.intent = talk.intent or "refine"
        notes.use(cue.start, cue.end)
        if len(notes.plain) <= SHORT and not any(mark.value and not mark.dropped for mark in notes.marks):
            notes.use(0, len(notes.plain))


def let_go(notes: Notes, language: Language, context: Context, talk: Talk) -> None:
    """What is held and named again, with a refusal behind it that no list has: "喜剧那条先不提了"."""
    for mark in notes.marks:
        if mark.dropped or mark.negated or not (mark.value or mark.limit):
            continue
        start, end = notes.clause(mark.start)
        gone = [
            held for held in context.held if held.constraint.op in ("any", "range") and _names(mark, held.constraint)
        ]
        later = any(mark.end <= other.start < end and (other.value or other.limit) for other in notes.marks)
        if not gone or later or not denies(language.code, notes.plain[mark.end : end + 1].rstrip("，,。；;！!")):
            continue
        if any(other.kinds & {"negation", "like"} and start <= other.start < mark.start for other in notes.marks):
            continue
        _drop(notes, [mark], gone)
        talk.take_back = tuple(dict.fromkeys((*talk.take_back, *(held.held_id for held in gone))))
        talk.intent = talk.intent or "refine"
        notes.use(mark.start, end)


def _meant(notes: Notes, gazetteer: Gazetteer, context: Context, reach: tuple[int, int]) -> list[Held]:
    """What is held and named between two places: by its slot, its values, its limit, or the words that it was said in."""
    start, end = reach
    said, plain = notes.text[start:end], notes.plain[start:end]
    marks = [mark for mark in notes.marks if start <= mark.start < end]
    phrases = gazetteer.phrases
    slots: set[str] = set()
    if not any(mark.value or mark.limit for mark in marks):
        for name, slot in phrases.slot_names.items():
            if name in plain:
                slots |= {slot, *phrases.slots_of("length" if slot == "runtime" else slot)}
                slots |= set(_PEOPLE if slot in ("director", "cast", "author") else ())
                slots |= {slot.removesuffix("s"), f"{slot}s"}
    return [
        held
        for held in context.held
        if held.constraint.slot in slots
        or any(_names(mark, held.constraint) for mark in marks)
        or (len(held.constraint.words) > 1 and held.constraint.words in said)
    ]


def _names(mark: Mark, constraint: Constraint) -> bool:
    """Whether a stretch of the message names what is held."""
    if mark.limit is not None:
        return mark.limit.slot == constraint.slot and all(
            (one is None) == (other is None) and abs((one or 0) - (other or 0)) <= 1  # 1978年以前 may include 1978
            for one, other in ((mark.limit.low, constraint.low), (mark.limit.high, constraint.high))
        )
    if any(role == constraint.slot or constraint.slot == "people" for role, _ in mark.people):
        return any(name in constraint.values for _, name in mark.people)
    return any(slot == constraint.slot and value in constraint.values for slot, value in mark.labels)


def _drop(notes: Notes, marks: Iterable[Mark], gone: Iterable[Held]) -> None:
    gone = list(gone)
    for mark in marks:
        if not any(_names(mark, held.constraint) for held in gone):
            continue
        mark.dropped, mark.negated = True, False
        notes.use(mark.start, mark.end)
        if mark.limit is not None and mark.limit in notes.constraints:
            notes.constraints.remove(mark.limit)
