"""The file of business rules: read, checked, and complained about by line and rule.

::

    in_stock_only = true

    [[pin]]
    name = "house pick"
    item = "alien-1979"
    position = 1
    label = "Sponsored"

    [[boost]]
    where = { slot = "year", from = 2015 }
    by = 0.1

    [[bury]]
    where = [{ slot = "categories", any = ["Horror"] }, { slot = "year", to = 1980 }]
    by = 0.2

    [[cap]]
    slot = "director"
    most = 1
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import SettingsError, did_you_mean
from assistant.types import Constraint, Operator

FILE_NAMES = ("rules.toml", "rules.json")
"""Where rules are looked for in a data folder, the first that is there."""
KINDS = ("pin", "boost", "bury", "cap")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Words = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class Condition(_Part):
    """What an item must be: exactly one of ``any``, ``all``, ``none`` (of these values) or a range."""

    slot: Annotated[str, Field(min_length=1)]
    """A slot of the record; ``people`` stands for people of every role."""
    any: Words | None = None
    all: Words | None = None
    none: Words | None = None
    low: float | None = Field(default=None, alias="from", allow_inf_nan=False)
    high: float | None = Field(default=None, alias="to", allow_inf_nan=False)

    @model_validator(mode="after")
    def _one(self) -> Condition:
        ranged = self.low is not None or self.high is not None
        if sum((self.any is not None, self.all is not None, self.none is not None, ranged)) != 1:
            raise ValueError("a condition needs exactly one of any, all, none, or from and to")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"from {self.low:g} is above to {self.high:g}")
        return self

    def constraint(self) -> Constraint:
        """The same as the constraint that a message would make."""
        listed: dict[Operator, Words | None] = {"any": self.any, "all": self.all, "none": self.none}
        for op, values in listed.items():
            if values is not None:
                return Constraint(slot=self.slot, op=op, values=tuple(values))
        return Constraint(slot=self.slot, op="range", low=self.low, high=self.high)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


Where = Annotated[list[Condition], BeforeValidator(_listed), Field(min_length=1)]
"""One condition, or several that must all hold."""
Name = Annotated[str, Field(min_length=1, max_length=100)]


class _Rule(_Part):
    name: Name | None = None
    """What reasons and traces call it; ``pin 1``, ``boost 2`` and so on when left out."""


class Pin(_Rule):
    """An item at a place, whatever its score."""

    item: Annotated[str, Field(min_length=1)] | None = None
    """Its id, or else:"""
    where: Where | None = None
    """the best by score, among the candidates, of which this holds."""
    position: Annotated[int, Field(ge=1, le=1000)]
    """From 1. A list that is shorter shows no such pin."""
    label: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """What the card says of it, ``Sponsored`` say; ``Pinned`` when left out."""

    @model_validator(mode="after")
    def _one(self) -> Pin:
        if (self.item is None) == (self.where is None):
            raise ValueError("a pin needs either item (an id) or where (a condition)")
        return self


class Push(_Rule):
    """A boost, or a bury: a change of score."""

    where: Where
    by: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
    """A share of the range of scores in the list: 1 is the distance of the best candidate from the last one."""


class Cap(_Rule):
    """At most so many items of the same value."""

    slot: Annotated[str, Field(min_length=1)] = "people"
    """``director``, ``categories``, …; ``people`` stands for everybody who made an item, in any role."""
    most: Annotated[int, Field(ge=1)]
    within: Annotated[int, Field(ge=1)] = 10
    """Of the first so many positions."""


class RuleFile(_Part):
    """All rules, in the order in which they stand."""

    in_stock_only: bool = False
    """Leave out what is known not to be in stock."""
    pin: tuple[Pin, ...] = ()
    boost: tuple[Push, ...] = ()
    bury: tuple[Push, ...] = ()
    cap: tuple[Cap, ...] = ()

    @model_validator(mode="after")
    def _unlike(self) -> RuleFile:
        names = [name for kind in KINDS for name in self.names(kind)]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two rules are called {twice!r}; give them different names")
        places = [pin.position for pin in self.pin]
        if taken := next((place for place in places if places.count(place) > 1), None):
            raise ValueError(f"two pins want position {taken}; give them different positions")
        return self

    def names(self, kind: str) -> list[str]:
        """The names of the rules of a kind, in order."""
        return [rule.name or f"{kind} {number}" for number, rule in enumerate(getattr(self, kind), 1)]


_FIELDS: dict[str, type[BaseModel]] = {"pin": Pin, "boost": Push, "bury": Push, "cap": Cap, "where": Condition}


def find_rules(data: Path, setting: Path | None) -> Path | None:
    """The file of rules that holds for a data folder; None when there is none. Raises ``SettingsError`` when the setting
    names one that is not there."""
    if setting is not None:
        if not setting.is_file():
            raise SettingsError(f"There is no file of rules {str(setting)!r}, which the setting 'rules' names.")
        return setting
    return next((path for name in FILE_NAMES if (path := data / name).is_file()), None)


def load_rules(path: Path) -> RuleFile:
    """The rules of a TOML or JSON file. Raises ``SettingsError`` naming every line or rule that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The rules in {str(path)!r} cannot be read: {error}.") from error
    try:
        content = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{path}:{error.lineno}: not valid JSON: {error.msg}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}.") from error
    try:
        return RuleFile.model_validate(content)
    except ValidationError as error:
        lines = text.splitlines() if path.suffix.lower() != ".json" else []
        problems = "\n".join(f"  {_problem(path, problem, content, lines)}" for problem in error.errors())
        raise SettingsError(
            f"Rules that cannot be used:\n{problems}\nAll that they may say is in docs/rules.md."
        ) from error


def _problem(path: Path, problem: Any, content: Any, lines: list[str]) -> str:
    """``rules.toml:12: pin 'house pick': item: …``."""
    place = tuple(part for part in problem["loc"] if part != "function-before[_listed(), list[Condition]]")
    rule = ""
    if len(place) >= 2 and place[0] in KINDS and isinstance(place[1], int):
        given = content[place[0]][place[1]]
        name = given.get("name") if isinstance(given, dict) else None
        rule = f"{place[0]} {name!r}: " if isinstance(name, str) else f"{place[0]} {place[1] + 1}: "
    key = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
    number = _line(place, key, lines)
    where = f"{path}:{number}: " if number else f"{path}: "
    if problem["type"] == "extra_forbidden":
        known = _known(place)
        return f"{where}{rule}there is no {key!r}.{did_you_mean(key, known)} Known: {', '.join(known)}."
    message = str(problem["msg"]).removeprefix("Value error, ")
    named = f"{key}: " if key and key not in KINDS and problem["type"] != "value_error" else ""
    return f"{where}{rule}{named}{message[:1].lower()}{message[1:]}."


def _known(place: tuple[Any, ...]) -> list[str]:
    """The keys that are allowed beside the one that is not."""
    parents = [part for part in place[:-1] if isinstance(part, str) and part in _FIELDS]
    model: type[BaseModel] = _FIELDS[parents[-1]] if parents else RuleFile
    return [field.alias or name for name, field in model.model_fields.items()]


def _line(place: tuple[Any, ...], key: str, lines: list[str]) -> int | None:
    """The line of a TOML file that a problem is on, from 1: of the key, or else of the head of its rule."""
    start, end = 0, len(lines)
    if len(place) >= 2 and isinstance(place[1], int):
        heads = [at for at, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{place[0]}\s*\]\]", line)]
        if place[1] >= len(heads):
            return None
        start = heads[place[1]]
        end = next((at for at in range(start + 1, len(lines)) if re.match(r"\s*\[", lines[at])), len(lines))
    for pattern in (rf"\s*{re.escape(key)}\s*=", rf"\s*\[+\s*{re.escape(key)}\s*\]", rf".*\b{re.escape(key)}\s*="):
        for at in range(start, end):
            if key and re.match(pattern, lines[at]):
                return at + 1
    return start + 1 if len(place) >= 2 else None


RuleKind = Literal["pin", "boost", "bury", "cap"]
