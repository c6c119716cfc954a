"""Everything that is known about one person, for that person: collected from the lake, the published snapshot and the
state file, written as a page and as JSON."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.privacy import subject
from cdp_pipeline.privacy.lake import open_lake
from cdp_pipeline.privacy.landed import raw_files
from cdp_pipeline.sources.erasing import key_file
from cdp_pipeline.sources.overlay import contracts_of
from cdp_pipeline.sources.tombstones import Tombstones
from profiles.exports import received
from profiles.lookup import ProfileView, show_profile
from profiles.privacy import PersonReport, Section, to_html, to_json
from profiles.snapshots import current_manifest

PAGE, DATA = "your-data.html", "your-data.json"
# Core tables with what a row of them is, in plain words.
_CORE = (
    ("records", "customer_records", "source, record_id", "Your accounts",
     "What each system holds about you: one row per account, checkout or form."),
    ("identifiers", "record_identifiers", "kind, value", "Your identifiers",
     "E-mail addresses, numbers and ids by which systems know you. Trusted ones join your accounts."),
    ("consents", "consents", "occurred_at", "What you allowed and refused",
     "By purpose and channel, with the system you said it to and when. What was never said is a no."),
    ("orders", "orders", "ordered_at", "Your orders", "Purchases in shops and online."),
    ("interactions", "interactions", "occurred_at", "Your history",
     "Every contact with us that systems noted, over all channels."),
    ("tickets", "tickets", "created_at", "Your requests for help", "Tickets and conversations with customer service."),
    ("messages", "ticket_messages", "occurred_at", "Your messages", "What was written in these conversations."),
    ("feedback", "feedback", "occurred_at", "Your feedback", "Answers to surveys and reviews."),
    ("campaigns", "campaign_touches", "occurred_at", "Messages we sent you",
     "Campaigns, and whether they were opened."),
)  # fmt: skip


def export_person(home: Home, wanted: str, out: Path, *, kind: str | None = None) -> list[Path]:
    """Write ``your-data.html`` and ``your-data.json`` (mode 0600) into `out` and return their paths.

    Raises SubjectError where it cannot be told who is meant.
    """
    report = person_report(home, wanted, kind=kind)
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = []
    for name, text in ((PAGE, to_html(report)), (DATA, to_json(report))):
        path = out / name
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
        files.append(path)
    return files


def person_report(home: Home, wanted: str, *, kind: str | None = None) -> PersonReport:
    """The report on the person meant by `wanted`. Raises SubjectError."""
    manifest = current_manifest(home.root)
    with open_lake(home) as con:
        devices = subject.find_devices(con, wanted, kind)
        profile_id, records = (None, []) if devices else subject.find_subject(con, wanted, kind)
        who = subject.describe(con, [profile_id] if profile_id else [], records, devices)
        sections = [
            Section(
                name,
                title,
                meaning,
                _rows(con, f"FROM core_{table} WHERE {subject.is_own(table)} ORDER BY {order}"),
            )
            for name, table, order, title, meaning in _CORE
        ]
        sections.append(_edges(con))
        sections.append(_landed(home, con, who))
    view = show_profile(home.published, profile_id) if profile_id and manifest else None
    return PersonReport(
        profile_id,
        manifest.as_of.isoformat() if manifest else "",
        manifest.version if manifest else "",
        [*_profile(view), *sections, _received(home, who), *_state(home, [*who.profile_ids, *who.aliases])],
    )


def _profile(view: ProfileView | None) -> list[Section]:
    if view is None:
        return []
    attributes = [
        {
            "attribute": a.name,
            "value": a.value,
            "from": "; ".join(f"{row.get('record_id')} ({row.get('rule')})" for row in a.provenance),
        }
        for a in view.attributes
        if a.value is not None
    ]
    features = [{"figure": name, "value": value} for name, value in view.features.items() if value is not None]
    told = (
        (
            "profile",
            "Your profile",
            "What we hold to be right about you, and the system each value is from.",
            attributes,
        ),
        ("segments", "Groups you are in", "Segments that decide what you are shown or sent.", view.segments),
        ("features", "Figures worked out about you", "Counts, dates and scores that services use.", features),
        ("consent", "What we may do", "The outcome over all your accounts: a refusal wins.", view.consents),
        ("events", "History of the profile", "When accounts were joined or parted.", view.events),
    )
    return [Section(*one) for one in told]


def _edges(con: duckdb.DuckDBPyConnection) -> Section:
    words = {"identifier": "both have the same identifier", "probabilistic": "their details are alike",
             "steward": "a person decided so"}  # fmt: skip
    rows = con.execute(
        """SELECT record_id_l, record_id_r, kind, rule, match_probability FROM identity_edges
        WHERE record_id_l IN (SELECT record_id FROM own) OR record_id_r IN (SELECT record_id FROM own) ORDER BY ALL"""
    ).fetchall()
    return Section(
        "links",
        "Why these accounts are taken for yours",
        "Each row joins two of the accounts above, with the reason.",
        [
            {"account": left, "and": right, "because": words.get(kind, kind), "rule": rule, "certainty": certainty}
            for left, right, kind, rule, certainty in rows
        ],
    )


def _landed(home: Home, con: duckdb.DuckDBPyConnection, who: subject.Subject) -> Section:
    """Files of sources that hold rows of the person: an export that must be complete shows where to look as well."""
    key = key_file(home)
    if not key.exists():
        return Section("files", "Delivered files", "Files of our sources that hold rows about you.", [])
    tombstones = Tombstones(key.read_text(encoding="ascii").strip(), ())
    tombstones.before = dict.fromkeys((tombstones.token(*token) for token in who.tokens), "9999-01-01")
    rows = []
    for source in contracts_of(home).values():
        for obj in source.objects.values():
            raw, quarantine = raw_files(home, obj)
            if raw or quarantine:
                found = tombstones.find(con, obj, raw, quarantine)
                rows += [
                    {
                        "source": source.title,
                        "delivery": obj.name,
                        "file": file,
                        "rows": len(one.actions),
                    }
                    for file, one in sorted(found.items())
                ]
    return Section("files", "Delivered files", "Files of our sources that hold rows about you.", rows)


def _received(home: Home, who: subject.Subject) -> Section:
    """Systems outside that were sent the person as a member of an audience."""
    rows = [
        {
            "receiver": one.destination, "how": one.kind, "audience": one.segment, "purpose": one.purpose,
            "channel": one.channel, "first_sent": one.first_sent_at, "last_sent": one.last_sent_at,
            "told": ", ".join(one.columns) or "your profile id only", "holds_you_now": one.is_member,
        }
        for one in received(home.root, [*who.profile_ids, *who.aliases])
    ]  # fmt: skip
    return Section(
        "recipients",
        "Who has received your data",
        "Systems outside of ours to which audiences with you were sent.",
        rows,
    )


def _state(home: Home, profile_ids: Sequence[str]) -> list[Section]:
    """Who looked at the profile and to whom it was handed: every log of the state file that names it."""
    sections: list[Section] = []
    if not home.ops_db.exists():
        return sections
    con = sqlite3.connect(f"{home.ops_db.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
    con.row_factory = sqlite3.Row
    try:
        tables = con.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").fetchall()
        for (table,) in tables:
            columns = [str(r[1]) for r in con.execute(f'PRAGMA table_info("{table}")').fetchall()]
            if "profile_id" not in columns:
                continue
            marks = ", ".join("?" for _ in profile_ids) or "NULL"
            rows = con.execute(f'SELECT * FROM "{table}" WHERE profile_id IN ({marks})', list(profile_ids)).fetchall()
            if rows:
                title = f"Log: {table.replace('_', ' ')}"
                meaning = "Looks at your profile, and those it was handed to."
                sections.append(Section(f"log-{table}", title, meaning, [dict(row) for row in rows]))
    finally:
        con.close()
    return sections


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, object]]:
    relation = con.sql(sql)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
