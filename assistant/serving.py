"""One state of the catalogue with everything that is derived from it, swapped as a whole when the catalogue changes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from assistant.catalogue import Catalogue
from assistant.detecting import languages
from assistant.faithfulness import ClaimChecker, HistoryItem
from assistant.fitting import current_model, open_ranker
from assistant.language import Language, load_language
from assistant.profile import Relation, UserProfile
from assistant.ranking import Ranker
from assistant.retrieve import Found, RetrievalSettings, retrieve
from assistant.store import Store
from assistant.sync import VectorIndex
from assistant.telemetry import retrieval
from assistant.text import fold
from assistant.types import Item, Query, Ranked
from assistant.unspaced.claims import claim_names
from assistant.unspaced.read import gazetteer_of
from assistant.vocabulary import Vocabulary
from vectorstore.base import Embedder

_DECADE = re.compile(r"(\d{4})s")
HISTORY_FOR_FACTS = 40
"""Liked items, from the newest, that facts may name where no scorer says which ones moved the score."""


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What a turn reads. Nothing of it changes while a turn runs."""

    catalogue: Catalogue
    vocabulary: Vocabulary
    index: VectorIndex
    ranker: Ranker
    checker: ClaimChecker
    popularity: NDArray[np.float32]
    """(n_items,) for retrieval: the number of positive events."""

    def is_stale(self, store: Store) -> bool:
        """Whether the catalogue or the ranking model in service are other ones by now."""
        folder = current_model(store.folder)
        ranker = "cold" if folder is None else folder.name
        return store.catalogue_version() != self.catalogue.version or ranker != self.ranker.version

    @property
    def language(self) -> Language:
        return self.vocabulary.language

    def find(
        self,
        query: Query,
        profile: UserProfile,
        *,
        store: Store,
        embedder: Embedder,
        limit: int,
        settings: RetrievalSettings | None = None,
    ) -> Found:
        """Up to ``limit`` candidates for a query; see ``retrieve``."""
        with retrieval(query.search_text) as stage:
            found = retrieve(
                query,
                profile,
                catalogue=self.catalogue,
                store=store,
                search=self.index.search,
                embedder=embedder,
                language=self.language,
                popularity=self.popularity,
                limit=limit,
                settings=settings,
            )
            stage.tell({"assistant.candidates": len(found.candidates), "assistant.allowed": found.allowed})
        return found

    def commonness(self, slot: str, value: str) -> float:
        """The share of the catalogue that has this value."""
        column = self.catalogue.labels.get(slot)
        rows = column.rows.get(fold(value)) if column is not None else None
        return 0.0 if rows is None else len(rows) / max(len(self.catalogue), 1)

    def history_for(self, profile: UserProfile, query: Query, ranked: Ranked) -> tuple[HistoryItem, ...]:
        """The items that an explanation may mention: those that moved the score, and those the message names."""
        moved = {item_id for item_id, _ in ranked.history}
        entries = [entry for entry in profile.entries if entry.item_id in moved]
        if not entries:
            entries = list(profile.liked[-HISTORY_FOR_FACTS:])
        items = {entry.item_id: self._history_item(entry.item_id, entry.row, entry.relation) for entry in entries}
        relations = {entry.item_id: entry.relation for entry in profile.entries}
        for row in self.catalogue.rows(query.like).tolist():
            item_id = self.catalogue.ids[row]
            items.setdefault(item_id, self._history_item(item_id, row, relations.get(item_id, "seen")))
        titled = {item_id: self.catalogue.title_in(self.catalogue.row_of[item_id], query.language) for item_id in items}
        return tuple(replace(item, title=titled[item_id]) for item_id, item in items.items())

    def _history_item(self, item_id: str, row: int, relation: Relation) -> HistoryItem:
        item = self.catalogue.item(row)
        return HistoryItem(item_id=item_id, title=item.title, relation=relation, record=item.slots())

    def say_all(self, slot: str, values: Sequence[str], language: str) -> tuple[str, ...]:
        """Values of a slot as a language says them; as they are written where nothing tells."""
        other = load_language(language)
        if other.spaced:
            return tuple(values)
        gazetteer = gazetteer_of(self.vocabulary.in_language(other))
        decades = gazetteer.phrases.decade
        if slot == "year":
            return tuple(_DECADE.sub(lambda decade: decades.format(first=decade[1]), value) for value in values)
        return tuple(gazetteer.say(slot, value) or value for value in values)

    def said(self, item: Item, language: str) -> Mapping[tuple[str, str], str]:
        """How a language says the values of an item's record: (slot, folded value) to words, where they differ."""
        other = load_language(language)
        if other.spaced:
            return {}
        gazetteer = gazetteer_of(self.vocabulary.in_language(other))
        found = {}
        for slot, values in item.slots().items():
            for value in values if isinstance(values, tuple) else (values,):
                if isinstance(value, str) and (words := gazetteer.say(slot, value)) is not None:
                    found[slot, fold(value)] = words
        return found


def load_serving(store: Store) -> Serving:
    """The state of the catalogue that the store holds now."""
    catalogue = Catalogue.load(store)
    vocabulary = Vocabulary(catalogue, load_language())
    unspaced = [code for code in languages() if not load_language(code).spaced]
    return Serving(
        catalogue=catalogue,
        vocabulary=vocabulary,
        index=VectorIndex(store, catalogue),
        ranker=open_ranker(store, catalogue),
        checker=ClaimChecker(
            catalogue.lexicon,
            names={code: partial(claim_names, vocabulary, code) for code in unspaced},
        ),
        popularity=count_positive(store, catalogue),
    )


def count_positive(store: Store, catalogue: Catalogue) -> NDArray[np.float32]:
    """(n_items,) how many events other than dislikes and skips each item has."""
    counts = np.zeros(len(catalogue), np.float32)
    for item_id, count in store.positive_counts():
        if (row := catalogue.row_of.get(item_id)) is not None:
            counts[row] = count
    return counts
