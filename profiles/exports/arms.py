"""Who was sent and who was held out, so that the effect of an export can be read: the two arms of an experiment.

One file per destination and segment, ``state/audiences/<destination>/<segment>.parquet`` (`COLUMNS`). It only grows: a
person's first assignment stands whatever happens later (intention to treat), also where the receiver refused the
member. It lies under ``state/`` because files below ``exports/`` are retired, and this must outlive them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from profiles.exports import people_files
from profiles.rows import literal

# `variant` is exported, holdout or one that the destination declares, `planned_share` its share of all who are assigned
# (NULL in files of before variants), `planned_shares` the shares of all variants at that assignment, also of one that
# nobody was drawn into (NULL in older rows). `as_of` is that of the snapshot: a person counts as exposed from the end
# of that day (UTC) on.
COLUMNS = {
    "profile_id": "varchar", "variant": "varchar", "holdout_share": "double", "as_of": "date",
    "planned_share": "double", "planned_shares": "map(varchar, double)",
}  # fmt: skip
EXPORTED, HELD_OUT = "exported", "holdout"


def folder(home: Path) -> Path:
    """Where the assignments of all destinations lie."""
    return home / "state" / "audiences"


def path_of(home: Path, destination: str, segment: str) -> Path:
    """The file of one destination and segment; none is there before the first assignment."""
    return folder(home) / destination / f"{segment}.parquet"


def assigned_sql(holdout: float, as_of: date, variants: Sequence[tuple[str, float]] = ()) -> str:
    """Query of the rows of `COLUMNS` over the temp table ``audience`` (see `audience.build_audience`); `variants` are
    names and shares in percent of those that are not held out."""
    sent = dict(variants) or {EXPORTED: 100.0}
    planned = {name: share / 100 * (1 - holdout) for name, share in sent.items()}
    shares = " ".join(f"when '{name}' then {share!r}" for name, share in planned.items())
    whole = planned | ({HELD_OUT: holdout} if holdout else {})
    listed = ", ".join(f"'{name}': {share!r}::double" for name, share in whole.items())
    return (
        f"select profile_id, variant, {holdout!r}::double as holdout_share, date '{as_of}' as as_of,"
        f" case variant {shares} else {holdout!r} end::double as planned_share,"
        f" map {{{listed}}}::map(varchar, double) as planned_shares from ("
        f"select profile_id, case state when 'holdout' then '{HELD_OUT}' else coalesce(variant, '{EXPORTED}') end"
        " as variant from audience where state in ('sent', 'holdout')) order by 1"
    )


def keep(con: duckdb.DuckDBPyConnection, home: Path, destination: str, segment: str, sql: str) -> int:
    """Add the rows of `sql` whose profile has no assignment yet; returns how many. The file changes in one step."""
    path = path_of(home, destination, segment)
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    con.execute(f"create or replace temp table kept ({columns})")
    if path.exists():
        con.execute(f"insert into kept by name from read_parquet({literal(path)})")
    con.execute(f"insert into kept by name select * from ({sql}) where profile_id not in (select profile_id from kept)")
    [(rows,)] = con.execute("select count(*) from kept").fetchall()
    before = 0
    if path.exists():
        [(before,)] = con.execute(f"select count(*) from read_parquet({literal(path)})").fetchall()
    if rows > before:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        people_files.write(con, "from kept order by profile_id", path)
    return int(rows) - int(before)


def forget(home: Path, profile_ids: Sequence[str]) -> None:
    """Take erased people out of every file."""
    people_files.forget(folder(home).glob("*/*.parquet"), profile_ids)
