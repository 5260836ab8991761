"""Pairs with known labels, and the figures on them."""

from __future__ import annotations

import hashlib

import pytest

from assistant.faithfulness import ClaimChecker, Lexicon, verdict_slots
from evals.meta_evaluation import (
    Outcome,
    Pair,
    agreement,
    by_slot,
    judge,
    make_pairs,
    parse_meaning,
    read_corpus,
    same_in_restaurants,
    split_by_kind,
)


def _outcome(truth, said, text, score=0.0):
    pair = Pair(text=text, record={}, supported=truth, slot=None if truth else "a", change="swap")
    return Outcome(pair=pair, supported=said, score=score)


def test_meanings():
    assert parse_meaning("inform(name[A (b)], genres[x, y], rating[good])") == {
        "name": "A (b)",
        "genres": ("x", "y"),
        "rating": "good",
    }
    assert parse_meaning("eatType[pub], eatType[restaurant], customer rating[low]") == {
        "eatType": ("pub", "restaurant"),
        "customer_rating": "low",
    }


def test_pairs_change_what_the_text_says():
    corpus = [({"name": "A", "food": "x"}, "A has x", 0), ({"name": "B", "food": "y"}, "B has y", 0)]
    pairs = make_pairs(corpus, seed=1)
    assert [pair.supported for pair in pairs].count(True) == 2
    for pair in pairs:
        original = corpus[0][0] if pair.text == "A has x" else corpus[1][0]
        assert (pair.record == original) is pair.supported
    assert make_pairs(corpus, seed=1) == pairs


def test_a_labelled_error_is_unsupported_as_it_stands():
    (pair,) = make_pairs([({"name": "A"}, "B", 1)])
    assert (pair.supported, pair.change) == (False, "labelled")


def test_restaurant_scales():
    assert same_in_restaurants("priceRange", "cheap", "less than £20")
    assert not same_in_restaurants("priceRange", "cheap", "more than £30")
    assert not same_in_restaurants("food", "high", "more than £30")


def test_figures_by_hand():
    outcomes = [
        _outcome(False, False, "a", 1.0),
        _outcome(False, False, "b", 0.5),
        _outcome(False, True, "c", 0.0),
        _outcome(True, True, "a", 0.0),
        _outcome(True, False, "b", 0.5),
    ]
    found = agreement(outcomes, resamples=50)
    assert found.balanced_accuracy.value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.precision.value == pytest.approx(2 / 3)
    assert found.recall.value == pytest.approx(2 / 3)
    assert found.f1.value == pytest.approx(2 / 3)
    assert found.kappa.value == pytest.approx((0.6 - 0.52) / 0.48)
    # Pairs (bad, good): 1.0 beats both, 0.5 beats one and ties one, 0.0 ties one.
    assert found.auc.value == pytest.approx((2 + 1.5 + 0.5) / 6)
    assert found.balanced_accuracy.low <= found.balanced_accuracy.value <= found.balanced_accuracy.high


def test_figures_without_one_class_are_undefined_not_nan():
    found = agreement([_outcome(True, True, "a")], resamples=10)
    assert found.balanced_accuracy.value is None
    assert found.auc.value is None
    assert agreement([]).pairs == 0


def test_on_the_halves_that_are_developed_on(shared):
    """Floors below what is measured, so that a real loss fails. The other halves are for reporting."""
    games = read_corpus(shared / "faithfulness" / "viggo-train.csv")[::20]
    checker = ClaimChecker(Lexicon(verdicts=verdict_slots(record for record, _, _ in games)))
    outcomes = list(judge(make_pairs(games), checker))
    parts = {name: agreement(part, resamples=0) for name, part in split_by_kind(outcomes).items()}
    assert parts["factual"].balanced_accuracy.value >= 0.95
    assert parts["opinion"].balanced_accuracy.value >= 0.7
    assert by_slot(outcomes)["genres"]["swap"][1] > 0
    places = read_corpus(shared / "faithfulness" / "e2e-devel-errors.csv")
    half = [row for row in places if hashlib.sha1(repr(sorted(row[0].items())).encode()).digest()[-1] % 2 == 0][::10]
    found = agreement(list(judge(make_pairs(half, same=same_in_restaurants), ClaimChecker())), resamples=0)
    assert found.balanced_accuracy.value >= 0.9
