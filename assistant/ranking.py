"""From a history to an order: scorers make columns, columns are standardised and blended, a learned stage may reorder
the top.

How a request enters. ``relevance`` (how well each item matches what was asked for) and the personal score are both scaled
to [0, 1] over the given rows, and ``score = w · relevance + (1 - w) · personal`` with ``w`` = 0.75: between two items, the
request decides unless the personal taste differs by three times as much. Hard constraints have been applied before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from assistant.errors import ModelMissingError
from assistant.scoring.base import History, Interactions, ItemFeatures, Rows, Scorer, Scores
from assistant.scoring.choices import column_cube, standardised
from assistant.scoring.kinds import kind_of, scorer_class
from assistant.scoring.linear import LinearScorer
from assistant.scoring.new_items import NAME as NEW_ITEM
from assistant.scoring.new_items import NewItems
from assistant.scoring.weighting import HistoryWeighting
from assistant.types import Ranked

if TYPE_CHECKING:
    from assistant.scoring.ltr import LearnedStage

FORMAT = 2
"""Grows when what is written changes its meaning: models of other formats are not read."""
WRITTEN = ("version", "scorers", "weights", "short_weights", "learned")
"""What the file of a ranker holds beside its format."""
COLD_WEIGHTS: Mapping[str, float] = {"popularity": 1.0, "content": 0.3, "attributes": 0.3, "recency": 0.1}
"""The blend before anything was fitted: what others chose, bent by taste, with a nod to the new.

On the validation choices of two film sets, with histories cut to 1, 3 and 5 events, these reach nDCG@10 .028 to .036;
popularity alone .019 and .035, vectors or labels alone .008 to .018. Without events popularity is constant, and taste
decides.
"""

POPULAR_USERS = 20
"""With so many users, popularity has half its weight: what a handful of people chose says little of what is popular."""

SHORT_BELOW = 6
"""Histories of fewer events are ranked with weights of their own, and without the learned stage."""


@dataclass(frozen=True, kw_only=True)
class RankingConfig:
    """How a ranking is put together from its columns."""

    request_weight: float = 0.75
    """Share of the request's relevance in the score when there is a request."""
    learned_depth: int = 200
    """How many of the blend's best the learned stage reorders."""
    history_shown: int = 5
    """How many history items are named in ``Ranked.history``."""
    batch_values: int = 4_000_000
    """Values of the columns of all histories that are ranked at a time: 16 MB, and more is no faster."""


@dataclass(frozen=True)
class _Scored:
    """What several histories' rankings are made of."""

    columns: Scores
    """(n_scorers, n_histories, n_items)."""
    standard: Scores
    """(n_histories, n_scorers, n_items)."""
    personal: Scores
    """(n_histories, n_items)."""
    reordered: Mapping[int, Rows]
    """By history, the rows that the learned stage has put in order above all others."""
    own: Scores
    """``personal`` of each history before new items were lifted."""


@dataclass(frozen=True)
class Ranker:
    """A frozen set of scorers with weights, and possibly a learned stage. Safe to share between threads."""

    item_ids: tuple[str, ...]
    scorers: tuple[Scorer, ...]
    weights: Mapping[str, float]
    learned: LearnedStage | None = None
    config: RankingConfig = field(default_factory=RankingConfig)
    version: str = "cold"
    """Of the fitted model; ``cold`` when nothing was fitted."""
    short_weights: Mapping[str, float] = field(default_factory=dict)
    """For histories of fewer than ``SHORT_BELOW`` events; empty means that ``weights`` hold for all."""
    new_items: NewItems | None = None
    """How items of which little is known get a place; None: by their scores alone."""

    def columns(self, history: History) -> Scores:
        """(n_scorers, n_items) float32, each on its scorer's own scale."""
        columns: Scores = column_cube(self.scorers, [history])[:, 0]
        return columns

    def score_all(self, history: History) -> Scores:
        """(n_items,) float32, for ranking without a request; items of the history are scored like all others."""
        scores: Scores = self.score_many([history])[0]
        return scores

    def score_many(self, histories: Sequence[History]) -> Scores:
        """(len(histories), n_items) float32: ``score_all`` of each, faster than one by one and equal to the last bit."""
        scores = [self._scored(part).personal for part in self._parts(histories)]
        return np.concatenate(scores) if scores else np.zeros((0, len(self.item_ids)), np.float32)

    def scored_parts(self, histories: Sequence[History]) -> Iterator[tuple[Scores, Scores, Rows]]:
        """For each history the standardised columns (n_scorers, n_items), the scores (n_items,) and the rows outside it."""
        for part in self._parts(histories):
            scored = self._scored(part)
            for n, history in enumerate(part):
                yield scored.standard[n], scored.personal[n], self._open(history, None)

    def rank_many(
        self, histories: Sequence[History], rows: Sequence[Rows | None], ks: Sequence[int]
    ) -> list[tuple[Rows, Scores]]:
        """For each history the best ``k`` of its rows (ascending; None: all outside the history), best first, with scores.

        The same as ``rank`` of each without a request and without reasons, to the last bit.
        """
        answers: list[tuple[Rows, Scores]] = []
        for part in self._parts(histories):
            start = len(answers)
            asked = [self._open(h, r) for h, r in zip(part, rows[start : start + len(part)], strict=True)]
            scored = self._scored(part, asked)
            for n, open_rows in enumerate(asked):
                values = scored.personal[n, open_rows]
                order = best_first(values, ks[start + n])
                answers.append((open_rows[order], values[order]))
        return answers

    def _parts(self, histories: Sequence[History]) -> Iterator[Sequence[History]]:
        """As many at a time as ``batch_values`` allows."""
        size = max(1, self.config.batch_values // max(1, len(self.scorers) * len(self.item_ids)))
        for start in range(0, len(histories), size):
            yield histories[start : start + size]

    def _open(self, history: History, rows: Rows | None) -> Rows:
        if rows is not None:
            return rows
        unseen = np.ones(len(self.item_ids), bool)
        unseen[history.rows] = False
        return np.flatnonzero(unseen)

    def _scored(
        self, histories: Sequence[History], rows: Sequence[Rows] | None = None, *, asked: bool = False
    ) -> _Scored:
        """Everything that a ranking is made of. Each history's part does not depend on the others.

        Where something was ``asked`` for, the blend alone scores: a request narrows the rows to what it asks for, and the
        trees never saw such lists; the blend does not mind.

        Sums go column by column and row by row in one order, whatever the number of histories: products of whole matrices
        would round differently for one than for many.
        """
        columns = column_cube(self.scorers, histories)
        standard = np.empty((len(histories), *columns.shape[::2]), np.float32)
        for n in range(len(histories)):
            standard[n] = standardised(columns[:, n])
        personal = np.zeros((len(histories), len(self.item_ids)), np.float32)
        for n, history in enumerate(histories):
            weights = self._weights_for(history)
            for at, scorer in enumerate(self.scorers):
                if weight := weights.get(scorer.name, 0.0):
                    personal[n] += np.float32(weight) * standard[n, at]
        reordered: dict[int, Rows] = {}
        if asked:
            return _Scored(columns, standard, personal, {}, personal)
        opened = [self._open(h, None if rows is None else rows[n]) for n, h in enumerate(histories)]
        if self.learned is not None:
            for n, (history, open_rows) in enumerate(zip(histories, opened, strict=True)):
                if self._learns(history) and len(open_rows):
                    depth = min(self.config.learned_depth, len(open_rows))
                    reordered[n] = open_rows[np.argpartition(-personal[n, open_rows], depth - 1)[:depth]]
            used = list(reordered)
            tops = list(reordered.values())
            found = self.learned.predict_many([histories[n] for n in used], [standard[n] for n in used], tops)
            for n, top, values in zip(used, tops, found, strict=True):
                # The others keep their order below: their best is just under the worst reordered one.
                personal[n] += float(values.min()) - 1.0 - float(personal[n, top].min())
                personal[n, top] = values
        own = personal
        if self.new_items is not None:
            names = [scorer.name for scorer in self.scorers]
            lifted = [
                self.new_items.lifted(names, standard[n], own[n], open_rows) for n, open_rows in enumerate(opened)
            ]
            personal = np.stack(lifted)
        return _Scored(columns, standard, personal, reordered, own)

    def rank(
        self,
        history: History,
        rows: Rows | None = None,
        *,
        relevance: Scores | None = None,
        k: int = 10,
        explain: bool = True,
        only: Rows | None = None,
    ) -> tuple[Ranked, ...]:
        """The best ``k`` of ``rows``, best first; ties by row, so that the order is the same every time.

        ``rows`` None means every item outside the history. ``relevance`` (len(rows),) is the match to a request, bigger
        is better; None when there is none. With ``explain``, each result has its columns, what each contributed to the
        score, and the history items that moved it most. With ``only``, some of ``rows``, the result holds these instead of
        the best ``k``, scored as they are among all of ``rows``.
        """
        rows = self._open(history, rows)
        if not len(rows) or k <= 0:
            return ()
        scored = self._scored([history], [rows], asked=relevance is not None)
        columns, standard, personal = scored.columns[:, 0], scored.standard[0], scored.personal[0]
        reordered = scored.reordered.get(0)
        weights = self._weights_for(history)
        scores = personal[rows].astype(np.float64)
        scale, share, asked = 1.0, 0.0, scores
        if relevance is not None:
            taste, scale = _unit(scores)
            share = self.config.request_weight
            asked, _ = _unit(relevance.astype(np.float64))
            scale *= 1 - share
            scores = share * asked + (1 - share) * taste
        order = np.lexsort((rows, -scores))
        order = order[:k] if only is None else order[np.isin(rows[order], only)]
        if not explain:
            return tuple(
                Ranked(item_id=self.item_ids[rows[n]], row=int(rows[n]), score=float(scores[n])) for n in order
            )
        shown = rows[order].tolist()
        learned: dict[int, dict[str, float]] = {}
        if reordered is not None and self.learned is not None:
            learned = self.learned.contributions(history, standard, reordered, sorted({*shown} & {*reordered.tolist()}))
        ranking = []
        for n, row in zip(order.tolist(), shown, strict=True):
            raw = {scorer.name: float(columns[at, row]) for at, scorer in enumerate(self.scorers)}
            parts = learned.get(row) or {
                scorer.name: float(weights.get(scorer.name, 0.0) * standard[at, row] * scale)
                for at, scorer in enumerate(self.scorers)
            }
            if relevance is not None:
                raw["request"], parts["request"] = float(relevance[n]), float(share * asked[n])
            if (lift := float(scored.personal[0, row] - scored.own[0][row])) > 0:
                parts[NEW_ITEM] = lift
            moved = self._moved_by(history, row, parts)
            ranking.append(
                Ranked(
                    item_id=self.item_ids[row],
                    row=row,
                    score=float(scores[n]),
                    columns=raw,
                    contributions=parts,
                    history=moved,
                )
            )
        return tuple(ranking)

    def _weights_for(self, history: History) -> Mapping[str, float]:
        return self.short_weights if self.short_weights and len(history) < SHORT_BELOW else self.weights

    def _learns(self, history: History) -> bool:
        return self.learned is not None and self._weights_for(history) is self.weights

    def _moved_by(self, history: History, row: int, parts: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
        """Every column's contribution, shared among the events that made it; summed by item, the largest first."""
        moved = np.zeros(len(history))
        for scorer in self.scorers:
            if parts.get(scorer.name, 0.0) <= 0:
                continue
            events = scorer.contributions(history, row)
            if events is not None and (total := float(np.abs(events).sum())) > 0:
                moved += parts[scorer.name] * events / total
        by_item: dict[int, float] = {}
        for item, amount in zip(history.rows.tolist(), moved.tolist(), strict=True):
            by_item[item] = by_item.get(item, 0.0) + amount
        best = sorted(((amount, item) for item, amount in by_item.items() if amount > 0), key=lambda m: (-m[0], m[1]))
        return tuple((self.item_ids[item], amount) for amount, item in best[: self.config.history_shown])

    def save(self, folder: Path) -> None:
        """Write into ``folder``, which exists and is empty: JSON and arrays, a folder per scorer."""
        entries: list[dict[str, object]] = []
        owner: dict[int, str] = {}
        for scorer in self.scorers:
            entry: dict[str, object] = {"kind": kind_of(scorer), "name": scorer.name}
            if isinstance(scorer, LinearScorer) and id(scorer.matrix) in owner:  # one matrix, several weightings
                entry |= {"matrix_of": owner[id(scorer.matrix)], "weighting": asdict(scorer.weighting)}
            else:
                (folder / scorer.name).mkdir()
                scorer.save(folder / scorer.name)
                if isinstance(scorer, LinearScorer):
                    owner[id(scorer.matrix)] = scorer.name
            entries.append(entry)
        document = {
            "format": FORMAT,
            "version": self.version,
            "scorers": entries,
            "weights": dict(self.weights),
            "short_weights": dict(self.short_weights),
            "learned": self.learned is not None,
        }
        if self.learned is not None:
            (folder / "learned").mkdir()
            self.learned.save(folder / "learned")
        if self.new_items is not None:
            (folder / "new_items").mkdir()
            self.new_items.save(folder / "new_items")
        (folder / "items.json").write_bytes(orjson.dumps(self.item_ids))
        (folder / "ranker.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(
        cls, folder: Path, item_ids: Sequence[str], features: ItemFeatures, config: RankingConfig | None = None
    ) -> Ranker:
        """What ``save`` wrote, for the catalogue as it is now; raises ``ModelMissingError`` when it cannot be used.

        Items are matched by id: those that left the catalogue are forgotten, new ones are scored by their features.
        """
        document, fitted_ids = _read(folder)
        row_of = {item_id: row for row, item_id in enumerate(item_ids)}
        moved = np.array([row_of.get(item_id, -1) for item_id in fitted_ids], np.int64)
        scorers: dict[str, Scorer] = {}
        for entry in document["scorers"]:
            if "matrix_of" in entry:
                owner = scorers[entry["matrix_of"]]
                assert isinstance(owner, LinearScorer)
                weighting = HistoryWeighting(**entry["weighting"])
                scorers[entry["name"]] = owner.reweighted(entry["name"], weighting)
            else:
                loaded = scorer_class(entry["kind"]).load(folder / entry["name"])
                scorers[entry["name"]] = loaded.placed(moved, features)
        learned = None
        if document["learned"]:
            from assistant.scoring.ltr import LearnedStage, is_available

            # Without the extra the blend serves: it is what the learned stage starts from.
            if is_available():
                learned = LearnedStage.load(folder / "learned").placed(moved, features)
        new_items = None
        if (folder / "new_items").exists():
            new_items = NewItems.load(folder / "new_items").placed(moved, len(item_ids))
        return cls(
            tuple(item_ids),
            tuple(scorers.values()),
            document["weights"],
            learned,
            config or RankingConfig(),
            document["version"],
            document["short_weights"],
            new_items,
        )


def _read(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """What ``Ranker.save`` wrote of itself, and the item ids; raises ``ModelMissingError`` when it cannot be used."""
    again = "Fit again with: assistant fit --data DIR"
    try:
        document = orjson.loads((folder / "ranker.json").read_bytes())
        fitted_ids = orjson.loads((folder / "items.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ModelMissingError(f"The model in {str(folder)!r} cannot be read: {error}. {again}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else None
        raise ModelMissingError(
            f"The model in {str(folder)!r} has format {found!r}, and this version reads {FORMAT}. {again}"
        )
    if missing := [name for name in WRITTEN if name not in document]:
        raise ModelMissingError(f"The model in {str(folder)!r} lacks {', '.join(missing)}. {again}")
    return document, fitted_ids


def best_first(scores: Scores, k: int) -> Rows:
    """(min(k, n),) places of the ``k`` largest of (n,) scores, largest first, ties by place."""
    places = np.arange(len(scores))
    if k < len(scores) // 4:
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        places = np.flatnonzero(scores >= least)
    return places[np.argsort(-scores[places], kind="stable")][:k]


def _unit(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], float]:
    """Values scaled to [0, 1] and the factor used; all zeros when they are all equal."""
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros_like(values), 0.0
    return (values - low) / (high - low), 1 / (high - low)


def cold_ranker(
    item_ids: Sequence[str], features: ItemFeatures, interactions: Interactions, config: RankingConfig | None = None
) -> Ranker:
    """Works with nothing fitted: popularity from the events there are, content, attributes, recency."""
    from assistant.scoring.content import Attributes, Content
    from assistant.scoring.popularity import Popularity
    from assistant.scoring.recency import Recency

    fresh: tuple[Scorer, ...] = (Popularity(), Content(), Attributes(), Recency())
    scorers = tuple(scorer.fit(interactions, features) for scorer in fresh)
    n_users = len(interactions.user_ids)
    weights = {**COLD_WEIGHTS, "popularity": COLD_WEIGHTS["popularity"] * n_users / (n_users + POPULAR_USERS)}
    return Ranker(tuple(item_ids), scorers, weights, None, config or RankingConfig())
