"""What ``cdp audience lift`` shows: each export against its holdout, from the published readouts of experiments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.cli._common import table

_READ = """
SELECT split_part(e.experiment_id[8:], '/', 1) AS destination, split_part(e.experiment_id, '/', 2) AS segment,
  e.variant, e.exposed_people AS exported, h.exposed_people AS held_out, e.people AS exported_counted,
  h.people AS held_out_counted,
  e.window_days, e.conversion_rate AS exported_conversion, h.conversion_rate AS held_out_conversion,
  c.difference AS lift_conversion, c.always_valid_low AS lift_conversion_low,
  c.always_valid_high AS lift_conversion_high,
  r.difference AS lift_revenue_per_person, r.always_valid_low AS lift_revenue_low,
  r.always_valid_high AS lift_revenue_high, r.cuped_difference AS lift_revenue_cuped,
  round(r.difference * e.people, 2) AS incremental_revenue, e.currency, e.split_p_value,
  c.verdict AS conversion_verdict, r.verdict AS revenue_verdict
FROM marts.insights.experiments e
JOIN marts.insights.experiments h ON e.experiment_id = h.experiment_id AND h.is_control
LEFT JOIN marts.insights.experiment_results c
  ON e.experiment_id = c.experiment_id AND e.variant = c.variant AND c.metric = 'conversion'
LEFT JOIN marts.insights.experiment_results r
  ON e.experiment_id = r.experiment_id AND e.variant = r.variant AND r.metric = 'revenue_per_person'
WHERE e.experiment_id LIKE 'export:%' AND NOT e.is_control
ORDER BY 1, 2, 3
"""
_VERDICTS = {
    "significant": "differs",
    "keep_waiting": "no difference shown yet",
    "too_few_people": "too few people yet (needs 100 in either arm)",
    "split_suspect": "the split is not the declared one: do not trust it",
}


def read(marts: Path) -> list[dict[str, Any]]:
    """One row per export with a holdout and per variant that is not the control; shares from 0 to 1, money in the
    reporting currency."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{str(marts).replace(chr(39), chr(39) * 2)}' AS marts (READ_ONLY)")
        result = con.execute(_READ)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def told(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text for a terminal."""
    if not rows:
        return "no export with a holdout is in the published snapshot: declare `holdout`, sync, and run on a later day"
    shown = [
        (
            row["destination"], _segment(row), f"{row['exported']:,} / {row['held_out']:,}",
            f"{_share(row['exported_conversion'])} / {_share(row['held_out_conversion'])}",
            _between(row["lift_conversion"], row["lift_conversion_low"], row["lift_conversion_high"], 100, " pp"),
            _between(row["lift_revenue_per_person"], row["lift_revenue_low"], row["lift_revenue_high"], 1, ""),
            _VERDICTS.get(row["revenue_verdict"], row["revenue_verdict"]),
        )
        for row in rows
    ]  # fmt: skip
    heads = ["destination", "segment", "sent / held out", "bought", "conversion lift", "revenue per person", "revenue"]
    days, currency = rows[0]["window_days"], rows[0]["currency"]
    return (
        f"{table(heads, shown)}\nPurchases within {days} days of the export, of those whose {days} days are over; "
        f"money in {currency}.\nIn brackets the interval that holds however often one looks."
    )


def _segment(row: dict[str, Any]) -> str:
    return str(row["segment"]) + ("" if row["variant"] == "exported" else f" ({row['variant']})")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _between(value: float | None, low: float | None, high: float | None, scale: float, unit: str) -> str:
    if value is None:
        return "–"
    bounds = "" if low is None or high is None else f" ({low * scale:+.2f} to {high * scale:+.2f})"
    return f"{value * scale:+.2f}{unit}{bounds}"
