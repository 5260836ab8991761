"""A judge is blind, sees a random order, and is measured against labels."""

from __future__ import annotations

import asyncio
import json
import runpy
from pathlib import Path

import pytest

from assistant.errors import ProviderUnavailable
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel
from evals.suite.judge import base_first, judge_pairs, judge_report
from evals.suite.rows import Row, Variant
from prompts import load

WORLD = runpy.run_path(str(Path(__file__).with_name("suite_worlds.py")))
BASE = Variant(prompt="explain@v1#aaa", model="model-one")
OTHER = Variant(prompt="explain@v2#bbb", model="model-two")


def setting(count=60):
    cases = WORLD["make_cases"](count, users=12)
    base = {c.id: Row(case=c.id, cluster=c.cluster, variant=BASE, repeat=0, draft=f"plain text {c.id}") for c in cases}
    other = {
        c.id: Row(case=c.id, cluster=c.cluster, variant=OTHER, repeat=0, draft=f"lovely text {c.id}") for c in cases
    }
    return cases, base, other


def ask(answer, cases, base, other):
    model = (
        ScriptedModel(answer, name="judge", repeat=True)
        if isinstance(answer, list)
        else ScriptedModel(answer, name="judge")
    )
    found = asyncio.run(judge_pairs(cases, base, other, model, load("judge", "v1")))
    return model, found, judge_report(found, cases, BASE, OTHER, judge="judge", prompt="judge@v1")


def prefers_lovely(messages):
    text = messages[-1].content
    first = text.split("Reason A: ")[1].splitlines()[0]
    return json.dumps({"better": "A" if first.startswith("lovely") else "B"})


def test_a_judge_that_reads():
    cases, base, other = setting()
    model, _, report = ask(prefers_lovely, cases, base, other)
    assert report.preference.estimate == 1.0
    assert report.compared == 60
    assert 0.25 < report.first_share < 0.75  # the order was random, so the winner stood first about half the time
    said = "\n".join(message.content for asked in model.asked for message in asked.messages)
    for name in ("model-one", "model-two", "explain@", "aaa", "bbb"):
        assert name not in said  # blind


def test_a_judge_that_looks_at_the_place_only():
    cases, base, other = setting()
    _, _, report = ask(['{"better": "A"}'], cases, base, other)
    assert report.first_share == 1.0
    assert 0.25 < report.preference.estimate < 0.75
    assert report.preference.low < 0.5 < report.preference.high


def test_order_is_random_and_the_same_again():
    cases, _, _ = setting()
    order = [base_first(case, 0) for case in cases]
    assert order == [base_first(case, 0) for case in cases]
    assert order != [base_first(case, 1) for case in cases]
    assert 15 < sum(order) < 45


def test_failures_and_ties():
    cases, base, other = setting(4)
    _, found, report = ask(lambda m: ScriptedAnswer(error=ProviderUnavailable("gone")), cases, base, other)
    assert (report.compared, report.failed, report.preference, report.first_share) == (0, 4, None, None)
    assert "gone" in found[0].error
    _, _, report = ask(['{"better": "tie"}'], cases, base, other)
    assert report.preference.estimate == 0.5
    assert report.first_share is None
    del base[cases[0].id]
    assert ask(['{"better": "tie"}'], cases, base, other)[2].compared == 3


def test_agreement_with_labels():
    cases, base, other = setting(10)
    assert ask(prefers_lovely, cases, base, other)[2].agreement is None
    labels = ["explain@v2"] * 6 + ["explain@v1"] * 2 + [None, "explain@v9"]
    labelled = [case.model_copy(update={"preferred": label}) for case, label in zip(cases, labels, strict=True)]
    _, _, report = ask(prefers_lovely, labelled, base, other)
    assert (report.labelled, report.agreement) == (8, 0.75)
    assert report.kappa == pytest.approx(0.0)  # it always says the same
