"""The state of the platform in a few numbers and how they moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from profiles.console.queries.quality import count_checks
from profiles.errors import NoSnapshot
from profiles.manifest import Manifest
from profiles.snapshot_provider import OpenSnapshot, Row
from profiles.snapshots import list_versions

_MONTHS = 18


@dataclass(frozen=True)
class Overview:
    """Numbers of one snapshot; shares are 0 to 1, None where nothing says."""

    profiles: int
    records: int
    match_rate: float | None
    open_questions: int
    rows_delivered: int
    rows_quarantined: int
    failed_checks: int
    warnings: int
    delivered_to: date | None

    @property
    def quarantined_share(self) -> float:
        """Share of all delivered rows that were refused."""
        return self.rows_quarantined / self.rows_delivered if self.rows_delivered else 0.0


def overview(snapshot: OpenSnapshot) -> Overview:
    """The numbers at the top of the page."""
    tables = snapshot.manifest.tables
    found: Row = {"delivered": 0, "quarantined": 0, "last": None}
    if snapshot.has_table("quality", "ingest"):
        [found] = snapshot.query(
            "SELECT coalesce(sum(rows_delivered), 0)::BIGINT AS delivered,"
            " coalesce(sum(rows_quarantined), 0)::BIGINT AS quarantined, max(dt) AS last FROM marts.quality.ingest"
        )
    checks = count_checks(snapshot)
    last = found["last"]
    return Overview(
        profiles=tables.get("profiles.customer_profile", 0),
        records=tables.get("profiles.profile_members", 0),
        match_rate=identity_metrics(snapshot).get("match_rate"),
        open_questions=tables.get("pii.review_queue", 0),
        rows_delivered=int(str(found["delivered"])),
        rows_quarantined=int(str(found["quarantined"])),
        failed_checks=checks["failed"],
        warnings=checks["warning"],
        delivered_to=last if isinstance(last, date) else None,
    )


def identity_metrics(snapshot: OpenSnapshot) -> dict[str, float]:
    """Measures of the identity step by name."""
    if not snapshot.has_table("quality", "identity"):
        return {}
    rows = snapshot.query("SELECT metric, any_value(value) AS value FROM marts.quality.identity GROUP BY metric")
    return {str(row["metric"]): float(str(row["value"])) for row in rows if row["value"] is not None}


def new_profiles(snapshot: OpenSnapshot) -> list[tuple[str, int]]:
    """Profiles by the month in which the person was first seen: (YYYY-MM, number), the last months."""
    rows = snapshot.query(
        "SELECT strftime(date_trunc('month', first_seen_at), '%Y-%m') AS month, count(*) AS n"
        " FROM marts.profiles.customer_profile WHERE first_seen_at IS NOT NULL GROUP BY ALL ORDER BY month DESC"
        " LIMIT $months",
        {"months": _MONTHS},
    )
    return [(str(row["month"]), int(str(row["n"]))) for row in reversed(rows)]


def activity(snapshot: OpenSnapshot) -> list[Row]:
    """Interactions, orders and revenue of all touchpoints by month, oldest first."""
    if not snapshot.has_table("insights", "touchpoint_kpis"):
        return []
    rows = snapshot.query(
        "SELECT strftime(month, '%Y-%m') AS month, sum(interactions)::BIGINT AS interactions,"
        " sum(orders)::BIGINT AS orders, sum(revenue_amount)::DOUBLE AS revenue, any_value(currency) AS currency"
        " FROM marts.insights.touchpoint_kpis GROUP BY ALL ORDER BY month DESC LIMIT $months",
        {"months": _MONTHS},
    )
    return rows[::-1]


def freshness(snapshot: OpenSnapshot) -> list[Row]:
    """Sources by how long ago they last delivered, the most silent first: source, last_dt, days_behind."""
    if not snapshot.has_table("quality", "ingest"):
        return []
    return snapshot.query(
        "SELECT source, max(dt) AS last_dt, date_diff('day', max(dt), $as_of::DATE) AS days_behind,"
        " sum(rows_quarantined)::BIGINT AS rows_quarantined FROM marts.quality.ingest"
        " GROUP BY source ORDER BY days_behind DESC, source",
        {"as_of": snapshot.manifest.as_of},
    )


def last_runs(home: Path, limit: int) -> list[Manifest]:
    """Manifests of the last published versions, newest first."""
    found = []
    for version in reversed(list_versions(home)[-limit:]):
        try:
            found.append(Manifest.read(home / "published" / version.version))
        except NoSnapshot:  # retired between the listing and the look
            continue
    return found
