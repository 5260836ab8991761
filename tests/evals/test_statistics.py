"""Statistics: against closed forms, against scipy, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evals import statistics as st


def test_interval_is_close_to_students():
    values = np.random.default_rng(1).normal(0.3, 1, 200)
    interval = st.mean_interval(values)
    low, high = stats.t.interval(0.95, 199, values.mean(), stats.sem(values))
    assert interval.estimate == pytest.approx(values.mean())
    assert interval.low == pytest.approx(low, abs=0.01)
    assert interval.high == pytest.approx(high, abs=0.01)
    assert (interval.n, interval.clusters) == (200, 200)


def test_clusters_widen_the_interval_and_leave_the_estimate():
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(30), 10)
    values = rng.normal(0, 1, 30)[clusters] + rng.normal(0, 0.1, 300)
    apart, together = st.mean_interval(values), st.mean_interval(values, clusters.tolist())
    assert apart.estimate == pytest.approx(together.estimate)
    assert together.high - together.low > 2.5 * (apart.high - apart.low)
    assert together.clusters == 30


def test_clusters_of_different_size_keep_the_mean_over_observations():
    interval = st.mean_interval([1.0, 0.0, 0.0, 0.0], ["a", "b", "b", "b"])
    assert interval.estimate == 0.25


@pytest.mark.parametrize("n", [6, 10, 40])
def test_intervals_cover(n):
    """Of 400 samples with a known mean, about 95 in 100 intervals hold it, also with few clusters."""
    rng = np.random.default_rng(n)
    held = 0
    for _ in range(400):
        interval = st.mean_interval(rng.normal(1, 1, n), resamples=1500)
        held += interval.low <= 1 <= interval.high
    assert 0.92 <= held / 400 <= 0.985


def test_few_observations():
    assert st.mean_interval([]) is None
    one = st.mean_interval([0.5])
    assert (one.estimate, one.low, one.high) == (0.5, None, None)
    assert st.mean_interval([0.5, 0.5]).low == 0.5


def test_not_finite_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        st.mean_interval([0.5, float("nan")])
    with pytest.raises(ValueError, match="not finite"):
        st.compare([0.5], [float("inf")])
    with pytest.raises(ValueError, match="not pairs"):
        st.compare([0.5], [0.5, 0.5])
    with pytest.raises(ValueError, match="one for each"):
        st.mean_interval([0.5, 0.5], ["a"])


def test_permutation_is_exact_for_few_clusters():
    assert st.permutation_p([1.0] * 6) == pytest.approx(2 / 64)
    assert st.permutation_p([0.0] * 6) == 1.0
    assert st.permutation_p([]) == 1.0
    assert st.permutation_p([1.0, -1.0]) == 1.0
    values = np.random.default_rng(3).normal(0.4, 1, 11)
    theirs = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert st.permutation_p(values) == pytest.approx(theirs.pvalue)


def test_permutation_flips_clusters_not_rows():
    differences = [0.1] * 60
    assert st.permutation_p(differences) < 0.001
    assert st.permutation_p(differences, [n // 20 for n in range(60)]) == pytest.approx(0.25)


def test_sampled_permutation_agrees_with_the_t_test():
    values = np.random.default_rng(5).normal(0.15, 1, 150)
    assert st.permutation_p(values) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.02)
    assert st.permutation_p([1.0] * 200) == pytest.approx(1 / 10_001)


def test_deterministic():
    values = np.random.default_rng(6).normal(0, 1, 50)
    assert st.mean_interval(values) == st.mean_interval(values)
    assert st.mean_interval(values).low != st.mean_interval(values, seed=1).low
    assert st.permutation_p(values, seed=2) == st.permutation_p(values, seed=2)


def test_blocks_do_not_change_the_statistics(monkeypatch):
    values = np.random.default_rng(7).normal(0.1, 1, 100)
    whole = st.mean_interval(values)
    monkeypatch.setattr(st, "_BLOCK", 100 * 1700)
    split = st.mean_interval(values)
    assert split.low == pytest.approx(whole.low, abs=0.02)
    assert 0 < st.permutation_p(values) <= 1


def test_holm():
    assert st.holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert st.holm({"a": 0.6, "b": 0.5}) == {"a": 1.0, "b": 1.0}
    assert st.holm({}) == {}


def test_detectable_difference_is_found_with_its_power():
    """Samples with the detectable difference as their true mean are significant in about 80 of 100."""
    rng = np.random.default_rng(8)
    detectable = st.detectable_difference(rng.normal(0, 1, 5000)[:60])
    found = sum(stats.ttest_1samp(rng.normal(detectable, 1, 60), 0).pvalue < 0.05 for _ in range(600))
    assert 0.7 < found / 600 < 0.9
    assert st.detectable_difference([1.0]) is None


def test_pass_hat_k():
    assert st.pass_hat_k([[True, True, False]], 1) == pytest.approx(2 / 3)
    assert st.pass_hat_k([[True, True, False]], 2) == pytest.approx(1 / 3)
    assert st.pass_hat_k([[True, True, False], [True] * 3], 3) == 0.5
    assert st.pass_hat_k([[True]], 2) is None
    with pytest.raises(ValueError, match="k is 0"):
        st.pass_hat_k([[True]], 0)


def test_gate_ends():
    rng = np.random.default_rng(9)
    base = rng.random(200)
    assert st.no_worse_than(base, base, margin=0.0).end == "pass"
    assert st.no_worse_than(base, base + rng.normal(0.1, 0.1, 200), margin=0.0).end == "pass"
    assert st.no_worse_than(base, base - rng.normal(0.1, 0.1, 200), margin=0.05).end == "fail"
    unclear = st.no_worse_than(base[:30], base[:30] - rng.normal(0.0, 0.3, 30), margin=0.02)
    assert unclear.end == "inconclusive"
    assert unclear.cases_to_decide > 30


def test_gate_names_the_cases_that_decide():
    """With four times as many cases of the same kind the half width is half."""
    rng = np.random.default_rng(10)
    differences = rng.normal(0, 1, 100)
    differences += 0.1 - differences.mean()
    gate = st.no_worse_than(np.zeros(100), differences, margin=0.0)
    assert gate.end == "inconclusive"
    half = gate.comparison.difference.estimate - gate.comparison.difference.low
    assert gate.cases_to_decide == pytest.approx(100 * (half / 0.1) ** 2, abs=1)
    repeated = np.resize(differences, gate.cases_to_decide + 20)
    repeated += 0.1 - repeated.mean()
    assert st.no_worse_than(np.zeros(len(repeated)), repeated, margin=0.0).end == "pass"


def test_gate_needs_independent_clusters():
    gate = st.no_worse_than([0.5] * 100, [0.0] * 100, ["ana"] * 100, margin=0.0)
    assert gate.end == "inconclusive"
    assert "too few" in gate.reason
    assert gate.cases_to_decide == 600
    assert st.no_worse_than([], [], margin=0.1).end == "inconclusive"
    with pytest.raises(ValueError, match="margin"):
        st.no_worse_than([0.5], [0.5], margin=-0.1)


@pytest.mark.parametrize(("margin", "users"), [(0.0, 30), (0.02, 10)])
def test_a_prompt_seldom_fails_against_itself(margin, users):
    """2,000 comparisons of a prompt with itself: repeated sampling gives other drafts, at most 5 % may fail."""
    rng = np.random.default_rng(11)
    failed = 0
    clusters = [n % users for n in range(60)]
    for _ in range(2000):
        quality = rng.beta(4, 2, 60)
        first, second = (rng.binomial(3, quality) / 3 for _ in range(2))
        failed += st.no_worse_than(first, second, clusters, margin=margin, resamples=1000).end == "fail"
    assert failed <= 100
