"""docs/cli.md names every command, option and document that there is, and docs/models.md every setting; and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from assistant.cli import COMMANDS, group
from assistant.documents import DOCUMENTS
from assistant.settings import Settings

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "cli.md").read_text(encoding="utf-8")
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


def test_every_setting_is_in_its_table_with_its_default() -> None:
    table = (DOCS / "models.md").read_text(encoding="utf-8").partition("## All settings")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[a-z_`, 0-9]+) \| *([^|]*?) *\|", table, re.M)
    described = {name: default.strip("`") for names, default in rows for name in re.findall(r"`([a-z_0-9]+)`", names)}
    assert set(described) == set(Settings.model_fields)
    for name, default in described.items():
        real = Settings.model_fields[name].default
        assert default == ("" if real is None else f"{real:g}" if isinstance(real, float) else str(real)), name
