"""Titles scored by log-likelihood, with the fake model: what it is asked, what is kept, what happens when it fails."""

from __future__ import annotations

import pytest

from assistant.errors import ProviderUnavailable, Unsupported
from assistant.llm.scripted import ScriptedModel
from assistant.scoring.likelihood_cache import KEY_BYTES, MAGIC, LikelihoodCache, forget_likelihoods
from assistant.scoring.llm_likelihood import Likelihood, LikelihoodConfig

pytestmark = pytest.mark.anyio


class CountingModel(ScriptedModel):
    """A fake that likes titles which share a first letter with one that is liked, and counts what it is asked."""

    def __init__(self, fails_after: int = 1_000) -> None:
        super().__init__([], loglikelihood=lambda messages, title: self._value(messages[-1].content, title))
        self.asked_for: list[str] = []
        self.prompts: list[str] = []
        self.fails_after = fails_after

    async def loglikelihoods(self, messages, continuations, *, timeout=None):  # noqa: ASYNC109 - the Protocol's parameter
        if len(self.prompts) >= self.fails_after:
            raise ProviderUnavailable("gone")
        self.prompts.append(messages[-1].content)
        self.asked_for += continuations
        return await super().loglikelihoods(messages, continuations, timeout=timeout)

    @staticmethod
    def _value(prompt: str, title: str) -> float:
        liked = prompt.splitlines()[1:]
        return -float(len(title)) + 5 * any(line.startswith(title[0]) for line in liked)


async def test_a_title_scores_by_what_the_profile_adds_not_by_its_length():
    scores = await Likelihood(CountingModel()).scores(["Alien"], ["Arrival", "A", "Bullitt"], deadline=5)
    assert scores == [5.0, 5.0, 0.0]


async def test_only_titles_are_in_the_prompt_and_the_latest_of_the_profile():
    model = CountingModel()
    liked = [f"Title {n}" for n in range(20)]
    await Likelihood(model, config=LikelihoodConfig(liked=2)).scores(liked, ["X"], deadline=5)
    assert model.prompts[0].splitlines()[1:3] == ["Title 18", "Title 19"]
    assert "Title 17" not in model.prompts[0]
    assert "Title 1" not in model.prompts[1]


async def test_the_same_profile_and_title_are_asked_once_also_by_another_process(tmp_path):
    file = tmp_path / "cache.bin"
    first, second = CountingModel(), CountingModel()
    before = await Likelihood(first, cache=file).scores(["Alien"], ["Arrival", "Bullitt"], deadline=5)
    assert await Likelihood(second, cache=file).scores(["Alien"], ["Arrival", "Bullitt", "Cabaret"], deadline=5) == [
        *before,
        0.0,
    ]
    assert second.asked_for == ["Cabaret", "Cabaret"]
    content = file.read_bytes()
    assert b"Alien" not in content
    assert len(content) == len(MAGIC) + KEY_BYTES + 24 * (4 + 2)


async def test_what_is_not_answered_is_none_and_what_is_answered_is_kept():
    model = CountingModel(fails_after=2)
    likelihood = Likelihood(model, config=LikelihoodConfig(batch=1))
    assert await likelihood.scores(["Alien"], ["Arrival", "Bullitt"], deadline=5) == [5.0, None]
    assert await Likelihood(model).scores(["Alien"], ["Arrival"], deadline=5) == [None]


async def test_nobody_is_asked_without_a_profile_and_a_model_that_cannot_says_so():
    model = CountingModel()
    assert await Likelihood(model).scores([], ["Arrival"], deadline=5) == [None]
    assert not model.prompts
    with pytest.raises(Unsupported):
        await Likelihood(ScriptedModel([])).scores(["Alien"], ["Arrival"], deadline=5)


def test_a_removed_file_stays_removed_and_a_foreign_one_is_begun_anew(tmp_path):
    file = tmp_path / "cache.bin"
    cache = LikelihoodCache(file)
    cache.put({b"a": 1.0})
    forget_likelihoods(file)
    cache.put({b"b": 2.0})
    assert not file.exists()
    assert cache.get(b"b") == 2.0
    file.write_bytes(b"something else")
    again = LikelihoodCache(file)
    assert again.get(b"a") is None
    again.put({b"a": 3.0})
    assert LikelihoodCache(file).get(b"a") == 3.0
