"""One database file of a snapshot brought to the state of the warehouse, table by table, at the cost of what changed.

The file is empty, or a copy of the last snapshot's. A table that holds the same rows is left alone; where few rows
differ they are deleted and inserted; else the table is dropped and written anew in its reading order. Columns that
move with the day are updated in place, so that the rest of their table stands. A file made either way holds the same
rows. What is deleted here stays in the file's bytes until its table is written anew, which
is why a file that held erased people must not be built upon: `publish` starts from nothing then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from profiles.rows import is_dated, literal, quoted

# Blocks of a table are skipped by their least and greatest value, so a table lies in the order that readers ask for.
# Profile ids are random: without an order every block would hold some of each range.
READING_ORDER = {
    "pii.review_queue": ("place",),
    "pii.search_index": ("term", "profile_id"),
    "profiles.households": ("household_id",),
    "segments.current": ("segment", "profile_id"),
    "segments.membership": ("segment", "profile_id"),
}
_DEFAULT_ORDER = ("profile_id",)

# Tables with columns that move with the day (`rows.is_dated`), and their key: the gate has seen that it is unique.
DATED_TABLES = {"features.profile_features": "profile_id"}

# Keys by which the feature file is kept up: what of a changed table must be looked at again.
KEPT_KEYS = {
    "profiles.customer_profile": ("profile_id",),
    "profiles.consent": ("profile_id",),
    "profiles.profile_aliases": ("alias_profile_id",),
    "features.profile_features": ("profile_id",),
    "pii.identifiers": ("kind", "namespace", "value", "value_raw"),
}

# Rows changed since a table was last written whole, as a share of its rows. Changed rows lie behind the ordered ones,
# where no block can be skipped, so this is also the part of the table that every lookup reads.
MOST_PATCHED = 0.1
# Rows that differ from the last snapshot, as a share of all, up to which the feature file is told of them. Beyond, all
# of it is made anew.
MOST_KNOWN = 0.3
# Free blocks of a file, as a share of all, beyond which it is written anew; small files are not worth it.
MOST_FREE, LEAST_BLOCKS = 0.3, 32

PII_SCHEMA = "pii"

Name = tuple[str, str]


@dataclass(frozen=True)
class TableChange:
    """What became of one table: its rows now, and how many rows have been changed since it was last written whole.

    `keys` is a temporary table with the `KEPT_KEYS` of the rows that differ from the last snapshot, '' where no row
    does, and None where that is not known. With `is_dated` the columns that move with the day differ as well, in rows
    of any key.
    """

    rows: int
    patched: int = 0
    is_written: bool = False
    keys: str | None = ""
    is_dated: bool = False


def target_schema(schema: str) -> str:
    """Schema in the snapshot. In ``pii.duckdb`` the tables lie in main: to one who opens the file, ``pii.edges`` would
    be ambiguous between a catalog and a schema of that name."""
    return "main" if schema == PII_SCHEMA else schema


def row_hash(columns: Iterable[str], alias: str) -> str:
    """SQL for a 64-bit hash of a whole row, the same for equal rows within one version of DuckDB."""
    return f"hash({', '.join(f'{alias}.{quoted(column)}' for column in columns)})"


class TableSync:
    """The tables `names` (schema and table) of catalog `source`, into catalog `target`, both attached in `con`.

    `patched` has the changed rows of each ``schema.table`` as the last snapshot left them.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        source: str,
        target: str,
        names: Iterable[Name],
        patched: Mapping[str, int],
    ) -> None:
        self._con = con
        self._source = source
        self._target = target
        self._names = list(names)
        self._patched = patched
        self._given = self._columns(source)
        self._present = self._columns(target)
        # Of a table that `run` patches: the columns by whose hash its differing rows are found.
        self._hashed: dict[Name, list[str]] = {}

    def run(self) -> dict[str, TableChange]:
        """Make the target hold exactly the rows of the source. Returns what became of each ``schema.table``."""
        changes: dict[str, TableChange] = {}
        patches: list[tuple[Name, str]] = []
        for schema in sorted({target_schema(schema) for schema, _ in self._names}):
            self._con.execute(f"CREATE SCHEMA IF NOT EXISTS {self._target}.{quoted(schema)}")
        for name in self._names:
            change, differing = self._compare(name)
            changes[".".join(name)] = change
            if differing and not change.is_written:
                patches.append((name, differing))
        kept = {(target_schema(schema), table) for schema, table in self._names}
        written = [name for name in self._names if changes[".".join(name)].is_written]
        gone = [name for name in self._present if name not in kept]
        gone += [place for place in map(_place, written) if place in self._present]
        for schema, table in gone:
            self._con.execute(f"DROP TABLE {self._target}.{quoted(schema)}.{quoted(table)}")
        if gone:
            # only then are their blocks free for what is written next
            self._con.execute(f"CHECKPOINT {self._target}")
        for name, differing in patches:
            self._patch(name, differing)
        for name in self._names:
            if changes[".".join(name)].is_dated and name not in written:
                self._update_dated(name)
        for name in written:
            self._con.execute(f"CREATE TABLE {self._copy(name)} AS FROM {self._table(name)}{self._order(name)}")
        self._set_comments()
        self._con.execute(f"CHECKPOINT {self._target}")
        return changes

    def is_bloated(self) -> bool:
        """Whether too much of the file is free: it should be written from nothing."""
        blocks, free = self._con.execute(
            "SELECT total_blocks, free_blocks FROM pragma_database_size() WHERE database_name = $target",
            {"target": self._target},
        ).fetchall()[0]
        return bool(blocks >= LEAST_BLOCKS and free > MOST_FREE * blocks)

    def _compare(self, name: Name) -> tuple[TableChange, str]:
        """What has to be done with a table, and a temporary table with the hashes of the rows that differ."""
        full_name = ".".join(name)
        columns = self._given[name]
        hashed = row_hash([column for column, _ in columns], "t")
        table, copy = self._table(name), self._copy(name)
        if self._present.get(_place(name)) != columns:
            return TableChange(self._number(f"SELECT count(*) FROM {table}"), is_written=True, keys=None), ""
        before = self._patched.get(full_name, 0)
        if full_name in DATED_TABLES and (found := self._compare_dated(name, before)):
            return found
        self._hashed[name] = [column for column, _ in columns]
        totals = f"SELECT count(*), sum(h), bit_xor(h) FROM (SELECT {hashed} AS h FROM"
        now, then = (self._con.execute(f"{totals} {each} t)").fetchall()[0] for each in (table, copy))
        rows = int(now[0])
        if now == then:
            return TableChange(rows, before), ""
        differing, changed = self._differing(name)
        if changed > MOST_KNOWN * rows:
            return TableChange(rows, is_written=True, keys=None), ""
        keys = self._keep_keys(name, differing)
        if before + changed > MOST_PATCHED * rows:
            return TableChange(rows, is_written=True, keys=keys), ""
        return TableChange(rows, before + changed, keys=keys), differing

    def _compare_dated(self, name: Name, before: int) -> tuple[TableChange, str] | None:
        """As `_compare`, for a table of which the columns that move with the day are brought up to date apart.

        None where they have moved in few rows, which are patched like others, or where more than they has changed in
        too many.
        """
        columns = [column for column, _ in self._given[name]]
        stable = [column for column in columns if not is_dated(column)]
        of_day = [DATED_TABLES[".".join(name)], *(column for column in columns if is_dated(column))]
        totals = (
            "SELECT count(*), sum(d), bit_xor(d), sum(h), bit_xor(h) FROM"
            f" (SELECT {row_hash(stable, 't')} AS h, {row_hash(of_day, 't')} AS d FROM"
        )
        now, then = (
            self._con.execute(f"{totals} {each} t)").fetchall()[0] for each in (self._table(name), self._copy(name))
        )
        rows = int(now[0])
        if now[:3] == then[:3]:
            return None
        self._hashed[name] = of_day
        _, moved = self._differing(name)
        if moved <= MOST_PATCHED * rows:
            return None
        self._hashed[name] = stable
        if now[3:] == then[3:]:
            return TableChange(rows, before, is_dated=True), ""
        differing, changed = self._differing(name)
        if changed > MOST_KNOWN * rows:
            return None
        keys = self._keep_keys(name, differing)
        if before + changed > MOST_PATCHED * rows:
            return TableChange(rows, is_written=True, keys=keys, is_dated=True), ""
        return TableChange(rows, before + changed, keys=keys, is_dated=True), differing

    def _differing(self, name: Name) -> tuple[str, int]:
        """A temporary table with the hashes of the rows that differ, and the number of these rows."""
        hashed = row_hash(self._hashed[name], "t")
        differing = _temporary("differing", name)
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE {differing} AS SELECT h, sum(n) AS n FROM"
            f" (SELECT {hashed} AS h, 1 AS n FROM {self._table(name)} t"
            f" UNION ALL SELECT {hashed}, -1 FROM {self._copy(name)} t)"
            " GROUP BY h HAVING sum(n) <> 0"
        )
        # a changed row counts twice, once as it was and once as it is
        changed = f"SELECT greatest(sum(n) FILTER (n > 0), -sum(n) FILTER (n < 0)) FROM {differing}"
        return differing, self._number(changed)

    def _keep_keys(self, name: Name, differing: str) -> str | None:
        wanted = KEPT_KEYS.get(".".join(name))
        if wanted is None:
            return None
        present = [column for column, _ in self._given[name]]
        hashed = row_hash(self._hashed[name], "t")
        keys = _temporary("keys", name)
        listed = ", ".join(f"t.{quoted(column)}" for column in wanted if column in present)
        chosen = " UNION ".join(
            f"SELECT {listed} FROM {table} t WHERE {hashed} IN (SELECT h FROM {differing})"
            for table in (self._table(name), self._copy(name))
        )
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE {keys} AS {chosen}")
        return keys

    def _patch(self, name: Name, differing: str) -> None:
        hashed = row_hash(self._hashed[name], "t")
        chosen = f"WHERE {hashed} IN (SELECT h FROM {differing})"
        self._con.execute(f"DELETE FROM {self._copy(name)} t {chosen}")
        self._con.execute(f"INSERT INTO {self._copy(name)} FROM {self._table(name)} t {chosen}{self._order(name)}")
        self._con.execute(f"DROP TABLE {differing}")

    def _update_dated(self, name: Name) -> None:
        """Columns are stored apart: an update writes those that it sets and leaves the rows where they lie."""
        key = quoted(DATED_TABLES[".".join(name)])
        dated = [column for column, _ in self._given[name] if is_dated(column)]
        changes = ", ".join(f"{quoted(column)} = now.{quoted(column)}" for column in dated)
        self._con.execute(
            f"UPDATE {self._copy(name)} t SET {changes} FROM {self._table(name)} AS now"
            f" WHERE t.{key} = now.{key} AND {row_hash(dated, 't')} <> {row_hash(dated, 'now')}"
        )

    def _order(self, name: Name) -> str:
        present = {column for column, _ in self._given[name]}
        order = [column for column in READING_ORDER.get(".".join(name), _DEFAULT_ORDER) if column in present]
        return f" ORDER BY {', '.join(map(quoted, order))}" if order else ""

    def _set_comments(self) -> None:
        """Column descriptions (dbt's persist_docs) travel with the tables."""
        given, present = self._comments(self._source), self._comments(self._target)
        for schema, table in self._names:
            for column, _ in self._given[schema, table]:
                comment = given.get((schema, table, column))
                if comment != present.get((target_schema(schema), table, column)):
                    text = "NULL" if comment is None else literal(comment)
                    self._con.execute(f"COMMENT ON COLUMN {self._copy((schema, table))}.{quoted(column)} IS {text}")

    def _comments(self, catalog: str) -> dict[tuple[str, str, str], str]:
        rows = self._con.execute(
            "SELECT schema_name, table_name, column_name, comment FROM duckdb_columns()"
            " WHERE database_name = $catalog AND comment IS NOT NULL",
            {"catalog": catalog.strip('"')},
        ).fetchall()
        return {(str(schema), str(table), str(column)): str(comment) for schema, table, column, comment in rows}

    def _columns(self, catalog: str) -> dict[Name, list[tuple[str, str]]]:
        """Names and types of the columns of every table and view, in order."""
        found: dict[Name, list[tuple[str, str]]] = {}
        for schema, table, column, kind in self._con.execute(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = $catalog AND NOT internal ORDER BY schema_name, table_name, column_index",
            {"catalog": catalog.strip('"')},
        ).fetchall():
            found.setdefault((str(schema), str(table)), []).append((str(column), str(kind)))
        return found

    def _number(self, sql: str) -> int:
        return int(self._con.execute(sql).fetchall()[0][0] or 0)

    def _table(self, name: Name) -> str:
        return f"{self._source}.{quoted(name[0])}.{quoted(name[1])}"

    def _copy(self, name: Name) -> str:
        schema, table = _place(name)
        return f"{self._target}.{quoted(schema)}.{quoted(table)}"


def _place(name: Name) -> Name:
    return target_schema(name[0]), name[1]


def _temporary(what: str, name: Name) -> str:
    return quoted(f"{what}_{name[0]}_{name[1]}")
