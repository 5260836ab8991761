"""``assistant demo``."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from assistant.commands.output import console, emit, json_option, note, progress_bar, say
from assistant.errors import DataError, NotIndexedError, UserError

USER = "ana"
REQUEST = "something funny set in space, not animated"
FILES = ("films.jsonl", "interactions.csv")
INDEXED = "demo_sample"
"""Key of the store's settings that holds the digest of the sample that was indexed."""


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The data folder; one in your cache folder when left out.",
)
@click.option("--llm", help="auto, none, llama-cpp:smollm2, llama-cpp:FILE, openai:MODEL, recorded:FILE.")
@json_option
def demo(data: Path | None, llm: str | None, as_json: bool) -> None:
    """Try it at once on the sample films.

    Indexes the films that come with the package, asks for something as the made-up user ana, and says how to go on. A
    second run uses the same index.

    \b
    assistant demo
    assistant demo --llm none
    """
    from assistant.blocking import connect
    from assistant.build import build_model
    from assistant.commands.chat import show_turn
    from assistant.documents import RepliedDocument
    from assistant.settings import load_settings

    folder = data or cache_folder() / "demo"
    settings = load_settings(folder, llm=llm)
    model = build_model(settings)  # before indexing: what is wrong with it is said at once
    prepare(folder)
    with connect(folder, settings=settings, model=model) as assistant:
        if as_json:
            emit(RepliedDocument.of(assistant.chat(REQUEST, user=USER, conversation=fresh_conversation())))
            return
        from rich.text import Text

        out = console()
        say(Text.assemble((f"{USER}: ", "bold"), REQUEST), "")
        show_turn(assistant, REQUEST, user=USER, conversation=fresh_conversation(), out=out)
    say("", "Go on with:", f"  {_program()} chat --data {_quoted(folder)} --user {USER}")
    if find_spec("fastapi") is not None:  # of the extra web
        say("or in a browser:", f"  {_program()} serve --data {_quoted(folder)}")


def fresh_conversation() -> str:
    """A new conversation every time: within one, what was shown is not shown again."""
    import uuid

    return f"demo-{uuid.uuid4().hex[:12]}"


def prepare(folder: Path) -> bool:
    """Index the sample into ``folder`` unless that is done already; returns whether it was needed."""
    from assistant.ingest import index_items
    from assistant.settings import load_settings
    from assistant.store import Store

    films, interactions = (sample_folder() / name for name in FILES)
    digest = hashlib.sha256(films.read_bytes() + interactions.read_bytes()).hexdigest()
    try:
        with Store(folder) as store:
            if store.meta(INDEXED) == digest:
                return False
            if store.meta(INDEXED) is None and store.catalogue_version():
                raise _occupied(folder)
    except NotIndexedError:
        pass
    note(f"Indexing the sample films into {folder} …")
    with progress_bar() as progress:
        index_items(
            films, folder, interactions=interactions, replace=True, settings=load_settings(folder), progress=progress
        )
    with Store(folder) as store:
        store.set_meta(INDEXED, digest)
    return True


def sample_folder() -> Path:
    """Where the sample lies: in the installed package, or in a source checkout. Raises ``DataError``."""
    package = Path(__file__).parent.parent
    places = (package / "_sample", package.parent / "examples" / "data")
    for place in places:
        if all((place / name).is_file() for name in FILES):
            return place
    raise DataError(
        f"The sample films are missing; looked into {' and '.join(repr(str(place)) for place in places)}. "
        "Install the package again with: pip install --force-reinstall recommender-assistant"
    )


def cache_folder() -> Path:
    """The user's cache folder for this program, by the convention of the operating system."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "recommender-assistant"


def _occupied(folder: Path) -> UserError:
    return UserError(
        f"{str(folder)!r} holds a catalogue already that is not the sample; the demo leaves it alone. "
        "Give another folder with: assistant demo --data DIR"
    )


def _program() -> str:
    """How this program is called from here: by its name where that is on the path."""
    import shutil

    if shutil.which("assistant") or not sys.argv[0].endswith("assistant"):
        return "assistant"
    called = Path(sys.argv[0])
    return _quoted(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)


def _quoted(folder: Path) -> str:
    import shlex

    return shlex.quote(str(folder))
