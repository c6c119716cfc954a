"""Brings one segment at one destination up to date: what is new, what changed, what has to go.

What the receiver holds is kept as ``exports/<destination>/<segment>/<number>-<export id>/members.parquet``, the rows as
they were sent, so that a row can be taken back in the words in which it was given. A sync first writes all that it will
send under ``.pending/`` and only then sends it; one that was interrupted finishes that before it looks at anything
newer, so nothing is sent from two snapshots and nothing is forgotten. Renaming the pending folder commits it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from profiles.audit import AuditLog
from profiles.errors import NoSnapshot
from profiles.exports import arms, contacted, deliver_file, deliver_postgres, deliver_webhook, log
from profiles.exports.audience import Audience, build_audience, fingerprint, open_snapshot
from profiles.exports.destinations import Destination, DestinationError, load_destinations
from profiles.exports.formats import Format
from profiles.manifest import Manifest
from profiles.ops import ops_path
from profiles.rows import literal, quoted
from profiles.snapshots import current_version, sync_paths

PENDING = ".pending"
PLAN = "pending.json"
ASSIGNED = "assigned.parquet"
_EXPORT = re.compile(r"(\d{6,})-[0-9a-f]{12}")


@dataclass(frozen=True)
class SyncResult:
    """What a sync did, or would do. `changed` is false where the receiver is up to date: nothing was sent or written.

    `counts`: members of the segment by what became of them (`audience.STATES`), `variants` those sent by variant.
    `files` are those of a file destination.
    """

    destination: str
    segment: str
    changed: bool
    export_id: str | None
    snapshot: str
    members: int
    added: int
    changed_rows: int
    removed: int
    dead_letters: int
    counts: Mapping[str, int]
    files: tuple[str, ...] = ()
    variants: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pending:
    """An export that is written down and not yet known to have arrived.

    `batch` is the members in one request of a webhook when it was written down (0: of before that was noted).
    """

    export_id: str
    number: int
    destination: str
    segment: str
    definition_version: str
    purpose: str
    channel: str
    snapshot: str
    shape: str
    members: int
    added: int
    changed: int
    removed: int
    counts: Mapping[str, int]
    variants: Mapping[str, int] = field(default_factory=dict)
    as_of: str = ""
    batch: int = 0


def plan(home: Path, destination: Destination, segment: str, *, full: bool = False) -> SyncResult:
    """What `sync` would do now; nothing is sent or written."""
    form = destination.form
    snapshot = _snapshot(home)
    last = _last(_folder(home, destination, segment))
    with open_snapshot(snapshot) as con:
        audience = _audience(con, home, destination, segment, form, snapshot, last)
        _compare(con, last[1] if last else None, form, destination, full=full)
        added, changed, removed, members = _sizes(con)
    return SyncResult(
        destination.name, segment, added + changed + removed > 0, None, snapshot.name, members, added, changed, removed,
        0, audience.counts, variants=audience.variants,
    )  # fmt: skip


def sync(home: Path, destination: Destination, segment: str, *, full: bool = False, actor: str = "") -> SyncResult:
    """Send what changed since the last export of `segment` to `destination`; with `full` everything as if it were new,
    and take back who left all the same.

    `actor` stands in the audit log as who did it (``cli:<user>``).

    Raises NoSnapshot before the first publish, DestinationError for what can be mended in the settings, and
    DeliveryError where the receiver could not be reached (the next call goes on from there).
    """
    folder = _folder(home, destination, segment)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pending = _read_pending(folder)
    if pending is not None:
        _deliver(home, destination, folder, pending, actor, _gone_meanwhile(home, destination, segment, folder))
    form = destination.form
    snapshot = _snapshot(home)
    last = _last(folder)
    with open_snapshot(snapshot) as con:
        audience = _audience(con, home, destination, segment, form, snapshot, last)
        _compare(con, last[1] if last else None, form, destination, full=full)
        added, changed, removed, members = _sizes(con)
        if not added + changed + removed:
            if destination.holdout or destination.variants:
                # nobody to send, but there may be somebody new to hold out
                arms.keep(con, home, destination.name, segment, _assigned(destination, snapshot))
            return SyncResult(
                destination.name, segment, False, None, snapshot.name, members, 0, 0, 0, 0, audience.counts,
                variants=audience.variants,
            )  # fmt: skip
        pending = _write_pending(con, folder, destination, audience, snapshot, form, last, "full" if full else "")
    return _deliver(home, destination, folder, pending, actor)


def remove(home: Path, destination: Destination, segment: str, *, planned: bool = False, actor: str = "") -> SyncResult:
    """Take back everybody whom the receiver has of `segment`, in the words that were sent; with `planned` only count.

    Neither has `destination` to name the segment any more, nor the snapshot to hold it. Raises as `sync` does, and
    DestinationError where nothing was ever sent.
    """
    folder = _folder(home, destination, segment)
    pending = _read_pending(folder)
    if pending is not None and not planned:
        # what is under way is finished, so that it is known who is there, but tells of nobody any more
        with duckdb.connect() as con:
            adds = con.execute(f"select profile_id from read_parquet({literal(folder / PENDING / 'adds.parquet')})")
            gone = frozenset(str(profile_id) for (profile_id,) in adds.fetchall())
        _deliver(home, destination, folder, pending, actor, gone)
    last = _last(folder)
    if last is None:
        raise DestinationError(f"{destination.name}: nothing of '{segment}' was ever sent there")
    form, snapshot = destination.form, _snapshot(home)
    told = json.loads((last[1] / "manifest.json").read_text(encoding="utf-8"))
    if told["shape"] != fingerprint(destination, form):
        raise DestinationError(
            f"{destination.name}: its kind, format, fields or variants changed since the last export: set them back"
        )
    with duckdb.connect() as con:
        con.execute(f"create temp table now as from read_parquet({literal(last[1] / 'members.parquet')}) where false")
        con.execute("create temp table audience (profile_id varchar, state varchar, variant varchar)")
        _compare(con, last[1], form, destination, full=False)
        _, _, removed, _ = _sizes(con)
        nobody = Audience(segment, told["definition_version"], told["purpose"], {}, {})
        if planned or not removed:
            return SyncResult(destination.name, segment, removed > 0, None, snapshot.name, 0, 0, 0, removed, 0, {})
        pending = _write_pending(con, folder, destination, nobody, snapshot, form, last, "remove")
    return _deliver(home, destination, folder, pending, actor)


def _audience(
    con: duckdb.DuckDBPyConnection,
    home: Path,
    destination: Destination,
    segment: str,
    form: Format,
    snapshot: Path,
    last: tuple[int, Path] | None,
) -> Audience:
    """Who is to be sent now, upon the last export."""
    return build_audience(
        con, destination, segment, form, home,
        as_of=Manifest.read(snapshot).as_of,
        held=last[1] / "members.parquet" if last else None,
        others=tuple(load_destinations(home)) if destination.cap else (),
    )  # fmt: skip


def _gone_meanwhile(home: Path, destination: Destination, segment: str, folder: Path) -> frozenset[str]:
    """Whom the pending export would add or change, and who is not to be sent any more: consent was withdrawn, or a list
    names them now. A receiver acts on what it is told, also where the next request takes it back."""
    if destination.kind == "file":  # nobody has seen it before the next export lies beside it
        return frozenset()
    snapshot = _snapshot(home)
    with open_snapshot(snapshot) as con:
        _audience(con, home, destination, segment, destination.form, snapshot, _last(folder))
        adds = literal(folder / PENDING / "adds.parquet")
        gone = con.execute(f"select profile_id from read_parquet({adds}) anti join now using (profile_id)").fetchall()
    return frozenset(str(profile_id) for (profile_id,) in gone)


def _snapshot(home: Path) -> Path:
    published = home / "published"
    version = current_version(published)
    if version is None:
        raise NoSnapshot(f"nothing is published under {published}: run `cdp run` first")
    return published / version


def _folder(home: Path, destination: Destination, segment: str) -> Path:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", segment):
        raise DestinationError(f"{destination.name}: '{segment}' is not the name of a segment")
    return home / "exports" / destination.name / segment


def _last(folder: Path) -> tuple[int, Path] | None:
    """Number and folder of the last committed export."""
    found = [(int(match[1]), path) for path in folder.glob("*-*") if (match := _EXPORT.fullmatch(path.name))]
    return max(found) if found else None


def _compare(
    con: duckdb.DuckDBPyConnection, before: Path | None, form: Format, destination: Destination, *, full: bool
) -> None:
    """Temp tables ``adds`` (op add or change, and the row) and ``removes`` (rows as they were sent).

    With `full` all rows are adds; removes are what they are otherwise, as far as rows of another shape tell them.
    """
    columns = [quoted(column) for column in form.columns]
    listed = ", ".join(["profile_id", *columns])
    sent = f"select {listed} from now where false"
    if before is not None:
        members = f"read_parquet({literal(before / 'members.parquet')})"
        shape = json.loads((before / "manifest.json").read_text(encoding="utf-8"))["shape"]
        if shape == fingerprint(destination, form):
            sent = f"select {listed} from {members}"
        elif not full:
            raise DestinationError(
                f"{destination.name}: its kind, format or fields changed since the last export, or it has variants now "
                "or none any more: name a new destination, or send everything again with --full"
            )
        elif not form.contacts:
            # the id is enough to take somebody back
            sent = f"{sent} union all by name select profile_id from {members}"
    con.execute(f"create or replace temp table sent as {sent}")
    same = " and ".join(["n.profile_id = s.profile_id", *(f"n.{c} is not distinct from s.{c}" for c in columns)])
    news = "" if full else f"where not exists (from sent s where {same})"
    known = "false" if full else "n.profile_id in (select profile_id from sent)"
    con.execute(
        f"""create or replace temp table adds as
        select case when {known} then 'change' else 'add' end as op, n.* from now n {news}"""
    )
    # A row that somebody else sends again in the same words, as after a merge, is not taken back: the receiver knows
    # it by its words only. Where it knows the profile id, the words are never all.
    words = " and ".join(f"n.{c} is not distinct from s.{c}" for c in columns if c != '"profile_ref"')
    elsewhere = f"and not exists (from now n where {words})" if form.contacts else ""
    changed = "" if form.contacts else "and s.profile_id not in (select profile_id from now)"
    con.execute(
        f"""create or replace temp table removes as
        select s.* from sent s where not exists (from now n where {same}) {changed} {elsewhere}"""
    )


def _sizes(con: duckdb.DuckDBPyConnection) -> tuple[int, int, int, int]:
    [(added, changed, removed, members)] = con.execute(
        """select (select count(*) from adds where op = 'add'), (select count(*) from adds where op = 'change'),
            (select count(*) from sent where profile_id not in (select profile_id from now)),
            (select count(*) from now)"""
    ).fetchall()
    return added, changed, removed, members


def _write_pending(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    destination: Destination,
    audience: Audience,
    snapshot: Path,
    form: Format,
    last: tuple[int, Path] | None,
    how: str,
) -> Pending:
    added, changed, removed, members = _sizes(con)
    number = last[0] + 1 if last else 1
    told = "|".join([destination.name, audience.segment, snapshot.name, last[1].name if last else "", how])
    pending = Pending(
        hashlib.sha256(told.encode()).hexdigest()[:12], number, destination.name, audience.segment,
        audience.definition_version, audience.purpose, destination.channel, snapshot.name,
        fingerprint(destination, form), members, added, changed, removed, audience.counts, audience.variants,
        Manifest.read(snapshot).as_of.isoformat(), destination.batch,
    )  # fmt: skip
    building = folder / ".building"
    if building.exists():
        shutil.rmtree(building)
    building.mkdir(mode=0o700)
    for table, order in (("adds", "op, profile_id"), ("removes", "profile_id")):
        _write(con, f"select * from {table} order by {order}", building / f"{table}.parquet")
    _write(con, "select * from now order by profile_id", building / "members.parquet")
    _write(con, "select profile_id from audience where state = 'holdout' order by 1", building / "holdout.parquet")
    if destination.holdout or destination.variants:
        _write(con, _assigned(destination, snapshot), building / ASSIGNED)
    _write(con, contacted.REACHED, building / contacted.FILE)
    (building / PLAN).write_text(json.dumps(asdict(pending), indent=2, sort_keys=True), encoding="utf-8")
    sync_paths([*building.iterdir(), building])
    building.rename(folder / PENDING)
    return pending


def _assigned(destination: Destination, snapshot: Path) -> str:
    return arms.assigned_sql(destination.holdout, Manifest.read(snapshot).as_of, destination.variants)


def _read_pending(folder: Path) -> Pending | None:
    path = folder / PENDING / PLAN
    return Pending(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _deliver(
    home: Path,
    destination: Destination,
    folder: Path,
    pending: Pending,
    actor: str,
    gone: frozenset[str] = frozenset(),
) -> SyncResult:
    """Send what is pending, commit it, and put it into the log. Nothing is told of those who are `gone` meanwhile; they
    count as members, since an earlier try may have told of them, and the next comparison takes them back."""
    payload = folder / PENDING
    files: tuple[str, ...] = ()
    dead: list[str] = []
    if pending.destination != destination.name:
        raise DestinationError(f"{folder}: holds an export of {pending.destination}")
    if destination.kind == "file":
        files = deliver_file.write(payload, destination)
    elif destination.kind == "postgres":
        deliver_postgres.send(home, payload, destination, pending.segment, pending.export_id, pending.snapshot, gone)
    else:
        dead = deliver_webhook.send(
            home, payload, folder / "dead_letter", destination, pending.segment, pending.export_id,
            pending.definition_version, pending.snapshot, gone, resized=pending.batch not in (0, destination.batch),
        )  # fmt: skip
    members = _undo_refused(payload, dead, _last(folder)) if dead else pending.members
    exported_at = datetime.now(UTC)
    manifest = asdict(pending) | {
        "members": members,
        "dead_letters": len(dead),
        "exported_at": exported_at.isoformat(),
        "files": {name: _checksum(payload / name) for name in files},
    }
    part = payload / "manifest.json.part"
    part.write_text(json.dumps(manifest, indent=2, sort_keys=True), encoding="utf-8")
    part.replace(payload / "manifest.json")
    committed = folder / f"{pending.number:06d}-{pending.export_id}"
    # the log before the rename: killed in between, the next call delivers again, which changes nothing, and logs again,
    # which is one entry
    log.record(
        home,
        log.ExportRecord(
            pending.export_id, destination.name, destination.kind, pending.segment, pending.definition_version,
            pending.purpose, pending.channel, pending.snapshot, exported_at, members, pending.added, pending.changed,
            pending.removed, len(dead), {**pending.counts, **{f"variant:{k}": n for k, n in pending.variants.items()}},
        ),
    )  # fmt: skip
    with AuditLog(ops_path(home)) as audit:
        audit.record(
            actor, "export", purpose=pending.purpose, snapshot=pending.snapshot, profiles=members,
            detail=f"{destination.name}/{pending.segment}/{pending.export_id}",
        )  # fmt: skip
    if (payload / ASSIGNED).exists():
        with duckdb.connect() as con:
            arms.keep(con, home, destination.name, pending.segment, f"from read_parquet({literal(payload / ASSIGNED)})")
        (payload / ASSIGNED).unlink()
    if (payload / contacted.FILE).exists():
        contacted.keep(
            home, destination.name, pending.segment, pending.export_id, payload, date.fromisoformat(pending.as_of)
        )
        (payload / contacted.FILE).unlink()
    payload.rename(committed)
    sync_paths([folder])
    _retire(folder, destination.keep if destination.kind == "file" else 1)
    return SyncResult(
        destination.name, pending.segment, True, pending.export_id, pending.snapshot, members, pending.added,
        pending.changed, pending.removed, len(dead), pending.counts, tuple(str(committed / name) for name in files),
        pending.variants,
    )  # fmt: skip


def _undo_refused(payload: Path, refused: list[str], last: tuple[int, Path] | None) -> int:
    """What the receiver refused has not happened there: whom it was to add is no member, whom it was to change or to
    remove is one as before, in the export `last`. So the next sync offers it again. Returns how many members it has."""
    path = payload / "members.parquet"
    with duckdb.connect() as con:
        con.execute("create table refused (profile_id varchar)")
        con.executemany("insert into refused values (?)", [[profile_id] for profile_id in refused])
        kept = f"from read_parquet({literal(path)}) where profile_id not in (from refused)"
        if last is not None:
            before = f"read_parquet({literal(last[1] / 'members.parquet')})"
            columns = [row[0] for row in con.execute(f"describe from read_parquet({literal(path)})").fetchall()]
            # of fields that are declared no more nothing is kept
            there = {row[0] for row in con.execute(f"describe from {before}").fetchall()}
            listed = ", ".join(quoted(column) for column in columns if column in there)
            kept += f" union all by name select {listed} from {before} where profile_id in (from refused)"
        con.execute(f"create table kept as {kept}")
        [(members,)] = con.execute("select count(*) from kept").fetchall()
        _write(con, "from kept order by profile_id", payload / "members.kept.parquet")
    (payload / "members.kept.parquet").replace(path)
    return int(members)


def _retire(folder: Path, keep: int) -> None:
    """Rows of old exports are personal data that nobody needs; their manifests stay."""
    exports = sorted(path for path in folder.glob("*-*") if _EXPORT.fullmatch(path.name))
    for path in exports[:-keep]:
        for file in path.iterdir():
            if file.name != "manifest.json":
                file.unlink()


def _write(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    os.close(descriptor)
    con.execute(f"copy ({sql}) to {literal(path)} (format parquet, compression zstd)")
    path.chmod(0o600)


def _checksum(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
