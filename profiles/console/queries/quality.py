"""What the platform knows about its own data: checks, what came in, and how the identity step did."""

from __future__ import annotations

import re
from collections import Counter

from profiles.snapshot_provider import OpenSnapshot, Row

# "missing key order_id: 1, state not one of the allowed values: 2"
_TOLD = re.compile(r"(.+?): (\d+)(?:, |$)")
_TROUBLED = "status NOT IN ('ok', 'empty', 'duplicate', 'replaced') OR NOT is_reconciled"


def checks(snapshot: OpenSnapshot) -> list[Row]:
    """All checks with their `state`: the failed ones first, then warnings, which break no run but are to be seen."""
    if not snapshot.has_table("quality", "checks"):
        return []
    return snapshot.query(
        f"SELECT *, {_state(snapshot)} AS state FROM marts.quality.checks"
        " ORDER BY list_position(['failed', 'warning', 'passed'], state), check_name"
    )


def count_checks(snapshot: OpenSnapshot) -> dict[str, int]:
    """Number of checks by state: ``failed``, ``warning``, ``passed``."""
    counted = Counter(str(row["state"]) for row in checks(snapshot))
    return {state: counted[state] for state in ("failed", "warning", "passed")}


def _state(snapshot: OpenSnapshot) -> str:
    # snapshots of before severities had no warnings among their checks
    is_warning = "severity = 'warn'" if "severity" in snapshot.columns("quality", "checks") else "false"
    return f"CASE WHEN is_passed THEN 'passed' WHEN {is_warning} THEN 'warning' ELSE 'failed' END"


def ingest_by_source(snapshot: OpenSnapshot) -> list[Row]:
    """One row per source and object: files, rows, refused rows, last delivery, files that are not fine."""
    if not snapshot.has_table("quality", "ingest"):
        return []
    return snapshot.query(
        "SELECT source, object, count(*) AS files, sum(rows_delivered)::BIGINT AS rows_delivered,"
        " sum(rows_quarantined)::BIGINT AS rows_quarantined, max(dt) AS last_dt,"
        f" count(*) FILTER (WHERE {_TROUBLED}) AS troubled"
        " FROM marts.quality.ingest GROUP BY ALL ORDER BY rows_quarantined DESC, source, object"
    )


def troubled_files(snapshot: OpenSnapshot, limit: int = 20) -> list[Row]:
    """Files that failed, went over their error budget or do not reconcile, newest first."""
    if not snapshot.has_table("quality", "ingest"):
        return []
    return snapshot.query(
        "SELECT file, dt, status, message, rows_delivered, rows_quarantined FROM marts.quality.ingest"
        f" WHERE {_TROUBLED} ORDER BY dt DESC, file LIMIT $limit",
        {"limit": limit},
    )


def quarantine_by_day(snapshot: OpenSnapshot) -> list[Row]:
    """Delivered and refused rows by delivery day, oldest first."""
    if not snapshot.has_table("quality", "ingest"):
        return []
    rows = snapshot.query(
        "SELECT dt, sum(rows_delivered)::BIGINT AS delivered, sum(rows_quarantined)::BIGINT AS quarantined"
        " FROM marts.quality.ingest GROUP BY dt ORDER BY dt DESC LIMIT 60"
    )
    return rows[::-1]


def quarantine_reasons(snapshot: OpenSnapshot) -> list[tuple[str, int]]:
    """Why rows were refused, and how many, the most frequent first."""
    if not snapshot.has_table("quality", "ingest"):
        return []
    rows = snapshot.query(
        "SELECT quarantine_reasons AS told, count(*) AS files FROM marts.quality.ingest"
        " WHERE quarantine_reasons IS NOT NULL GROUP BY ALL"
    )
    counted: Counter[str] = Counter()
    for row in rows:
        for reason, rows_refused in _TOLD.findall(str(row["told"])):
            counted[reason] += int(rows_refused) * int(str(row["files"]))
    return counted.most_common(12)


def identity_measures(snapshot: OpenSnapshot) -> list[Row]:
    """Measures of the identity step, by name."""
    if not snapshot.has_table("quality", "identity"):
        return []
    return snapshot.query("SELECT metric, as_of, value FROM marts.quality.identity ORDER BY metric")


def drift(snapshot: OpenSnapshot) -> str | None:
    """Verdict on whether the matching model still fits the data, of the run that made the snapshot."""
    identity = snapshot.manifest.extra.get("identity")
    return str(identity["drift"]) if isinstance(identity, dict) and identity.get("drift") else None


def drift_measures(snapshot: OpenSnapshot) -> list[Row]:
    """Measures of the matching model that moved since training, the farthest first: measure, trained_value,
    current_value, psi, verdict."""
    if not snapshot.has_table("quality", "model_drift"):
        return []
    return snapshot.query(
        "SELECT measure, trained_value, current_value, psi, verdict FROM marts.quality.model_drift"
        " WHERE verdict <> 'ok' ORDER BY list_position(['retrain', 'watch'], verdict), psi DESC NULLS LAST, measure"
        " LIMIT 20"
    )


def disagreements(snapshot: OpenSnapshot) -> list[Row]:
    """Attributes on which two sources contradict each other most often: attribute, source_l, source_r, profiles,
    disagreement_share; pairs that share fewer than ten profiles are left out."""
    if not snapshot.has_table("insights", "consistency"):
        return []
    return snapshot.query(
        "SELECT attribute, source_l, source_r, profiles, disagreement_share FROM marts.insights.consistency"
        " WHERE profiles >= 10 AND disagreement_share > 0 ORDER BY disagreement_share DESC, profiles DESC,"
        " attribute, source_l, source_r LIMIT 15"
    )
