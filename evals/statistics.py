"""Intervals, tests and gates for paired comparisons.

Observations of one user or conversation hang together, so clusters are resampled and never rows. Everything is
deterministic for a seed and raises ``ValueError`` for NaN: what is not defined is left out by the caller, and counted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, comb, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
CONFIDENCE = 0.95
POWER = 0.8
MIN_CLUSTERS = 6
"""Fewer cannot decide a gate: of six clusters, all pointing one way, the exact two-sided p is 2 / 2⁶ = 0.03."""
_EXACT_CLUSTERS = 13
"""Up to 2¹³ sign patterns are enumerated; beyond that they are sampled."""
_BLOCK = 12_000_000
"""Cells of a block of resampling weights, which bounds memory at about 100 MB a block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """An estimate with a confidence interval. ``low`` and ``high`` are None when one cluster or none was seen."""

    estimate: float
    low: float | None
    high: float | None
    n: int
    """Observations."""
    clusters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How much larger ``b`` is than ``a`` over the same observations."""

    difference: Interval
    p: float
    """Two-sided p of the sign-flip permutation test."""
    detectable: float | None
    """The smallest true difference that this set would have shown with a power of 0.8 at the same confidence."""


GateEnd = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """The end of a no-worse-than check."""

    end: GateEnd
    comparison: Comparison | None
    margin: float
    cases_to_decide: int | None
    """For ``inconclusive``: how many cases would decide if the estimate and its spread stay as they are; None when the
    estimate lies on the margin itself, where no number would."""
    reason: str


def _checked(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"Expected one value for each observation, got an array of shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError("A value is not finite; leave out what is not defined and report how much that was.")
    return array


def _cluster_sums(values: Floats, clusters: Sequence[Hashable] | None) -> tuple[Floats, Floats]:
    """(n_clusters,) sums and (n_clusters,) counts, clusters in the order in which they appear first."""
    if clusters is None:
        return values, np.ones(len(values))
    if len(clusters) != len(values):
        raise ValueError(f"{len(values)} values and {len(clusters)} cluster labels; there must be one for each.")
    rows: dict[Hashable, int] = {}
    index = np.array([rows.setdefault(label, len(rows)) for label in clusters], dtype=np.int64)
    n = len(rows)
    sums = np.bincount(index, weights=values, minlength=n).astype(np.float64)
    return sums, np.bincount(index, minlength=n).astype(np.float64)


def _normal_cdf(x: float) -> float:
    from math import erf

    return 0.5 * (1 + erf(x / sqrt(2)))


def _t_quantile(probability: float, degrees: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))


@lru_cache(maxsize=2)
def _weights(n: int, resamples: int, seed: int) -> Floats:
    """(resamples, n) how often each cluster is drawn; kept, as the metrics of a run share it."""
    drawn = np.random.default_rng(seed).integers(0, n, size=(resamples, n))
    drawn += np.arange(resamples)[:, None] * n
    counts = np.bincount(drawn.ravel(), minlength=resamples * n)
    return counts.reshape(resamples, n).astype(np.float64)


@lru_cache(maxsize=2)
def _signs(n: int, resamples: int, seed: int) -> Floats:
    """(resamples, n) of ±1; kept as the weights are."""
    return np.random.default_rng(seed).integers(0, 2, size=(resamples, n)).astype(np.float64) * 2 - 1


def _blocks(n: int, resamples: int, seed: int) -> Iterator[tuple[int, int]]:
    """(rows, seed) of each block of resamples, so that memory stays bounded."""
    step = max(1, _BLOCK // n)
    for number, start in enumerate(range(0, resamples, step)):
        yield min(step, resamples - start), seed + 7919 * number


def resampled_means(sums: Floats, counts: Floats, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """(resamples,) means over clusters drawn with replacement, given each cluster's sum and count."""
    blocks = []
    for rows, block_seed in _blocks(len(sums), resamples, seed):
        weights = _weights(len(sums), rows, block_seed)
        blocks.append((weights @ sums) / (weights @ counts))
    return np.concatenate(blocks)


def mean_interval(
    values: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """The mean of (n,) values with a cluster bootstrap interval; None when there is no value.

    Expanded percentile interval: the quantiles are widened by √(n/(n−1)) and from the normal's to Student's, which
    mends the percentile interval's under-coverage with few clusters (Hesterberg 2015, What Teachers Should Know About
    the Bootstrap).
    """
    array = _checked(values)
    if len(array) == 0:
        return None
    sums, counts = _cluster_sums(array, clusters)
    n = len(sums)
    estimate = float(sums.sum() / counts.sum())
    if n < 2:
        return Interval(estimate=estimate, low=None, high=None, n=len(array), clusters=n)
    tail = _normal_cdf(-sqrt(n / (n - 1)) * _t_quantile(0.5 + confidence / 2, n - 1))
    means = resampled_means(sums, counts, resamples=resamples, seed=seed)
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(
        estimate=estimate,
        low=min(float(low), estimate),
        high=max(float(high), estimate),
        n=len(array),
        clusters=n,
    )


def permutation_p(
    differences: ArrayLike, clusters: Sequence[Hashable] | None = None, *, resamples: int = RESAMPLES, seed: int = 0
) -> float:
    """Two-sided p that a mean of (n,) paired differences is 0, by flipping the signs of whole clusters.

    Exact up to 13 clusters; else (1 + as extreme) / (1 + resamples) (Phipson and Smyth 2010). 1 without observations.
    """
    sums, _ = _cluster_sums(_checked(differences), clusters)
    n = len(sums)
    observed = abs(float(sums.sum()))
    slack = 1e-12 * max(1.0, float(np.abs(sums).sum()))  # equal sums may differ in the last bit
    if n <= _EXACT_CLUSTERS:
        patterns = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        totals = np.abs((1 - 2 * patterns) @ sums)
        return float(np.mean(totals >= observed - slack))
    extreme = 0
    for rows, block_seed in _blocks(n, resamples, seed):
        extreme += int((np.abs(_signs(n, rows, block_seed) @ sums) >= observed - slack).sum())
    return (1 + extreme) / (1 + resamples)


def detectable_difference(
    differences: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    confidence: float = CONFIDENCE,
    power: float = POWER,
) -> float | None:
    """The smallest true mean difference that so many clusters with this spread would show.

    (t(1 − α/2) + t(power)) × the cluster-robust standard error of the mean (Bloom 1995). None with fewer
    than two clusters.
    """
    sums, counts = _cluster_sums(_checked(differences), clusters)
    n = len(sums)
    if n < 2:
        return None
    residuals = sums - sums.sum() / counts.sum() * counts
    error = sqrt(n / (n - 1) * float(residuals @ residuals)) / float(counts.sum())
    return (_t_quantile(0.5 + confidence / 2, n - 1) + _t_quantile(power, n - 1)) * error


def compare(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison | None:
    """``b`` minus ``a`` over paired (n,) values; None when there is no pair."""
    first, second = _checked(a), _checked(b)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} values are not pairs.")
    differences = second - first
    interval = mean_interval(differences, clusters, confidence=confidence, resamples=resamples, seed=seed)
    if interval is None:
        return None
    return Comparison(
        difference=interval,
        p=permutation_p(differences, clusters, resamples=resamples, seed=seed),
        detectable=detectable_difference(differences, clusters, confidence=confidence),
    )


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down adjusted p of each of several comparisons (Holm 1979), in the order given."""
    adjusted: dict[str, float] = {}
    running = 0.0
    for step, name in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        running = max(running, min(1.0, (len(p_values) - step) * p_values[name]))
        adjusted[name] = running
    return {name: adjusted[name] for name in p_values}


def pass_hat_k(outcomes: Sequence[Sequence[bool]], k: int) -> float | None:
    """pass^k: the chance that k repeats of a case all succeed, C(c, k) / C(n, k) averaged over cases (Yao et al. 2024).

    ``outcomes`` holds the repeats of each case. Cases with fewer than k repeats cannot be judged and are left out; None
    when none is left. Raises ``ValueError`` for k below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; at least one repeat has to succeed.")
    shares = [comb(sum(case), k) / comb(len(case), k) for case in outcomes if len(case) >= k]
    return sum(shares) / len(shares) if shares else None


def no_worse_than(
    base: ArrayLike,
    candidate: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    margin: float,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Gate:
    """Is ``candidate`` no worse than ``base`` by more than ``margin``? Larger values are better.

    With the interval of candidate − base: fail when its upper bound is below −margin, pass when its lower bound is at
    least −margin, else inconclusive. So a prompt fails against itself in at most (1 − confidence) / 2 of comparisons.
    """
    if margin < 0:
        raise ValueError(f"The margin is {margin}; it is how much worse is still accepted, so 0 or more.")
    comparison = compare(base, candidate, clusters, confidence=confidence, resamples=resamples, seed=seed)
    if comparison is None:
        return Gate(
            end="inconclusive",
            comparison=None,
            margin=margin,
            cases_to_decide=None,
            reason="there is no pair to compare",
        )
    interval = comparison.difference
    if interval.low is None or interval.high is None or interval.clusters < MIN_CLUSTERS:
        per_cluster = interval.n / interval.clusters
        return Gate(
            end="inconclusive",
            comparison=comparison,
            margin=margin,
            cases_to_decide=ceil(MIN_CLUSTERS * per_cluster),
            reason=f"{interval.clusters} independent users or conversations are too few; at least {MIN_CLUSTERS} are needed",
        )
    bounds = (
        f"the difference is {interval.estimate:+.4f}, interval {interval.low:+.4f} to {interval.high:+.4f}"
    ).replace("-", "−")
    if interval.high < -margin:
        end: GateEnd = "fail"
        reason = f"{bounds}: wholly below −{margin:g}"
    elif interval.low >= -margin:
        end = "pass"
        reason = f"{bounds}: not below −{margin:g}"
    else:
        end = "inconclusive"
        reason = f"{bounds}: it holds −{margin:g}"
    needed = None
    if end == "inconclusive":
        distance = interval.estimate + margin
        half = interval.high - interval.estimate if distance < 0 else interval.estimate - interval.low
        if distance != 0:
            # The half width shrinks with the root of the number of cases.
            needed = max(interval.n + 1, ceil(interval.n * (half / distance) ** 2))
    return Gate(end=end, comparison=comparison, margin=margin, cases_to_decide=needed, reason=reason)
