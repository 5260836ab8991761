"""Numbers of slots that a language's file names: 评分不低于8, 8.5分以上, 片长100以内. No slot has code of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from assistant.unspaced.numerals import (
    ABOVE_BEFORE,
    ABOVE_BEHIND,
    AROUND,
    BELOW_BEFORE,
    BELOW_BEHIND,
    NUM,
    STRICT_BEFORE,
    TO,
    Limits,
    value_of,
)

_LINKS = r"(?:(?P<no>不[在是要]|别在|不应该在)|要求?|得|应该?|需要?|必须|最好|都|是|为|达到|保持在|介于|处于|位于|落在|在|有|[:：\s])*"
"""What may stand between the name of a slot and its number."""
_OTHERS = r"(?![\d.万千百]|\s*个?(?:半|小时|钟头|年|元|块|页|部))"
"""What must not stand behind a number: more of it, or the unit of another one."""


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How one kind of number is spoken of; an entry of ``[amounts]`` in a language's file."""

    slots: tuple[str, ...]
    """The first of them that a catalogue has is meant."""
    names: tuple[str, ...]
    """``评分``: with it a number needs no unit."""
    units: tuple[str, ...] = ()
    """Patterns: ``分(?!钟)``. With one a number needs no name."""
    named: bool = False
    """Whether a number needs the name although it has its unit."""
    bare: Literal["least", "most", "around"] = "least"
    """What a number without a bound means."""
    around: float = 0.0
    """How far "about" reaches to either side, in the slot's unit."""
    step: float = 1.0
    """How far from a strict bound ("below 8") the next value lies."""

    def limits(self, text: str) -> Limits:
        """(match, low, high) of everything that ``text`` says of it, the surest first."""
        for pattern, kind in self._patterns:
            for match in pattern.finditer(text):
                yield (match, *self._ends(match, kind))

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        return tuple((re.compile(pattern), kind) for pattern, kind in self._forms())

    def _forms(self) -> Iterator[tuple[str, str]]:
        unit = f"(?:{'|'.join(self.units)})" if self.units else ""
        named = f"(?:{'|'.join(self.names)}){_LINKS}"
        bound = f"(?P<bound>{BELOW_BEFORE}|{ABOVE_BEFORE})" + r"(?:是|为|在)?\s*"
        behind = rf"\s*(?P<bound>{BELOW_BEHIND}|{ABOVE_BEHIND})"
        loose = rf"\s*{unit}?" if unit else ""
        for name, own in ((named, loose), *((("", rf"\s*{unit}"),) if unit and not self.named else ())):
            yield rf"{name}(?P<a>{NUM}){loose}{TO}(?P<b>{NUM}){own}{_OTHERS}(?:之间|间)?", "between"
            yield rf"{name}{bound}(?P<v>{NUM}){own}{_OTHERS}", "before"
            yield rf"{name}(?P<v>{NUM}){own}{behind}", "behind"
            yield rf"{name}(?P<v>{NUM}){own}{AROUND}", "around"
            yield rf"{name}(?P<v>{NUM}){own}{_OTHERS}", self.bare

    def _ends(self, m: re.Match[str], kind: str) -> tuple[float | None, float | None]:
        if kind == "between":
            low, high = sorted((value_of(m["a"]), value_of(m["b"])))
            return low, high
        value = value_of(m["v"])
        if kind == "around":
            return value - self.around, value + self.around
        if kind in ("least", "most"):
            return (value, None) if kind == "least" else (None, value)
        step = self.step if kind == "before" and re.fullmatch(STRICT_BEFORE, m["bound"]) else 0.0
        if re.fullmatch(BELOW_BEFORE if kind == "before" else BELOW_BEHIND, m["bound"]):
            return None, value - step
        return value + step, None
