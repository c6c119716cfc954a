"""What must hold after every day of a soak, whatever the day brought. Each check fails with the day and the place."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from soak_company import Company, Day
from whole_runs import snapshot

from cdp_pipeline.home import Home
from cdp_pipeline.mend import damaged_raw, damaged_tables
from cdp_pipeline.ops import Ops
from cdp_pipeline.privacy.search import search
from cdp_pipeline.sources.ingest import reconcile
from profiles.snapshots import committed_versions, damaged_files, newest_version

# Parts of a home whose bytes are watched: all that is not the deliveries themselves.
WATCHED = ("lake/core", "lake/identity", "identity.duckdb", "warehouse.duckdb", "published", "state", "dagster", "dbt")
CAUSES = ("merged", "split", "reinstated", "retired", "erased")


@dataclass
class Memory:
    """What the days before left: who had which id, every id there ever was, and the segments' members."""

    members: dict[str, str] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)
    segments: dict[tuple[str, str], date] = field(default_factory=dict)
    closed: set[tuple[str, str, date, date]] = field(default_factory=set)


def table(home: Home, name: str, columns: str = "*") -> list[tuple[Any, ...]]:
    """Rows of an identity table, sorted."""
    with duckdb.connect() as con:
        return con.execute(
            f"select {columns} from read_parquet('{home.identity / name}/*.parquet') order by all"
        ).fetchall()


def check_day(home: Home, company: Company, day: Day, memory: Memory) -> dict[str, int]:
    """Hold the home against the company's truth and against the day before. Returns counts for the report."""
    rows = table(home, "profile_members", "record_id, profile_id")
    members = dict(rows)
    told = f"on {day.day}"
    assert len(rows) == len(members) == len(set(rows)), f"{told}: a record is in two profiles"
    with duckdb.connect() as con:
        live = con.execute(
            f"select record_id from read_parquet('{home.core}/customer_records/*.parquet') where not is_deleted"
        ).fetchall()
    assert {record for (record,) in live} == members.keys() == company.accounts.keys(), f"{told}: records are lost"
    people: dict[str, set[str]] = {}
    for record, profile in members.items():
        people.setdefault(profile, set()).add(record)
    assert {frozenset(p) for p in people.values()} == company.partition(), f"{told}: not the people there are"

    events = table(home, "profile_events", "as_of, event, profile_id, related_profile_id")
    caused = {p for as_of, event, *profiles in events if event in CAUSES and as_of == day.day for p in profiles}
    for record, profile in members.items():
        before = memory.members.get(record, profile)
        if before != profile:
            assert {before, profile} & caused, f"{told}: {record} has another id and no event says why"
            assert record in day.moved, f"{told}: {record} has another id though nothing happened to it"
    aliases = dict(table(home, "profile_aliases", "alias_profile_id, profile_id"))
    memory.ever |= set(people)
    for profile in memory.ever - people.keys():
        assert profile in aliases, f"{told}: the retired id {profile} resolves to nothing"
        assert aliases[profile] is None or aliases[profile] in people, f"{told}: {profile} leads to a retired id"
    memory.members = members

    found = search(home.root, company.erased) if company.erased else {}
    assert not found, f"{told}: an erased person is in {sorted(str(p.relative_to(home.root)) for p in found)[:3]}"
    with Ops(home.ops_db) as ops:
        balance = reconcile(home, ops)
    assert balance.ok, f"{told}: {balance.mismatches[:3]}"
    assert not damaged_raw(home) and not damaged_tables(home), told
    newest = newest_version(home.published)
    if newest is not None:
        assert damaged_files(home.published / newest, checksums=True) == [], told
        assert len(committed_versions(home.published)) <= 3, f"{told}: snapshots are kept for ever"
        _check_segments(home, day, memory)
    return {"records": len(members), "profiles": len(people), "events": len(events)}


def _check_segments(home: Home, day: Day, memory: Memory) -> None:
    """Intervals in the snapshot are what following the members from day to day gives."""
    marts = (home.published / "current").resolve() / "marts.duckdb"
    with duckdb.connect(str(marts), read_only=True) as con:
        now = set(con.execute("select segment, profile_id from segments.current").fetchall())
        held = con.execute("select segment, profile_id, entered_at, exited_at from segments.membership").fetchall()
        living = {p for (p,) in con.execute("select profile_id from profiles.customer_profile").fetchall()}
    for gone in memory.segments.keys() - now:
        memory.closed.add((*gone, memory.segments.pop(gone), day.day))
    for new in now - memory.segments.keys():
        memory.segments[new] = day.day
    settled = living - {p for _, p in now if p not in memory.ever}
    # a merge brings the intervals of both ids together, so those profiles are left out on their day
    moved = {memory.members[r] for r in day.moved if r in memory.members}
    is_open = {(s, p): entered for s, p, entered, exited in held if exited is None}
    assert is_open.keys() == now, f"on {day.day}: open intervals are not the members"
    for key, entered in is_open.items():
        if key[1] in settled - moved and entered > memory.segments[key]:
            raise AssertionError(f"on {day.day}: {key} entered on {entered}, followed since {memory.segments[key]}")


def sizes(home: Home) -> dict[str, int]:
    """Bytes by watched part."""
    return {name: _bytes(home.root / name) for name in WATCHED}


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    seen: dict[int, int] = {}
    for one in path.rglob("*"):
        if one.is_file() and not one.is_symlink():
            status = one.stat()
            seen[status.st_ino] = status.st_size
    return sum(seen.values())


def check_growth(by_day: list[tuple[int, dict[str, int]]]) -> None:
    """No part of a home grows faster than its records: `by_day` has the number of records and the bytes of each day.

    Held against each other: the first third of the days after the first, and the last day.
    """
    third = len(by_day) // 3
    if third < 3:
        return
    records, early = by_day[third][0], {n: max(d[n] for _, d in by_day[: third + 1]) for n in WATCHED}
    last_records, last = by_day[-1]
    allowed = 1.5 * max(1.0, last_records / records)
    grown = {n: last[n] for n in WATCHED if last[n] > allowed * max(early[n], 1 << 20)}
    assert not grown, f"{records} records became {last_records}, bytes grew beyond: {grown} from {early}"


def tables(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """The identity tables, run ids aside."""
    columns = {
        "profile_members": "record_id, profile_id",
        "profile_aliases": "*",
        "edges": "record_id_l, record_id_r, kind, rule",
        "dropped_edges": "record_id_l, record_id_r, reason",
    }
    return {name: table(home, name, wanted) for name, wanted in columns.items()}


def published(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """The published tables, run ids aside; none where nothing is published."""
    return snapshot(home) if newest_version(home.published) else {}
