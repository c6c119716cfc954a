"""The model card as one HTML page: inline SVG, light and dark, nothing to load and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from identity.html_page import page, signed, table

_CENTRE, _REACH = 430.0, 170.0
_NONE = "—"


def card_page(card: Mapping[str, Any]) -> str:
    """The page of a card as `model_card.model_card` gives it."""
    version = str(card["version"])
    parts = [
        f"<h1>Model {escape(version)}</h1>",
        _note(_origin(card)),
        _facts(card),
        "<h2>What each comparison contributes</h2>",
        _note(
            "Bits that one pair of the same person tells on average. Green: against strangers, the sum over the levels "
            "of m · log2(m / u). Blue: against two members of one household, the sum of m · log2(m / h). More bits "
            "separate better; term frequencies and missing values are not in it. Mean |weight| is over the accepted "
            "pairs of the training data, a pair that cannot be compared counting 0."
        ),
        _contributions(card["comparisons"]),
        "<h2>Levels of agreement</h2>",
        _note(
            "m: share of the pairs of the same person that show this level; h: of pairs within one household; u: of "
            "pairs of strangers. The bar is the weight log2(m / u), the blue tick log2(m / h). A star marks a level "
            "whose m or u was not measured on this data; the reasons stand below each table."
        ),
        *[_comparison(c) for c in card["comparisons"]],
        _left_out(card["left_out"]),
        _threshold(card["threshold"]),
        _fields(card["fields"]),
        _blocking(card),
        _frequencies(card["term_frequencies"]),
    ]
    return page(f"Model {version}", "\n".join(part for part in parts if part))


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _origin(card: Mapping[str, Any]) -> str:
    parts = [f"Trained on {card['trained_records']:,} records"]
    if card["seed"] is not None:
        parts.append(f"seed {card['seed']}")
    if card["base_version"] != card["version"]:
        parts.append(f"from {card['base_version']}")
    text = ", ".join(parts) + "."
    return text + (f" Set by rules: {'; '.join(card['overridden'])}." if card["overridden"] else "")


def _facts(card: Mapping[str, Any]) -> str:
    classes, pairs = card["classes"], card["pairs"]
    facts = [
        ["threshold", f"{card['threshold']['value']:.3f}"],
        ["candidate pairs trained on", _count(classes["pairs_seen"])],
        ["share of pairs of one country: same person", f"{classes['same_person_share']:.2e}"],
        ["share of pairs of one country: one household", f"{classes['household_share']:.2e}"],
        ["pairs from the threshold up", _count(pairs["from_threshold"])],
        ["records in such a pair", _count(pairs["matched_records"])],
    ]
    facts += [[f"over-shared values: {kind}", f"{n:,}"] for kind, n in card["over_shared_values"].items()]
    return table("At a glance", ["measure", "value"], facts)


def _contributions(comparisons: Sequence[Mapping[str, Any]]) -> str:
    if not comparisons:
        return "<p>No field is filled by two records: nothing is compared.</p>"
    rows = sorted(comparisons, key=lambda c: -c["information_bits"])
    most = max([1.0, *(max(c["information_bits"], c["household_information_bits"]) for c in rows)])
    shapes = []
    for i, c in enumerate(rows):
        y = 26 * i
        shapes.append(f'<text x="0" y="{y + 16}">{escape(c["name"])}</text>')
        for key, css, top in (("information_bits", "plus", 3), ("household_information_bits", "sum", 13)):
            width = max(0.0, c[key]) / most * 420
            shapes.append(f'<rect class="{css}" x="130" y="{y + top}" width="{width:.1f}" height="8"/>')
        mean = "" if c["mean_weight_bits"] is None else f", mean |weight| {c['mean_weight_bits']:.1f}"
        told = f"{c['information_bits']:.1f} / {c['household_information_bits']:.1f}{mean}"
        shapes.append(f'<text class="muted" x="560" y="{y + 16}">{told}</text>')
    return _svg(780, 26 * len(rows) + 4, "Information per comparison in bits", shapes)


def _comparison(c: Mapping[str, Any]) -> str:
    levels = c["levels"]
    reach = max([1.0, *(abs(lv[k]) for lv in levels for k in ("weight_bits", "household_weight_bits"))])
    shapes = [f'<line class="axis" x1="{_CENTRE}" x2="{_CENTRE}" y1="0" y2="{20 * len(levels)}"/>']
    for i, level in enumerate(levels):
        bits, home, y = level["weight_bits"], level["household_weight_bits"], 20 * i
        width = abs(bits) / reach * _REACH
        css, left = ("plus", _CENTRE) if bits >= 0 else ("minus", _CENTRE - width)
        told = f"{signed(bits, 1)} / {signed(home, 1)} bits"
        shapes += [
            f'<text x="0" y="{y + 15}">{escape(_starred(level))}</text>',
            f'<rect class="{css}" x="{left:.1f}" y="{y + 4}" width="{width:.1f}" height="12"/>',
            f'<rect class="sum" x="{_CENTRE + home / reach * _REACH - 1:.1f}" y="{y + 1}" width="3" height="18"/>',
            f'<text class="muted" x="620" y="{y + 15}">{told}</text>',
        ]
    rows = [
        [
            _starred(lv), _share(lv["m"]), _share(lv["h"]), _share(lv["u"]), _count(lv["accepted_pairs"]),
            _count(lv["candidate_pairs"]), lv["term_frequency"] or _NONE,
        ]
        for lv in levels
    ]  # fmt: skip
    reasons: dict[str, list[str]] = {}
    for lv in levels:
        for reason in lv["untrained"]:
            reasons.setdefault(reason, []).append(lv["name"])
    notes = "".join(
        f"<li>{escape(reason)}: {'all levels' if len(names) == len(levels) else escape(', '.join(names))}</li>"
        for reason, names in reasons.items()
    )
    definition = f", definition {c['definition']}" if c["definition"] else ""
    return (
        f"<h3>{escape(c['name'])}</h3>"
        + _note(f"{c['evidence']} evidence{definition}")
        + _svg(780, 20 * len(levels), f"Weights of {c['name']} in bits", shapes)
        + table(
            f"Parameters of {c['name']}",
            ["level", "m", "h", "u", "accepted pairs", "candidate pairs", "sharpened by frequency of"],
            rows,
        )
        + (f"<ul>{notes}</ul>" if notes else "")
    )


def _starred(level: Mapping[str, Any]) -> str:
    return f"{level['name']} *" if level["is_default"] else str(level["name"])


def _left_out(left_out: Sequence[Mapping[str, Any]]) -> str:
    if not left_out:
        return ""
    rows = [[str(r["comparison"]), _count(r["filled_records"]), str(r["reason"])] for r in left_out]
    return "<h2>Not compared</h2>" + table("Comparisons left out", ["comparison", "records that fill it", "why"], rows)


def _threshold(threshold: Mapping[str, Any]) -> str:
    curve = [(float(p["threshold"]), float(p["expected_wrong_share"])) for p in threshold["curve"]]
    how = str(threshold["how"])
    head = f"<h2>Threshold {threshold['value']:.3f}</h2><p>{escape(how[:1].upper() + how[1:])}.</p>"
    if len(curve) < 2:
        return head + _note("Too few likely pairs for a curve.")
    low = min(t for t, _ in curve)
    tolerated = float(threshold["tolerated_wrong_share"] or 0.0)
    most = max([tolerated * 2, *(share for _, share in curve)]) or 1.0

    def x(value: float) -> float:
        return 60 + (value - low) / max(1 - low, 1e-9) * 680

    def y(share: float) -> float:
        return 170 - share / most * 150

    line = " ".join(f"{x(t):.1f},{y(share):.1f}" for t, share in curve)
    chosen = x(max(float(threshold["value"]), low))
    shapes = [
        '<line class="axis" x1="60" x2="740" y1="170" y2="170"/><line class="axis" x1="60" x2="60" y1="20" y2="170"/>',
        f'<line class="limit" x1="60" x2="740" y1="{y(tolerated):.1f}" y2="{y(tolerated):.1f}"/>',
        f'<line class="line-b" x1="{chosen:.1f}" x2="{chosen:.1f}" y1="20" y2="170"/>',
        f'<polyline class="line-a" points="{line}"/>',
        f'<text x="60" y="188">{low:.2f}</text><text x="732" y="188">1</text>',
        f'<text x="370" y="188">threshold</text><text x="0" y="30">{most:.1%}</text><text x="0" y="172">0</text>',
        f'<text class="limit-label" x="66" y="{y(tolerated) - 5:.1f}">tolerated {tolerated:.1%}</text>',
    ]
    rows = [
        [f"{p['threshold']:.2f}", f"{p['pairs']:,}", f"{p['expected_wrong']:,.1f}", f"{p['expected_wrong_share']:.2%}"]
        for p in threshold["curve"]
        if round(p["threshold"] * 100) % 5 == 0 or p["threshold"] >= 0.95
    ]
    return (
        head
        + _note(
            "Share of the pairs from a threshold up that the model itself expects to be wrong. It knows only its own "
            "probabilities, so the true share may differ; the vertical line is the threshold."
        )
        + _svg(780, 195, "Expected share of wrong pairs against the threshold", shapes)
        + table("Expected wrong pairs", ["threshold", "pairs from it up", "expected wrong", "share"], rows)
    )


def _fields(fields: Sequence[Mapping[str, Any]]) -> str:
    if not fields:
        return ""
    rows = [
        [
            str(f["name"]), f"{f['completeness']:.1%}", _count(f["distinct_values"]), _count(f["of_records"]),
            f"{f['most_frequent_share']:.2%}", f"{f['chance_agreement']:.1e}",
        ]
        for f in fields
    ]  # fmt: skip
    head = ["field", "filled", "distinct values", "among records", "most frequent value", "two agree by chance"]
    return "<h2>The data it was trained on</h2>" + table("Completeness, cardinality and skew", head, rows)


def _blocking(card: Mapping[str, Any]) -> str:
    total = card["pairs"]["candidates"]
    one_in = max((int(b["one_in"]) for b in card["blocking"]), default=1)
    estimated = f" The counts by rule are estimated from one in {one_in:,} blocks." if one_in > 1 else ""
    told = "" if total is None else f"{total:,} distinct candidate pairs; one pair may come from several rules."
    note = _note(told + estimated) if told else ""
    rows = [
        [
            str(b["name"]), _count(b["max_block"]), _count(b["blocks"]), _count(b["too_large"]),
            _count(b["left_out_records"]), _count(b["pairs"]),
        ]
        for b in card["blocking"]
    ]  # fmt: skip
    if not rows:
        return note
    head = ["rule", "bound in records", "blocks", "over the bound", "records in these", "pairs"]
    return "<h2>Blocking</h2>" + note + table("Blocking rules", head, rows)


def _frequencies(frequencies: Sequence[Mapping[str, Any]]) -> str:
    if not frequencies:
        return ""
    rows = [
        [
            str(f["column"]),
            _count(f["values_kept"]),
            _NONE if f["covered_share"] is None else f"{f['covered_share']:.1%}",
        ]
        for f in frequencies
    ]
    note = _note("How many values were frequent enough to keep; the values themselves are not in this card.")
    return (
        "<h2>Term frequencies</h2>"
        + note
        + table("Frozen term frequencies", ["column", "values kept", "records they cover"], rows)
    )


def _svg(width: int, height: int, title: str, shapes: Sequence[str]) -> str:
    return (
        f'<div class="scroll"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(shapes)}</svg></div>"
    )


def _share(value: float) -> str:
    return f"{value:.4f}" if value >= 0.001 else f"{value:.1e}"


def _count(value: int | None) -> str:
    return _NONE if value is None else f"{value:,}"
