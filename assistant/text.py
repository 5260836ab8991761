"""Cleaning text that comes from outside, and folding it for comparison."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

_SPACE = re.compile(r"\s+")
_PLAIN = re.compile(r"[ -~]*")
_BLANKS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Characters that show nothing although their category says otherwise: fillers, variation selectors, tags."""
MESSAGE_WORD = re.compile(r"\w+(?:['’]\w+|-\w+)*")
"""A word of a message."""
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_UNSPACED = re.compile(
    "[\u3005-\u3007\u3041-\u3096\u309d-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""A run of Han characters or kana, whose words no space parts."""
_MOST_DULL = 8
"""Characters of the longest phrase that is cut out of a run."""
_HAN = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_RUNS = re.compile(f"({_UNSPACED.pattern})")


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
        text = unicodedata.normalize("NFC", text)  # Hangul was taken apart with the accents
    return _SPACE.sub(" ", text.casefold()).strip()


def words(text: str) -> list[str]:
    """The words of folded text, apostrophes kept inside."""
    return _WORD.findall(fold(text))


def read_words(folded: str) -> list[str]:
    """The words of folded text as a message is read: hyphens inside words are kept."""
    return [word.replace("’", "'") for word in MESSAGE_WORD.findall(folded)]


def is_unspaced(text: str) -> bool:
    """Whether a text has characters of a script that puts no space between words."""
    return not text.isascii() and _UNSPACED.search(text) is not None


def has_han(text: str) -> bool:
    """Whether a text has Han characters."""
    return not text.isascii() and _HAN.search(text) is not None


def terms(text: str, dull: Collection[str] = frozenset()) -> list[str]:
    """The terms of a text as search by words knows them: its words, folded, without those in ``dull``.

    A run of Han characters or kana becomes its characters and its pairs of neighbours: of one of three, 喜剧片, the terms
    喜, 喜剧, 剧, 剧片 and 片. No dictionary is needed, and two-character words, which most are, are found whole. What stands
    in ``dull`` is cut out of a run first, the longest first, so that no pair spans it.
    """
    found: list[str] = []
    for word in words(text):
        if not is_unspaced(word):
            if word not in dull:
                found.append(word)
            continue
        for number, part in enumerate(_RUNS.split(word)):
            if number % 2:
                for piece in _cut(part, dull):
                    found.extend(_pairs(piece))
            elif part and part not in dull:
                found.append(part)
    return found


def _cut(run: str, dull: Collection[str]) -> list[str]:
    """What is left of a run without the phrases in ``dull``."""
    pieces, begun, at = [], 0, 0
    while at < len(run):
        size = next((size for size in range(min(_MOST_DULL, len(run) - at), 0, -1) if run[at : at + size] in dull), 0)
        if size:
            pieces.append(run[begun:at])
            begun = at + size
        at += size or 1
    return [piece for piece in (*pieces, run[begun:]) if piece]


def _pairs(run: str) -> list[str]:
    found: list[str] = []
    for at, character in enumerate(run):
        found.append(character)
        if at + 1 < len(run):
            found.append(run[at : at + 2])
    return found


def index_text(text: str) -> str:
    """Text as the index of words gets it: as it is, with the terms of every run of Han characters or kana in its place."""
    if not is_unspaced(text):
        return text
    return _SPACE.sub(" ", _UNSPACED.sub(lambda run: f" {' '.join(_pairs(fold(run.group())))} ", text)).strip()


def fold_title(title: str) -> str:
    """A title folded for look-up: no punctuation, no leading article, ``&`` as ``and``."""
    parts = words(title.replace("&", " and "))
    if len(parts) > 1 and parts[0] in ("the", "a", "an"):
        parts = parts[1:]
    return " ".join(part.replace("'", "").replace("’", "") for part in parts)
