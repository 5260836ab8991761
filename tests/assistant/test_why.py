"""An item's place taken apart: the parts add up, what moved it is told, and so is what keeps it down."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assistant.arranging.rule_file import RuleFile
from assistant.arranging.rules import bind
from assistant.catalogue import Catalogue
from assistant.cli import run
from assistant.documents import WhyDocument
from assistant.errors import UnknownNameError, UserError
from assistant.fitting import open_ranker
from assistant.ingest import index_items
from assistant.interactions import history_of_rows
from assistant.ranking import Ranker
from assistant.scoring import ltr
from assistant.scoring.selection import FitConfig, select_and_fit
from assistant.store import Store
from assistant.why import why
from tests.assistant.catalogues import FILMS
from tests.assistant.scoring.taste_world import features, interactions
from tests.assistant.turns import did, opened
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("why")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    with Store(folder) as store:
        did(store, "ana", "alien", "odyssey", "suspiria")
        did(store, "bo", "walle", "galaxy")
        did(store, "cleo", "walle", "her")
    return folder


@pytest.fixture
def opened_folder(folder):
    with Store(folder) as store:
        catalogue = Catalogue.load(store)
        yield store, catalogue, open_ranker(store, catalogue)


def test_the_parts_add_up_to_the_score(opened_folder):
    for item_id in ("aliens", "her", "blanche", "kong-1933"):
        found = why(*opened_folder, "ana", item_id, k=3)
        assert found.constant + sum(part.contribution for part in found.parts) == pytest.approx(found.score)
        assert found.constant == pytest.approx(0, abs=1e-6)
        assert {part.name for part in found.parts} == {"popularity", "content", "attributes", "recency"}
        assert found.stage == "blend"
        assert found.ranked == len(FILMS) - 3


def test_the_history_that_moved_it_is_told(opened_folder):
    found = why(*opened_folder, "ana", "aliens", k=3)
    assert found.history
    assert [one.contribution for one in found.history] == sorted(
        (one.contribution for one in found.history), reverse=True
    )
    assert all(moved.contribution > 0 for moved in found.history)
    assert {moved.item_id for moved in found.history} <= {"alien", "odyssey", "suspiria"}


@pytest.mark.anyio
async def test_what_moved_the_score_is_what_the_explanation_may_say(folder):
    """The facts of the history are of items that moved the score, and of no other."""
    async with opened(folder) as assistant:
        card = await assistant.explain("ana", "aliens")
        serving = await assistant.serving()
        found = why(assistant.store, serving.catalogue, serving.ranker, "ana", "aliens")
    moved = {one.item_id for one in found.history}
    cited = {fact.other_item_id for fact in card.explanation.facts if fact.source == "history"}
    assert cited
    assert cited <= moved


@pytest.fixture
def anyio_backend():
    return "asyncio"


def test_an_item_below_is_compared_with_the_last_of_the_list(opened_folder):
    store, catalogue, ranker = opened_folder
    order = [store_id for store_id, _ in ((r.item_id, r.score) for r in ranker.rank(_history(opened_folder), k=20))]
    last, below = order[2], order[-1]
    found = why(store, catalogue, ranker, "ana", below, k=3)
    assert found.place_by_score == len(order)
    assert found.position is None
    assert (found.against.item_id, found.against.position) == (last, 3)
    differences = [one.difference for one in found.against.differences]
    assert differences == sorted(differences)
    assert sum(differences) == pytest.approx(found.score - found.against.score)
    assert why(store, catalogue, ranker, "ana", last, k=3).against is None


def _history(opened_folder):
    _, catalogue, _ = opened_folder
    return history_of_rows(catalogue.rows(["alien", "odyssey", "suspiria"]).tolist())


def test_an_item_of_the_history_is_said_to_be_one(opened_folder):
    found = why(*opened_folder, "ana", "alien")
    assert found.left_out == "history"
    assert found.position is None
    assert found.place_by_score >= 1


def test_what_a_rule_did_is_told(opened_folder):
    _, catalogue, _ = opened_folder
    rules = bind(
        RuleFile.model_validate({"pin": [{"name": "pick", "item": "blanche", "position": 1, "label": "Sponsored"}]}),
        catalogue,
    )
    found = why(*opened_folder, "ana", "blanche", k=3, rules=rules)
    assert (found.position, found.label) == (1, "Sponsored")
    assert [(p.stage, p.rule) for p in found.placements] == [("pin", "pick")]
    store, catalogue, ranker = opened_folder
    first = ranker.rank(_history(opened_folder), k=1)[0].item_id
    pushed_out = why(store, catalogue, ranker, "ana", first, k=1, rules=rules)
    assert pushed_out.position is None
    assert pushed_out.place_by_score == 1


def test_unknown_names_are_told_with_what_was_meant(opened_folder):
    with pytest.raises(UnknownNameError, match=r"no item 'aliennn'\. Did you mean 'alien'"):
        why(*opened_folder, "ana", "aliennn")
    with pytest.raises(UnknownNameError, match=r"user 'anna'\. Did you mean 'ana'"):
        why(*opened_folder, "anna", "alien")
    with pytest.raises(UserError, match="k is 0"):
        why(*opened_folder, "ana", "alien", k=0)


@pytest.mark.skipif(not ltr.is_available(), reason="the extra 'rank' is not installed")
def test_the_trees_are_taken_apart_too():
    """TreeSHAP and the blend add up to the score, but for what all items that the trees ranked have in common."""
    world, events = features(), interactions()
    ids = [str(n) for n in range(len(world.year))]
    ranker, _ = select_and_fit(events, world, FitConfig(least_users=10), item_ids=ids)
    if ranker.learned is None:  # the blend won: the trees are what is looked at here
        ranker = _with_trees(ranker, events, world)
    history = history_of_rows([1, 2, 4, 5, 7, 8, 10])
    ranked = ranker.rank(history, k=20)
    constants = [r.score - sum(r.contributions.values()) for r in ranked]
    assert set(ltr.ITEM_AND_USER) <= set(ranked[0].contributions)
    assert constants == pytest.approx([constants[0]] * len(constants), abs=1e-4)
    assert len({round(r.score, 5) for r in ranked}) > 5


def _with_trees(ranker: Ranker, events, world) -> Ranker:
    from dataclasses import replace

    from assistant.interactions import drop_last
    from assistant.scoring import choices as past
    from assistant.scoring.selection import last_choices, refitted

    weights = np.array([ranker.weights[s.name] for s in ranker.scorers], np.float32)
    names = [s.name for s in ranker.scorers]

    def part(first, before):
        scorers = refitted(ranker.scorers, before, world)
        taken = last_choices(events, first, 1)
        return taken, past.choice_lists(scorers, taken, weights, candidates=40), before

    learned = ltr.learn(names, weights, part(2, drop_last(events, 2)), part(1, drop_last(events, 1)), world)
    stage = learned.stage
    assert stage.model, "no tree was better than none; the world is too easy for this test"
    return replace(ranker, learned=stage, short_weights={})


def test_the_command_tells_people_and_scripts(folder, capsys):
    assert run(["why", "--user", "ana", "--item", "fistful", "--k", "3", "--data", str(folder)]) == 0
    told = capsys.readouterr().out
    for words in (
        "A Fistful of Dollars (1964) for ana",
        "not in the list of 3",
        "content",
        "what pulls it down most",
    ):
        assert words in told
    assert run(["why", "--user", "ana", "--item", "fistful", "--k", "3", "--json", "--data", str(folder)]) == 0
    document = WhyDocument.model_validate(json.loads(capsys.readouterr().out))
    assert document.item_id == "fistful"
    assert document.against is not None
    assert run(["why", "--user", "ana", "--item", "herr", "--json", "--data", str(folder)]) == 2
    captured = capsys.readouterr()
    assert "Did you mean 'her'?" in captured.err
    assert json.loads(captured.out)["error"]["kind"] == "UnknownNameError"


def test_rules_are_checked_and_counted(folder, tmp_path, capsys):
    path = tmp_path / "rules.toml"
    path.write_text('[[boost]]\nname = "spacey"\nwhere = { slot = "tags", any = ["space"] }\nby = 0.1\n')
    assert run(["rules", "check", "--rules", str(path), "--json", "--data", str(folder)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rules"] == [{"kind": "boost", "name": "spacey", "items": 5}]
    path.write_text('[[boost]]\nname = "spacey"\nwhere = { slot = "tag", any = ["space"] }\nby = 0.1\n')
    assert run(["rules", "check", "--rules", str(path), "--data", str(folder)]) == 2
    assert "no item has a slot 'tag'. Did you mean 'tags'?" in capsys.readouterr().err
    assert run(["rules", "check", "--data", str(folder)]) == 2
    assert "There are no rules" in capsys.readouterr().err
