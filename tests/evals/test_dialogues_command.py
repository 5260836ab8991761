"""``assistant-evals dialogues`` on the made-up shop with the real assistant, without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.errors import UnknownNameError
from assistant.ingest import index_items
from assistant.settings import load_settings
from evals.cli import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    index_items(ROOT / "examples" / "data" / "shop.jsonl", folder, settings=load_settings(folder, embedder="hashing"))
    (folder / "assistant.toml").write_text('embedder = "hashing"\n')
    return folder


def run(*arguments):
    result = CliRunner().invoke(cli, ["dialogues", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_a_run_is_told_and_written(shop, tmp_path):
    before = (shop / "assistant.sqlite3").read_bytes()
    out = tmp_path / "out" / "report.json"
    result = run("--data", shop, "--n", 8, "--trials", 1, "--json", "--out", out, "--phrasings", "dev")
    report = json.loads(result.stdout)
    assert report == json.loads(out.read_text("utf-8"))
    assert report["type"] == "dialogues"
    assert report["phrasings"] == "dev"
    assert {kind["kind"] for kind in report["kinds"]} == {"volunteer", "on_ask", "hidden", "changed", "nothing"}
    assert len(report["dialogues"]) == report["tasks"] == 8
    assert report["errors"] == 0
    assert all(dialogue["turns"] for dialogue in report["dialogues"])
    assert (shop / "assistant.sqlite3").read_bytes() == before  # held on a copy


def test_the_same_seed_holds_the_same_dialogues(shop):
    def told(seed):
        result = run("--data", shop, "--n", 8, "--trials", 1, "--json", "--seed", seed)
        dialogues = json.loads(result.stdout)["dialogues"]
        return [[(turn["user"], turn["reply"], turn["cards"]) for turn in d["turns"]] for d in dialogues]

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_kinds_are_chosen_without_changing_the_tasks(shop):
    everything = json.loads(run("--data", shop, "--n", 8, "--trials", 1, "--json").stdout)["dialogues"]
    some = json.loads(run("--data", shop, "--n", 8, "--trials", 1, "--json", "--kinds", "nothing").stdout)["dialogues"]
    assert [d["task"] for d in some] == [d["task"] for d in everything if d["task"]["kind"] == "nothing"]


def test_tables_and_transcripts_can_be_read(shop):
    result = run("--data", shop, "--n", 8, "--trials", 1, "--show-failures", 8, "--skip", "tags, rating")
    assert "pass^4" in result.stdout
    assert "nothing exists, said so" in result.stdout
    assert "tags:" not in result.stdout


def test_unknown_names_are_told(shop):
    with pytest.raises(UnknownNameError, match="Did you mean 'hidden'"):
        run("--data", shop, "--kinds", "hiden")
    with pytest.raises(UnknownNameError, match="There are: en, zh"):
        run("--data", shop, "--language", "fr")
