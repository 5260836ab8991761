"""Hostile text through the commands: nothing that is printed commands the terminal, hides, or turns what stands around it."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from assistant import cli
from assistant.blocking import connect
from assistant.commands.session import Session
from assistant.documents import MAX_MESSAGE
from assistant.ingest import index_items
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import offline_settings
from tests.surfaces.attacks import LANES, OURS, SIZE, acting, attacks, batches, index_attacks, word_of
from vectorstore.embed_hashing import HashingEmbedder

OURS_IN_COLOUR = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[1A|\x1b\[2K|\r")
"""What rich writes for colours and for its spinner."""


@pytest.fixture(scope="module", params=LANES)
def texts(request: pytest.FixtureRequest) -> list[str]:
    return attacks(shared=request.param == "all")


@pytest.fixture(scope="module")
def folder(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_attacks(texts, tmp_path_factory.mktemp("attacked"))


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a few films."""
    folder = tmp_path_factory.mktemp("few")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    return folder


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "hashing")
    monkeypatch.setenv("ASSISTANT_LLM", "none")
    monkeypatch.setenv("ASSISTANT_CARDS", str(SIZE))


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints on both streams, of which nothing acts."""
    cli.run(list(arguments))
    captured = capsys.readouterr()
    assert acting(captured.out) == [], arguments
    assert acting(captured.err) == [], arguments
    return captured.out


def test_cards_and_documents(texts, folder, capsys):
    for number, batch in enumerate(batches(texts, SIZE)):
        shown = printed(
            capsys, "chat", word_of(number), "--user", "u", "--conversation", str(number), "--data", str(folder)
        )
        assert len(re.findall(r"(?m)^ ?\d+  ", shown)) >= len(batch)
        again = [
            "chat",
            word_of(number),
            "--user",
            "u",
            "--conversation",
            f"j{number}",
            "--data",
            str(folder),
            "--json",
        ]
        (line,) = printed(capsys, *again).splitlines()
        assert len(json.loads(line)["recommendations"]) == len(batch)


def test_messages(texts, folder, capsys, monkeypatch):
    """Each line as a message, of a user and a conversation that are called so."""
    lines = [
        json.dumps({"user": text[:100], "conversation": text[:100], "text": text[:MAX_MESSAGE]})
        for text in (texts[::3] if len(texts) == len(OURS) else texts)
    ]
    monkeypatch.setenv("ASSISTANT_CARDS", "1")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode() + b"\n")))
    answers = printed(capsys, "chat", "--jsonl", "--data", str(folder)).splitlines()
    assert len(answers) == len(lines)
    assert sum(json.loads(line)["type"] == "replied" for line in answers) > len(lines) * 0.9
    users = printed(capsys, "users", "list", "--data", str(folder)).splitlines()
    printed(capsys, "users", "list", "--data", str(folder), "--json")
    for user in users[:: max(1, len(users) // 20)]:
        printed(capsys, "users", "export", user, "--data", str(folder))
        printed(capsys, "tastes", "list", "--user", user, "--data", str(folder))


@pytest.mark.parametrize(
    "arguments",
    [
        ["chat", "{}", "--user", "{}"], ["explain", "--user", "{}", "--item", "{}"], ["why", "--user", "{}", "--item", "{}"],
        ["event", "--user", "{}", "--item", "{}", "--kind", "like"], ["tastes", "add", "{}", "--user", "{}"], ["users", "export", "{}"],
        ["tastes", "add", "--slot", "{}", "--value", "{}", "--user", "{}"], ["users", "delete", "{}"], ["{}"], ["chat", "--{}"], ["rank", "--user", "{}"],
        ["index", "{}"], ["index", "x.csv", "--map", "{}"],
    ],
)  # fmt: skip
def test_what_commands_say_of_arguments(few, capsys, arguments):
    """Names that are not there, and arguments that mean nothing: told, and not acted on."""
    for text in OURS[::8]:
        if "\x00" not in text and len(text) < 1000:  # what no command line can hold
            given = [one.replace("{}", text) for one in arguments]
            data = [] if arguments[0] == "{}" else ["--data", str(few)]
            printed(capsys, *given, *data)
            printed(capsys, *given, *data, "--json")


def test_bad_rows_are_told_safely(tmp_path, capsys):
    rows = [{"item_id": f"{n}", "title": text, "year": text, text[:50]: text} for n, text in enumerate(OURS)]
    (tmp_path / "bad.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for more in ([], ["--skip-bad"], ["--json"]):
        printed(
            capsys,
            "index",
            str(tmp_path / "bad.jsonl"),
            "--data",
            str(tmp_path / "data"),
            "--embedder",
            "hashing",
            *more,
        )


def test_a_session_on_a_terminal(texts, folder):
    shown = talk(
        folder,
        [
            *(word_of(number) for number in range(len(texts) // SIZE + 1)),
            *OURS[::5],
            "/why 1",
            "/like 1",
            "/why 2",
            *(f"/{text}" for text in OURS[::9]),
        ],
    )
    assert "\x1b[" in shown  # in colour
    assert acting(OURS_IN_COLOUR.sub("", shown)) == []


def talk(folder: Path, lines: Sequence[str]) -> str:
    waiting: list[Any] = list(lines)

    def read(prompt: str) -> str:
        if not waiting:
            raise EOFError
        return str(waiting.pop(0)).replace("\n", " ")

    written = io.StringIO()
    out = Console(file=written, width=100, force_terminal=True, color_system="truecolor", highlight=False, markup=False)
    with connect(folder, settings=offline_settings(cards=SIZE)) as assistant:
        Session(assistant, "\x1b[31muser\u202e", None, out, read).run()
    return written.getvalue()
