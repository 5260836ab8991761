"""What the relevance evaluation compares: systems by name, each fitted on the training part it is handed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from assistant.errors import UnknownNameError, did_you_mean
from assistant.scoring.base import History, Interactions, ItemFeatures, Scores
from evals.errors import EvaluationError

if TYPE_CHECKING:
    from assistant.ranking import Ranker

ALWAYS = ("popularity", "random")
"""In every table, whatever was asked for: a figure means little without them."""
DEFAULT = "default"
TUNED = "tuned"
"""``tuned-NAME``: a classical recommender whose settings were chosen on the training part; alone: all of them."""


class Fitted(Protocol):
    """A system after fitting."""

    def score(self, history: History) -> Scores:
        """(n_items,) finite scores, bigger is better."""
        ...


System = Callable[[Interactions, ItemFeatures], Fitted]
"""Fits on events and item features, and on nothing else."""


@dataclass
class RandomOrder:
    """Every item in random order, another for each user; the same in every run."""

    seed: int = 0
    n_items: int = 0

    def fit(self, interactions: Interactions, features: ItemFeatures) -> RandomOrder:
        """Remember how many items there are."""
        return replace(self, n_items=interactions.n_items)

    def score(self, history: History) -> Scores:
        """Depends on the items of the history, as nothing else tells users apart."""
        seed = [self.seed, len(history), *history.rows.tolist()]
        return np.random.default_rng(seed).random(self.n_items).astype(np.float32)


def scorer_classes() -> dict[str, type[Any]]:
    """Every scorer of ``assistant.scoring``, by its kind."""
    import assistant.scoring as package

    found: dict[str, type[Any]] = {}
    for module in pkgutil.iter_modules(package.__path__):
        for value in vars(importlib.import_module(f"{package.__name__}.{module.name}")).values():
            kind = getattr(value, "kind", None)
            if (
                isinstance(value, type)
                and is_dataclass(value)
                and isinstance(kind, str)
                and kind
                and hasattr(value, "fit")
            ):
                found[kind] = value
    return dict(sorted(found.items()))


def _typed(name: str, text: str, example: object) -> object:
    try:
        if isinstance(example, bool):
            return {"true": True, "false": False}[text.lower()]
        return type(example)(text) if isinstance(example, (int, float, str)) else text
    except (ValueError, KeyError) as error:
        raise EvaluationError(f"{name}={text!r} is not a {type(example).__name__}.") from error


def _configured(scorer: Any, settings: Mapping[str, str]) -> Any:
    """A scorer with settings changed; those of its ``weighting`` may be named directly."""
    own = {f.name for f in fields(scorer) if f.repr and isinstance(getattr(scorer, f.name), (bool, int, float, str))}
    weighting = getattr(scorer, "weighting", None)
    nested = {f.name for f in fields(weighting)} if is_dataclass(weighting) else set()
    for name, text in settings.items():
        if name in own:
            scorer = replace(scorer, **{name: _typed(name, text, getattr(scorer, name))})
        elif name in nested:
            weighting = replace(weighting, **{name: _typed(name, text, getattr(weighting, name))})  # type: ignore[type-var]  # it is a dataclass where ``nested`` has names
            scorer = replace(scorer, weighting=weighting)
        else:
            known = sorted(own | nested)
            raise UnknownNameError(
                f"The scorer {scorer.kind!r} has no setting {name!r}.{did_you_mean(name, known)} It has: {', '.join(known)}."
            )
    return scorer


def make_system(spec: str) -> System:
    """A system from ``NAME`` or ``NAME:setting=value:setting=value``.

    ``default`` is what ``assistant fit`` makes, ``random`` a random order, ``tuned-NAME`` a classical recommender with its
    settings chosen on the training part, every other name a scorer. Raises ``UnknownNameError``.
    """
    name, *settings = spec.split(":")
    if bad := [part for part in settings if "=" not in part]:
        raise EvaluationError(f"{bad[0]!r} in {spec!r} is not of the form setting=value.")
    given = dict(part.split("=", 1) for part in settings)
    if name == DEFAULT:
        return _default
    if name == "random":
        return RandomOrder(seed=int(given.get("seed", 0))).fit
    if name.startswith(f"{TUNED}-"):
        return _tuned(name.removeprefix(f"{TUNED}-"))
    classes = scorer_classes()
    if name not in classes:
        known = [DEFAULT, "random", TUNED, *classes]
        raise UnknownNameError(
            f"There is no system {name!r}.{did_you_mean(name, known)} There are: {', '.join(known)}."
        )
    scorer = _configured(classes[name](), given)

    def fit(interactions: Interactions, features: ItemFeatures) -> Fitted:
        fitted: Fitted = replace(scorer).fit(interactions, features)
        return fitted

    return fit


def make_systems(specs: Sequence[str]) -> dict[str, System]:
    """Systems by name, popularity and random always among them; ``tuned`` stands for every classical recommender."""
    from assistant.scoring.baselines import available

    wanted = [name for spec in specs for name in ([f"{TUNED}-{n}" for n in available()] if spec == TUNED else [spec])]
    return {spec: make_system(spec) for spec in dict.fromkeys((*wanted, *ALWAYS))}


@dataclass
class _Ranked:
    """A ranker as the evaluation asks it: no request, every item."""

    ranker: Ranker

    def score(self, history: History) -> Scores:
        return self.ranker.score_all(history)


def _default(interactions: Interactions, features: ItemFeatures) -> Fitted:
    """What ``assistant fit`` chooses, chosen on this training part alone."""
    from assistant.scoring.selection import select_and_fit

    ranker, _ = select_and_fit(interactions, features)
    return _Ranked(ranker)


def _tuned(name: str) -> System:
    from assistant.scoring.baselines import NAMES, tuned

    if name not in NAMES:
        raise UnknownNameError(
            f"There is no baseline {name!r}.{did_you_mean(name, NAMES)} There are: {', '.join(NAMES)}."
        )

    def fit(interactions: Interactions, features: ItemFeatures) -> Fitted:
        return tuned(name, interactions, features)[1]

    return fit
