from __future__ import annotations

import io
import os

import pytest

from assistant.commands.lines import BadLineError, input_lines, line_batches, parse_line
from assistant.documents import RankLine


@pytest.mark.parametrize("most", [1, 2, 100])
@pytest.mark.parametrize("size", [1, 3, 1 << 16])
def test_lines_come_numbered_whatever_the_pieces(monkeypatch, most: int, size: int) -> None:
    monkeypatch.setattr("assistant.commands.lines.CHUNK", size)
    text = b"\xef\xbb\xbfone\n\n" + b"x" * 9 + b"\nfour\r\n" + b"y" * 20
    batches = list(line_batches(io.BytesIO(text), 8, most))
    assert all(1 <= len(batch) <= most for batch in batches)
    found = [line for batch in batches for line in batch]
    assert found == [(1, b"one"), (2, b""), (3, None), (4, b"four\r"), (5, None)]
    assert found == list(input_lines(io.BytesIO(text), 8))


def test_an_end_without_a_line_feed_is_a_line_and_nothing_is_none() -> None:
    assert list(input_lines(io.BytesIO(b"a\nb"), 8)) == [(1, b"a"), (2, b"b")]
    assert list(input_lines(io.BytesIO(b""), 8)) == []


def test_a_line_is_answered_before_the_next_one_is_there() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as out:
        lines = line_batches(stream, 100, 64)
        out.write(b"first\n")
        assert next(lines) == [(1, b"first")]
        out.write(b"second\nthird\nfou")
        assert next(lines) == [(2, b"second"), (3, b"third")]
        out.write(b"rth\n")
        assert next(lines) == [(4, b"fourth")]


def test_ids_that_are_whole_numbers_may_be_written_as_such() -> None:
    asked = parse_line(b'{"request_id": 3, "user": 17, "candidates": [1005, "a", 20240000000000001]}', RankLine, 1000)
    assert (asked.request_id, asked.user, asked.candidates) == (3, "17", ["1005", "a", "20240000000000001"])
    assert parse_line(b'{"request_id": "3", "history": [5, 0]}', RankLine, 1000).history == ["5", "0"]


@pytest.mark.parametrize("history", ["[1005.5]", "[5, true]", "[5, null]", "[5, [6]]", "5", '"5"'])
def test_what_is_no_list_of_ids_is_none(history: str) -> None:
    with pytest.raises(BadLineError, match="history"):
        parse_line(f'{{"request_id": "3", "history": {history}}}'.encode(), RankLine, 1000)
