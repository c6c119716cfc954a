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
        " FROM marts.insights.feedback GROUP BY touchpoint ORDER BY answers DESC, touchpoint"
    )


def service(snapshot: OpenSnapshot) -> list[Row]:
    """Tickets of the last months by channel with the columns that the snapshot has."""
    if not snapshot.has_table("insights", "service_kpis"):
        return []
    columns = set(snapshot.columns("insights", "service_kpis"))
    if not {"channel", "month", "tickets"} <= columns:
        return []
    measures = [
        name
        for name in ("tickets", "tickets_open", "median_first_reply_minutes", "median_resolution_minutes")
        if name in columns
    ]
    return snapshot.query(
        f"SELECT channel, strftime(month, '%Y-%m') AS month, {', '.join(measures)} FROM marts.insights.service_kpis"
        " ORDER BY marts.insights.service_kpis.month DESC, tickets DESC, channel LIMIT 24"
    )


def next_steps(snapshot: OpenSnapshot, touchpoint: str) -> list[Row]:
    """Where people go after a touchpoint, the most frequent first."""
    if not snapshot.has_table("insights", "journeys"):
        return []
    columns = set(snapshot.columns("insights", "journeys"))
    if not {"touchpoint", "next_touchpoint", "transitions", "share"} <= columns:
        return []
    return snapshot.query(
        "SELECT next_touchpoint, transitions, share FROM marts.insights.journeys WHERE touchpoint = $touchpoint"
        " ORDER BY transitions DESC, next_touchpoint LIMIT 10",
        {"touchpoint": touchpoint},
    )
