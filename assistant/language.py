"""A language as data: word lists and patterns out of ``assistant/languages``.

A pattern is a regular expression over the message as ``Reading.plain`` holds it (case and accents folded, straight
apostrophes). In it ``{name}`` stands for an alternative of the list ``name`` (``[lists]``, and those made of other tables:
``item``, ``number``, ``ordinal``); a leading ``^`` means the beginning of a clause, polite openings (``lists.filler``) skipped.
Where ``spaced`` is true, a pattern begins and ends at the ends of words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from typing import Any

_LOOKS_AHEAD = re.compile(r"\(\?[=!](?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)$")
"""A pattern that says itself what may follow."""
_END = "(?=[ ]*[?!.…]*$)"
"""Where a message ends, whatever mark stands there."""
Units = Mapping[str, float]
STEMMED, STEM = 6, 4
"""Letters of the shortest word that is cut to its stem, and of the shortest stem."""
DEFAULT = "en"
"""The language that stands in where another has no sentences."""


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A pattern."""

    pattern: str
    opens: bool
    """Whether it has to stand where a clause begins."""

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Compiled when it is first needed: all those of a language take a quarter of a second."""
        return re.compile(self.pattern)


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementCue:
    """How users say something of themselves."""

    cue: Cue
    likes: bool
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotWords:
    """How people speak of one property of items. The words need no slot: the first of ``slots`` that a catalogue has is
    meant, and the words say nothing where it has none."""

    slots: tuple[str, ...]
    names: tuple[str, ...] = ()
    """Nouns: ``running time``, ``length``."""
    says: tuple[str, ...] = ()
    """Verbs before a number or a value of the slot: ``lasting``, ``weighs``."""
    more: tuple[str, ...] = ()
    """``longer``, ``newer``: a greater number is meant."""
    less: tuple[str, ...] = ()
    most: tuple[str, ...] = ()
    """``longest``."""
    least: tuple[str, ...] = ()
    high: tuple[str, ...] = ()
    """``long``; behind ``too`` a reason to reject."""
    low: tuple[str, ...] = ()
    units: Units = field(default_factory=dict)
    """Word for a unit to how much of the slot it is: ``hour`` is 60."""
    bases: Units = field(default_factory=dict)
    """Units that catalogues keep the slot in, by the end of its name, to how much they are of what ``units`` count in."""
    asks: tuple[str, ...] = ()
    """Patterns of questions about the slot: ``how long``."""
    answer: str = ""
    """What a bare number means as an answer: ``most``, ``least``, or about it."""
    around: float = 0.0
    """How far "about 90 minutes" reaches to either side, in the slot's unit; 0: a tenth."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """Word lists and patterns of one language; see ``assistant/languages``."""

    code: str
    spaced: bool
    """Whether spaces part its words."""
    longest: int
    """Tokens of the longest value that is looked up (a Han character is a token)."""
    stopwords: frozenset[str]
    item_words: frozenset[str]
    adjectival: frozenset[str]
    numbers: Mapping[str, int]
    decades: Mapping[str, int]
    ordinals: Mapping[str, int]
    """``second`` is 2; from the end: ``last`` is -1."""
    cues: Mapping[str, tuple[str, ...]]
    wishes: Mapping[str, tuple[str, ...]]
    """Word to values that catalogues may have for it; those that the catalogue has are wished."""
    comparatives: Mapping[str, str]
    """``darker`` is ``dark``."""
    synonyms: Mapping[str, str]
    opposites: Mapping[str, str]
    countries: Mapping[str, str]
    capitals: Mapping[str, str]
    """Words that mean something else in capitals: ``US``."""
    language_codes: Mapping[str, tuple[str, ...]]
    """Language to the codes that catalogues write for it."""
    regions: Mapping[str, tuple[str, ...]]
    slots: tuple[SlotWords, ...]
    patterns: Mapping[str, tuple[Cue, ...]]
    statements: tuple[StatementCue, ...]
    numeric: Mapping[str, Any]
    """Words around numbers; see ``assistant/understanding/number_patterns.py``."""
    lists: Mapping[str, str]
    """Name to an alternative for regular expressions."""
    suffixes: tuple[str, ...] = ()
    """Ends of words that make another word of the same stem, the longest first: ``melancholic``, ``melancholy``."""

    def stem(self, word: str) -> str:
        """A word without its suffix, where enough of it is left."""
        if len(word) < STEMMED:
            return word
        suffix = next((s for s in self.suffixes if word.endswith(s) and len(word) - len(s) >= STEM), "")
        return word[: len(word) - len(suffix)]

    def words(self, name: str) -> tuple[str, ...]:
        """The entries of a list of cues; empty when the language has no such list."""
        return self.cues.get(name, ())

    @property
    def either(self) -> str:
        """What joins alternatives, spaces included: `` or ``."""
        word = self.words("alternative")[0]
        return f" {word} " if self.spaced else word

    def bounded(self, pattern: str) -> str:
        """A regular expression that begins and ends at the ends of words, where the language has such."""
        return rf"(?<!\w)(?:{pattern})(?!\w)" if self.spaced else f"(?:{pattern})"

    def expanded(self, pattern: str) -> str:
        """A pattern with its lists filled in."""
        return _expand(pattern, self.lists)


def any_of(words: Iterable[str]) -> str:
    """An alternative of plain words, the longest first; one that never matches when there are none."""
    listed = sorted(set(words), key=lambda word: (-len(word), word))
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in listed) or r"(?!)"


def _expand(pattern: str, lists: Mapping[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        if match[1] not in lists:
            raise KeyError(f"the pattern {pattern!r} names the list {match[1]!r}, which the language does not have")
        return f"(?:{lists[match[1]]})"

    while True:
        filled = re.sub(r"\{([a-z_]+)\}", fill, pattern)
        if filled == pattern:
            return pattern
        pattern = filled


def _cue(pattern: str, lists: Mapping[str, str], spaced: bool) -> Cue:
    opens = pattern.startswith("^")
    body = _expand(pattern.removeprefix("^").rstrip(), lists)
    if body.endswith("$") and not body.endswith("?$") and spaced:
        body = body[:-1] + _END
    if spaced:
        begin = "" if pattern.startswith("\\") else r"(?<!\w)"  # a mark of punctuation may stand behind a word
        body = rf"{begin}(?:{body})" + ("" if _LOOKS_AHEAD.search(pattern) else r"(?!\w)")
    return Cue(pattern=body, opens=opens)


def _slot_words(words: Mapping[str, Any]) -> SlotWords:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in words.items()}
    return SlotWords(**fields)


def _lists(data: Mapping[str, Any], slots: Iterable[SlotWords]) -> dict[str, str]:
    lists = {name: value if isinstance(value, str) else "|".join(value) for name, value in data["lists"].items()}
    lists["item"] = any_of(data["item_words"].split())
    lists["number"] = r"\d+|" + any_of(data["numbers"])
    lists["ordinal"] = any_of(data["ordinals"])
    lists["more"] = any_of(word for words in slots for word in words.more)
    lists["less"] = any_of(word for words in slots for word in words.less)
    lists["extreme"] = any_of(word for w in slots for word in (*w.more, *w.less, *w.most, *w.least))
    lists["superlative"] = any_of(word for w in slots for word in (*w.most, *w.least))
    lists["slot_name"] = any_of(word for words in slots for word in words.names)
    return lists


def read_file(name: str) -> dict[str, Any] | None:
    """``assistant/languages/NAME.toml``; None when there is none."""
    path = resources.files("assistant").joinpath("languages", f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def read_sentences(code: str, kind: str) -> tuple[str, dict[str, Any]]:
    """(the language, its file ``CODE_KIND.toml`` of sentences); those of English where there is no file for ``code``."""
    found = read_file(f"{code}_{kind}") if code.isalnum() else None
    if found is None:
        code, found = DEFAULT, read_file(f"{DEFAULT}_{kind}")
    assert found is not None, f"there are no sentences {kind!r}"
    return code, found


@cache
def load_language(code: str = "en") -> Language:
    """The word lists of a language."""
    text = resources.files("assistant").joinpath("languages", f"{code}.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    spaced = bool(data.get("spaced", True))
    slots = tuple(_slot_words(words) for words in data["slots"].values())
    lists = _lists(data, slots)
    return Language(
        code=code,
        spaced=spaced,
        longest=int(data.get("longest", 4)),
        stopwords=frozenset(data["stopwords"].split()),
        item_words=frozenset(data["item_words"].split()),
        adjectival=frozenset(data["adjectival"]["words"].split()),
        numbers={**_composed(data.get("composed_numbers", {})), **data["numbers"]},
        decades=data["decades"],
        ordinals=data["ordinals"],
        cues={name: tuple(sorted(values, key=len, reverse=True)) for name, values in data["cues"].items()},
        wishes={word: (value,) if isinstance(value, str) else tuple(value) for word, value in data["wishes"].items()},
        comparatives=data["comparatives"],
        synonyms=data["synonyms"],
        opposites=data["opposites"],
        countries=data["countries"],
        capitals=data.get("capitals", {}),
        language_codes={name: tuple(codes) for name, codes in data.get("language_codes", {}).items()},
        regions={
            phrase: tuple(region["countries"]) for region in data["regions"].values() for phrase in region["names"]
        },
        slots=slots,
        patterns={
            name: tuple(_cue(pattern, lists, spaced) for pattern in patterns)
            for name, patterns in (*data["patterns"].items(), *((f"behind_{k}", v) for k, v in data["behind"].items()))
        },
        statements=tuple(
            StatementCue(cue=_cue(pattern, lists, spaced), likes=entry["likes"], confidence=entry["confidence"])
            for entry in data["statements"]
            for pattern in entry["patterns"]
        ),
        numeric=data["numeric"],
        lists=lists,
        suffixes=tuple(sorted(data.get("suffixes", ()), key=len, reverse=True)),
    )


def _composed(parts: Mapping[str, Any]) -> dict[str, int]:
    """Number words that are put together: ``twenty-five``, ``two hundred``, ``a hundred and fifty``."""
    if not parts:
        return {}
    units, tens, hundred, joins = parts["units"], parts["tens"], parts["hundred"], parts["joins"]
    found = {**units, **tens}
    small = dict(found)
    for ten, value in tens.items():
        for unit, more in units.items():
            if more < 10:
                found |= {f"{ten}{join}{unit}": value + more for join in ("-", " ")}
    for lead, value in {
        **dict.fromkeys(parts["one"], 1),
        **{w: n for w, n in units.items() if n < 10},
    }.items():
        found[f"{lead} {hundred}"] = 100 * value
        found |= {
            f"{lead} {hundred}{join}{word}": 100 * value + n for join in joins for word, n in small.items() if n >= 10
        }
    return found


def singular(word: str) -> str:
    """A plural's likely singular."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        return word[:-1]
    return word


def plurals(word: str) -> tuple[str, ...]:
    """A singular's likely plurals."""
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return (word[:-1] + "ies",)
    if word.endswith(("s", "x", "ch", "sh")):
        return (word + "es",)
    if word.endswith("fe"):
        return (word[:-2] + "ves", word + "s")
    if word.endswith("f"):
        return (word[:-1] + "ves", word + "s")
    return (word + "s",)
