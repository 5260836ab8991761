"""What the commands share: options, documents on stdout, words and progress on stderr, errors and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assistant.errors import AssistantError, DataError, UserError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import TaskID

    from assistant.documents import Document
    from assistant.ingest import Progress

OK = 0
FAILED = 1
"""What lies in the folder, or a model, failed."""
MISUSED = 2
"""The user can mend it."""
INTERRUPTED = 130
OUTPUT_CLOSED = 141
"""Whoever read the output has gone; what a shell reports for a program that dies of SIGPIPE."""

F = TypeVar("F", bound=Callable[..., Any])


class OutputClosed(Exception):
    """Nobody reads stdout any more."""


# options


class Name(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """An id: not blank, cleaned as ids are when they are indexed."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from assistant.documents import MAX_ID
        from assistant.text import clean

        cleaned = clean(str(value))
        if not cleaned:
            self.fail("it is blank", param, ctx)
        if len(cleaned) > MAX_ID:
            self.fail(f"it has {len(cleaned):,} characters and may have {MAX_ID}", param, ctx)
        return cleaned


def data_option(function: F) -> F:
    """``--data DIR``."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("data"),
        envvar="ASSISTANT_DATA",
        show_default="ASSISTANT_DATA, else ./data",
        help="The data folder.",
    )(function)


def json_option(function: F) -> F:
    """``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="One JSON document per line on stdout, see: assistant schema."
    )(function)


def user_option(function: F) -> F:
    """``--user U``."""
    return click.option("--user", type=Name(), required=True, help="Id of the user; one never seen is new.")(function)


def map_option(function: F) -> F:
    """``--map CONTRACT=COLUMN``, repeatable."""
    return click.option(
        "--map",
        "mapping",
        multiple=True,
        metavar="CONTRACT=COLUMN",
        callback=_parse_mapping,
        help="Read a field of the data contract from a column of another name; repeats. "
        "creators:ROLE=COLUMN reads people with a role.",
    )(function)


def _parse_mapping(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or not field.strip() or not column.strip():
            raise click.BadParameter(
                f"{pair!r} is not of the form CONTRACT=COLUMN, as in --map title=name.", ctx, param
            )
        if mapping.setdefault(field.strip(), column.strip()) != column.strip():
            raise click.BadParameter(f"{field.strip()!r} is mapped twice.", ctx, param)
    return mapping


# output


def emit(document: Document) -> None:
    """Write one document to stdout and flush it."""
    write(document.encode())


def write(data: bytes) -> None:
    """Write bytes to stdout and flush them. Raises ``OutputClosed``."""
    stream = sys.stdout.buffer
    try:
        stream.write(data)
        stream.flush()
    except BrokenPipeError as error:
        drop_stdout()
        raise OutputClosed from error


def drop_stdout() -> None:
    """Let what is left in the buffers of stdout go nowhere, so that nothing complains at exit."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
    except (OSError, ValueError):  # stdout is no file here, so it has no descriptor that could complain
        return


def console(*, stderr: bool = False) -> Console:
    """A terminal, or what stands in for one. No colour when it is not one."""
    from rich.console import Console

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            drop_stdout()
            raise OutputClosed

    stream = sys.stderr if stderr else sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a terminal that cannot show a character shows a mark in its place
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def say(*renderables: RenderableType) -> None:
    """Print to stdout for a person. A string is not broken into lines: it may hold a path or a command to copy."""
    out = console()
    for renderable in renderables:
        out.print(renderable, soft_wrap=isinstance(renderable, str))


def note(text: str) -> None:
    """Print for a person on stderr, beside whatever stdout carries."""
    click.echo(safe_lines(text), err=True)


def safe_lines(text: str) -> str:
    """Text whose lines and indentation stay and in which nothing can act on a terminal."""
    from assistant.surfaces.render import safe

    lines = text.split("\n")
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + safe(line) for line in lines)


def plural(count: int, noun: str) -> str:
    """``1 film``, ``2,000 films``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@contextmanager
def progress_bar(*, shown: bool | None = None) -> Iterator[Progress]:
    """A progress callback that draws bars with rate and time left on stderr; on no terminal it draws nothing."""
    from assistant.ingest import no_progress

    if not (sys.stderr.isatty() if shown is None else shown):
        yield no_progress
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield show


# errors


def describe(error: BaseException) -> tuple[str, str, int] | None:
    """(kind, message, exit code) of an error that is expected to happen; None for a fault of the program."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, click.ClickException):
        return type(error).__name__, error.format_message(), MISUSED
    if isinstance(error, UserError):
        return type(error).__name__, str(error), MISUSED
    if isinstance(error, AssistantError):
        return type(error).__name__, str(error), FAILED
    from vectorstore.errors import MissingExtraError, UnknownEmbedderError, VectorStoreError

    if isinstance(error, (MissingExtraError, UnknownEmbedderError)):
        return type(error).__name__, str(error), MISUSED
    if isinstance(error, VectorStoreError):
        return type(error).__name__, str(error), FAILED
    import sqlite3

    if isinstance(error, sqlite3.Error):
        message = f"The data folder cannot be used: {error}. Look at it with: assistant doctor --data DIR, with its folder for DIR."
        return DataError.__name__, message, FAILED
    if isinstance(error, OSError):
        where = f" ({str(error.filename)!r})" if error.filename else ""
        return type(error).__name__, f"{error.strerror or error}{where}.", FAILED
    return None


def fault(error: BaseException) -> tuple[str, str, int]:
    """The same for any error. One that is not expected is called what it is: a fault of the program."""
    return describe(error) or (
        "InternalError",
        f"A fault in the program: {type(error).__name__}: {error}. See where with: assistant --traceback …",
        FAILED,
    )


def error_document(error: BaseException) -> Document:
    """An error as a document."""
    from assistant.documents import ErrorBody, ErrorDocument

    kind, message, _ = fault(error)
    return ErrorDocument(error=ErrorBody(kind=kind, message=message))
