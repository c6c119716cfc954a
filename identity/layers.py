"""A table of the store with one run's changes on top of it, readable as one before anything is written.

The view ``<name>`` is what the table will be; ``new_<name>`` what this run adds; `gone` tells which stored rows it
takes away. Nothing is written to the store until `save`, inside the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from identity.store import SCHEMA


@dataclass(frozen=True)
class Layer:
    """One table. `gone`: SQL condition over its stored rows; None where this run replaces the whole table."""

    name: str
    gone: str | None

    def show(self, con: duckdb.DuckDBPyConnection) -> None:
        """Create the view ``<name>``; table ``new_<name>`` must exist."""
        kept = ""
        if self.gone is not None:
            kept = f"select * from {SCHEMA}.{self.name} where not ({self.gone}) union all by name "
        con.execute(f"create or replace temp view {self.name} as {kept}select * from new_{self.name}")

    def save(self, con: duckdb.DuckDBPyConnection) -> None:
        """Write the change to the store."""
        if self.gone is None:
            con.execute(f"create or replace table {SCHEMA}.{self.name} as select * from new_{self.name}")
            return
        con.execute(f"delete from {SCHEMA}.{self.name} where {self.gone}")
        con.execute(f"insert into {SCHEMA}.{self.name} by name select * from new_{self.name}")


def within(table: str, column: str = "unique_id") -> str:
    """SQL condition: the row's `column` is in that column of `table`."""
    return f"{column} in (select {column} from {table})"


def touches(table: str) -> str:
    """SQL condition over pairs: one of the two records is in `table` (unique_id)."""
    return f"(unique_id_l in (select unique_id from {table}) or unique_id_r in (select unique_id from {table}))"
