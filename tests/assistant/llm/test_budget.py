"""A prompt never overflows; the least important facts go first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ContextOverflow
from assistant.llm.base import ChatMessage
from assistant.llm.budget import fit
from assistant.llm.scripted import ScriptedModel


def build(parts):
    return [ChatMessage(role="user", content="\n".join(["Facts:", *parts]))]


def run(model, parts, answer_tokens):
    import asyncio

    return asyncio.run(fit(model, build, parts, answer_tokens=answer_tokens))


def test_everything_is_kept_when_it_fits():
    fitted = run(ScriptedModel([], context_tokens=1000), ["a", "b"], 100)
    assert (fitted.kept, fitted.dropped) == (("a", "b"), ())
    assert list(fitted.messages) == build(["a", "b"])


@given(
    parts=st.lists(st.text(alphabet="ab ", min_size=1, max_size=60), max_size=12),
    room=st.integers(min_value=6, max_value=150),
)
def test_as_many_as_fit_are_kept_from_the_front(parts, room):
    model = ScriptedModel([], context_tokens=room + 50)
    fitted = run(model, parts, 50)
    assert fitted.tokens <= fitted.budget == room
    assert [*fitted.kept, *fitted.dropped] == parts
    if fitted.dropped:
        import asyncio

        one_more = build(parts[: len(fitted.kept) + 1])
        assert asyncio.run(model.count_tokens(one_more)) > room


def test_a_prompt_that_never_fits_is_told():
    with pytest.raises(ContextOverflow, match="before any optional part"):
        run(ScriptedModel([], context_tokens=60), ["a"], 58)
