"""The report as JSON, Markdown and JUnit XML."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from evals.formats import ABSENT, dollars, p_value
from evals.suite.comparison import METRICS, SuiteReport
from evals.suite.report.words import VERDICTS, detectable, figure, headline, points, span, summary, versus_words


def suite_document(report: SuiteReport) -> dict[str, Any]:
    """What ``assistant-evals prompts --json`` prints last. Whatever is not defined is null."""
    run = report.run
    return {
        "type": "prompts",
        "end": report.end if report.gates else None,
        "cases": len(run.cases),
        "clusters": len({case.cluster for case in run.cases}),
        "repeats": run.repeats,
        "scorer": run.scorer,
        "cost": run.cost,
        "cost_known": run.cost_known,
        "stopped": run.stopped,
        "base": report.base.name,
        "variants": [
            {
                "variant": v.variant.name,
                "prompt": v.variant.prompt,
                "model": v.variant.model,
                "rows": v.rows,
                "failures": v.failures,
                "metrics": {name: None if value is None else asdict(value) for name, value in v.figures.items()},
                "pass_hat": {str(k): value for k, value in v.pass_hat.items()},
                "median_seconds": v.median_seconds,
                "total_cost": v.total_cost,
            }
            for v in report.variants
        ],
        "versus": [
            {
                "variant": v.variant.name,
                "metric": v.metric,
                "comparison": None if v.comparison is None else asdict(v.comparison),
                "p_holm": v.p_holm,
                "cases_left_out": v.left_out,
                "words": versus_words(v),
            }
            for v in report.versus
        ],
        "gates": [asdict(gate) for gate in report.gates],
        "judges": [{**asdict(judge), "variant": judge.variant.name} for judge in report.judges],
    }


def markdown(report: SuiteReport) -> str:
    """For a pull request's comment."""
    lines = ["# Prompt comparison", "", f"**{headline(report)}**", ""]
    lines += [f"- {_md(sentence)}" for sentence in summary(report)]
    names = [_md(v.variant.name) for v in report.variants]
    lines += ["", "| metric | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for metric in METRICS.values():
        cells = []
        for v in report.variants:
            value = v.figures[metric.name]
            bounds = span(metric, value)
            cells.append(figure(metric, value) + (f" ({bounds})" if bounds else ""))
        lines.append(f"| {metric.title} | " + " | ".join(cells) + " |")
    for k in range(1, report.run.repeats + 1) if report.run.repeats > 1 else ():
        cells = [ABSENT if (p := v.pass_hat[k]) is None else f"{100 * p:.1f} %" for v in report.variants]
        lines.append(f"| accepted in all of {k} repeats (pass^{k}) | " + " | ".join(cells) + " |")
    lines.append("| failures | " + " | ".join(f"{v.failures} of {v.rows}" for v in report.variants) + " |")
    lines.append("| total cost | " + " | ".join(dollars(v.total_cost) for v in report.variants) + " |")
    if report.versus:
        lines += [
            "",
            f"Against {_md(report.base.name)}:",
            "",
            "| variant | metric | difference | interval | p (Holm) | smallest difference this set shows | |",
            "|---|---|---:|---:|---:|---:|---|",
        ]
        for versus in report.versus:
            metric = METRICS[versus.metric]
            if versus.comparison is None:
                continue
            interval = versus.comparison.difference
            bounds = (
                f"{points(metric, interval.low)} to {points(metric, interval.high)}"
                if interval.low is not None
                else ABSENT
            )
            lines.append(
                f"| {_md(versus.variant.name)} | {metric.title} | {points(metric, interval.estimate)} | {bounds} | "
                f"{p_value(versus.p_holm)} | {detectable(metric, versus.comparison.detectable)} | {versus_words(versus)} |"
            )
    if report.gates:
        lines += ["", "| check | end | |", "|---|---|---|"]
        for gate in report.gates:
            more = f" About {gate.cases_to_decide:,} cases would decide." if gate.cases_to_decide else ""
            lines.append(f"| {_md(gate.name)} | {VERDICTS[gate.end]} | {_md(gate.reason)}.{more} |")
    return "\n".join(lines) + "\n"


def _md(text: str) -> str:
    for character in "\\|*_<>`[]":
        text = text.replace(character, "\\" + character)
    return text


def junit(report: SuiteReport) -> str:
    """One test case per gate. An undecided gate is an error and not a failure, as CI servers tell them apart."""
    failures = sum(gate.end == "fail" for gate in report.gates)
    errors = sum(gate.end == "inconclusive" for gate in report.gates)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="assistant-evals prompts" tests="{len(report.gates)}" failures="{failures}" errors="{errors}">',
    ]
    for gate in report.gates:
        lines.append(f'  <testcase classname="prompts" name={quoteattr(gate.name)}>')
        if gate.end == "fail":
            lines.append(f"    <failure message={quoteattr(gate.reason)}>{escape(gate.reason)}</failure>")
        elif gate.end == "inconclusive":
            more = f"; about {gate.cases_to_decide} cases would decide" if gate.cases_to_decide else ""
            message = f"inconclusive: {gate.reason}{more}"
            lines.append(f"    <error message={quoteattr(message)}>{escape(message)}</error>")
        else:
            lines.append(f"    <system-out>{escape(gate.reason)}</system-out>")
        lines.append("  </testcase>")
    lines.append("</testsuite>")
    return "\n".join(lines) + "\n"
