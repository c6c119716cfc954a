"""The SQL behind the routes: one person or one page at a time, values always bound."""

from __future__ import annotations

from collections.abc import Collection

from profiles.snapshot_provider import OpenSnapshot, Row

# Interactions without a time come last: before every time that DuckDB can hold as microseconds.
_NO_TIME = -(1 << 62)


def masked_profiles(snapshot: OpenSnapshot, profile_ids: Collection[str]) -> dict[str, Row]:
    """Rows of customer_profile (names and contacts masked) by profile id."""
    rows = snapshot.query(
        "SELECT * FROM marts.profiles.customer_profile WHERE profile_id IN (SELECT unnest($ids::VARCHAR[]))",
        {"ids": sorted(profile_ids)},
    )
    return {str(row.pop("profile_id")): row for row in rows}


def profile(snapshot: OpenSnapshot, profile_id: str, *, clear: bool) -> Row | None:
    """One profile with provenance, members, retired ids, consents; with `clear` golden record and identifiers."""

    def rows(table: str, order: str = "ALL", columns: str = "* EXCLUDE (profile_id)") -> list[Row]:
        return snapshot.query(
            f"SELECT {columns} FROM {table} WHERE profile_id = $id ORDER BY {order}", {"id": profile_id}
        )

    masked = masked_profiles(snapshot, [profile_id])
    if not masked:
        return None
    document: Row = {
        "profile_id": profile_id,
        "profile": masked[profile_id],
        "provenance": rows("marts.profiles.attribute_provenance"),
        "members": rows("marts.profiles.profile_members"),
        "retired_ids": [
            row["alias_profile_id"] for row in rows("marts.profiles.profile_aliases", columns="alias_profile_id")
        ],
        "consents": rows("marts.profiles.consent"),
    }
    if clear:
        golden = rows("pii.golden_record")
        document["golden_record"] = golden[0] if golden else {}
        document["identifiers"] = rows("pii.identifiers", columns="DISTINCT kind, namespace, value, is_trusted")
    return document


def timeline(
    snapshot: OpenSnapshot,
    profile_id: str,
    limit: int,
    *,
    after: tuple[int, str] | None = None,
    channel: str | None = None,
    since: int | None = None,
    until: int | None = None,
) -> list[Row]:
    """Interactions, newest first, each with `_at`: its time in microseconds since 1970, by which the next page begins.

    `after` is the last page's last (time, interaction id); `since` (inclusive) and `until` (exclusive) in microseconds.
    """
    at = f"coalesce(epoch_us(occurred_at), {_NO_TIME})"
    conditions = ["profile_id = $id"]
    parameters: dict[str, object] = {"path": snapshot.timeline_path(profile_id), "id": profile_id, "limit": limit}
    if after is not None:
        conditions.append(f"({at} < $at OR ({at} = $at AND interaction_id > $interaction_id))")
        parameters |= {"at": after[0], "interaction_id": after[1]}
    for name, value, test in (
        ("channel", channel, "channel = $channel"),
        ("since", since, f"{at} >= $since"),
        ("until", until, f"{at} < $until"),
    ):
        if value is not None:
            conditions.append(test)
            parameters[name] = value
    return snapshot.query(
        f"SELECT * EXCLUDE (profile_id), {at} AS _at FROM read_parquet($path) WHERE {' AND '.join(conditions)}"
        f" ORDER BY _at DESC, interaction_id LIMIT $limit",
        parameters,
    )


def segments_of(snapshot: OpenSnapshot, profile_id: str) -> list[Row]:
    """Memberships of one profile, present ones first; `exited_at` is null where it is in."""
    return snapshot.query(
        "SELECT * EXCLUDE (profile_id) FROM marts.segments.membership WHERE profile_id = $id"
        " ORDER BY exited_at IS NOT NULL, segment, entered_at",
        {"id": profile_id},
    )


def segments(snapshot: OpenSnapshot) -> list[Row]:
    """All segments with their definition and size."""
    return snapshot.query(
        "SELECT definition.*, summary.* EXCLUDE (segment) FROM marts.segments.definition AS definition"
        " LEFT JOIN (SELECT * FROM marts.segments.summary QUALIFY row_number() OVER"
        " (PARTITION BY segment ORDER BY as_of DESC) = 1) AS summary USING (segment) ORDER BY segment"
    )


def segment_exists(snapshot: OpenSnapshot, segment: str) -> bool:
    """Whether there is a segment of this name."""
    return bool(
        snapshot.query("SELECT 1 FROM marts.segments.definition WHERE segment = $segment", {"segment": segment})
    )


def members(snapshot: OpenSnapshot, segment: str, limit: int, after: str | None) -> list[Row]:
    """Present members of a segment by profile id, those above `after`."""
    return snapshot.query(
        "SELECT profile_id, min(entered_at) AS entered_at FROM marts.segments.membership"
        " WHERE segment = $segment AND exited_at IS NULL AND profile_id > $after"
        " GROUP BY profile_id ORDER BY profile_id LIMIT $limit",
        {"segment": segment, "after": after or "", "limit": limit},
    )
