"""What is known of every candidate at a turn: one column per source, as the assistant's ranking has them.

The dialogues that teach are users with the films they mention as events, so the assistant's own scorers are fitted on
them; ratings of a second index, where it is given, teach which films go together; vectors and words are the index's.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assistant.catalogue import Catalogue
from assistant.scoring.base import History, Interactions, ItemFeatures
from assistant.scoring.ease import Ease
from assistant.text import words
from evals.redial.data import Redial, Turn, mentions
from vectorstore.base import Embedder

Column = NDArray[np.float32]
NAMES = (
    "popular",
    "recommended",
    "together",
    "rated_together",
    "alike",
    "most_alike",
    "years",
    "words",
    "meaning",
    "led_to",
)
_YEAR_IN_TITLE = re.compile(r"\(\d{4}\)")


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnSettings:
    """How the columns are made; chosen on development dialogues."""

    together: float = 3.0
    """λ of EASE over the films of a dialogue, which are few."""
    rated_together: float = 100.0
    """λ of EASE over the ratings."""
    last_words: int = 3
    """Utterances, from the last, whose meaning is compared."""
    led_to: float = 30.0
    """λ of the ridge regression from a conversation's vectors to those of what was recommended in it."""
    common: float = 0.02
    """A word that a larger share of the development utterances holds says nothing of films."""
    k1: float = 1.2
    b: float = 0.5
    """Of BM25 (Robertson & Zaragoza 2009)."""


def interactions(histories: Mapping[str, Sequence[int]], n_items: int) -> Interactions:
    """Events of liking, in the order given."""
    user = [number for number, places in enumerate(histories.values()) for _ in places]
    item = [place for places in histories.values() for place in places]
    return Interactions(
        user_ids=tuple(histories),
        n_items=n_items,
        user=np.array(user, np.int64),
        item=np.array(item, np.int64),
        time=np.arange(len(item), dtype=np.float64),
        value=np.full(len(item), np.nan, np.float32),
        weight=np.ones(len(item), np.float32),
    )


def history(places: Sequence[int]) -> History:
    """Films liked, the latest last."""
    n = len(places)
    return History(
        rows=np.array(places, np.int64),
        time=np.arange(n, dtype=np.float64),
        value=np.full(n, np.nan, np.float32),
        weight=np.ones(n, np.float32),
    )


class Bm25:
    """BM25 over title, people, categories and text of the candidates."""

    def __init__(self, catalogue: Catalogue, rows: NDArray[np.int64], settings: ColumnSettings) -> None:
        self._number: dict[str, int] = {}
        at, term, count = [], [], []
        for place, row in enumerate(rows.tolist()):
            item = catalogue.item(row)
            text = " ".join((item.title, *(p.name for p in item.creators), *item.categories, item.description or ""))
            for word, n in Counter(words(text)).items():
                at.append(place)
                term.append(self._number.setdefault(word, len(self._number)))
                count.append(n)
        n = len(rows)
        terms, places, counts = np.array(term), np.array(at), np.array(count, dtype=np.float64)
        length = np.bincount(places, weights=counts, minlength=n)
        holding = np.bincount(terms, minlength=len(self._number))
        idf = np.log(1 + (n - holding + 0.5) / (holding + 0.5))
        damped = counts + settings.k1 * (1 - settings.b + settings.b * length[places] / length.mean())
        weights = idf[terms] * counts * (settings.k1 + 1) / damped
        self._matrix = sparse.csr_array((weights, (terms, places)), shape=(len(self._number), n))

    def score(self, spoken: Mapping[str, int]) -> Column:
        """(n_candidates,) BM25 of a bag of words."""
        known = [(self._number[word], n) for word, n in spoken.items() if word in self._number]
        if not known:
            return np.zeros(self._matrix.shape[1], np.float32)
        rows, counts = zip(*known, strict=True)
        picked = self._matrix[list(rows)]
        return np.asarray(picked.T @ np.array(counts, dtype=np.float64), np.float32)


class Columns:
    """Everything that does not depend on which dialogues teach."""

    def __init__(
        self,
        redial: Redial,
        catalogue: Catalogue,
        embedder: Embedder,
        ratings: Interactions | None,
        settings: ColumnSettings,
    ) -> None:
        """``ratings`` are over the candidates' places."""
        self.redial, self.settings = redial, settings
        self.n = len(redial.rows)
        self.vectors = catalogue.vectors[redial.rows]
        year = np.array([catalogue.year(row) or np.nan for row in redial.rows.tolist()])
        self.year = np.where(np.isnan(year), np.nanmedian(year), year)
        self.bm25 = Bm25(catalogue, redial.rows, settings)
        self._embedder = embedder
        self._said: dict[Turn, Column] = {}
        self.features = ItemFeatures(
            vectors=self.vectors, year=self.year, categories=((),) * self.n, people=((),) * self.n, tags=((),) * self.n
        )
        self._rated = None
        if ratings is not None:
            self._rated = Ease(regularisation=settings.rated_together).fit(ratings, self.features)
        texts = [utterance for turn in redial.of("dev") for utterance in turn.context[-1:]]
        holding = Counter(word for text in texts for word in set(words(text)))
        self.common = {word for word, n in holding.items() if n > settings.common * len(texts)}

    def places(self, turn: Turn) -> list[int]:
        """Places of the films mentioned so far."""
        return [self.redial.place[item] for item in turn.mentioned if item in self.redial.place]

    def spoken(self, turn: Turn) -> Counter[str]:
        """The words so far that tell of films, years in titles left out."""
        return Counter(word for word in words(_plain(turn.context)) if word not in self.common)

    def fitted(self, teaching: Sequence[Turn]) -> FittedColumns:
        """The columns with what some turns teach."""
        return FittedColumns(self, teaching)

    def conversation(self, turn: Turn, known: Sequence[int]) -> Column:
        """(2 · dim,): the vector of all that was said, and the mean of the films so far."""
        if turn not in self._said:
            self._said[turn] = self._embedder.embed([_plain(turn.context)])[0]
        liked = self.vectors[list(known)].mean(axis=0) if known else np.zeros_like(self._said[turn])
        return np.concatenate([self._said[turn], liked]) * 2

    def still(self, turn: Turn, known: Sequence[int]) -> dict[str, Column]:
        """The columns that no dialogue teaches."""
        zeros = np.zeros(self.n, np.float32)
        text = _plain(turn.context[-self.settings.last_words :])
        columns: dict[str, Column] = {
            "words": self.bm25.score(self.spoken(turn)) / math.sqrt(max(1, sum(self.spoken(turn).values()))),
            "meaning": self.vectors @ self._embedder.embed([text])[0],
            "rated_together": zeros if self._rated is None else self._rated.score(history(known)),
            "alike": zeros,
            "most_alike": zeros,
            "years": zeros,
        }
        if known:
            near = self.vectors @ self.vectors[list(known)].T
            columns["alike"], columns["most_alike"] = near.mean(axis=1), near.max(axis=1)
            columns["years"] = -np.abs(self.year - self.year[list(known)].mean()).astype(np.float32) / 10
        return columns


class FittedColumns:
    """All columns, given the dialogues that teach."""

    def __init__(self, columns: Columns, teaching: Sequence[Turn]) -> None:
        self._columns = columns
        place, n = columns.redial.place, columns.n
        mentioned = mentions(teaching, place)
        self.mentioned = np.bincount([p for places in mentioned.values() for p in places], minlength=n)
        targets = [place[item] for turn in teaching for item in turn.targets if item in place]
        self.recommended = np.bincount(targets, minlength=n)
        ease = Ease(regularisation=columns.settings.together)
        self._together = ease.fit(interactions(mentioned, n), columns.features)
        self._map = self._led_to(teaching)

    def _led_to(self, teaching: Sequence[Turn]) -> Column:
        """(2 · dim, dim) ridge regression to the vectors of what was recommended, less their mean."""
        columns = self._columns
        pairs = [
            (columns.conversation(turn, columns.places(turn)), columns.vectors[columns.redial.place[item]])
            for turn in teaching
            for item in turn.targets
            if item in columns.redial.place
        ]
        dim = columns.vectors.shape[1]
        if not pairs:
            return np.zeros((2 * dim, dim), np.float32)
        said = np.stack([said for said, _ in pairs]).astype(np.float64)
        led = np.stack([led for _, led in pairs]).astype(np.float64)
        gram = said.T @ said + columns.settings.led_to * np.eye(2 * dim)
        solved: Column = np.linalg.solve(gram, said.T @ (led - led.mean(axis=0))).astype(np.float32)
        return solved

    def __call__(self, turn: Turn) -> Column:
        """(n_candidates, len(NAMES)) float32."""
        known = self._columns.places(turn)
        named = self._columns.still(turn, known)
        named["popular"] = np.log(self.mentioned + 0.5).astype(np.float32)
        named["recommended"] = np.log(self.recommended + 0.3).astype(np.float32)
        direction = self._columns.conversation(turn, known) @ self._map
        named["led_to"] = self._columns.vectors @ direction
        named["together"] = self._together.score(history(known))
        return np.stack([np.asarray(named[name], np.float32) for name in NAMES], axis=1)


def _plain(context: Sequence[str]) -> str:
    return _YEAR_IN_TITLE.sub(" ", " ".join(context))
