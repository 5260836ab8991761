"""``assistant keys``: who may use the web server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.commands.output import Name, data_option, emit, json_option, note, say

if TYPE_CHECKING:
    from assistant.surfaces.web.accounts import Keys


@click.group()
def keys() -> None:
    """API keys of the web server: add, list, revoke."""


@keys.command()
@data_option
@click.option(
    "--tenant", required=True, help="Whose it is: small letters, digits, dashes. Users of two tenants never meet."
)
@click.option("--user", type=Name(), help="Whom it speaks for; left out, a service that names users itself (X-User).")
@json_option
def add(data: Path, tenant: str, user: str | None, as_json: bool) -> None:
    """Make a key. It is shown once; what is kept is a digest."""
    from assistant.documents import KeyAddedDocument

    token = _keys(data).add(tenant, user)
    if as_json:
        emit(KeyAddedDocument(key=token, key_id=token.split("_")[1], tenant=tenant, user=user))
        return
    say(token)
    note("Keep it: it is not shown again. It is sent with every request, as the header  Authorization: Bearer KEY")


@keys.command("list")
@data_option
@json_option
def list_keys(data: Path, as_json: bool) -> None:
    """List the keys, without what only their owners know."""
    from rich.table import Table
    from rich.text import Text

    from assistant.documents import KeyDocument
    from assistant.surfaces.render import safe

    found = _keys(data).all()
    if as_json:
        for key in found:
            emit(KeyDocument(key_id=key.key_id, tenant=key.tenant, user=key.user, created_at=key.created_at))
        return
    if not found:
        say("There are no keys: the server answers this machine alone. Make one with: assistant keys add --tenant NAME")
        return
    table = Table("id", "tenant", "user", "made")
    for key in found:
        made = datetime.fromtimestamp(key.created_at, UTC).strftime("%Y-%m-%d %H:%M")
        user = "(names its users)" if key.user is None else safe(key.user)
        table.add_row(Text(key.key_id), Text(key.tenant), Text(user), Text(made))
    say(table)


@keys.command()
@data_option
@click.argument("key_id")
@json_option
def revoke(data: Path, key_id: str, as_json: bool) -> None:
    """Delete the key KEY_ID; sessions that began with it end."""
    from assistant.documents import KeyDocument

    key = _keys(data).revoke(key_id)
    if as_json:
        emit(KeyDocument(key_id=key.key_id, tenant=key.tenant, user=key.user, created_at=key.created_at))
        return
    say(f"Revoked: {key.key_id}")


def _keys(data: Path) -> Keys:
    from assistant.store import Store
    from assistant.surfaces.web.accounts import Keys

    Store(data).close()  # raises NotIndexedError where there is no catalogue to serve
    return Keys(data)
