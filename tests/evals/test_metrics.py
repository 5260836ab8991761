"""The metrics against values worked out by hand, and against ir-measures."""

from __future__ import annotations

import random
import runpy
from pathlib import Path

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import metrics
from evals.metrics.cut import order_by_score

CHECKS = runpy.run_path(str(Path(__file__).with_name("metric_checks.py")))["CHECKS"]
FUNCTIONS = {name: getattr(metrics, name) for name in CHECKS if hasattr(metrics, name)} | {
    "order_by_score": order_by_score
}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_by_hand(name):
    CHECKS[name](FUNCTIONS[name])


def test_every_metric_has_a_check():
    assert set(metrics.__all__) - {"GroupReport", "meets"} <= set(CHECKS)


@pytest.mark.parametrize("k", [1, 5, 10, 40])
@pytest.mark.parametrize("seed", range(5))
def test_equal_to_ir_measures(seed, k):
    """Random qrels with graded gains, runs with ties, users without relevant items, lists shorter and longer than k."""
    rng = random.Random(seed)
    items = [f"item{n}" for n in range(30)]
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for user in range(60):
        qrels[f"u{user}"] = {item: rng.choice([0, 0, 1, 2, 3]) for item in rng.sample(items, rng.randint(1, 12))}
        run[f"u{user}"] = {
            item: rng.choice([0.0, 0.5, 1.0, 1.5, -2.0, rng.random()]) for item in rng.sample(items, rng.randint(1, 30))
        }
    theirs = {
        metrics.ndcg: ir_measures.nDCG @ k,
        metrics.recall: ir_measures.R @ k,
        metrics.precision: ir_measures.P @ k,
        metrics.average_precision: ir_measures.AP @ k,
        metrics.hit_rate: ir_measures.Success @ k,
    }
    # ir-measures takes RR@k from a tool with another order of ties, and uncut RR from trec_eval: so ties are checked
    # on the uncut one, and the cut on runs whose ties have been broken.
    broken = {
        user: {item: -float(place) for place, item in enumerate(order_by_score(scores))} for user, scores in run.items()
    }
    uncut = {row.query_id: row.value for row in ir_measures.iter_calc([ir_measures.RR], qrels, run)}
    cut = {row.query_id: row.value for row in ir_measures.iter_calc([ir_measures.RR @ k], qrels, broken)}
    for user in qrels:
        ranking = order_by_score(run[user])
        if any(qrels[user].values()):
            assert metrics.reciprocal_rank(ranking, qrels[user], k) == pytest.approx(cut[user], abs=1e-9)
            assert metrics.reciprocal_rank(ranking, qrels[user], 30) == pytest.approx(uncut[user], abs=1e-9)
    compared = 0
    expected = {
        (str(row.measure), row.query_id): row.value for row in ir_measures.iter_calc(list(theirs.values()), qrels, run)
    }
    for function, measure in theirs.items():
        for user in qrels:
            ours = function(order_by_score(run[user]), qrels[user], k)
            if not any(qrels[user].values()):
                assert ours is None
                continue
            assert ours == pytest.approx(expected[str(measure), user], abs=1e-9), (measure, user)
            compared += 1
    assert compared > 5 * 45


rankings = st.lists(st.integers(0, 20), max_size=15, unique=True)
gains = st.dictionaries(st.integers(0, 20), st.sampled_from([0.0, 1.0, 2.0, 5.0]), max_size=10)


@given(rankings, gains, st.integers(1, 12))
def test_between_zero_and_one_or_none(ranking, gains, k):
    for function in (
        metrics.ndcg,
        metrics.recall,
        metrics.precision,
        metrics.reciprocal_rank,
        metrics.average_precision,
        metrics.hit_rate,
    ):
        value = function(ranking, gains, k)
        assert (value is None) == (not any(gains.values()))
        assert value is None or 0 <= value <= 1 + 1e-12


@given(st.lists(st.integers(0, 50), max_size=30))
def test_gini_is_half_the_relative_mean_difference(exposures):
    value = metrics.gini(exposures)
    if sum(exposures) == 0:
        assert value is None
        return
    n = len(exposures)
    pairs = sum(abs(a - b) for a in exposures for b in exposures)
    assert value == pytest.approx(pairs / (2 * n * sum(exposures)))
