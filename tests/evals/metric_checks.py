"""Checks of the metrics by values worked out by hand. Each takes the function it checks, so that a broken one can be given."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from assistant.types import Constraint, Item, Person


def check_ndcg(ndcg):
    assert ndcg(["a", "b", "c"], {"b": 1.0}, 3) == pytest.approx(1 / log2(3))
    assert ndcg(["a", "b", "c"], {"a": 1.0}, 3) == 1.0
    # gains 3 at position 2 and 1 at position 3, ideal 3, 2, 1
    got = (3 / log2(3) + 1 / log2(4)) / (3 + 2 / log2(3) + 1 / log2(4))
    assert ndcg(["x", "a", "c"], {"a": 3.0, "b": 2.0, "c": 1.0}, 3) == pytest.approx(got)
    assert ndcg(["a", "b", "c"], {"c": 1.0}, 2) == 0.0
    assert ndcg(["a", "b"], {"a": 1.0, "b": 1.0, "c": 1.0}, 2) == 1.0  # the ideal list is cut at k too
    assert ndcg(["a", "a", "a"], {"a": 1.0, "b": 1.0}, 3) == pytest.approx(1 / (1 + 1 / log2(3)))
    assert ndcg(["b", "a"], {"a": 1.0, "b": 3.0}, 2) == 1.0  # the order in which gains are given means nothing
    assert ndcg([], {"a": 1.0}, 10) == 0.0
    assert ndcg(["a"], {}, 10) is None
    assert ndcg(["a"], {"a": 0.0}, 10) is None
    with pytest.raises(ValueError, match="k is 0"):
        ndcg(["a"], {"a": 1.0}, 0)


def check_recall(recall):
    gains = {"a": 1.0, "b": 2.0, "c": 1.0, "z": 0.0}
    assert recall(["a", "x", "b"], gains, 3) == pytest.approx(2 / 3)
    assert recall(["a", "b", "c"], gains, 1) == pytest.approx(1 / 3)  # not capped at k
    assert recall(["z", "x"], gains, 2) == 0.0
    assert recall(["a", "a"], gains, 2) == pytest.approx(1 / 3)
    assert recall([], gains, 2) == 0.0
    assert recall(["a"], {"a": 0.0}, 2) is None


def check_precision(precision):
    gains = {"a": 1.0, "b": 2.0, "z": 0.0}
    assert precision(["a", "x", "b", "y"], gains, 4) == 0.5
    assert precision(["a", "b"], gains, 4) == 0.5  # missing places are misses
    assert precision(["x", "a"], gains, 1) == 0.0
    assert precision(["z", "a"], gains, 2) == 0.5
    assert precision([], gains, 2) == 0.0
    assert precision(["a"], {}, 2) is None


def check_reciprocal_rank(reciprocal_rank):
    assert reciprocal_rank(["x", "a", "b"], {"a": 1.0, "b": 3.0}, 3) == 0.5
    assert reciprocal_rank(["a"], {"a": 1.0}, 3) == 1.0
    assert reciprocal_rank(["x", "y", "a"], {"a": 1.0}, 2) == 0.0
    assert reciprocal_rank(["z", "a"], {"z": 0.0, "a": 1.0}, 2) == 0.5
    assert reciprocal_rank([], {"a": 1.0}, 2) == 0.0
    assert reciprocal_rank(["a"], {}, 2) is None


def check_average_precision(average_precision):
    gains = {"a": 1.0, "b": 2.0, "c": 1.0, "z": 0.0}
    assert average_precision(["a", "x", "b"], gains, 3) == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision(["x", "a"], {"a": 1.0}, 2) == 0.5
    assert average_precision(["a", "b", "c"], gains, 2) == pytest.approx(2 / 3)  # not capped at k
    assert average_precision(["z", "x"], gains, 2) == 0.0
    assert average_precision([], gains, 2) == 0.0
    assert average_precision(["a"], {}, 2) is None


def check_hit_rate(hit_rate):
    assert hit_rate(["x", "a"], {"a": 1.0}, 2) == 1.0
    assert hit_rate(["x", "a"], {"a": 1.0}, 1) == 0.0
    assert hit_rate(["a", "b"], {"a": 1.0, "b": 1.0}, 2) == 1.0
    assert hit_rate(["z"], {"a": 1.0, "z": 0.0}, 2) == 0.0
    assert hit_rate([], {"a": 1.0}, 2) == 0.0
    assert hit_rate(["a"], {"a": 0.0}, 2) is None


def check_catalogue_coverage(catalogue_coverage):
    assert catalogue_coverage([[1, 2, 3], [2, 4, 5]], 10, 2) == 0.3
    assert catalogue_coverage([[1, 1], [1]], 4, 2) == 0.25
    assert catalogue_coverage([[], []], 4, 2) == 0.0
    assert catalogue_coverage([], 4, 2) is None
    assert catalogue_coverage([[1]], 0, 2) is None


def check_gini(gini):
    assert gini([1, 1, 1, 1]) == pytest.approx(0.0)
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)
    assert gini([3, 1]) == pytest.approx(0.25)
    assert gini([1, 3]) == pytest.approx(0.25)
    assert gini([]) is None
    assert gini([0, 0]) is None


def check_intra_list_diversity(intra_list_diversity):
    vectors = np.array([[1, 0], [0, 2], [3, 0], [0, 0], [1, 1]], dtype=np.float32)
    assert intra_list_diversity([0, 1], vectors, 2) == pytest.approx(1.0)
    assert intra_list_diversity([0, 2], vectors, 2) == pytest.approx(0.0)
    assert intra_list_diversity([0, 2, 1], vectors, 3) == pytest.approx(2 / 3)
    assert intra_list_diversity([0, 4], vectors, 2) == pytest.approx(1 - 2**-0.5)
    assert intra_list_diversity([0, 2, 1], vectors, 2) == pytest.approx(0.0)
    assert intra_list_diversity([0, 3, 1], vectors, 3) == pytest.approx(1.0)  # no vector: left out
    assert intra_list_diversity([0, 3], vectors, 2) is None
    assert intra_list_diversity([], vectors, 2) is None


def check_novelty(novelty):
    users_of = {"a": 7, "b": 1}
    assert novelty(["a"], users_of, 15, 1) == pytest.approx(1.0)
    assert novelty(["b"], users_of, 15, 1) == pytest.approx(3.0)
    assert novelty(["new"], users_of, 15, 1) == pytest.approx(4.0)
    assert novelty(["a", "b", "new"], users_of, 15, 2) == pytest.approx(2.0)
    assert novelty(["a"], users_of, 15, 10) == pytest.approx(1.0)
    assert novelty([], users_of, 15, 1) is None
    assert novelty(["a"], {}, 0, 1) is None


def check_average_popularity(average_popularity):
    users_of = {"a": 6, "b": 2}
    assert average_popularity(["a", "b"], users_of, 2) == 4.0
    assert average_popularity(["a", "new"], users_of, 2) == 3.0
    assert average_popularity(["a", "b"], users_of, 1) == 6.0
    assert average_popularity(["a"], users_of, 5) == 6.0
    assert average_popularity([], users_of, 5) is None


def check_calibration(calibration):
    same = [("x",), ("y",)]
    assert calibration(same, same, 2) == pytest.approx(0.0)
    # p = (1/2, 1/2), q = (1, 0): smoothed 0.995 and 0.005
    assert calibration(same, [("x",)], 1) == pytest.approx(0.5 * log2(0.5 / 0.995) + 0.5 * log2(0.5 / 0.005))
    # not symmetric: p = (1, 0), q = (1/2, 1/2)
    assert calibration([("x",)], same, 2) == pytest.approx(log2(1 / 0.505))
    # two labels share an item's weight: p = (3/4, 1/4), q = (1/2, 1/2)
    q = [0.5 * 0.99 + 0.01 * p for p in (0.75, 0.25)]
    assert calibration([("x",), ("x", "y")], same, 2) == pytest.approx(
        0.75 * log2(0.75 / q[0]) + 0.25 * log2(0.25 / q[1])
    )
    assert calibration([("x",)], same, 1) == pytest.approx(0.0)  # cut at k
    assert calibration([], same, 2) is None
    assert calibration(same, [()], 2) is None


def check_exposure(exposure):
    assert exposure([["a", "b"], ["b"]], 2) == pytest.approx({"a": 1.0, "b": 1 / log2(3) + 1})
    assert exposure([["a", "b"]], 1) == {"a": 1.0}
    assert exposure([["a", "b", "c"]], 3)["c"] == pytest.approx(0.5)
    assert exposure([], 2) == {}


def check_exposure_by_group(exposure_by_group):
    groups = {"a": "head", "b": "tail", "c": "tail", "d": "tail"}
    assert exposure_by_group({"a": 3.0, "b": 1.0}, groups) == {"head": (0.75, 0.25), "tail": (0.25, 0.75)}
    assert exposure_by_group({"a": 2.0, "unknown": 5.0}, groups) == {"head": (1.0, 0.25), "tail": (0.0, 0.75)}
    assert exposure_by_group({}, groups) is None
    assert exposure_by_group({}, {}) is None


def check_by_group(by_group):
    report = by_group([1.0, 0.0, None, 0.25, None], ["x", "x", "x", "y", "z"])
    assert report.means == {"x": 0.5, "y": 0.25}
    assert report.sizes == {"x": 2, "y": 1}
    assert report.difference == 0.25
    assert report.ratio == 0.5
    alone = by_group([0.5], ["x"])
    assert (alone.difference, alone.ratio) == (None, None)
    nothing = by_group([0.0, 0.0], ["x", "y"])
    assert (nothing.difference, nothing.ratio) == (0.0, None)
    assert by_group([], []).means == {}


def check_validity(validity):
    catalogue = {"a", "b", "c", "d"}
    assert validity(["a", "b"], catalogue, set(), set(), 2) == 1.0
    assert validity(["a", "nowhere"], catalogue, set(), set(), 2) == 0.5
    assert validity(["a", "b"], catalogue, {"a"}, set(), 2) == 0.5
    assert validity(["a", "b"], catalogue, set(), {"b"}, 2) == 0.5
    assert validity(["a", "a"], catalogue, set(), set(), 2) == 0.5
    assert validity(["a", "nowhere"], catalogue, set(), set(), 1) == 1.0
    assert validity(["a"], catalogue, set(), set(), 5) == 1.0
    assert validity([], catalogue, set(), set(), 5) is None


FILM = Item(
    item_id="1",
    title="Léon",
    year=1994,
    categories=("Crime", "Drama"),
    creators=(Person(name="Luc Besson", role="director"), Person(name="Jean Réno", role="cast")),
    in_stock=True,
)
BARE = Item(item_id="2", title="Bare")


def check_constraint_satisfaction(constraint_satisfaction):
    def share(items, *constraints, k=10):
        return constraint_satisfaction(items, constraints, k)

    assert share([FILM], Constraint(slot="year", op="range", low=1994, high=1994)) == 1.0
    assert share([FILM], Constraint(slot="year", op="range", low=1995)) == 0.0
    assert share([FILM], Constraint(slot="year", op="range", high=1993)) == 0.0
    assert share([BARE], Constraint(slot="year", op="range", low=1900)) == 0.0  # unknown fails
    assert share([FILM], Constraint(slot="categories", op="any", values=("crime", "horror"))) == 1.0
    assert share([FILM], Constraint(slot="categories", op="any", values=("CRIME",))) == 1.0
    assert share([FILM], Constraint(slot="categories", op="all", values=("crime", "horror"))) == 0.0
    assert share([FILM], Constraint(slot="categories", op="all", values=("crime", "drama"))) == 1.0
    assert share([FILM], Constraint(slot="categories", op="none", values=("horror",))) == 1.0
    assert share([FILM], Constraint(slot="categories", op="none", values=("drama", "horror"))) == 0.0
    assert share([BARE], Constraint(slot="categories", op="none", values=("horror",))) == 1.0  # unknown passes
    assert share([BARE], Constraint(slot="categories", op="any", values=("horror",))) == 0.0
    assert share([FILM], Constraint(slot="cast", op="any", values=("jean reno",))) == 1.0
    assert share([FILM], Constraint(slot="director", op="any", values=("Jean Reno",))) == 0.0
    assert share([FILM], Constraint(slot="in_stock", op="any", values=("yes",))) == 1.0
    both = (
        Constraint(slot="year", op="range", low=1990),
        Constraint(slot="categories", op="any", values=("horror",)),
    )
    assert share([FILM], *both) == 0.0
    year = Constraint(slot="year", op="range", low=1990)
    assert share([FILM, BARE], year) == 0.5
    assert share([FILM, BARE], year, k=1) == 1.0
    assert share([FILM]) is None
    assert share([], year) is None


def check_order_by_score(order_by_score):
    assert order_by_score({"a": 1.0, "c": 2.0, "b": 1.0}) == ["c", "b", "a"]
    assert order_by_score({"a": -1.0, "b": -2.0}) == ["a", "b"]
    assert order_by_score({}) == []


CHECKS = {name.removeprefix("check_"): check for name, check in list(globals().items()) if name.startswith("check_")}
