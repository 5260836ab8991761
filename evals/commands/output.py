"""What every command does with its results: JSON documents on stdout, or tables; messages on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import RenderableType


def print_document(document: Mapping[str, Any]) -> None:
    """One JSON document on one line of stdout, flushed. Raises ``ValueError`` for a number that JSON does not have."""
    import json

    sys.stdout.write(json.dumps(document, ensure_ascii=False, allow_nan=False, default=list) + "\n")
    sys.stdout.flush()


def print_tables(tables: Iterable[RenderableType]) -> None:
    """Tables on stdout, as wide as they need to be where it is not a terminal."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 200)
    for table in tables:
        console.print(table)
        console.print()


def say(message: str) -> None:
    """A line on stderr."""
    click.echo(message, err=True)
