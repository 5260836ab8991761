"""What replies say in a language: a file of sentences, filled in by code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any


class ReplyWords:
    """The sentences of one language."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        """``table`` is a file of sentences as ``languages/en_replies.toml`` shows it."""
        self._table = table

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

    def slot(self, name: str) -> str:
        """What a slot is called."""
        return str(self._table["slots"].get(name, name.replace("_", " ")))


@cache
def reply_words(language: str) -> ReplyWords:
    """Of a language that there is a file for; English where there is none."""
    folder = files("assistant") / "languages"
    path = folder / f"{language}_replies.toml"
    if not path.is_file():
        path = folder / "en_replies.toml"
    return ReplyWords(tomllib.loads(path.read_text(encoding="utf-8")))
