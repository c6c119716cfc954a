"""Segments: who is in them, how they grew, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from profiles.snapshot_provider import OpenSnapshot, Row

# What two segments are compared by, and how: (feature, aggregate).
COMPARED = (
    ("net_amount_12m", "avg"),
    ("orders_12m", "avg"),
    ("average_order_amount", "avg"),
    ("recency_days", "median"),
    ("tenure_days", "median"),
    ("online_order_share", "avg"),
    ("coupon_order_share", "avg"),
    ("interactions_30d", "avg"),
    ("email_click_rate", "avg"),
    ("tickets_90d", "avg"),
    ("is_email_marketing_allowed", "share"),
    ("has_wechat", "share"),
)

_EXPORT_BATCH = 20_000


def segments(snapshot: OpenSnapshot) -> list[Row]:
    """All segments with their size, the largest first."""
    return snapshot.query(
        "SELECT d.segment, d.title, d.description, d.owner, d.purpose, coalesce(s.members, 0) AS members, s.share,"
        " s.entered, s.exited, s.average_net_amount_12m::DOUBLE AS average_amount"
        " FROM marts.segments.definition d LEFT JOIN marts.segments.summary s USING (segment)"
        " ORDER BY members DESC, d.segment"
    )


def segment(snapshot: OpenSnapshot, name: str) -> Row | None:
    """Definition and numbers of one segment; None where there is none of that name."""
    rows = snapshot.query(
        "SELECT d.*, coalesce(s.members, 0) AS members, s.share, s.entered, s.exited, s.as_of,"
        " s.average_net_amount_12m::DOUBLE AS average_amount"
        " FROM marts.segments.definition d LEFT JOIN marts.segments.summary s USING (segment)"
        " WHERE d.segment = $segment",
        {"segment": name},
    )
    return rows[0] if rows else None


def sizes(snapshot: OpenSnapshot) -> dict[str, list[tuple[date, int]]]:
    """Members of each segment after each day on which somebody came or went, in order of time."""
    rows = snapshot.query(
        "SELECT segment, day, sum(step)::BIGINT AS step FROM ("
        " SELECT segment, entered_at AS day, count(*) AS step FROM marts.segments.membership GROUP BY ALL"
        " UNION ALL SELECT segment, exited_at AS day, -count(*) AS step FROM marts.segments.membership"
        " WHERE exited_at IS NOT NULL GROUP BY ALL)"
        " GROUP BY ALL ORDER BY segment, day"
    )
    found: dict[str, list[tuple[date, int]]] = {}
    for row in rows:
        days = found.setdefault(str(row["segment"]), [])
        day, before = row["day"], days[-1][1] if days else 0
        if isinstance(day, date):
            days.append((day, before + int(str(row["step"]))))
    return found


def overlaps(snapshot: OpenSnapshot) -> dict[tuple[str, str], int]:
    """Members that two segments share, both ways round; the number of members where both are the same."""
    if snapshot.has_table("segments", "overlap"):
        rows = snapshot.query(
            "SELECT segment_a AS a, segment_b AS b, members_both AS n FROM marts.segments.overlap"
            " UNION ALL SELECT segment, segment, members FROM marts.segments.summary"
        )
    else:
        # Profiles in the same segments are counted once: there are far fewer combinations than profiles.
        rows = snapshot.query(
            "WITH combined AS (SELECT segments, count(*) AS n FROM (SELECT list_sort(list(segment)) AS segments"
            " FROM marts.segments.current GROUP BY profile_id) GROUP BY segments),"
            " numbered AS (SELECT i, unnest(segments) AS segment, n FROM"
            " (SELECT row_number() OVER () AS i, segments, n FROM combined))"
            " SELECT a.segment AS a, b.segment AS b, sum(a.n)::BIGINT AS n FROM numbered a"
            " JOIN numbered b ON a.i = b.i GROUP BY ALL"
        )
    return {(str(row["a"]), str(row["b"])): int(str(row["n"])) for row in rows}


def members(snapshot: OpenSnapshot, name: str, *, after: str, limit: int) -> list[Row]:
    """Members with a profile id above `after`, in its order, masked."""
    return snapshot.query(
        "SELECT m.profile_id, m.entered_at, p.initials, p.email_masked, p.phone_masked, p.country, p.region,"
        " p.last_seen_at, p.n_records FROM ("
        " SELECT profile_id, entered_at FROM marts.segments.membership"
        " WHERE segment = $segment AND exited_at IS NULL AND profile_id > $after ORDER BY profile_id LIMIT $limit) m"
        " LEFT JOIN marts.profiles.customer_profile p USING (profile_id) ORDER BY m.profile_id",
        {"segment": name, "after": after, "limit": limit},
    )


def names_of(snapshot: OpenSnapshot, profile_ids: Sequence[str]) -> dict[str, str]:
    """Full names in clear by profile id."""
    rows = snapshot.query(
        "SELECT profile_id, coalesce(full_name, native_name, organisation) AS name FROM pii.golden_record"
        " WHERE profile_id IN (SELECT unnest($ids::VARCHAR[]))",
        {"ids": list(profile_ids)},
    )
    return {str(row["profile_id"]): str(row["name"]) for row in rows if row["name"] is not None}


def traits(snapshot: OpenSnapshot) -> dict[str, Row]:
    """Value of each feature of COMPARED among the members of each segment, and under '' among all profiles."""
    columns = set(snapshot.columns("features", "profile_features"))
    as_sql = {"avg": "avg(f.{0}::DOUBLE)", "share": "avg(f.{0}::INTEGER)", "median": "median(f.{0})"}
    wanted = ", ".join(f"{as_sql[how].format(name)} AS {name}" for name, how in COMPARED if name in columns)
    if not wanted:
        return {}
    rows = snapshot.query(
        f"SELECT '' AS segment, {wanted} FROM marts.features.profile_features f UNION ALL BY NAME"
        f" SELECT c.segment, {wanted} FROM marts.segments.current c"
        " JOIN marts.features.profile_features f USING (profile_id) GROUP BY c.segment"
    )
    return {str(row.pop("segment")): row for row in rows}


def compare(by_segment: Mapping[str, Row], left: str, right: str) -> list[Row]:
    """One row per feature of `traits`: its value among members of `left`, of `right`, and all profiles."""
    everyone = by_segment.get("", {})
    of_left, of_right = by_segment.get(left, {}), by_segment.get(right, {})
    return [
        {"feature": name, "how": how, "left": of_left.get(name), "right": of_right.get(name), "all": everyone[name]}
        for name, how in COMPARED
        if name in everyone
    ]


def exported(snapshot: OpenSnapshot, name: str) -> Iterator[list[tuple[str, str]]]:
    """All members as (profile id, day of entry) in batches, by id."""
    after = ""
    while True:
        rows = snapshot.query(
            "SELECT profile_id, entered_at FROM marts.segments.membership"
            " WHERE segment = $segment AND exited_at IS NULL AND profile_id > $after ORDER BY profile_id LIMIT $limit",
            {"segment": name, "after": after, "limit": _EXPORT_BATCH},
        )
        if not rows:
            return
        yield [(str(row["profile_id"]), str(row["entered_at"])) for row in rows]
        after = str(rows[-1]["profile_id"])


def by_day(days: Sequence[tuple[date, int]], until: date, most: int = 60) -> list[tuple[date, int]]:
    """Sizes at `most` days at the utmost, evenly spread from the first change to `until`, for a chart."""
    if not days:
        return []
    first, last = days[0][0].toordinal(), max(until, days[-1][0]).toordinal()
    step = max((last - first) // (most - 1), 1)
    points = [*range(first, last, step), last]
    sizes_at, place, size = [], 0, 0
    for point in points:
        while place < len(days) and days[place][0].toordinal() <= point:
            size = days[place][1]
            place += 1
        sizes_at.append((date.fromordinal(point), size))
    return sizes_at
