"""What every command does with its results: JSON documents on stdout, or tables; messages on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from evals.suite.running import Progress


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


class ProgressLine:
    """How far a run is, on stderr: a line that is written over on a terminal, else a line for each tenth."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._tenth = -1

    def __call__(self, progress: Progress) -> None:
        """Show it."""
        spent = f"${progress.cost:.4f}" if progress.cost_known else "cost unknown"
        text = f"{self._what} {progress.done}/{progress.total}, {progress.cached} from the cache, {progress.failed} failed, {spent}"
        if sys.stderr.isatty():
            click.echo(f"\r{text}\033[K", err=True, nl=progress.done == progress.total)
            return
        tenth = progress.done * 10 // progress.total
        if tenth != self._tenth:
            self._tenth = tenth
            click.echo(text, err=True)


class Counter:
    """How far a run of many equal steps is, on stderr: a bar on a terminal, else a line for each tenth."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._tenth = 0
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Counter:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, total: int) -> None:
        """``done`` steps of ``total`` are made."""
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task(self._what, total=total)
            self._bar.update(self._task, completed=done)
        elif (tenth := done * 10 // total) > self._tenth:
            self._tenth = tenth
            click.echo(f"{self._what} {done}/{total}", err=True)
