from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.catalogue import Catalogue
from assistant.ingest import index_items
from assistant.store import Store
from assistant.types import Constraint
from vectorstore.embed_hashing import HashingEmbedder

ITEMS = [
    {"item_id": "a", "title": "The Old Mill", "year": 1950, "categories": ["Drama", "Crime"], "in_stock": True, "price": 10,
     "creators": [{"name": "Zoë Lund", "role": "director"}], "subtitled": True, "original_title": "Die alte Mühle"},
    {"item_id": "b", "title": "Old Mill!", "year": 1960, "categories": ["Comedy"], "in_stock": False,
     "creators": [{"name": "Zoe Lund", "role": "cast"}, {"name": "Bo Ek", "role": "director"}], "subtitled": False},
    {"item_id": "c", "title": "Salt & Pepper", "categories": ["crime", "Comedy"], "creators": ["Nobody Else"], "price": 30},
    {"item_id": "d", "title": "Nothing Known"},
]  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder: Path = tmp_path_factory.mktemp("catalogue")
    index_items(ITEMS, folder, embedder=HashingEmbedder())
    with Store(folder) as store:
        return Catalogue.load(store)


def matching(catalogue: Catalogue, *constraints: Constraint) -> str:
    return "".join(catalogue.ids[row] for row in np.flatnonzero(catalogue.allowed(constraints)))


@pytest.mark.parametrize(
    ("slot", "op", "more", "ids"),
    [
        ("categories", "any", {"values": ("Crime",)}, "ac"),
        ("categories", "any", {"values": ("Crime", "Comedy")}, "abc"),
        ("categories", "all", {"values": ("Crime", "Comedy")}, "c"),
        ("categories", "none", {"values": ("Crime",)}, "bd"),
        ("categories", "none", {"values": ("Crime", "Comedy")}, "d"),
        ("categories", "any", {"values": ("Opera",)}, ""),
        ("categories", "none", {"values": ("Opera",)}, "abcd"),
        ("categories", "any", {"values": ()}, "abcd"),
        ("year", "range", {"low": 1950, "high": 1955}, "a"),
        ("year", "range", {"low": 1960}, "b"),
        ("year", "range", {"high": 1960}, "ab"),
        ("year", "range", {}, "ab"),
        ("year", "outside", {"low": 1950, "high": 1955}, "bcd"),
        ("year", "outside", {"low": 1955}, "acd"),
        ("price", "range", {"high": 10}, "a"),
        ("nothing", "range", {"low": 1}, ""),
        ("nothing", "outside", {"low": 1}, "abcd"),
        ("nothing", "any", {"values": ("x",)}, ""),
        ("nothing", "all", {"values": ("x",)}, ""),
        ("nothing", "none", {"values": ("x",)}, "abcd"),
        ("in_stock", "any", {"values": ("yes",)}, "a"),
        ("in_stock", "any", {"values": ("no",)}, "b"),
        ("in_stock", "none", {"values": ("no",)}, "acd"),
        ("subtitled", "any", {"values": ("yes",)}, "a"),
        ("subtitled", "none", {"values": ("yes",)}, "bcd"),
        ("people", "any", {"values": ("Zoe Lund",)}, "ab"),
        ("director", "any", {"values": ("zoe lund",)}, "a"),
        ("cast", "any", {"values": ("Zoë Lund",)}, "b"),
        ("people", "none", {"values": ("Zoe Lund",)}, "cd"),
        ("people", "any", {"values": ("Nobody Else", "Bo Ek")}, "bc"),
        ("people", "all", {"values": ("Zoe Lund", "Bo Ek")}, "b"),
    ],
)
def test_what_a_promise_lets_through(catalogue: Catalogue, slot, op, more, ids) -> None:
    assert matching(catalogue, Constraint(slot=slot, op=op, **more)) == ids


def test_promises_hold_together_and_excluded_items_are_out(catalogue: Catalogue) -> None:
    crime = Constraint(slot="categories", op="any", values=("Crime",))
    old = Constraint(slot="year", op="range", high=1999)
    assert matching(catalogue, crime, old) == "a"
    mask = catalogue.allowed([crime], excluded=["a", "nowhere"])
    assert [catalogue.ids[row] for row in np.flatnonzero(mask)] == ["c"]
    assert mask.dtype == bool


def test_titles_are_found_folded_and_by_their_original(catalogue: Catalogue) -> None:
    def found(title: str) -> list[str]:
        return [catalogue.ids[row] for row in catalogue.titles.get(title, ())]

    assert found("old mill") == ["a", "b"]
    assert found("die alte muhle") == ["a"]
    assert found("salt and pepper") == ["c"]
    assert catalogue.title(0) == "The Old Mill"
    assert (catalogue.year(0), catalogue.year(3)) == (1950, None)


def test_roles_columns_and_features(catalogue: Catalogue) -> None:
    assert catalogue.roles == {"director", "cast", "creators"}
    assert np.isnan(catalogue.numbers["year"]).tolist() == [False, False, True, True]
    assert catalogue.labels["categories"].display["crime"] == "Crime"
    features = catalogue.features()
    assert features.categories[2] == ("crime", "comedy")
    assert features.people[1] == ("zoe lund", "bo ek")
    assert features.vectors.shape == (4, catalogue.vectors.shape[1])
    assert catalogue.item(1).attributes == {"subtitled": False}
    assert catalogue.rows(["c", "nowhere", "a"]).tolist() == [2, 0]


def test_items_that_were_forgotten_are_read_again(catalogue: Catalogue, monkeypatch) -> None:
    monkeypatch.setattr("assistant.catalogue.MAX_ITEMS", 2)
    read = [[catalogue.item(row).item_id for row in range(4)] for _ in range(2)]
    assert read == [["a", "b", "c", "d"]] * 2
    assert len(catalogue._items) <= 2


def test_an_empty_catalogue_has_no_rows(tmp_path: Path) -> None:
    with Store(tmp_path, create=True) as store:
        empty = Catalogue.load(store)
    assert len(empty) == 0
    assert empty.allowed([Constraint(slot="year", op="range", low=1)]).tolist() == []
    assert dict(empty.titles) == {}
