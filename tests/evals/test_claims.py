"""Verdict rows depend on their own row only."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from pydantic import ValidationError

from evals.claims import PairRow, clean_record, verdict_rows

CASES = Path(__file__).parents[1] / "assistant" / "faithfulness" / "cases.jsonl"


def _rows():
    keep = {"id", "text", "record", "history", "asked"}
    lines = CASES.read_text("utf-8").splitlines()
    return [PairRow.model_validate({k: v for k, v in json.loads(line).items() if k in keep}) for line in lines]


def _body(verdict):
    return verdict.model_dump(exclude={"id"})


def test_order_ids_and_neighbours_change_nothing():
    rows = _rows()
    whole = {row.id: _body(verdict) for row, verdict in zip(rows, verdict_rows(rows), strict=True)}
    chooser = random.Random(7)
    mixed = chooser.sample(rows, len(rows) // 2)
    for row, verdict in zip(mixed, verdict_rows(mixed), strict=True):
        assert _body(verdict) == whole[row.id]
    renamed = [row.model_copy(update={"id": f"other-{n}"}) for n, row in enumerate(rows)]
    assert [_body(verdict) for verdict in verdict_rows(renamed)] == [whole[row.id] for row in rows]


def test_what_the_file_shows_of_ratings_depends_on_no_order_and_on_no_other_kind_of_item():
    inns = [
        {"id": f"inn-{n}", "text": f"The inn {n} is excellent.", "record": {"name": f"Inn {n}", "rating": rating}}
        for n, rating in enumerate(["excellent", "poor", "average", None] * 4)
    ]
    book = {"id": "book", "text": "A superb novel.", "record": {"title": "Nine Winters", "author": "Ana Sol"}}
    rows = [PairRow.model_validate(row) for row in [*inns, book]]
    whole = {row.id: _body(verdict) for row, verdict in zip(rows, verdict_rows(rows), strict=True)}
    assert [whole[f"inn-{n}"]["supported"] for n in range(4)] == [True, False, False, False]
    assert whole["book"]["supported"]
    chooser = random.Random(3)
    for _ in range(5):
        mixed = chooser.sample(rows, 12)
        for row, verdict in zip(mixed, verdict_rows(mixed), strict=True):
            assert _body(verdict) == whole[row.id]


def test_supported_is_false_only_for_contradicted_or_absent():
    for verdict in verdict_rows(_rows()):
        bad = any(claim.verdict in ("contradicted", "absent") for claim in verdict.claims)
        assert verdict.supported is not bad
        assert verdict.vacuous is (not verdict.claims)


def test_rows_are_read_leniently_where_meaning_is_plain():
    row = PairRow.model_validate({"id": 3, "text": "x", "record": {"a": None}, "history": ["Alien"]})
    assert (row.id, row.history[0].title, row.history[0].relation) == ("3", "Alien", "liked")
    people = clean_record({"creators": [{"name": "A", "role": "director"}, "B"], "empty": [], "n": 3})
    assert people == {"director": ("A",), "creators": ("B",), "n": 3}
    with pytest.raises(ValidationError, match="colour"):
        PairRow.model_validate({"id": "1", "text": "x", "record": {}, "colour": "red"})
