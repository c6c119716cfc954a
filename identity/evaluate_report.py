"""An evaluation as one self-contained HTML file: measures, chart by threshold, faults, source pairs, worst errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from identity.evaluate import Evaluation
from identity.evaluate_faults import KINDS
from identity.html_page import page, signed, table

_FAMILIES = (
    ("pairwise", "pairs of records"),
    ("bcubed", "B-cubed, over records (Bagga and Baldwin 1998)"),
    ("cluster", "clusters equal to an entity (Huang, Ertekin and Giles 2006)"),
    ("closest_cluster", "closest cluster, Jaccard (Benjelloun et al. 2009)"),
)
_PARTS = ("precision", "recall", "f1")
_FAULTS = {"over_merge": "two people in one cluster", "under_merge": "one person in two clusters"}


def as_report(result: Evaluation, title: str = "Evaluation") -> str:
    """`result` as an HTML document. It names record ids, kinds and weights; no value of any record."""
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(_sentence(result))}</p>", _measures(result)]
    if result.thresholds:
        parts += [
            "<h2>Precision and recall against the threshold</h2>",
            f'<div class="scroll">{_curve(result.thresholds)}</div>',
            '<p class="note">From the accepted edges; below the threshold in use (the leftmost point) there are none. '
            "Identifiers and judgements stay at every threshold.</p>",
            _curve_table(result.thresholds),
        ]
    if result.faults:
        parts += ["<h2>Faults by kind</h2>", f'<div class="scroll">{_fault_bars(result.faults)}</div>']
        parts.append(
            table(
                "Faults by kind",
                ("fault", "kind", "what it means", "cases", "pairs of records"),
                [
                    (_FAULTS[row["fault"]], row["kind"].replace("_", " "), KINDS[row["kind"]], f"{row['parts']:,}",
                     f"{row['pairs']:,}")
                    for row in result.faults
                ],
            )
        )  # fmt: skip
    if result.by_source:
        parts += ["<h2>By pair of sources</h2>", _by_source(result.by_source)]
    if result.examples:
        parts += ["<h2>The costliest errors</h2>", _examples(result.examples)]
    return page(title, "\n".join(parts))


def _sentence(result: Evaluation) -> str:
    return (
        f"{result.records:,} records of {result.entities:,} entities in {result.clusters:,} clusters; "
        f"{result.merged_clusters:,} clusters hold more than one entity, {result.split_entities:,} entities lie in "
        f"more than one cluster, {result.missing:,} records have no cluster."
    )


def _number(value: float, limits: Sequence[float] | None) -> str:
    return f"{value:.4f}" + (f" ({limits[0]:.3f}–{limits[1]:.3f})" if limits else "")


def _measures(result: Evaluation) -> str:
    values: dict[str, Any] = {name: getattr(result, name) for name in result.measure_names()}
    rows = [
        (label, *(_number(values[f"{family}_{part}"], result.intervals.get(f"{family}_{part}")) for part in _PARTS))
        for family, label in _FAMILIES
    ]
    information = _number(result.variation_of_information, result.intervals.get("variation_of_information"))
    return (
        table("Measures with their 95% intervals", ("", "precision", "recall", "F1"), rows)
        + f"<p>Variation of information (Meilă 2007): {information} bits; 0 is a perfect result.</p>"
    )


def _curve(thresholds: Sequence[dict[str, Any]]) -> str:
    left, right, top, bottom = 60, 780, 20, 300
    bits: list[float] = [row["threshold_bits"] for row in thresholds]
    low: float = min(row[f"pairwise_{part}"] for row in thresholds for part in _PARTS)
    floor = min(math.floor(low * 10) / 10, 0.9)
    span = max(bits[-1] - bits[0], 1.0)

    def x(value: float) -> float:
        return left + (value - bits[0]) / span * (right - left)

    def y(value: float) -> float:
        return bottom - (value - floor) / (1 - floor) * (bottom - top)

    first, last = thresholds[0], thresholds[-1]
    told = (
        f"At the threshold in use, {first['threshold']:.4f}, precision is {first['pairwise_precision']:.3f} and recall "
        f"{first['pairwise_recall']:.3f}; at {last['threshold']:.6f} they are {last['pairwise_precision']:.3f} and "
        f"{last['pairwise_recall']:.3f}. All points stand in the table below."
    )
    drawn = [
        f'<svg viewBox="0 0 900 {bottom + 50}" role="img" aria-labelledby="curve-title curve-desc">'
        '<title id="curve-title">Pairwise precision, recall and F1 against the threshold</title>'
        f'<desc id="curve-desc">{escape(told)}</desc>'
    ]
    for tenth in range(round(floor * 10), 11):
        at = y(tenth / 10)
        drawn.append(f'<path class="axis" d="M{left} {at:.1f}H{right}"/>')
        drawn.append(f'<text class="muted end" x="{left - 8}" y="{at + 4:.1f}">{tenth / 10:.1f}</text>')
    for tick in range(math.ceil(bits[0]), math.floor(bits[-1]) + 1, 2):
        drawn.append(f'<text class="muted mid" x="{x(tick):.1f}" y="{bottom + 20}">{tick}</text>')
    drawn.append(f'<text class="muted mid" x="{(left + right) / 2:.0f}" y="{bottom + 42}">threshold in bits</text>')
    ends: list[tuple[float, str]] = []
    for part, style in zip(_PARTS, ("line-a", "line-b", "line-c"), strict=True):
        points = " ".join(f"{x(r['threshold_bits']):.1f},{y(r[f'pairwise_{part}']):.1f}" for r in thresholds)
        drawn.append(f'<polyline class="{style}" points="{points}"/>')
        ends.append((y(last[f"pairwise_{part}"]), "F1" if part == "f1" else part))
    below = -math.inf
    for at, name in sorted(ends):  # labels keep a line's height apart where the lines meet
        below = max(at, below + 16)
        drawn.append(f'<text x="{right + 10}" y="{below + 4:.1f}">{name}</text>')
    return "".join(drawn) + "</svg>"


def _curve_table(thresholds: Sequence[dict[str, Any]]) -> str:
    rows = [
        (
            signed(row["threshold_bits"]), f"{row['threshold']:.6f}", f"{row['clusters']:,}",
            *(f"{row[f'pairwise_{part}']:.4f}" for part in _PARTS),
        )
        for row in thresholds
    ]  # fmt: skip
    return table(
        "The same in numbers", ("threshold, bits", "probability", "clusters", "precision", "recall", "F1"), rows
    )


def _fault_bars(faults: Sequence[dict[str, Any]]) -> str:
    label, width, row_height = 260, 520, 26
    most = max(row["pairs"] for row in faults)
    told = "; ".join(f"{row['kind'].replace('_', ' ')}: {row['pairs']} pairs" for row in faults)
    drawn = [
        f'<svg viewBox="0 0 900 {row_height * len(faults) + 10}" role="img" aria-labelledby="fault-title fault-desc">'
        f'<title id="fault-title">Wrong pairs of records by kind of fault</title><desc id="fault-desc">{escape(told)}'
        "</desc>"
    ]
    for i, row in enumerate(faults):
        style = "minus" if row["fault"] == "over_merge" else "sum"
        size = max(row["pairs"] / most * width, 1.0)
        name = f"{'merged' if row['fault'] == 'over_merge' else 'split'}: {row['kind'].replace('_', ' ')}"
        y = row_height * i
        drawn.append(f'<text class="end" x="{label - 12}" y="{y + 19}">{escape(name)}</text>')
        drawn.append(f'<rect class="{style}" x="{label}" y="{y + 6}" width="{size:.1f}" height="{row_height - 9}"/>')
        drawn.append(f'<text x="{label + size + 6:.1f}" y="{y + 19}">{row["pairs"]:,}</text>')
    return "".join(drawn) + "</svg>"


def _by_source(rows: Sequence[dict[str, Any]]) -> str:
    return table(
        "Pairwise measures with their 95% intervals",
        ("first source", "second source", "pairs", "precision", "recall", "F1"),
        [
            (row["source_l"] or "—", row["source_r"] or "—", f"{row['pairs_same']:,}",
             *(_number(row[f"pairwise_{part}"], row["intervals"].get(f"pairwise_{part}")) for part in _PARTS))
            for row in rows
        ],
    )  # fmt: skip


def _examples(rows: Sequence[dict[str, Any]]) -> str:
    return table(
        "One line per case, with its most telling pair",
        ("kind", "pairs", "first record", "second record", "bits", "outcomes (bits against strangers / household)"),
        [
            (row["kind"].replace("_", " ") + (f" ({row['detail']})" if row["detail"] else ""), f"{row['pairs']:,}",
             row["record_id_l"], row["record_id_r"], _bits(row["match_weight"]), row["outcomes"] or "—")
            for row in rows
        ],
    )  # fmt: skip


def _bits(weight: float | None) -> str:
    return "—" if weight is None else signed(weight)
