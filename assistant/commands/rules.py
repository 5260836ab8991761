"""``assistant rules``."""

from __future__ import annotations

from pathlib import Path

import click

from assistant.commands.output import data_option, emit, json_option, plural, say


@click.group()
def rules() -> None:
    """Check the business rules of a data folder."""


@rules.command()
@data_option
@click.option(
    "--rules",
    "file",
    type=click.Path(path_type=Path),
    help="The file of rules; the setting, or rules.toml in the data folder, when left out.",
)
@json_option
def check(data: Path, file: Path | None, as_json: bool) -> None:
    """Check the business rules, and count the items that each is about.

    Exits with 2 when a rule is wrong, or names a slot or an item that the catalogue does not have.

    \b
    assistant rules check --data films
    """
    from assistant.arranging.rule_file import FILE_NAMES, find_rules, load_rules
    from assistant.arranging.rules import bind, touched
    from assistant.catalogue import Catalogue
    from assistant.documents import RulesCheckedDocument, RuleTouchesDocument
    from assistant.errors import UserError
    from assistant.settings import load_settings
    from assistant.store import Store

    with Store(data) as store:
        path = find_rules(data, load_settings(data, rules=file).rules)
        if path is None:
            raise UserError(
                f"There are no rules: {' or '.join(repr(str(data / name)) for name in FILE_NAMES)}. "
                "What may stand there is in docs/rules.md."
            )
        loaded = load_rules(path)
        catalogue = Catalogue.load(store)
    bound = bind(loaded, catalogue)
    if bound.problems:
        raise UserError(f"Rules in {str(path)!r} that can do nothing:\n" + "\n".join(f"  {p}" for p in bound.problems))
    counted = [
        RuleTouchesDocument(kind=kind, name=name, items=count) for kind, name, count in touched(bound, catalogue)
    ]
    if as_json:
        emit(RulesCheckedDocument(data=str(data), file=str(path), catalogue=len(catalogue), rules=counted))
        return
    say(f"{path}: {plural(len(counted), 'rule')} over {plural(len(catalogue), 'item')}.")
    for rule in counted:
        say(f"  {rule.kind:14s} {rule.name:30s} {plural(rule.items, 'item')}")
