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
# After a table of hashes: those that another lacks.
_LACKING = "ANTI JOIN {} USING ({})"

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
        # Views of the source, each with the table that holds its rows once it has been compared.
        self._views: dict[Name, str] = self._views_of(source)

    def run(self) -> dict[str, TableChange]:
        """Make the target hold exactly the rows of the source. Returns what became of each ``schema.table``."""
        changes: dict[str, TableChange] = {}
        patches: list[Name] = []
        for schema in sorted({target_schema(schema) for schema, _ in self._names}):
            self._con.execute(f"CREATE SCHEMA IF NOT EXISTS {self._target}.{quoted(schema)}")
        for name in self._names:
            change = self._compare(name)
            changes[".".join(name)] = change
            if not change.is_written and change.patched != self._patched.get(".".join(name), 0):
                patches.append(name)
        # In one transaction and first of all: a checkpoint may give the rows of a table other places.
        self._con.execute("BEGIN TRANSACTION")
        for name in patches:
            self._patch(name)
        self._con.execute("COMMIT")
        for name in self._names:
            for found in ("joining", "leaving"):
                self._con.execute(f"DROP TABLE IF EXISTS {_temporary(found, name)}")
        kept = {(target_schema(schema), table) for schema, table in self._names}
        written = [name for name in self._names if changes[".".join(name)].is_written]
        gone = [name for name in self._present if name not in kept]
        gone += [place for place in map(_place, written) if place in self._present]
        for schema, table in gone:
            self._con.execute(f"DROP TABLE {self._target}.{quoted(schema)}.{quoted(table)}")
        if gone:
            # only then are their blocks free for what is written next
            self._con.execute(f"CHECKPOINT {self._target}")
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

    def _compare(self, name: Name) -> TableChange:
        """What has to be done with a table. Of one that is patched, `_changed_rows` are the rows."""
        full_name = ".".join(name)
        table, copy = self._table(name), self._copy(name)
        if self._present.get(_place(name)) != self._given[name]:
            return TableChange(self._number(f"SELECT count(*) FROM {table}"), is_written=True, keys=None)
        columns = [column for column, _ in self._given[name]]
        stable, of_day = columns, list[str]()
        if full_name in DATED_TABLES:
            stable = [column for column in columns if not is_dated(column)]
            of_day = [DATED_TABLES[full_name], *(column for column in columns if is_dated(column))]
        if name in self._views:  # whose rows have no place
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE {_temporary('rows', name)} AS FROM {table}")
            self._views[name] = _temporary("rows", name)
        # Hashed once; on what follows only hashes and places are read.
        for side, each in (("now_seen", self._table(name)), ("then_seen", copy)):
            self._con.execute(
                f"CREATE OR REPLACE TEMP TABLE {side} AS SELECT rowid AS place, {row_hash(stable, 't')} AS h,"
                f" {row_hash(of_day, 't') if of_day else 'NULL::UBIGINT'} AS d FROM {each} t"
            )
        change = self._compare_seen(name, is_dated=bool(of_day))
        for side in ("now_seen", "then_seen"):
            self._con.execute(f"DROP TABLE {side}")
        return change

    def _compare_seen(self, name: Name, *, is_dated: bool) -> TableChange:
        before = self._patched.get(".".join(name), 0)
        now, then = (
            self._con.execute(f"SELECT count(*), sum(h), bit_xor(h), sum(d), bit_xor(d) FROM {side}").fetchall()[0]
            for side in ("now_seen", "then_seen")
        )
        rows = int(now[0])
        if now == then:
            return TableChange(rows, before)
        if is_dated and now[3:] != then[3:]:
            moved = self._number(f"SELECT count(*) FROM now_seen {_LACKING.format('then_seen', 'd')}")
            is_dated = moved > MOST_PATCHED * rows
            if not is_dated:  # few rows are patched as a whole
                for side in ("now_seen", "then_seen"):
                    self._con.execute(f"UPDATE {side} SET h = hash(h, d)")
        else:
            is_dated = False
        if is_dated and now[:3] == then[:3]:
            return TableChange(rows, before, is_dated=True)
        changed = self._find_changed(name)
        if changed > MOST_KNOWN * rows:
            return TableChange(rows, is_written=True, keys=None)
        keys = self._keep_keys(name)
        if before + changed > MOST_PATCHED * rows:
            return TableChange(rows, is_written=True, keys=keys, is_dated=is_dated)
        return TableChange(rows, before + changed, keys=keys, is_dated=is_dated)

    def _find_changed(self, name: Name) -> int:
        """Temporary tables with the places of rows that join the copy and of rows that leave it; the greater number."""
        joining, leaving = _temporary("joining", name), _temporary("leaving", name)
        for found, side, other in ((joining, "now_seen", "then_seen"), (leaving, "then_seen", "now_seen")):
            self._con.execute(
                f"CREATE OR REPLACE TEMP TABLE {found} AS SELECT place, h FROM {side} {_LACKING.format(other, 'h')}"
            )
        rest = "SELECT count(*) - (SELECT count(*) FROM {0}), sum(h) - (SELECT coalesce(sum(h), 0) FROM {0}) FROM {1}"
        stay, stood = (
            self._con.execute(rest.format(found, side)).fetchall()[0]
            for found, side in ((joining, "now_seen"), (leaving, "then_seen"))
        )
        if stay != stood:  # equal rows of which there are more or fewer than before
            self._con.execute(
                "CREATE OR REPLACE TEMP TABLE uneven AS SELECT h FROM"
                " (SELECT h, 1 AS n FROM now_seen UNION ALL SELECT h, -1 FROM then_seen) GROUP BY h HAVING sum(n) <> 0"
            )
            for found, side in ((joining, "now_seen"), (leaving, "then_seen")):
                self._con.execute(
                    f"CREATE OR REPLACE TEMP TABLE {found} AS SELECT place, h FROM {side} SEMI JOIN uneven USING (h)"
                )
            self._con.execute("DROP TABLE uneven")
        return self._number(f"SELECT greatest((SELECT count(*) FROM {joining}), (SELECT count(*) FROM {leaving}))")

    def _keep_keys(self, name: Name) -> str | None:
        wanted = KEPT_KEYS.get(".".join(name))
        if wanted is None:
            return None
        present = [column for column, _ in self._given[name]]
        keys = _temporary("keys", name)
        listed = ", ".join(f"t.{quoted(column)}" for column in wanted if column in present)
        chosen = " UNION ".join(f"SELECT {listed} FROM {rows}" for rows in self._changed_rows(name))
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE {keys} AS {chosen}")
        return keys

    def _changed_rows(self, name: Name) -> tuple[str, str]:
        """What follows FROM for the rows that join the copy and for those that leave it, by `_find_changed`."""
        return (
            f"{self._table(name)} t WHERE rowid IN (SELECT place FROM {_temporary('joining', name)})",
            f"{self._copy(name)} t WHERE rowid IN (SELECT place FROM {_temporary('leaving', name)})",
        )

    def _patch(self, name: Name) -> None:
        joining, leaving = self._changed_rows(name)
        self._con.execute(f"DELETE FROM {leaving}")
        self._con.execute(f"INSERT INTO {self._copy(name)} FROM {joining}{self._order(name)}")

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

    def _views_of(self, catalog: str) -> dict[Name, str]:
        found = self._con.execute(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $catalog AND NOT internal",
            {"catalog": catalog.strip('"')},
        ).fetchall()
        return {(str(schema), str(view)): "" for schema, view in found}

    def _table(self, name: Name) -> str:
        if rows := self._views.get(name):
            return rows
        return f"{self._source}.{quoted(name[0])}.{quoted(name[1])}"

    def _copy(self, name: Name) -> str:
        schema, table = _place(name)
        return f"{self._target}.{quoted(schema)}.{quoted(table)}"


def _place(name: Name) -> Name:
    return target_schema(name[0]), name[1]


def _temporary(what: str, name: Name) -> str:
    return quoted(f"{what}_{name[0]}_{name[1]}")
