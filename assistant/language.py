"""A language as data: word lists and patterns out of ``assistant/languages``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Language:
    """Word lists of one language; see ``assistant/languages``."""

    stopwords: frozenset[str]
    item_words: frozenset[str]
    adjectival: frozenset[str]
    numbers: Mapping[str, int]
    decades: Mapping[str, int]
    cues: Mapping[str, tuple[str, ...]]
    wishes: Mapping[str, str]
    synonyms: Mapping[str, str]
    opposites: Mapping[str, str]
    countries: Mapping[str, str]
    regions: Mapping[str, tuple[str, ...]]


@cache
def load_language(code: str = "en") -> Language:
    """The word lists of a language."""
    text = resources.files("assistant").joinpath("languages", f"{code}.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    return Language(
        stopwords=frozenset(data["stopwords"].split()),
        item_words=frozenset(data["item_words"].split()),
        adjectival=frozenset(data["adjectival"]["words"].split()),
        numbers=data["numbers"],
        decades=data["decades"],
        cues={name: tuple(sorted(values, key=len, reverse=True)) for name, values in data["cues"].items()},
        wishes=data["wishes"],
        synonyms=data["synonyms"],
        opposites=data["opposites"],
        countries=data["countries"],
        regions={
            phrase: tuple(region["countries"]) for region in data["regions"].values() for phrase in region["names"]
        },
    )


def singular(word: str) -> str:
    """A plural's likely singular."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        return word[:-1]
    return word
