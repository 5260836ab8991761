from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.text import fold
from assistant.unspaced.gazetteer import _DROPPED, key


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_plain_names_are_compared_like_any_other(text: str) -> None:
    assert key(text) == _DROPPED.sub("", fold(text))
