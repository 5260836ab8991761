"""Sentences, tokens and stems: what every later step of the checker looks at.

The stemmer is deliberately heavier than Porter's: a claim says "comedic", "racing" or "tactics" where the record says
"comedy", "race" or "tactical", and two words that are compared here come from a short record and one sentence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

TokenKind = Literal["word", "number", "mark"]


def word_set(words: str) -> frozenset[str]:
    """The words of a blank-separated list."""
    return frozenset(words.split())


class Token(NamedTuple):
    """A word, a number or a punctuation mark, with its place in the text."""

    text: str
    start: int
    end: int
    low: str
    """Lower case, without accents, typographic apostrophes straightened."""
    stem: str
    kind: TokenKind
    capital: bool
    first: bool
    """It opens a sentence (opening quotes and brackets skipped)."""


_TOKEN = re.compile(
    r"(?P<number>\d+(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?)"
    r"|(?P<word>[^\W\d_]+(?:\.(?:[^\W\d_]\.)+)?(?:['’](?:t|re|ve|ll|d|m)\b)?)"
    r"|(?P<possessive>['’]s?\b|['’](?=\s))"
    r"|(?P<mark>[^\s\w]|_)"
)
_ABBREVIATIONS = word_set("mr mrs ms dr st jr sr vs vol no approx min etc inc ltd co")
_ENDING = re.compile(r"[.!?]")


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Lower case without accents: ``Café`` becomes ``cafe``."""
    word = word.replace("’", "'")
    if not word.isascii():
        word = unicodedata.normalize("NFKD", word)
        word = "".join(letter for letter in word if not unicodedata.combining(letter))
    return word.casefold()


_IRREGULAR = {
    "children": "child",
    "men": "man",
    "women": "woman",
    "written": "writ",
    "wrote": "writ",
    "writer": "writ",
    "writing": "writ",
    "romance": "romanc",
    "romances": "romanc",
    "romantic": "romanc",
    "fantastic": "fantastic",
    "animal": "animal",
    "animals": "animal",
    "organic": "organic",
    "anime": "anime",
    "series": "series",
    "news": "news",
    "musical": "musical",
    "musicals": "musical",
    "historical": "histor",
    "mac": "mac",
    "gaming": "gaming",
    "booker": "booker",
    "grammy": "grammy",
    "grammys": "grammy",
    "parking": "parking",
    "dining": "dining",
    "dine": "dining",
    "moderately": "moderat",
    "sung": "sing",
    "made": "mak",
    "led": "lead",
    "families": "family",
    "family": "family",
    "familiar": "familiar",
    "universal": "universal",
    "princess": "princess",
    "classic": "classic",
    "classics": "classic",
    "classical": "classical",
    "comics": "comic",
    "platformer": "platformer",
    "platformers": "platformer",
    "platforming": "platformer",
    "comic": "comic",
}
_SUFFIXES: tuple[tuple[str, int], ...] = (
    ("ational", 4), ("ations", 4), ("ation", 4), ("ators", 4), ("ator", 4), ("ating", 4), ("ated", 4), ("ically", 4),
    ("ical", 4), ("ments", 4), ("ment", 4), ("ness", 4), ("ious", 4), ("ions", 4), ("ion", 4), ("ists", 5),
    ("ings", 3), ("ing", 3), ("ers", 3), ("ors", 4), ("ally", 4), ("ous", 5), ("ist", 5), ("al", 4), ("ics", 4),
    ("ic", 4), ("er", 3), ("or", 4), ("ed", 3), ("ly", 4), ("es", 3), ("e", 3),
)  # fmt: skip
_VOWEL = re.compile(r"[aeiouy]")


@lru_cache(maxsize=65536)
def stem(low: str) -> str:
    """The stem of a folded word. Words that share a stem are taken for the same word."""
    if (known := _IRREGULAR.get(low)) is not None:
        return known
    if len(low) < 4 or not low.isalpha():
        return low
    word = low
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
        if (known := _IRREGULAR.get(word)) is not None:
            return known
    for suffix, least in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= least and _VOWEL.search(word[: -len(suffix)]):
            word = word[: -len(suffix)]
            break
    if word.endswith("y"):
        word = word[:-1] if len(word) > 5 else word[:-1] + "i"
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word


@lru_cache(maxsize=16384)
def stems(phrase: str) -> tuple[str, ...]:
    """The stems of the words and numbers of a phrase; marks and possessives are left out."""
    return tuple(token.stem for token in tokenize(phrase) if token.kind != "mark")


def tokenize(text: str, titles: Iterable[str] = ()) -> list[Token]:
    """Tokens of ``text`` in order; hyphens and slashes are marks, so that ``family-friendly`` is two words.

    A mark that belongs to one of ``titles`` ("Airplane!") ends no sentence unless a capital follows the title.
    """
    tokens: list[Token] = []
    first = True
    belonging = _marks_of_titles(text, titles)
    for match in _TOKEN.finditer(text):
        raw = match.group()
        kind: TokenKind = "word" if match.lastgroup == "word" else "number" if match.lastgroup == "number" else "mark"
        if kind == "word":
            low = fold(raw)
            low = low.replace(".", "") if "." in low else low
            capital = raw[0].isupper()
            token = Token(raw, match.start(), match.end(), low, stem(low), kind, capital, first)
            first = False
        elif kind == "number":
            low = raw.replace(",", "")
            token = Token(raw, match.start(), match.end(), low, low, kind, False, first)
            first = False
        else:
            low = raw.replace("’", "'")
            token = Token(raw, match.start(), match.end(), low, low, kind, False, False)
            if match.start() in belonging:
                first = first or belonging[match.start()]
            elif raw in "!?":
                first = True
            elif raw == "." and not (tokens and _abbreviates(tokens[-1]) and tokens[-1].end == match.start()):
                after = text[match.end() : match.end() + 1]
                first = after in ("", " ", "\n", '"', "”", ")") or after.isupper()
            elif raw in "\"“”'(‘[" and first:
                first = True
        tokens.append(token)
    return tokens


def _marks_of_titles(text: str, titles: Iterable[str]) -> dict[int, bool]:
    """Where a mark that could end a sentence belongs to a title, and whether it ends one all the same."""
    belonging: dict[int, bool] = {}
    for title in sorted({title for title in titles if _ENDING.search(title)}, key=len):  # the longest decides
        for match in re.finditer(rf"(?<!\w){re.escape(title)}(?!\w)", text):
            rest = text[match.end() :].lstrip(" \n\"”’'")
            for mark in _ENDING.finditer(match.group()):
                last = mark.end() == len(title)
                belonging[match.start() + mark.start()] = last and (not rest or rest[0].isupper())
    return belonging


def _abbreviates(token: Token) -> bool:
    return token.low in _ABBREVIATIONS - {"jr", "sr", "etc", "inc", "ltd"} or (
        len(token.text) == 1 and token.capital and token.low != "i"
    )


def sentences(tokens: list[Token]) -> list[tuple[int, int]]:
    """Half-open index ranges of the sentences in ``tokens``."""
    starts = [i for i, token in enumerate(tokens) if token.first] or [0]
    starts[0] = 0
    return [(a, b) for a, b in zip(starts, [*starts[1:], len(tokens)], strict=True) if b > a]
