"""``assistant users list | export | delete``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from assistant.commands.output import Name, data_option, emit, json_option, note, plural, say, write


@click.group()
def users() -> None:
    """List, export or delete users."""


@users.command("list")
@data_option
@json_option
def list_(data: Path, as_json: bool) -> None:
    """List the users that anything is kept about."""
    from assistant.documents import UserDocument
    from assistant.store import Store
    from assistant.surfaces.render import safe

    with Store(data) as store:
        known = store.users()
    for user in known:
        if as_json:
            emit(UserDocument(user=user))
        else:
            write(safe(user).encode(errors="replace") + b"\n")
    if not known and not as_json:
        note("Nobody yet.")


@users.command()
@click.argument("user", type=Name())
@data_option
@json_option
def export(user: str, data: Path, as_json: bool) -> None:
    """Print everything that is kept about USER, as JSON.

    \b
    assistant users export ana --data films > ana.json
    """
    from assistant.documents import UserExportDocument, jsonable
    from assistant.store import Store

    with Store(data) as store:
        tables = store.export_user(user)
        if not any(tables.values()):
            raise _unknown(user, store.users())
    document = UserExportDocument(user=user, tables=jsonable(tables))
    write(document.encode(indent=None if as_json else 2))


@users.command()
@click.argument("user", type=Name())
@data_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(user: str, data: Path, yes: bool, as_json: bool) -> None:
    """Erase USER: afterwards no file of the data folder holds anything of them.

    On a terminal it asks first.

    \b
    assistant users delete ana --data films --yes
    """
    from assistant.documents import UserDeletedDocument
    from assistant.store import Store
    from assistant.users import erase_user

    with Store(data) as store:
        known = store.users()
        if user not in known:
            store.truncate_log()  # an erasure that was interrupted is finished by running it again
            raise _unknown(user, known)
        if not yes and sys.stdin.isatty() and not click.confirm(f"Erase everything about {user!r}?", err=True):
            note("Nothing was erased.")
            raise click.exceptions.Exit(2)
        erased = erase_user(store, user)
    if erased.models_removed:
        note("The fitted ranking models learned from this user too and were removed. Fit again with: assistant fit")
    if as_json:
        emit(UserDeletedDocument(user=user, rows=erased.rows, models_removed=erased.models_removed))
    else:
        say(f"Erased {user}: {plural(erased.rows, 'row')}.")


def _unknown(user: str, known: list[str]) -> Exception:
    from assistant.errors import UnknownNameError, did_you_mean

    return UnknownNameError(
        f"Nothing is kept about a user {user!r}.{did_you_mean(user, known)} See: assistant users list"
    )
