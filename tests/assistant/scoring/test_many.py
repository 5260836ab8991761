"""Many histories ranked at once are ranked like each by itself, to the last bit."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import taste_world as world

from assistant.interactions import histories, history_of_rows, prefix
from assistant.ranking import Ranker, RankingConfig, best_first, cold_ranker
from assistant.scoring import ltr
from assistant.scoring.selection import FitConfig, select_and_fit

IDS = [f"item-{n}" for n in range(world.N_ITEMS)]
ALL = np.arange(world.N_ITEMS)


def learned_ranker() -> Ranker:
    """A ranker whose trees are in service whether or not they won on validation."""
    trees = ltr.LearnedConfig(rounds=20, check_every=5, patience=10, candidates=40, threads=1)
    config = FitConfig(least_users=20, past_choices=3, trees=trees)
    ranker, _ = select_and_fit(world.interactions(), world.features(), config, item_ids=IDS)
    if ranker.learned is None:
        names = [scorer.name for scorer in ranker.scorers]
        weights = np.array([ranker.weights[name] for name in names], np.float32)
        xgboost = pytest.importorskip("xgboost")
        rng = np.random.default_rng(0)
        data = xgboost.DMatrix(rng.normal(size=(400, len(names) + len(ltr.ITEM_AND_USER))), rng.normal(size=400))
        model = bytes(xgboost.train({"max_depth": 3, "base_score": 0.0}, data, 10).save_raw("ubj"))
        flat = np.zeros(world.N_ITEMS, np.float32)
        ranker = replace(ranker, learned=ltr.LearnedStage(tuple(names), weights, flat, flat, model))
    return replace(ranker, config=RankingConfig(learned_depth=30))


@pytest.fixture(scope="module", params=["cold", "learned"])
def ranker(request) -> Ranker:
    if request.param == "cold":
        return cold_ranker(IDS, world.features(), world.interactions())
    if importlib.util.find_spec("xgboost") is None:
        pytest.skip("needs the extra `rank`")
    return learned_ranker()


@pytest.fixture(scope="module")
def some():
    """Whole histories, short ones, none, and one of items alone."""
    whole = histories(world.interactions())[:20]
    return [*whole, *(prefix(h, n % 5) for n, h in enumerate(whole)), history_of_rows([]), history_of_rows([3, 9, 3])]


@pytest.mark.parametrize("batch_values", [1, 5_000, 1_000_000])
def test_scores_do_not_depend_on_the_others(ranker, some, batch_values):
    ranker = replace(ranker, config=replace(ranker.config, batch_values=batch_values))
    many = ranker.score_many(some)
    assert many.shape == (len(some), world.N_ITEMS)
    for n, history in enumerate(some):
        np.testing.assert_array_equal(many[n], ranker.score_all(history))


@pytest.mark.parametrize("batch_values", [1, 1_000_000])
def test_rankings_are_those_of_one_by_one(ranker, some, batch_values):
    ranker = replace(ranker, config=replace(ranker.config, batch_values=batch_values))
    candidates = [None if n % 3 else ALL[n % 7 :: 5] for n in range(len(some))]
    ks = [(3, 10, 1000)[n % 3] for n in range(len(some))]
    many = ranker.rank_many(some, candidates, ks)
    for history, rows, k, (ranked, scores) in zip(some, candidates, ks, many, strict=True):
        alone = ranker.rank(history, rows, k=k, explain=False)
        assert [r.row for r in alone] == ranked.tolist()
        assert [r.score for r in alone] == scores.tolist()
        explained = ranker.rank(history, rows, k=k)
        assert [r.row for r in explained] == ranked.tolist()


def test_no_histories_no_rows(ranker):
    assert ranker.rank_many([], [], []) == []
    assert ranker.score_many([]).shape == (0, world.N_ITEMS)
    ((rows, scores),) = ranker.rank_many([history_of_rows([1])], [np.zeros(0, np.int64)], [5])
    assert not len(rows)
    assert not len(scores)


@pytest.mark.parametrize("k", [1, 3, 10, 40, 100])
def test_the_best_come_first_and_ties_by_place(k):
    rng = np.random.default_rng(1)
    for _ in range(20):
        scores = rng.integers(0, 8, 60).astype(np.float32)
        assert best_first(scores, k).tolist() == sorted(range(60), key=lambda n: (-scores[n], n))[:k]
