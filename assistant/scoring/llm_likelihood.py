"""What a language model makes of an item: the log-likelihood of its title after a short profile of liked titles.

Nothing is generated, so nothing can be made up, and only titles are in the prompt: no description, nothing that a user
wrote. The score is how much likelier the profile makes the title, ``log p(title | liked) - log p(title)``, as a title is
likely by itself when it is short or famous. Every title is a continuation of the same prompt, so its place in a list moves
nothing.

This is not a ``Scorer``: it awaits a model, costs milliseconds per title, and may have no answer in time. It is made for
the best few dozen of a ranking. Measured figures are in ``docs/models.md``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import ProviderError, Unsupported
from assistant.llm.base import ChatMessage, LanguageModel
from assistant.scoring.likelihood_cache import LikelihoodCache
from prompts import load


@dataclass(frozen=True, kw_only=True, slots=True)
class LikelihoodConfig:
    """How titles are scored."""

    liked: int = 8
    """Titles of the profile, the latest ones. More cost time, and small models look at the last few anyway."""
    batch: int = 10
    """Titles asked for at once. What is done when the time is over is kept, so smaller batches lose less."""
    title_length: int = 120
    """Characters of a title that are looked at."""


class Likelihood:
    """Scores titles by one model. Use it from one event loop at a time.

    ``cache`` None keeps what it has computed in memory only.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        cache: Path | None = None,
        config: LikelihoodConfig | None = None,
        prompts: Path | None = None,
    ) -> None:
        """``cache`` is a file, ``data / likelihood_cache.FILE_NAME`` for a data folder; ``prompts`` a folder that replaces packaged ones."""
        self._model = model
        self._config = config or LikelihoodConfig()
        self._prompt = load("likelihood", folder=prompts)
        self._cache = LikelihoodCache(cache)

    @property
    def prompt(self) -> str:
        """``name@version#digest`` of the prompt, for traces."""
        return self._prompt.label

    async def scores(
        self, liked_titles: Sequence[str], titles: Sequence[str], *, deadline: float
    ) -> list[float | None]:
        """(len(titles),) nats by which the profile makes each title likelier; None where there was no answer in time.

        ``liked_titles`` oldest first; ``deadline`` is in seconds from now, and the answer comes by then. Titles are asked
        for in the given order, so give the most promising first. A model that fails leaves None for what it has not
        answered. Raises ``Unsupported`` where the model gives no log-likelihoods at all. Without liked titles there is
        nothing to compare, and all are None.
        """
        ends = time.monotonic() + deadline
        liked = tuple(self._cut(title) for title in liked_titles[-self._config.liked :])
        if not liked:
            return [None] * len(titles)
        cut = [self._cut(title) for title in titles]
        found: dict[str, float] = {}
        unique = list(dict.fromkeys(cut))
        for start in range(0, len(unique), self._config.batch):
            part = unique[start : start + self._config.batch]
            try:
                given = await self._loglikelihoods(liked, part, ends)
                alone = await self._loglikelihoods((), part, ends)
            except Unsupported:
                raise
            except ProviderError:  # late, gone or wrong: the ranking does without
                break
            found |= {title: given[title] - alone[title] for title in part}
        return [found.get(title) for title in cut]

    async def _loglikelihoods(self, liked: tuple[str, ...], titles: Sequence[str], ends: float) -> Mapping[str, float]:
        keys = {title: self._key(liked, title) for title in titles}
        known = {title: value for title, key in keys.items() if (value := self._cache.get(key)) is not None}
        missing = [title for title in titles if title not in known]
        if missing:
            shown = self._prompt.render(liked=liked or ("(nothing is known)",))
            messages = [ChatMessage(role=role, content=content) for role, content in shown.messages]
            left = max(ends - time.monotonic(), 0.001)
            values = await self._model.loglikelihoods(messages, missing, timeout=left)
            fresh = dict(zip(missing, values, strict=True))
            self._cache.put({keys[title]: value for title, value in fresh.items()})
            known |= fresh
        return known

    def _key(self, liked: tuple[str, ...], title: str) -> bytes:
        parts = (self._model.name, self._prompt.label, *liked, "", title)
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", errors="replace")).digest()

    def _cut(self, title: str) -> str:
        return " ".join(title.split())[: self._config.title_length]
