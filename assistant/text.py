"""Cleaning text that comes from outside, and folding it for comparison."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
_PLAIN = re.compile(r"[ -~]*")
_BLANKS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Characters that show nothing although their category says otherwise: fillers, variation selectors, tags."""
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def clean(text: str) -> str:
    """Text without control, invisible, private-use and unpaired surrogate characters, white space folded, in NFC.

    What is stripped could hide instructions or forge a terminal's output: C0 and C1 controls, bidirectional overrides,
    zero-width characters, tag characters.
    """
    if not _PLAIN.fullmatch(text):
        text = "".join(
            " " if character.isspace() or unicodedata.category(character) in ("Zl", "Zp") else character
            for character in _BLANKS.sub("", unicodedata.normalize("NFC", text))
            if character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")
        )
    return _SPACE.sub(" ", text).strip()


def fold(text: str) -> str:
    """For comparing: case folded, without accents, white space folded."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _SPACE.sub(" ", text.casefold()).strip()


def words(text: str) -> list[str]:
    """The words of folded text, apostrophes kept inside."""
    return _WORD.findall(fold(text))


def fold_title(title: str) -> str:
    """A title folded for look-up: no punctuation, no leading article, ``&`` as ``and``."""
    parts = words(title.replace("&", " and "))
    if len(parts) > 1 and parts[0] in ("the", "a", "an"):
        parts = parts[1:]
    return " ".join(part.replace("'", "").replace("’", "") for part in parts)
