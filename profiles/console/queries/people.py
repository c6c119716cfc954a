"""One profile as an agent or a steward sees it: golden record with provenance, history over all channels, links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from profiles.lookup import DECIDED_AS
from profiles.snapshot_provider import OpenSnapshot, Row

TIMELINE_PAGE = 40
_HIDDEN = ("profile_id", "n_records", "n_sources", "first_seen_at", "last_seen_at")
_MASKED = (
    ("initials", "name"),
    ("email_masked", "email"),
    ("phone_masked", "phone"),
    ("birth_year", "birth_date"),
    ("gender", "gender"),
    ("country", "address"),
    ("region", "address"),
    ("postcode_prefix", "address"),
    ("language", "language"),
)


@dataclass(frozen=True)
class Golden:
    """One golden value; `provenance` names source, record, rule, n_candidates and n_agreeing where they are kept."""

    name: str
    value: object
    provenance: Sequence[Row] = ()


@dataclass(frozen=True)
class Profile:
    """Everything a page shows of one profile; `is_clear` tells whether personal values are among it."""

    profile_id: str
    is_clear: bool
    head: Row
    golden: Sequence[Golden]
    members: Sequence[Row]
    records: Sequence[Row]
    identifiers: Sequence[Row]
    edges: Sequence[Row]
    aliases: Sequence[str]
    events: Sequence[Row]
    consents: Sequence[Row]
    segments: Sequence[Row]
    features: Row
    household: Sequence[str] = field(default_factory=tuple)


def profile(snapshot: OpenSnapshot, profile_id: str, *, clear: bool) -> Profile | None:
    """The profile of a living id, with personal values where `clear`; None where there is none."""

    def rows(table: str, order: str = "") -> list[Row]:
        schema, _, name = table.removeprefix("marts.").partition(".")
        if not snapshot.has_table(schema, name):
            return []
        ordered = f" ORDER BY {order}" if order else ""
        return snapshot.query(
            f"SELECT * EXCLUDE (profile_id) FROM {table} WHERE profile_id = $id{ordered}", {"id": profile_id}
        )

    heads = rows("marts.profiles.customer_profile")
    if not heads:
        return None
    [head] = heads
    decided: dict[str, list[Row]] = {}
    for row in rows("marts.profiles.attribute_provenance", "attribute, source, record_id"):
        decided.setdefault(str(row.pop("attribute")), []).append(row)
    values = rows("pii.golden_record")[0] if clear else {name: head[name] for name, _ in _MASKED if name in head}
    named_as = DECIDED_AS if clear else dict(_MASKED)
    features = snapshot.features.row(profile_id)
    household = head.get("household_id")
    return Profile(
        profile_id=profile_id,
        is_clear=clear,
        head=head,
        golden=[
            Golden(name, value, decided.get(name) or decided.get(named_as.get(name, "")) or ())
            for name, value in values.items()
            if name not in _HIDDEN and value is not None
        ],
        members=rows("marts.profiles.profile_members", order="source, record_id"),
        records=rows("pii.records", order="updated_at DESC, record_id") if clear else [],
        identifiers=_identifiers(snapshot, profile_id) if clear else [],
        edges=rows("pii.edges", order="match_weight DESC NULLS LAST, record_id_l, record_id_r"),
        aliases=[
            str(row["alias_profile_id"])
            for row in snapshot.query(
                "SELECT alias_profile_id FROM marts.profiles.profile_aliases WHERE profile_id = $id ORDER BY 1",
                {"id": profile_id},
            )
        ],
        events=snapshot.query(
            "SELECT as_of, event, profile_id, related_profile_id, reason FROM marts.profiles.profile_events"
            " WHERE profile_id = $id ORDER BY as_of DESC, event",
            {"id": profile_id},
        ),
        consents=rows("marts.profiles.consent", order="purpose, channel"),
        segments=snapshot.query(
            "SELECT m.segment, d.title, m.entered_at FROM marts.segments.membership m"
            " LEFT JOIN marts.segments.definition d USING (segment)"
            " WHERE m.profile_id = $id AND m.exited_at IS NULL ORDER BY d.title, m.segment",
            {"id": profile_id},
        ),
        features={} if features is None else features.as_dict(),
        household=[] if household is None else _household(snapshot, str(household), profile_id),
    )


@dataclass(frozen=True)
class Timeline:
    """A page of a history: events newest first, how many there are by channel, and whether more follow."""

    events: Sequence[Row]
    channels: Sequence[tuple[str, int]]
    has_more: bool


def timeline(snapshot: OpenSnapshot, profile_id: str, *, channel: str = "", offset: int = 0) -> Timeline:
    """Interactions of a profile over all channels or one, newest first, from the one file that holds them."""
    # One look at the file for both: it is larger than everything else that is read here.
    rows = snapshot.query(
        "WITH mine AS MATERIALIZED (SELECT * EXCLUDE (profile_id) FROM read_parquet($path) WHERE profile_id = $id),"
        " counted AS (SELECT list({'channel': channel, 'n': n} ORDER BY n DESC, channel) AS channels FROM"
        " (SELECT channel, count(*) AS n FROM mine GROUP BY channel))"
        " SELECT shown.*, counted.channels FROM counted LEFT JOIN (FROM mine WHERE $channel = '' OR channel = $channel"
        " ORDER BY occurred_at DESC, interaction_id LIMIT $limit OFFSET $offset) shown ON true"
        " ORDER BY shown.occurred_at DESC, shown.interaction_id",
        {
            "path": snapshot.timeline_path(profile_id),
            "id": profile_id,
            "channel": channel,
            "limit": TIMELINE_PAGE + 1,
            "offset": max(offset, 0),
        },
    )
    counted = rows[0]["channels"]
    events = [row for row in rows if row["interaction_id"] is not None]
    return Timeline(
        events[:TIMELINE_PAGE],
        [(str(one["channel"]), int(one["n"])) for one in counted] if isinstance(counted, list) else [],
        len(events) > TIMELINE_PAGE,
    )


def _identifiers(snapshot: OpenSnapshot, profile_id: str) -> list[Row]:
    """One row per identifier, with the sources that state it."""
    return snapshot.query(
        "SELECT kind, namespace, value, bool_or(is_trusted) AS is_trusted, any_value(reason) AS reason,"
        " list_sort(list_distinct(list(split_part(record_id, ':', 1)))) AS sources, max(last_seen_at) AS last_seen_at"
        " FROM pii.identifiers WHERE profile_id = $id GROUP BY kind, namespace, value"
        " ORDER BY is_trusted DESC, kind, namespace, value",
        {"id": profile_id},
    )


def _household(snapshot: OpenSnapshot, household_id: str, profile_id: str) -> list[str]:
    rows = snapshot.query(
        "SELECT profile_id FROM marts.profiles.households WHERE household_id = $household AND profile_id <> $id"
        " ORDER BY 1 LIMIT 20",
        {"household": household_id, "id": profile_id},
    )
    return [str(row["profile_id"]) for row in rows]
