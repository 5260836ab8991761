"""Odd files from reading to ranking: without times, all at one time, few users, numbers for ids, a user with thousands of
events, the same event many times."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from assistant.catalogue import Catalogue
from assistant.errors import BadRowsError
from assistant.fitting import FitReport, fit, open_ranker
from assistant.ingest import index_items
from assistant.rank import rank
from assistant.scoring import ltr
from assistant.scoring.selection import FitConfig
from assistant.store import Store
from vectorstore.embed_hashing import HashingEmbedder

N_ITEMS, GROUPS = 120, 4
QUICK = FitConfig(
    past_choices=3, trees=ltr.LearnedConfig(rounds=10, check_every=5, patience=5, candidates=40, threads=1)
)
NEEDS_ORDER = {"trend", "transitions", "next_item", "item_cf_recent", "ease_recent"}
ITEMS = [
    {"item_id": str(1000 + n), "title": f"Number {n}", "categories": [f"group {n % GROUPS}"], "year": 1990 + n % 30}
    for n in range(N_ITEMS)
]


def walks(n_users: int, length: int = 10) -> list[tuple[str, str]]:
    """(user, item) in order: every user goes forward through the items of one group."""
    dice = np.random.default_rng(1)
    pairs = []
    for user in range(n_users):
        group, at = int(dice.integers(GROUPS)), int(dice.integers(N_ITEMS // GROUPS))
        for step in dice.integers(1, 3, length).tolist():
            at = (at + step) % (N_ITEMS // GROUPS)
            pairs.append((f"u{user}", str(1000 + at * GROUPS + group)))
    return pairs


def fitted(folder: Path, events: list[dict[str, object]]) -> tuple[FitReport, list[str]]:
    """What a fit did, and item ids for a history of one group, as text."""
    index_items(ITEMS, folder, interactions=events, embedder=HashingEmbedder())
    with Store(folder) as store:
        catalogue = Catalogue.load(store)
        report = fit(store, catalogue, config=QUICK)
        ranker = open_ranker(store, catalogue)
        assert ranker.version == report.version
        for user in ("u1", "bulk", "nobody"):
            ranked = rank(store, catalogue, ranker, user=user)
            assert all(score is not None and np.isfinite(score) for _, score in ranked)
            assert len({item for item, _ in ranked}) == len(ranked)
            known = {event["item_id"] for event in events if event["user_id"] == user}
            assert {item for item, _ in ranked} == {item["item_id"] for item in ITEMS} - known
        history = [str(1000 + at * GROUPS) for at in range(5, 11)]
        return report, [item for item, _ in rank(store, catalogue, ranker, history=history, k=5)]


def in_group(ranked: list[str]) -> bool:
    return all((int(item) - 1000) % GROUPS == 0 for item in ranked)


@pytest.mark.parametrize("time", [{}, {"timestamp": 1_700_000_000}, {"timestamp": "2024-02-30T00:00:00"}])
def test_without_a_time_that_tells_nothing_goes_by_order(tmp_path: Path, time: dict[str, object]) -> None:
    events: list[dict[str, object]] = [{"user_id": u, "item_id": i, **time} for u, i in walks(80)]
    if time.get("timestamp") == "2024-02-30T00:00:00":
        with pytest.raises(BadRowsError, match="2024-02-30"):
            fitted(tmp_path, events)
        return
    report, ranked = fitted(tmp_path, events)
    tried = {row.name for row in report.table.rows}
    assert not tried & NEEDS_ORDER
    assert {"ease", "item_cf", "content", "attributes"} <= tried
    assert in_group(ranked)


def test_few_users_with_ratings_are_told_how_many_are_needed(tmp_path: Path) -> None:
    events: list[dict[str, object]] = [
        {"user_id": u, "item_id": i, "rating": 1 + n % 5, "timestamp": 1e9 + n} for n, (u, i) in enumerate(walks(40))
    ]
    report, ranked = fitted(tmp_path, events)
    assert report.table.chosen == "cold"
    assert "50 users" in report.table.note
    assert "there are 40" in report.table.note
    assert len(ranked) == 5


def test_a_user_with_thousands_of_events_at_once_and_repeated_lines_change_little(tmp_path: Path) -> None:
    events: list[dict[str, object]] = [
        {"user_id": u, "item_id": i, "kind": "purchase", "timestamp": 1e9 + 60 * n}
        for n, (u, i) in enumerate(walks(80))
    ]
    report, ranked = fitted(tmp_path / "plain", events)
    assert {row.name for row in report.table.rows} >= NEEDS_ORDER - {"item_cf_recent", "ease_recent"}
    bulk = [
        {"user_id": "bulk", "item_id": str(1000 + n % N_ITEMS), "kind": kind, "timestamp": 1e9, "event_id": f"b{n}"}
        for n, kind in enumerate(["view", "click", "like"] * 1700)
    ]
    events = [*events, *events[:300], *bulk]
    random.Random(0).shuffle(events)
    again, ranked_again = fitted(tmp_path / "more", events)
    assert again.n_events == report.n_events + len(bulk)
    assert in_group(ranked)
    assert in_group(ranked_again)
    assert json.dumps(again.table.document(), allow_nan=False)
