"""Charts as SVG, drawn on the server: no script is needed to see them, and colours come from the style sheet.

Every chart is an image with a title; the page says the same in a table, so a chart's own texts are hidden from
assistive technology.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 220, 56, 12, 14, 26
_LABEL, _ROW, _NUMBER = 190, 26, 84


@dataclass(frozen=True)
class Series:
    """One line of a chart: its name and a value per label (None leaves a gap)."""

    name: str
    values: Sequence[float | None]


def short_number(value: float) -> str:
    """A number of at most five characters: 950, 1.2k, 35k, 1.4M."""
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            scaled = value / size
            return f"{scaled:.0f}{sign}" if abs(scaled) >= 10 or scaled == int(scaled) else f"{scaled:.1f}{sign}"
    return f"{value:.0f}" if value == int(value) else f"{value:.2g}"


def line_chart(title: str, labels: Sequence[str], series: Sequence[Series]) -> Markup:
    """Values over labels (days or months in order) from zero up; up to four lines. Empty where there is nothing."""
    values = [value for line in series for value in line.values if value is not None]
    if not labels or not values:
        return Markup("")
    low, high, step = _scale(min(0.0, *values), max(values))
    across = (_WIDTH - _LEFT - _RIGHT) / max(len(labels) - 1, 1)
    down = (_HEIGHT - _TOP - _BOTTOM) / (high - low)

    def at(place: int, value: float) -> tuple[float, float]:
        return _LEFT + place * across, _HEIGHT - _BOTTOM - (value - low) * down

    parts = [_open(title, _WIDTH, _HEIGHT)]
    for number in range(round((high - low) / step) + 1):
        tick = low + number * step
        y = at(0, tick)[1]
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text class="tick end" x="{_LEFT - 6}" y="{y + 4:.1f}">{short_number(tick)}</text>')
    every = math.ceil(len(labels) / 6)
    for place in range(0, len(labels), every):
        x = at(place, low)[0]
        anchor = "start" if place == 0 else "mid"
        if x > _WIDTH - _RIGHT - 30:
            anchor = "end"
        parts.append(f'<text class="tick {anchor}" x="{x:.1f}" y="{_HEIGHT - 8}">{escape(labels[place])}</text>')
    for number, line in enumerate(series, start=1):
        points = [at(place, value) for place, value in enumerate(line.values) if value is not None]
        if len(points) == 1:
            parts.append(f'<circle class="dot s{number}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="4"/>')
        else:
            path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            parts.append(f'<path class="line s{number}" d="{path}"/>')
    return Markup("".join(parts) + "</svg>")  # noqa: S704 (every text above is escaped)


def bar_chart(title: str, rows: Sequence[tuple[str, float]], *, number: str = "{:,.0f}") -> Markup:
    """One bar per row, from the left, with its number. Empty where there are no rows."""
    if not rows:
        return Markup("")
    most = max((abs(value) for _, value in rows), default=0.0) or 1.0
    width = _WIDTH - _LABEL - _NUMBER
    height = _ROW * len(rows) + 4
    parts = [_open(title, _WIDTH, height)]
    for place, (label, value) in enumerate(rows):
        y = place * _ROW + 4
        length = abs(value) / most * width
        shown = label if len(label) <= 26 else label[:25] + "…"
        parts.append(f'<text class="label end" x="{_LABEL - 8}" y="{y + 14}">{escape(shown)}</text>')
        style = "bar" if value >= 0 else "bar below"
        parts.append(
            f'<rect class="{style}" x="{_LABEL}" y="{y + 2}" width="{max(length, 1):.1f}" height="16" rx="2"/>'
        )
        parts.append(
            f'<text class="tick" x="{_LABEL + length + 6:.1f}" y="{y + 14}">{escape(number.format(value))}</text>'
        )
    return Markup("".join(parts) + "</svg>")  # noqa: S704 (every text above is escaped)


def sparkline(values: Sequence[float]) -> Markup:
    """A line without words, for a table cell that also holds the number."""
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = 92 / (len(values) - 1)
    path = "M" + "L".join(f"{4 + i * step:.1f} {20 - (v - low) / span * 16:.1f}" for i, v in enumerate(values))
    return Markup(  # noqa: S704 (numbers only)
        f'<svg class="spark" viewBox="0 0 100 24" width="100" height="24" aria-hidden="true" focusable="false">'
        f'<path class="line s1" d="{path}"/></svg>'
    )


def _open(title: str, width: int, height: int) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}"'
        ' focusable="false" preserveAspectRatio="xMidYMid meet">'
    )


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """Ends and step of an axis of round numbers that holds `low` to `high` in three to six steps."""
    span = (high - low) or 1.0
    size = 10.0 ** math.floor(math.log10(span / 4))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if span / (size * factor) <= 5)
    return math.floor(low / step) * step, max(math.ceil(high / step), math.floor(low / step) + 1) * step, step
