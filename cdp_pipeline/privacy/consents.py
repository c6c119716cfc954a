"""Consents that people state to the company itself: kept in ``state/ops.sqlite``, landed by the next run as a source of
its own (``consent_desk``). Append-only: a later statement stands beside the earlier one."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from cdp_pipeline.home import Home
from cdp_pipeline.judgements import current_author
from cdp_pipeline.privacy import subject
from cdp_pipeline.privacy.errors import SubjectError
from cdp_pipeline.privacy.lake import open_lake
from cdp_pipeline.privacy.store import privacy_db
from cdp_pipeline.sources.contract_types import CHANNELS

SOURCE, OBJECT = "consent_desk", "changes"
# Besides what is a person's own to say of any purpose, these decide something in the platform.
PURPOSES = ("marketing", "profiling")
STATES = ("granted", "denied")
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Recorded:
    """A statement: it holds for every record of the person, so that it moves with them when a profile splits."""

    profile_id: str | None
    records: int


def record_consent(
    home: Home, wanted: str, *, purpose: str, channel: str = "", state: str, kind: str | None = None
) -> Recorded:
    """Record what the person meant by `wanted` said. `channel` '' is every channel.

    Raises SubjectError where it cannot be told who is meant, and for a purpose, channel or state that is no word.
    """
    purpose, channel = purpose.strip().lower(), channel.strip().lower()
    if not _WORD.fullmatch(purpose) or (channel and not _WORD.fullmatch(channel)):
        raise SubjectError("a purpose or channel is one word of small letters, digits, _ and -")
    if channel and channel not in CHANNELS:
        raise SubjectError(f"there is no channel '{channel}': {_meant(channel, CHANNELS)}")
    if purpose not in PURPOSES:
        raise SubjectError(f"no purpose '{purpose}' decides anything here: {_meant(purpose, PURPOSES)}")
    if state not in STATES:
        raise SubjectError(f"state is one of {', '.join(STATES)}")
    with open_lake(home) as con:
        profile_id, records = subject.find_subject(con, wanted, kind)
    add_changes(home, records, purpose=purpose, channel=channel, state=state)
    return Recorded(profile_id, len(records))


def _meant(word: str, known: Sequence[str]) -> str:
    """A statement under a word that nothing reads would be lost without a sign."""
    near = difflib.get_close_matches(word.replace("-", "_"), known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"one of {', '.join(known)}"


def add_changes(home: Home, records: Sequence[str], *, purpose: str, channel: str, state: str) -> None:
    """Append one statement for each record."""
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    author = current_author()
    with privacy_db(home) as con:
        con.executemany(
            "INSERT INTO consent_changes (record_id, purpose, channel, state, occurred_at, author)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(record, purpose, channel, state, now, author) for record in records],
        )


def land_changes(home: Home, day: date) -> int:
    """Write the statements that no landed file holds yet as one file of the delivery day; returns their number.

    A file is named by its first and last statement, so one that was written before a crash is not written again.
    """
    if not home.ops_db.exists():
        return 0
    folder = home.landed(SOURCE, OBJECT)
    known = [int(m[1]) for p in folder.glob("dt=*/changes-*.jsonl") if (m := re.search(r"-(\d+)\.jsonl$", p.name))]
    with privacy_db(home) as con:
        landed = con.execute("SELECT last_change_id FROM consent_landed").fetchone()
        last = max([landed[0] if landed else 0, *known])
        rows = con.execute(
            "SELECT change_id, record_id, purpose, channel, state, occurred_at FROM consent_changes"
            " WHERE change_id > ? ORDER BY change_id",
            (last,),
        ).fetchall()
        if not rows:
            return 0
        first, last = rows[0]["change_id"], rows[-1]["change_id"]
        target = home.landed(SOURCE, OBJECT, day) / f"changes-{first:09d}-{last:09d}.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_text("".join(json.dumps(dict(row)) + "\n" for row in rows), encoding="utf-8")
        part.replace(target)
        con.execute("DELETE FROM consent_landed")
        con.execute("INSERT INTO consent_landed VALUES (?)", (last,))
    return len(rows)
