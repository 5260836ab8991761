"""Candidates from several sources, merged by reciprocal rank fusion, within the promises of the query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.catalogue import Catalogue, Mask
from assistant.profile import UserProfile
from assistant.store import Store, quoted
from assistant.text import words
from assistant.types import Candidate, Query
from assistant.vocabulary import Language
from vectorstore.base import Embedder
from vectorstore.search import FilteredSearch


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrievalSettings:
    """How candidates are found and merged."""

    depth: int = 200
    """Candidates from each source."""
    k: int = 20
    """The constant of reciprocal rank fusion, score = Σ weight / (k + rank) (Cormack, Clarke & Büttcher 2009)."""
    message_dense: float = 1.0
    """Weight of nearness of the vectors of message and item."""
    message_lexical: float = 1.0
    """Weight of BM25 over title, people, labels and text."""
    like_dense: float = 1.0
    """Weight of nearness to the items that the message wants to be resembled."""
    like_lexical: float = 1.0
    """Weight of BM25 by the telling words of those items."""
    interests: float = 0.15
    """Weight of the profile's interest vectors, by their share, when the message says what is wanted."""
    popular: float = 0.02
    """Weight of popularity, likewise."""
    idle_interests: float = 1.0
    """Weight of the interest vectors when the message does not say what is wanted."""
    idle_popular: float = 0.5
    wish_boost: float = 0.3
    """An item that meets all wishes has its fused score raised by this share."""
    common_share: float = 0.1
    """A word in more than this share of the items is not searched by while rarer ones are there."""
    telling_words: int = 12
    """Words of an item's text, the rarest first, by which others like it are searched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What retrieval found."""

    candidates: tuple[Candidate, ...]
    """Best first."""
    sources: Mapping[str, int]
    """How many each source proposed."""
    allowed: int
    """How many items meet every promise."""
    relevance: NDArray[np.float32] | None
    """(n_candidates,) how well each matches the message, 1 the best; None when the message does not say what is wanted."""


def retrieve(
    query: Query,
    profile: UserProfile,
    *,
    catalogue: Catalogue,
    store: Store,
    search: FilteredSearch,
    embedder: Embedder,
    language: Language,
    popularity: NDArray[np.float32],
    limit: int,
    settings: RetrievalSettings | None = None,
) -> Found:
    """Up to ``limit`` candidates for a query. ``popularity`` (n_items,) is a score, bigger for more popular."""
    settings = settings or RetrievalSettings()
    mask = catalogue.allowed(query.constraints, query.excluded)
    allowed = int(mask.sum())
    rankings: dict[str, tuple[float, list[int]]] = {}
    for name, weight, rows in _sources(
        query, profile, mask, catalogue, store, search, embedder, language, popularity, settings
    ):
        if rows and weight:
            rankings[name] = (weight, rows[: settings.depth])
    fused: dict[int, float] = {}
    asked: dict[int, float] = {}
    ranks: dict[int, dict[str, int]] = {}
    for name, (weight, rows) in rankings.items():
        for rank, row in enumerate(rows, 1):
            part = weight / (settings.k + rank)
            fused[row] = fused.get(row, 0.0) + part
            ranks.setdefault(row, {})[name] = rank
            if name.startswith(("message", "like")):
                asked[row] = asked.get(row, 0.0) + part
    if query.wishes:
        for row, share in _wishes_met(query, catalogue, list(fused)).items():
            fused[row] *= 1 + settings.wish_boost * share
            if row in asked:
                asked[row] *= 1 + settings.wish_boost * share
    best = sorted(fused, key=lambda row: (-fused[row], row))[:limit]
    relevance = None
    if asked:
        top = max(asked.values())
        relevance = np.array([asked.get(row, 0.0) / top for row in best], dtype=np.float32)
    return Found(
        candidates=tuple(
            Candidate(item_id=catalogue.ids[row], row=row, fused=fused[row], ranks=ranks[row]) for row in best
        ),
        sources={name: len(rows) for name, (_, rows) in rankings.items()},
        allowed=allowed,
        relevance=relevance,
    )


def _sources(
    query: Query,
    profile: UserProfile,
    mask: Mask,
    catalogue: Catalogue,
    store: Store,
    search: FilteredSearch,
    embedder: Embedder,
    language: Language,
    popularity: NDArray[np.float32],
    settings: RetrievalSettings,
) -> list[tuple[str, float, list[int]]]:
    """(name, weight, rows best first) of every source."""
    found: list[tuple[str, float, list[int]]] = []
    content = content_words(query.search_text, language)
    if content:
        vector = embedder.embed([" ".join(content)])[0]
        if vector.any():
            hits = search.search(vector, settings.depth, mask)
            found.append(("message_dense", settings.message_dense, hits.rows.tolist()))
        rows = lexical(content, mask, catalogue, store, settings)
        found.append(("message_lexical", settings.message_lexical, rows))
    for number, row in enumerate(catalogue.rows(query.like).tolist(), 1):
        hits = search.search(catalogue.vectors[row], settings.depth, mask)
        found.append((f"like_dense_{number}", settings.like_dense, hits.rows.tolist()))
        telling = telling_words(row, catalogue, store, language, settings)
        found.append(
            (f"like_lexical_{number}", settings.like_lexical, lexical(telling, mask, catalogue, store, settings))
        )
    idle = not content and not query.like
    centres, shares = profile.interests
    weight = settings.idle_interests if idle else settings.interests
    if len(centres):
        for number, (hits, share) in enumerate(
            zip(search.search_many(centres, settings.depth, mask), shares.tolist(), strict=True), 1
        ):
            found.append((f"interest_{number}", weight * share, hits.rows.tolist()))
    allowed = np.flatnonzero(mask)
    order = np.argsort(-popularity[allowed], kind="stable")[: settings.depth]
    found.append(("popular", settings.idle_popular if idle else settings.popular, allowed[order].tolist()))
    return found


def content_words(text: str, language: Language) -> list[str]:
    """The words of a text that say something, folded, each once."""
    dull = language.stopwords | language.item_words
    return list(dict.fromkeys(word for word in words(text) if word not in dull))


def lexical(
    content: Sequence[str], mask: Mask, catalogue: Catalogue, store: Store, settings: RetrievalSettings
) -> list[int]:
    """Rows that match any of the words, best BM25 first, within ``mask``."""
    if not content:
        return []
    common = int(settings.common_share * len(catalogue)) + 1
    counts = store.document_counts(content, common)
    match = " OR ".join(quoted(word) for word in [w for w in content if counts[w] < common] or content)
    kept = int(mask.sum())
    limit = settings.depth if kept == len(catalogue) else min(len(catalogue), settings.depth * 10)
    while True:
        numbers = [number for number, _ in store.search_text(match, limit)]
        rows = [row for row in catalogue.rows_of_table(numbers) if mask[row]]
        if len(rows) >= min(settings.depth, kept) or len(numbers) < limit:
            return rows[: settings.depth]
        limit = len(catalogue)


def telling_words(
    row: int, catalogue: Catalogue, store: Store, language: Language, settings: RetrievalSettings
) -> list[str]:
    """The words by which an item differs from others: its title, labels and the rarest words of its text."""
    item = catalogue.item(row)
    title = content_words(item.title, language)
    labels = content_words(" ".join((*item.categories, *item.tags)), language)
    body = content_words(item.description or "", language)
    common = int(settings.common_share * len(catalogue)) + 1
    counts = store.document_counts(body, common)
    # A word that stands nowhere else finds nothing else.
    shared = sorted((w for w in body if 1 < counts[w] < common and not w.isdigit()), key=lambda w: counts[w])
    return list(dict.fromkeys([*title, *labels, *shared[: settings.telling_words]]))


def _wishes_met(query: Query, catalogue: Catalogue, rows: list[int]) -> dict[int, float]:
    """Row to the share of the wishes that its item meets."""
    met = np.mean([catalogue.satisfies(wish)[rows] for wish in query.wishes], axis=0)
    return dict(zip(rows, met.tolist(), strict=True))
