"""The command line. Turns are answered by a stand-in here; ``test_cli_turns.py`` runs the real ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from assistant.cli import COMMANDS, group, run
from assistant.commands.output import error_document
from assistant.documents import DOCUMENTS
from assistant.errors import DataError, ProviderTimeout, SettingsError
from assistant.ingest import index_items
from tests.assistant.cards import FakeAssistant, connect_to
from tests.assistant.catalogues import FILMS
from vectorstore.embed_hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a few films that a test may write to."""
    index_items(FILMS, tmp_path / "films", embedder=HashingEmbedder())
    return tmp_path / "films"


@pytest.fixture
def fake(monkeypatch) -> FakeAssistant:
    made = FakeAssistant()
    monkeypatch.setattr("assistant.blocking.connect", lambda data, **_: connect_to(made))
    return made


@pytest.fixture
def type_in(monkeypatch):
    """Stdin for the next command."""
    import io

    def give(data: bytes | str, *, terminal: bool = False) -> None:
        data = data.encode() if isinstance(data, str) else data
        stream = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
        stream.isatty = lambda: terminal
        monkeypatch.setattr(sys, "stdin", stream)

    return give


def documents(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]


# the group


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from assistant.cli import run; assert run(['--help']) == 0; "
        "print([m for m in ('numpy', 'pydantic', 'rich', 'anyio', 'chromadb', 'wordllama') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.endswith("[]\n")
    assert "index" in done.stdout


def test_lines_of_help_are_those_of_the_commands(capsys):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    context = click.Context(group)
    for name, (_, line) in COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert (command.help or "").split("\n\n")[0].replace("\n", " ").startswith(line.removesuffix("."))
        assert line in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_json(name, capsys):
    assert run([name, "--help"]) == 0
    text = capsys.readouterr().out
    command = group.get_command(click.Context(group), name)
    if isinstance(command, click.Group):
        for sub in command.commands:
            assert run([name, sub, "--help"]) == 0
            assert "--json" in capsys.readouterr().out
    else:
        assert ("--json" in text) is (name not in ("serve", "slack", "mcp"))  # what those write goes elsewhere


def test_a_misspelt_command_is_answered_with_the_right_one(capsys):
    assert run(["inedx"]) == 2
    captured = capsys.readouterr()
    assert "There is no command 'inedx'. Did you mean 'index'?" in captured.err
    assert captured.out == ""
    assert run(["chatt", "--json"]) == 2
    (document,) = documents(capsys)
    assert document["error"]["message"].startswith("There is no command 'chatt'. Did you mean 'chat'?")


def test_a_missing_option_is_a_user_error(capsys):
    assert run(["explain", "--json"]) == 2
    (document,) = documents(capsys)
    assert document["type"] == "error"
    assert "--user" in document["error"]["message"]


def test_kinds_and_exit_codes_of_errors():
    from assistant.commands.output import fault
    from vectorstore.errors import StoreLockedError, UnknownEmbedderError

    for error, code in (
        (SettingsError("a"), 2),
        (click.UsageError("a"), 2),
        (UnknownEmbedderError("x", "x", (), forms=""), 2),
        (DataError("a"), 1),
        (ProviderTimeout("a"), 1),
        (StoreLockedError("a", pid=1), 1),
        (PermissionError(13, "Permission denied", "x"), 1),
        (ExceptionGroup("g", [DataError("a")]), 1),
        (ZeroDivisionError("a"), 1),
    ):
        kind, message, found = fault(error)
        assert found == code
        assert error_document(error).error.kind == kind
        assert message
    assert fault(ExceptionGroup("g", [DataError("a")]))[:2] == ("DataError", "a")
    assert fault(ZeroDivisionError("a"))[0] == "InternalError"


def test_a_fault_is_one_message_and_a_traceback_only_when_asked(fake, capsys, tmp_path):
    assert run(["chat", "fault", "--user", "bo", "--data", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("Error: A fault in the program: ZeroDivisionError: a fault.")
    assert "Traceback" not in captured.err
    with pytest.raises(ZeroDivisionError):
        run(["--traceback", "chat", "fault", "--user", "bo", "--data", str(tmp_path)])


def test_interrupts_are_quiet(monkeypatch, capsys):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("assistant.blocking.connect", interrupted)
    assert run(["chat", "hello", "--user", "bo"]) == 130
    captured = capsys.readouterr()
    assert (captured.out, captured.err.strip()) == ("", "")


def test_a_closed_pipe_is_quiet(folder):
    requests = folder / "requests.jsonl"
    requests.write_text('{"no": 1}\n' * 20_000)
    command = f"{sys.executable} -m assistant.cli rank --data {folder} --requests {requests} | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr == ""
    assert json.loads(done.stdout)["type"] == "error"


def test_no_catalogue_is_a_data_error(tmp_path, capsys):
    assert run(["users", "list", "--data", str(tmp_path), "--json"]) == 1
    captured = capsys.readouterr()
    assert "assistant index" in captured.err
    assert json.loads(captured.out)["error"]["kind"] == "NotIndexedError"


def test_data_comes_from_the_environment(folder, monkeypatch, capsys):
    monkeypatch.setenv("ASSISTANT_DATA", str(folder))
    assert run(["users", "list"]) == 0
    assert "Nobody yet." in capsys.readouterr().err


def test_words_on_stderr_cannot_act_on_the_terminal(capsys):
    assert run(["\x1b[31minedx\x07"]) == 2
    assert "\x1b" not in capsys.readouterr().err


# index, embed


def write_films(path: Path, rows: list[dict]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_index_counts_and_says_what_was_renamed(tmp_path, capsys):
    items = tmp_path / "films.csv"
    items.write_text("item_id,name,genres\n1,One,Drama|Comedy\n2,Two,\n")
    events = tmp_path / "events.csv"
    events.write_text("user_id,item_id,rating\nbo,1,5\nbo,nope,3\n")
    arguments = ["index", str(items), "--data", str(tmp_path / "data"), "--map", "title=name"]
    arguments += ["--interactions", str(events), "--embedder", "hashing"]
    assert run([*arguments, "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert (document["type"], document["items"], document["added"], document["bad_total"]) == ("indexed", 2, 2, 0)
    assert document["renamed"] == {"name": "title", "genres": "categories"}
    assert document["events"] == {
        "read": 2,
        "added": 2,
        "unknown_items": 1,
        "conflicts": 0,
        "bad_total": 0,
        "bad_rows": [],
    }
    assert "1 event on items that are not in the catalogue" in captured.err
    assert run(arguments) == 0
    out = capsys.readouterr().out
    assert "2 items in" in out
    assert "(2 unchanged)" in out
    assert "name as title" in out


def test_bad_rows_stop_it_or_are_left_out_and_counted(tmp_path, capsys):
    rows = [{"item_id": "1", "title": "One"}, *({"item_id": f"b{n}"} for n in range(25))]
    items = write_films(tmp_path / "films.jsonl", rows)
    arguments = ["index", str(items), "--data", str(tmp_path / "data"), "--embedder", "hashing"]
    assert run([*arguments, "--json"]) == 2
    captured = capsys.readouterr()
    error = json.loads(captured.out)["error"]
    assert error["kind"] == "BadRowsError"
    assert "  films.jsonl:2: " in captured.err
    assert "… and 5 more" in captured.err
    assert run([*arguments, "--skip-bad", "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert (document["items"], document["bad_total"], len(document["bad_rows"])) == (1, 25, 20)
    assert "25 bad rows left out" in captured.err


def test_a_misspelt_column_or_mapping(tmp_path, capsys):
    items = write_films(tmp_path / "films.jsonl", [{"item_id": "1", "name": "One"}])
    arguments = ["index", str(items), "--data", str(tmp_path / "data"), "--embedder", "hashing"]
    assert run([*arguments, "--map", "title=nmae"]) == 2
    assert "Did you mean 'name'?" in capsys.readouterr().err
    assert run([*arguments, "--map", "title"]) == 2
    assert "CONTRACT=COLUMN" in capsys.readouterr().err
    assert run([*arguments, "--map", "title=a", "--map", "title=b"]) == 2
    assert "mapped twice" in capsys.readouterr().err


def test_the_progress_bar_is_drawn_on_a_terminal_only(capsys):
    from assistant.commands.output import progress_bar

    with progress_bar() as progress:
        progress("embedding", 1, 2)
    assert capsys.readouterr().err == ""
    with progress_bar(shown=True) as progress:
        progress("reading items", 1000, 0)
        progress("embedding", 1, 2)
        progress("embedding", 2, 2)
    shown = capsys.readouterr().err
    assert "embedding" in shown
    assert "2/2" in shown


def test_embed(folder, capsys):
    assert run(["embed", "--data", str(folder), "--embedder", "hashing:32", "--json"]) == 0
    (document,) = documents(capsys)
    assert (document["type"], document["embedder"], document["embedded"]) == ("embedded", "hashing:32", len(FILMS))
    assert run(["embed", "--data", str(folder), "--embedder", "hasing", "--json"]) == 2
    (document,) = documents(capsys)
    assert "Did you mean 'hashing'?" in document["error"]["message"]


# events and users


def test_events_are_recorded_once(folder, capsys):
    arguments = [
        "event",
        "--data",
        str(folder),
        "--user",
        "bo",
        "--item",
        "alien",
        "--kind",
        "like",
        "--event-id",
        "e1",
    ]
    assert run([*arguments, "--json"]) == 0
    assert run([*arguments, "--json"]) == 0
    first, second = documents(capsys)
    assert (first["new"], second["new"], first["known_item"]) == (True, False, True)
    assert (first["type"], first["user"], first["item_id"], first["kind"]) == ("event", "bo", "alien", "like")


def test_an_event_on_an_unknown_item_is_kept_and_said(folder, capsys):
    assert run(["event", "--data", str(folder), "--user", "bo", "--item", "aliem", "--kind", "seen", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["known_item"] is False
    assert "Did you mean 'alien'?" in captured.err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--kind", "adore"],
        ["--kind", "rating"],
        ["--kind", "rating", "--value", "nan"],
        ["--kind", "rating", "--value", "inf"],
        ["--kind", "like", "--timestamp", "nan"],
        ["--kind", "like", "--user", " "],
        ["--kind", "like", "--user", "x" * 501],
    ],
)
def test_wrong_events_are_user_errors(folder, wrong, capsys):
    arguments = ["event", "--data", str(folder), "--user", "bo", "--item", "alien", *wrong, "--json"]
    assert run(arguments) == 2
    (document,) = documents(capsys)
    assert document["type"] == "error"


def test_importing_twice_adds_nothing(folder, tmp_path, capsys):
    file = tmp_path / "events.csv"
    file.write_text("who,item_id,stars\nbo,alien,5\nbo,nope,3\n")
    arguments = ["events", "import", str(file), "--data", str(folder), "--map", "user_id=who", "--map", "value=stars"]
    assert run([*arguments, "--json"]) == 0
    assert run([*arguments, "--json"]) == 0
    first, second = documents(capsys)
    assert (first["type"], first["read"], first["added"], first["unknown_items"]) == ("events_imported", 2, 2, 1)
    assert second["added"] == 0


def test_an_event_id_of_another_event_is_refused_and_told(folder, tmp_path, capsys):
    event = ["event", "--data", str(folder), "--user", "bo", "--kind", "like", "--event-id", "e1", "--item"]
    assert run([*event, "alien"]) == 0
    assert run([*event, "her"]) == 2
    assert "'e1' belongs to another event already: 'bo', like, 'alien'" in capsys.readouterr().err
    file = tmp_path / "events.csv"
    file.write_text("user_id,item_id,event_id\nbo,her,e1\n")
    assert run(["events", "import", str(file), "--data", str(folder), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["conflicts"] == 1
    assert "the event_id belongs to another event" in captured.err


def test_the_demo_looks_at_its_model_before_it_indexes(tmp_path, capsys):
    assert run(["demo", "--data", str(tmp_path / "demo"), "--llm", "lama"]) == 2
    assert "Unknown language model 'lama'" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_users_are_listed_exported_and_deleted(folder, capsys, type_in):
    for user in ("bo", "cy"):
        run(["event", "--data", str(folder), "--user", user, "--item", "alien", "--kind", "like"])
    capsys.readouterr()
    assert run(["users", "list", "--data", str(folder), "--json"]) == 0
    assert documents(capsys) == [{"type": "user", "user": "bo"}, {"type": "user", "user": "cy"}]
    assert run(["users", "export", "bo", "--data", str(folder), "--json"]) == 0
    (document,) = documents(capsys)
    assert document["tables"]["event"][0]["item_id"] == "alien"

    type_in("n\n", terminal=True)
    assert run(["users", "delete", "bo", "--data", str(folder)]) == 2
    assert "Nothing was erased." in capsys.readouterr().err
    assert run(["users", "delete", "bo", "--data", str(folder), "--yes", "--json"]) == 0
    (document,) = documents(capsys)
    assert (document["type"], document["user"], document["rows"]) == ("user_deleted", "bo", 1)
    assert run(["users", "delete", "bo", "--data", str(folder), "--yes", "--json"]) == 2
    assert run(["users", "export", "cyy", "--data", str(folder), "--json"]) == 2
    assert "Did you mean 'cy'?" in documents(capsys)[1]["error"]["message"]


def test_a_deleted_user_leaves_no_byte(folder, capsys):
    name = "canary-7f3a9"
    run(["event", "--data", str(folder), "--user", name, "--item", "alien", "--kind", "like"])
    held = [path for path in folder.rglob("*") if path.is_file() and name.encode() in path.read_bytes()]
    assert held
    assert run(["users", "delete", name, "--data", str(folder), "--yes"]) == 0
    assert not [path for path in folder.rglob("*") if path.is_file() and name.encode() in path.read_bytes()]


# chat


def test_one_turn_as_a_document(fake, capsys):
    assert run(["chat", "something funny", "--user", "bo", "--conversation", "c7", "--json"]) == 0
    (document,) = documents(capsys)
    assert (document["type"], document["user"], document["conversation"]) == ("replied", "bo", "c7")
    assert [card["title"] for card in document["recommendations"]] == ["Galaxy Quest", "Spaceballs"]


def test_one_turn_in_words(fake, capsys):
    assert run(["chat", "something funny", "--user", "bo"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Two suggestions.\nacting on: comedy · not animated\n")
    assert "\x1b" not in captured.out


def test_the_text_may_come_from_stdin(fake, type_in, capsys):
    type_in("something funny\n")
    assert run(["chat", "--user", "bo", "--json"]) == 0
    assert fake.asked[0].text == "something funny"


@pytest.mark.parametrize(
    "arguments",
    [["x"], [" ", "--user", "bo"], ["x" * 8001, "--user", "bo"], ["x", "--jsonl"], ["--jsonl", "--user", "bo"]],
)
def test_wrong_chats_are_user_errors(fake, arguments, capsys):
    assert run(["chat", *arguments, "--json"]) == 2
    assert documents(capsys)[0]["type"] == "error"
    assert not fake.asked


def test_a_failing_model_is_an_error(fake, capsys):
    assert run(["chat", "fail", "--user", "bo", "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"] == {
        "kind": "ProviderUnavailable",
        "message": "The model is gone. Start it again.",
    }
    assert captured.err == "Error: The model is gone. Start it again.\n"


def test_every_line_gets_one_document_in_order(fake, type_in, capsys):
    lines = [
        b'\xef\xbb\xbf{"user": "bo", "conversation": "c", "text": "one"}',
        b'{"user": "cy", "text": "two"}',
        b"",
        b"{not json",
        b"[1]",
        b"\xff\xfe",
        b'{"text": "who"}',
        b'{"user": "bo", "conversation": "c", "text": "three", "mode": 1}',
        b'{"user": "bo", "conversation": "c", "text": " \\u200b "}',
        b'{"user": " ", "conversation": "c", "text": "x"}',
        b'{"user": 7, "text": "x"}',
        b'{"user": "bo", "text": "' + b"x" * 9_000 + b'"}',
        b'{"user": "bo", "text": "' + b"x" * 200_000 + b'"}',
        b"[" * 50_000,
        b'{"user": "bo", "text": "\\ud800"}',
        b'{"user": "bo", "text": "fail"}',
        b'{"user": "bo", "text": "fault"}',
        b'{"user": "dy", "conversation": null, "text": "last"}',
    ]
    type_in(b"\n".join(lines))
    assert run(["chat", "--jsonl"]) == 0
    found = documents(capsys)
    assert len(found) == len(lines)
    types = [document["type"] for document in found]
    assert [n for n, name in enumerate(types) if name == "replied"] == [0, 1, len(lines) - 1]
    assert [message.text for message in fake.asked] == ["one", "two", "fail", "fault", "last"]
    errors = {document["line"]: document["error"]["message"] for document in found if document["type"] == "error"}
    assert set(errors) == set(range(3, len(lines)))
    for line, words in (
        (3, "empty"), (4, "not valid JSON"), (5, "an array"), (7, "'user' is missing"), (8, "no key 'mode'"),
        (9, "blank"), (10, "'user' is blank"), (11, "string"), (13, "bytes"), (16, "The model is gone"), (17, "A fault"),
    ):  # fmt: skip
        assert words in errors[line], line
    assert (found[7]["user"], found[7]["conversation"]) == ("bo", "c")
    assert fake.closed == 1


def test_documents_are_flushed_one_by_one(tmp_path):
    """Each answer can be read before the next line is written."""
    script = (
        "import sys; sys.path.insert(0, '.'); import assistant.blocking as b; from tests.assistant.cards import *; "
        "b.connect = lambda data, **_: connect_to(FakeAssistant()); from assistant.cli import main; main(['chat', '--jsonl'])"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for n in range(3):
            line = json.dumps({"user": "bo", "text": f"äöü {n}"}, ensure_ascii=False).encode() + b"\n"
            process.stdin.write(line)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["user"] == "bo"
        process.stdin.close()
        assert process.wait(20) == 0


def test_ctrl_c_between_lines_is_quiet():
    script = (
        "import sys; sys.path.insert(0, '.'); import assistant.blocking as b; from tests.assistant.cards import *; "
        "b.connect = lambda data, **_: connect_to(FakeAssistant()); from assistant.cli import main; main(['chat', '--jsonl'])"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"user": "bo", "text": "hello"}\n{"user": "bo", "text": "wait"}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["type"] == "replied"
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()  # a test that fails must not wait for ever
        assert (process.returncode, out, err.strip()) == (130, b"", b"")


# rank and fit


def test_every_request_gets_one_document_in_order(folder, type_in, capsys):
    requests = [
        {"request_id": "1", "history": ["alien"], "k": 3},
        {"request_id": 2, "history": ["alien", "nope"]},
        {"request_id": "3", "history": [], "candidates": ["her", "nope", "alien", "her"], "k": 5},
        {"request_id": "4", "user": "new", "candidates": ["her", "alien"], "k": 1},
        {"request_id": "5"},
        {"request_id": "6", "user": "a", "history": ["alien"]},
        {"request_id": "7", "user": "a", "k": 0},
        {"request_id": "8", "user": "a", "kk": 1},
        {"request_id": "9", "user": "a", "history": None},
    ]
    type_in("\n".join([*(json.dumps(request) for request in requests), "not json"]))
    assert run(["rank", "--data", str(folder), "--requests", "-", "--json"]) == 0
    found = documents(capsys)
    assert [document["request_id"] for document in found] == ["1", 2, "3", "4", "5", "6", "7", "8", "9", None]
    assert [document["type"] for document in found] == ["ranked"] * 4 + ["error"] * 4 + ["ranked", "error"]
    assert len(found[0]["ranking"]) == len(found[0]["scores"]) == 3
    everything = {film["item_id"] for film in FILMS}
    assert set(found[1]["ranking"]) == everything - {"alien"}
    assert found[1]["scores"] == sorted(found[1]["scores"], reverse=True)
    assert sorted(found[2]["ranking"]) == ["alien", "her", "nope"]
    assert (found[2]["ranking"][2], found[2]["scores"][2]) == ("nope", None)
    assert len(found[3]["ranking"]) == 1
    assert "Did you mean 'k'?" in found[7]["error"]["message"]


def test_an_event_from_elsewhere_counts_in_the_next_ranking(folder, capsys):
    file = folder / "requests.jsonl"
    file.write_text('{"request_id": "1", "user": "bo"}\n')
    assert run(["rank", "--data", str(folder), "--requests", str(file)]) == 0
    assert run(["event", "--data", str(folder), "--user", "bo", "--item", "alien", "--kind", "like", "--json"]) == 0
    assert run(["rank", "--data", str(folder), "--requests", str(file)]) == 0
    before, _, after = documents(capsys)
    assert "alien" in before["ranking"]
    assert "alien" not in after["ranking"]


def test_requests_that_are_not_there(folder, capsys):
    (folder / "requests.jsonl").write_text("")
    assert run(["rank", "--data", str(folder), "--requests", str(folder / "request.jsonl")]) == 2
    assert "Did you mean 'requests.jsonl'?" in capsys.readouterr().err


def test_fit_and_rollback(folder, capsys, monkeypatch):
    seconds = iter(("20250101T000001", "20250101T000002"))  # models are named for the second they were fitted in
    monkeypatch.setattr("assistant.fitting.time.strftime", lambda *_: next(seconds))
    for arguments in (["fit"], ["fit"], ["fit", "--rollback"]):
        assert run([*arguments, "--data", str(folder), "--json"]) == 0
    first, second, back = documents(capsys)
    assert (first["type"], back["type"]) == ("fitted", "rolled_back")
    assert first["version"] == back["version"] != second["version"]
    assert run(["fit", "--rollback", "--data", str(folder)]) == 1


# doctor


def test_doctor_sees_and_mends(folder, capsys, monkeypatch):
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "hashing")
    run(["fit", "--data", str(folder)])
    for model in (folder / "models").glob("*/ranker.json"):
        model.write_text("{")
    capsys.readouterr()
    assert run(["doctor", "--data", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "wrong ranking: " in out
    assert "Something is wrong." in out
    assert run(["doctor", "--data", str(folder), "--mend", "--json"]) == 0
    (document,) = documents(capsys)
    assert (document["type"], document["ok"], document["mended"]) == ("doctor", True, True)
    assert {finding["name"] for finding in document["findings"]} >= {"database", "catalogue", "vectors", "ranking"}


# explain, schema


def test_explain(fake, capsys):
    assert run(["explain", "--user", "bo", "--item", "galaxy", "--json"]) == 0
    (document,) = documents(capsys)
    assert (document["type"], document["recommendation"]["item_id"]) == ("explained", "galaxy")
    assert run(["explain", "--user", "bo", "--item", "galaxy"]) == 0
    assert "Galaxy Quest (1999)" in capsys.readouterr().out
    assert run(["explain", "--user", "bo", "--item", "galaxi"]) == 2
    assert "Did you mean 'galaxy'?" in capsys.readouterr().err


def test_schema(capsys):
    assert run(["schema"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(DOCUMENTS)
    assert run(["schema", "replied", "--json"]) == 0
    (document,) = documents(capsys)
    assert document["properties"]["type"]["const"] == "replied"
    assert run(["schema", "repliedd"]) == 2
    assert "Did you mean 'replied'?" in capsys.readouterr().err
