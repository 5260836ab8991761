"""ReDial on a few made-up dialogues: joining, division, what counts, and that what dialogues teach is used."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from click.testing import CliRunner

from assistant.catalogue import Catalogue
from assistant.ingest import index_items
from assistant.settings import load_settings
from assistant.store import Store
from evals.cli import cli
from evals.errors import EvaluationError
from evals.redial.blend import BlendSettings, Examples, learn_weights
from evals.redial.columns import NAMES, Bm25, ColumnSettings
from evals.redial.data import joined_row, read_redial, split_of

N = 40
"""Films; those of one half go together in every dialogue, those of the other half as well."""


def film(number):
    mood = "laughing in a bakery with cousins" if number % 2 else "ghosts in a cold harbour at night"
    return {
        "item_id": f"Film_{number}",
        "title": f"Film {number}",
        "year": 1960 + number,
        "description": f"About {mood}.",
    }


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    rows = [film(n) for n in range(N)]
    rows += [
        {"item_id": "It_(1990_film)", "title": "It", "year": 1990},
        {"item_id": "It_(2017_film)", "title": "It", "year": 2017},
        {"item_id": "Coco", "title": "Coco", "year": 2017},
        {"item_id": "Coco_(2009_film)", "title": "Coco", "year": 2019},
        {"item_id": "What%3F", "title": "What?", "year": 1972},
    ]
    file = folder / "films.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    index_items(file, folder / "data", settings=load_settings(folder, embedder="hashing"))
    (folder / "data" / "assistant.toml").write_text('embedder = "hashing"\n')
    return folder / "data"


@pytest.fixture(scope="module")
def catalogue(films):
    with Store(films) as store:
        return Catalogue.load(store)


@pytest.fixture(scope="module")
def redial_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("redial")
    items = [{"item_id": n, "title": f"Film {n}"} for n in range(N)] + [{"item_id": 900, "title": "Unheard Of"}]
    turns = []
    rng = np.random.default_rng(0)
    for number in range(120):
        half = number % 2
        mine = [2 * int(n) + half for n in rng.choice(N // 2, 5, replace=False)]
        words = "something to laugh about, a bakery perhaps" if half else "a ghost story by the harbour"
        for step in (2, 3):
            turns.append(
                {
                    "dialog_id": f"d{number}", "context": ["", f"I want {words}", "I liked it."],
                    "prev_entity": [*mine[:step], 77777], "rec": [mine[step], mine[0]], "resp": "",
                }
            )  # fmt: skip
        turns.append({"dialog_id": f"d{number}", "context": ["Hm"], "prev_entity": mine, "rec": [mine[0]], "resp": ""})
        if number % 10 == 0:
            turns.append({"dialog_id": f"d{number}", "context": ["Hm"], "prev_entity": mine, "rec": [900], "resp": ""})
    for name, rows in (("items", items), ("test", turns)):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("It (2017 film)", "It_(2017_film)"),
        ("It (1991 film)", "It_(1990_film)"),
        ("It (1986 miniseries)", None),
        ("It (novel)", None),
        ("It (film)", "It_(2017_film)"),
        ("Coco", "Coco"),
        ("What%3F", "What%3F"),
        ("The Film 3", "Film_3"),
        ("Film 3 (song)", None),
        ("Nothing of the Kind", None),
    ],
)
def test_titles_are_joined_by_name_and_year(catalogue, title, found):
    row = joined_row(title, catalogue)
    assert (None if row is None else catalogue.ids[row]) == found


def test_what_was_mentioned_is_no_target_and_what_is_not_there_stays_one(redial_folder, catalogue):
    redial = read_redial(redial_folder, catalogue)
    assert len(redial.rows) == N
    assert 900 not in redial.place
    assert all(not set(turn.targets) & set(turn.mentioned) for turn in redial.turns)
    assert sum(turn.targets == (900,) for turn in redial.turns) == 12
    assert all(len(turn.targets) == 1 for turn in redial.turns)


def test_a_dialogue_is_in_one_half(redial_folder, catalogue):
    redial = read_redial(redial_folder, catalogue)
    dev, test = redial.of("dev"), redial.of("test")
    assert not {t.dialogue for t in dev} & {t.dialogue for t in test}
    assert len(dev) + len(test) == len(redial.turns)
    assert all(split_of(turn.dialogue) == "dev" for turn in dev)


def test_missing_and_unknown_data_is_told(tmp_path, redial_folder, catalogue):
    with pytest.raises(EvaluationError, match=r"items\.jsonl\.gz"):
        read_redial(tmp_path, catalogue)
    with gzip.open(tmp_path / "items.jsonl.gz", "wt") as file:
        file.write('{"item_id": "x"}\n')
    with pytest.raises(EvaluationError, match=r"items\.jsonl\.gz:1"):
        read_redial(tmp_path, catalogue)


def run(films, redial_folder, split, *more):
    arguments = ["redial", "--data", str(films), "--redial", str(redial_folder), "--split", split, *more]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("split", ["dev", "test"])
def test_what_dialogues_teach_beats_what_is_popular(films, redial_folder, split):
    report = json.loads(run(films, redial_folder, split, "--json"))
    recall = {name: {int(k): v["estimate"] for k, v in cuts.items()} for name, cuts in report["recall"].items()}
    assert set(recall) == {"random", "popularity", "BM25", "assistant"}
    assert report["split"] == split
    assert recall["assistant"][10] > recall["popularity"][10] + 0.15
    assert recall["assistant"][10] > recall["random"][10] + 0.15
    assert report["against"]["random"]["10"]["difference"]["low"] > 0
    assert recall["assistant"][50] == pytest.approx(report["joined"]) != 1.0  # nothing finds what is not there
    assert run(films, redial_folder, split, "--json") == json.dumps(report, ensure_ascii=False) + "\n"


def test_tables_name_every_system(films, redial_folder):
    text = run(films, redial_folder, "dev")
    for name in ("random", "popularity", "BM25", "assistant", "recall@50"):
        assert name in text


def test_bm25_finds_rare_words(catalogue):
    rows = np.arange(N)
    scores = Bm25(catalogue, rows, ColumnSettings()).score({"bakery": 1, "unheard": 1})
    assert (scores[1::2] > 0).all()
    assert (scores[::2] == 0).all()
    assert not Bm25(catalogue, rows, ColumnSettings()).score({"unheard": 2}).any()


def test_weights_go_to_the_column_that_tells():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(300, 21, len(NAMES))).astype(np.float32)
    columns[:, :, 5] = 0
    columns[:, 0, 2] += 2
    weights = learn_weights(Examples(columns=columns), 1_000, BlendSettings())
    assert weights[2] == max(weights) > 1
    assert np.abs(np.delete(weights, 2)).max() < 0.4
    assert weights[5] == 0
