"""A language model's say in the order: asked in time, turned into a score, capped.

Its scores, by likelihood or by lists, become ranks, and ranks become shifts between -``cap`` / 2 and +``cap`` / 2 of the
range of scores. So it can turn the order of two items only when their scores are nearer than ``cap`` of the range, whatever
a text in the catalogue may have talked it into.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from assistant.arranging.listwise import Listwise, ListwiseConfig, Work
from assistant.errors import ProviderError
from assistant.llm.base import LanguageModel, Usage
from assistant.scoring.likelihood_cache import FILE_NAME
from assistant.scoring.llm_likelihood import Likelihood

log = logging.getLogger(__name__)

Mode = Literal["off", "likelihood", "listwise"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RerankConfig:
    """How much a model may do, and for how long."""

    cap: float = 0.1
    """How far it can shift two items against each other, as a share of the range of scores of the first 200."""
    depth: int = 20
    """The best by score that it is asked about."""
    share_of_time: float = 0.5
    """Of what is left until the reply must be there, at most."""
    remembered: int = 512
    """Answers that are kept in memory."""
    failures: int = 2
    """After so many turns without any answer it is not asked for a while."""
    pause: float = 60.0
    """Seconds of that while."""


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What a model makes of the best candidates."""

    shifts: Mapping[int, float] = field(default_factory=dict)
    """Row to what is added to its score, as a share of the range of scores; empty when it has no say."""
    trace: Mapping[str, object] = field(default_factory=dict)
    spent: tuple[Usage, ...] = ()


class Reranker:
    """Asks one model in one of the two ways. It never raises for what a model does wrong: there is no opinion then."""

    def __init__(
        self,
        model: LanguageModel,
        mode: Mode,
        *,
        within: float,
        data: Path | None = None,
        prompts: Path | None = None,
        config: RerankConfig | None = None,
    ) -> None:
        """``within`` are seconds; ``data`` is the folder that keeps likelihoods from one run to the next."""
        self.mode = mode
        self.config = config or RerankConfig()
        self._within = within
        self._model = model
        self._listwise = Listwise(model, prompts=prompts, config=ListwiseConfig(depth=self.config.depth))
        self._likelihood = Likelihood(model, cache=data / FILE_NAME if data is not None else None, prompts=prompts)
        self._known: OrderedDict[bytes, tuple[float, ...]] = OrderedDict()
        self._failed = 0
        self._pause_until = 0.0

    async def opinion(
        self, rows: Sequence[int], works: Sequence[Work], liked: Sequence[str], request: str, *, deadline: float
    ) -> Opinion:
        """What the model makes of ``rows`` (best first, with what is shown of them), by ``deadline`` (``time.monotonic``).

        ``liked`` are titles, oldest first; ``request`` is what the user asked for, empty when nothing.
        """
        started = time.monotonic()
        rows, works = rows[: self.config.depth], works[: self.config.depth]
        if len(rows) < 2 or not (liked or (request.strip() and self.mode == "listwise")):
            return Opinion(trace=self._trace("nothing to go by", 0.0))
        key = self._key(rows, works, liked, request)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return Opinion(shifts=self._shifts(rows, known), trace=self._trace("from the cache", 0.0))
        if started < self._pause_until:
            return Opinion(trace=self._trace(f"not asked after {self._failed} failures", 0.0))
        seconds = min(self._within, self.config.share_of_time * max(deadline - started, 0.0))
        scores, why, spent = await self._ask(works, liked, request, seconds)
        if scores:
            self._failed = 0
            self._known[key] = scores
            if len(self._known) > self.config.remembered:
                self._known.popitem(last=False)
        else:
            self._failed += 1
            if self._failed >= self.config.failures:
                self._pause_until = time.monotonic() + self.config.pause
        return Opinion(
            shifts=self._shifts(rows, scores), trace=self._trace(why, time.monotonic() - started), spent=spent
        )

    async def _ask(
        self, works: Sequence[Work], liked: Sequence[str], request: str, seconds: float
    ) -> tuple[tuple[float, ...], str, tuple[Usage, ...]]:
        """Scores in [0, 1] of the first of ``works``, NaN for those without; how it went; what it cost."""
        try:
            if self.mode == "listwise":
                listed = await self._listwise.scores(liked, request, works, deadline=seconds)
                why = f"{len(listed.orders)} of {listed.asked} orders answered"
                if listed.refused:
                    why += f"; {listed.refused[0]}"
                return listed.scores, why, listed.spent
            found = await self._likelihood.scores(liked, [work.title for work in works], deadline=seconds)
        except ProviderError as error:
            log.info("the model has no say in this order: %s", error)
            return (), f"{type(error).__name__}: {error}", ()
        values = np.array([np.nan if value is None else value for value in found], np.float64)
        answered = int(np.isfinite(values).sum())
        why = f"{answered} of {len(values)} titles answered"
        return (tuple(unit_ranks(values).tolist()) if answered > 1 else ()), why, ()

    def _shifts(self, rows: Sequence[int], scores: Sequence[float]) -> dict[int, float]:
        return {
            row: self.config.cap * (score - 0.5) for row, score in zip(rows, scores, strict=False) if np.isfinite(score)
        }

    def _trace(self, why: str, seconds: float) -> dict[str, object]:
        prompt = self._listwise.prompt if self.mode == "listwise" else self._likelihood.prompt
        return {"mode": self.mode, "prompt": prompt, "seconds": round(seconds, 3), "outcome": why}

    def _key(self, rows: Sequence[int], works: Sequence[Work], liked: Sequence[str], request: str) -> bytes:
        parts = (
            self.mode,
            *liked,
            "",
            request,
            "",
            *(f"{row} {work.title}" for row, work in zip(rows, works, strict=True)),
        )
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", errors="replace")).digest()


def unit_ranks(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(n,) ranks of the values scaled to [0, 1], 1 the largest, ties their mean; NaN stays NaN."""
    known = values[np.isfinite(values)]
    below = (known[None, :] < values[:, None]).sum(1) + ((known[None, :] == values[:, None]).sum(1) - 1) / 2
    return np.where(np.isfinite(values), below / max(len(known) - 1, 1), np.nan)
