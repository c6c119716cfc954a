"""Tombstones: keyed hashes of what named an erased person, so that files delivered later do not bring the person back.

They lie in ``state/ops.sqlite`` and hold no personal value. A row falls under a tombstone when one of its tokens
(``subjects.py``) has the hash and what it tells of began before the erasure; an account opened later stays.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.subjects import MANY_PEOPLE, row_tokens, text_tokens_sql
from cdp_pipeline.sql_text import literal

TOMBSTONES_SCHEMA = """
CREATE TABLE IF NOT EXISTS tombstones (
  token      TEXT NOT NULL,
  erasure_id TEXT NOT NULL,
  before     TEXT NOT NULL,
  is_kept    INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (token, erasure_id, is_kept)
);
"""
# What becomes of a row: it goes; the person's elements of its lists go; or the person's values in its texts go.
DROP, PRUNE, REDACT = "drop", "prune", "redact"


@dataclass(frozen=True)
class Found:
    """Lines of one landed file that fall under a tombstone, each with what becomes of it; `keys` are the rows' own
    keys by line, where they have one. `shared` are identifiers that stand as such in a row of another person."""

    actions: dict[int, str] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)


class Tombstones:
    """All tombstones of a home at one time; `key` is the installation's secret."""

    def __init__(self, key: str, rows: Iterable[tuple[str, str, int]]) -> None:
        """`rows` are (token, before in ISO 8601 UTC, is_kept); the latest erasure of a token counts."""
        self.key = key
        self.before: dict[str, str] = {}
        self.kept: set[str] = set()
        for token, before, is_kept in rows:
            if is_kept:
                self.kept.add(token)
            else:
                self.before[token] = max(before, self.before.get(token, ""))

    def __bool__(self) -> bool:
        return bool(self.before)

    def token(self, scope: str, value: str) -> str:
        """Hash of a value within its scope."""
        return hashlib.sha256(f"{self.key}|{scope}|{value}".encode()).hexdigest()[:32]

    def is_erased(self, source: str, kind: str, value: str) -> bool:
        """Is this identifier, met in a text of the source, one of an erased person?"""
        return any(self.token(scope, value) in self.before for scope in (kind, f"{source}|{kind}"))

    def find(
        self,
        con: duckdb.DuckDBPyConnection,
        obj: ObjectContract,
        raw: Sequence[Path],
        quarantine: Sequence[Path] = (),
    ) -> dict[str, Found]:
        """By landed file: the lines that fall under a tombstone, among the rows in these Parquet files of an object."""
        self._register(con)
        found: dict[str, Found] = {}
        if raw:
            tokens = row_tokens(obj)
            # A mention weighs least; a row that is another person's (kept) only loses the values.
            rows = con.execute(
                f"""
                WITH rows AS (
                  SELECT _file AS file, _line AS line, {tokens.dated} AS dated, {tokens.key} AS own,
                    {tokens.tokens} AS tokens
                  FROM {_reading(raw)}),
                each AS (SELECT file, line, dated, own, unnest(tokens) AS t FROM rows),
                hit AS (
                  SELECT file, line, own, t.c AS c, t.v AS v FROM each
                  JOIN tombstones ON token = {self._hash("t.s", "t.v")}
                  WHERE t.v IS NOT NULL AND (dated < before OR (t.c = 'key' AND {str(not tokens.is_dated).lower()})))
                SELECT file, line, max(own),
                  max(CASE c WHEN 'json' THEN 2 WHEN 'text' THEN 1 ELSE 3 END),
                  bool_or(c IN ('json', 'text', 'ref')), list(DISTINCT v) FILTER (c = 'id'),
                  coalesce(max({self._hash(literal(f"keep|{obj.source}.{obj.name}"), "own")}
                    IN (SELECT token FROM kept_rows)), false)
                FROM hit GROUP BY file, line"""
            ).fetchall()
            many = (obj.source, obj.name) in MANY_PEOPLE
            for file, line, own, weight, is_mentioned, values, is_kept in rows:
                one = found.setdefault(file, Found())
                if is_kept:
                    one.shared.update(values or ())
                    if is_mentioned:
                        one.actions[line] = REDACT
                elif weight == 1:
                    one.actions[line] = REDACT
                elif weight == 2 and many:
                    one.actions[line] = PRUNE
                else:
                    one.actions[line] = DROP
                    if own is not None:
                        one.keys[line] = own
        if quarantine:
            lines = con.execute(
                f"""
                WITH each AS (
                  SELECT file, line, unnest({text_tokens_sql(obj.source, "raw")}) AS t
                  FROM {_reading(quarantine)} WHERE dt < (SELECT max(before) FROM tombstones))
                SELECT DISTINCT file, line FROM each JOIN tombstones ON token = {self._hash("t.s", "t.v")}"""
            ).fetchall()
            for file, line in lines:
                found.setdefault(file, Found()).actions[int(line)] = DROP
        return {file: one for file, one in found.items() if one.actions or one.shared}

    def keys_of_others(
        self, con: duckdb.DuckDBPyConnection, obj: ObjectContract, raw: Sequence[Path], keys: Iterable[str]
    ) -> set[str]:
        """Those of an object's keys that also stand in rows of somebody else: rows that no tombstone binds, and that
        name a person. Where a key takes several columns, one of them may be that of a whole event or mailing."""
        self._register(con)
        tokens = row_tokens(obj)
        rows = con.execute(
            f"""
            WITH each AS (
              SELECT file, line, own, unnest(tokens) AS t
              FROM (SELECT _file AS file, _line AS line, {tokens.key} AS own, {tokens.tokens} AS tokens
                FROM {_reading(raw)})
              WHERE own IN (SELECT unnest($keys::VARCHAR[])))
            SELECT own FROM each WHERE t.v IS NOT NULL GROUP BY file, line, own
            HAVING bool_or(t.c = 'id' AND t.s <> 'word')
              AND NOT bool_or({self._hash("t.s", "t.v")} IN (SELECT token FROM tombstones))""",
            {"keys": sorted(keys)},
        ).fetchall()
        return {str(own) for (own,) in rows}

    def _register(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute("CREATE OR REPLACE TEMP TABLE tombstones (token VARCHAR, before TIMESTAMP)")
        con.execute("CREATE OR REPLACE TEMP TABLE kept_rows (token VARCHAR)")
        for start in range(0, len(self.before), _BATCH):
            part = list(self.before.items())[start : start + _BATCH]
            con.execute(
                "INSERT INTO tombstones SELECT unnest($t), unnest($b)::TIMESTAMP",
                {"t": [t for t, _ in part], "b": [b for _, b in part]},
            )
        if self.kept:
            con.execute("INSERT INTO kept_rows SELECT unnest($t)", {"t": sorted(self.kept)})

    def _hash(self, scope: str, value: str) -> str:
        return f"left(sha256({literal(self.key + '|')} || {scope} || '|' || {value}), 32)"


_BATCH = 100_000


def _reading(files: Sequence[Path]) -> str:
    listed = ", ".join(literal(f) for f in files)
    return f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"


def read_tombstones(ops_db: Path, key_file: Path) -> Tombstones | None:
    """The tombstones of a home; None where nobody was erased."""
    if not ops_db.exists():
        return None
    con = sqlite3.connect(ops_db, timeout=30)
    try:
        known = con.execute("SELECT 1 FROM sqlite_master WHERE name = 'tombstones'").fetchall()
        rows = con.execute("SELECT token, before, is_kept FROM tombstones").fetchall() if known else []
    finally:
        con.close()
    return Tombstones(key_file.read_text(encoding="ascii").strip(), rows) if rows else None


def write_tombstones(
    con: sqlite3.Connection, erasure_id: str, before: datetime, tokens: Sequence[str], kept: Sequence[str] = ()
) -> None:
    """Add tombstones (hashes) of one erasure to an open state file with their table; those that are there stay."""
    stamp = before.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    rows = [*((t, erasure_id, stamp, 0) for t in tokens), *((t, erasure_id, stamp, 1) for t in kept)]
    con.executemany("INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?)", rows)


__all__ = ["DROP", "PRUNE", "REDACT", "TOMBSTONES_SCHEMA", "Found", "Tombstones", "read_tombstones", "write_tombstones"]
