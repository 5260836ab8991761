"""``assistant-evals`` from the outside: help, names, exit codes, files."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from assistant.errors import UnknownNameError
from assistant.ingest import index_items
from evals.cli import COMMANDS, cli
from evals.errors import EvaluationError
from evals.suite.cases import case_lines, read_cases
from evals.suite.making import make_cases
from vectorstore.embed_hashing import HashingEmbedder

WORLD = runpy.run_path(str(Path(__file__).with_name("suite_worlds.py")))
ROOT = Path(__file__).resolve().parents[2]


def test_help_imports_nothing_heavy():
    code = (
        "import sys, evals.cli\n"
        "try: evals.cli.cli(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'pydantic', 'rich', 'chromadb', 'orjson'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert output.returncode == 0, output.stderr
    for name in COMMANDS:
        assert name in output.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name):
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output


def test_misspelt_command():
    result = CliRunner().invoke(cli, ["relevence"])
    assert result.exit_code == 2
    assert "Did you mean 'relevance'?" in result.output


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index")
    genres = WORLD["GENRES"]
    items = [
        {
            "item_id": f"i{n}",
            "title": f"{WORLD['WORDS'][n % 10]} {n}",
            "year": 1950 + n,
            "categories": [genres[n % 6]],
            "director": [WORLD["DIRECTORS"][n % 7]],
        }
        for n in range(40)
    ]
    events = [{"user_id": f"u{n % 9}", "item_id": f"i{n * 3 % 40}", "kind": "like", "timestamp": n} for n in range(60)]
    index_items(items, folder, interactions=events, embedder=HashingEmbedder())
    return folder


def test_cases_from_any_index(index, tmp_path):
    cases = make_cases(index, 20)
    assert len(cases) == 20
    assert len({case.id for case in cases}) == 20
    assert len({case.user for case in cases}) >= 9
    assert cases == make_cases(index, 20)
    assert cases != make_cases(index, 20, seed=1)
    for case in cases:
        assert case.facts
        assert case.item_id not in {entry.item_id for entry in case.history}
        if case.request:
            assert any(fact.slot == "asked_for" for fact in case.facts), case
    assert any(case.request for case in cases)
    out = tmp_path / "cases.jsonl"
    result = CliRunner().invoke(cli, ["cases", "make", "--data", str(index), "--count", "7", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert len(read_cases(out)) == 7
    assert CliRunner().invoke(cli, ["cases", "check", str(out)]).exit_code == 0
    schema = json.loads(CliRunner().invoke(cli, ["cases", "schema"]).stdout)
    assert schema["title"] == "Case"


def test_users_are_made_up_where_there_are_none(tmp_path):
    index_items(
        [{"item_id": f"i{n}", "title": f"T{n}", "categories": ["Drama"]} for n in range(12)],
        tmp_path / "data",
        embedder=HashingEmbedder(),
    )
    assert all(case.user.startswith("made-up") for case in make_cases(tmp_path / "data", 6))


@pytest.fixture
def arguments(tmp_path):
    cases = tmp_path / "cases.jsonl"
    cases.write_text("".join(line + "\n" for line in case_lines(WORLD["make_cases"](12))), encoding="utf-8")
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"text": '{"text": "This is a western from 1931.", "fact_ids": ["f3"]}'}) + "\n")
    folder = WORLD["prompt_folder"](tmp_path / "prompts")
    return [
        "prompts", "--cases", str(cases), "--prompt", "explain@1,explain@3", "--prompts-folder", str(folder),
        "--llm", f"scripted:{script}", "--cache", str(tmp_path / "cache.jsonl"),
    ]  # fmt: skip


def test_prompts_command(arguments, tmp_path):
    files = [tmp_path / name for name in ("r.html", "r.md", "r.xml", "rows.jsonl")]
    options = [
        part
        for pair in zip(("--html", "--markdown", "--junit", "--rows"), map(str, files), strict=True)
        for part in pair
    ]
    gate = ["--no-worse-than", "explain@1", "--margin", "0.1"]
    result = CliRunner().invoke(cli, [*arguments, *options, *gate, "--repeats", "2", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["end"] == "pass"
    assert len(document["variants"]) == 2
    assert len(files[3].read_text().splitlines()) == 2 * 2 * 12
    assert ElementTree.parse(files[2]).getroot().get("tests") == "2"
    assert "nan" not in files[0].read_text().lower().replace("nanum", "")
    again = CliRunner().invoke(cli, [*arguments, *gate, "--repeats", "2"])
    assert again.exit_code == 0
    assert "48 from the cache" in again.stderr


def test_a_judge_beside_the_checker(arguments, tmp_path):
    script = tmp_path / "judge.jsonl"
    script.write_text(json.dumps({"text": '{"better": "tie"}'}) + "\n")
    result = CliRunner().invoke(cli, [*arguments, "--judge", f"scripted:{script}", "--json"])
    assert result.exit_code == 0, result.output
    (judge,) = json.loads(result.stdout)["judges"]
    assert judge["preference"]["estimate"] == 0.5
    assert judge["compared"] == 12
    assert judge["agreement"] is None
    table = CliRunner().invoke(cli, [*arguments, "--judge", f"scripted:{script}"])
    assert "as a judge" in table.stdout


def test_gate_exit_codes(arguments):
    failed = CliRunner().invoke(cli, [*arguments, "--fail-under", "accepted=0.99"])
    assert failed.exit_code == 1
    undecided = CliRunner().invoke(cli, [*arguments, "--no-worse-than", "explain@1", "--limit", "3"])
    assert undecided.exit_code == 3


def test_an_interrupted_run_goes_on(arguments, monkeypatch):
    """Control-C is no failed gate: what was drafted is kept, and the run says so."""
    from assistant.llm.scripted import ScriptedModel

    stream, asked = ScriptedModel.stream, []

    async def interrupted(self, messages, **more):
        asked.append(messages)
        if len(asked) == 6:
            raise KeyboardInterrupt
        async for event in stream(self, messages, **more):
            yield event

    monkeypatch.setattr(ScriptedModel, "stream", interrupted)
    once = [*arguments, "--concurrency", "1"]
    stopped = CliRunner().invoke(cli, once)
    assert stopped.exit_code == 5
    assert "goes on from there" in stopped.stderr
    again = CliRunner().invoke(cli, once)
    assert again.exit_code == 0, again.output
    assert "5 from the cache" in again.stderr


def test_wrong_use(arguments):
    def error(*more):
        return CliRunner().invoke(cli, [*arguments, *more]).exception

    assert isinstance(error("--prompt", "explain@9"), EvaluationError)
    assert isinstance(error("--fail-under", "acepted=1"), UnknownNameError)
    assert isinstance(error("--fail-under", "accepted"), EvaluationError)
    assert isinstance(error("--llm", "none"), EvaluationError)


def test_faithfulness_of_a_run(arguments, tmp_path):
    rows = tmp_path / "rows.jsonl"
    assert CliRunner().invoke(cli, [*arguments, "--rows", str(rows)]).exit_code == 0
    result = CliRunner().invoke(
        cli, ["faithfulness", "--cases", str(tmp_path / "cases.jsonl"), "--rows", str(rows), "--json"]
    )
    document = json.loads(result.stdout)
    assert document["drafts"]["texts"] == 24
    assert document["shown"]["claim_precision"]["estimate"] == 1.0
    exported = tmp_path / "samples.jsonl"
    arguments = ["cases", "export", "--cases", str(tmp_path / "cases.jsonl"), "--rows", str(rows), "--format", "ragas"]
    assert CliRunner().invoke(cli, [*arguments, "--out", str(exported)]).exit_code == 0
    back = tmp_path / "back.jsonl"
    result = CliRunner().invoke(cli, ["cases", "import", str(exported), "--format", "ragas", "--out", str(back)])
    assert result.exit_code == 0, result.output
    assert read_cases(back) == read_cases(tmp_path / "cases.jsonl")


def test_meta_command(tmp_path):
    file = tmp_path / "corpus.csv"
    rows = [
        "mr,ref",
        *(
            f'"name[Place {n}], food[{food}]","Place {n} serves {food} food."'
            for n, food in enumerate(["Thai", "Greek", "Indian"] * 5)
        ),
    ]
    file.write_text("\n".join(rows))
    result = CliRunner().invoke(cli, ["meta", "--corpus", str(file), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["sentences"] == 15
    assert document["all"]["balanced_accuracy"]["value"] is not None
    assert CliRunner().invoke(cli, ["meta", "--corpus", str(file)]).exit_code == 0
