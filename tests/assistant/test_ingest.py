from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pandas
import polars
import pytest

from assistant.catalogue import Catalogue
from assistant.errors import BadRowsError, EmbedderMismatchError, UnknownNameError, UserError
from assistant.ingest import embed_again, import_events, index_items
from assistant.store import Store
from tests.assistant.catalogues import FILMS
from vectorstore.embed_hashing import HashingEmbedder, HashingSettings

EMBEDDER = HashingEmbedder()


class CountingEmbedder:
    """A hashing embedder that counts what it embeds."""

    def __init__(self) -> None:
        self.inner = HashingEmbedder()
        self.info = self.inner.info
        self.texts = 0

    def embed(self, texts):
        self.texts += len(texts)
        return self.inner.embed(texts)


def write_jsonl(path: Path, rows: list) -> Path:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.writelines((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    return path


def items_of(folder: Path) -> dict[str, object]:
    with Store(folder) as store:
        catalogue = Catalogue.load(store)
        return {item_id: catalogue.item(row) for item_id, row in catalogue.row_of.items()}


def test_every_source_gives_the_same_items(tmp_path: Path) -> None:
    rows = [
        {"item_id": f["item_id"], "title": f["title"], "year": f["year"], "categories": f["categories"]} for f in FILMS
    ]
    write_jsonl(tmp_path / "a.jsonl", rows)
    write_jsonl(tmp_path / "b.jsonl.gz", rows)
    flat = [{**row, "categories": "|".join(row["categories"])} for row in rows]
    for name, opener in (("c.csv", open), ("d.csv.gz", gzip.open)):
        with opener(tmp_path / name, "wt", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(flat)
    polars.DataFrame(rows).write_parquet(tmp_path / "e.parquet")
    (tmp_path / "f.parquet.gz").write_bytes(gzip.compress((tmp_path / "e.parquet").read_bytes()))
    sources = [tmp_path / name for name in ("a.jsonl", "b.jsonl.gz", "c.csv", "d.csv.gz", "e.parquet", "f.parquet.gz")]
    sources += [polars.DataFrame(rows), pandas.DataFrame(rows), rows, iter(rows)]
    expected = None
    for number, source in enumerate(sources):
        index_items(source, tmp_path / f"data{number}", embedder=EMBEDDER)
        found = items_of(tmp_path / f"data{number}")
        expected = expected or found
        assert found == expected, source
    assert len(expected) == len(FILMS)


def test_indexing_again_embeds_only_what_changed(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    first = index_items(FILMS, tmp_path, embedder=embedder)
    # Every film here has one sentence, which is embedded as a passage of its own besides the whole.
    assert (first.added, first.embedded, embedder.texts) == (len(FILMS), len(FILMS), 2 * len(FILMS))
    again = index_items(FILMS, tmp_path, embedder=embedder)
    assert (again.added, again.changed, again.unchanged, again.embedded) == (0, 0, len(FILMS), 0)
    changed = [{**f, "description": "Another text."} if f["item_id"] == "alien" else f for f in FILMS]
    third = index_items(changed, tmp_path, embedder=embedder)
    assert (third.changed, third.embedded, embedder.texts) == (1, 1, 2 * len(FILMS) + 1)
    assert items_of(tmp_path)["alien"].description == "Another text."


def test_items_stay_unless_replaced(tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=EMBEDDER)
    kept = index_items(FILMS[:3], tmp_path, embedder=EMBEDDER)
    assert (kept.items, kept.removed) == (len(FILMS), 0)
    replaced = index_items(FILMS[:3], tmp_path, embedder=EMBEDDER, replace=True)
    assert (replaced.items, replaced.removed) == (3, len(FILMS) - 3)
    assert set(items_of(tmp_path)) == {f["item_id"] for f in FILMS[:3]}
    with Store(tmp_path) as store:
        assert store.search_text("western", 10) == []
        assert len(store.known_vectors(store.meta("embedder"))) == 3


def test_bad_rows_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    rows = [{"item_id": str(n), "title": f"Film {n}"} for n in range(1, 4)]
    rows += [
        '{"item_id": "x", "title": ',
        {"item_id": "y"},
        {"item_id": "z", "title": "Z", "year": "soon"},
        "[1, 2]",
        {"item_id": "1", "title": "Again"},
    ]
    path = write_jsonl(tmp_path / "items.jsonl", rows)
    with pytest.raises(BadRowsError) as caught:
        index_items(path, tmp_path / "data", embedder=EMBEDDER)
    message = str(caught.value)
    for line, why in (
        (4, "not valid JSON"),
        (5, "title is missing"),
        (6, "year is 'soon'"),
        (7, "must be a JSON object"),
        (8, "'1' stands already at items.jsonl:1"),
    ):
        assert f"items.jsonl:{line}: " in message
        assert why in message
    assert "--skip-bad" in message
    assert not (tmp_path / "data").exists()
    report = index_items(path, tmp_path / "data", embedder=EMBEDDER, skip_bad=True)
    assert (report.items, report.bad_total) == (3, 5)


def test_only_twenty_bad_rows_are_shown(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "items.jsonl",
        [{"item_id": str(n), "title": ""} if n % 2 else {"item_id": str(n), "title": "T"} for n in range(100)],
    )
    with pytest.raises(BadRowsError) as caught:
        index_items(path, tmp_path / "data", embedder=EMBEDDER)
    assert caught.value.total == 50
    assert len(caught.value.rows) == 20
    assert "… and 30 more" in str(caught.value)


def test_a_cut_gzip_file_is_reported_by_line_and_its_good_lines_can_be_kept(tmp_path: Path) -> None:
    whole = write_jsonl(
        tmp_path / "w.jsonl.gz", [{"item_id": str(n), "title": f"Film number {n * 7919 % 1000}"} for n in range(5000)]
    )
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(whole.read_bytes()[:-2000])
    with pytest.raises(BadRowsError, match=r"cut\.jsonl\.gz:\d+: .*cut off"):
        index_items(cut, tmp_path / "data", embedder=EMBEDDER)
    report = index_items(cut, tmp_path / "data", embedder=EMBEDDER, skip_bad=True)
    assert 1000 < report.items < 5000


def test_csv_problems_are_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes(b'item_id,title\n1,One\n2,Two,three\n3,\xff\xfe\n4,"two\nlines"\n5,Five\n')
    with pytest.raises(BadRowsError) as caught:
        index_items(path, tmp_path / "data", embedder=EMBEDDER)
    assert [(row.line, row.reason) for row in caught.value.rows] == [
        (3, "has 3 fields where the header has 2"),
        (4, "is not valid UTF-8"),
    ]
    index_items(path, tmp_path / "data", embedder=EMBEDDER, skip_bad=True)
    assert {i.title for i in items_of(tmp_path / "data").values()} == {"One", "two lines", "Five"}


def test_columns_can_be_mapped_and_misspelt_ones_are_guessed(tmp_path: Path) -> None:
    rows = [{"id": 7, "name": "Seven", "genre": ["Crime"], "made_by": "David Fincher", "length": 127}]
    mapping = {"item_id": "id", "title": "name", "creators:director": "made_by", "runtime": "length"}
    index_items(rows, tmp_path, mapping=mapping, embedder=EMBEDDER)
    item = items_of(tmp_path)["7"]
    assert (item.title, item.people("director"), item.categories, item.attributes) == (
        "Seven",
        ("David Fincher",),
        ("Crime",),
        {"runtime": 127},
    )
    with pytest.raises(UnknownNameError, match=r"no column 'nmae' .* Did you mean 'name'"):
        index_items(rows, tmp_path, mapping={**mapping, "title": "nmae"}, embedder=EMBEDDER)
    with pytest.raises(UnknownNameError, match=r"no field 'titel'. Did you mean 'title'"):
        index_items(rows, tmp_path, mapping={"item_id": "id", "titel": "name"}, embedder=EMBEDDER)
    with pytest.raises(UnknownNameError, match=r"no column 'item_id'.* --map item_id=COLUMN"):
        index_items(rows, tmp_path, embedder=EMBEDDER)


def test_a_missing_or_unknown_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "films.jsonl").write_text("")
    with pytest.raises(UserError, match=r"no file .* Did you mean 'films.jsonl'"):
        index_items(tmp_path / "film.jsonl", tmp_path / "data", embedder=EMBEDDER)
    (tmp_path / "films.xml").write_text("<a/>")
    with pytest.raises(UserError, match=r"of no known kind"):
        index_items(tmp_path / "films.xml", tmp_path / "data", embedder=EMBEDDER)
    with pytest.raises(UserError, match=r"no items to index"):
        index_items(tmp_path / "films.jsonl", tmp_path / "data", embedder=EMBEDDER)


def test_people_keep_their_roles(tmp_path: Path) -> None:
    rows = [
        {"item_id": "1", "title": "One", "creators": ["Ann", {"name": "Ben", "role": "director"}], "cast": ["Cem", ""]},
        {"item_id": "2", "title": "Two", "creators": "Ann|Ben"},
        {"item_id": "3", "title": "Three", "creators": None, "cast": []},
    ]
    index_items(rows, tmp_path, embedder=EMBEDDER)
    items = items_of(tmp_path)
    assert [(p.name, p.role) for p in items["1"].creators] == [("Ann", None), ("Ben", "director"), ("Cem", "cast")]
    assert [p.name for p in items["2"].creators] == ["Ann", "Ben"]
    assert items["3"].creators == ()
    assert items["1"].slots()["director"] == ("Ben",)


@pytest.mark.parametrize("unknown", [None, "", "  ", [], float("nan")])
def test_unknown_is_never_a_bad_row(unknown: object, tmp_path: Path) -> None:
    row = {
        "item_id": "1",
        "title": "One",
        **dict.fromkeys(
            ["description", "year", "creators", "categories", "tags", "price", "in_stock", "pages"], unknown
        ),
    }
    index_items([row], tmp_path, embedder=EMBEDDER)
    item = items_of(tmp_path)["1"]
    assert (
        item.description,
        item.year,
        item.creators,
        item.categories,
        item.price,
        item.in_stock,
        item.attributes,
    ) == (None, None, (), (), None, None, {})


def test_control_and_invisible_characters_are_stripped(tmp_path: Path) -> None:
    hidden = "A\u202e\u200b\x1b[31mB\U000e0041\ufe0f\x00 C\n\td"
    index_items(
        [{"item_id": "1", "title": hidden, "description": hidden, "tags": [hidden], "x": hidden}],
        tmp_path,
        embedder=EMBEDDER,
    )
    item = items_of(tmp_path)["1"]
    assert {item.title, item.description, item.tags[0], item.attributes["x"]} == {"A[31mB C d"}


def test_interactions_need_only_user_and_item(tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=EMBEDDER)
    rows = [
        {"user_id": "u", "item_id": "alien"},
        {"user_id": "u", "item_id": "aliens", "rating": "4.5", "timestamp": "2024-01-02T03:04:05"},
        {"user_id": "u", "item_id": "galaxy", "rating": "", "timestamp": ""},
        {"user_id": "v", "item_id": "nowhere", "rating": 2, "timestamp": 1700000000},
        {"user_id": 8, "item_id": "alien", "rating": None, "timestamp": None},
    ]
    with Store(tmp_path) as store:
        report = import_events(store, rows)
        assert (report.read, report.added, report.unknown_items) == (5, 5, 1)
        assert import_events(store, rows).added == 0
        events = {(e.user_id, e.item_id): e for e in store.events()}
        assert events["u", "alien"].kind == "view"
        assert (events["u", "aliens"].kind, events["u", "aliens"].value) == ("rating", 4.5)
        assert (events["u", "galaxy"].kind, events["u", "galaxy"].value, events["u", "galaxy"].timestamp) == (
            "view",
            None,
            None,
        )
        assert events["8", "alien"].timestamp is None


def test_position_gives_the_order_where_there_is_no_time(tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=EMBEDDER)
    rows = [{"user_id": "u", "item_id": f["item_id"], "n": n} for n, f in zip((3, 1, 2), FILMS, strict=False)]
    with Store(tmp_path) as store:
        import_events(store, rows, mapping={"position": "n"})
        assert [e.position for e in store.events("u")] == [1, 2, 3]


def test_items_and_interactions_in_one_go_share_a_mapping(tmp_path: Path) -> None:
    items = [{"sku": "a", "name": "A"}, {"sku": "b", "name": "B"}]
    interactions = [{"customer": "u", "sku": "a", "stars": 5}]
    report = index_items(
        items, tmp_path, interactions=interactions, embedder=EMBEDDER,
        mapping={"item_id": "sku", "title": "name", "user_id": "customer", "value": "stars"},
    )  # fmt: skip
    assert report.events is not None
    assert report.events.added == 1
    with pytest.raises(UnknownNameError, match=r"'costumer'.* Did you mean 'customer'"):
        index_items(
            items,
            tmp_path,
            interactions=interactions,
            embedder=EMBEDDER,
            mapping={"item_id": "sku", "title": "name", "user_id": "costumer"},
        )


def test_a_column_may_be_mapped_to_another_name_of_a_field(tmp_path: Path) -> None:
    items = [{"sku": "a", "name": "A", "kind of": "Crime", "made by": "Jane Doe", "score": 3}]
    interactions = [{"customer": "u", "sku": "a", "stars": 4.5}, {"customer": "v", "sku": "a", "stars": "many"}]
    mapping = {"item_id": "sku", "title": "name", "genres": "kind of", "director": "made by", "rating": "stars"}
    with pytest.raises(BadRowsError, match="value is 'many'; it must be a number"):
        index_items(
            items, tmp_path, interactions=interactions, embedder=EMBEDDER, mapping={**mapping, "user_id": "customer"}
        )
    del interactions[1]
    index_items(
        items, tmp_path, interactions=interactions, embedder=EMBEDDER, mapping={**mapping, "user_id": "customer"}
    )
    item = items_of(tmp_path)["a"]
    assert (item.categories, item.people("director"), item.attributes) == (("Crime",), ("Jane Doe",), {"score": 3})
    with Store(tmp_path) as store:
        assert [(e.kind, e.value) for e in store.events("u")] == [("rating", 4.5)]


def test_events_have_no_further_fields(tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=EMBEDDER)
    rows = [{"user_id": "u", "item_id": "alien", "points": 5}]
    with Store(tmp_path) as store, pytest.raises(UnknownNameError, match=r"no field 'score'. The fields are: user_id"):
        import_events(store, rows, mapping={"score": "points"})
    items = [{"item_id": "a", "title": "A", "when": 1990, "points": 3}]
    interactions = [{"user_id": "u", "item_id": "a", "when": 5, "stars": 5}]
    with pytest.raises(UnknownNameError, match="no field 'score'"):
        index_items(items, tmp_path / "new", interactions=interactions, embedder=EMBEDDER, mapping={"score": "stars"})
    # A column of both is one of the items where events have no such field.
    index_items(items, tmp_path / "new", interactions=interactions, embedder=EMBEDDER, mapping={"year": "when"})
    assert items_of(tmp_path / "new")["a"].year == 1990


def test_milliseconds_are_told_from_what_is_no_time(tmp_path: Path) -> None:
    row = {"user_id": "u", "item_id": "alien"}
    for value, hint in ((1_700_000_000_000, True), ("1700000000000", True), (1e18, False), ("soon", False)):
        with Store(tmp_path, create=True) as store, pytest.raises(BadRowsError, match="Unix seconds") as caught:
            import_events(store, [{**row, "timestamp": value}])
        assert ("divide them by 1,000" in str(caught.value)) is hint


def test_bad_events_stop_everything_unless_skipped(tmp_path: Path) -> None:
    interactions = write_jsonl(
        tmp_path / "e.jsonl",
        [
            {"user_id": "u", "item_id": "alien"},
            {"user_id": "", "item_id": "alien"},
            {"user_id": "u", "item_id": "alien", "kind": "adored"},
        ],
    )
    with pytest.raises(BadRowsError) as caught:
        index_items(FILMS, tmp_path / "data", interactions=interactions, embedder=EMBEDDER)
    assert "e.jsonl:2: user_id is missing" in str(caught.value)
    assert "kind is 'adored'; it must be one of view, click" in str(caught.value)
    assert not (tmp_path / "data").exists()
    report = index_items(FILMS, tmp_path / "data", interactions=interactions, embedder=EMBEDDER, skip_bad=True)
    assert (report.events.added, report.events.bad_total) == (1, 2)


def test_another_embedder_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=EMBEDDER)
    other = HashingEmbedder(HashingSettings(dim=64))
    with pytest.raises(EmbedderMismatchError, match=r"assistant embed --data .* --embedder hashing:64"):
        index_items(FILMS, tmp_path, embedder=other)
    assert embed_again(tmp_path, other) == len(FILMS)
    assert index_items(FILMS, tmp_path, embedder=other).embedded == 0


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"categories": {"a": 1}}, "categories is {'a': 1}; it must be a list, or text with commas between its parts"),
        ({"title": "x" * 501}, "title has 501 characters; it may have 500"),
        ({"year": "soon"}, "year is 'soon'; it must be a whole number"),
        ({"in_stock": "perhaps"}, "in_stock is 'perhaps'; it must be true or false"),
    ],
)
def test_what_is_wrong_with_an_item_is_said_plainly(more: dict, why: str, tmp_path: Path) -> None:
    with pytest.raises(BadRowsError, match=r"--skip-bad \(skip_bad=True\)") as caught:
        index_items([{"item_id": "1", "title": "One", **more}], tmp_path, embedder=EMBEDDER)
    assert [row.reason for row in caught.value.rows] == [why]


@pytest.mark.parametrize("when", ["yesterday", 1e12, "-99999999999999", 1.7e15])
def test_times_that_no_calendar_has_are_bad_rows(when: object, tmp_path: Path) -> None:
    with Store(tmp_path, create=True) as store:
        with pytest.raises(BadRowsError, match="an ISO date or Unix seconds, in the years 1 to 9999"):
            import_events(store, [{"user_id": "u", "item_id": "1", "timestamp": when}])
        edge = [{"user_id": "u", "item_id": "1", "timestamp": at} for at in ("0001-01-01T00:00+00:00", "9999-12-30")]
        assert import_events(store, edge).added == 2


def test_an_event_id_that_belongs_to_another_event_is_counted(tmp_path: Path) -> None:
    first = {"user_id": "u", "item_id": "1", "kind": "like", "event_id": "a"}
    other = {**first, "item_id": "2"}
    with Store(tmp_path, create=True) as store:
        report = import_events(store, [first, first, other])
        assert (report.read, report.added, report.conflicts) == (3, 1, 1)
        again = import_events(store, [first, {**first, "timestamp": 7}])
        assert (again.added, again.conflicts) == (0, 0)
        assert [event.item_id for event in store.events("u")] == ["1"]


def test_another_separator_is_guessed(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("item_id;title\n1;One\n2;Two\n")
    with pytest.raises(UnknownNameError, match=r"mapping=\{'item_id': COLUMN\}.*separated by ';'\?"):
        index_items(path, tmp_path / "data", embedder=EMBEDDER)
    with pytest.raises(UnknownNameError, match=r"no column 'name' to read 'title' from.*separated by ';'\?"):
        index_items(path, tmp_path / "data", embedder=EMBEDDER, mapping={"title": "name"})
    rows = [{"user_id": "u", "item_id": "1"}]
    with pytest.raises(UnknownNameError, match=r"no column 'name' to read 'title' from.*separated by ';'\?"):
        index_items(path, tmp_path / "data", interactions=rows, embedder=EMBEDDER, mapping={"title": "name"})
    path.write_text("item_id;title\n1;One, and more\n")
    with pytest.raises(BadRowsError, match=r"separated by ';'\?"):
        index_items(path, tmp_path / "data", embedder=EMBEDDER)


def test_a_file_that_is_no_parquet_is_one_sentence_each(tmp_path: Path) -> None:
    path = tmp_path / "items.parquet"
    path.write_bytes(b"not parquet" * 100)
    with pytest.raises(UserError, match=r"cannot be read as Parquet") as caught:
        index_items(path, tmp_path / "data", embedder=EMBEDDER)
    assert ".." not in str(caught.value).replace(str(path), "")
