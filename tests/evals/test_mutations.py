"""The checks of the metrics notice plausible bugs: each is put into a metric's source, and its check must fail."""

from __future__ import annotations

import importlib
import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

CHECKS = runpy.run_path(str(Path(__file__).with_name("metric_checks.py")))["CHECKS"]

SKIP_DUPLICATES = ("0.0 if item in taken else ", "")
NONE_TO_ONE = ("return None", "return 1.0")
NONE_TO_ZERO = ("return None", "return 0.0")
OFF_BY_ONE_CUT = ("ranking[:k]", "ranking[: k + 1]")

# metric -> (module, [(what is wrong, old, new), …])
MUTATIONS: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "ndcg": (
        "ndcg",
        [
            ("discount from 1 / log2(i + 2)", "log2(i + 1) for i, gain in enumerate(shown, 1)", "log2(i + 2) for i, gain in enumerate(shown, 1)"),
            ("ideal list not cut at k", "[:k]", ""),
            ("ideal list in the order given", "sorted(gains.values(), reverse=True)", "list(gains.values())"),
            ("ideal from the ranking only", "sorted(gains.values(), reverse=True)", "sorted(shown, reverse=True)"),
            ("binary gains", "return sum(gain /", "return sum((gain > 0) /"),
            ("empty is 1", *NONE_TO_ONE),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "recall": (
        "recall",
        [
            ("capped at k", "/ relevant", "/ min(relevant, k)"),
            ("divides by k", "/ relevant", "/ k"),
            ("counts judged items of gain 0", "gain > 0", "gain >= 0"),
            ("sums gains", "sum(gain > 0 for gain in", "sum(gain for gain in"),
            ("empty is 1", *NONE_TO_ONE),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "precision": (
        "precision",
        [
            ("a short list is excused", "/ k", "/ max(1, min(k, len(ranking)))"),
            ("divides by the relevant", "/ k", "/ relevant_count(gains)"),
            ("counts judged items of gain 0", "gain > 0", "gain >= 0"),
            ("empty is 1", *NONE_TO_ONE),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "reciprocal_rank": (
        "reciprocal_rank",
        [
            ("positions from 0", "return 1 / position", "return 1 / (position + 1)"),
            ("any judged item counts", "if gain > 0", "if gain >= 0"),
            ("a miss is not defined", "return 0.0", "return None"),
            ("not cut at k", "gains_by_position(ranking, gains, k)", "gains_by_position(ranking, gains, len(ranking) or 1)"),
            ("empty is 1", *NONE_TO_ONE),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "average_precision": (
        "average_precision",
        [
            ("hits counted after", "            hits += 1\n            total += hits / position", "            total += hits / position\n            hits += 1"),
            ("capped at k", "/ relevant", "/ min(relevant, k)"),
            ("mean over the hits found", "/ relevant", "/ max(1, hits)"),
            ("any judged item counts", "if gain > 0", "if gain >= 0"),
            ("empty is 1", *NONE_TO_ONE),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "hit_rate": (
        "hit_rate",
        [
            ("counts hits", "float(any(", "float(sum("),
            ("needs all", "any(", "all("),
            ("any judged item counts", "any(gain > 0", "any(gain >= 0"),
            ("empty is 1", *NONE_TO_ONE),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "catalogue_coverage": (
        "coverage",
        [
            ("counts an item more than once", "len({item for ranking in lists for item in ranking[:k]})", "len([item for ranking in lists for item in ranking[:k]])"),
            ("not cut at k", "ranking[:k]", "ranking"),
            ("off by one in the cut", *OFF_BY_ONE_CUT),
            ("empty is 1", *NONE_TO_ONE),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "gini": (
        "gini",
        [
            ("not sorted", "sorted(exposures)", "list(exposures)"),
            ("descending", "sorted(exposures)", "sorted(exposures, reverse=True)"),
            ("off by one", "2 * i - n - 1", "2 * i - n"),
            ("not by n", "(n * total)", "total"),
            ("items never shown left out", "sorted(exposures)", "sorted(x for x in exposures if x)"),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "intra_list_diversity": (
        "diversity",
        [
            ("pairs with themselves", "(float(total @ total) - n) / (n * (n - 1))", "float(total @ total) / (n * n)"),
            ("similarity for diversity", "return 1 - cosines", "return cosines"),
            ("not normalised", "chosen[norms > 0] / norms[norms > 0, None]", "chosen[norms > 0]"),
            ("unknown vectors count", "known = chosen[norms > 0] / norms[norms > 0, None]", "known = chosen / np.maximum(norms, 1e-9)[:, None]"),
            ("not cut at k", "ranking[:k]", "ranking"),
            ("one item is diverse", *NONE_TO_ONE),
            ("one item is uniform", *NONE_TO_ZERO),
        ],
    ),
    "novelty": (
        "novelty",
        [
            ("popularity for novelty", "-log2", "log2"),
            ("no smoothing above", "users_of.get(item, 0) + 1", "max(1, users_of.get(item, 0))"),
            ("no smoothing below", "n_users + 1", "n_users"),
            ("divides by k", "/ len(shown)", "/ k"),
            ("not cut at k", "ranking[:k]", "ranking"),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "average_popularity": (
        "average_popularity",
        [
            ("unknown items skipped", "users_of.get(item, 0) for item in shown) / len(shown)", "users_of[item] for item in shown if item in users_of) / sum(item in users_of for item in shown)"),
            ("divides by k", "/ len(shown)", "/ k"),
            ("not cut at k", "ranking[:k]", "ranking"),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "calibration": (
        "calibration",
        [
            ("the divergence the other way", "p = _distribution(history)\n    q = _distribution(ranking[:k])", "q = _distribution(history)\n    p = _distribution(ranking[:k])"),
            ("labels not shared", "1 / len(labels)", "1"),
            ("not smoothed alike", "SMOOTHING * share)", "SMOOTHING)"),
            ("not cut at k", "ranking[:k]", "ranking"),
            ("natural logarithm", "log2(share", "__import__('math').log(share"),
            ("empty is 0", *NONE_TO_ZERO),
        ],
    ),
    "exposure": (
        "exposure",
        [
            ("discount off by one", "log2(position + 1)", "log2(position + 2)"),
            ("no discount", "1 / log2(position + 1)", "1"),
            ("not cut at k", "ranking[:k]", "ranking"),
            ("the last list wins", "shown.get(item, 0.0) + ", ""),
        ],
    ),
    "exposure_by_group": (
        "exposure",
        [
            ("unknown items count", "for item, value in exposures.items() if item in group_of", "for item, value in exposures.items()"),
            ("share of the shown items", "size[group] += 1", "size[group] += item in exposures"),
            ("not divided", "got[group] / total", "got[group]"),
            ("empty is nothing", "return None", "return {}"),
        ],
    ),
    "by_group": (
        "groups",
        [
            ("missing values are 0", "if value is not None:\n            members.setdefault(group, []).append(value)", "members.setdefault(group, []).append(value or 0.0)"),
            ("divides by all", "sum(found) / len(found)", "sum(found) / len(values)"),
            ("ratio the other way", "ratio=low / high if high > 0 else None", "ratio=high / low if low > 0 else None"),
            ("one group is fair", "difference=None, ratio=None", "difference=0.0, ratio=1.0"),
            ("nothing over nothing is fair", "ratio=low / high if high > 0 else None", "ratio=low / high if high > 0 else 1.0"),
        ],
    ),
    "validity": (
        "validity",
        [
            ("seen items count", " and item not in seen", ""),
            ("excluded items count", " and item not in excluded", ""),
            ("unknown items count", "item in catalogue and ", ""),
            ("repeats count", " and item not in shown[:place]", ""),
            ("divides by k", "/ len(shown)", "/ k"),
            ("empty is 1", *NONE_TO_ONE),
        ],
    ),
    "constraint_satisfaction": (
        "constraint_satisfaction",
        [
            ("unknown passes a range", "return False", "return value is None"),
            ("the upper end is open", "value <= high", "value < high"),
            ("the lower end is open", "low <= value", "low < value"),
            ("all is any", "return asked <= has", "return bool(asked & has)"),
            ("none is not all", "return not has & asked", "return not asked <= has"),
            ("any constraint is enough", "all(meets(item, constraint) for constraint", "any(meets(item, constraint) for constraint"),
            ("not folded", "asked = {fold(word) for word", "asked = {word for word"),
            ("empty is 1", "return None", "return 1.0"),
        ],
    ),
    "order_by_score": (
        "cut",
        [
            ("ties by id, first in the alphabet first", "sorted(scores, reverse=True)", "sorted(scores)"),
            ("ties as given", "sorted(scores, reverse=True)", "list(scores)"),
            ("worst first", "-scores[item]", "scores[item]"),
        ],
    ),
}  # fmt: skip

CUT_MUTATIONS = [
    ("off by one in the cut", "ranking[:k]", "ranking[: k + 1]"),
    ("not cut at all", "ranking[:k]", "ranking"),
    ("a repeated item gains again", "0.0 if item in taken else ", ""),
    ("any judged item is relevant", "gain > 0 for gain", "gain >= 0 for gain"),
]
"""Bugs in what the ranking metrics share, and the metrics whose checks notice them."""
CUT_METRICS = ("ndcg", "recall", "precision", "average_precision", "hit_rate", "reciprocal_rank")


def load(name: str, old: str = "", new: str = "", shared: ModuleType | None = None) -> ModuleType:
    """The metric's module from its source with ``old`` replaced; its shared part replaced by ``shared``."""
    real = importlib.import_module(f"evals.metrics.{name}")
    source = Path(real.__file__).read_text(encoding="utf-8")
    assert old in source, f"{name} has changed: {old!r} is no longer in it; adapt the mutation"
    module = ModuleType(f"mutated_{name}")
    module.__file__ = real.__file__
    sys.modules[module.__name__] = module
    before = sys.modules["evals.metrics.cut"]
    if shared is not None:
        sys.modules["evals.metrics.cut"] = shared
    try:
        exec(compile(source.replace(old, new) if old else source, module.__name__, "exec"), module.__dict__)
    finally:
        sys.modules["evals.metrics.cut"] = before
        del sys.modules[module.__name__]
    return module


def fails(check, function) -> bool:
    try:
        check(function)
    except (AssertionError, ZeroDivisionError, KeyError, TypeError, ValueError, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize(
    ("metric", "old", "new"),
    [
        pytest.param(metric, old, new, id=f"{metric}: {what}")
        for metric, (_, bugs) in MUTATIONS.items()
        for what, old, new in bugs
    ],
)
def test_a_bug_is_noticed(metric, old, new):
    module = MUTATIONS[metric][0]
    assert fails(CHECKS[metric], getattr(load(module, old, new), metric))


@pytest.mark.parametrize("metric", sorted(MUTATIONS))
def test_the_metric_itself_passes(metric):
    assert not fails(CHECKS[metric], getattr(load(MUTATIONS[metric][0]), metric))


@pytest.mark.parametrize(("what", "old", "new"), CUT_MUTATIONS, ids=[what for what, _, _ in CUT_MUTATIONS])
def test_a_bug_in_the_shared_part_is_noticed(what, old, new):
    broken = load("cut", old, new)
    assert sum(fails(CHECKS[m], getattr(load(m, shared=broken), m)) for m in CUT_METRICS) >= 1


def test_every_metric_has_three_bugs():
    assert set(MUTATIONS) == set(CHECKS)
    assert all(len(bugs) >= 3 for _, bugs in MUTATIONS.values())
