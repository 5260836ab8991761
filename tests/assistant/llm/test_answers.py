"""What is checked of a finished answer, and how bytes become text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.answers import mismatch
from assistant.llm.sampling import Sampler, log_probability
from assistant.llm.text_pieces import TextPieces

SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 5},
        "ids": {"type": "array", "items": {"enum": ["f1", "f2"]}, "maxItems": 2},
        "score": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "yes": {"const": True},
    },
    "required": ["text"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "value",
    [{"text": "a"}, {"text": "abcde", "ids": ["f1", "f2"], "score": 1, "yes": True}, {"text": "a", "score": None}],
)
def test_documents_of_the_schema(value):
    assert mismatch(value, SCHEMA) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "list"),
        ({}, "lacks 'text'"),
        ({"text": ""}, "length 0"),
        ({"text": "abcdef"}, "length 6"),
        ({"text": 1}, "int"),
        ({"text": "a", "ids": ["f3"]}, r"ids\[0\]"),
        ({"text": "a", "ids": ["f1"] * 3}, "length 3"),
        ({"text": "a", "score": "x"}, "score"),
        ({"text": "a", "score": True}, "bool"),
        ({"text": "a", "yes": False}, "yes"),
        ({"text": "a", "more": 1}, "more"),
    ],
)
def test_what_breaks_the_schema(value, words):
    import re

    assert re.search(words, mismatch(value, SCHEMA))


@given(text=st.text(max_size=40), stops=st.lists(st.text(min_size=1, max_size=4), max_size=3), size=st.integers(1, 5))
def test_pieces_join_to_the_text_before_the_first_stop(text, stops, size):
    pieces = TextPieces(tuple(stops))
    data = text.encode("utf-8", errors="ignore")
    text = data.decode()
    shown = "".join(pieces.feed(data[at : at + size]) for at in range(0, len(data), size)) + pieces.finish()
    found = [at for stop in stops if (at := text.find(stop)) >= 0]
    assert pieces.stopped == bool(found)
    if not found:
        assert shown == text
    else:
        # a stop string that ends sooner is seen first, even where another one begins before it
        assert text.startswith(shown)
        assert not any(stop in shown for stop in stops)


def test_a_character_split_over_tokens_comes_whole_and_bad_bytes_are_told():
    pieces = TextPieces()
    assert [pieces.feed(bytes([byte])) for byte in "é🚀".encode()] == ["", "é", "", "", "", "🚀"]
    with pytest.raises(UnicodeDecodeError):
        pieces.feed(b"\xff")


def draws(logits, n=4000, **options):
    sampler = Sampler(random=np.random.default_rng(0), **({"temperature": 1.0, "top_p": 1.0} | options))
    return np.bincount([sampler.pick(np.asarray(logits, np.float32)) for _ in range(n)], minlength=len(logits)) / n


def test_sampling_follows_the_softmax():
    chances = np.array([0.1, 0.2, 0.3, 0.4])
    assert draws(np.log(chances)) == pytest.approx(chances, abs=0.03)
    squared = chances**2 / (chances**2).sum()
    assert draws(np.log(chances), temperature=0.5) == pytest.approx(squared, abs=0.03)


def test_the_nucleus_is_the_fewest_tokens_of_its_mass():
    chances = np.array([0.1, 0.2, 0.3, 0.4])
    assert draws(np.log(chances), top_p=0.6) == pytest.approx([0, 0, 3 / 7, 4 / 7], abs=0.03)
    assert draws(np.log(chances), top_p=0.0)[3] == 1
    assert draws(np.log(chances), temperature=0.0)[3] == 1
    flat = draws(np.zeros(5000), top_p=0.9, n=500)  # a nucleus beyond the shortlist that is sorted first
    assert flat.max() < 0.05


def test_masked_tokens_are_never_drawn():
    assert draws([-np.inf, 0.0, -np.inf], top_p=0.9)[1] == 1


def test_log_probability_is_that_of_the_softmax():
    logits = np.array([1000.0, 1001.0, -np.inf], np.float32)
    assert log_probability(logits, 0) == pytest.approx(-np.log1p(np.e), abs=1e-6)
