"""Candidates from several sources, merged by reciprocal rank fusion, within the promises of the query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.alignment import STATIC_EMBEDDERS, WordAligner, inverse_frequency
from assistant.catalogue import Catalogue, Mask, Rows
from assistant.language import Language, load_language
from assistant.profile import UserProfile
from assistant.store import Store, quoted
from assistant.text import fold, fold_title, has_han, terms
from assistant.types import Candidate, Query
from vectorstore.base import Embedder
from vectorstore.search import FilteredSearch

MAX_COUNTS = 100_000
"""Words whose counts a catalogue remembers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrievalSettings:
    """How candidates are found and merged."""

    depth: int = 200
    """Candidates from each source."""
    passage_depth: int = 1_000
    """Items, the nearest as a whole first, whose passages are compared with the message one by one; 0 for none, which
    ranks by the whole alone."""
    k: int = 20
    """The constant of reciprocal rank fusion, score = Σ weight / (k + rank) (Cormack, Clarke & Büttcher 2009)."""
    message_dense: float = 1.0
    """Weight of nearness of the vectors of message and item."""
    message_lexical: float = 0.8
    """Weight of BM25 over title, people, labels and text."""
    message_words: float = 0.5
    """Weight of the word-by-word alignment with the best sentence, among the best that the message found so far."""
    words_depth: int = 100
    """How many are aligned."""
    words_floor: float = 0.2
    """Two words less similar than this have nothing to do with each other."""
    like_dense: float = 1.0
    """Weight of nearness to the items that the message wants to be resembled."""
    like_lexical: float = 1.0
    """Weight of BM25 by the telling words of those items."""
    interests: float = 0.15
    """Weight of the profile's interest vectors, by their share, when the message says what is wanted."""
    popular: float = 0.02
    """Weight of popularity, likewise."""
    message_title: float = 3.0
    """Weight of being called what the message says: "Titanic", "a film called Moon"."""
    message_wishes: float = 1.0
    """Weight of meeting the wishes, where they are all that is said of what is wanted."""
    idle_interests: float = 1.0
    """Weight of the interest vectors when the message does not say what is wanted."""
    idle_popular: float = 0.5
    wish_boost: float = 1.0
    """An item that meets all wishes has its fused score raised by this share. On the development requests 0 and 1 differ
    by one request of 112; where catalogues have moods and themes, asking for something funny has to find it."""
    title_weight: float = 1.0
    """How much a word counts in a title, against 1 in a text. More makes requests meet titles that happen to hold a word
    of theirs."""
    people_weight: float = 1.0
    """The same among the people."""
    labels_weight: float = 1.0
    """The same among categories, tags and other labels."""
    length_normalisation: float = 0.4
    """How much a long text is held against an item, the ``b`` of BM25: 0 not at all, 1 fully."""
    common_share: float = 0.1
    """A word in more than this share of the items is not searched by while rarer ones are there."""
    common_floor: int = 50
    """A word in no more items than this is never too common, however small the catalogue."""
    telling_words: int = 12
    """Words of an item's text, the rarest first, by which others like it are searched."""

    def common_from(self, n_items: int) -> int:
        """In how many items a word has to stand to be too common."""
        return max(int(self.common_share * n_items), self.common_floor) + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What retrieval found."""

    candidates: tuple[Candidate, ...]
    """Best first."""
    sources: Mapping[str, int]
    """How many each source proposed."""
    allowed: int
    """How many items meet every promise."""
    mentioned: bool
    """Whether an allowed item holds a word of the message; true as well when the message has none to search by."""
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
    if query.language != language.code:
        language = load_language(query.language)
    mask = catalogue.allowed(query.constraints, query.excluded)
    allowed = int(mask.sum())
    rankings: dict[str, tuple[float, list[int]]] = {}
    for name, weight, rows in _sources(
        query, profile, mask, catalogue, store, search, embedder, language, popularity, settings
    ):
        if rows and weight:
            rankings[name] = (weight, rows[: settings.depth])
    fused, asked, ranks = _fuse(rankings, settings)
    if (
        asked
        and settings.message_words
        and (aligned := _align(query, asked, catalogue, store, embedder, language, settings))
    ):
        rankings["message_words"] = (settings.message_words, aligned)
        fused, asked, ranks = _fuse(rankings, settings)
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
        mentioned="message_lexical" in rankings or not content_words(query.search_text, language),
        relevance=relevance,
    )


def _fuse(
    rankings: Mapping[str, tuple[float, list[int]]], settings: RetrievalSettings
) -> tuple[dict[int, float], dict[int, float], dict[int, dict[str, int]]]:
    """By row: the fused score, the part of it that answers the message, and the rank in each source."""
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
    return fused, asked, ranks


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
        vector = embedder.embed([_readable(embedder, query.search_text)])[0]
        if vector.any():
            found.append(("message_dense", settings.message_dense, dense(vector, mask, catalogue, search, settings)))
        rows = lexical(content, mask, catalogue, store, settings)
        found.append(("message_lexical", settings.message_lexical, rows))
    chatter = fold(query.text).strip(" .!?…") in language.words("chatter")  # "nope" is an answer, and a film
    if not chatter and (titled := [row for row in _titled(query.text, catalogue) if mask[row]]):
        found.append(("message_title", settings.message_title, titled))
    for number, row in enumerate(catalogue.rows(query.like).tolist(), 1):
        if _reads(embedder, catalogue.title(row) + catalogue.description(row)):
            hits = search.search(catalogue.vectors[row], settings.depth, mask)
            found.append((f"like_dense_{number}", settings.like_dense, hits.rows.tolist()))
        telling = telling_words(row, catalogue, store, language, settings)
        found.append(
            (f"like_lexical_{number}", settings.like_lexical, lexical(telling, mask, catalogue, store, settings))
        )
    idle = not content and not query.like
    if idle and query.wishes and (wished := _wished(query, catalogue, mask, popularity)):
        found.append(("message_wishes", settings.message_wishes, wished))
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


def _reads(embedder: Embedder, text: str) -> bool:
    """Whether an embedder's vectors say what a text is about.

    Those that ship know English words only. Of Chinese they make noise (hit@10 .20 on requests where search by words has
    .74), and fused it pushes out what was found (.63), so they are not asked.
    """
    return embedder.info.name.partition(":")[0] not in STATIC_EMBEDDERS or not has_han(text)


def _readable(embedder: Embedder, text: str) -> str:
    """What of a text the embedder can read: all of it, or the words that understanding put beside it in English."""
    return text if _reads(embedder, text) else " ".join(part for part in text.split() if not has_han(part))


def _titled(text: str, catalogue: Catalogue) -> tuple[int, ...]:
    """Rows of the title that the message is, or that it names behind "called"."""
    called = re.search(r"\b(?:called|named|titled|entitled)\s+(.+)$", text, re.IGNORECASE)
    return catalogue.titles.get(fold_title(called.group(1) if called else text), ())


def content_words(text: str, language: Language) -> list[str]:
    """The words of a text that say something, folded, each once."""
    return list(dict.fromkeys(terms(text, language.stopwords | language.item_words)))


def dense(
    vector: NDArray[np.float32], mask: Mask, catalogue: Catalogue, search: FilteredSearch, settings: RetrievalSettings
) -> list[int]:
    """Rows whose best passage is nearest to ``vector`` (dim,), among those that are near as a whole, within ``mask``."""
    if not settings.passage_depth:
        whole: list[int] = search.search(vector, settings.depth, mask).rows.tolist()
        return whole
    rows = search.search(vector, settings.passage_depth, mask).rows
    scores = catalogue.best_passages(vector, rows)
    best: list[int] = rows[np.argsort(-scores, kind="stable")[: settings.depth]].tolist()
    return best


def _align(
    query: Query,
    asked: Mapping[int, float],
    catalogue: Catalogue,
    store: Store,
    embedder: Embedder,
    language: Language,
    settings: RetrievalSettings,
) -> list[int]:
    """The rows that answer the message best so far, in the order of how their words answer its words one by one."""
    content = content_words(query.search_text, language)
    if (
        not content
        or embedder.info.name.partition(":")[0] not in STATIC_EMBEDDERS
        or not _reads(embedder, query.search_text)
    ):
        return []
    if catalogue.aligner is None or catalogue.aligner.embedder is not embedder:
        catalogue.aligner = WordAligner(catalogue, embedder, language)
    counts = _counts(content, settings.common_from(len(catalogue)), catalogue, store)
    weights = np.array([inverse_frequency(counts[word], len(catalogue)) for word in content], dtype=np.float32)
    rows = sorted(asked, key=lambda row: (-asked[row], row))[: settings.words_depth]
    scores = catalogue.aligner.scores(content, weights, rows, floor=settings.words_floor)
    return [rows[place] for place in np.argsort(-scores, kind="stable").tolist() if scores[place] > 0]


def lexical(
    content: Sequence[str], mask: Mask, catalogue: Catalogue, store: Store, settings: RetrievalSettings
) -> list[int]:
    """Rows that match any of the words, best BM25 first, within ``mask``."""
    if not content:
        return []
    common = settings.common_from(len(catalogue))
    counts = _counts(content, common, catalogue, store)
    # A pair of Han characters that stands nowhere is no word, but an accident of pairing.
    rare = [word for word in content if counts[word] < common and (counts[word] or not has_han(word))]
    match = " OR ".join(quoted(word) for word in rare or content)
    kept = int(mask.sum())
    limit = min(len(catalogue), settings.depth * 10)
    weights = (settings.title_weight, settings.people_weight, settings.labels_weight, 1.0)
    while True:
        found = store.search_text(match, limit, weights)
        rows = catalogue.rows_of_table(np.array([number for number, _ in found], dtype=np.int64))
        scores = np.array([score for _, score in found], dtype=np.float64)
        meets = (rows >= 0) & mask[rows]
        if meets.sum() >= min(settings.depth, kept) or len(found) < limit:
            break
        limit = len(catalogue)
    rows, scores = rows[meets], scores[meets]
    scores *= _length_correction(catalogue, rows, settings)
    best: list[int] = rows[np.argsort(-scores, kind="stable")[: settings.depth]].tolist()
    return best


_FTS5_K1, _FTS5_B = 1.2, 0.75
"""The constants of BM25 in SQLite's FTS5, which cannot be set."""


def _length_correction(catalogue: Catalogue, rows: Rows, settings: RetrievalSettings) -> NDArray[np.float64]:
    """(n_rows,) factors that turn BM25 with FTS5's ``b`` into BM25 with ours, exactly so for words that occur once.

    A word that occurs once adds ``idf (k1 + 1) / (1 + k1 (1 - b + b L / mean L))`` (Robertson & Zaragoza 2009), so the
    factor is the quotient of the denominators. Lengths are those of the descriptions.
    """
    lengths = catalogue.text_lengths()
    relative = lengths[rows].astype(np.float64) / max(float(lengths.mean()), 1.0)

    def denominator(b: float) -> NDArray[np.float64]:
        return 1 + _FTS5_K1 * (1 - b + b * relative)

    return denominator(_FTS5_B) / denominator(settings.length_normalisation)


def _counts(content: Sequence[str], common: int, catalogue: Catalogue, store: Store) -> dict[str, int]:
    """In how many items each word occurs, ``common`` standing for more. The catalogue remembers what was asked before."""
    known = catalogue.word_counts
    if missing := [word for word in content if (word, common) not in known]:
        if len(known) > MAX_COUNTS:
            known.clear()
        known.update(((word, common), count) for word, count in store.document_counts(missing, common).items())
    return {word: known[word, common] for word in content}


def telling_words(
    row: int, catalogue: Catalogue, store: Store, language: Language, settings: RetrievalSettings
) -> list[str]:
    """The words by which an item differs from others: its title, labels and the rarest words of its text."""
    item = catalogue.item(row)
    title = content_words(item.title, language)
    labels = content_words(" ".join((*item.categories, *item.tags)), language)
    body = content_words(item.description or "", language)
    common = settings.common_from(len(catalogue))
    counts = _counts(body, common, catalogue, store)
    # A word that stands nowhere else finds nothing else.
    shared = sorted((w for w in body if 1 < counts[w] < common and not w.isdigit()), key=lambda w: counts[w])
    return list(dict.fromkeys([*title, *labels, *shared[: settings.telling_words]]))


def _wished(query: Query, catalogue: Catalogue, mask: Mask, popularity: NDArray[np.float32]) -> list[int]:
    """Rows that meet a wish, within ``mask``: those that meet most first, then the most popular."""
    met = np.sum([catalogue.satisfies(wish) for wish in query.wishes], axis=0)
    negative = sum(wish.op in ("none", "outside") for wish in query.wishes)
    rows = np.flatnonzero(mask & (met > (negative if negative < len(query.wishes) else 0)))
    order = np.lexsort((-popularity[rows], -met[rows]))
    best: list[int] = rows[order].tolist()
    return best


def _wishes_met(query: Query, catalogue: Catalogue, rows: list[int]) -> dict[int, float]:
    """Row to the share of the wishes that its item meets."""
    met = np.mean([catalogue.satisfies(wish)[rows] for wish in query.wishes], axis=0)
    return dict(zip(rows, met.tolist(), strict=True))
