"""Prompts as versioned files: ``prompts/NAME/vN.md``, with ``active.toml`` naming the version in use.

>>> from prompts import load
>>> rendered = load("explain").render(title="Alien", facts=["[f1] director: Ridley Scott"])
>>> rendered.messages[1][1].splitlines()[:3]
['Item: Alien', 'Facts:', '[f1] director: Ridley Scott']

A prompt holds no logic. Its variables are declared and checked when it is loaded; values are escaped when it is rendered
(``prompts.escape``). A folder of the user's own, laid out the same way, replaces prompts of the same name.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from prompts.escape import escape
from prompts.parsing import PLACEHOLDER, Parsed, PromptError, Role, parse

__all__ = ["Prompt", "PromptError", "Rendered", "Role", "available", "escape", "load"]

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_VERSION = re.compile(r"v([1-9][0-9]*)")

Value = str | int | float | Sequence[str]
"""A sequence is rendered one element a line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A prompt with its values."""

    messages: tuple[tuple[Role, str], ...]
    label: str
    """``name@version#digest``: what traces and reports show."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """A loaded prompt."""

    name: str
    version: str
    digest: str
    """The first 12 hex digits of the file's SHA-256."""
    content: Parsed

    @property
    def label(self) -> str:
        """``name@version#digest``."""
        return f"{self.name}@{self.version}#{self.digest}"

    def render(self, *, sections: Collection[str] = (), **values: Value) -> Rendered:
        """The messages, with values escaped, and of the optional sections only those named.

        A variable that occurs only in sections left out may be missing. Raises ``PromptError`` for a missing or unknown
        variable or section.
        """
        declared = self.content.variables
        for kind, given, known in (("variable", values, declared), ("section", sections, self.content.sections)):
            if unknown := sorted(set(given) - known.keys()):
                raise PromptError(f"{self.label} has no {kind} {unknown[0]!r}.{_did_you_mean(unknown[0], known)}")
        texts = {name: _text(value) for name, value in values.items()}
        messages: list[tuple[Role, str]] = []
        for role, lines in self.content.parts:
            kept = [line for line in lines if line.section is None or line.section in sections]
            for line in kept:
                for name in PLACEHOLDER.findall(line.text):
                    if name not in texts:
                        raise PromptError(f"{self.label} needs the variable {name!r}: {declared[name]}")
            # one pass: what a value brings is never looked at again
            filled = (PLACEHOLDER.sub(lambda match: texts[match[1]], line.text) for line in kept)
            messages.append((role, "\n".join(filled).strip()))
        return Rendered(messages=tuple(messages), label=self.label)


def load(name: str, version: str | None = None, folder: Path | None = None) -> Prompt:
    """The prompt ``name`` in ``version``, or in the active one.

    When ``folder`` has a prompt of that name, it is taken from there: the version that its own ``active.toml`` names,
    else its highest. Raises ``PromptError`` when it does not exist or is malformed.
    """
    home = _home(name, folder)
    versions = _versions(home / name)
    if version is None:
        version = _active(home).get(name) or versions[-1]
    if version not in versions:
        raise PromptError(f"The prompt {name!r} has no version {version!r}; it has {', '.join(versions)}.")
    file = home / name / f"{version}.md"
    data = file.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise PromptError(f"{file}: not UTF-8; save it as UTF-8.") from None
    digest = hashlib.sha256(data).hexdigest()[:12]
    return Prompt(name=name, version=version, digest=digest, content=parse(text, str(file)))


def available(folder: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Every prompt with its versions, oldest first; those of ``folder`` hide packaged ones of the same name."""
    found: dict[str, tuple[str, ...]] = {}
    for home in filter(None, (resources.files("prompts"), folder)):
        if not home.is_dir():
            raise PromptError(f"The folder of prompts {str(home)!r} does not exist.")
        for entry in home.iterdir():
            if _NAME.fullmatch(entry.name) and entry.is_dir() and (versions := _versions(entry)):
                found[entry.name] = versions
    return dict(sorted(found.items()))


def _home(name: str, folder: Path | None) -> Traversable:
    """Where a prompt lies. The name is checked, so that it cannot lead out of the folder."""
    if _NAME.fullmatch(name):
        for home in filter(None, (folder, resources.files("prompts"))):
            if _versions(home / name):
                return home
    known = available(folder)
    raise PromptError(f"There is no prompt {name!r}.{_did_you_mean(name, known)} Known: {', '.join(known)}.")


def _versions(home: Traversable) -> tuple[str, ...]:
    if not home.is_dir():
        return ()
    names = [entry.name.removesuffix(".md") for entry in home.iterdir() if entry.name.endswith(".md")]
    return tuple(sorted((n for n in names if _VERSION.fullmatch(n)), key=lambda n: int(n[1:])))


def _active(home: Traversable) -> dict[str, str]:
    file = home / "active.toml"
    if not file.is_file():
        return {}
    try:
        active = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PromptError(f"{file}: not TOML: {error}.") from None
    for name, version in active.items():
        if not isinstance(version, str) or not _VERSION.fullmatch(version):
            raise PromptError(f'{file}: {name} must name a version such as "v1".')
    return active


def _text(value: Value) -> str:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Sequence):
        return "\n".join(escape(element) for element in value)
    return str(value)


def _did_you_mean(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
