"""Checks that a warehouse must pass before readers may see it. Counts and names only, never a value."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class GateBounds:
    """What a publishable snapshot looks like.

    `expected_records` is the number of live customer records; `ingest_reconciled` says that every delivered row is in
    raw or in quarantine. The match rate is the share of records whose profile holds at least two records. The largest
    profile is bounded loosely: one buyer's guest checkouts are a record each. `max_profile_drop` is the share of
    profiles that may vanish against the current snapshot; `erased_profiles` is how many more were erased since.
    `check_segments` refuses segments beyond a bound for which their owner declared ``on_breach: block``.
    """

    expected_records: int
    ingest_reconciled: bool
    max_cluster_size: int = 1000
    min_match_rate: float = 0.0
    max_match_rate: float = 1.0
    max_profile_drop: float = 0.2
    erased_profiles: int = 0
    check_segments: bool = True


def failed_checks(con: duckdb.DuckDBPyConnection, catalog: str, bounds: GateBounds, before: int | None) -> list[str]:
    """One line per failed check, empty where all pass.

    `catalog` is the attached warehouse in `con`; `before` is the number of profiles in the current snapshot.
    """
    members, profiles, features = (
        f"{catalog}.{name}"
        for name in ("profiles.profile_members", "profiles.customer_profile", "features.profile_features")
    )

    def number(sql: str) -> int:
        return int(con.execute(sql).fetchall()[0][0] or 0)

    rows = number(f"SELECT count(*) FROM {members}")
    count = number(f"SELECT count(*) FROM {profiles}")
    shared = number(
        "SELECT count(*) FROM"
        f" (SELECT record_id FROM {members} GROUP BY record_id HAVING count(DISTINCT profile_id) > 1)"
    )
    repeated = rows - number(f"SELECT count(*) FROM (SELECT DISTINCT record_id, profile_id FROM {members})")
    orphans = number(f"SELECT count(*) FROM {members} ANTI JOIN {profiles} USING (profile_id)")
    empty = number(f"SELECT count(*) FROM {profiles} ANTI JOIN {members} USING (profile_id)")
    doubled = number(f"SELECT count(*) - count(DISTINCT profile_id) FROM {profiles}")
    doubled_features = number(f"SELECT count(*) - count(DISTINCT profile_id) FROM {features}")
    stray_features = number(f"SELECT count(*) FROM {features} ANTI JOIN {profiles} USING (profile_id)")
    sizes = f"(SELECT count(*) AS size FROM {members} GROUP BY profile_id)"
    largest = number(f"SELECT max(size) FROM {sizes}")
    matched = number(f"SELECT sum(size) FROM {sizes} WHERE size > 1")
    match_rate = matched / rows if rows else 0.0

    checks = [
        (not bounds.ingest_reconciled, "delivered rows do not reconcile with raw and quarantine"),
        (
            rows != bounds.expected_records,
            f"profile_members has {rows} rows for {bounds.expected_records} live customer records",
        ),
        (shared > 0, f"{shared} records are in more than one profile"),
        (repeated > 0, f"profile_members repeats {repeated} rows"),
        (orphans > 0, f"{orphans} members belong to profiles that are not in customer_profile"),
        (empty > 0, f"{empty} profiles in customer_profile have no members"),
        (doubled > 0, f"customer_profile has {doubled} rows too many for its profiles"),
        (doubled_features > 0, f"profile_features has {doubled_features} rows too many for its profiles"),
        (stray_features > 0, f"{stray_features} rows of profile_features have no profile"),
        (
            largest > bounds.max_cluster_size,
            f"the largest profile has {largest} records, the bound is {bounds.max_cluster_size}",
        ),
        (
            rows > 0 and not bounds.min_match_rate <= match_rate <= bounds.max_match_rate,
            f"the match rate is {match_rate:.4f}, the bounds are {bounds.min_match_rate} to {bounds.max_match_rate}",
        ),
        (
            before is not None and count < (before - bounds.erased_profiles) * (1 - bounds.max_profile_drop),
            f"{count} profiles after {before}: a drop of more than {bounds.max_profile_drop:.0%}",
        ),
    ]
    reasons = [reason for failed, reason in checks if failed]
    if bounds.check_segments:
        breaches = con.execute(
            f"SELECT breach FROM {catalog}.segments.summary JOIN {catalog}.segments.definition USING (segment)"
            " WHERE breach IS NOT NULL AND on_breach = 'block' ORDER BY segment"
        ).fetchall()
        reasons += [f"segment {breach} (--accept-changes publishes it)" for (breach,) in breaches]
    return reasons
