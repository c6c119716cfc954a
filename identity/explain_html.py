"""An explanation as one HTML file: the path as a picture and, per edge, a waterfall of its weight in bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from identity.explain_result import Contribution, Explanation, Step, conflict_text
from identity.html_page import page, signed, table

_LABEL, _PANEL, _GAP, _ROW, _TOP = 250, 310, 30, 26, 54
_HIDDEN = "•••"


@dataclass(frozen=True)
class _Bar:
    """One row of a waterfall: where it starts and ends in bits, on both sides."""

    label: str
    style: str
    strangers: tuple[float, float] | None
    household: tuple[float, float] | None


def as_html(explanation: Explanation) -> str:
    """`explanation` as a self-contained HTML document; it shows compared values only if the explanation has them."""
    left, right = explanation.record_id_l, explanation.record_id_r
    verdict = "are one profile" if explanation.linked else "are not one profile"
    parts = [f"<h1>{escape(left)} and {escape(right)} {verdict}</h1>"]
    if explanation.reasons:
        items = "".join(f"<li>{escape(reason.text)}</li>" for reason in explanation.reasons)
        parts.append(f"<h2>What keeps them apart</h2><ul>{items}</ul>")
    if explanation.linked:
        count = len(explanation.steps)
        parts.append(f"<h2>The path: {count} {'edge' if count == 1 else 'edges'}</h2>")
        if count > 1:
            parts.append(
                '<p class="note">Of all paths between the two, the one whose weakest edge is strongest; a judgement '
                "counts more than an identifier, an identifier more than a score.</p>"
            )
    parts.append(f'<div class="scroll">{_path(explanation)}</div>')
    for number, step in enumerate(explanation.steps, start=1):
        parts += _step(explanation, step, number)
    parts.append(
        f'<p class="note">Model {escape(explanation.model_version)}. A pair is linked from '
        f"{signed(explanation.threshold_bits)} bits (probability {explanation.threshold:.4f}). One bit doubles the "
        "odds; a pair must be better explained as one person than as strangers or as two members of one household."
        f"{'' if explanation.with_values else ' Compared values are not shown.'}</p>"
    )
    return page(f"Why {left} and {right} {verdict}", "\n".join(parts))


def _step(explanation: Explanation, step: Step, number: int) -> list[str]:
    head = f"{number}. {step.record_id_l} — {step.record_id_r}"
    parts = [f"<h2>{escape(head)}</h2>", f"<p>{escape(_verdict(explanation, step))}</p>"]
    if step.is_conflict:
        parts.append(f"<p>These two cannot be one person: {escape(conflict_text(step.conflict_rule))}.</p>")
    parts.append(f'<div class="scroll">{_waterfall(explanation, step, number)}</div>')
    hidden = [c.comparison.replace("_", " ") for c in step.contributions if c.outcome == "not comparable"]
    if hidden:
        parts.append(f'<p class="note">Not comparable, so without weight: {escape(", ".join(hidden))}.</p>')
    parts.append(_numbers(explanation, step))
    return parts


def _verdict(explanation: Explanation, step: Step) -> str:
    score = f"the score is {signed(step.weight)} bits, probability {step.probability:.4f}"
    if step.kind == "none":
        return f"There is no edge between them; {score}."
    if step.kind == "probabilistic":
        return f"Linked by their score: {score[13:]}. {step.changed()}".rstrip()
    what = "a person's judgement" if step.kind == "steward" else f"a shared identifier ({step.rule})"
    return f"Linked by {what}, which needs no score; {score}."


def _numbers(explanation: Explanation, step: Step) -> str:
    shown = explanation.with_values
    headings = ["", "outcome", "against strangers", "against one household", "first record", "second record"]
    rows = [["prior", "before looking", signed(step.prior_strangers), signed(step.prior_household), "", ""]]
    for c in step.contributions:
        values = [(value or "—") if shown else (_HIDDEN if c.outcome != "not comparable" else "")
                  for value in (c.value_l, c.value_r)]  # fmt: skip
        name = c.comparison.replace("_", " ")
        if c.outcome == "not comparable":
            rows.append([name, c.outcome, "·", "·", *values])
            continue
        rows.append([name, c.outcome, signed(c.against_strangers), signed(c.against_household), *values])
        if c.term_frequency:
            rows.append([name, "how common the value is", signed(c.term_frequency), "·", "", ""])
    rows.append(["sum", "", signed(step.stranger_weight), signed(step.household_weight), "", ""])
    rows.append(
        ["both together", f"probability {step.probability:.4f}", signed(step.weight), signed(step.weight), "", ""]
    )
    return table("The same in numbers (bits)", headings, rows, total=True)


def _path(explanation: Explanation) -> str:
    """The records of the path from top to bottom; the text beside a line tells what joins its ends."""
    nodes = [explanation.steps[0].record_id_l, *(step.record_id_r for step in explanation.steps)]
    height = 40 + 64 * len(explanation.steps)
    told = "; ".join(f"{s.record_id_l} to {s.record_id_r}: {_edge_label(s)}" for s in explanation.steps)
    drawn = [
        f'<svg viewBox="0 0 900 {height}" role="img" aria-labelledby="path-title path-desc">'
        f'<title id="path-title">Path between the two records</title><desc id="path-desc">{escape(told)}</desc>'
    ]
    for i, step in enumerate(explanation.steps):
        y = 20 + 64 * i
        width = 2 + min(max(step.weight, 0.0), 30.0) / 6 if step.kind == "probabilistic" else 6
        style = "broken" if step.kind == "none" else "edge"
        drawn.append(f'<line class="{style}" x1="20" y1="{y}" x2="20" y2="{y + 64}" stroke-width="{width:.1f}"/>')
        drawn.append(f'<text class="muted" x="44" y="{y + 36}">{escape(_edge_label(step))}</text>')
    for i, node in enumerate(nodes):
        drawn.append(f'<circle class="sum" cx="20" cy="{20 + 64 * i}" r="8"/>')
        drawn.append(f'<text x="44" y="{25 + 64 * i}">{escape(node)}</text>')
    return "".join(drawn) + "</svg>"


def _edge_label(step: Step) -> str:
    if step.kind == "steward":
        return "judged to be one person"
    if step.kind == "identifier":
        return f"same identifier: {step.rule}"
    label = f"{signed(step.weight)} bits, probability {step.probability:.4f}"
    return label if step.kind == "probabilistic" else f"no edge ({label})"


def _bars(step: Step) -> list[_Bar]:
    bars = [_Bar("prior", "", (0.0, step.prior_strangers), (0.0, step.prior_household))]
    strangers, household = step.prior_strangers, step.prior_household
    for c in step.contributions:
        if c.outcome == "not comparable":
            continue
        after, after_household = strangers + c.against_strangers, household + c.against_household
        bars.append(_Bar(_name(c), "", (strangers, after), (household, after_household)))
        strangers, household = after, after_household
        if c.term_frequency:
            after = strangers + c.term_frequency
            bars.append(_Bar("how common the value is", "soft", (strangers, after), None))
            strangers = after
    bars.append(_Bar("sum", "sum", (0.0, step.stranger_weight), (0.0, step.household_weight)))
    bars.append(_Bar("both together", "sum", (0.0, step.weight), (0.0, step.weight)))
    return bars


def _name(contribution: Contribution) -> str:
    return f"{contribution.comparison.replace('_', ' ')}: {contribution.outcome}"


def _waterfall(explanation: Explanation, step: Step, number: int) -> str:
    bars = _bars(step)
    ends = [end for bar in bars for side in (bar.strangers, bar.household) if side for end in side]
    low, high = min([*ends, explanation.threshold_bits, 0.0]), max([*ends, explanation.threshold_bits, 0.0])
    margin = max((high - low) * 54 / (_PANEL - 108), 1.0)  # 54 pixels beside the bars for their numbers
    low, high = low - margin, high + margin
    scale = _PANEL / (high - low)
    bottom = _TOP + _ROW * len(bars)
    told = (
        f"Against strangers {signed(step.stranger_weight)} bits, against one household "
        f"{signed(step.household_weight)} bits, both together {signed(step.weight)} bits; the threshold is "
        f"{signed(explanation.threshold_bits)} bits. All numbers stand in the table below."
    )
    drawn = [
        f'<svg viewBox="0 0 {_LABEL + 2 * _PANEL + 2 * _GAP} {bottom + 34}" role="img" '
        f'aria-labelledby="w{number}-title w{number}-desc"><title id="w{number}-title">Waterfall of the weight of edge '
        f'{number}</title><desc id="w{number}-desc">{escape(told)}</desc>'
    ]
    for i, bar in enumerate(bars):
        drawn.append(f'<text class="end" x="{_LABEL - 12}" y="{_TOP + _ROW * i + 17}">{escape(bar.label[:38])}</text>')
    for panel, heading in enumerate(("same person or strangers?", "same person or one household?")):
        origin = _LABEL + panel * (_PANEL + _GAP) - low * scale

        def x(bits: float, origin: float = origin) -> str:
            return f"{origin + bits * scale:.1f}"

        drawn.append(
            f'<text class="mid" x="{_LABEL + panel * (_PANEL + _GAP) + _PANEL / 2:.0f}" y="18">{heading}</text>'
        )
        for tick in _ticks(low, high):
            drawn.append(f'<path class="axis" d="M{x(tick)} {_TOP - 8}V{bottom}"/>')
            drawn.append(
                f'<text class="muted mid" x="{x(tick)}" y="{bottom + 18}">{signed(tick, 0) if tick else 0}</text>'
            )
        drawn.append(
            f'<line class="limit" x1="{x(explanation.threshold_bits)}" y1="{_TOP - 14}" '
            f'x2="{x(explanation.threshold_bits)}" y2="{bottom}"/><text class="mid limit-label" '
            f'x="{x(explanation.threshold_bits)}" y="{_TOP - 18}">threshold</text>'
        )
        for i, bar in enumerate(bars):
            side = bar.household if panel else bar.strangers
            if side is not None:
                drawn.append(_draw(bar, side, _TOP + _ROW * i, origin, scale))
    return "".join(drawn) + "</svg>"


def _draw(bar: _Bar, side: tuple[float, float], y: int, origin: float, scale: float) -> str:
    start, end = side
    left, width = origin + min(start, end) * scale, max(abs(end - start) * scale, 1.0)
    style = bar.style if bar.style == "sum" else f"{'plus' if end >= start else 'minus'} {bar.style}".strip()
    rising = end >= start
    at = left + width + 4 if rising else left - 4
    return (
        f'<rect class="{style}" x="{left:.1f}" y="{y + 4}" width="{width:.1f}" height="{_ROW - 9}"/>'
        f'<text class="{"" if rising else "end"}" x="{at:.1f}" y="{y + 17}">{signed(end - start)}</text>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Three to eight round numbers of bits between `low` and `high`."""
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100) if (high - low) / s <= 8), 200)
    return [float(step * i) for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
