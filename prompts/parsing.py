"""The form of a prompt file: front matter between ``+++`` lines, then parts under role headings.

::

    +++
    description = "What the prompt is for."
    [variables]
    title = "What this variable holds."
    [sections]
    history = "When this optional section is rendered."
    +++
    ## system
    …
    ## user
    Item: {{title}}
    <!-- section history -->
    …
    <!-- end history -->
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]

PLACEHOLDER = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
_HEADING = re.compile(r"## +(\S+) *$")
_ROLE = re.compile(r"system|user|assistant")
_SECTION = re.compile(r"<!-- *(section|end) +([a-z][a-z0-9_]*) *-->$")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class PromptError(ValueError):
    """A prompt that does not exist, is malformed, or is rendered with the wrong variables. Says where and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of a part. ``section`` is the optional section it stands in."""

    number: int
    text: str
    section: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """A prompt file, checked: every variable and section is declared and used."""

    description: str
    variables: Mapping[str, str]
    sections: Mapping[str, str]
    parts: tuple[tuple[Role, tuple[Line, ...]], ...]


def parse(text: str, source: str) -> Parsed:
    """Parse and check a file. Raises ``PromptError`` naming ``source`` and the line."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != "+++":
        raise PromptError(f"{source}:1: a prompt begins with a line '+++' and its front matter.")
    end = next((at for at, line in enumerate(lines[1:], start=1) if line.strip() == "+++"), None)
    if end is None:
        raise PromptError(f"{source}:1: the front matter is not closed; end it with a line '+++'.")
    front = _front_matter("\n".join(lines[1:end]), source)
    variables, sections = front.get("variables", {}), front.get("sections", {})
    parts = _parts(lines, end + 1, source)
    _check_names(parts, variables, sections, lines[:end], source)
    return Parsed(description=front["description"], variables=variables, sections=sections, parts=parts)


def _front_matter(text: str, source: str) -> dict[str, Any]:
    try:
        front = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PromptError(f"{source}: the front matter is not TOML: {error} (counted from line 2).") from None
    if unknown := front.keys() - {"description", "variables", "sections"}:
        raise PromptError(
            f"{source}: unknown front matter {', '.join(map(repr, sorted(unknown)))}; known: description, variables, sections."
        )
    if not isinstance(front.get("description"), str):
        raise PromptError(f'{source}: the front matter needs a description = "…".')
    for table in ("variables", "sections"):
        for name, meaning in front.get(table, {}).items():
            if not _NAME.fullmatch(name) or not isinstance(meaning, str):
                raise PromptError(
                    f"{source}: {table}.{name} must be a lower-case name with a description as its value."
                )
    return front


def _parts(lines: Sequence[str], start: int, source: str) -> tuple[tuple[Role, tuple[Line, ...]], ...]:
    parts: list[tuple[Role, list[Line]]] = []
    section: str | None = None
    opened = 0
    for number, line in enumerate(lines[start:], start=start + 1):
        if heading := _HEADING.match(line):
            role = heading[1]
            if not _ROLE.fullmatch(role):
                raise PromptError(f"{source}:{number}: unknown role {role!r}; known: system, user, assistant.")
            if section is not None:
                raise PromptError(f"{source}:{opened}: the section {section!r} is not ended before the next part.")
            parts.append((role, []))  # type: ignore[arg-type]  # matched against the roles just above
        elif mark := _SECTION.match(line.strip()):
            kind, name = mark[1], mark[2]
            if (kind == "section") == (section is not None) or (kind == "end" and name != section):
                raise PromptError(f"{source}:{number}: sections do not nest, and each 'section' has its 'end'.")
            section, opened = (name, number) if kind == "section" else (None, 0)
        elif parts:
            parts[-1][1].append(Line(number=number, text=line, section=section))
        elif line.strip():
            raise PromptError(f"{source}:{number}: text before the first heading; begin with '## system' or '## user'.")
    if section is not None:
        raise PromptError(f"{source}:{opened}: the section {section!r} is not ended.")
    if not parts or parts[-1][0] != "user":
        raise PromptError(f"{source}: a prompt ends with a '## user' part.")
    return tuple((role, tuple(content)) for role, content in parts)


def _check_names(
    parts: Sequence[tuple[Role, Sequence[Line]]],
    variables: Mapping[str, str],
    sections: Mapping[str, str],
    front: Sequence[str],
    source: str,
) -> None:
    used: set[str] = set()
    for _, content in parts:
        for line in content:
            for name in PLACEHOLDER.findall(line.text):
                used.add(name)
                if name not in variables:
                    raise PromptError(
                        f"{source}:{line.number}: the variable {name!r} is not declared in the front matter."
                    )
            rest = PLACEHOLDER.sub("", line.text)
            if "{{" in rest or "}}" in rest:
                raise PromptError(f"{source}:{line.number}: a malformed placeholder; write {{{{name}}}} in lower case.")
            if line.section is not None and line.section not in sections:
                raise PromptError(f"{source}:{line.number}: the section {line.section!r} is not declared.")
    used |= {line.section for _, content in parts for line in content if line.section is not None}
    for name in (*variables, *sections):
        if name not in used:
            at = next((n for n, line in enumerate(front, start=1) if re.match(rf"\s*{name}\s*=", line)), 1)
            raise PromptError(f"{source}:{at}: {name!r} is declared and never used.")
