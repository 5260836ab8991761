"""What a report says in sentences, for a reader who looks at no table."""

from __future__ import annotations

from evals.formats import ABSENT, dollars, number, percent
from evals.statistics import Interval
from evals.suite.comparison import GATED, METRICS, SuiteMetric, SuiteReport, Versus

VERDICTS = {"pass": "Passed", "fail": "Failed", "inconclusive": "Not decided"}


def figure(metric: SuiteMetric, value: Interval | float | None) -> str:
    """An estimate in the metric's unit."""
    estimate = value.estimate if isinstance(value, Interval) else value
    if estimate is None:
        return ABSENT
    if metric.unit == "share":
        return percent(estimate)
    if metric.unit == "seconds":
        return f"{estimate:.2f} s"
    if metric.unit == "dollars":
        return dollars(estimate)
    return number(estimate, 2)


def span(metric: SuiteMetric, value: Interval | None) -> str:
    """An interval in the metric's unit; empty where there is none."""
    if value is None or value.low is None or value.high is None:
        return ""
    return f"{figure(metric, value.low)} to {figure(metric, value.high)}"


def points(metric: SuiteMetric, value: float | None) -> str:
    """A difference: ``+3.1 points`` for shares."""
    if value is None:
        return ABSENT
    if metric.unit == "share":
        return f"{100 * value:+.1f} points"
    return f"{value:+.2f}"


def versus_words(versus: Versus) -> str:
    """``better``, ``worse``, ``no difference shown``, by the interval and the Holm-adjusted p."""
    comparison = versus.comparison
    if comparison is None:
        return "cannot be compared"
    interval = comparison.difference
    if interval.low is None or interval.high is None:
        return "too few cases"
    if versus.p_holm is None or versus.p_holm >= 0.05 or interval.low <= 0 <= interval.high:
        return "no difference shown"
    higher = interval.estimate > 0
    return "better" if higher == (METRICS[versus.metric].better == "higher") else "worse"


def headline(report: SuiteReport) -> str:
    """One sentence."""
    if report.gates:
        failed = [gate for gate in report.gates if gate.end == "fail"]
        if failed:
            return f"The gate failed: {failed[0].name}."
        open_ = [gate for gate in report.gates if gate.end == "inconclusive"]
        if open_:
            more = max((gate.cases_to_decide or 0 for gate in open_), default=0)
            return "The gate is not decided" + (f": about {more:,} cases would decide it." if more else ".")
        return "The gate passed."
    return f"{len(report.variants)} variants on {len(report.run.cases)} cases."


def summary(report: SuiteReport) -> list[str]:
    """A few sentences that need no knowledge of statistics."""
    run = report.run
    sentences = []
    drafts = sum(v.rows - v.failures for v in report.variants)
    failures = sum(v.failures for v in report.variants)
    repeats = f", {run.repeats} times each" if run.repeats > 1 else ""
    sentences.append(
        f"{len(report.variants)} variants wrote {drafts:,} drafts for {len(run.cases):,} cases{repeats}."
        + (f" {failures:,} generations failed and are not scored." if failures else "")
    )
    for variant in report.variants:
        precision, accepted = variant.figures["claim_precision"], variant.figures["accepted"]
        sentences.append(
            f"{variant.variant.name}: {figure(METRICS['claim_precision'], precision)} of the checkable claims in its drafts "
            f"are true, and {figure(METRICS['accepted'], accepted)} of its drafts can be shown as they are."
        )
    for name in GATED:
        for versus in (v for v in report.versus if v.metric == name):
            sentences.append(_against(report, versus))
    if run.stopped:
        sentences.append(f"The run is not complete: {run.stopped}.")
    return sentences


def _against(report: SuiteReport, versus: Versus) -> str:
    metric = METRICS[versus.metric]
    comparison = versus.comparison
    subject = f"{metric.title}, {versus.variant.name} against {report.base.name}"
    if comparison is None:
        return f"{subject}: no case has a value for both."
    interval = comparison.difference
    said = versus_words(versus)
    text = f"{subject}: {said} ({points(metric, interval.estimate)}"
    if interval.low is not None and interval.high is not None:
        text += f", between {points(metric, interval.low)} and {points(metric, interval.high)}"
    text += ")."
    if said == "no difference shown" and comparison.detectable is not None and comparison.detectable > 0:
        text += (
            f" This set would have shown a difference of {100 * comparison.detectable:.1f} points or more."
            if metric.unit == "share"
            else ""
        )
    return text
