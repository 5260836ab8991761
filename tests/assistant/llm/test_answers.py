"""What is checked of a finished answer, and how bytes become text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.answers import mismatch
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
