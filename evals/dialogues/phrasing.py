"""How users put things: templates of data files, some of them held out.

What is held out of a language stands in a file of its own (``en_held.toml``, written by another hand than those of
``en.toml``, without sight of the rules of understanding) or, without one, in the file for development, where the phrasings
at odd places (from 0) of every list are held out. What a slot is called, and how its values are said, is in the files too:
no slot has code of its own.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import UnknownNameError, did_you_mean
from assistant.text import fold
from assistant.types import Constraint
from evals.dialogues.world import Kind
from evals.errors import EvaluationError

Half = Literal["dev", "held-out", "all"]
ACTS = (
    "open", "add", "answer", "no_preference", "evasive", "remind", "insist", "reject_reason", "reject_reason_wants",
    "reject_wants", "reject_plain", "reject_all", "more", "replace", "drop",
)  # fmt: skip
CLAUSE = "= "
"""A phrasing that begins so is a clause of its own, which does not follow a noun."""


class PhrasingFile(BaseModel):
    """A language's phrasings."""

    model_config = ConfigDict(extra="forbid")
    language: str
    comma: str
    """Between parts of a message."""
    colon: str
    """Before a clause of its own, instead of the space behind a noun."""
    last_comma: tuple[str, ...]
    """Before the last part, in turn."""
    either: str
    """Between two values of which one is enough, or neither is wanted."""
    native: str | None = None
    """What labels that can be said in this language match; None: every label can."""
    lower_case: tuple[str, ...] = ()
    """Slots whose values are said in lower case."""
    skip: tuple[str, ...] = ()
    """Slots that nobody speaks of."""
    fix: tuple[tuple[str, str], ...] = ()
    """(pattern, replacement) for a finished message: ``a old`` is ``an old``."""
    denial: tuple[str, ...]
    """Patterns of a reply that says that nothing fits."""
    act: dict[str, tuple[str, ...]]
    position: dict[str, tuple[str, ...]]
    """``first`` to ``fifth``, ``last``, ``only`` (a single card) and ``title``."""
    kind: dict[str, dict[str, tuple[str, ...]]]
    """By kind of attribute and form: for slots that have no words of their own."""
    slot: dict[str, dict[str, tuple[str, ...]]]
    alias: dict[str, str] = {}
    """Other names of the slots in ``slot``."""
    values: dict[str, str] = {}
    """How values of an index in another language are said in this one."""
    names: dict[str, tuple[str, ...]] = {}
    """Words by which a question may name a slot."""


HELD = "_held.toml"


def phrasings_of(language: str, half: Half) -> tuple[PhrasingFile, Half]:
    """The file of a language for a half, and what of its lists is meant. Raises ``UnknownNameError``."""
    file = load_phrasings(language)
    held = resources.files("evals.dialogues").joinpath("phrasings", f"{language}{HELD}")
    if not held.is_file():
        return file, half
    if half == "held-out":
        file = read_phrasings(held.read_text(encoding="utf-8"), held.name)
    return file, "all"


def load_phrasings(language: str) -> PhrasingFile:
    """The packaged phrasings of a language. Raises ``UnknownNameError``."""
    folder = resources.files("evals.dialogues").joinpath("phrasings")
    names = (file.name for file in folder.iterdir() if file.name.endswith(".toml") and not file.name.endswith(HELD))
    there = sorted(name.removesuffix(".toml") for name in names)
    if language not in there:
        raise UnknownNameError(
            f"There are no phrasings for the language {language!r}.{did_you_mean(language, there)} There are: {', '.join(there)}."
        )
    return read_phrasings(folder.joinpath(f"{language}.toml").read_text(encoding="utf-8"), f"{language}.toml")


def read_phrasings(text: str, name: str) -> PhrasingFile:
    """The phrasings of a file. Raises ``EvaluationError`` that names what is wrong or missing."""
    try:
        file = PhrasingFile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise EvaluationError(f"{name} cannot be used: {error}") from error
    if missing := [act for act in ACTS if len(file.act.get(act, ())) < 2]:
        raise EvaluationError(f"{name}: these acts need two phrasings or more: {', '.join(missing)}.")
    return file


def half_of(phrasings: Sequence[str], half: Half) -> tuple[str, ...]:
    """The phrasings of a list that belong to a half."""
    if half == "all" or len(phrasings) < 2:
        return tuple(phrasings)
    return tuple(phrasings[0 if half == "dev" else 1 :: 2])


@dataclass
class Phrasebook:
    """Words for one dialogue. The same place gets another phrasing in every trial of a task, as long as there are enough."""

    file: PhrasingFile
    half: Half
    task_id: str
    trial: int
    seed: int
    roles: frozenset[str] = frozenset()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    """Every template that was used, in order."""
    _uses: dict[str, int] = field(default_factory=dict)

    def pick(self, key: str, phrasings: Sequence[str]) -> str:
        """One of a list: the next one of a walk through it that begins elsewhere for every task and trial."""
        choices = half_of(phrasings, self.half)
        use = self._uses.get(key, 0)
        self._uses[key] = use + 1
        digest = hashlib.sha256(f"{self.seed}/{self.task_id}/{key}".encode()).digest()
        chosen = choices[(int.from_bytes(digest[:4], "big") + self.trial + 5 * use) % len(choices)]
        self.used.append(chosen)
        return chosen

    def say(self, act: str, **parts: str) -> str:
        """A message of an act."""
        text = self.pick(act, self.file.act[act])
        if any(part.startswith(CLAUSE) for part in parts.values()):  # "something: it has to be …"
            text = re.sub(r"(?<=\w) (?=\{wants\})", self.file.colon, text)
        text = _filled(text, {name: part.removeprefix(CLAUSE) for name, part in parts.items()})
        for pattern, replacement in self.file.fix:
            text = re.sub(pattern, replacement, text)
        return text

    def wants(self, constraints: Sequence[Constraint]) -> str:
        """Predicates as they stand in a message, clauses of their own behind the others."""
        parts = sorted((self.fragment(c) for c in constraints), key=lambda part: part.startswith(CLAUSE))
        if len(parts) == 1:
            return parts[0]
        parts = [parts[0], *(part.removeprefix(CLAUSE) for part in parts[1:])]
        return self.file.comma.join(parts[:-1]) + self.pick("last_comma", self.file.last_comma) + parts[-1]

    def fragment(self, constraint: Constraint) -> str:
        """One predicate in words."""
        return self._said(constraint.slot, _form(constraint), self._numbers(constraint) | self._values(constraint))

    def reason(self, slot: str, form: Literal["too_low", "too_high"]) -> str:
        """What is wrong with an item: ``too long``."""
        return self._said(slot, form, {})

    def has(self, constraint: Constraint) -> str:
        """What an item has that it should not: ``a horror film``."""
        return self._said(constraint.slot, "with", self._values(constraint))

    def lacks(self, constraint: Constraint) -> str:
        """What an item is not: ``not in French``."""
        return self._said(constraint.slot, "lacks", self._values(constraint))

    def again(self, constraint: Constraint) -> str:
        """A whole message: ``not another horror``."""
        return self._said(constraint.slot, "again", self._values(constraint))

    def which(self, position: int, shown: int, title: str) -> str:
        """A card, by its place from 1, or by its title."""
        places = ("first", "second", "third", "fourth", "fifth")
        if shown == 1:
            key = "only"
        elif position == shown and self.trial % 2:
            key = "last"
        else:
            key = places[position - 1]
        if (len(self.used) + self.trial) % 7 == 0:
            key = "title"
        return _filled(self.pick(f"which/{key}", self.file.position[key]), {"title": title})

    def _said(self, slot: str, form: str, parts: Mapping[str, str]) -> str:
        name = self.file.alias.get(slot, slot)
        kind = "people" if slot in self.roles else self.kinds.get(slot, "label")
        phrasings = self.file.slot.get(name, {}).get(form) or self.file.kind[kind][form]
        return _filled(self.pick(f"{name}/{form}", phrasings), {"slot": slot.replace("_", " "), **parts})

    def _values(self, constraint: Constraint) -> dict[str, str]:
        return {"v": self.file.either.join(self.value(constraint.slot, v) for v in constraint.values)}

    def value(self, slot: str, value: str) -> str:
        """How a value is said."""
        if slot in self.roles:
            return value
        if translated := self.file.values.get(fold(value)):
            return translated
        plain = (
            re.sub(r"(?<=\w)[-_](?=\w)", " ", value) if re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)+", value) else value
        )
        return plain.lower() if self.file.alias.get(slot, slot) in self.file.lower_case else plain

    def _numbers(self, constraint: Constraint) -> dict[str, str]:
        parts: dict[str, str] = {}
        if constraint.low is not None:
            parts |= {"low": f"{constraint.low:.10g}", "before": f"{constraint.low - 1:.10g}"}
        if constraint.high is not None:
            parts |= {"high": f"{constraint.high:.10g}", "after": f"{constraint.high + 1:.10g}"}
        if is_decade(constraint):
            low = int(constraint.low or 0)
            parts |= {"decade": str(low), "short": f"{low % 100:02d}"}
        return parts


def is_decade(constraint: Constraint) -> bool:
    """Whether a range of years is a decade."""
    low, high = constraint.low, constraint.high
    return constraint.slot == "year" and low is not None and high == low + 9 and low % 10 == 0


def _form(constraint: Constraint) -> str:
    if constraint.op in ("any", "all", "none"):
        return "none" if constraint.op == "none" else "any"
    if is_decade(constraint):
        recent = (constraint.low or 0) >= 1930 and (constraint.low or 0) < 2000  # "the 20s" would be two decades
        return ("decade" if recent else "old_decade") if constraint.op == "range" else "not_decade"
    if constraint.op == "outside":
        return "outside"
    if constraint.low is None:
        return "at_most"
    return "at_least" if constraint.high is None else "between"


def _filled(template: str, parts: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], template)
