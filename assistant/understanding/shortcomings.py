"""What a card has too little or too much of: "not long enough", "rated too low", "more pages than I can manage".

What is said to be too much is a limit below what the item has, and the other way round. The words of a slot are its
language's; those that say how much are lists of the language: ``enough``, ``not_enough``, ``liking``, ``too_word``,
``much_words``, ``little_words``, ``of_slot``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from assistant.language import Language, any_of
from assistant.types import Constraint
from assistant.understanding.reading import Reading
from assistant.understanding.slots import SpokenSlots


class Comparing(Protocol):
    """What turns a critique into a limit; ``critiques`` has it."""

    reading: Reading
    language: Language
    spoken: SpokenSlots

    def base(self, at: int) -> list[str]:
        """The items that a critique at a place is relative to."""

    def limit(self, slot: str, ids: Sequence[str], *, up: bool, all_of_them: bool = False) -> Constraint | None:
        """More or less of a slot than items have."""

    def add(self, constraint: Constraint, start: int, end: int, *, promised: bool = True) -> None:
        """Keep what a stretch of the message says."""


def find_shortcomings(critic: Comparing) -> None:
    """Turn what is said to be too little or too much into limits; the words are used up."""
    for slot, start, end, up in list(_shortcomings(critic)):
        ids = critic.base(start)
        if ids and critic.reading.free_span(start, end):
            made = critic.limit(slot, ids, up=up)
            if made is not None:
                critic.add(made, start, end)


def _shortcomings(critic: Comparing) -> Iterator[tuple[str, int, int, bool]]:
    """(slot, start, end, whether more of it is wanted)."""
    language, spoken, plain = critic.language, critic.spoken, critic.reading.plain
    word = {name: _any(language.words(name)) for name in ("enough", "not_enough", "liking", "too_word", "of_slot")}
    names = {name: slot for slot, words in spoken.numeric.items() for name in words.names}
    named, much, little = _any(names), _any(language.words("much_words")), _any(language.words("little_words"))
    for scale, more in ((spoken.high, True), (spoken.low, False)):
        for match in _found(rf"{word['not_enough']} (?P<scale>{_any(scale)}) {word['enough']}", plain):
            yield scale[_plain(match["scale"])], *match.span(), more
    for scale, more in ((spoken.more, False), (spoken.less, True)):
        for match in _found(rf"(?P<scale>{_any(scale)}) {_any(language.words('than'))} {word['liking']}", plain):
            yield scale[_plain(match["scale"])], *match.span(), more
    for amount, more in ((much, False), (little, True)):
        told = (
            rf"{word['too_word']} {amount} {word['of_slot']} (?:{_any(language.words('articles'))} )?(?P<name>{named})",
            rf"(?P<name>{named}) (?:{_any(language.words('being'))} )?{word['too_word']} {amount}",
        )
        for pattern in told:
            for match in _found(pattern, plain):
                yield names[_plain(match["name"])], *match.span(), more
        for match in _found(rf"{word['not_enough']} (?P<name>{named}) {amount} {word['enough']}", plain):
            yield names[_plain(match["name"])], *match.span(), not more
    more_of = rf"{_any(language.words('more_of'))} (?P<name>{named}) {_any(language.words('than'))} {word['liking']}"
    for match in _found(more_of, plain):
        yield names[_plain(match["name"])], *match.span(), False


def _any(words: Iterable[str]) -> str:
    """A pattern for one of some phrases; it matches nothing where there is none."""
    return f"(?:{any_of(words)})"


def _found(pattern: str, text: str) -> Iterator[re.Match[str]]:
    yield from re.finditer(rf"(?<!\w){pattern}(?!\w)", text)


def _plain(words: str) -> str:
    return re.sub(r"\s+", " ", words)
