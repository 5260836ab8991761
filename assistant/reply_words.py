"""What replies say in a language: a file of sentences, filled in by code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from assistant.language import load_language, read_sentences
from assistant.text import fold
from assistant.types import Constraint
from assistant.understanding.slots import NO, YES
from assistant.unspaced.words import how_said

_TELLS_NUMBER = re.compile(r"[\d零〇一二两三四五六七八九十百今去前]")
MOST_VALUES = 3
"""A label that stands for more values is shown in the user's words."""


class ReplyWords:
    """The sentences of one language."""

    def __init__(self, table: Mapping[str, Any], language: str = "en") -> None:
        """``table`` is a file of sentences as ``languages/en_replies.toml`` shows it."""
        self._table = table
        self.language = language
        self._said = {} if load_language(language).spaced else how_said(language)

    def say(self, name: str, *, n: int | None = None, **values: str) -> str:
        """A sentence with its values filled in; with ``n``, its form for that number."""
        sentence = self._table[name]
        if isinstance(sentence, Mapping):
            sentence = sentence["one" if n == 1 else "many"]
        return str(sentence).format(**values, n="" if n is None else f"{n:,}")

    def number(self, n: int) -> str:
        """A small number in words, as it begins a sentence."""
        words = self._table["numbers"]
        return str(words[n]) if n < len(words) else str(n)

    def joined(self, parts: Sequence[str], last: str = "and") -> str:
        """``a, b and c``; ``last`` is ``and`` or ``or``."""
        if len(parts) < 2:
            return "".join(parts)
        return self.say(last, before=str(self._table["comma"]).join(parts[:-1]), last=parts[-1])

    def sentences(self, parts: Sequence[str]) -> str:
        """One after the other; blank ones are left out."""
        return str(self._table["between"]).join(part for part in parts if part)

    def value(self, slot: str, number: str) -> str:
        """A number, or a range of numbers, of a slot: ``96 minutes``."""
        unit = self._table["units"].get(slot, "{slot} {value}")
        return str(unit).format(slot=self.slot(slot), value=number)

    def measure(self, slot: str, number: str) -> str:
        """The same where the slot is named beside it: ``96 minutes``, ``40``."""
        return self.value(slot, number) if slot in self._table["units"] else number

    def label(self, constraint: Constraint) -> str:
        """How a reply shows what it acts on: ``comedy``, ``not animated``, ``1990–1999``, ``up to 99 minutes``."""
        if self._table["own_words"] and constraint.words and (own := self._own_label(constraint)):
            return own
        if constraint.either:
            labels = {fold(label): label for one in constraint.alternatives() if (label := self.label(one))}
            return self.joined(list(labels.values()), "or")
        low, high = (None if end is None else f"{end:g}" for end in (constraint.low, constraint.high))
        if constraint.op in ("range", "outside"):
            if low is not None and high is not None:
                shown = low if low == high else self.say("range_between", low=low, high=high)
                shown = self.value(constraint.slot, shown)
            elif low is not None:
                shown = self.say("range_from", low=self.value(constraint.slot, low))
            else:
                shown = self.say("range_up_to", high=self.value(constraint.slot, high or ""))
            return shown if constraint.op == "range" else self.say("not", label=shown)
        if len(constraint.values) == 1 and constraint.values[0] in (YES, NO):  # "in stock" rather than "yes"
            holds = (constraint.values[0] == YES) == (constraint.op != "none")
            return self.slot(constraint.slot) if holds else self.say("not", label=self.slot(constraint.slot))
        values = list(
            {fold(value): self._said.get(fold(value), value) for value in reversed(constraint.values)}.values()
        )
        values.reverse()
        joined = self.joined(values, "or" if constraint.op == "any" else "and")
        if constraint.words and len(constraint.values) > MOST_VALUES:  # "Africa" rather than its countries
            joined = constraint.words
        glued = load_language(self.language).words("glued_negation")
        words = next(
            (constraint.words.removeprefix(p) for p in glued if constraint.words.startswith(p)), constraint.words
        )
        return self.say("not", label=words or joined) if constraint.op == "none" else joined

    def _own_label(self, constraint: Constraint) -> str:
        """The user's words, where they tell what was asked for; "shorter" tells no length."""
        words = constraint.words.strip(" ，,。的")
        if constraint.op in ("range", "outside") and not _TELLS_NUMBER.search(words):
            return ""
        return self.say("not", label=words) if constraint.op in ("none", "outside") else words

    def is_negative(self, words: str) -> bool:
        """Whether the user's words say by themselves that something is not wanted: "too bleak", "less talk"."""
        language, folded = load_language(self.language), fold(words)
        patterns = (cue.regex for name in ("too", "not_so", "less_word") for cue in language.patterns.get(name, ()))
        cued = any(folded.startswith(f"{cue} ") for cue in language.cues["negation"])
        return cued or any(pattern.match(folded) for pattern in patterns)

    def title(self, title: str) -> str:
        """A title inside a sentence."""
        return self.say("title", title=title)

    def slot(self, name: str) -> str:
        """What a slot is called."""
        return str(self._table["slots"].get(name, name.replace("_", " ")))


@cache
def reply_words(language: str) -> ReplyWords:
    """Of a language that there is a file for; English where there is none."""
    code, table = read_sentences(language, "replies")
    return ReplyWords(table, code)
