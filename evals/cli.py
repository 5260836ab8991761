"""``assistant-evals``: the commands. Everything heavy is imported when a command runs."""

from __future__ import annotations

import click

from assistant.errors import AssistantError

USAGE_ERROR = 2
COMMANDS = {
    "relevance": ("evals.commands.relevance", "How well do systems rank what users chose next?"),
    "faithfulness": ("evals.commands.faithfulness", "Is what replies say true? Drafts and shown text apart."),
    "counterfactual": ("evals.commands.counterfactual", "Do explanations name what moved the ranking?"),
    "dialogues": ("evals.commands.dialogues", "Do conversations end with what the user wanted?"),
    "redial": ("evals.commands.redial", "Does it recommend what a human recommended next (ReDial)?"),
    "claims": ("evals.commands.claims", "Check texts against records: claims and verdicts, row by row."),
    "meta": ("evals.commands.meta", "How good is the claim checker, against labelled data?"),
    "prompts": ("evals.commands.prompts", "Compare prompts and models on the same cases."),
    "cases": ("evals.commands.cases", "Make, check and convert cases for the prompt suite."),
}
"""Command to its module, which has a ``command``, and a line of help; listing them imports none."""


class _Commands(click.Group):
    """Imports the module of a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from assistant.errors import did_you_mean

            ctx.fail(
                f"There is no command {args[0]!r}.{did_you_mean(args[0], COMMANDS)} There are: {', '.join(COMMANDS)}."
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="recommender-assistant", prog_name="assistant-evals")
def cli() -> None:
    """Offline evaluation: relevance, faithfulness, prompts.

    Every command takes --json: one JSON document per line on stdout, everything else on stderr.
    """


def main() -> None:
    """The console script. Exit codes: 0 done, 1 a gate failed, 2 wrong use, 3 a gate was inconclusive, 4 data or model."""
    from assistant.errors import UserError

    try:
        cli.main(standalone_mode=True)
    except UserError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(USAGE_ERROR) from error
    except AssistantError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(4) from error


if __name__ == "__main__":
    main()
