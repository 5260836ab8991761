"""A language model puts the best candidates in order, several times, and its answers become one score per candidate.

Permutation self-consistency (Tang et al. 2024): the same candidates are shown in several orders, the ranks averaged
(Borda). Every order is shown together with its reverse, and only pairs of which both were answered count: so a model that
repeats the order it was given, wholly or in part, adds the same to every candidate and moves nothing.

The prompt holds titles, years and categories, what the user liked and their request; no description ever. An answer is ids
alone, each checked against the candidates.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

import prompts as prompt_files
from assistant.errors import BadModelOutput, ContextOverflow, ProviderError
from assistant.llm.base import ChatMessage, JsonSchema, LanguageModel, Sampling, Usage, generate

TITLE_LENGTH = 120
"""Characters of a title that are shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListwiseConfig:
    """How a model is asked for an order."""

    pairs: int = 2
    """Orders shown, each with its reverse: twice as many calls."""
    depth: int = 20
    """Candidates put in order, the best by score."""
    least_depth: int = 5
    """With fewer, it is not worth asking."""
    liked: int = 10
    """Liked titles shown, the latest."""
    categories: int = 3
    """Of each candidate."""
    most_tokens: int = 12_000
    """Of all prompts of a turn together; fewer pairs are asked for, then fewer candidates, to keep to it."""
    tokens_per_id: int = 8
    """Room for an id in the answer."""
    temperature: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What is shown of a candidate."""

    title: str
    year: int | None = None
    categories: tuple[str, ...] = ()

    def line(self, code: str, most: int) -> str:
        """``c3: Alien (1979) - Horror, Science fiction``."""
        year = f" ({self.year})" if self.year is not None else ""
        labels = f" - {', '.join(self.categories[:most])}" if self.categories else ""
        return f"{code}: {' '.join(self.title.split())[:TITLE_LENGTH]}{year}{labels}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One answer: the candidates in the order they were shown, and the rank that each got."""

    shown: tuple[int, ...]
    """Candidates (from 0, best by score first) in the order of the prompt."""
    ranks: tuple[float, ...]
    """(n_candidates,) rank from 0 by candidate; candidates that were not named share the places that are left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What came of asking."""

    scores: tuple[float, ...]
    """(n_asked,) in [0, 1], 1 the best; empty when no pair was answered."""
    orders: tuple[Order, ...] = ()
    """The answers that count."""
    asked: int = 0
    refused: tuple[str, ...] = ()
    """Why answers do not count."""
    spent: tuple[Usage, ...] = ()


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    ranking: list[str]


class Listwise:
    """Asks one model. ``prompts`` is a folder whose prompt ``rerank`` replaces the packaged one."""

    def __init__(
        self, model: LanguageModel, *, prompts: Path | None = None, config: ListwiseConfig | None = None
    ) -> None:
        self._model = model
        self._config = config or ListwiseConfig()
        self._prompt = prompt_files.load("rerank", folder=prompts)

    @property
    def prompt(self) -> str:
        """``name@version#digest``."""
        return self._prompt.label

    async def scores(self, liked: Sequence[str], request: str, works: Sequence[Work], *, deadline: float) -> Listed:
        """Scores of the first ``depth`` of ``works`` (best first) within ``deadline`` seconds from now.

        Fewer are asked about where the context or the budget is too small. Whatever goes wrong, fewer answers count; a
        ``ContextOverflow`` is raised only when not even the least prompt fits.
        """
        ends = time.monotonic() + deadline
        works = works[: self._config.depth]
        pairs, works = await self._fitted(liked, request, works)
        if len(works) < min(self._config.least_depth, 2) or pairs < 1:
            return Listed(scores=(), refused=("there are too few candidates to put in order",))
        shown = [order for pair in _orders(len(works), pairs, _seed(liked, request, works)) for order in pair]
        left = max(ends - time.monotonic(), 0.0)
        tasks = [asyncio.create_task(self._ask(liked, request, works, order, left)) for order in shown]
        try:
            await asyncio.wait(tasks, timeout=left)
        finally:
            for task in tasks:
                task.cancel()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        return _counted(answers, shown, len(works))

    async def _fitted(self, liked: Sequence[str], request: str, works: Sequence[Work]) -> tuple[int, Sequence[Work]]:
        """How many pairs, and which candidates, the context and the budget have room for."""
        config = self._config
        while True:
            tokens = await self._model.count_tokens(self._messages(liked, request, works, range(len(works))))
            room = self._model.context_tokens - config.tokens_per_id * (len(works) + 2)
            pairs = min(config.pairs, config.most_tokens // (2 * max(tokens, 1)))
            if tokens <= room and pairs >= 1:
                return pairs, works
            if len(works) <= config.least_depth:
                raise ContextOverflow(
                    f"A prompt of {tokens:,} tokens to put {len(works)} items in order does not fit: {self._model.name} has "
                    f"room for {max(room, 0):,}, and a turn may spend {config.most_tokens:,}."
                )
            works = works[: max(config.least_depth, len(works) // 2)]

    def _messages(
        self, liked: Sequence[str], request: str, works: Sequence[Work], order: Sequence[int]
    ) -> list[ChatMessage]:
        lines = [works[candidate].line(_code(place), self._config.categories) for place, candidate in enumerate(order)]
        titles = [" ".join(title.split())[:TITLE_LENGTH] for title in liked[-self._config.liked :]]
        sections = [name for name, there in (("taste", titles), ("wanted", request.strip())) if there]
        rendered = self._prompt.render(sections=sections, liked=titles, request=request, works=lines)
        return [ChatMessage(role=role, content=content) for role, content in rendered.messages]

    async def _ask(
        self, liked: Sequence[str], request: str, works: Sequence[Work], order: Sequence[int], seconds: float
    ) -> tuple[Order, Usage]:
        codes = [_code(place) for place in range(len(order))]
        generation = await generate(
            self._model,
            self._messages(liked, request, works, order),
            sampling=Sampling(
                max_tokens=self._config.tokens_per_id * (len(order) + 2), temperature=self._config.temperature
            ),
            schema=_schema(codes),
            timeout=seconds,
        )
        return Order(shown=tuple(order), ranks=read_order(generation.text, order)), generation.usage


def read_order(text: str, order: Sequence[int]) -> tuple[float, ...]:
    """(n_candidates,) ranks by candidate from an answer about ``order``.

    Raises ``BadModelOutput`` for an id that was not shown or is named twice, and when fewer than half are named.
    """
    try:
        named = _Answer.model_validate_json(text).ranking
    except ValidationError as error:
        raise BadModelOutput(f"not the form that was asked for: {error.errors()[0]['msg']}") from None
    candidate_of = {_code(place): candidate for place, candidate in enumerate(order)}
    if unknown := next((code for code in named if code not in candidate_of), None):
        raise BadModelOutput(f"the id {unknown[:20]!r} was not among the candidates")
    if len(set(named)) < len(named):
        raise BadModelOutput("an id is named twice")
    if 2 * len(named) < len(order):
        raise BadModelOutput(f"only {len(named)} of {len(order)} ids are named")
    ranks = [(len(named) + len(order) - 1) / 2] * len(order)
    for rank, code in enumerate(named):
        ranks[candidate_of[code]] = float(rank)
    return tuple(ranks)


def borda(orders: Sequence[Order]) -> tuple[float, ...]:
    """(n_candidates,) in [0, 1]: 1 less the mean rank as a share of the last one; empty without orders."""
    if not orders:
        return ()
    ranks = np.array([order.ranks for order in orders])
    means: list[float] = (1 - ranks.mean(0) / max(ranks.shape[1] - 1, 1)).tolist()
    return tuple(means)


def _code(place: int) -> str:
    """Ids go by the place in the prompt, so that one that is liked for its id is liked for its place, which evens out."""
    return f"c{place + 1}"


def _schema(codes: Sequence[str]) -> JsonSchema:
    return {
        "type": "object",
        "properties": {
            "ranking": {"type": "array", "items": {"type": "string", "enum": list(codes)}, "maxItems": len(codes)}
        },
        "required": ["ranking"],
        "additionalProperties": False,
    }


def _seed(liked: Sequence[str], request: str, works: Sequence[Work]) -> int:
    text = "\x1f".join([*liked, "", request, "", *(work.title for work in works)])
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", errors="replace")).digest()[:8])


def _orders(n: int, pairs: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """So many random orders of ``n`` candidates, each with its reverse."""
    dice = np.random.default_rng(seed)
    drawn = [dice.permutation(n).tolist() for _ in range(pairs)]
    return [(order, order[::-1]) for order in drawn]


def _counted(answers: Sequence[tuple[Order, Usage] | BaseException], shown: Sequence[Sequence[int]], n: int) -> Listed:
    """The answers of complete pairs, and why others do not count."""
    orders: list[Order] = []
    refused: list[str] = []
    spent: list[Usage] = []
    for answer in answers:
        if isinstance(answer, ProviderError):
            refused.append(f"{type(answer).__name__}: {answer}")
        elif isinstance(answer, asyncio.CancelledError):
            refused.append("late: the time for putting in order was over")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            spent.append(answer[1])
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        if isinstance(first, tuple) and isinstance(second, tuple):
            orders += [first[0], second[0]]
        elif isinstance(first, tuple) or isinstance(second, tuple):
            refused.append("the answer to the reverse order is missing")
    return Listed(
        scores=borda(orders), orders=tuple(orders), asked=len(shown), refused=tuple(refused), spent=tuple(spent)
    )
