"""Blends, requests, contributions, saving, and choosing by validation."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import taste_world as world

from assistant.errors import ModelMissingError
from assistant.fitting import current_model, fit, forget_models, is_stale, open_ranker, rollback, versions
from assistant.interactions import histories, history_of_rows, prefix
from assistant.ranking import Ranker, cold_ranker
from assistant.scoring import ltr
from assistant.scoring.choices import standardised
from assistant.scoring.selection import FitConfig, last_choices, ranks_of, select_and_fit
from assistant.store import Store
from assistant.types import Event

IDS = [f"item-{n}" for n in range(world.N_ITEMS)]
needs_rank = pytest.mark.skipif(importlib.util.find_spec("xgboost") is None, reason="needs the extra `rank`")
QUICK = FitConfig(
    least_users=20,
    past_choices=3,
    trees=ltr.LearnedConfig(rounds=20, check_every=5, patience=10, candidates=40, threads=1),
)


@pytest.fixture(scope="module")
def chosen():
    return select_and_fit(world.interactions(), world.features(), QUICK, item_ids=IDS)


def test_a_cold_ranker_ranks_everybody():
    ranker = cold_ranker(IDS, world.features(), world.interactions(n_users=0))
    for rows in ([], [3], [21, 22, 60]):
        ranking = ranker.rank(history_of_rows(rows), k=5)
        assert len(ranking) == 5
        assert not {r.row for r in ranking} & {*rows}
    assert all(20 <= r.row < 40 for r in ranker.rank(history_of_rows([21, 25, 30]), k=5))


def test_ranking_keeps_to_its_rows_and_is_sorted(chosen):
    ranker, _ = chosen
    rows = np.array([7, 1, 44, 30])
    ranking = ranker.rank(history_of_rows([2, 3, 5]), rows, k=10)
    assert sorted(r.row for r in ranking) == [1, 7, 30, 44]
    scores = [r.score for r in ranking]
    assert scores == sorted(scores, reverse=True)
    assert ranker.rank(history_of_rows([2]), np.zeros(0, np.int64)) == ()


def test_what_wins_on_validation_is_used_and_predicts(chosen):
    ranker, table = chosen
    best = max(table.rows, key=lambda row: row.ndcg)
    assert table.chosen == best.name
    assert best.used
    assert best.ndcg > 2 * next(row.ndcg for row in table.rows if row.name == "popularity")
    fresh = histories(world.interactions(n_users=200, seed=9))
    hits = [int(h.rows[-1]) in {r.row for r in ranker.rank(prefix(h, len(h) - 1), k=10, explain=False)} for h in fresh]
    assert np.mean(hits) > 0.5


def test_same_input_same_ranker(chosen):
    again, table = select_and_fit(world.interactions(), world.features(), QUICK, item_ids=IDS)
    assert table == chosen[1]
    history = history_of_rows([2, 3, 5])
    np.testing.assert_array_equal(again.score_all(history), chosen[0].score_all(history))


def test_the_request_dominates(chosen):
    ranker, _ = chosen
    history = history_of_rows([2, 3, 5])
    rows = np.arange(40, 60)
    relevance = np.linspace(0, 1, 20).astype(np.float32)
    ranking = ranker.rank(history, rows, relevance=relevance, k=20)
    wanted = {r.row for r in ranking[:7]}
    assert all(row >= 50 for row in wanted)
    assert ranking[0].columns["request"] > 0.8
    # scores are contributions up to a constant that is the same for all
    rest = [r.score - sum(r.contributions.values()) for r in ranking]
    np.testing.assert_allclose(rest, rest[0], atol=1e-4)


def test_a_constant_request_leaves_the_order_to_taste():
    ranker = cold_ranker(IDS, world.features(), world.interactions())
    history = history_of_rows([2, 3, 5])
    rows = np.arange(10, 50)
    plain = [r.row for r in ranker.rank(history, rows, k=10)]
    asked = [r.row for r in ranker.rank(history, rows, relevance=np.ones(40, np.float32), k=10)]
    assert plain == asked


def test_contributions_explain_the_score_and_name_history_items(chosen):
    ranker, _ = chosen
    history = history_of_rows([2, 3, 5])
    ranking = ranker.rank(history, k=5)
    rest = [r.score - sum(r.contributions.values()) for r in ranking]
    np.testing.assert_allclose(rest, rest[0], atol=1e-3)
    for ranked in ranking:
        assert ranked.history
        assert {item for item, _ in ranked.history} <= {"item-2", "item-3", "item-5"}
        assert all(amount > 0 for _, amount in ranked.history)


def test_text_of_an_item_moves_only_the_column_of_vectors():
    features = world.features()
    changed = features.vectors.copy()
    changed[30] = changed[70]
    other = replace(features, vectors=changed)
    history = history_of_rows([21, 22, 24])
    events = world.interactions()
    for row in (30, 26):
        before = next(r for r in cold_ranker(IDS, features, events).rank(history, np.array([row])))
        after = next(r for r in cold_ranker(IDS, other, events).rank(history, np.array([row])))
        same = {name for name in before.columns if before.columns[name] == after.columns[name]}
        assert same >= {"popularity", "attributes", "recency"}
        assert ("content" in same) == (row != 30)


def test_saved_and_loaded_it_ranks_the_same_and_shares_matrices(chosen, tmp_path):
    ranker, _ = chosen
    ranker.save(tmp_path)
    loaded = Ranker.load(tmp_path, IDS, world.features())
    history = history_of_rows([41, 43, 44])
    np.testing.assert_array_equal(loaded.score_all(history), ranker.score_all(history))
    assert len({id(getattr(s, "matrix", s)) for s in loaded.scorers}) == len(
        {id(getattr(s, "matrix", s)) for s in ranker.scorers}
    )


def test_loaded_for_a_larger_catalogue_it_follows_ids(chosen, tmp_path):
    ranker, _ = chosen
    ranker.save(tmp_path)
    n = world.N_ITEMS
    loaded = Ranker.load(tmp_path, ["new", *IDS], world.features(n + 1))
    moved = loaded.rank(history_of_rows([42, 44, 45]), np.arange(1, n + 1), k=5)
    assert len(moved) == 5
    assert all(r.item_id == IDS[r.row - 1] for r in moved)


@needs_rank
def test_trees_never_make_validation_worse(chosen):
    _, table = chosen
    by_name = {row.name: row.ndcg for row in table.rows}
    assert by_name["learned"] >= by_name["blend"]


@needs_rank
def test_trees_are_the_mean_of_their_bags(chosen):
    ranker, _ = chosen
    stage = ranker.learned
    assert stage is not None
    assert len(stage.models) > 1
    history = histories(world.interactions())[0]
    standard = standardised(ranker.columns(history))
    rows = np.arange(20)
    alone = [replace(stage, models=(model,)).predict(history, standard, rows) for model in stage.models]
    np.testing.assert_allclose(stage.predict(history, standard, rows), np.mean(alone, axis=0), rtol=1e-4)
    bare = replace(stage, models=()).predict(history, standard, rows)
    np.testing.assert_allclose(bare, standard[: len(stage.names), rows].T @ stage.weights, rtol=1e-4, atol=1e-5)


@needs_rank
def test_served_ranks_match_the_ranks_that_chose_it():
    """The path that serves and the path that validates agree, learned stage included."""
    ranker, table = select_and_fit(world.interactions(), world.features(), replace(QUICK, refit=False), item_ids=IDS)
    choices = last_choices(world.interactions(), 1, 1)
    scores = np.stack([ranker.score_all(choice.history) for choice in choices])
    from assistant.scoring.choices import ndcg, target_ranks

    served = float(ndcg(target_ranks(scores, choices)).mean())
    assert served == pytest.approx(next(row.ndcg for row in table.rows if row.name == table.chosen), abs=1e-3)


def test_without_the_extra_the_blend_is_chosen_and_said_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    ranker, table = select_and_fit(world.interactions(), world.features(), QUICK, item_ids=IDS)
    assert ranker.learned is None
    if table.chosen == "blend":
        assert "extra" in table.note


def test_little_data_falls_back_to_the_cold_default():
    ranker, table = select_and_fit(world.interactions(n_users=5), world.features(), QUICK, item_ids=IDS)
    assert table.chosen == "cold"
    assert ranker.rank(history_of_rows([1]), k=3)


def test_events_without_order_use_no_sequential_scorer():
    ranker, table = select_and_fit(world.interactions(timed=False), world.features(), QUICK, item_ids=IDS)
    assert not {"transitions", "next_item", "trend"} & {row.name for row in table.rows}
    assert ranker.rank(history_of_rows([1, 2]), k=3)


def test_ranks_of_a_blend_are_those_of_its_sum():
    events, features = world.interactions(), world.features()
    ranker = cold_ranker(IDS, features, events)
    choices = last_choices(events, 1, 1)[:10]
    weights = np.array([ranker.weights[s.name] for s in ranker.scorers], np.float32)
    ranks = ranks_of(ranker.scorers, weights, choices)
    for choice, rank in zip(choices, ranks, strict=True):
        place = [r.row for r in ranker.rank(choice.history, k=world.N_ITEMS, explain=False)].index(choice.target)
        assert abs(place - rank) <= 1


class Shelf:
    """The catalogue as fitting sees it."""

    version = 1
    ids = IDS
    row_of = {item: row for row, item in enumerate(IDS)}  # noqa: RUF012

    def features(self):
        return world.features()


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "data", create=True) as opened:
        yield opened


def add(store: Store, n_users: int, seed: int = 0) -> None:
    events = world.interactions(n_users=n_users, seed=seed)
    store.add_events(
        Event(
            event_id=f"{seed}.{n}",
            user_id=f"{seed}.{events.user[n]}",
            item_id=IDS[events.item[n]],
            kind="rating",
            value=float(events.value[n]),
            timestamp=float(events.time[n]),
        )
        for n in range(len(events.user))
    )


def test_fit_writes_a_version_serves_it_and_can_go_back(store):
    shelf, quick = Shelf(), replace(QUICK, learned=False)
    assert open_ranker(store, shelf).version == "cold"
    add(store, 60)
    first = fit(store, shelf, config=quick)
    assert open_ranker(store, shelf).version == first.version
    assert not is_stale(store)
    add(store, 60, seed=1)
    assert is_stale(store)
    second = fit(store, shelf, config=quick)
    assert (second.n_users, second.n_events > first.n_events) == (120, True)
    assert versions(store.folder) == [first.version, second.version]
    assert rollback(store.folder) == first.version
    assert open_ranker(store, shelf).version == first.version
    with pytest.raises(ModelMissingError, match="no earlier model"):
        rollback(store.folder)
    forget_models(store.folder)
    assert current_model(store.folder) is None
    assert open_ranker(store, shelf).version == "cold"


def test_a_model_whose_folder_is_gone_says_how_to_go_on(store):
    add(store, 60)
    report = fit(store, Shelf(), config=replace(QUICK, learned=False))
    (report.folder / "ranker.json").unlink()
    with pytest.raises(ModelMissingError, match="fit again"):
        open_ranker(store, Shelf())


def changed(folder: Path, **values: object) -> None:
    """The ranker's file with some values set; None takes them out."""
    document = json.loads((folder / "ranker.json").read_text()) | values
    (folder / "ranker.json").write_text(json.dumps({name: v for name, v in document.items() if v is not None}))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"format": 1}, "format 1"),
        ({"format": 1, "short_weights": None}, "format 1"),  # as they were written before short histories had weights
        ({"short_weights": None}, "lacks short_weights"),
        ({"format": None}, "format None"),
    ],
)
def test_a_model_of_an_older_state_says_to_fit_again_and_does_not_stop_a_fit(store, values, said):
    add(store, 60)
    quick = replace(QUICK, learned=False)
    report = fit(store, Shelf(), config=quick)
    changed(report.folder, **values)
    with pytest.raises(ModelMissingError, match=f"{said}.*assistant fit"):
        open_ranker(store, Shelf())
    lines: list[str] = []
    again = fit(store, Shelf(), config=quick, report=lines.append)
    assert any("left out of the comparison" in line and said in line for line in lines)
    assert open_ranker(store, Shelf()).version == again.version


def test_a_file_that_is_no_model_says_to_fit_again(chosen, tmp_path):
    ranker, _ = chosen
    ranker.save(tmp_path)
    for text in ("[]", "{", '"1"'):
        (tmp_path / "ranker.json").write_text(text)
        with pytest.raises(ModelMissingError, match="assistant fit"):
            Ranker.load(tmp_path, IDS, world.features())


def test_somebody_new_gets_what_others_chose(chosen):
    ranker, _ = chosen
    assert ranker.short_weights["popularity"] > 0
    scores = ranker.score_all(history_of_rows([]))
    assert np.ptp(scores) > 0
    few = ranker.rank(history_of_rows([21, 23]), k=5)
    assert sum(20 <= r.row < 40 for r in few) >= 4


def test_a_better_recipe_in_service_stays(store):
    add(store, 80)
    first = fit(store, Shelf(), config=replace(QUICK, learned=False))
    second = fit(store, Shelf(), config=replace(QUICK, learned=False))
    rows = {row.name: row.ndcg for row in second.table.rows}
    # nothing changed between the two, so the recipe in service does as well as what won before
    won = next(row.ndcg for row in first.table.rows if row.name == first.table.chosen)
    assert rows["in service"] == pytest.approx(won, abs=0.02)
    assert rows[second.table.chosen] >= rows["in service"]


@needs_rank
def test_trees_look_further_back_where_choices_are_few():
    def learned_from(config: FitConfig) -> int:
        lines: list[str] = []
        select_and_fit(world.interactions(), world.features(), config, item_ids=IDS, report=lines.append)
        line = next(line for line in lines if line.startswith("learned stage"))
        return int(line.split(" trees on ")[1].split()[0].replace(",", ""))

    near = learned_from(replace(QUICK, past_choices=2, look_back=0))
    assert learned_from(replace(QUICK, past_choices=2)) > near
    assert learned_from(replace(QUICK, past_choices=2, most_choices=near // 2)) <= near // 2
