"""Erased people leave the exports: every file that held them is written anew, and who had received them is told back.

What knows a member by the profile id alone (open files, Postgres, webhooks) keeps that id without anything else, so
that the next sync takes the person back there. What knows a member by contacts only (Meta, Google, Klaviyo, Mailchimp)
cannot be told without them: these receivers are named in the answer, for the person's request to be passed on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from profiles.exports import arms, contacted, deliver_file
from profiles.exports.audience import fingerprint
from profiles.exports.destinations import Destination, load_destinations
from profiles.exports.formats import FORMATS
from profiles.exports.sync import PENDING, PLAN
from profiles.rows import literal, quoted

_TABLES = ("adds", "removes", "members", "holdout", "assigned", "contacted")


@dataclass(frozen=True)
class Recipient:
    """Where an erased person had been sent. `told_by_sync`: the next sync takes the person back by profile id;
    otherwise the request has to be passed on."""

    destination: str
    segment: str
    told_by_sync: bool


def forget(home: Path, profile_ids: Sequence[str]) -> list[Recipient]:
    """Take `profile_ids` out of everything under ``exports/`` of audiences; returns who had received them.

    Repeating it changes nothing further and gives the same answer as long as the next sync has not run.
    """
    arms.forget(home, profile_ids)
    contacted.forget(home, profile_ids)
    root = home / "exports"
    known = load_destinations(home)
    found: dict[tuple[str, str], Recipient] = {}
    for folder in sorted(path for path in root.glob("*/*") if path.is_dir()):
        destination = known.get(folder.parent.name)
        for export in sorted(path for path in folder.iterdir() if (path / PLAN).exists()):
            if _forget_in(export, destination, profile_ids):
                shape = destination.shape if destination else ""
                by_id = bool(shape) and not FORMATS[shape].fixed
                found[folder.parent.name, folder.name] = Recipient(folder.parent.name, folder.name, by_id)
        for letter in sorted((folder / "dead_letter").glob("*.json")):
            members = json.loads(letter.read_text(encoding="utf-8"))["members"]
            if any(member["profile_id"] in profile_ids for member in members):
                letter.unlink()
    return [found[key] for key in sorted(found)]


def _forget_in(export: Path, destination: Destination | None, profile_ids: Sequence[str]) -> bool:
    """Write the files of one export anew; False where they held none of the people."""
    held = False
    with duckdb.connect() as con:
        con.execute("create table gone (profile_id varchar)")
        con.executemany("insert into gone values (?)", [[profile_id] for profile_id in profile_ids])
        for name in _TABLES:
            path = export / f"{name}.parquet"
            if not path.exists():
                continue
            con.execute(f"create or replace view kept as from read_parquet({literal(path)})")
            [(here,)] = con.execute("select count(*) from kept where profile_id in (from gone)").fetchall()
            if not here:
                continue
            held = True
            columns = [row[0] for row in con.execute("describe kept").fetchall() if row[0] not in ("profile_id", "op")]
            by_id = destination is not None and not FORMATS[destination.shape].fixed
            bare = ", ".join(f"null as {quoted(column)}" for column in columns)
            # a pending export has not arrived: there the person is simply not sent
            keeps_id = by_id and name == "members" and export.name != PENDING
            rows = "select * from kept where profile_id not in (from gone)"
            if keeps_id:
                rows += f" union all by name select profile_id, {bare} from kept where profile_id in (from gone)"
            part = path.with_name(f".{path.name}.part")
            con.execute(f"copy ({rows} order by profile_id) to {literal(part)} (format parquet, compression zstd)")
            part.chmod(0o600)
            part.replace(path)
    if held and export.name != PENDING:
        for file in (*export.glob("*.csv"), export / "changes.parquet"):
            file.unlink(missing_ok=True)
        # Files of another shape than is declared today would not be what was sent: of these the Parquet stays.
        if (
            destination is not None
            and destination.kind == "file"
            and _shape_of(export) == fingerprint(destination, destination.form)
        ):
            deliver_file.write(export, destination)
    return held


def _shape_of(export: Path) -> str:
    return str(json.loads((export / "manifest.json").read_text(encoding="utf-8"))["shape"])
