"""Touchpoints: which there are, what they carry, and how content people are with them."""

from __future__ import annotations

from profiles.snapshot_provider import OpenSnapshot, Row

_MONTHS = 18
_SCORES = (
    "100.0 * (sum(promoters) - sum(detractors)) / nullif(sum(promoters) + sum(passives) + sum(detractors), 0) AS nps,"
    " sum(csat * n_csat) / nullif(sum(n_csat) FILTER (WHERE csat IS NOT NULL), 0) AS csat"
)


def touchpoints(snapshot: OpenSnapshot, channel: str = "") -> list[Row]:
    """The inventory, the busiest first; of one channel where `channel` names it."""
    if not snapshot.has_table("insights", "touchpoints"):
        return []
    return snapshot.query(
        "SELECT * FROM marts.insights.touchpoints WHERE $channel = '' OR channel = $channel"
        " ORDER BY interactions DESC NULLS LAST, touchpoint",
        {"channel": channel},
    )


def volumes(snapshot: OpenSnapshot) -> list[Row]:
    """Interactions, people reached (of the best touchpoint) and revenue by channel over all time, the busiest first."""
    if not snapshot.has_table("insights", "touchpoint_kpis"):
        return []
    return snapshot.query(
        "SELECT channel, sum(interactions)::BIGINT AS interactions, sum(orders)::BIGINT AS orders,"
        " sum(revenue_amount)::DOUBLE AS revenue, any_value(currency) AS currency"
        " FROM marts.insights.touchpoint_kpis GROUP BY channel ORDER BY interactions DESC, channel"
    )


def by_month(snapshot: OpenSnapshot, touchpoint: str) -> list[Row]:
    """Measures of one touchpoint by month, oldest first."""
    if not snapshot.has_table("insights", "touchpoint_kpis"):
        return []
    rows = snapshot.query(
        "SELECT strftime(month, '%Y-%m') AS month, * EXCLUDE (month, touchpoint) FROM marts.insights.touchpoint_kpis"
        " WHERE touchpoint = $touchpoint ORDER BY marts.insights.touchpoint_kpis.month DESC LIMIT $months",
        {"touchpoint": touchpoint, "months": _MONTHS},
    )
    return rows[::-1]


def satisfaction(snapshot: OpenSnapshot, touchpoint: str = "") -> list[Row]:
    """NPS and CSAT by month over all touchpoints (weighted by answers) or of one, oldest first."""
    if not snapshot.has_table("insights", "feedback"):
        return []
    rows = snapshot.query(
        "SELECT strftime(month, '%Y-%m') AS month, sum(n)::BIGINT AS answers,"
        f" {_SCORES}"
        " FROM marts.insights.feedback WHERE $touchpoint = '' OR touchpoint = $touchpoint"
        " GROUP BY ALL ORDER BY month DESC LIMIT $months",
        {"touchpoint": touchpoint, "months": _MONTHS},
    )
    return rows[::-1]


def contentment(snapshot: OpenSnapshot) -> list[Row]:
    """NPS and CSAT of each touchpoint over all time, most answers first."""
    if not snapshot.has_table("insights", "feedback"):
        return []
    return snapshot.query(
        "SELECT touchpoint, any_value(channel) AS channel, sum(n)::BIGINT AS answers,"
        f" {_SCORES}"
        " FROM marts.insights.feedback GROUP BY touchpoint HAVING sum(n_nps) + sum(n_csat) > 0"
        " ORDER BY answers DESC, touchpoint"
    )


def service(snapshot: OpenSnapshot) -> list[Row]:
    """Customer service of the last months by channel, newest first. Empty in snapshots that keep it otherwise."""
    if not _has(snapshot, "service_kpis", {"period", "team", "queue", "segment", "backlog"}):
        return []
    return snapshot.query(
        "SELECT strftime(period_start, '%Y-%m') AS month, channel, tickets, backlog,"
        " median_first_reply_business_minutes AS first_reply, median_resolution_business_minutes AS resolution,"
        " first_reply_breach_share_business AS late FROM marts.insights.service_kpis WHERE period = 'month'"
        " AND channel <> 'all' AND team = 'all' AND queue = 'all' AND segment = 'all'"
        " ORDER BY period_start DESC, tickets DESC, channel LIMIT 24"
    )


def scorecard(snapshot: OpenSnapshot, touchpoint: str = "all") -> list[Row]:
    """Measures against their targets in the last complete month, the missed ones first."""
    if not _has(snapshot, "scorecards", {"metric", "period", "status", "touchpoint", "is_complete"}):
        return []
    return snapshot.query(
        "SELECT metric, title, unit, strftime(period_start, '%Y-%m') AS month, value, previous_value, trend, target,"
        " status, n FROM marts.insights.scorecards WHERE period = 'month' AND is_complete AND touchpoint = $touchpoint"
        " AND period_start = (SELECT max(period_start) FROM marts.insights.scorecards WHERE period = 'month'"
        " AND is_complete AND touchpoint = $touchpoint) AND value IS NOT NULL"
        " ORDER BY list_position(['missed', 'near', 'met', 'too_few', 'no_target'], status), title",
        {"touchpoint": touchpoint},
    )


def problems(snapshot: OpenSnapshot, touchpoint: str = "") -> list[Row]:
    """What people complain about again and again, the most pressing first."""
    if not _has(snapshot, "recurring_problems", {"rank", "topic", "touchpoint", "texts", "profiles", "severity"}):
        return []
    return snapshot.query(
        "SELECT topic, touchpoint, texts, profiles, severity, last_named_at FROM marts.insights.recurring_problems"
        " WHERE $touchpoint = '' OR touchpoint = $touchpoint ORDER BY rank LIMIT 10",
        {"touchpoint": touchpoint},
    )


def next_steps(snapshot: OpenSnapshot, touchpoint: str) -> list[Row]:
    """Where people go after a touchpoint, the most frequent first."""
    if not _has(snapshot, "journeys", {"touchpoint", "next_touchpoint", "transitions", "share"}):
        return []
    return snapshot.query(
        "SELECT next_touchpoint, transitions, share FROM marts.insights.journeys WHERE touchpoint = $touchpoint"
        " ORDER BY transitions DESC, next_touchpoint LIMIT 10",
        {"touchpoint": touchpoint},
    )


def _has(snapshot: OpenSnapshot, table: str, columns: set[str]) -> bool:
    """Whether the snapshot holds the table in the shape that is read here; other versions had or will have others."""
    return snapshot.has_table("insights", table) and columns <= set(snapshot.columns("insights", table))
