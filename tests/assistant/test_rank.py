from __future__ import annotations

from pathlib import Path

import pytest

from assistant.catalogue import Catalogue
from assistant.errors import UserError
from assistant.fitting import open_ranker
from assistant.ingest import index_items
from assistant.rank import rank
from assistant.store import Store
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import did
from vectorstore.embed_hashing import HashingEmbedder

IDS = [film["item_id"] for film in FILMS]


@pytest.fixture
def ranking(tmp_path: Path):
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        did(store, "ana", "alien", "odyssey")
        did(store, "bo", "fistful")
        catalogue = Catalogue.load(store)
        ranker = open_ranker(store, catalogue)
        yield lambda **request: rank(store, catalogue, ranker, **request)


def test_without_candidates_everything_but_the_history_is_ranked(ranking) -> None:
    ranked = ranking(user="ana")
    assert sorted(i for i, _ in ranked) == sorted(set(IDS) - {"alien", "odyssey"})
    scores = [score for _, score in ranked]
    assert scores == sorted(scores, reverse=True)
    assert next(i for i, _ in ranked if i != "fistful") == "aliens"  # the other one is what somebody else liked


@pytest.mark.parametrize("k", [1, 3, 6, 100])
def test_candidates_are_permuted_and_cut(ranking, k: int) -> None:
    candidates = ["her", "alien", "fistful", "aliens", "her", "walle"]
    whole = ranking(user="ana", candidates=candidates)
    assert sorted(i for i, _ in whole) == sorted(set(candidates))
    assert ranking(user="ana", candidates=candidates, k=k) == whole[:k]
    assert ranking(user="ana", candidates=candidates[::-1]) == whole


def test_unknown_candidates_come_last_without_a_score(ranking) -> None:
    ranked = ranking(user="ana", candidates=["ghost", "her", "phantom", "alien", "ghost"])
    assert [i for i, _ in ranked[2:]] == ["ghost", "phantom"]
    assert [score is None for _, score in ranked] == [False, False, True, True]
    assert ranking(user="ana", candidates=["ghost", "her"], k=1)[0][0] == "her"
    assert ranking(user="ana", candidates=["ghost"]) == [("ghost", None)]
    assert ranking(user="ana", candidates=[]) == []


def test_a_history_stands_for_a_user_who_did_the_same(ranking) -> None:
    by_user = ranking(user="ana", candidates=IDS)
    by_history = ranking(history=["alien", "nowhere", "odyssey"], candidates=IDS)
    assert [i for i, _ in by_history] == [i for i, _ in by_user]
    assert ranking(history=["fistful"], candidates=["her", "unforgiven"], k=1)[0][0] == "unforgiven"
    assert {i for i, _ in ranking(history=["fistful"])} == set(IDS) - {"fistful"}


def test_a_user_never_seen_is_new(ranking) -> None:
    assert ranking(user="nobody") == ranking(history=[])
    assert len(ranking(user="nobody")) == len(IDS)


@pytest.mark.parametrize("request_", [{}, {"user": "ana", "history": ["alien"]}, {"user": "ana", "history": []}])
def test_a_request_has_either_a_user_or_a_history(ranking, request_) -> None:
    with pytest.raises(UserError, match="either a user or a history"):
        ranking(**request_)


@pytest.mark.parametrize("k", [0, -1])
def test_k_is_at_least_one(ranking, k: int) -> None:
    with pytest.raises(UserError, match="at least 1"):
        ranking(user="ana", k=k)
