"""What a language without spaces needs beside the word lists of every language: the tables of its file that are phrases."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from assistant.text import fold
from assistant.unspaced.amounts import Amount

Direction = Literal["less", "more"]


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """Phrases of one language; see ``assistant/languages/zh.toml``."""

    names: Mapping[str, tuple[str, ...]]
    """What a phrase promises: the values that catalogues may have for it, in any language."""
    places: Mapping[str, tuple[str, ...]]
    tongues: Mapping[str, tuple[str, ...]]
    areas: Mapping[str, tuple[str, ...]]
    """Part of the world to the countries that lie there."""
    wishes: Mapping[str, tuple[str, ...]]
    themes: Mapping[str, tuple[str, ...]]
    adjectives: Mapping[str, tuple[str, Direction]]
    """Adjective to the kind of number that it compares, and which way: an entry of ``amounts`` or a slot."""
    degrees: Mapping[str, tuple[str, ...]]
    """What stands before or behind an adjective and says how much of it is wanted: ``too``, ``more``, ``some``, …"""
    same: Mapping[str, str]
    """Phrase to the slot that is kept from an item."""
    slot_names: Mapping[str, str]
    decade: str
    """How a decade is written, ``{first}`` being its first year."""
    this: tuple[str, ...]
    these: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]
    counters: tuple[str, ...]
    refusals: tuple[str, ...]
    """Ways to say that something is not wanted, with their degrees: 不太感兴趣, 没什么感觉."""
    denials: tuple[str, ...]
    """Characters and words without which nothing is refused."""
    no_denials: tuple[str, ...]
    """Words that hold one of them and refuse nothing: 不错, 有没有."""
    releases: tuple[str, ...]
    """Ways to say that something does not matter any more: 不那么重要, 不再坚持."""
    one: tuple[str, ...]
    """What may close a pointer without a number: 最短的那部."""
    stock: tuple[str, ...]
    amounts: Mapping[str, Amount]
    """Numbers that are named: 评分不低于8."""
    flags: Mapping[str, str]
    """Phrase to the yes-or-no slot that it asks for."""
    said: Mapping[str, str]
    """Folded value in English to how it is said."""
    akin: Mapping[str, tuple[str, ...]]
    """Word to others that mean nearly the same."""

    def slots_of(self, kind: str) -> tuple[str, ...]:
        """The slots of a kind of number."""
        return self.amounts[kind].slots if kind in self.amounts else (kind,)


def _listed(table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {phrase: (value,) if isinstance(value, str) else tuple(value) for phrase, value in table.items()}


@cache
def how_said(code: str) -> Mapping[str, str]:
    """Folded value in English to the phrase of the language that names it."""
    phrases = load_phrases(code)
    found = dict(phrases.said)
    for table in (phrases.places, phrases.tongues, phrases.names):
        for phrase, values in table.items():
            for value in values:
                if value.isascii():
                    found.setdefault(fold(value), phrase)
    return found


def _products(table: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Every word that denies with everything that it denies."""
    return longest_first(f"{deny}{what}" for deny in table["deny"] for what in table["of"])


def _amount(table: Mapping[str, Any]) -> Amount:
    lists = {name: tuple(value) for name, value in table.items() if isinstance(value, list)}
    return Amount(**{**table, **lists})


@cache
def _variants() -> Mapping[int, str]:
    """Characters of one script to those of the other, by code point; from the ``_variants`` files of all languages."""
    found: dict[int, str] = {}
    for file in resources.files("assistant").joinpath("languages").iterdir():
        if file.name.endswith("_variants.toml"):
            pairs: str = tomllib.loads(file.read_text(encoding="utf-8"))["pairs"]
            found |= {ord(pair[0]): pair[1] for pair in pairs.split()}
    return found


def one_script(text: str) -> str:
    """A text with one character in the place of all its variants (電影 as 电影), of the same length."""
    return text if text.isascii() else text.translate(_variants())


def _akin(groups: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for group in groups:
        words = group.split()
        for word in words:
            found.setdefault(word, []).extend(other for other in words if other != word)
    return {word: tuple(dict.fromkeys(others)) for word, others in found.items()}


def longest_first(phrases: Iterable[str]) -> tuple[str, ...]:
    """Each phrase once, the longest first."""
    return tuple(sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase)))


@cache
def _denies(code: str) -> re.Pattern[str]:
    phrases = load_phrases(code)
    return re.compile(rf"{any_of(phrases.no_denials)}|(?P<denies>{any_of(phrases.denials)})")


def denies(code: str, plain: str) -> bool:
    """Whether something in a stretch refuses, however it is put; a question does not."""
    return not plain.endswith(("吗", "?", "？")) and any(found["denies"] for found in _denies(code).finditer(plain))


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of some phrases, the longest first."""
    return f"(?:{'|'.join(map(re.escape, longest_first(words)))})"


@cache
def load_phrases(code: str) -> Phrases:
    """The phrases of a language without spaces."""
    folder = resources.files("assistant").joinpath("languages")
    data: dict[str, Any] = tomllib.loads(folder.joinpath(f"{code}.toml").read_text(encoding="utf-8"))
    english: dict[str, Any] = tomllib.loads(folder.joinpath("en.toml").read_text(encoding="utf-8"))
    places = _listed(data["places"])
    areas = {}
    for phrase, region in data["areas"].items():
        countries = list(english["regions"][region]["countries"])
        own = [own for values in places.values() if set(values) & set(countries) for own in values]
        areas[phrase] = tuple(dict.fromkeys([*countries, *own]))
    references = data["references"]
    return Phrases(
        names=_listed(data["names"]),
        places=places,
        tongues=_listed(data["tongues"]),
        areas=areas,
        wishes=_listed(data["wishes"]),
        themes=_listed(data["themes"]),
        adjectives={word: (kind, way) for word, (kind, way) in data["adjectives"].items()},
        degrees=_listed(data["degrees"]),
        same=data["same"],
        slot_names=data["slot_names"],
        decade=data["decade"],
        this=longest_first(references["this"]),
        these=longest_first(references["these"]),
        first=longest_first(references["first"]),
        last=longest_first(references["last"]),
        counters=tuple(references["counters"]),
        refusals=_products(data["refusals"]),
        denials=longest_first(data["denials"]["words"]),
        no_denials=longest_first(data["denials"]["but"]),
        releases=_products(data["releases"]),
        one=longest_first(references["one"]),
        stock=longest_first(data["cues"]["in_stock"]),
        amounts={name: _amount(table) for name, table in data["amounts"].items()},
        flags=data["flags"],
        said={fold(value): phrase for value, phrase in data["said"].items()},
        akin=_akin(data["akin"]["groups"]),
    )
