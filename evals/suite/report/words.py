"""What a report says in sentences, for a reader who looks at no table."""

from __future__ import annotations

from collections.abc import Sequence

from evals.formats import ABSENT, dollars, number, percent
from evals.statistics import Interval
from evals.suite.comparison import GATED, METRICS, SuiteMetric, SuiteReport, Versus
from evals.suite.judge import JudgeReport

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
    """An interval in the metric's unit; empty where there is none, or where all values are the same."""
    if value is None or value.low is None or value.high is None or value.low == value.high:
        return ""
    return f"{figure(metric, value.low)} to {figure(metric, value.high)}"


def points(metric: SuiteMetric, value: float | None) -> str:
    """A difference: ``+3.1 points`` for shares."""
    if value is None:
        return ABSENT
    if metric.unit == "share":
        return f"{100 * value:+.1f} points".replace("-", "−")
    return f"{value:+.2f}".replace("-", "−")


def detectable(metric: SuiteMetric, value: float | None) -> str:
    """The smallest difference that would have shown; a dash where all differences are the same, which tells nothing."""
    return points(metric, value).lstrip("+") if value else ABSENT


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
    if METRICS[versus.metric].better == "neither":
        return "more" if higher else "fewer"
    return "better" if higher == (METRICS[versus.metric].better == "higher") else "worse"


def judge_words(judge: JudgeReport) -> str:
    """What a judge said of a variant, and how far it can be trusted."""
    if judge.preference is None:
        return f"{judge.judge} as a judge gave no answer that could be used ({judge.failed} failed)."
    said = f"{judge.judge} as a judge ({judge.prompt.split('#')[0]}) prefers {judge.variant.name} in {percent(judge.preference)}"
    if judge.preference.low is not None and judge.preference.high is not None:
        said += f" ({percent(judge.preference.low)} to {percent(judge.preference.high)})"
    said += f" of {judge.compared} comparisons, ties counted half"
    if judge.first_share is not None:
        said += f"; the text shown first won {percent(judge.first_share)}"
    if judge.agreement is None:
        said += "; no label says whether to believe it"
    else:
        kappa = ABSENT if judge.kappa is None else f"{judge.kappa:.2f}"
        said += f"; it agrees with {percent(judge.agreement)} of {judge.labelled} labels, kappa {kappa}"
    return said + (f"; {judge.failed} failed" if judge.failed else "") + "."


def headline(report: SuiteReport) -> str:
    """One sentence."""
    if report.gates:
        failed = [gate for gate in report.gates if gate.end == "fail"]
        if failed:
            more = f", {len(failed)} of {len(report.gates)} checks" if len(failed) > 1 else f": {failed[0].name}"
            return f"The gate failed{more}."
        open_ = [gate for gate in report.gates if gate.end == "inconclusive"]
        if open_:
            needed = max((gate.cases_to_decide or 0 for gate in open_), default=0)
            return "The gate is not decided" + (f": about {needed:,} cases would decide it." if needed else ".")
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
        + (
            f" {failures:,} {'generation' if failures == 1 else 'generations'} failed and {'is' if failures == 1 else 'are'} not scored."
            if failures
            else ""
        )
    )
    base = next(v for v in report.variants if v.variant == report.base)
    precision, accepted = (figure(METRICS[name], base.figures[name]) for name in GATED)
    sentences.append(
        f"{report.base.name}: {precision} of the checkable claims in its drafts are true, and {accepted} of its drafts can "
        "be shown as they are."
    )
    for variant in report.variants:
        if variant.variant != report.base:
            found = {v.metric: v for v in report.versus if v.variant == variant.variant}
            sentences.append(_against(report, variant.variant.name, [found[name] for name in GATED]))
    sentences += [judge_words(judge) for judge in report.judges]
    if run.stopped:
        sentences.append(f"The run is not complete: {run.stopped}.")
    return sentences


_SUBJECTS = {"claim_precision": "true claims", "accepted": "drafts that can be shown"}


def _against(report: SuiteReport, name: str, found: Sequence[Versus]) -> str:
    """How a variant compares with the base on what gates look at, in one sentence."""
    words = [versus_words(versus) for versus in found]
    verdict = (
        "is worse than" if "worse" in words and "better" not in words
        else "is better than" if "better" in words and "worse" not in words
        else "is better in one way and worse in another than" if "better" in words
        else "cannot be told apart from"
    )  # fmt: skip
    parts = []
    for versus, said in zip(found, words, strict=True):
        metric, comparison = METRICS[versus.metric], versus.comparison
        if comparison is None:
            parts.append(f"{_SUBJECTS[versus.metric]}: no case has a value for both")
            continue
        interval = comparison.difference
        text = f"{_SUBJECTS[versus.metric]} {points(metric, interval.estimate)}"
        if interval.low is not None and interval.high is not None and interval.high > interval.low:
            text += f" (between {points(metric, interval.low)} and {points(metric, interval.high)})"
        if said == "no difference shown" and comparison.detectable:
            text += f", where this set would show a difference of {100 * comparison.detectable:.1f}"
        parts.append(text)
    return f"{name} {verdict} {report.base.name}: {'; '.join(parts)}."
