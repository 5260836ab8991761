"""Messages typed in passing, read against a conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.understand import understand
from assistant.vocabulary import Vocabulary
from tests.assistant.test_understand_dialogue import TODAY, digest, situations, vocabularies

__all__ = ["vocabularies"]

ROWS = [
    tuple(line.split("\t"))
    for line in (Path(__file__).resolve().parents[1] / "data/understood_sloppy.tsv").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("situation", "text", "expected"), ROWS)
def test_what_a_message_means(situation: str, text: str, expected: str, vocabularies: dict[str, Vocabulary]) -> None:
    name, context = situations(vocabularies["films"])[situation]
    assert digest(understand(text, vocabularies[name], context, today=TODAY)) == expected
