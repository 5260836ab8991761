"""Praise where the catalogue rates items in words: a claim about the rating. Elsewhere: nobody can check it."""

from __future__ import annotations

import pytest

from assistant.faithfulness import ClaimChecker, Evidence, Lexicon, verdict_slots

INNS = (
    {"name": "The Mill", "area": "harbour", "rating": "excellent"},
    {"name": "Three Oars", "area": "old town", "rating": "average"},
    {"name": "Lantern House", "area": "harbour"},
)


def verdict(text: str, record=INNS[2], lexicon: Lexicon | None = None) -> str:
    """The worst verdict on a rating, or ``uncheckable``."""
    checker = ClaimChecker(lexicon or Lexicon.from_records(INNS))
    found = {c.verdict for c in checker.check(text, Evidence(item_id="1", record=record)) if c.slot == "rating"}
    return next((v for v in ("contradicted", "absent", "supported") if v in found), "uncheckable")


@pytest.mark.parametrize(
    "text",
    [
        "Lantern House is an excellent inn by the harbour.",
        "A terrible inn by the harbour.",
        "Lantern House is a pretty good inn.",
        "Lantern House was really average.",
    ],
)
def test_a_rating_in_words_that_the_record_lacks_is_absent(text):
    assert verdict(text) == "absent"
    assert verdict(text, lexicon=Lexicon()) == "uncheckable"


@pytest.mark.parametrize(
    "text",
    [
        "You might enjoy Lantern House by the harbour.",
        "I loved Lantern House.",
        "Lantern House is a good choice for the harbour.",
        "Lantern House is good for families.",
        "Is Lantern House any good?",
        "Lantern House is the perfect place for the harbour.",
        "Lantern House is incredibly close to the harbour.",
        "Okay, Lantern House is by the harbour.",
        "Too bad that Lantern House is by the harbour.",
    ],
)
def test_likings_and_praise_in_passing_rate_nothing(text):
    assert verdict(text) == "uncheckable"


def test_a_rating_that_the_record_has_is_compared_as_before():
    assert verdict("The Mill is an excellent inn.", INNS[0]) == "supported"
    assert verdict("The Mill is a terrible inn.", INNS[0]) == "contradicted"


def test_only_records_with_the_same_slots_are_meant():
    """A file may hold more than inns: what rates these says nothing of a book."""
    book = {"title": "Nine Winters", "author": "Ana Sol"}
    assert verdict("A superb novel by Ana Sol.", book) == "uncheckable"
    assert verdict("A superb place.", {}) == "uncheckable"


def test_ratings_in_numbers_are_no_verdicts_in_words():
    assert verdict_slots([{"name": "a", "rating": 4.5}, {"name": "b", "rating": "5 out of 5"}]) == {}
    assert verdict_slots([{"name": "a", "content_rating": "PG"}, {"name": "b", "price": "good"}]) == {}
    assert verdict_slots(INNS) == {"rating": frozenset({"name", "area", "rating"})}
    assert Lexicon.from_records(iter(INNS)).verdicts == verdict_slots(INNS)
