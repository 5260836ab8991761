"""From rows to figures, comparisons and gates. Repeats of a case are averaged first; clusters are resampled as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.errors import UnknownNameError, did_you_mean
from evals.errors import EvaluationError
from evals.statistics import Comparison, Gate, Interval, compare, holm, mean_interval, no_worse_than, pass_hat_k
from evals.suite.judge import JudgeReport
from evals.suite.rows import Row, Variant
from evals.suite.running import Run

Direction = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteMetric:
    """A figure of a row; None where it is not defined. To add a metric, add one here."""

    name: str
    title: str
    of: Callable[[Row], float | None]
    better: Direction = "higher"
    unit: Literal["share", "count", "seconds", "dollars"] = "share"


def _share(value: bool | None) -> float | None:
    return None if value is None else float(value)


METRICS: Mapping[str, SuiteMetric] = {
    metric.name: metric
    for metric in (
        SuiteMetric(name="claim_precision", title="Claim precision of drafts", of=lambda r: r.score.precision if r.score else None),
        SuiteMetric(name="accepted", title="Accepted share", of=lambda r: float(r.accepted)),
        SuiteMetric(name="all_supported", title="Drafts with every claim supported", of=lambda r: _share(r.score.all_supported) if r.score else None),
        SuiteMetric(name="contradiction_rate", title="Contradiction rate", of=lambda r: r.score.contradiction_rate if r.score else None, better="lower"),
        SuiteMetric(name="absent_rate", title="Absent rate", of=lambda r: r.score.absent_rate if r.score else None, better="lower"),
        SuiteMetric(name="checkable_share", title="Checkable share", of=lambda r: r.score.checkable_share if r.score else None),
        SuiteMetric(name="claims", title="Claims per draft", of=lambda r: float(len(r.score.claims)) if r.score else None, unit="count", better="neither"),
        SuiteMetric(name="vacuous", title="Drafts that claim nothing", of=lambda r: float(r.score.vacuous) if r.score else None, better="lower"),
        SuiteMetric(name="malformed", title="Malformed answers", of=lambda r: float(r.malformed is not None), better="lower"),
        SuiteMetric(name="evidence_precision", title="Evidence precision", of=lambda r: r.score.evidence_precision if r.score else None),
        SuiteMetric(name="evidence_recall", title="Evidence recall", of=lambda r: r.score.evidence_recall if r.score else None),
        SuiteMetric(name="shown_precision", title="Claim precision of shown text", of=lambda r: r.shown_score.precision if r.shown_score else None),
        SuiteMetric(name="seconds", title="Latency", of=lambda r: r.seconds, better="lower", unit="seconds"),
        SuiteMetric(name="cost", title="Cost of a draft", of=lambda r: r.cost, better="lower", unit="dollars"),
    )
}  # fmt: skip
GATED = ("claim_precision", "accepted")
"""What gates look at: drafts, because shown text has been through the same checker; and the share of drafts that would
have been shown, because a prompt that says nothing is never wrong."""


def metric(name: str) -> SuiteMetric:
    """A metric by name. Raises ``UnknownNameError``."""
    if name not in METRICS:
        raise UnknownNameError(
            f"There is no metric {name!r}.{did_you_mean(name, METRICS)} There are: {', '.join(METRICS)}."
        )
    return METRICS[name]


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantReport:
    """A column of the grid."""

    variant: Variant
    figures: Mapping[str, Interval | None]
    """Means over cases, repeats averaged; intervals by cluster."""
    rows: int
    failures: int
    pass_hat: Mapping[int, float | None]
    """pass^k of "accepted" for k = 1 to the number of repeats."""
    median_seconds: float | None
    total_cost: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Versus:
    """A variant against the base, on the cases that both have a value for."""

    variant: Variant
    metric: str
    comparison: Comparison | None
    p_holm: float | None
    left_out: int
    """Cases without a value on either side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """One check of a gate."""

    name: str
    end: Literal["pass", "fail", "inconclusive"]
    reason: str
    cases_to_decide: int | None = None


@dataclass(frozen=True, kw_only=True)
class SuiteReport:
    """Everything that reports show."""

    run: Run
    base: Variant
    variants: tuple[VariantReport, ...]
    versus: tuple[Versus, ...]
    gates: tuple[GateResult, ...]
    judges: tuple[JudgeReport, ...] = ()
    """What a judge model said; never part of a gate."""

    @property
    def end(self) -> Literal["pass", "fail", "inconclusive"]:
        """Of all gates: fail if one fails, pass if all pass."""
        ends = {gate.end for gate in self.gates}
        return "fail" if "fail" in ends else "inconclusive" if "inconclusive" in ends else "pass"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateConfig:
    """What a run must meet."""

    no_worse_than: str | None = None
    """The base: a prompt (``explain@1``) or a variant's name."""
    margin: float = 0.05
    metrics: tuple[str, ...] = GATED
    fail_under: Mapping[str, float] | None = None
    """Metric -> the least mean; for metrics where lower is better, the most."""
    failure_cap: float = 0.05
    """Share of failures of infrastructure above which the gate fails: too little was seen."""


def case_means(rows: Sequence[Row], variant: Variant, name: str) -> dict[str, tuple[str, float]]:
    """``{case: (cluster, mean over its repeats)}`` of the cases that have a value; failures are no repeats."""
    of = metric(name).of
    values: dict[str, tuple[str, list[float]]] = {}
    for row in rows:
        if row.variant == variant and row.error is None and (value := of(row)) is not None:
            values.setdefault(row.case, (row.cluster, []))[1].append(value)
    return {case: (cluster, sum(found) / len(found)) for case, (cluster, found) in values.items()}


def find_variant(run: Run, name: str | None) -> Variant:
    """The first variant, or the one that ``name`` means: its full name, its prompt with or without digest."""
    if name is None:
        return run.variants[0]
    wanted = normal_prompt(name)
    for variant in run.variants:
        if name in (variant.name, variant.prompt, variant.model) or wanted == variant.prompt.split("#")[0]:
            return variant
    known = [variant.name for variant in run.variants]
    raise UnknownNameError(f"There is no variant {name!r}.{did_you_mean(name, known)} There are: {'; '.join(known)}.")


def normal_prompt(name: str) -> str:
    """``explain@1`` as ``explain@v1``."""
    head, at, version = name.partition("@")
    return f"{head}@v{version}" if at and version.isdigit() else name


def summarise(run: Run, gates: GateConfig) -> SuiteReport:
    """All figures of a run. Raises ``UnknownNameError`` for a base or metric that is not there."""
    base = find_variant(run, gates.no_worse_than)
    reports = [_variant(run, variant) for variant in run.variants]
    versus: list[Versus] = []
    others = [variant for variant in run.variants if variant != base]
    for name in METRICS:
        if name in ("seconds", "cost"):
            continue
        found = {variant: _pairs(run.rows, base, variant, name) for variant in others}
        compared = {v: compare(a, b, clusters) for v, (a, b, clusters, _) in found.items()}
        adjusted = holm({v.name: c.p for v, c in compared.items() if c is not None})
        versus += [
            Versus(
                variant=v,
                metric=name,
                comparison=compared[v],
                p_holm=adjusted.get(v.name),
                left_out=found[v][3],
            )
            for v in others
        ]
    results = list(_failure_gates(reports, gates))
    if gates.no_worse_than is not None:
        if not others:
            raise EvaluationError("--no-worse-than needs a second prompt or model to compare with the base.")
        results += [result for variant in others for result in no_worse_gates(run, base, variant, gates, len(others))]
    for name, bound in (gates.fail_under or {}).items():
        results += [_fail_under(report, name, bound) for report in reports]
    return SuiteReport(run=run, base=base, variants=tuple(reports), versus=tuple(versus), gates=tuple(results))


def _pairs(
    rows: Sequence[Row], base: Variant, variant: Variant, name: str
) -> tuple[list[float], list[float], list[str], int]:
    a, b = case_means(rows, base, name), case_means(rows, variant, name)
    both = [case for case in a if case in b]
    left_out = len(a.keys() | b.keys()) - len(both)
    return [a[case][1] for case in both], [b[case][1] for case in both], [a[case][0] for case in both], left_out


def _variant(run: Run, variant: Variant) -> VariantReport:
    rows = [row for row in run.rows if row.variant == variant]
    good = [row for row in rows if row.error is None]
    figures: dict[str, Interval | None] = {}
    for name in METRICS:
        means = case_means(rows, variant, name)
        figures[name] = mean_interval([m for _, m in means.values()], [c for c, _ in means.values()])
    by_case: dict[str, list[bool]] = {}
    for row in good:
        by_case.setdefault(row.case, []).append(row.accepted)
    seconds = sorted(row.seconds for row in good)
    costs = [row.cost for row in good]
    known = [cost for cost in costs if cost is not None]
    return VariantReport(
        variant=variant,
        figures=figures,
        rows=len(rows),
        failures=len(rows) - len(good),
        pass_hat={k: pass_hat_k(list(by_case.values()), k) for k in range(1, run.repeats + 1)},
        median_seconds=seconds[len(seconds) // 2] if seconds else None,
        total_cost=sum(known) if costs and len(known) == len(costs) else None,
    )


def _failure_gates(reports: Sequence[VariantReport], gates: GateConfig) -> list[GateResult]:
    results = []
    for report in reports:
        share = report.failures / report.rows if report.rows else 1.0
        if share > gates.failure_cap:
            results.append(
                GateResult(
                    name=f"failures of {report.variant.name}",
                    end="fail",
                    reason=f"{report.failures} of {report.rows} generations failed, more than {gates.failure_cap:.0%}",
                )
            )
    return results


def no_worse_gates(run: Run, base: Variant, variant: Variant, gates: GateConfig, others: int) -> list[GateResult]:
    """One gate per metric of a candidate, of which there are ``others``.

    The error is shared out, so that a run in which every candidate equals the base fails in about 2.5 of 100 runs.
    """
    results = []
    for name in gates.metrics:
        sign = -1.0 if metric(name).better == "lower" else 1.0
        a, b, clusters, _ = _pairs(run.rows, base, variant, name)
        confidence = 1 - 0.05 / (len(gates.metrics) * others)
        gate: Gate = no_worse_than(
            [sign * value for value in a],
            [sign * value for value in b],
            clusters,
            margin=gates.margin,
            confidence=confidence,
        )
        results.append(
            GateResult(
                name=f"{metric(name).title}: {variant.name} no worse than {base.name}",
                end=gate.end,
                reason=gate.reason,
                cases_to_decide=gate.cases_to_decide,
            )
        )
    return results


def _fail_under(report: VariantReport, name: str, bound: float) -> GateResult:
    figure = report.figures[metric(name).name]
    lower = metric(name).better == "lower"
    title = f"{metric(name).title}: {report.variant.name} {'at most' if lower else 'at least'} {bound:g}"
    if figure is None:
        return GateResult(name=title, end="inconclusive", reason="no case has a value")
    met = figure.estimate <= bound if lower else figure.estimate >= bound
    return GateResult(name=title, end="pass" if met else "fail", reason=f"it is {figure.estimate:.4f}")
