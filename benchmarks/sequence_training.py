"""SASRec with the loss of gSASRec: the model that ``benchmarks.sequence_model`` measures. Needs ``jax`` and ``optax``.

Beside the papers' model every item has a level that is added to its score, and starts at the logarithm of its share of the
events: without it popularity has to be learned first, and training takes several times as many epochs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.interactions import first_events, histories
from assistant.scoring.base import History, Interactions, Rows, Scores

Parameters = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SequenceConfig:
    """What the model is and how it is trained."""

    dimensions: int = 64
    blocks: int = 1
    dropout: float = 0.2
    learning_rate: float = 1e-3
    """Of Adam, after a linear warm-up over the first 200 steps."""
    length: int = 100
    """Latest events of a history that it reads."""
    batch: int = 32
    """Windows a step."""
    negatives: int = 256
    """Items sampled a step, uniformly; the same for every place of the batch."""
    calibration: float = 0.75
    """gSASRec's ``t``: from 0 (plain binary cross-entropy) to 1 (as if every other item were a negative)."""
    seed: int = 0

    def __str__(self) -> str:
        return (
            f"{self.dimensions} dimensions, {self.blocks} block{'s' if self.blocks > 1 else ''}, "
            f"dropout {self.dropout:g}, rate {self.learning_rate:g}"
        )


@dataclass(frozen=True, kw_only=True)
class SequenceModel:
    """A trained model as a column: the part of ``Scorer`` that a comparison needs."""

    config: SequenceConfig
    n_items: int
    parameters: Parameters
    name: str = "sequence"

    def score_many(self, histories: Sequence[History]) -> Scores:
        """(len(histories), n_items) float32; zeros where a history is empty."""
        scores = np.zeros((len(histories), self.n_items), np.float32)
        for start in range(0, len(histories), 64):
            part = [history.rows[-self.config.length :] for history in histories[start : start + 64]]
            read = np.full((64, self.config.length), self.n_items, np.int32)
            for n, rows in enumerate(part):
                read[n, self.config.length - len(rows) :] = rows
            found = np.asarray(_scores(self.config)(self.parameters, read))[: len(part)]
            scores[start : start + len(part)] = np.where([[len(rows) > 0] for rows in part], found, 0)
        return scores


def require_jax() -> Any:
    """``jax``, on one thread; ends the program, saying what to install, where it is not there."""
    # One thread, so that the cost is what it says; read when jax starts.
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    try:
        import jax  # type: ignore[import-not-found, unused-ignore]  # it is in no extra
    except ImportError as error:
        raise SystemExit(
            "Training a sequence model needs jax and optax, which are in no extra of this package. "
            "Install them with: pip install jax optax"
        ) from error
    return jax


def _optimiser(config: SequenceConfig) -> Any:
    try:
        import optax  # type: ignore[import-not-found, unused-ignore]  # it is in no extra
    except ImportError as error:
        raise SystemExit("Training a sequence model needs optax. Install it with: pip install optax") from error
    return optax.adam(optax.linear_schedule(0.0, config.learning_rate, 200))


def _states(config: SequenceConfig, parameters: Parameters, read: Any, key: Any = None) -> Any:
    """(batch, length, dimensions): the state after each item of ``read``; with a ``key``, parts are dropped."""
    jax = require_jax()
    jnp, width = jax.numpy, config.dimensions
    n_items = parameters["items"].shape[0] - 1
    there = read < n_items
    keys = iter(jax.random.split(key, 1 + 2 * config.blocks) if key is not None else ())

    def dropped(values: Any) -> Any:
        if key is None or not config.dropout:
            return values
        kept = jax.random.bernoulli(next(keys), 1 - config.dropout, values.shape)
        return jnp.where(kept, values / (1 - config.dropout), 0)

    def normalised(values: Any, scale: Any) -> Any:
        centred = values - values.mean(-1, keepdims=True)
        return scale * centred / jnp.sqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-6)

    state = dropped(parameters["items"][read] * np.sqrt(width) + parameters["places"]) * there[..., None]
    before = jnp.tril(jnp.ones((config.length, config.length), bool)) & there[:, None, :]
    for block in parameters["blocks"]:
        query = normalised(state, block["scale_attention"])
        match = (query @ block["query"]) @ jnp.swapaxes(state @ block["key"], -1, -2) / np.sqrt(width)
        attention = jax.nn.softmax(jnp.where(before, match, -1e9), -1)
        state = state + dropped(attention @ (state @ block["value"]))
        inner = jax.nn.relu(normalised(state, block["scale_inner"]) @ block["inner"] + block["inner_bias"])
        state = (state + dropped(inner @ block["outer"] + block["outer_bias"])) * there[..., None]
    return normalised(state, parameters["scale"])


_SCORES: dict[SequenceConfig, Callable[..., Any]] = {}


def _scores(config: SequenceConfig) -> Callable[..., Any]:
    """Compiled once per configuration: (parameters, read) to (batch, n_items)."""
    if config not in _SCORES:
        _SCORES[config] = require_jax().jit(
            lambda parameters, read: (
                _states(config, parameters, read)[:, -1] @ parameters["items"][:-1].T + parameters["levels"]
            )
        )
    return _SCORES[config]


def _step(config: SequenceConfig, n_items: int) -> tuple[Any, Callable[..., Any]]:
    jax = require_jax()
    jnp, optimiser = jax.numpy, _optimiser(config)
    sampled = config.negatives / (n_items - 1)
    tempered = sampled * ((1 - 1 / sampled) * config.calibration + 1 / sampled)

    def loss(parameters: Parameters, windows: Any, negatives: Any, key: Any) -> Any:
        read, following = windows[:, :-1], windows[:, 1:]
        counted = (read < n_items) & (following < n_items)
        state = _states(config, parameters, read, key)
        right = (state * parameters["items"][following]).sum(-1) + parameters["levels"][following]
        wrong = state @ parameters["items"][negatives].T + parameters["levels"][negatives]
        wrong = jnp.where(following[..., None] == negatives, -1e4, wrong)
        terms = jax.nn.softplus(wrong).sum(-1) - tempered * jax.nn.log_sigmoid(right)
        return (terms * counted).sum() / counted.sum()

    def step(parameters: Parameters, memory: Any, windows: Any, negatives: Any, key: Any) -> tuple[Any, Any, Any]:
        reached, gradient = jax.value_and_grad(loss)(parameters, windows, negatives, key)
        change, memory = optimiser.update(gradient, memory)
        return jax.tree.map(lambda value, by: value + by, parameters, change), memory, reached

    return optimiser, jax.jit(step)


def _first_parameters(config: SequenceConfig, events: Interactions) -> Parameters:
    dice, width = np.random.default_rng(config.seed), config.dimensions

    def normal(*shape: int, spread: float) -> NDArray[np.float32]:
        return dice.normal(0, spread, shape).astype(np.float32)

    items = normal(events.n_items + 1, width, spread=width**-0.5)
    blocks = [
        {
            **{name: normal(width, width, spread=width**-0.5) for name in ("query", "key", "value", "inner", "outer")},
            **{name: np.zeros(width, np.float32) for name in ("inner_bias", "outer_bias")},
            **{name: np.ones(width, np.float32) for name in ("scale_attention", "scale_inner")},
        }
        for _ in range(config.blocks)
    ]
    places = normal(config.length, width, spread=0.02)
    share = (np.bincount(events.item, minlength=events.n_items) + 1.0) / (len(events.item) + events.n_items)
    return {
        "items": items,
        "levels": np.log(share).astype(np.float32),
        "places": places,
        "blocks": blocks,
        "scale": np.full(width, width**-0.25, np.float32),
    }


def _windows(
    sequences: Sequence[Rows], config: SequenceConfig, n_items: int, dice: np.random.Generator
) -> NDArray[np.int32]:
    """(n_windows, length + 1) int32, padded in front with ``n_items``: every history, cut at another place each time."""
    cut: list[Rows] = []
    for rows in sequences:
        ends = np.arange(len(rows) - int(dice.integers(0, min(config.length, len(rows) - 1))), 1, -config.length)
        cut += [rows[max(0, end - config.length - 1) : end] for end in {len(rows), *ends.tolist()}]
    windows = np.full((len(cut), config.length + 1), n_items, np.int32)
    for n, rows in enumerate(cut):
        windows[n, config.length + 1 - len(rows) :] = rows
    return windows


def trained(
    events: Interactions,
    config: SequenceConfig,
    *,
    epochs: int,
    look: Callable[[SequenceModel], float] | None = None,
    every: int = 10,
    patience: int = 10,
) -> tuple[SequenceModel, int, float]:
    """The model at its best look, or after ``epochs`` without ``look``; how many epochs that took; what the look gave."""
    jax = require_jax()
    events, dice = first_events(events), np.random.default_rng(config.seed)
    sequences = [history.rows for history in histories(events) if len(history) > 1]
    optimiser, step = _step(config, events.n_items)
    parameters = jax.tree.map(jax.numpy.asarray, _first_parameters(config, events))
    memory, key = optimiser.init(parameters), jax.random.key(config.seed, impl="unsafe_rbg")
    best, best_epoch, best_reached = parameters, 0, -1.0
    reached, started = 0.0, time.process_time()
    for epoch in range(1, epochs + 1):
        windows = _windows(sequences, config, events.n_items, dice)
        order = dice.permutation(len(windows))
        for start in range(0, len(order) - config.batch + 1, config.batch):
            key, dropping = jax.random.split(key)
            negatives = dice.integers(0, events.n_items, config.negatives).astype(np.int32)
            batch = windows[order[start : start + config.batch]]
            parameters, memory, reached = step(parameters, memory, batch, negatives, dropping)
        if look is None or epoch % every:
            continue
        found = look(SequenceModel(config=config, n_items=events.n_items, parameters=parameters))
        print(
            f"  epoch {epoch}: loss {float(reached):.3f}, nDCG@10 {found:.4f}, {time.process_time() - started:.0f} s",
            flush=True,
        )
        if found > best_reached:
            best, best_epoch, best_reached = parameters, epoch, found
        elif epoch - best_epoch >= every * patience:
            break
    if look is None:
        best, best_epoch = parameters, epochs
    return SequenceModel(config=config, n_items=events.n_items, parameters=best), best_epoch, best_reached
