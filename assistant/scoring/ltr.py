"""The learned stage: boosted trees that correct the blend on its best candidates (needs the extra ``rank``).

Trees start from the blend's scores (as base margin) and learn what it gets wrong, so that with no tree at all the order
is the blend's. The loss is listwise: the log-likelihood of the item that was chosen among the candidates (ListNet's
top-one probability, Cao et al. 2007, with one chosen item: the conditional logit that the blend's weights come from).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from assistant.errors import MissingExtraError
from assistant.scoring import files
from assistant.scoring.base import History, Interactions, ItemFeatures, Rows, Scores
from assistant.scoring.choices import Choice, ChoiceLists, held_out, joined

if TYPE_CHECKING:
    from xgboost import Booster

ITEM_AND_USER = (
    "item popularity",
    "item year",
    "popularity against the user's",
    "years from the user's",
    "years from the latest",
    "place in the blend",
    "history length",
    "user's popularity",
    "user's year",
    "spread of user's years",
    "length before this session",
    "events at the latest moment",
)
"""Features beside the columns, in order."""

RECENT = 10
"""Events of the history that "the user's" year and popularity are taken over."""
SESSION_GAP = 3600.0
"""Seconds; events further back than this before the latest are of an earlier session."""


@dataclass(frozen=True, kw_only=True)
class LearnedConfig:
    """How the trees grow."""

    depth: int = 4
    learning_rate: float = 0.1
    rounds: int = 160
    """Trees at most, in each bag."""
    bags: int = 3
    """Times that trees are grown, each with another draw of rows and features; their scores are averaged."""
    patience: int = 40
    """Trees without a better validation before stopping."""
    check_every: int = 10
    """Trees between looks at validation."""
    row_share: float = 0.7
    """Share of rows each tree sees."""
    column_share: float = 0.6
    """Share of features each tree sees."""
    l2: float = 3.0
    """Penalty on leaf values."""
    least_hessian: float = 0.25
    """Least sum of second derivatives in a leaf."""
    candidates: int = 80
    """Candidates per choice that are trained on; choices whose item is not among them are left out."""
    most_choices: int = 5000
    """Choices trained on at most, the latest ones."""
    threads: int = 2
    seed: int = 0


@dataclass(frozen=True)
class LearnedStage:
    """Trees over columns and over features of user, item and match."""

    names: tuple[str, ...]
    """Of the columns: the ranker's first scorers, in their order."""
    weights: Scores
    """(n_columns,): the blend that the trees start from."""
    popularity: Scores
    """(n_items,): log(1 + events)."""
    year: Scores
    """(n_items,): the median where unknown."""
    models: tuple[bytes, ...] = field(repr=False)
    """XGBoost's own binary JSON, one per bag; without any, the blend's scores stand."""

    @cached_property
    def boosters(self) -> tuple[Booster, ...]:
        """Read once; raises ``MissingExtraError`` without the extra."""
        boosters = tuple(_xgboost().Booster({"nthread": 1}) for _ in self.models)
        for booster, model in zip(boosters, self.models, strict=True):
            booster.load_model(bytearray(model))
        return boosters

    def predict(self, history: History, standard: Scores, rows: Rows) -> Scores:
        """(len(rows),) scores; ``standard`` (n_columns, n_items) are the standardised columns."""
        return self.predict_many([history], [standard], [rows])[0]

    def predict_many(
        self, histories: Sequence[History], standards: Sequence[Scores], rows: Sequence[Rows]
    ) -> list[Scores]:
        """``predict`` of each, all through the trees at once."""
        if not histories:
            return []
        matrices, bases = [], []
        for history, standard, of_history in zip(histories, standards, rows, strict=True):
            columns = standard[: len(self.names), of_history].T
            bases.append(columns @ self.weights)
            matrices.append(self.features(history, columns, of_history, bases[-1]))
        matrix, base = np.concatenate(matrices), np.concatenate(bases)
        scores = np.zeros(len(base), np.float32) if self.boosters else base
        for booster in self.boosters:
            margin = booster.inplace_predict(matrix, predict_type="margin", validate_features=False, base_margin=base)
            scores += np.asarray(margin, np.float32) / np.float32(len(self.boosters))
        return np.split(scores, np.cumsum([len(of_history) for of_history in rows])[:-1])

    def contributions(
        self, history: History, standard: Scores, rows: Rows, shown: Sequence[int]
    ) -> dict[int, dict[str, float]]:
        """By row of ``shown`` (among ``rows``), of every column and feature to the score: TreeSHAP plus the blend.

        They add up to the score, but for the trees' bias, which is the same for every item and left out.
        """
        columns = standard[: len(self.names), rows].T
        base = columns @ self.weights
        place = {row: at for at, row in enumerate(rows.tolist())}
        at = np.array([place[row] for row in shown], np.int64)
        matrix = self.features(history, columns, rows, base)[at]
        data = _xgboost().DMatrix(matrix, base_margin=np.zeros(len(at), np.float32), nthread=1)
        shares = np.zeros(matrix.shape, np.float32)
        for booster in self.boosters:
            shares += booster.predict(data, pred_contribs=True)[:, :-1] / len(self.boosters)
        shares[:, : len(self.names)] += columns[at] * self.weights
        names = (*self.names, *ITEM_AND_USER)
        parts: list[list[float]] = [row.tolist() for row in shares]
        return {row: dict(zip(names, of_row, strict=True)) for row, of_row in zip(shown, parts, strict=True)}

    def features(self, history: History, columns: Scores, rows: Rows, base: Scores) -> Scores:
        """(len(rows), n_columns + len(ITEM_AND_USER)) float32, from ``columns`` (len(rows), n_columns)."""
        n = len(self.names)
        matrix = np.empty((len(rows), n + len(ITEM_AND_USER)), np.float32)
        matrix[:, :n] = columns
        latest = history.rows[-RECENT:]
        years, known = self.year[latest], self.popularity[history.rows[-2 * RECENT :]]
        any_event = len(latest) > 0
        mean_year = float(years.mean()) if any_event else float(np.median(self.year))
        mainstream = float(known.mean()) if any_event else 0.0
        popularity, year = self.popularity[rows], self.year[rows]
        place = np.empty(len(rows), np.float32)
        place[np.argsort(-base, kind="stable")] = np.log1p(np.arange(len(rows), dtype=np.float32))
        time = history.time
        timed = any_event and bool(np.isfinite(time[-1]))
        values: tuple[Scores | float, ...] = (
            popularity,
            year,
            popularity - mainstream,
            np.abs(year - mean_year),
            year - (float(years[-1]) if any_event else mean_year),
            place,
            float(np.log1p(len(history))),
            mainstream,
            mean_year,
            float(years.std()) if any_event else 0.0,
            float(np.log1p((time[-1] - time > SESSION_GAP).sum())) if timed else 0.0,
            float((time == time[-1]).sum()) if timed else 0.0,
        )
        for at, value in enumerate(values):
            matrix[:, n + at] = value
        return matrix

    def save(self, folder: Path) -> None:
        """Trees, weights, and two numbers per item."""
        for n, model in enumerate(self.models):
            (folder / f"trees_{n}.ubj").write_bytes(model)
        arrays = {"weights": self.weights, "popularity": self.popularity, "year": self.year}
        files.write(folder, {"names": list(self.names)}, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote."""
        settings, arrays = files.read(folder)
        models = tuple(path.read_bytes() for path in sorted(folder.glob("trees*.ubj")))
        return cls(tuple(settings["names"]), arrays["weights"], arrays["popularity"], arrays["year"], models)

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """For a catalogue whose rows have moved; new items have no events."""
        popularity = np.zeros(len(features.year), np.float32)
        there = moved >= 0
        popularity[moved[there]] = self.popularity[there]
        return replace(self, popularity=popularity, year=_filled(features.year))


@dataclass(frozen=True, kw_only=True)
class Learning:
    """A learned stage and how it did."""

    stage: LearnedStage
    ndcg: float
    """On validation, over choices whose item the blend has among its candidates, as are all others (at 0)."""
    hit: float
    """Hit@10, likewise."""
    trees: int


def is_available() -> bool:
    """Whether the extra is installed."""
    try:
        _xgboost()
    except MissingExtraError:
        return False
    return True


Part = tuple[Sequence[Choice], ChoiceLists, Interactions]
"""Choices, the columns of their candidates, and the events that the scorers of these columns were fitted on."""


def learn(
    names: Sequence[str],
    weights: Scores,
    trained_on: Sequence[Part],
    validated_on: Part,
    features: ItemFeatures,
    config: LearnedConfig | None = None,
    *,
    report: Callable[[str], None] = lambda line: None,
) -> Learning:
    """Grow trees on past choices, stop where validation is best."""
    config = config or LearnedConfig()
    xgboost = _xgboost()
    later = LearnedStage(tuple(names), weights, _levels(validated_on[2]), _filled(features.year), ())
    narrowed, matrices = [], []
    for choices, part, fitted_on in trained_on:
        some, few = _narrowed(choices, part, weights, config)
        if some:
            narrowed.append(few)
            matrices.append(_matrix(replace(later, popularity=_levels(fitted_on)), some, few))
    held, held_base = _matrix(later, validated_on[0], validated_on[1])
    (best, best_hit), best_trees = held_out(held_base, validated_on[1]), 0
    if not narrowed:
        report(
            "learned stage: the blend has none of the past choices among its best, so there is nothing to learn from"
        )
        return Learning(stage=later, ndcg=best, hit=best_hit, trees=0)
    lists = joined(narrowed)
    train, base = (np.concatenate(of_parts) for of_parts in zip(*matrices, strict=True))
    shape = lists.rows.shape
    # 64 bins: finer splits gain nothing on standardised columns and cost time.
    bins = 64
    data = xgboost.QuantileDMatrix(train, base_margin=base.ravel(), nthread=config.threads, max_bin=bins)
    held_data = xgboost.DMatrix(held, base_margin=held_base.ravel(), nthread=config.threads)
    boosters = [
        xgboost.Booster(
            {
                "max_depth": config.depth,
                "eta": config.learning_rate,
                "subsample": config.row_share,
                "colsample_bytree": config.column_share,
                "reg_lambda": config.l2,
                "min_child_weight": config.least_hessian,
                "tree_method": "hist",
                "max_bin": bins,
                "nthread": config.threads,
                "base_score": 0.0,
                "seed": config.seed + bag,
            },
            [data, held_data],
        )
        for bag in range(config.bags)
    ]
    gradients = _listwise(lists)
    for tree in range(1, config.rounds + 1):
        for booster in boosters:
            booster.update(data, tree - 1, fobj=gradients)
        if tree % config.check_every:
            continue
        scores = np.zeros(held_base.shape, np.float32)
        for booster in boosters:
            scores += booster.predict(held_data, output_margin=True).reshape(held_base.shape) / np.float32(
                len(boosters)
            )
        reached, hit = held_out(scores, validated_on[1])
        if reached > best:
            best, best_hit, best_trees = reached, hit, tree
        elif tree - best_trees >= config.patience:
            break
    report(f"learned stage: nDCG@10 {best:.4f} with {config.bags} × {best_trees} trees on {shape[0]:,} choices")
    models = tuple(bytes(booster[:best_trees].save_raw("ubj")) for booster in boosters) if best_trees else ()
    return Learning(stage=replace(later, models=models), ndcg=best, hit=best_hit, trees=best_trees)


def _narrowed(
    choices: Sequence[Choice], lists: ChoiceLists, weights: Scores, config: LearnedConfig
) -> tuple[list[Choice], ChoiceLists]:
    """The best candidates under the blend, as it will be served, of the choices whose item is among them."""
    blend = np.where(lists.open, lists.columns @ weights, -np.inf)
    order = np.argsort(-blend, axis=1, kind="stable")[:, : config.candidates]
    place = (order == lists.chosen[:, None]).argmax(1)
    keep = np.flatnonzero((order == lists.chosen[:, None]).any(1) & lists.natural)[-config.most_choices :]
    narrowed = ChoiceLists(
        rows=np.take_along_axis(lists.rows, order, 1)[keep],
        columns=np.take_along_axis(lists.columns, order[:, :, None], 1)[keep],
        chosen=place[keep],
        natural=lists.natural[keep],
        open=np.take_along_axis(lists.open, order, 1)[keep],
    )
    return [choices[n] for n in keep.tolist()], narrowed


def _matrix(stage: LearnedStage, choices: Sequence[Choice], lists: ChoiceLists) -> tuple[Scores, Scores]:
    """(n_choices · n_candidates, n_features) and (n_choices, n_candidates) base scores."""
    base = np.asarray(lists.columns @ stage.weights, np.float32)
    # Items of the history have no place: they fill up the lists of a small catalogue and are never in one that is served.
    placed = np.where(lists.open, base, -np.inf).astype(np.float32)
    blocks = [
        stage.features(choice.history, lists.columns[n], lists.rows[n], placed[n]) for n, choice in enumerate(choices)
    ]
    return np.concatenate(blocks), base


def _listwise(lists: ChoiceLists) -> Callable[[NDArray[Any], object], tuple[Scores, Scores]]:
    """Gradient and second derivative of ``-log softmax(scores)[chosen]`` by score."""
    shape = lists.rows.shape
    picked = np.zeros(shape, np.float32)
    picked[np.arange(shape[0]), lists.chosen] = 1

    def gradients(scores: NDArray[Any], data: object) -> tuple[Scores, Scores]:
        logits = np.where(lists.open, scores.reshape(shape), -np.inf)
        share = np.exp(logits - logits.max(1, keepdims=True))
        share /= share.sum(1, keepdims=True)
        return (share - picked).ravel(), np.maximum(share * (1 - share), 1e-6).ravel()

    return gradients


def _levels(interactions: Interactions) -> Scores:
    return np.log1p(np.bincount(interactions.item, minlength=interactions.n_items)).astype(np.float32)


def _filled(year: NDArray[np.float64]) -> Scores:
    known = np.isfinite(year)
    return np.where(known, year, np.median(year[known]) if known.any() else 0).astype(np.float32)


def _xgboost() -> Any:
    try:
        import xgboost
    except ImportError as error:
        raise MissingExtraError("The learned stage of the ranking", "rank") from error
    return xgboost


def refreshed(stage: LearnedStage, interactions: Interactions) -> LearnedStage:
    """The same trees with item popularity from these events."""
    return replace(stage, popularity=_levels(interactions))
