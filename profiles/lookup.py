"""One profile as people see it, in clear and with its provenance: for the command line and the console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from profiles import layout
from profiles.errors import AmbiguousIdentifier, NoSnapshot, ProfileErased
from profiles.identifiers import normalise_value, normalised_sql
from profiles.manifest import Manifest

_LAST_INTERACTIONS = 10
_RECORDS = 20

Row = Mapping[str, object]


# Attributes that are decided together carry one provenance: a name or an address is never mixed from two records.
DECIDED_AS = {
    **dict.fromkeys(("given_name", "family_name", "full_name"), "name"),
    **dict.fromkeys(("street", "unit", "locality", "region", "postcode", "country"), "address"),
}


@dataclass(frozen=True)
class AttributeValue:
    """A golden value and the provenance rows of its attribute (source, record, rule …; empty where none is kept)."""

    name: str
    value: object
    provenance: Sequence[Row] = ()


@dataclass(frozen=True)
class ProfileView:
    """Everything the current snapshot knows of one profile, personal values in clear."""

    profile_id: str
    version: str
    as_of: date
    is_alias: bool
    attributes: Sequence[AttributeValue]
    identifiers: Sequence[Row] = ()
    members: Sequence[Row] = ()
    aliases: Sequence[str] = ()
    consents: Sequence[Row] = ()
    segments: Sequence[Row] = ()
    features: Mapping[str, object] = field(default_factory=dict)
    interactions: Sequence[Row] = ()
    events: Sequence[Row] = ()


def show_profile(published: Path, id_or_identifier: str) -> ProfileView | None:
    """The profile named by its id, a retired id, a record id, or an identifier value; None where nobody has it.

    An identifier is a bare value, or ``kind:value`` or ``kind:namespace:value`` where a bare one would be ambiguous;
    untrusted identifiers are not looked at. All parts come from one snapshot. Raises NoSnapshot, ProfileErased and
    AmbiguousIdentifier.
    """
    try:
        snapshot = (published / layout.CURRENT).resolve(strict=True)
    except FileNotFoundError:
        raise NoSnapshot("nothing has been published") from None
    manifest = Manifest.read(snapshot)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for alias, name in (("marts", layout.MARTS), ("pii", layout.PII)):
            con.execute(f"ATTACH '{str(snapshot / name).replace(chr(39), chr(39) * 2)}' AS {alias} (READ_ONLY)")
        found = _resolve(con, id_or_identifier.strip())
        if found is None:
            return None
        profile_id, is_alias = found

        def rows(table: str, order: str = "ALL") -> list[dict[str, object]]:
            return _rows(
                con, f"SELECT * EXCLUDE (profile_id) FROM {table} WHERE profile_id = ? ORDER BY {order}", profile_id
            )

        golden = rows("pii.golden_record")
        provenance: dict[str, list[Row]] = {}
        for row in rows("marts.profiles.attribute_provenance"):
            name = str(row.pop("attribute", ""))
            provenance.setdefault(name, []).append(row)
        features = rows("marts.features.profile_features")
        return ProfileView(
            profile_id=profile_id,
            version=manifest.version,
            as_of=manifest.as_of,
            is_alias=is_alias,
            attributes=[
                AttributeValue(name, value, provenance.get(name, provenance.get(DECIDED_AS.get(name, ""))) or ())
                for name, value in (golden[0] if golden else {}).items()
            ],
            identifiers=rows("pii.identifiers"),
            members=rows("marts.profiles.profile_members"),
            aliases=[
                str(row["alias_profile_id"])
                for row in _rows(
                    con,
                    "SELECT alias_profile_id FROM marts.profiles.profile_aliases WHERE profile_id = ? ORDER BY 1",
                    profile_id,
                )
            ],
            consents=rows("marts.profiles.consent"),
            segments=rows("marts.segments.current"),
            features=features[0] if features else {},
            interactions=_interactions(con, snapshot, profile_id),
            events=_rows(
                con,
                "SELECT * FROM marts.profiles.profile_events WHERE profile_id = $1 OR related_profile_id = $1"
                " ORDER BY as_of, event_id",
                profile_id,
            ),
        )


def format_profile(view: ProfileView) -> str:
    """The view as text for a terminal; empty values and empty parts are left out. A value that several records hold is
    told once, with their number, and of many records the first ones."""
    lines = [f"profile {view.profile_id}{' (by a retired id)' if view.is_alias else ''}"]
    lines.append(f"snapshot {view.version}, as of {view.as_of}")
    width = max((len(attribute.name) for attribute in view.attributes), default=0)
    golden = []
    for attribute in view.attributes:
        if attribute.value is not None:
            sources = "; ".join(_pairs(row, " ") for row in attribute.provenance)
            value = f"{attribute.name:<{width}}  {_text(attribute.value)}"
            golden.append(f"{value}  ← {sources}" if sources else value)
    parts: list[tuple[str, Sequence[str]]] = [
        ("golden record", golden),
        ("identifiers", [_pairs(row) for row in _by_value(view.identifiers)]),
        (f"records ({len(view.members)})", _first([_pairs(row) for row in view.members])),
        ("retired ids", view.aliases),
        ("consent", [_pairs(row) for row in view.consents]),
        ("segments", [_pairs(row) for row in view.segments]),
        ("features", [f"{name}: {_text(value)}" for name, value in view.features.items() if value is not None]),
        ("last interactions", [_pairs(row) for row in view.interactions]),
        ("history of the profile", [_pairs(row) for row in view.events]),
    ]
    for title, content in parts:
        if content:
            lines += ["", title, *(f"  {line}" for line in content)]
    return "\n".join(lines)


def _by_value(identifiers: Sequence[Row]) -> list[Row]:
    """One row per value as it was written and judged; of several records their number and the whole time."""
    of_record = ("record_id", "first_seen_at", "last_seen_at")
    held: dict[tuple[object, ...], list[Row]] = {}
    for row in identifiers:
        held.setdefault(tuple(value for name, value in row.items() if name not in of_record), []).append(row)
    return [rows[0] if len(rows) == 1 else _joined(rows) for rows in held.values()]


def _joined(rows: Sequence[Row]) -> Row:
    joined = {"n_records": len({row.get("record_id") for row in rows}), **rows[0]}
    joined.pop("record_id", None)
    for name, chosen in (("first_seen_at", min), ("last_seen_at", max)):
        times = [str(row[name]) for row in rows if row.get(name) is not None]
        joined[name] = chosen(times) if times else None
    return joined


def _first(lines: Sequence[str]) -> Sequence[str]:
    more = len(lines) - _RECORDS
    return lines if more <= 0 else [*lines[:_RECORDS], f"… and {more:,} more"]


def _resolve(con: duckdb.DuckDBPyConnection, wanted: str) -> tuple[str, bool] | None:
    """Living profile id, and whether a retired id led to it."""
    if _rows(con, "SELECT 1 FROM marts.profiles.customer_profile WHERE profile_id = ?", wanted):
        return wanted, False
    alias = _rows(con, "SELECT profile_id FROM marts.profiles.profile_aliases WHERE alias_profile_id = ?", wanted)
    if alias:
        if alias[0]["profile_id"] is None:
            raise ProfileErased(wanted)
        return str(alias[0]["profile_id"]), True
    member = _rows(con, "SELECT profile_id FROM marts.profiles.profile_members WHERE record_id = ?", wanted)
    if member:
        return str(member[0]["profile_id"]), False
    profiles = _by_identifier(con, wanted)
    if len(profiles) > 1:
        raise AmbiguousIdentifier(len(profiles))
    return (profiles[0], False) if profiles else None


def _by_identifier(con: duckdb.DuckDBPyConnection, wanted: str) -> list[str]:
    """Profiles that hold the trusted identifier, read as a bare value and as one with its kind before it."""
    kind, _, rest = wanted.partition(":")
    namespace, _, value = rest.partition(":")
    columns = {str(row[0]) for row in con.execute("DESCRIBE pii.identifiers").fetchall()}
    # An address counts in identity's normal form and as it was written, as it does in the feature file.
    written = normalised_sql("kind", "value_raw") if "value_raw" in columns else "value"
    found = con.execute(
        f"""
        SELECT DISTINCT profile_id::VARCHAR FROM pii.identifiers
        WHERE is_trusted AND profile_id IS NOT NULL AND (
            (kind = 'email' AND $email IN (value, {written})) OR (kind = 'phone' AND value = $phone)
            OR value = $bare
            OR (kind = $kind AND (value = $rest OR (namespace = $namespace AND value = $value)))
            OR (kind = 'email' AND kind = $kind AND {written} = $rest)
        ) ORDER BY 1
        """,
        {
            "email": normalise_value("email", wanted),
            "phone": normalise_value("phone", wanted),
            "bare": wanted,
            "kind": kind,
            "rest": normalise_value(kind, rest),
            "namespace": namespace,
            "value": normalise_value(kind, value),
        },
    ).fetchall()
    return [str(row[0]) for row in found]


def _interactions(con: duckdb.DuckDBPyConnection, snapshot: Path, profile_id: str) -> list[dict[str, object]]:
    """The last interactions, newest first, from the one timeline file that holds the profile."""
    path = layout.timeline_file(snapshot, layout.timeline_bucket(profile_id))
    table = "read_parquet($path)"
    columns = {str(row[0]) for row in con.execute(f"DESCRIBE FROM {table}", {"path": str(path)}).fetchall()}
    order = "occurred_at DESC" if "occurred_at" in columns else "ALL"
    relation = con.sql(
        f"SELECT * EXCLUDE (profile_id) FROM {table} WHERE profile_id = $profile_id"
        f" ORDER BY {order} LIMIT {_LAST_INTERACTIONS}",
        params={"path": str(path), "profile_id": profile_id},
    )
    return _records(relation)


def _rows(con: duckdb.DuckDBPyConnection, sql: str, value: str) -> list[dict[str, object]]:
    return _records(con.sql(sql, params=[value]))


def _records(relation: duckdb.DuckDBPyRelation) -> list[dict[str, object]]:
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def _pairs(row: Row, joint: str = "  ") -> str:
    return joint.join(f"{name}={_text(value)}" for name, value in row.items() if value not in (None, ""))


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:.2f}"
    return str(value)
