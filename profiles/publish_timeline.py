"""The timeline of a snapshot: interactions by profile, in Parquet files by hash bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from profiles import layout
from profiles.publish_base import Base, create_file
from profiles.publish_tables import PII_SCHEMA, row_hash
from profiles.rows import literal

TABLE = "timeline"


@dataclass(frozen=True)
class Timeline:
    """What was written: all rows, and by file the fingerprint of its rows (the same for the same rows)."""

    rows: int
    fingerprints: Mapping[str, str]


def write_timeline(con: duckdb.DuckDBPyConnection, source: str, building: Path, base: Base | None) -> Timeline:
    """Files (mode 0600) sorted by profile and time. A file of `base` that holds the same rows is linked, not written.

    A linked file is safe to share, because no file of a snapshot is ever written again.
    """
    (building / layout.TIMELINE).mkdir()
    table = f"{source}.{PII_SCHEMA}.{TABLE}"
    described = con.execute(f"DESCRIBE {table}").fetchall()
    columns = [str(name) for name, *_ in described]
    order = ", ".join(["profile_id", *(name for name in ("occurred_at", "interaction_id") if name in columns)])
    bucket = f"('0x' || substr(md5(profile_id), 1, 2))::INTEGER % {layout.TIMELINE_BUCKETS}"
    # Rows hash differently in another version of DuckDB or with another list of columns.
    engine = con.execute("SELECT version()").fetchall()[0][0]
    shape = con.execute(
        "SELECT md5($shape)", {"shape": repr((engine, [(name, kind) for name, kind, *_ in described]))}
    ).fetchall()[0][0]
    # MD5 once a profile: once a row and file, it would cost more than to sort and write the rows.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE timeline_profiles AS SELECT *, {bucket} AS bucket FROM"
        " (SELECT profile_id, count(*) AS rows, sum(h) AS total, bit_xor(h) AS mixed FROM"
        f" (SELECT profile_id, {row_hash(columns, 't')} AS h FROM {table} t) WHERE profile_id IS NOT NULL"
        " GROUP BY profile_id)"
    )
    found = {
        int(number): (int(rows), f"{shape}:{rows}:{total}:{mixed}")
        for number, rows, total, mixed in con.execute(
            "SELECT bucket, sum(rows), sum(total), bit_xor(mixed) FROM timeline_profiles GROUP BY bucket"
        ).fetchall()
    }
    fingerprints = {}
    for number in range(layout.TIMELINE_BUCKETS):
        path = layout.timeline_file(building, number)
        name = path.relative_to(building).as_posix()
        _, fingerprints[name] = found.get(number, (0, f"{shape}:0"))
        if base is not None and base.build.fingerprints.get(name) == fingerprints[name] and base.link(name, path):
            continue
        create_file(path, 0o600)
        con.execute(
            f"COPY (SELECT * FROM {table} WHERE profile_id IN"
            f" (SELECT profile_id FROM timeline_profiles WHERE bucket = {number}) ORDER BY {order}) TO {literal(path)}"
            " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
        )
    return Timeline(sum(rows for rows, _ in found.values()), fingerprints)
