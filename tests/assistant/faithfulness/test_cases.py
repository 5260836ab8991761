"""Labelled cases over many domains, written by hand: the checker must not be good at two corpora only."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from assistant.faithfulness import ClaimChecker
from evals.claims import PairRow, verdict_row

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases.jsonl").read_text("utf-8").splitlines()]


def _row(case):
    return PairRow(
        id=case["id"], text=case["text"], record=case["record"], history=case["history"], asked=case["asked"]
    )


def test_the_cases_are_worth_something():
    assert len(CASES) >= 120
    assert len({case["domain"] for case in CASES}) >= 8
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert 0.3 < sum(case["supported"] for case in CASES) / len(CASES) < 0.7


def test_balanced_accuracy_over_all_domains():
    checker = ClaimChecker()
    right = defaultdict(list)
    for case in CASES:
        right[case["supported"]].append(verdict_row(_row(case), checker).supported == case["supported"])
    balanced = sum(sum(hits) / len(hits) for hits in right.values()) / 2
    assert balanced >= 0.9


@pytest.mark.parametrize("case", [c for c in CASES if "core" in c["tests"]], ids=lambda c: c["id"])
def test_core(case):
    verdict = verdict_row(_row(case), ClaimChecker())
    assert verdict.supported == case["supported"], [(c.text, c.slot, c.verdict) for c in verdict.claims]
