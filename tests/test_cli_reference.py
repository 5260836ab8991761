"""docs/cli.md names every command, option, document and exit code that there is, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from assistant.cli import COMMANDS, group
from assistant.documents import DOCUMENTS

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (assistant [a-z ]+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")
    else:
        yield path, command


ALL = {
    path: command
    for name in COMMANDS
    for path, command in commands(group.get_command(click.Context(group), name), f"assistant {name}")
}


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert set(SECTIONS) == set(ALL)


@pytest.mark.parametrize("path", ALL)
def test_every_option_is_described(path: str) -> None:
    there = {name for option in ALL[path].params if isinstance(option, click.Option) for name in option.opts}
    described = set(re.findall(r"^\| `(--[a-z-]+)", SECTIONS[path], re.M))
    assert described == there
    required = {o.opts[0] for o in ALL[path].params if isinstance(o, click.Option) and o.required}
    assert required == set(re.findall(r"^\| `(--[a-z-]+)[^|]*\|[^|]*\bRequired\.", SECTIONS[path], re.M))


def test_every_document_is_named() -> None:
    named = SECTIONS["assistant schema"].partition("Read: ")[2]
    assert set(re.findall(r"`([a-z_]+)`", named)) == set(DOCUMENTS)
    for name in re.findall(r'"type":"([a-z_]+)"', PAGE):
        assert any(
            name in str(model.model_fields["type"].default)
            for model in DOCUMENTS.values()
            if "type" in model.model_fields
        )
