"""The stages that are killed: what is there before, the code that runs, and what must be there in the end.

`state` leaves out run ids, wall times and what is derived from them; everything else must be as after an undisturbed
run. `readable` is asked right after the kill, before anything mends it: readers must find what was published.
"""

from __future__ import annotations

import csv
import glob
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.backup import list_backups, verify_backup
from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.ingest import reconcile

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
SOAK = Path(__file__).parents[1] / "soak"
sys.path.insert(0, str(SOAK))
RECORDS = SAMPLE / "truth" / "records.parquet"

ROLES = """
record_id: record_id
default_region: US
roles: {given_name: first_name, family_name: last_name, birth_date: dob, postcode: zip, street: street, phone: phone,
  email: email}
"""


@dataclass(frozen=True)
class Stage:
    """One stage in a folder of its own."""

    name: str
    what: str
    prepare: Callable[[Path], None]
    code: str
    state: Callable[[Path], Any]
    readable: Callable[[Path], Any] = lambda _: None


def _rows(path: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    if not glob.glob(str(path)):  # noqa: PTH207 (folders are patterns, too)
        return []
    with duckdb.connect() as con:
        return con.execute(
            f"select {columns} from read_parquet('{path}', union_by_name = true) order by all"
        ).fetchall()


# ---- ingest: files of four formats and of all that can be wrong, taken in by object

INGEST = """
import sys
from pathlib import Path
from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.ingest import ingest_partition, pending
from cdp_pipeline.sources.overlay import contracts_of

home = Home(Path(sys.argv[1]))
contracts = contracts_of(home)
for unseen in pending(home, contracts):
    with Ops(home.ops_db) as ops:
        ingest_partition(home, contracts[unseen.source].objects[unseen.obj], unseen.dt, "run", ops)
"""
INGESTED = ("square_pos/refunds", "zendesk/users", "shopify/customers_export", "klaviyo/profiles", "wechat/pay_orders")


def _land(folder: Path) -> None:
    home = Home(folder)
    for name in INGESTED:
        source = SAMPLE / "landing" / name
        days = sorted(source.iterdir())[:3]
        for day in days:
            shutil.copytree(day, home.landing / name / day.name)
        (home.landing / name / days[0].name / "cut.jsonl.gz").write_bytes(b"\x1f\x8bnot an archive")
        (home.landing / name / days[0].name / "none.jsonl").write_bytes(b"")


def _ingested(folder: Path) -> Any:
    home = Home(folder)
    with Ops(home.ops_db) as ops:
        balance = reconcile(home, ops)
        assert balance.mismatches == ()
    kept = "* exclude (_batch_id)"
    return {
        "raw": {name: _rows(home.lake / "raw" / name / "dt=*" / "*.parquet", kept) for name in INGESTED},
        "refused": {
            name: _rows(home.lake / "quarantine" / name / "dt=*" / "*.parquet", "file, line, reason")
            for name in INGESTED
        },
        "leftovers": [p.name for p in home.lake.rglob(".*")],
        "balance": (balance.delivered, balance.loaded, balance.quarantined),
    }


# ---- identity: a day of changes on a store

IDENTITY = """
import sys
from pathlib import Path
from identity import load_roles, resolve_files

folder = Path(sys.argv[1])
resolve_files([folder / "day2.csv"], load_roles(folder / "roles.yml"), out=folder / "out.parquet",
              store=folder / "s.duckdb", events=folder / "events.parquet", edges=folder / "edges.parquet")
"""


def _first_day(folder: Path) -> None:
    from identity import load_roles, resolve_files

    with duckdb.connect() as con:
        people = con.execute(f"from read_parquet('{RECORDS}') order by record_id limit 900").fetchall()
        names = [d[0] for d in con.description or ()]
    wanted = [
        names.index(n) for n in ("record_id", "first_name", "last_name", "dob", "zip", "street", "phone", "email")
    ]
    rows = [[row[i] for i in wanted] for row in people]
    for day, part in (
        ("day1", rows[:700]),
        ("day2", [*[[*r[:6], "3125550100", r[7]] for r in rows[:40]], *rows[700:]]),
    ):
        with (folder / f"{day}.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow([names[i] for i in wanted])
            writer.writerows(part)
    (folder / "roles.yml").write_text(ROLES, encoding="utf-8")
    resolve_files(
        [folder / "day1.csv"], load_roles(folder / "roles.yml"), out=folder / "out.parquet", store=folder / "s.duckdb"
    )


def _resolved(folder: Path) -> Any:
    with duckdb.connect(str(folder / "s.duckdb"), read_only=True) as con:
        members = con.execute(
            "select record_id, profile_id from members where valid_to is null order by all"
        ).fetchall()
        events = con.execute("select event, profile_id, related_profile_id, reason from events order by all").fetchall()
    return {
        "members": members,
        "events": events,
        "out": _rows(folder / "out.parquet"),
        "edges": _rows(folder / "edges.parquet"),
        "told": _rows(folder / "events.parquet", "event, profile_id, related_profile_id, reason"),
    }


# ---- publish: a second snapshot over a first one

PUBLISH = """
import sys
from datetime import date
from pathlib import Path
from profiles import GateBounds, publish

home = Path(sys.argv[1])
publish(home, warehouse=home / "warehouse.duckdb", inputs_fingerprint="second", as_of=date(2025, 3, 2), run_id="run",
        generation=2, model_version="m", gate=GateBounds(expected_records=5, ingest_reconciled=True))
"""


def _published_once(folder: Path) -> None:
    from datetime import date

    from profiles import GateBounds, publish

    # the hand-made people of the publishing tests
    text = (Path(__file__).parents[1] / "profiles" / "conftest.py").read_text(encoding="utf-8")
    sql = text.split('WAREHOUSE = """')[1].split('"""')[0]
    with duckdb.connect(str(folder / "warehouse.duckdb")) as con:
        con.execute(sql.replace("warehouse.segments", "segments"))
    publish(
        folder, warehouse=folder / "warehouse.duckdb", inputs_fingerprint="first", as_of=date(2025, 3, 1), run_id="run",
        generation=1, model_version="m", gate=GateBounds(expected_records=5, ingest_reconciled=True),
    )  # fmt: skip
    with duckdb.connect(str(folder / "warehouse.duckdb")) as con:
        con.execute("insert into segments.membership values ('p2', 'loyal', date '2025-03-02', null, 1)")


def _snapshot(folder: Path) -> Any:
    """What a reader finds: the members of the segment and p1's features, both from the version that is current."""
    from profiles import FeatureReader, FeatureRow

    current = (folder / "published" / "current").resolve()
    with duckdb.connect(str(current / "marts.duckdb"), read_only=True) as con:
        members = con.execute("select profile_id from segments.membership order by 1").fetchall()
    reader = FeatureReader(folder / "published")
    row = reader.get("p1")
    reader.close()
    assert isinstance(row, FeatureRow) and row["orders"] == 3
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    return manifest["inputs_fingerprint"], members


def _published(folder: Path) -> Any:
    return {
        "current": _snapshot(folder),
        "versions": sorted(p.name for p in (folder / "published").iterdir() if p.is_dir() and not p.is_symlink()),
    }


def _readable(folder: Path) -> None:
    fingerprint, members = _snapshot(folder)
    assert (fingerprint, len(members)) in (("first", 1), ("second", 2)), "old or new, never between"


# ---- audiences: the second export of a segment to files

AUDIENCE = """
import sys
from pathlib import Path
from profiles.exports import load_destinations, sync

home = Path(sys.argv[1])
sync(home, load_destinations(home)["there"], "loyal")
"""


def _exported_once(folder: Path) -> None:
    from profiles.exports import load_destinations, sync
    from profiles.manifest import Manifest

    text = (Path(__file__).parents[1] / "exports" / "export_company.py").read_text(encoding="utf-8")
    parts = {name: text.split(f'{name} = """')[1].split('"""')[0] for name in ("MARTS", "PII")}
    (folder / "destinations.yml").write_text(
        "destinations: {there: {kind: file, format: klaviyo, segments: [loyal], channel: email}}\n", encoding="utf-8"
    )
    for number, change in enumerate(["", "delete from segments.membership where profile_id in ('p2', 'p9')"]):
        version = folder / "published" / f"20250310-{number + 1:06d}"
        version.mkdir(parents=True)
        for name in ("marts", "pii"):
            with duckdb.connect(str(version / f"{name}.duckdb")) as con:
                con.execute(parts[name.upper()] + (change if name == "marts" else ""))
        manifest = Manifest(version.name, date(2025, 3, 10), "r", 1, "m", "i", datetime.now(UTC), "0", "s", {}, {})
        (version / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
        link = folder / "published" / "current"
        link.unlink(missing_ok=True)
        link.symlink_to(version.name)
        if number == 0:
            sync(folder, load_destinations(folder)["there"], "loyal")


def _exported(folder: Path) -> Any:
    from profiles.exports import history

    place = folder / "exports" / "there" / "loyal"
    last = max(place.glob("0*"))
    return {
        "members": _rows(last / "members.parquet"),
        "removes": (last / "removes.csv").read_text(encoding="utf-8"),
        "names": sorted(p.name for p in place.iterdir()),
        "history": [(e.export_id, e.added, e.removed) for e in history(folder)],
    }


# ---- backups: the second of a home

BACKUP = """
import sys
from pathlib import Path
from cdp_pipeline.backup import create_backup
from cdp_pipeline.home import Home

folder = Path(sys.argv[1])
create_backup(Home(folder / "home"), folder / "backups", keep=1)
"""


def _a_home(folder: Path) -> None:
    home = Home(folder / "home")
    for number in range(12):
        path = home.landing / "shop" / "orders" / f"dt=2024-01-{number + 1:02d}" / "a.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(f'{{"id": {number}}}\n', encoding="utf-8")
    with Ops(home.ops_db):
        pass


def _backed_up(folder: Path) -> Any:
    """The names of backups are times; a kill after the backup was complete leaves that one and one more."""
    found = list_backups(folder / "backups")
    assert [verify_backup(folder / "backups" / backup.name) for backup in found] == [[] for _ in found]
    return {
        "backups": len(found),
        "files": sorted(name for name in found[-1].files if not name.startswith("state/")),
        "leftovers": [p.name for p in (folder / "backups").glob(".*")],
    }


def _backup_readable(folder: Path) -> None:
    for backup in list_backups(folder / "backups"):
        assert verify_backup(folder / "backups" / backup.name) == []


# ---- erasing: a person of a company of some days

ERASE = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(SOAK)!r})
from soak_engines import Steps
from cdp_pipeline.home import Home
from cdp_pipeline.privacy.erase import erase, finish_erasures
from cdp_pipeline.privacy.errors import SubjectError

home = Home(Path(sys.argv[1]) / "home")
try:
    finish_erasures(home, rerun=Steps().run)
    erase(home, [(home.root.parent / "wanted").read_text()], rerun=Steps().run)
except SubjectError:
    pass  # erased by what was killed
"""


def _some_days(folder: Path) -> None:
    from soak_company import Company
    from soak_engines import Steps

    home, company = Home(folder / "home"), Company()
    days = [company.deliver(home, number) for number in range(4)]
    Steps().run(home)
    (folder / "wanted").write_text(days[-1].erase or "", encoding="utf-8")


def _erased(folder: Path) -> Any:
    from cdp_pipeline.privacy.search import search
    from cdp_pipeline.privacy.store import erasures

    home = Home(folder / "home")
    wanted = (folder / "wanted").read_text(encoding="utf-8")
    assert not search(home.root, [wanted]), "nothing of the person is left"
    done = erasures(home)
    return {
        "landing": {p.name: p.read_text(encoding="utf-8") for p in sorted(home.landing.rglob("*.jsonl"))},
        "raw": {
            name: _rows(home.lake / "raw" / name / "dt=*" / "*.parquet", "* exclude (_batch_id)")
            for name in ("shopify/customers", "zendesk/users")
        },
        "members": _rows(home.identity / "profile_members" / "*.parquet", "record_id, profile_id"),
        "aliases": _rows(home.identity / "profile_aliases" / "*.parquet"),
        "events": _rows(home.identity / "profile_events" / "*.parquet", "event, profile_id, related_profile_id"),
        "receipts": [(len(e.profile_ids), e.finished_at is not None) for e in done],
    }


STAGES = {
    stage.name: stage
    for stage in (
        Stage("ingest", "files of five systems, broken and empty ones among them, taken in", _land, INGEST, _ingested),
        Stage("identity", "a day of changed and new records, resolved upon a store", _first_day, IDENTITY, _resolved),
        Stage("publish", "a second snapshot over a first one", _published_once, PUBLISH, _published, _readable),
        Stage("audience", "a second export of a segment to files", _exported_once, AUDIENCE, _exported),
        Stage("backup", "a second backup of a home", _a_home, BACKUP, _backed_up, _backup_readable),
        Stage("erase", "a person taken out of a home of four days", _some_days, ERASE, _erased),
    )
}
