"""How the weight of a pair comes about, comparison by comparison, as SVG: one picture per side of the question.

The input is an explanation as plain values (`identity.Explanation.as_dict`), handed in by a port: this package does not
know how pairs are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

NOT_COMPARABLE = "not comparable"
STRANGERS, HOUSEHOLD = "against_strangers", "against_household"

_LABEL, _PANEL, _ROW, _TOP, _MARGIN = 210, 380, 26, 30, 52


@dataclass(frozen=True)
class Bar:
    """One row: its label and where it starts and ends, in bits; `is_sum` for the prior's and the last row's total."""

    label: str
    start: float
    end: float
    is_sum: bool = False


def bars(step: Mapping[str, Any], side: str, name: Callable[[str], str]) -> list[Bar]:
    """Rows of one `side` of an explanation's step; `name` gives the words for prior, frequency, sum and comparisons."""
    prior = "prior_strangers" if side == STRANGERS else "prior_household"
    at = float(step[prior])
    rows = [Bar(name("prior"), 0.0, at)]
    for found in step["contributions"]:
        if found["outcome"] == NOT_COMPARABLE:
            continue
        rows.append(Bar(name(found["comparison"]), at, at + found[side]))
        at += found[side]
        if side == STRANGERS and found["term_frequency"]:
            rows.append(Bar(name("frequency"), at, at + found["term_frequency"]))
            at += found["term_frequency"]
    return [*rows, Bar(name("sum"), 0.0, at, is_sum=True)]


def waterfall(title: str, rows: list[Bar], threshold: float, threshold_label: str) -> Markup:
    """The rows as a picture with the `threshold` in bits as a line."""
    ends = [0.0, threshold, *(end for row in rows for end in (row.start, row.end))]
    low, high = min(ends), max(ends)
    scale = (_PANEL - 2 * _MARGIN) / ((high - low) or 1.0)
    bottom = _TOP + _ROW * len(rows)

    def x(bits: float) -> float:
        return _LABEL + _MARGIN + (bits - low) * scale

    parts = [
        f'<svg class="chart" viewBox="0 0 {_LABEL + _PANEL} {bottom + 8}" role="img" aria-label="{escape(title)}"'
        ' focusable="false">',
        f'<path class="grid" d="M{x(0):.1f} {_TOP - 4}V{bottom}"/>',
        f'<path class="limit" d="M{x(threshold):.1f} {_TOP - 8}V{bottom}"/>',
        f'<text class="tick mid" x="{x(threshold):.1f}" y="{_TOP - 14}">{escape(threshold_label)}</text>',
    ]
    for place, row in enumerate(rows):
        y = _TOP + _ROW * place
        left, length = x(min(row.start, row.end)), max(abs(row.end - row.start) * scale, 1.0)
        rises = row.end >= row.start
        style = "total" if row.is_sum else "plus" if rises else "minus"
        text_x, anchor = (left + length + 5, "start") if rises else (left - 5, "end")
        parts.append(f'<text class="label end" x="{_LABEL - 8}" y="{y + 17}">{escape(row.label)}</text>')
        parts.append(f'<rect class="{style}" x="{left:.1f}" y="{y + 4}" width="{length:.1f}" height="17" rx="2"/>')
        parts.append(f'<text class="tick {anchor}" x="{text_x:.1f}" y="{y + 17}">{row.end - row.start:+.1f}</text>')
    return Markup("".join(parts) + "</svg>")  # noqa: S704 (every text above is escaped)
