"""One self-contained HTML page: no network, no library, readable on a phone, light and dark.

Summary, tables and plots are in the page itself; cases are data that a small script draws as text nodes, so that nothing
a model wrote is ever parsed as HTML. The page's content policy forbids every request.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any

from evals.formats import ABSENT, dollars, p_value
from evals.suite.cases import Case, fact_line
from evals.suite.comparison import GATED, METRICS, SuiteReport, VariantReport, Versus
from evals.suite.report.plot import Point, scatter
from evals.suite.report.words import VERDICTS, detectable, figure, headline, points, span, summary, versus_words
from evals.suite.rows import Row

COLORS = 6


def html_page(report: SuiteReport, *, title: str = "Prompt comparison") -> str:
    """The whole page."""
    script = resources.files(__package__).joinpath("page.js").read_text(encoding="utf-8")
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"
    run = report.run
    end = report.end if report.gates else "none"
    badge = VERDICTS[report.end] if report.gates else "No gate"
    clusters = len({case.cluster for case in run.cases})
    meta = (
        f"{len(run.cases):,} cases of {clusters:,} users or conversations · {run.repeats} "
        f"{'repeat' if run.repeats == 1 else 'repeats'} · checker {run.scorer} · spent {dollars(run.cost if run.cost_known else None)}"
    )
    colors = {v.variant.name: n % COLORS for n, v in enumerate(report.variants)}
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>",
        f'<div class="top"><div><h1>{escape(title)}</h1><p class="meta">{escape(meta)}</p></div>'
        '<button id="theme" type="button" title="Light or dark">◐</button></div>',
        f'<section class="summary"><div class="panel"><span class="verdict {end}">{badge}</span> '
        f"<strong>{escape(headline(report))}</strong><ul>",
        *(f"<li>{escape(sentence)}</li>" for sentence in summary(report)),
        '</ul></div><div class="tiles">',
        *(_tile(v, colors[v.variant.name]) for v in report.variants),
        "</div></section>",
        _gates(report),
        _plots(report, colors),
        _figures(report),
        _versus(report),
        _cases_section(report),
        f'<script type="application/json" id="data">{_embedded(_cases_data(report, colors, run.repeats))}</script>',
        f"<script>{script}</script></main></body></html>",
    ]
    return "\n".join(part for part in parts if part)


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, default=list)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _tile(variant: VariantReport, color: int) -> str:
    precision = variant.figures["claim_precision"]
    lines = [("accepted as written", figure(METRICS["accepted"], variant.figures["accepted"]))]
    lines.append(("claims per draft", figure(METRICS["claims"], variant.figures["claims"])))
    if len(variant.pass_hat) > 1:
        k = max(variant.pass_hat)
        value = variant.pass_hat[k]
        lines.append((f"accepted in all {k} repeats", ABSENT if value is None else f"{100 * value:.1f} %"))
    lines.append(("median latency", ABSENT if variant.median_seconds is None else f"{variant.median_seconds:.2f} s"))
    lines.append(("total cost", dollars(variant.total_cost)))
    if variant.failures:
        lines.append(("failed generations", f"{variant.failures} of {variant.rows}"))
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in lines)
    bounds = span(METRICS["claim_precision"], precision)
    return (
        f'<div class="panel tile b{color}"><h3>{escape(variant.variant.name)}</h3>'
        f'<p class="big">{escape(figure(METRICS["claim_precision"], precision))}</p>'
        f"<p>of claims in drafts are true{f' ({escape(bounds)})' if bounds else ''}</p><dl>{rows}</dl></div>"
    )


def _gates(report: SuiteReport) -> str:
    if not report.gates:
        return ""
    rows = []
    for gate in report.gates:
        more = f" About {gate.cases_to_decide:,} cases would decide." if gate.cases_to_decide else ""
        rows.append(
            f'<tr><td>{escape(gate.name)}</td><td class="words"><span class="verdict {gate.end}">{VERDICTS[gate.end]}</span></td>'
            f'<td class="words">{escape(gate.reason)}.{more}</td></tr>'
        )
    return (
        '<h2>Gate</h2><div class="panel scroll"><table class="stack"><thead><tr><th>check</th><th class="words">end</th>'
        f'<th class="words">why</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _plots(report: SuiteReport, colors: Mapping[str, int]) -> str:
    def plotted(name: str) -> list[Point]:
        found = []
        for v in report.variants:
            quality, across = v.figures["claim_precision"], v.figures[name]
            if quality is not None and across is not None:
                low = quality.estimate if quality.low is None else max(0.0, quality.low)
                high = quality.estimate if quality.high is None else min(1.0, quality.high)
                color = colors[v.variant.name]
                found.append(
                    Point(name=v.variant.name, x=across.estimate, y=quality.estimate, low=low, high=high, color=color)
                )
        return found

    costs = plotted("cost")
    free = bool(costs) and not any(point.x for point in costs)
    drawn_costs = [] if free else costs
    plots = [scatter(plotted("seconds"), "latency of a draft", "s"), scatter(drawn_costs, "cost of a draft", "$")]
    drawn = "".join(f'<div class="panel">{plot}</div>' for plot in plots if plot)
    if not drawn:
        return ""
    why = "The drafts cost nothing" if free else "No model of this run has a known price"
    note = "" if plots[1] else f'<p class="meta">{why}, so cost is not plotted.</p>'
    legend = "".join(f'<span class="c{color}"><b>{escape(name)}</b></span>' for name, color in colors.items())
    return f'<h2>Quality against latency and cost</h2><div class="plots">{drawn}</div><div class="legend">{legend}</div>{note}'


def _figures(report: SuiteReport) -> str:
    head = "".join(f"<th>{escape(v.variant.name)}</th>" for v in report.variants)
    rows = []
    for metric in METRICS.values():
        cells = []
        for v in report.variants:
            bounds = span(metric, v.figures[metric.name])
            small = f"<small>{escape(bounds)}</small>" if bounds else ""
            cells.append(f"<td>{escape(figure(metric, v.figures[metric.name]))}{small}</td>")
        rows.append(f"<tr><td>{escape(metric.title)}</td>{''.join(cells)}</tr>")
    for k in range(1, report.run.repeats + 1) if report.run.repeats > 1 else ():
        shares = [ABSENT if (p := v.pass_hat[k]) is None else f"{100 * p:.1f} %" for v in report.variants]
        rows.append(
            f"<tr><td>pass^{k}: accepted in all of {k} repeats</td>{''.join(f'<td>{s}</td>' for s in shares)}</tr>"
        )
    return (
        f'<h2>Figures</h2><div class="panel scroll"><table><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="meta note">Small print: 95 % intervals, resampled by user or conversation. A dash is “not defined”, '
        "never zero.</p>"
    )


def _versus(report: SuiteReport) -> str:
    first = _versus_table([versus for versus in report.versus if versus.metric in GATED])
    others = _versus_table([versus for versus in report.versus if versus.metric not in GATED])
    if not first:
        return ""
    more = f"<details><summary>All other figures compared</summary>{others}</details>" if others else ""
    return f"<h2>Against {escape(report.base.name)}</h2>{first}{more}"


def _versus_table(found: Sequence[Versus]) -> str:
    rows = []
    for versus in found:
        metric = METRICS[versus.metric]
        if versus.comparison is None:
            continue
        interval = versus.comparison.difference
        bounds = ""
        if interval.low is not None and interval.low != interval.high:
            bounds = f"<small>{escape(points(metric, interval.low))} to {escape(points(metric, interval.high))}</small>"
        words = versus_words(versus)
        rows.append(
            f"<tr><td>{escape(metric.title)}</td><td class='words'>{escape(versus.variant.name)}</td>"
            f"<td data-label='difference'>{escape(points(metric, interval.estimate))}{bounds}</td>"
            f"<td data-label='p (Holm)'>{escape(p_value(versus.p_holm))}</td>"
            f"<td data-label='smallest this set shows'>{escape(detectable(metric, versus.comparison.detectable))}</td>"
            f"<td class='words'><span class='{words.split()[0]}'>{escape(words)}</span></td></tr>"
        )
    if not rows:
        return ""
    return (
        "<div class='panel scroll'><table class='stack'><thead><tr><th></th><th class='words'>variant</th><th>difference</th>"
        "<th>p (Holm)</th><th>smallest this set shows</th><th class='words'></th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cases_section(report: SuiteReport) -> str:
    options = "".join(f"<option>{escape(v.variant.name)}</option>" for v in report.variants)
    return (
        '<h2>Cases</h2><div class="key"><span><mark class="supported">supported</mark> by the evidence</span>'
        '<span><mark class="contradicted">contradicted</mark> by it</span><span><mark class="absent">absent</mark> from it</span>'
        '<span><mark class="uncheckable">uncheckable</mark></span></div>'
        '<div class="tools"><input id="search" type="search" placeholder="Search titles, texts, users" aria-label="Search">'
        '<select id="filter" aria-label="Filter"><option value="all">all cases</option><option value="rejected">with a rejected draft</option>'
        '<option value="contradicted">with a contradicted claim</option><option value="absent">with an absent claim</option>'
        '<option value="differ">where drafts differ in being accepted</option><option value="vacuous">with a draft that claims nothing</option>'
        '<option value="failed">with a failed generation</option></select>'
        f'<select id="variant" aria-label="Variant"><option value="">all variants</option>{options}</select>'
        '<span class="count" id="count" aria-live="polite"></span></div>'
        '<div id="cases"><noscript><p class="noscript">Cases are drawn by a script, which is switched off here.</p></noscript></div>'
        '<button id="more" type="button" hidden>Show more</button>'
    )


def badness(rows: Sequence[Row]) -> float:
    """How bad the rows of a case are: by rejected drafts and by wrong claims."""
    total = 0.0
    for row in rows:
        if row.error is not None:
            continue
        total += not row.accepted
        if row.score is not None:
            total += row.score.contradicted + 0.5 * row.score.absent
    return total / max(1, len(rows))


def _cases_data(report: SuiteReport, colors: Mapping[str, int], repeats: int) -> dict[str, Any]:
    by_case: dict[str, list[Row]] = {}
    for row in report.run.rows:
        by_case.setdefault(row.case, []).append(row)
    order = {v.variant: n for n, v in enumerate(report.variants)}
    shown = [case for case in report.run.cases if case.id in by_case]
    shown.sort(key=lambda case: -badness(by_case[case.id]))
    return {
        "repeats": repeats,
        "cases": [
            _case_data(case, sorted(by_case[case.id], key=lambda r: (order[r.variant], r.repeat)), colors)
            for case in shown
        ],
    }


def _case_data(case: Case, rows: Sequence[Row], colors: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": case.id,
        "user": case.user,
        "title": case.title,
        "request": case.request,
        "tags": case.tags,
        "facts": [fact_line(fact) for fact in case.as_facts()],
        "rows": [
            {
                "variant": row.variant.name,
                "color": colors[row.variant.name],
                "repeat": row.repeat,
                "draft": row.draft,
                "cited": row.cited,
                "accepted": row.accepted,
                "rejected": row.rejected,
                "shown": row.shown,
                "seconds": row.seconds,
                "error": row.error,
                "claims": [
                    {
                        "start": claim.start,
                        "end": claim.end,
                        "slot": claim.slot,
                        "value": ", ".join(claim.value) if isinstance(claim.value, tuple) else str(claim.value),
                        "positive": claim.positive,
                        "source": claim.source,
                        "verdict": claim.verdict,
                        "facts": claim.fact_ids,
                    }
                    for claim in (row.score.claims if row.score else ())
                ],
            }
            for row in rows
        ],
    }
