"""Every script in examples/ runs as it stands and does what it says."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Runs a script in an empty folder, which it must leave empty; returns what it printed."""

    def run_script(name: str) -> str:
        monkeypatch.chdir(tmp_path)
        for variable in ("ASSISTANT_LLM", "ASSISTANT_EMBEDDER"):
            monkeypatch.delenv(variable, raising=False)
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        assert not list(tmp_path.iterdir())
        return capfd.readouterr().out

    return run_script


def test_first_turn(run) -> None:
    printed = run("first_turn.py")
    assert re.search(r"^acting on: .*not ", printed, re.M)
    assert len(re.findall(r"^\d\. .+ \(\d{4}\)$", printed, re.M)) == 5
    verdicts = set(re.findall(r" is (supported|contradicted|absent|uncheckable): ", printed))
    assert "supported" in verdicts
    assert not verdicts & {"contradicted", "absent"}


def test_own_catalogue(run) -> None:
    printed = run("own_catalogue.py")
    assert "'author': 'creators:author'" in printed
    funny, mystery = printed.split("\na mystery:")
    assert "Low Orbit, High Rent:" in funny
    assert "The Salt Road:" not in printed, "mila knows it already"
    assert re.findall(r"^  ([^:]+):", mystery, re.M) == ["The Clockmaker's Other Daughter"]


def test_from_a_frame(run) -> None:
    pytest.importorskip("polars")
    pytest.importorskip("pandas")
    polars, pandas = run("from_a_frame.py").split("from_pandas")
    assert polars.removeprefix("from_polars") == pandas
    assert "4 trails, 3 ratings" in pandas
    assert "Lakeside Stroll" in pandas


def test_fit_your_own(run) -> None:
    printed = run("fit_your_own.py")
    assert "'code': 'item_id'" in printed
    figures = dict(re.findall(r"^(\w+) +(0\.\d+) ", printed, re.M))
    assert float(figures["blend"]) > 2 * float(figures["popularity"])
    before, after = (re.findall(r"(\w+) Game", line) for line in printed.splitlines()[-2:])
    assert len(before) == len(after) == 5
    assert after == ["Racing"] * 5
    assert before != after


def test_streaming(run) -> None:
    kinds = re.findall(r"^(\d+ candidates|order|card|reply)", run("streaming.py"), re.M)
    assert kinds[0].endswith("candidates")
    assert kinds[1:] == ["order", *["card"] * 5, "reply"]


def test_events(run) -> None:
    printed = run("events.py")
    before, after = (re.findall(r"^  (.+?): ", part, re.M) for part in printed.partition("three films liked:")[::2])
    assert len(before) == len(after) == 5
    assert before != after
    assert "which you liked" in printed.partition("three films liked:")[2]
    assert "recorded: True; recorded again: False" in printed


def test_own_model(run) -> None:
    printed = run("own_model.py")
    assert "phrased by model" in printed
    assert "an earlier draft was rejected: absent" in printed
    shown = re.findall(r"^\S.*?: (.+)$", printed, re.M)
    assert shown
    assert not any("Bogart" in text or "eleven" in text for text in shown)


def test_offline_ranking(run) -> None:
    printed = run("offline_ranking.py")
    chosen = re.findall(r"^ +(\S+) +(\S+)$", printed.partition("these four")[2], re.M)
    assert chosen[-1] == ("-", "no-such-film")
    scores = [float(score) for score, _ in chosen[:-1]]
    assert scores == sorted(scores, reverse=True)
    order = [item_id for _, item_id in chosen]
    assert sorted(order) == sorted(["tokyo-story-1953", "no-such-film", "princess-mononoke-1997", "12-angry-men-1957"])
    assert order.index("princess-mononoke-1997") < order.index("12-angry-men-1957"), "it is by the same director"


def test_compare_prompts(run) -> None:
    printed = run("compare_prompts.py")
    assert re.search(r"^explain@v2#\w+: 100% of claims true", printed, re.M)
    assert re.search(r"^explain_invents_awards@v1#\w+: 0% of claims true, 0% accepted$", printed, re.M)
    assert printed.endswith("the whole gate: fail\n")


def test_langchain_recommender(run) -> None:
    pytest.importorskip("langchain_core")
    printed = run("langchain_recommender.py")
    assert len(re.search(r"^retrieved: (.+)$", printed, re.M)[1].split(", ")) == 3
    assert re.search(r"^with the document of: (.+, ){4}.+$", printed, re.M)
    assert re.findall(r"^card (\d): ", printed, re.M) == list("12345")
    assert printed.index("card 5") < printed.index("reply: ")
    assert re.search(r"^phrased by langchain:scripted: This one was directed by ", printed, re.M)


def test_mcp_client(run) -> None:
    pytest.importorskip("mcp")
    printed = run("mcp_client.py")
    assert "tools: explain, give_feedback, recommend, refine, why_not\n" in printed
    assert re.search(r"^acting on: 1990–1999, Comedy, up to 99 minutes$", printed, re.M)
    first, refined = (
        re.search(rf"^{name}: (.+)$", printed, re.M)[1].split(", ") for name in ("recommended", "refined")
    )
    assert len(first) == len(refined) == 5
    assert not set(first) & set(refined)
    assert "You know Alien already" in printed
    assert printed.endswith(f"recorded a like of {refined[0]}: True\n")


def test_every_script_is_tested_and_described() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    described = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for script in EXAMPLES.glob("*.py"):
        assert f'run("{script.name}")' in tested
        assert f"({script.name})" in described
