"""``assistant tastes list | add | correct | delete | propose | confirm``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.commands.output import Name, data_option, emit, json_option, note, say, user_option

if TYPE_CHECKING:
    from assistant.catalogue import Catalogue
    from assistant.store import Store
    from assistant.tastes import TasteEntry
    from assistant.types import Statement

_ENTRY = click.argument("entry_id", metavar="ID", type=Name())
_CONFIDENCE = click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True),
    help="How sure it is; a dislike of 0.9 and more is a promise.",
)


@click.group()
def tastes() -> None:
    """What users said of themselves."""


@tastes.command("list")
@user_option
@data_option
@json_option
def list_(user: str, data: Path, as_json: bool) -> None:
    """List what is kept of a user's tastes, proposals included."""
    from assistant import tastes as memory
    from assistant.store import Store

    with Store(data) as store:
        entries = memory.tastes(store, user)
    _show(entries, as_json=as_json)
    if not entries:
        note("Nothing is kept of this user's tastes.")


@tastes.command()
@click.argument("text", required=False)
@user_option
@data_option
@click.option("--slot", help="A slot of the catalogue, people, or item.")
@click.option("--value", help="A value of the slot, a range of numbers (90-120), or an item's id.")
@click.option("--likes/--dislikes", default=True, help="Which it is.  [default: likes]")
@_CONFIDENCE
@json_option
def add(
    text: str | None,
    user: str,
    data: Path,
    slot: str | None,
    value: str | None,
    likes: bool,
    confidence: float | None,
    as_json: bool,
) -> None:
    """Keep what TEXT says of a user, or what --slot and --value do. What said the contrary is deleted.

    \b
    assistant tastes add "I never watch horror" --user ana --data films
    assistant tastes add --slot people --value "Agnès Varda" --user ana --data films
    """
    from assistant.errors import UserError
    from assistant.tastes import remember, statement_about

    with _opened(data) as (store, catalogue):
        if slot and value:
            made = statement_about(
                catalogue, slot, value, likes=likes, words=text, confidence=1.0 if confidence is None else confidence
            )
            statements: Sequence[Statement] = (made,)
        elif text and not (slot or value):
            statements = _said(text, catalogue)
            if not statements:
                raise UserError(
                    f"Nothing in {text!r:.80} says what somebody likes, in words that this catalogue knows. "
                    "Say it otherwise, as in: I never watch horror. Or give --slot and --value."
                )
        else:
            raise UserError("Give what was said, as in: assistant tastes add 'I love westerns'. Or --slot and --value.")
        remembered = remember(store, user, statements)
    _show(remembered.entries, as_json=as_json)
    for entry in remembered.superseded:
        note(f"Deleted, as it said the contrary: {entry.words}")


@tastes.command()
@_ENTRY
@user_option
@data_option
@click.option("--slot", help="Another slot.")
@click.option("--value", help="Another value.")
@click.option("--likes/--dislikes", default=None, help="Which it is.")
@click.option("--words", help="Other words.")
@_CONFIDENCE
@json_option
def correct(
    entry_id: str,
    user: str,
    data: Path,
    slot: str | None,
    value: str | None,
    likes: bool | None,
    words: str | None,
    confidence: float | None,
    as_json: bool,
) -> None:
    """Change the entry ID; what is left out stays. It counts from now on, a proposal too.

    \b
    assistant tastes correct 3f2a9c01b7de --dislikes --user ana --data films
    """
    from assistant import tastes as memory

    with _opened(data) as (store, catalogue):
        if slot is not None or value is not None:
            entry = memory.find_taste(store, user, entry_id)
            made = memory.statement_about(catalogue, slot or entry.slot, value or entry.value, likes=True)
            slot, value = made.slot, made.value
        changed = memory.correct(
            store, user, entry_id, slot=slot, value=value, likes=likes, words=words, confidence=confidence
        )
    _show((changed,), as_json=as_json)


@tastes.command()
@_ENTRY
@user_option
@data_option
@json_option
def delete(entry_id: str, user: str, data: Path, as_json: bool) -> None:
    """Delete the entry ID: afterwards no file of the data folder holds it.

    \b
    assistant tastes delete 3f2a9c01b7de --user ana --data films
    """
    from assistant.documents import TasteDeletedDocument
    from assistant.store import Store
    from assistant.tastes import forget

    with Store(data) as store:
        (gone,) = forget(store, user, entry_id)
    if as_json:
        emit(TasteDeletedDocument(user=user, entry_id=gone.entry_id))
    else:
        say(f"Deleted: {_plain(gone.words)}.")


@tastes.command()
@_ENTRY
@user_option
@data_option
@json_option
def confirm(entry_id: str, user: str, data: Path, as_json: bool) -> None:
    """Put the proposal ID in force.

    \b
    assistant tastes confirm 3f2a9c01b7de --user ana --data films
    """
    from assistant import tastes as memory
    from assistant.store import Store

    with Store(data) as store:
        entry = memory.confirm(store, user, entry_id)
    _show((entry,), as_json=as_json)


@tastes.command()
@user_option
@data_option
@click.option("--llm", default="none", show_default=True, help="A model that words them, as for chat; none: no model.")
@json_option
def propose(user: str, data: Path, llm: str, as_json: bool) -> None:
    """Propose tastes from what a user did, each with the items it rests on. None counts before it is confirmed.

    Earlier proposals are replaced; what the user spoke of is not proposed.

    \b
    assistant tastes propose --user ana --data films
    """
    import asyncio

    from assistant.profile import UserProfile
    from assistant.taste_proposals import proposals, worded_by
    from assistant.taste_words import taste_words
    from assistant.tastes import propose as keep

    with _opened(data) as (store, catalogue):
        profile = UserProfile(user, store.events(user), catalogue, store.rating_scale())
        counted = proposals(profile, catalogue, taste_words())
        if llm != "none":
            from assistant.build import build_model
            from assistant.settings import load_settings

            async def worded() -> tuple[TasteEntry, ...]:
                model = build_model(load_settings(data, llm=llm))
                if model is None:
                    return counted
                try:
                    return await worded_by(model, counted, catalogue)
                finally:
                    await model.aclose()

            counted = asyncio.run(worded())
        kept = keep(store, user, counted)
    _show(kept, as_json=as_json)
    if not kept:
        note("Too little was liked to propose anything.")


@contextmanager
def _opened(data: Path) -> Iterator[tuple[Store, Catalogue]]:
    from assistant.catalogue import Catalogue
    from assistant.store import Store

    with Store(data) as store:
        yield store, Catalogue.load(store)


def _said(text: str, catalogue: Catalogue) -> tuple[Statement, ...]:
    """What a text says of the one who says it."""
    from assistant.understand import understand
    from assistant.vocabulary import Vocabulary, load_language

    return understand(text, Vocabulary(catalogue, load_language())).statements


def _show(entries: Sequence[TasteEntry], *, as_json: bool) -> None:
    from datetime import UTC, datetime

    from assistant.documents import TasteDocument

    for entry in entries:
        if as_json:
            emit(TasteDocument.of(entry))
            continue
        date = datetime.fromtimestamp(entry.created_at, UTC).date().isoformat()
        what = f"{entry.slot}: {entry.value}"
        how = ("likes" if entry.likes else "dislikes") if entry.in_force else "proposed"
        rests = f"  ({len(entry.evidence)} items: {', '.join(entry.evidence[:3])}, …)" if entry.evidence else ""
        say(f"{entry.entry_id}  {date}  {how:<8}  {_plain(what)}  “{_plain(entry.words)}”{_plain(rests)}")


def _plain(text: str) -> str:
    from assistant.surfaces.render import safe

    return safe(text)
