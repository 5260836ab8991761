"""The command line: ``assistant COMMAND``.

Commands live in ``assistant.commands`` and are imported when they are run, so that ``assistant --help`` is quick. This
module knows their names, turns errors into one message and an exit code, and nothing else.

Exit codes: 0 done; 1 the data or a model failed; 2 the user can mend it; 130 interrupted; 141 the reader of the output
has gone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from assistant.commands.output import (
    INTERRUPTED,
    OK,
    OUTPUT_CLOSED,
    OutputClosed,
    drop_stdout,
    emit,
    error_document,
    fault,
    note,
)
from assistant.errors import did_you_mean

COMMANDS = {
    "demo": ("demo", "Try it at once on the sample films."),
    "index": ("indexing", "Index a catalogue, and interactions if you have them."),
    "chat": ("chat", "Ask for something in your own words."),
    "explain": ("explain", "Say why an item would suit a user."),
    "why": ("why", "Take an item's place in a user's list apart."),
    "rank": ("ranking", "Rank items for many users or histories."),
    "fit": ("ranking", "Fit the ranking models to the events."),
    "rules": ("rules", "Check the business rules of a data folder."),
    "embed": ("indexing", "Make the vectors of all items again."),
    "event": ("events", "Record that a user did something with an item."),
    "events": ("events", "Import events from a file."),
    "users": ("users", "List, export or delete users."),
    "tastes": ("tastes", "What users said of themselves."),
    "serve": ("serve", "Serve the chat page, the HTTP API and OpenAI's."),
    "mcp": ("mcp", "Serve the tools of the assistant to MCP clients."),
    "keys": ("keys", "API keys of the web server: add, list, revoke."),
    "slack": ("slack", "Answer in Slack: direct messages, threads, mentions."),
    "doctor": ("doctor", "Say what is wrong with a data folder, and mend it."),
    "schema": ("schema", "Print the JSON schemas of all documents by name."),
}
"""Command to its module in ``assistant.commands`` and its line in ``--help``, in the order of ``--help``."""


class LazyGroup(click.Group):
    """A group that imports a command when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"assistant.commands.{COMMANDS[cmd_name][0]}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            raise click.UsageError(f"There is no command {name!r}.{did_you_mean(name, COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("recommender-assistant")
        except PackageNotFoundError:
            number = "of a source checkout that is not installed"
        click.echo(f"assistant {number}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: assistant demo",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.option("--traceback", is_flag=True, help="Show where in the program an error came from.")
def group(traceback: bool) -> None:
    """A recommender you talk to that tells you why.

    \b
    assistant demo
    assistant index films.jsonl --interactions ratings.csv --data films
    assistant chat "something like Alien, but funny" --user ana --data films
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit. Never shows a traceback unless ``--traceback`` asks for one."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code."""
    arguments = list(arguments)
    try:
        code = group.main(arguments, prog_name="assistant", standalone_mode=False)
        return code if isinstance(code, int) else OK
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (OutputClosed, BrokenPipeError):
        drop_stdout()
        return OUTPUT_CLOSED
    except Exception as error:  # the boundary to the user, who is owed a message and an exit code whatever happened
        if "--traceback" in arguments:
            raise
        return _report(error, as_json="--json" in arguments or "--jsonl" in arguments)


def _report(error: Exception, *, as_json: bool) -> int:
    _, message, code = fault(error)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        message += f"\nSee: {error.ctx.command_path} --help"
    note(f"Error: {message}")
    if as_json:
        try:
            emit(error_document(error))
        except OutputClosed:
            return OUTPUT_CLOSED
    return code


if __name__ == "__main__":
    main()
