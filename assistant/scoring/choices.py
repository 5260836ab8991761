"""Past choices as training data for blends: what a user chose next, against what they could have chosen.

A choice is taken with scorers that were fitted on what came before it, so that no scorer has seen the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.scoring.base import History, Rows, Scorer, Scores


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A history, and the item that came next."""

    history: History
    target: int
    seen: Rows | None = None
    """Rows that are no candidates, where they are more than the history's."""


@dataclass(frozen=True, kw_only=True)
class ChoiceLists:
    """Columns of the candidates of many choices."""

    rows: Rows
    """(n_choices, n_candidates) catalogue rows."""
    columns: Scores
    """(n_choices, n_candidates, n_columns) float32, standardised over the whole catalogue per history."""
    chosen: Rows
    """(n_choices,) where in ``rows`` the chosen item is."""
    natural: NDArray[np.bool_]
    """(n_choices,) whether it is there by its own strength; else it took the place of the last candidate."""
    open: NDArray[np.bool_]
    """(n_choices, n_candidates) false for items of the history, which fill up the list in a small catalogue."""


def joined(parts: Sequence[ChoiceLists]) -> ChoiceLists:
    """The choices of all parts, which have as many candidates and columns."""
    return ChoiceLists(
        rows=np.concatenate([part.rows for part in parts]),
        columns=np.concatenate([part.columns for part in parts]),
        chosen=np.concatenate([part.chosen for part in parts]),
        natural=np.concatenate([part.natural for part in parts]),
        open=np.concatenate([part.open for part in parts]),
    )


def column_cube(scorers: Sequence[Scorer], histories: Sequence[History]) -> Scores:
    """(n_columns, n_histories, n_items) float32: every scorer on every history."""
    return np.stack([score_many(scorer, histories) for scorer in scorers])


def score_many(scorer: Scorer, histories: Sequence[History]) -> Scores:
    """(len(histories), n_items): at once where the scorer can, else one by one."""
    many = getattr(scorer, "score_many", None)
    if many is not None:
        return np.asarray(many(histories), np.float32)
    return np.stack([scorer.score(history) for history in histories])


def standardised(columns: Scores) -> Scores:
    """(..., n_items): less the mean over items, by the standard deviation; a constant column becomes zeros."""
    size = np.maximum(columns.max(-1, keepdims=True), -columns.min(-1, keepdims=True))
    standard = np.asarray(columns - columns.mean(-1, keepdims=True), np.float32)
    spread = np.sqrt(np.square(standard).mean(-1, keepdims=True))
    standard *= np.where(spread > 1e-6 * size, 1 / np.maximum(spread, 1e-30), 0)
    return standard


def target_ranks(scores: Scores, choices: Sequence[Choice]) -> NDArray[np.int64]:
    """(n_choices,): the rank from 0 of each target among all items outside its history; ties count half.

    ``scores`` (n_choices, n_items). Full ranking, nothing sampled.
    """
    ranks = np.empty(len(choices), np.int64)
    for n, choice in enumerate(choices):
        row = scores[n].astype(np.float64)
        own = row[choice.target]
        row[choice.history.rows] = -np.inf
        row[choice.target] = own
        ranks[n] = int((row > own).sum()) + int((row == own).sum() - 1) // 2
    return ranks


def ndcg(ranks: NDArray[np.int64], k: int = 10) -> NDArray[np.float64]:
    """(n,) nDCG@k with one relevant item: ``1 / log2(rank + 2)`` for ranks (from 0) below k, else 0."""
    return np.where(ranks < k, 1 / np.log2(ranks + 2.0), 0.0)


def choice_lists(
    scorers: Sequence[Scorer], choices: Sequence[Choice], guide: Scores, *, candidates: int, chunk: int = 256
) -> ChoiceLists:
    """The ``candidates`` best items of each choice under the weights ``guide`` (n_columns,), the chosen one among them."""
    all_rows, all_columns, chosen, natural, free = [], [], [], [], []
    for start in range(0, len(choices), chunk):
        part = choices[start : start + chunk]
        standard = standardised(column_cube(scorers, [choice.history for choice in part]))
        blend = np.einsum("c,cqn->qn", guide, standard)
        for n, choice in enumerate(part):
            seen = np.setdiff1d(choice.history.rows if choice.seen is None else choice.seen, [choice.target])
            blend[n, seen] = -np.inf
            top = np.argpartition(-blend[n], candidates - 1)[:candidates]
            top = top[np.argsort(-blend[n, top], kind="stable")]
            natural.append(choice.target in top)
            if not natural[-1]:
                top[-1] = choice.target
            all_rows.append(top)
            free.append(np.isfinite(blend[n, top]))
            all_columns.append(standard[:, n, top].T)
            chosen.append(int(np.flatnonzero(top == choice.target)[0]))
    return ChoiceLists(
        rows=np.array(all_rows, np.int64),
        columns=np.array(all_columns, np.float32),
        chosen=np.array(chosen, np.int64),
        natural=np.array(natural, bool),
        open=np.array(free, bool),
    )


CLEARLY = 1.1
"""How much better in nDCG weights learned from some of the choices must do to be taken."""


def _some(lists: ChoiceLists, keep: NDArray[np.bool_]) -> ChoiceLists:
    return ChoiceLists(
        rows=lists.rows[keep],
        columns=lists.columns[keep],
        chosen=lists.chosen[keep],
        natural=lists.natural[keep],
        open=lists.open[keep],
    )


def fit_weights(lists: ChoiceLists, *, ridge: float = 1e-3, start: Scores | None = None) -> Scores:
    """(n_columns,) non-negative weights that make past choices most likely.

    Maximises the mean log-likelihood of the conditional logit (McFadden 1974), ``log softmax(columns · w)[chosen]``,
    less ``ridge · |w|²``; convex, by L-BFGS-B. Non-negative, so that no scorer is turned against itself by chance.

    A chosen item that took the place of the last candidate is the worst of its list by construction: of such choices
    weights learn to distrust the columns that made the list. A few tell what the columns miss. Many spoil the weights, so
    they are also learned without them, which is sound, as the other candidates were taken without a look at what was chosen;
    and that is what counts where it ranks the choices clearly better.
    """
    weights = _most_likely(lists, ridge, start)
    if not lists.natural.any() or lists.natural.all():
        return weights
    without = _most_likely(_some(lists, lists.natural), ridge, start)
    reached, _ = held_out(lists.columns @ weights, lists)
    reached_without, _ = held_out(lists.columns @ without, lists)
    return without if reached_without > CLEARLY * reached else weights


def held_out(scores: Scores, lists: ChoiceLists) -> tuple[float, float]:
    """Mean nDCG@10 and hit@10 of (n_choices, n_candidates) scores; an item outside the candidates counts 0."""
    scores = np.where(lists.open, scores, -np.inf)
    own = scores[np.arange(len(scores)), lists.chosen][:, None]
    ranks = (scores > own).sum(1) + ((scores == own).sum(1) - 1) // 2
    return float((ndcg(ranks) * lists.natural).mean()), float(((ranks < 10) & lists.natural).mean())


def _most_likely(lists: ChoiceLists, ridge: float, start: Scores | None) -> Scores:
    from scipy import optimize  # takes half a second to import, and serving does without

    columns, chosen = lists.columns, lists.chosen
    n, _, n_columns = columns.shape
    at, closed = np.arange(n), ~lists.open
    picked = columns[at, chosen]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = (columns @ weights.astype(np.float32)).astype(np.float64)
        logits[closed] = -np.inf
        logits -= logits.max(1, keepdims=True)
        exponent = np.exp(logits)
        total = exponent.sum(1, keepdims=True)
        likelihood = logits[at, chosen] - np.log(total[:, 0])
        expected = ((exponent / total).astype(np.float32)[:, None, :] @ columns)[:, 0]
        gradient = (expected - picked).mean(0, dtype=np.float64) + 2 * ridge * weights
        return -float(likelihood.mean()) + ridge * float(weights @ weights), gradient

    first = np.full(n_columns, 0.3) if start is None else start.astype(np.float64)
    found = optimize.minimize(loss, first, jac=True, method="L-BFGS-B", bounds=[(0, None)] * n_columns)
    return np.asarray(found.x, np.float32)
