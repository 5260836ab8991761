"""Which language a message is in. Decided by script and by the words that say nothing else, without a model."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from assistant.language import Language, load_language
from assistant.text import fold, has_han, terms, words

_QUOTED = re.compile(r"《[^》]*》|“[^”]*”|「[^」]*」|『[^』]*』|\"[^\"]*\"")
_TITLE_WORD = re.compile(r"[^\W\d_]+")


@cache
def languages() -> tuple[str, ...]:
    """The languages there are word lists for, by code, sorted."""
    folder = resources.files("assistant").joinpath("languages")
    names = (entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted(name for name in names if "_" not in name))


def detect_language(text: str, previous: str = "en") -> str:
    """The code of the language of a message; ``previous`` is that of the message before.

    A message with a word of Chinese that is no name ("想看", "的") is Chinese, whatever else it holds, and so is one in Han
    characters alone. A title says nothing of the language it stands in: what is in quotation marks is not looked at, and a
    message of one word or of capitalised words only ("Blade Runner") keeps the language before it, as does one that no list
    knows.
    """
    plain = _QUOTED.sub(" ", text)
    if not _TITLE_WORD.search(plain):
        return previous if _TITLE_WORD.search(text) is None or text.isascii() else _of_title(text, previous)
    known = [load_language(code) for code in languages()]
    if has_han(plain):
        unspaced = [language for language in known if not language.spaced]
        best = max(unspaced, key=lambda language: _met(plain, language), default=None)
        if best is not None and (_met(plain, best) or not any(_met(plain, other) for other in known if other.spaced)):
            return best.code
    spaced = [language for language in known if language.spaced]
    if previous not in [language.code for language in spaced] and (len(words(plain)) == 1 or _all_capitalised(plain)):
        return previous
    scores = {language.code: _met(plain, language) for language in spaced}
    most = max(scores.values(), default=0)
    if not most:
        return previous
    return previous if scores.get(previous) == most else next(code for code, met in scores.items() if met == most)


def _of_title(text: str, previous: str) -> str:
    """Of a message that is a quoted title: corner and book title marks are Chinese ones."""
    unspaced = next((code for code in languages() if not load_language(code).spaced), previous)
    return unspaced if has_han(text) and any(mark in text for mark in "《「『") else previous


def _all_capitalised(text: str) -> bool:
    found = [word for word in text.split() if word[:1].isalpha()]
    return bool(found) and all(word[0].isupper() for word in found)


@cache
def _function_words(code: str) -> frozenset[str]:
    language = load_language(code)
    cues = (
        {word for values in language.cues.values() for cue in values for word in cue.split()}
        if language.spaced
        else set()
    )
    return language.stopwords | language.item_words | cues


def _met(text: str, language: Language) -> int:
    """How many words of the text are words of the language that say nothing of what is wanted."""
    function = _function_words(language.code)
    if language.spaced:
        return sum(word in function for word in words(text))
    folded = fold(text)
    kept = sum(len(term) == 1 and has_han(term) for term in terms(folded, function))
    return sum(has_han(character) for character in folded) - kept
