"""A trained sequence model as one more column: what it reaches alone, and what it adds to the blend and to the trees.

    python -m benchmarks.sequence_model ml-latest-small --ties 0       (ml-100k, ml-latest-small, goodbooks)

The model is SASRec (Kang & McAuley 2018: causal self-attention over the items of a history, the inner product of its last
state with the items' vectors is their score), trained with the loss of gSASRec (Petrov & Macdonald 2023: binary
cross-entropy against many negatives, the positive's term tempered so that scores are calibrated for the share of items
that is sampled). Needs ``jax`` and ``optax``, which are in no extra: ``pip install jax optax``.

Protocol, as ``assistant fit`` has it: each user's last event, the test, is removed at once and never looked at; the last
of the others is what is validated on; the five before are earlier choices. A model is fitted on what came before the
earlier choices, and stops where nDCG@10 on those of every fourth user is best; settings are chosen by that, too. Another
with the chosen settings is fitted on all but the validated events, for as many epochs. On the earlier choices of the other
users weights of the blend are learned, and trees grown, with and without the model's column. Printed is nDCG@10 on
validation, full ranking, and the paired differences with their 95 % bootstrap intervals over users; for the blend also on
the earlier choices of users that its weights were not learned from, of which there are more. Trees stop on validation, with
the column and without, as they do in a fit.

``--every N`` is the number of epochs between looks, ``--patience`` how many looks without a better one end a training. One
thread is used; epochs are passes over windows of each history, cut at another place each time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.interactions import drop_last, history_of_rows
from assistant.scoring import choices as past
from assistant.scoring import ltr
from assistant.scoring.base import Interactions, Scores
from assistant.scoring.choices import Choice, ChoiceLists
from assistant.scoring.fit_table import FitRow
from assistant.scoring.grids import families
from assistant.scoring.selection import bests_of, last_choices, ranks_of, refitted
from benchmarks.films import show
from benchmarks.ranking_data import CORES, ROOT, Data, load
from benchmarks.sequence_training import SequenceConfig, SequenceModel, require_jax, trained
from evals.statistics import mean_interval

EARLIER = 5
"""Choices per user, before the validated one, that are learned from."""
STOPS_ON = 4
"""Every so many users' earlier choices tell when to stop; the others' are learned from."""
BARE_EVERY = 4
"""Every so many choices are learned from without times and ratings, as ``assistant fit`` does."""
FOLDS = 3
"""Of users, where weights are learned from earlier choices and looked at on others."""
CANDIDATES, SERVED = 400, 200
"""Candidates that the weights are learned on, and that the trees reorder."""

GRID = (
    SequenceConfig(),
    SequenceConfig(learning_rate=3e-3, dimensions=48),
    SequenceConfig(dropout=0.5, learning_rate=3e-3),
    SequenceConfig(dropout=0.5),
    SequenceConfig(dropout=0.5, blocks=2),
    SequenceConfig(dropout=0.5, dimensions=128),
)
"""Settings that are tried where none is given."""


def of_users(events: Interactions, kept: NDArray[np.bool_]) -> Interactions:
    """The events of some users; ``kept`` (n_users,)."""
    return events.where(kept[events.user])


def tuned(
    before: Interactions, choices: Sequence[Choice], grid: Sequence[SequenceConfig], options: argparse.Namespace
) -> tuple[SequenceModel, int]:
    """(model, epochs) of the setting with the best look."""
    histories_of = [choice.history for choice in choices]

    def look(model: SequenceModel) -> float:
        return float(past.ndcg(past.target_ranks(model.score_many(histories_of), choices)).mean())

    found = []
    for config in grid:
        print(f"{config}", flush=True)
        started = time.process_time()
        model, epochs, reached = trained(
            before, config, epochs=options.epochs, look=look, every=options.every, patience=options.patience
        )
        found.append((reached, epochs, model, time.process_time() - started))
    rows = [("settings", "nDCG@10, earlier choices", "epochs", "processor")]
    rows += [(str(m.config), f"{r:.4f}", str(e), f"{seconds:.0f} s") for r, e, m, seconds in found]
    show(f"settings, on {len(choices):,} earlier choices of every {STOPS_ON}th user", rows)
    _, epochs, model, _ = max(found, key=lambda entry: entry[0])
    return model, epochs


def columns_of(data: Data, train: Interactions, validation: Sequence[Choice]) -> tuple[list[Any], Scores, FitRow]:
    """The columns that a fit has, their say in which candidates are looked at, and the best single one's row."""
    columns: list[Any] = []
    strengths: list[float] = []
    rows = []
    for family in families(train, data.features, user_rows=False):
        row, best = max(bests_of(family, train, data.features, validation), key=lambda found: found[0].ndcg)
        related = family.columns(best)
        columns += related
        strengths += [row.ndcg / len(related)] * len(related)
        rows.append(row)
    guide = np.square(np.array(strengths, np.float32))
    return columns, np.asarray(guide / guide.sum(), np.float32), max(rows, key=lambda row: row.ndcg)


def by_trees(
    stage: ltr.LearnedStage, choices: Sequence[Choice], lists: ChoiceLists, n_items: int
) -> NDArray[np.float64]:
    """(n_choices,) nDCG@10 of the learned stage on candidates; an item outside them counts 0."""
    gains = np.zeros(len(choices))
    standard = np.zeros((len(stage.names), n_items), np.float32)
    for n, choice in enumerate(choices):
        rows = lists.rows[n][lists.open[n]]
        standard[:, rows] = lists.columns[n][lists.open[n]].T
        scores = stage.predict(choice.history, standard, rows)
        own = scores[rows == choice.target]
        rank = int((scores > own).sum()) + int((scores == own).sum() - 1) // 2
        gains[n] = past.ndcg(np.array([rank]))[0] * lists.natural[n]
    return gains


def on_earlier_choices(lists: ChoiceLists, users: NDArray[np.int64], n_columns: int) -> NDArray[np.float64]:
    """(n_choices,) nDCG@10 of the blend of the first columns, its weights learned from the choices of other users."""
    gains = np.zeros(len(users))
    for fold in range(FOLDS):
        tested = users // STOPS_ON % FOLDS == fold
        weights = past.fit_weights(_some(lists, ~tested, n_columns))
        part = _some(lists, tested, n_columns)
        scores = np.where(part.open, part.columns @ weights, -np.inf)
        own = scores[np.arange(len(scores)), part.chosen][:, None]
        ranks = (scores > own).sum(1) + ((scores == own).sum(1) - 1) // 2
        gains[tested] = past.ndcg(ranks) * part.natural
    return gains


def _some(lists: ChoiceLists, keep: NDArray[np.bool_], n_columns: int) -> ChoiceLists:
    return ChoiceLists(
        rows=lists.rows[keep],
        columns=lists.columns[keep][:, :, :n_columns],
        chosen=lists.chosen[keep],
        natural=lists.natural[keep],
        open=lists.open[keep],
    )


def compared(data: Data, given: Interactions, earlier: SequenceModel, later: SequenceModel) -> None:
    """Print what the model reaches and adds; ``earlier`` was fitted before the earlier choices, ``later`` on ``train``."""
    train, before = drop_last(given, 1), drop_last(given, 1 + EARLIER)
    validation = last_choices(given, 1, 1)
    users: list[int] = []
    taken: list[Choice] = []
    for user in range(len(given.user_ids)):
        if user % STOPS_ON:
            of_user = last_choices(of_users(given, np.arange(len(given.user_ids)) == user), 2, EARLIER)
            users += [user] * len(of_user)
            taken += of_user
    bare = np.arange(len(taken)) % BARE_EVERY == 0
    taken = [
        replace(choice, history=history_of_rows(choice.history.rows.tolist())) if is_bare else choice
        for choice, is_bare in zip(taken, bare.tolist(), strict=True)
    ]
    columns, guide, single = columns_of(data, train, validation)
    fitted_before: list[Any] = [*refitted(columns, before, data.features), earlier]
    lists = past.choice_lists(
        fitted_before,
        taken,
        np.append(guide, np.float32(0)),
        candidates=min(CANDIDATES, given.n_items),
    )
    gains: dict[str, NDArray[np.float64]] = {}
    for label, some in (("without", columns), ("with", [*columns, later])):
        names = [scorer.name for scorer in some]
        part = replace(lists, columns=lists.columns[:, :, : len(some)])
        weights = past.fit_weights(part)
        held = past.choice_lists(some, validation, weights, candidates=min(SERVED, given.n_items))
        stage = ltr.learn(names, weights, [(taken, part, before)], (validation, held, train), data.features).stage
        gains[f"blend {label}"] = past.ndcg(ranks_of(some, weights, validation))
        gains[f"trees {label}"] = by_trees(stage, validation, held, given.n_items)
        if label == "with":
            print(f"weight of the model's column {weights[-1]:.3f} of {weights.sum():.3f} in all")
    only: list[Any] = [later]
    alone = past.ndcg(ranks_of(only, np.ones(1, np.float32), validation))
    by_user = np.array(users)
    without = on_earlier_choices(lists, by_user, len(columns))[~bare]
    added = on_earlier_choices(lists, by_user, len(columns) + 1)[~bare]
    rows = [("", "without the model", "with it", "difference [95 %]")]
    rows.append(("blend, earlier choices of other users", *_beside(without, added, by_user[~bare].tolist())))
    for label in ("blend", "trees"):
        rows.append((f"{label}, validation", *_beside(gains[f"{label} without"], gains[f"{label} with"])))
    show(f"{data.name}: nDCG@10, {len(without):,} earlier choices, {len(validation):,} users on validation", rows)
    print(f"the model alone {alone.mean():.4f}; the best single column, {single.name}, {single.ndcg:.4f}")


def _beside(
    without: NDArray[np.float64], added: NDArray[np.float64], users: Sequence[int] | None = None
) -> tuple[str, str, str]:
    found = mean_interval(added - without, users)
    assert found is not None
    interval = f"{found.estimate:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
    return f"{without.mean():.4f}", f"{added.mean():.4f}", interval


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=sorted(CORES))
    parser.add_argument("--ties", type=int, help="seed of a shuffle of events of the same second; else file order")
    parser.add_argument("--epochs", type=int, default=300, help="at most")
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--patience", type=int, default=5)
    parser.add_argument("--settings", type=int, default=len(GRID), help="how many settings are tried, from the first")
    for field in fields(SequenceConfig):
        if field.name != "seed":
            name = f"--{field.name.replace('_', '-')}"
            parser.add_argument(name, type=type(field.default), help="one setting instead of several")
    options = parser.parse_args()
    if not (ROOT / options.dataset).is_dir():
        raise SystemExit(f"This needs the shared set {options.dataset}.")
    require_jax()
    given_settings = {
        field.name: getattr(options, field.name)
        for field in fields(SequenceConfig)
        if getattr(options, field.name, None) is not None
    }
    data = load(options.dataset, ties=options.ties)
    given = drop_last(data.interactions, 1)  # the test is gone from here on
    before = drop_last(given, 1 + EARLIER)
    stops_on = last_choices(of_users(given, np.arange(len(given.user_ids)) % STOPS_ON == 0), 2, EARLIER)
    earlier, epochs = tuned(
        before, stops_on, [SequenceConfig(**given_settings)] if given_settings else GRID[: options.settings], options
    )
    print(f"taken: {earlier.config}, {epochs} epochs", flush=True)
    later, _, _ = trained(drop_last(given, 1), earlier.config, epochs=epochs)
    compared(data, given, earlier, later)


if __name__ == "__main__":
    main()
