"""Quality against latency or cost, as an SVG picture that follows the page's colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

WIDTH, HEIGHT = 460, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 14, 44


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A variant. ``y`` and its bounds are shares."""

    name: str
    x: float
    y: float
    low: float
    high: float
    color: int
    """The number of its colour on the page."""


def _ticks(top: float) -> list[float]:
    """About four round values from 0 to at least ``top``."""
    raw = top / 4
    size = 10 ** floor(log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw)
    return [step * number for number in range(5)]


def scatter(points: Sequence[Point], x_title: str, unit: str) -> str:
    """An SVG; empty where there is no point. Bars are intervals."""
    if not points:
        return ""
    most = max(point.x for point in points)
    ticks = _ticks(most if most > 0 else 1.0)
    right = ticks[-1]

    def across(x: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * x / right

    def up(y: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * y

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Claim precision against {escape(x_title)}" class="plot">'
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{up(share):.1f}" y2="{up(share):.1f}"/>'
        )
        parts.append(f'<text class="tick" x="{_LEFT - 8}" y="{up(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for tick in ticks:
        label = f"{tick:g}"
        parts.append(
            f'<text class="tick" x="{across(tick):.1f}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{label}</text>'
        )
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(
        f'<text class="axis" x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_title)} ({unit})</text>'
    )
    for point in points:
        x = across(point.x)
        title = f"{point.name}: {point.y:.1%} ({point.low:.1%} to {point.high:.1%}), {point.x:.3g} {unit}"
        parts.append(f'<g class="c{point.color}"><title>{escape(title)}</title>')
        parts.append(
            f'<line class="bar" x1="{x:.1f}" x2="{x:.1f}" y1="{up(point.low):.1f}" y2="{up(point.high):.1f}"/>'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{up(point.y):.1f}" r="6.5"/></g>')
    parts.append("</svg>")
    return "".join(parts)
