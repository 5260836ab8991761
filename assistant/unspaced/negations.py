"""What a negation reaches: the list behind it, what closes its clause before it, all but what is excepted."""

from __future__ import annotations

import re

from assistant.language import Language
from assistant.unspaced.marks import CLAUSE_ENDS, Mark, Notes

_CLOSED = re.compile(rf"[^{CLAUSE_ENDS}、和与或]{{0,6}}的")
"""Between what is ruled out and what is wanted: "非动画类的奇幻片", "不要英语对白的科幻片"."""
_LATE = re.compile(r"[别不]\w*")
_MUST = re.compile(r"(?:片|的)*(?:不可|不看|不行|莫属)")
MAX_LATE = 3
"""Characters behind a negation that closes its clause: "美国的就别推了"."""
_JOINED = re.compile(r"[和与及、跟或]|或者|还是|以及|")
NEAR = 2
"""Characters between a comparison ("太") and what it compares."""


def find_negations(notes: Notes, language: Language) -> None:
    """Mark what a negation reaches: over the list behind it, or the values before one that closes its clause."""
    marks = notes.marks
    for index, mark in enumerate(marks):
        if "except" in mark.kinds:
            _except(notes, index, language)
        elif "except_behind" in mark.kinds and len(notes.words(mark)) > 1:
            _but(notes, index)
        if _not_needed(notes, marks[index + 1 :], mark):
            marks[index + 1].negated = True
            notes.use(mark.start, mark.end)
        if not mark.kinds & {"negation", "negation_behind", "comparison"} or mark.negated:
            continue
        _, end = notes.clause(mark.start)
        ahead = [other for other in marks[index + 1 :] if other.start < end]
        if _closes(notes, marks[:index], mark):
            ahead = []
        values: list[Mark] = []
        for other in ahead:
            if "contrast" in other.kinds and not other.value:
                break
            if other.kinds & {"negation"} and not other.value:
                break
            if values and other.value and _CLOSED.fullmatch(notes.plain[values[-1].end : other.start]):
                break  # 不是美国的科幻片 is science fiction
            if other.value:
                values.append(other)
        if "comparison" in mark.kinds and not mark.kinds & {"negation"}:
            values = _directly_behind(notes, mark, values)
        if values and (closing := _only(notes, mark, values[-1])) is not None:
            notes.use(mark.start, mark.end)
            for other in ahead:
                if values[-1].end <= other.start < closing:
                    other.kinds = frozenset({"dull"})
            continue
        if values and mark.kinds & {"negation", "comparison"}:
            for other in values:
                other.negated, other.compared, other.cue = True, "comparison" in mark.kinds, mark.start
            notes.use(mark.start, values[-1].start)
            _list_goes_on(notes, marks, index, values[-1], end)
        elif "negation_behind" in mark.kinds or (
            "negation" in mark.kinds and _LATE.match(notes.plain, mark.start) and end - mark.end <= MAX_LATE
        ):
            start, _ = notes.clause(mark.start)
            behind = [other for other in marks[:index] if other.start >= start]
            for other in reversed(behind):
                if other.kinds & {"contrast", "negation"} and not other.value:
                    break
                other.negated = other.negated or other.value
        notes.use(mark.start, mark.end)


def _only(notes: Notes, mark: Mark, last: Mark) -> int | None:
    """Where "非日本的不可" ends: what it names cannot be missing."""
    closing = _MUST.match(notes.plain, last.end) if notes.words(mark) == "非" else None
    return closing.end() if closing is not None else None


def _not_needed(notes: Notes, behind: list[Mark], mark: Mark) -> bool:
    """ "不用英语的": what would be taken back, were it held, is not wanted where it stands directly behind."""
    near = behind[0] if behind else None
    return (
        near is not None
        and "take_back" in mark.kinds
        and "negation" not in mark.kinds
        and notes.words(mark) in ("不用", "不需要", "用不着")
        and near.start == mark.end
        and near.value
    )


def _closes(notes: Notes, before: list[Mark], mark: Mark) -> bool:
    """Whether a negation is about what stands before it: "恐怖的也不要"."""
    value = next((other for other in reversed(before) if other.value), None)
    between = notes.plain[value.end : mark.start] if value is not None and "negation_behind" in mark.kinds else ""
    return between in ("也", "的也", "片也", "都", "的都", "片都")


def _directly_behind(notes: Notes, mark: Mark, values: list[Mark]) -> list[Mark]:
    """The values that a comparison reaches: "太沉重", "太吓人和血腥", not "太阳下的爱情"."""
    reached: list[Mark] = []
    for other in values:
        gap = notes.plain[reached[-1].end if reached else mark.end : other.start]
        if (not _JOINED.fullmatch(gap)) if reached else len(gap) > NEAR or not mark.end <= other.start:
            break
        reached.append(other)
    return reached


def _list_goes_on(notes: Notes, marks: list[Mark], index: int, last: Mark, end: int) -> None:
    """ "不要恐怖片，战争片和西部片": a comma ends a negation unless nothing but values of the same kind follows."""
    if end >= len(notes.plain) or notes.plain[end] not in "，,":
        return
    _, stop = notes.clause(end + 1)
    following = [mark for mark in marks[index + 1 :] if end < mark.start < stop]
    joined = any(notes.words(mark) in ("和", "与", "跟") for mark in following)
    if joined and all(mark.value or mark.kinds == {"dull"} or notes.words(mark) in "和与跟、" for mark in following):
        for mark in following:
            mark.negated = mark.value


def _but(notes: Notes, index: int) -> None:
    """ "恐怖片以外的都行": what stands before it in the clause is ruled out, where no 除了 stands there."""
    mark = notes.marks[index]
    start, _ = notes.clause(mark.start)
    before = [other for other in notes.marks[:index] if other.start >= start]
    if any("except" in other.kinds for other in before):
        return
    for other in reversed(before):
        if other.kinds & {"contrast", "negation"} and not other.value:
            break
        other.negated = other.negated or other.value
    notes.use(mark.start, mark.end)


def _except(notes: Notes, index: int, language: Language) -> None:
    """ "除了恐怖片以外都行" rules out; "除了恐怖片，还想看喜剧" does not."""
    mark = notes.marks[index]
    _, end = notes.clause(mark.start)
    closing = next((other for other in notes.marks[index:] if "except_behind" in other.kinds), None)
    stop = closing.start if closing is not None else end
    behind = notes.plain[stop:]
    also = any(cue in behind for cue in language.words("also"))
    for other in notes.marks[index + 1 :]:
        if other.start < stop and other.value:
            other.negated = not also
    notes.use(mark.start, mark.end)
    if closing is not None:
        notes.use(closing.start, closing.end)
