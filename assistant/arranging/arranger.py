"""What the settings say about lists, applied: one per assistant, for every list that it makes."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from assistant.arranging.arrange import Arranged, Arrangement, arrange
from assistant.arranging.lists import Listing
from assistant.arranging.listwise import Work
from assistant.arranging.plain import arranging
from assistant.arranging.rerank import Opinion, Reranker
from assistant.arranging.rule_file import RuleFile, find_rules, load_rules
from assistant.arranging.rules import Rules, bind
from assistant.catalogue import Catalogue
from assistant.errors import SettingsError
from assistant.llm.base import LanguageModel
from assistant.profile import UserProfile
from assistant.rank import Arrange
from assistant.serving import Serving
from assistant.settings import Settings
from assistant.threads import one_blas_thread
from assistant.types import Query

log = logging.getLogger(__name__)


class Arranger:
    """Safe to share between threads and turns."""

    def __init__(self, settings: Settings, data: Path, model: LanguageModel | None = None) -> None:
        """Reads the rules of the folder; raises ``SettingsError`` when they cannot be used, or when a model is to have a
        say and there is none."""
        self._settings = settings
        self._data = data
        self._path = find_rules(data, settings.rules)
        self._read = _stamp(self._path)
        self._file = load_rules(self._path) if self._path is not None else RuleFile()
        self._bound: tuple[Catalogue, RuleFile, Rules] | None = None
        self._reranker = None
        if settings.rerank != "off":
            if model is None:
                raise SettingsError(
                    f"rerank is {settings.rerank!r}, which needs a language model, and there is none. Set one, as in: "
                    "--llm openai:MODEL, or set rerank to off."
                )
            self._reranker = Reranker(
                model, settings.rerank, within=settings.rerank_within, data=data, prompts=settings.prompts
            )

    def rules(self, catalogue: Catalogue) -> Rules:
        """The rules for this state of the catalogue. A file that was changed is read again; while what it says now cannot be
        used, what it said before holds, with a warning."""
        path = find_rules(self._data, self._settings.rules) if self._settings.rules is None else self._path
        if (stamp := _stamp(path)) != self._read:
            self._read = stamp
            try:
                self._file = load_rules(path) if path is not None else RuleFile()
            except SettingsError as error:
                log.warning("The rules as they were before still hold. %s", error)
        bound = self._bound
        if bound is None or bound[0] is not catalogue or bound[1] is not self._file:
            bound = (catalogue, self._file, bind(self._file, catalogue))
            self._bound = bound
            for problem in bound[2].problems:
                log.warning("A rule is left out: %s", problem)
        return bound[2]

    def withheld(self, catalogue: Catalogue) -> frozenset[str]:
        """Ids that are never to be shown, by rule."""
        return self.rules(catalogue).withheld

    def answering(self, serving: Serving, diversity: float | None) -> Arrange | None:
        """What answers a request of ``Assistant.rank``; None where nothing is arranged. ``diversity`` None is the setting's."""
        dial = self._settings.diversity if diversity is None else diversity
        return arranging(self.rules(serving.catalogue), dial, serving.catalogue, serving.ranker)

    async def arranged(
        self,
        listing: Listing,
        serving: Serving,
        profile: UserProfile,
        query: Query,
        *,
        turn: Sequence[str],
        deadline: float,
    ) -> Arranged:
        """The list of a reply, with its reasons. ``turn`` says which turn it is, for a seed; ``deadline`` is on the clock of
        ``time.monotonic``. What was asked for again is shown again as it stands."""
        opinion = Opinion()
        if self._reranker is not None and not query.only:
            best = await asyncio.to_thread(_best, listing, serving.catalogue, self._reranker.config.depth)
            liked = [serving.catalogue.title(entry.row) for entry in profile.liked]
            opinion = await self._reranker.opinion(*best, liked, query.search_text, deadline=deadline)
        arranged = await asyncio.to_thread(self._list, listing, serving, query, opinion, turn)
        return replace(arranged, rerank=opinion.trace, spent=opinion.spent)

    def _list(
        self, listing: Listing, serving: Serving, query: Query, opinion: Opinion, turn: Sequence[str]
    ) -> Arranged:
        settings, catalogue = self._settings, serving.catalogue
        how = Arrangement(
            rules=self.rules(catalogue),
            diversity=settings.diversity,
            exploration=settings.exploration,
            new=serving.popularity < settings.exploration_below if settings.exploration else None,
            opinion=opinion.shifts,
            opinion_name=settings.rerank,
        )
        with one_blas_thread():
            if not how or query.only:
                return Arranged(ranking=listing.plain(explain=True))
            allowed = catalogue.allowed(query.constraints, query.excluded)
            return arrange(listing, how, catalogue=catalogue, allowed=allowed, dice=self._dice(turn))

    def _dice(self, turn: Sequence[str]) -> np.random.Generator:
        seed = self._settings.exploration_seed
        if seed is None:
            return np.random.default_rng()
        digest = hashlib.sha256("\x1f".join(turn).encode("utf-8", errors="replace")).digest()
        return np.random.default_rng([seed % 2**32, int.from_bytes(digest[:8])])


def folder_rules(settings: Settings, data: Path, catalogue: Catalogue) -> Rules:
    """The rules that hold for a data folder now; raises ``SettingsError`` when they cannot be used."""
    path = find_rules(data, settings.rules)
    rules = bind(load_rules(path) if path is not None else RuleFile(), catalogue)
    for problem in rules.problems:
        log.warning("A rule is left out: %s", problem)
    return rules


def _best(listing: Listing, catalogue: Catalogue, depth: int) -> tuple[list[int], list[Work]]:
    """The rows that a model is asked about, and what is shown of them."""
    with one_blas_thread():
        rows = [ranked.row for ranked in listing.scored[:depth]]
    items = map(catalogue.item, rows)
    return rows, [Work(title=item.title, year=item.year, categories=item.categories) for item in items]


def _stamp(path: Path | None) -> tuple[str, int, int] | None:
    """Changes when the file does."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_mtime_ns, found.st_size
