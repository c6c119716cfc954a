"""The identity graph of one profile as SVG: records on a circle, in the order of their sources, and what links them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

MOST_RECORDS = 36
"""More than that cannot be told apart in one picture; the table beside it has all."""

_WIDTH, _HEIGHT = 720, 470

Row = Mapping[str, object]


def identity_graph(title: str, members: Sequence[Row], edges: Sequence[Row]) -> Markup:
    """Picture of `members` (record_id, source) and the `edges` between them (record_id_l, record_id_r, kind, rule,
    match_weight). Line width grows with the weight in bits; identifiers and judgements have the widest lines."""
    shown = sorted(members, key=lambda row: (str(row["source"]), str(row["record_id"])))[:MOST_RECORDS]
    if not shown:
        return Markup("")
    sources = sorted({str(row["source"]) for row in shown})
    places = {str(row["record_id"]): _place(number, len(shown)) for number, row in enumerate(shown)}
    parts = [
        f'<svg class="chart graph" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}"'
        ' focusable="false">'
    ]
    for edge in sorted(edges, key=lambda row: str(row["kind"]) != "probabilistic"):
        left, right = places.get(str(edge["record_id_l"])), places.get(str(edge["record_id_r"]))
        if left is None or right is None:
            continue
        weight = edge["match_weight"]
        bits = float(weight) if isinstance(weight, int | float) else 0.0
        width = 1 + min(max(bits, 0.0), 30.0) / 10 if edge["kind"] == "probabilistic" else 3.5
        # Bent towards the middle, so that lines beside one another on the circle stay apart.
        x, y = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
        bend_x, bend_y = x + (_WIDTH / 2 - x) * 0.35, y + (_HEIGHT / 2 - y) * 0.35
        parts.append(
            f'<path class="edge {escape(edge["kind"])}" stroke-width="{width:.1f}"'
            f' d="M{left[0]:.1f} {left[1]:.1f}Q{bend_x:.1f} {bend_y:.1f} {right[0]:.1f} {right[1]:.1f}"/>'
        )
    for number, row in enumerate(shown):
        x, y = places[str(row["record_id"])]
        style = f"n{sources.index(str(row['source'])) % 6 + 1}"
        parts.append(f'<circle class="node {style}" cx="{x:.1f}" cy="{y:.1f}" r="8"/>')
        angle = _angle(number, len(shown))
        side = "mid" if abs(math.cos(angle)) < 0.2 else "start" if math.cos(angle) > 0 else "end"
        out_x, out_y = x + math.cos(angle) * 14, y + math.sin(angle) * 16 + 4
        parts.append(f'<text class="label {side}" x="{out_x:.1f}" y="{out_y:.1f}">{escape(_label(row))}</text>')
    return Markup("".join(parts) + "</svg>")  # noqa: S704 (every text above is escaped)


def _angle(number: int, count: int) -> float:
    return 2 * math.pi * number / count - math.pi / 2


def _place(number: int, count: int) -> tuple[float, float]:
    if count == 1:
        return _WIDTH / 2, _HEIGHT / 2
    angle = _angle(number, count)
    return _WIDTH / 2 + math.cos(angle) * 165, _HEIGHT / 2 + math.sin(angle) * 175


def _label(row: Row) -> str:
    """Source and the end of the native id: the start of a record id is the same for all records of an object."""
    source, native = str(row["source"]), str(row["record_id"]).rsplit(":", 1)[-1]
    return f"{source} …{native[-6:]}" if len(native) > 7 else f"{source} {native}"
