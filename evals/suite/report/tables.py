"""The report as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evals.formats import dollars, p_value
from evals.suite.comparison import METRICS, SuiteReport
from evals.suite.report.words import VERDICTS, detectable, figure, headline, points, span, summary, versus_words

if TYPE_CHECKING:
    from rich.console import RenderableType

_COLORS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}


def suite_tables(report: SuiteReport) -> list[RenderableType]:
    """Sentences first, then figures, comparisons and gates."""
    from rich.table import Table
    from rich.text import Text

    said = Text("\n".join([headline(report), *(f"· {sentence}" for sentence in summary(report))]))
    figures = Table(title="Figures", title_justify="left")
    figures.add_column("")
    for v in report.variants:
        figures.add_column(Text(v.variant.name), justify="right")
    for metric in METRICS.values():
        cells = []
        for v in report.variants:
            bounds = span(metric, v.figures[metric.name])
            cells.append(Text(figure(metric, v.figures[metric.name]) + (f"  ({bounds})" if bounds else "")))
        figures.add_row(metric.title, *cells)
    figures.add_row("Failures", *(f"{v.failures} of {v.rows}" for v in report.variants))
    figures.add_row("Total cost", *(dollars(v.total_cost) for v in report.variants))
    tables: list[RenderableType] = [said, figures]
    if report.versus:
        versus = Table(title=Text(f"Against {report.base.name}"), title_justify="left")
        for name in ("variant", "metric", "difference", "p (Holm)", "smallest this set shows", ""):
            versus.add_column(name)
        for other in report.versus:
            if other.comparison is not None:
                metric = METRICS[other.metric]
                versus.add_row(
                    Text(other.variant.name),
                    metric.title,
                    points(metric, other.comparison.difference.estimate),
                    p_value(other.p_holm),
                    detectable(metric, other.comparison.detectable),
                    versus_words(other),
                )
        tables.append(versus)
    if report.gates:
        gates = Table(title="Gate", title_justify="left")
        for name in ("check", "end", "why"):
            gates.add_column(name)
        for gate in report.gates:
            more = f". About {gate.cases_to_decide:,} cases would decide" if gate.cases_to_decide else ""
            gates.add_row(Text(gate.name), Text(VERDICTS[gate.end], style=_COLORS[gate.end]), Text(gate.reason + more))
        tables.append(gates)
    return tables
