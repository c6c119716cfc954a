"""Who is meant by a request, and everything by which that person's rows can be told.

A person is a profile: its records, and the identifiers that no other profile has. An identifier that relatives share
is theirs as well, so it does not bind; what it stands beside is found by the records' own keys.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from cdp_pipeline.privacy.errors import SubjectError
from cdp_pipeline.sources.subjects import OF_ONE_SOURCE, WORD_LENGTH, normal_form, scopes_of
from profiles.identifiers import half_width

_SHOWN = 5
# Core tables whose rows can be of a device alone.
OF_DEVICES = ("interactions", "orders")
# Trackers whose device ids carry their name in core, because they are numbers (docs/guides/connectors-digital.md).
_TRACKERS = ("ga4:", "snowplow:")
_LINK = re.compile(r"^(?:mailto|tel):", re.IGNORECASE)


@dataclass(frozen=True)
class Subject:
    """One person or several that are erased together; records may belong to no profile (deleted accounts)."""

    profile_ids: tuple[str, ...]
    aliases: tuple[str, ...]
    records: tuple[str, ...]
    tokens: frozenset[tuple[str, str]]
    values: frozenset[str] = field(default=frozenset())


def find_subject(con: duckdb.DuckDBPyConnection, wanted: str, kind: str | None = None) -> tuple[str | None, list[str]]:
    """Profile id (None: no profile) and record ids of the person meant, by profile id, retired id, record id or any
    identifier; `kind` narrows an identifier.

    Raises SubjectError where nobody is found, and where the identifier is shared or nobody proved it theirs: then the
    line lists the candidates' profile ids.
    """
    wanted = wanted.strip()
    if kind is None:
        found = con.execute(
            """SELECT profile_id FROM identity_profile_members WHERE profile_id = $1 OR record_id = $1
            UNION SELECT profile_id FROM identity_profile_aliases WHERE alias_profile_id = $1""",
            [wanted],
        ).fetchall()
        if found:
            if found[0][0] is None:
                raise SubjectError(f"{wanted} was erased already: see `cdp privacy receipts`")
            return str(found[0][0]), _records_of(con, str(found[0][0]))
        if con.execute("SELECT 1 FROM core_customer_records WHERE record_id = $1", [wanted]).fetchall():
            return None, [wanted]
    # as a clerk copies it: with the letters and digits of an East Asian keyboard, or from a link
    plain = _LINK.sub("", half_width(wanted))
    told = plain.partition(":")
    rest = normal_form(told[0], told[2].rpartition(":")[2]) if kind is None else normal_form(kind, plain)
    wanted_kind = kind or (told[0] if told[2] else "")
    rows = con.execute(
        """
        SELECT DISTINCT m.profile_id, s.record_id,
          coalesce(bool_or(i.is_trusted) OVER (PARTITION BY m.profile_id), false) AS is_trusted
        FROM said s
        LEFT JOIN identity_profile_members m USING (record_id)
        LEFT JOIN identity_record_identifiers i ON i.record_id = s.record_id AND i.kind = s.kind
          AND s.form IN (i.value, trim(i.value_raw), lower(trim(i.value_raw)),
            right(regexp_replace(i.value, '[^0-9]', '', 'g'), 10))
        WHERE (s.form IN ($text, $plain) AND s.kind NOT IN ('email', 'phone')
            AND ($kind = '' OR s.kind = $kind OR $bare))
          OR (s.kind = 'email' AND s.form = $email AND $kind IN ('', 'email'))
          OR (s.kind = 'phone' AND s.form = $phone AND $kind IN ('', 'phone'))
          OR (s.kind = $kind AND s.form = $rest)
        """,
        {
            "text": wanted,
            "plain": plain,
            "email": normal_form("email", plain),
            "phone": normal_form("phone", plain) if not any(c.isalpha() for c in plain) else None,
            "kind": wanted_kind,
            "bare": kind is None,
            "rest": rest,
        },
    ).fetchall()
    if kind is not None and not con.execute("SELECT 1 FROM said WHERE kind = $1 LIMIT 1", [kind]).fetchall():
        kinds = ", ".join(k for (k,) in con.execute("SELECT DISTINCT kind FROM said ORDER BY 1").fetchall())
        raise SubjectError(f"no identifier is of kind '{kind}': one of {kinds}")
    if not rows:
        raise SubjectError("nobody has this identifier: give a profile id, a record id or another identifier")
    profiles = {p for p, _, _ in rows if p is not None}
    proven = {p for p, _, trusted in rows if p is not None and trusted}
    if not profiles:
        return None, sorted({r for _, r, _ in rows})
    if len(profiles) > 1 or not proven:
        listed = ", ".join(sorted(profiles)[:_SHOWN]) + (" …" if len(profiles) > _SHOWN else "")
        why = f"{len(profiles)} profiles have it" if len(profiles) > 1 else "nobody proved it theirs"
        raise SubjectError(f"this identifier does not tell one person ({why}): name the profile id instead: {listed}")
    (profile,) = profiles
    return profile, _records_of(con, profile)


def find_devices(con: duckdb.DuckDBPyConnection, wanted: str, kind: str | None = None) -> list[str]:
    """Ids in core of the device called `wanted` whose visitor never said who it is: no record and no profile has it.

    Whoever asks for a cookie's data to go proves by the cookie that it is theirs. Empty where `wanted` is no such id.
    """
    if kind not in (None, "anonymous_id"):
        return []
    plain = half_width(wanted.strip()).removeprefix("anonymous_id:")
    seen = " UNION ".join(f"SELECT anonymous_id FROM core_{table}" for table in OF_DEVICES)
    rows = con.execute(
        f"""SELECT DISTINCT anonymous_id FROM ({seen})
        WHERE list_contains($ids, trim(anonymous_id))
          AND anonymous_id NOT IN (SELECT anonymous_id FROM identity_anonymous_links)
          AND NOT EXISTS (SELECT 1 FROM said WHERE form IN ($bare, trim(anonymous_id))) ORDER BY 1""",
        {"ids": [plain, *(tracker + plain for tracker in _TRACKERS)], "bare": _bare(plain)},
    ).fetchall()
    return [str(device) for (device,) in rows]


def _bare(device: str) -> str:
    """A device id as its tracker delivers it."""
    for tracker in _TRACKERS:
        device = device.removeprefix(tracker)
    return device.strip()


def describe(
    con: duckdb.DuckDBPyConnection, profile_ids: Sequence[str], records: Sequence[str], devices: Sequence[str] = ()
) -> Subject:
    """Everything by which the person's rows are told, before the rows themselves are looked at. `devices` are those of
    `find_devices`."""
    con.execute("CREATE OR REPLACE TEMP TABLE own AS SELECT unnest($r::VARCHAR[]) AS record_id", {"r": list(records)})
    con.execute(
        "CREATE OR REPLACE TEMP TABLE own_devices AS SELECT unnest($d::VARCHAR[]) AS anonymous_id", {"d": list(devices)}
    )
    # a deleted account is in no profile, and is the person's when it has something only this person has
    con.execute(
        """CREATE OR REPLACE TEMP TABLE own AS
        SELECT record_id FROM own
        UNION
        SELECT s.record_id FROM said s JOIN said o ON o.kind = s.kind AND o.namespace = s.namespace AND o.form = s.form
        JOIN own ON own.record_id = o.record_id
        ANTI JOIN identity_profile_members m ON m.record_id = s.record_id
        WHERE NOT EXISTS (SELECT 1 FROM said x JOIN identity_profile_members y USING (record_id)
          WHERE x.kind = s.kind AND x.form = s.form AND x.record_id NOT IN (SELECT record_id FROM own))"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE others AS
        SELECT s.* FROM said s ANTI JOIN own USING (record_id)"""
    )
    rows = con.execute(
        """
        SELECT DISTINCT s.source, s.kind, s.form,
          (s.kind, s.form) NOT IN (SELECT (kind, form) FROM others) AS is_unique,
          (s.source, s.kind, s.form) NOT IN (SELECT (source, kind, form) FROM others) AS is_unique_in_source
        FROM said s SEMI JOIN own USING (record_id)
        """
    ).fetchall()
    rows += [
        ("", "anonymous_id", value, True, True)
        for (value,) in con.execute(
            """SELECT DISTINCT trim(anonymous_id) FROM identity_anonymous_links
            WHERE list_contains($ids, profile_id) AND anonymous_id NOT IN (
              SELECT anonymous_id FROM identity_anonymous_links WHERE NOT list_contains($ids, profile_id))
            AND trim(anonymous_id) NOT IN (SELECT form FROM others WHERE kind = 'anonymous_id')""",
            {"ids": list(profile_ids)},
        ).fetchall()
    ]
    told = {_bare(device) for device in devices}
    tokens = {("anonymous_id", form) for form in told}
    tokens |= {("word", form) for form in told if len(form) >= WORD_LENGTH}
    values = set(told)
    for source, kind, form, is_unique, in_source in rows:
        scopes = scopes_of(source, kind)
        if is_unique and kind not in OF_ONE_SOURCE:
            tokens.add((kind, form))
            if source == "":
                continue
        if is_unique or in_source:
            tokens.add((scopes[-1], form))
        if is_unique:
            values.add(form)
            if kind in ("email", "phone"):
                values |= _sent_forms(form)
            if kind not in ("email", "phone") and len(form) >= WORD_LENGTH:
                tokens.add(("word", form))
    records = [r for (r,) in con.execute("SELECT record_id FROM own ORDER BY 1").fetchall()]
    for record in records:
        source, _, rest = record.partition(":")
        native = rest.partition(":")[2]
        tokens |= {(f"{source}.*", native), ("consent_desk.*", record)}
        values.add(record)
        if len(native) >= WORD_LENGTH and not _is_others(con, native):
            tokens.add(("word", native))
            values.add(native)
    aliases = [
        a
        for (a,) in con.execute(
            "SELECT alias_profile_id FROM identity_profile_aliases WHERE list_contains($1, profile_id) ORDER BY 1",
            [list(profile_ids)],
        ).fetchall()
    ]
    return Subject(tuple(profile_ids), tuple(aliases), tuple(records), frozenset(tokens), frozenset(values))


def texts_of(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Names, addresses and free texts of the person described last, as far as nobody else's rows hold them: what can
    be searched for afterwards. A first name that others have proves nothing."""
    names = ", ".join(f'"{c}"' for c in _NAMES)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE other_words AS
        SELECT DISTINCT lower(concat_ws(' ', {names})) AS text
        FROM core_customer_records ANTI JOIN own USING (record_id)"""
    )
    found: set[str] = set()
    for name in _NAMES:
        found |= {
            v
            for (v,) in con.execute(
                f"""WITH mine AS (SELECT DISTINCT "{name}" AS value FROM core_customer_records
                  SEMI JOIN own USING (record_id) WHERE length("{name}") >= 6)
                SELECT value FROM mine
                WHERE NOT EXISTS (SELECT 1 FROM other_words WHERE contains(text, lower(value)))"""
            ).fetchall()
        }
    for table, column in (("ticket_messages", "body"), ("tickets", "subject"), ("feedback", "comment")):
        found |= {
            v
            for (v,) in con.execute(
                f"""WITH mine AS (SELECT DISTINCT "{column}" AS value FROM core_{table} SEMI JOIN own USING (record_id)
                  WHERE length("{column}") >= 12)
                SELECT value FROM mine WHERE NOT EXISTS (
                  SELECT 1 FROM core_{table} o WHERE (o.record_id IS NULL OR o.record_id NOT IN (
                    SELECT record_id FROM own)) AND contains(lower(o."{column}"), lower(value)))"""
            ).fetchall()
        }
    return found


def values_since(con: duckdb.DuckDBPyConnection, before: datetime, records: Sequence[str]) -> set[str]:
    """What accounts opened at or after `before` say of their people, in small letters: somebody who was erased and
    comes back has the same address again, which then proves nothing. `records` are the erased ones."""
    columns = ", ".join(f'"{c}"' for c in _NAMES)
    rows = con.execute(
        f"""WITH late AS (
          SELECT * FROM core_customer_records
          WHERE coalesce(created_at, delivered_date::TIMESTAMP) >= $before
            AND record_id NOT IN (SELECT unnest($records::VARCHAR[])))
        SELECT lower(form) FROM said SEMI JOIN late USING (record_id)
        UNION SELECT lower(trim(v)) FROM (SELECT unnest([{columns}]) AS v FROM late) WHERE v IS NOT NULL""",
        {"before": before, "records": list(records)},
    ).fetchall()
    values = {str(value) for (value,) in rows}
    return values | {sent for value in values for sent in _sent_forms(value)}


def _sent_forms(value: str) -> set[str]:
    """What advertising platforms and mailing services are sent in place of an address or a number."""
    return {
        hashlib.sha256(value.encode()).hexdigest(),
        hashlib.md5(value.encode(), usedforsecurity=False).hexdigest(),
    }


_NAMES = ("given_name", "middle_name", "family_name", "full_name", "native_name", "organisation", "street", "unit",
          "locality")  # fmt: skip


def facts_of_others(con: duckdb.DuckDBPyConnection) -> None:
    """Table ``others_rows`` (id): the ids of records and facts of other profiles, for `kept_keys`."""
    parts = [
        f"SELECT {key} AS id FROM core_{table}"
        " WHERE record_id IS NOT NULL AND record_id NOT IN (SELECT record_id FROM own)"
        for table, key in (
            ("customer_records", "record_id"), ("interactions", "interaction_id"), ("orders", "order_id"),
            ("tickets", "ticket_id"), ("feedback", "feedback_id"), ("campaign_touches", "touch_id"),
            ("ticket_messages", "message_id"),
        )
    ]  # fmt: skip
    con.execute(f"CREATE OR REPLACE TEMP TABLE others_rows AS {' UNION '.join(parts)}")


def kept_keys(con: duckdb.DuckDBPyConnection, source: str, obj: str, keys: Sequence[str]) -> set[str]:
    """Those of an object's keys whose row is another person's record or fact."""
    rows = con.execute(
        """
        WITH k AS (SELECT unnest($keys::VARCHAR[]) AS key)
        SELECT key FROM k
        WHERE ($source || ':' || $obj || ':' || key IN (SELECT id FROM others_rows)
            OR $source || ':' || key IN (SELECT id FROM others_rows))
          AND $source || ':' || $obj || ':' || key NOT IN (SELECT record_id FROM own)
        """,
        {"keys": list(keys), "source": source, "obj": obj},
    ).fetchall()
    return {key for (key,) in rows}


def is_own(table: str) -> str:
    """SQL condition for the rows of a core table that are the person's who was described last."""
    of_records = "record_id IN (SELECT record_id FROM own)"
    if table not in OF_DEVICES:
        return of_records
    return f"({of_records} OR record_id IS NULL AND anonymous_id IN (SELECT anonymous_id FROM own_devices))"


def counts_of(con: duckdb.DuckDBPyConnection) -> Mapping[str, int]:
    """Rows of each core table that are the person's."""
    counts = {}
    for table in ("customer_records", "record_identifiers", "interactions", "orders", "tickets", "ticket_messages",
                  "feedback", "campaign_touches", "consents"):  # fmt: skip
        ((n,),) = con.execute(f"SELECT count(*) FROM core_{table} WHERE {is_own(table)}").fetchall()
        counts[table] = int(n)
    return counts


def _records_of(con: duckdb.DuckDBPyConnection, profile_id: str) -> list[str]:
    rows = con.execute("SELECT record_id FROM identity_profile_members WHERE profile_id = $1 ORDER BY 1", [profile_id])
    return [r for (r,) in rows.fetchall()]


def _is_others(con: duckdb.DuckDBPyConnection, native: str) -> bool:
    return bool(
        con.execute(
            """SELECT 1 FROM others WHERE form = $1
            UNION SELECT 1 FROM core_customer_records ANTI JOIN own USING (record_id) WHERE native_id = $1""",
            [native],
        ).fetchall()
    )
