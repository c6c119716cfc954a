"""Who of a segment may be sent to a destination, and what would be sent of each. Set operations on one snapshot."""

from __future__ import annotations

import csv
import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from profiles import layout
from profiles.exports import arms
from profiles.exports.choice import apply_cap, apply_top, draw_holdout, draw_variants
from profiles.exports.destinations import Destination, DestinationError
from profiles.exports.formats import Format
from profiles.identifiers import normalise_value, normalised_sql
from profiles.rows import literal, quoted

SUPPRESSION = "suppression.csv"
# Kinds of identifiers as the core tables declare them, and profile ids: another word in a list would suppress nobody.
LISTED_KINDS = (
    "email", "phone", "customer_no", "loyalty_id", "wechat_unionid", "wechat_openid", "facebook_psid", "weibo_uid",
    "x_user_id", "external_id", "anonymous_id", "device_id", "email_sha256", "phone_sha256", "profile_id",
)  # fmt: skip
# Fewer digits than these end the numbers of many people: a list of extensions is not one of numbers.
NATIONAL_DIGITS = 7
# What keeps a member of the segment from being sent, in the order in which it is asked.
STATES = ("sent", "suppressed", "no_consent", "opted_out", "no_contact", "capped", "below_rank", "holdout")
# States of what a destination may declare or not.
_DECLARED = {"capped": "cap", "below_rank": "top"}


@dataclass(frozen=True)
class Audience:
    """Members of a segment by what became of them (`STATES`), those sent by variant, and the definition they are
    members by."""

    segment: str
    definition_version: str
    purpose: str
    counts: Mapping[str, int]
    variants: Mapping[str, int]


def open_snapshot(snapshot: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the snapshot's ``marts`` and ``pii`` attached for reading."""
    con = duckdb.connect()
    for name, file in (("marts", layout.MARTS), ("pii", layout.PII)):
        con.execute(f"attach {literal(snapshot / file)} as {name} (read_only)")
    return con


def build_audience(
    con: duckdb.DuckDBPyConnection,
    destination: Destination,
    segment: str,
    form: Format,
    home: Path,
    *,
    as_of: date,
    held: Path | None,
    others: tuple[str, ...],
) -> Audience:
    """Write temp table ``audience`` (profile_id, state, variant) for all members and ``now`` (profile_id and the
    columns of `form`) for those that are to be sent. `con` is one of `open_snapshot`, `as_of` its snapshot's; `held` is
    the file of the members that the receiver has; a cap that names no destinations counts over `others`.

    Consent: for marketing, and for any purpose but service and analysis, only who said yes to the channel (or to all)
    and no to neither; for service and analysis everybody who did not say no. Raises DestinationError for a segment that
    the snapshot does not hold, and for a suppression list that cannot be read.
    """
    rows = con.execute(
        "select definition_version, purpose from marts.segments.definition where segment = ?", [segment]
    ).fetchall()
    if not rows:
        # Renamed or no longer declared: the receiver goes on having its members until somebody says otherwise.
        has_members = held and con.execute(f"select 1 from read_parquet({literal(held)}) limit 1").fetchall()
        hint = f"; `cdp audience remove {destination.name} {segment}` takes back who was sent" if has_members else ""
        raise DestinationError(f"{destination.name}: no segment '{segment}' in the published snapshot{hint}")
    definition_version, purpose = rows[0]
    purpose = destination.purpose or purpose
    _write_suppressed(con, destination, home)
    _write_contacts(con, segment)
    con.execute(
        """create or replace temp table consented as
        select profile_id, bool_or(state = 'denied') as denied, bool_or(state = 'granted') as granted
        from marts.profiles.consent where purpose = $purpose and (channel = $channel or channel = '' or channel is null)
        group by profile_id""",
        {"purpose": purpose, "channel": destination.channel},
    )
    asked = purpose not in ("service", "analysis")
    con.execute(
        f"""create or replace temp table audience as
        select m.profile_id, m.entered_at, null::varchar as variant,
            case
                when m.profile_id in (select profile_id from suppressed) then 'suppressed'
                when {"not coalesce(c.granted, false) or c.denied" if asked else "coalesce(c.denied, false)"}
                    then '{"no_consent" if asked else "opted_out"}'
                else 'sent'
            end as state
        from members m left join consented c using (profile_id)"""
    )
    if destination.variants:
        draw_variants(con, destination.name, destination.variants, arms.path_of(home, destination.name, segment))
    selected = ", ".join(f"{sql} as {quoted(column)}" for column, (_, sql) in form.columns.items())
    features = (
        "left join marts.features.profile_features feature_row using (profile_id)" if "feature_row." in selected else ""
    )
    _check_features(con, destination)
    con.execute(
        f"""create or replace temp table now as
            select profile_id{", " + selected if selected else ""}
            from audience join contacts using (profile_id) {features}
            cross join (select {literal(segment)} as segment)
            where state = 'sent'"""
    )
    if form.contacts:
        filled = " or ".join(f"{quoted(column)} is not null" for column in form.contacts)
        con.execute(
            f"""update audience set state = 'no_contact'
            where profile_id in (select profile_id from now where not ({filled}))"""
        )
    if destination.cap is not None:
        apply_cap(con, home, destination.cap, destination.cap.across or others, as_of, held)
    if destination.top is not None:
        apply_top(con, destination.top)
    # The last, so that those held out are like those sent.
    if destination.holdout:
        draw_holdout(con, destination.name, destination.holdout, arms.path_of(home, destination.name, segment))
    con.execute("delete from now where profile_id in (select profile_id from audience where state <> 'sent')")
    counts = dict(con.execute("select state, count(*) from audience group by state").fetchall())
    shown = [state for state in STATES if state not in _DECLARED or getattr(destination, _DECLARED[state]) is not None]
    drawn = dict(con.execute("select variant, count(*) from audience where state = 'sent' group by variant").fetchall())
    return Audience(
        segment, definition_version, purpose, {state: counts.get(state, 0) for state in shown},
        {variant: drawn.get(variant, 0) for variant, _ in destination.variants},
    )  # fmt: skip


def _write_contacts(con: duckdb.DuckDBPyConnection, segment: str) -> None:
    """Temp tables ``members`` of the segment and ``contacts``: golden values, and trusted addresses and numbers."""
    con.execute(
        """create or replace temp table members as
        select profile_id, min(entered_at) as entered_at from marts.segments.membership
        where segment = $segment and exited_at is null group by profile_id""",
        {"segment": segment},
    )
    con.execute(
        """create or replace temp table contacts as
        with known as (
            -- An address as it was given: mailbox rules that make two spellings one are not the receiver's.
            select profile_id, kind, value, min(first_seen_at) as first_seen_at,
                case kind when 'email' then lower(trim(min_by(value_raw, (first_seen_at, value_raw)))) else value end
                    as contact
            from pii.identifiers
            where kind in ('email', 'phone') and is_trusted and value is not null
                and profile_id in (select profile_id from members)
            group by profile_id, kind, value
        ),
        listed as (
            select g.profile_id,
                list(k.contact order by g.email in (k.value, k.contact) desc, k.first_seen_at, k.contact)
                    filter (k.kind = 'email') as emails,
                list(k.contact order by k.value = g.phone desc, k.first_seen_at, k.contact)
                    filter (k.kind = 'phone') as phones
            from pii.golden_record g left join known k using (profile_id)
            where g.profile_id in (select profile_id from members)
            group by g.profile_id, g.email, g.phone
        )
        select g.*, l.emails, l.phones from pii.golden_record g join listed l using (profile_id)"""
    )


def _check_features(con: duckdb.DuckDBPyConnection, destination: Destination) -> None:
    fields = [*destination.fields, *([destination.top.by] if destination.top else [])]
    wanted = [field.removeprefix("features.") for field in fields if field.startswith("features.")]
    if not wanted:
        return
    present = [row[0] for row in con.execute("describe marts.features.profile_features").fetchall()]
    for name in wanted:
        if name not in present:
            near = difflib.get_close_matches(name, present, 1)
            hint = f", did you mean '{near[0]}'?" if near else ""
            raise DestinationError(f"{destination.name}: the snapshot has no feature '{name}'{hint}")


def _write_suppressed(con: duckdb.DuckDBPyConnection, destination: Destination, home: Path) -> None:
    """Temp table ``suppressed`` (profile_id): every profile that holds a listed contact, trusted or not."""
    con.execute("create or replace temp table suppressed (profile_id varchar)")
    paths = [home / SUPPRESSION] if (home / SUPPRESSION).exists() else []
    if destination.suppress:
        paths.append(home / destination.suppress)
    for path in paths:
        listed = _read_suppressed(path, destination.name)
        con.execute("create or replace temp table listed (kind varchar, value varchar)")
        con.executemany("insert into listed values (?, ?)", listed)
        con.execute(
            f"""insert into suppressed
            with held as (
                select profile_id, kind, value from pii.identifiers
                union all select profile_id, kind, {normalised_sql("kind", "value_raw")} from pii.identifiers
            ),
            -- A list of numbers as they are dialled at home: whoever has a number that ends so is left out, since the
            -- list does not say of which country it is, and one person too few is the lesser harm.
            national as (
                select digits, length(digits) as length from (
                    select ltrim(regexp_replace(value, '[^0-9]', '', 'g'), '0') as digits from listed
                    where kind = 'phone' and value not like '+%'
                ) where length(digits) >= {NATIONAL_DIGITS}
            )
            -- by equality only: with a condition over both sides each number would be held against each
            select profile_id from held semi join listed using (kind, value)
            union select ending.profile_id from (
                select profile_id, right(value, length) as digits
                from pii.identifiers cross join (select distinct length from national)
                where kind = 'phone' and length(value) >= length
            ) ending semi join national using (digits)
            union select coalesce(a.profile_id, l.value) from listed l
                left join marts.profiles.profile_aliases a on a.alias_profile_id = l.value
                where l.kind = 'profile_id'"""
        )


def _read_suppressed(path: Path, name: str) -> list[tuple[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            if not {"kind", "value"} <= set(reader.fieldnames or ()):
                raise DestinationError(f"{name}: {path}: expected the columns kind and value")
            rows = [
                (_listed_kind(row["kind"] or "", f"{name}: {path}: line {reader.line_num}"), row["value"])
                for row in reader
                if (row["value"] or "").strip()
            ]
    except (OSError, UnicodeDecodeError) as error:
        raise DestinationError(f"{name}: {path} cannot be read ({type(error).__name__})") from None
    # an empty list says nothing, but executemany wants at least one row
    return [(kind, normalise_value(kind, value)) for kind, value in rows] or [("", "")]


def _listed_kind(kind: str, where: str) -> str:
    """A kind as the identifiers have it; case and blanks aside. Raises DestinationError."""
    kind = kind.strip().lower()
    if kind not in LISTED_KINDS:
        near = difflib.get_close_matches(kind, LISTED_KINDS, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"one of {', '.join(LISTED_KINDS)}"
        raise DestinationError(f"{where}: unknown kind '{kind}', {hint}")
    return kind


def fingerprint(destination: Destination, form: Format) -> str:
    """Twelve hexadecimal digits that change with the shape of the rows: what was sent cannot be compared across it."""
    shape = "|".join([destination.kind, destination.format, *(f"{c}={h}" for c, (h, _) in form.columns.items())])
    return hashlib.sha256(shape.encode()).hexdigest()[:12]
