"""Audiences in a Postgres schema: tables ``members`` (who is in which segment now) and ``exports`` (what arrived).

One export is one transaction that begins by entering its id into ``exports``: an id that is there has arrived, so a
repetition changes nothing, and readers see the state before or after, never between.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from profiles.exports.destinations import DeliveryError, Destination, DestinationError, secret_of

if TYPE_CHECKING:
    import pyarrow as pa

_TYPES = {
    "VARCHAR": "text", "DATE": "date", "TIMESTAMP": "timestamp", "DOUBLE": "double precision", "BIGINT": "bigint",
    "INTEGER": "integer", "BOOLEAN": "boolean",
}  # fmt: skip
# Types whose values travel as text: the driver has no exact numbers, and one of doubles would not be the amount.
_AS_TEXT = ("text", "numeric")
_KEY = ("destination", "segment", "profile_id")


def send(
    home: Path,
    payload: Path,
    destination: Destination,
    segment: str,
    export_id: str,
    snapshot: str,
    gone: frozenset[str] = frozenset(),
) -> None:
    """Bring the schema of `destination` up to date with the pending export in `payload`, less adds and changes of those
    who are `gone`.

    Raises DestinationError without the driver or its secret, or where the schema's table has other columns;
    DeliveryError where the server cannot be reached.
    """
    try:
        import adbc_driver_postgresql.dbapi as postgres
    except ImportError:
        raise DestinationError(
            f"{destination.name}: Postgres needs the extra: pip install 'cdp-platform[postgres]'"
        ) from None
    uri = secret_of(destination, home, "URI")
    adds, removes, columns = _payload(payload, gone)
    try:
        con = postgres.connect(uri)
    except Exception as error:
        raise DeliveryError(f"{destination.name}: Postgres cannot be reached ({_state(error)})") from None
    try:
        with con.cursor() as cursor:
            _prepare(cursor, destination, columns)
            name = f'"{destination.schema}"'
            cursor.execute(
                f"insert into {name}.exports (export_id, destination, segment, snapshot, delivered_at) "
                "values ($1, $2, $3, $4, now()) on conflict do nothing returning export_id",
                (export_id, destination.name, segment, snapshot),
            )
            if cursor.fetchall():
                _apply(cursor, destination, segment, export_id, adds, removes, columns)
        con.commit()
    except DestinationError:
        con.rollback()
        raise
    except Exception as error:
        con.rollback()
        raise DeliveryError(f"{destination.name}: Postgres refused the export ({_state(error)})") from None
    finally:
        con.close()


def _payload(payload: Path, gone: frozenset[str]) -> tuple[pa.Table, pa.Table, dict[str, str]]:
    """New and changed rows, ids to remove, and column → Postgres type of the rows."""
    import pyarrow as pa

    left = pa.table({"profile_id": pa.array(sorted(gone), pa.string())})
    with duckdb.connect() as con:
        con.register("gone", left)
        rows = con.sql(f"select * exclude (op) from read_parquet('{_quoted(payload)}/adds.parquet')")
        columns = {
            name: "numeric" if str(kind).startswith("DECIMAL") else _TYPES.get(str(kind), "text")
            for name, kind in zip(rows.columns, rows.types, strict=True)
            if name != "profile_id"
        }
        texts = ", ".join(
            f'"{name}"' if kind not in _AS_TEXT else f'cast("{name}" as varchar) as "{name}"'
            for name, kind in columns.items()
        )
        adds = con.sql(f"select profile_id, {texts} from rows anti join gone using (profile_id)").to_arrow_table()
        removes = con.sql(f"select profile_id from read_parquet('{_quoted(payload)}/removes.parquet')").to_arrow_table()
    return adds, removes, columns


def _prepare(cursor: Any, destination: Destination, columns: dict[str, str]) -> None:
    name = f'"{destination.schema}"'
    listed = "".join(f', "{column}" {kind}' for column, kind in columns.items())
    cursor.execute(f"create schema if not exists {name}")
    cursor.execute(
        f"create table if not exists {name}.exports (export_id text primary key, destination text, segment text, "
        "snapshot text, delivered_at timestamptz)"
    )
    cursor.execute(
        f"create table if not exists {name}.members (destination text, segment text, profile_id text{listed}, "
        f"export_id text, primary key ({', '.join(_KEY)}))"
    )
    cursor.execute(
        "select column_name::text from information_schema.columns where table_schema = $1 and table_name = 'members'",
        (destination.schema,),
    )
    present = {row[0] for row in cursor.fetchall()}
    missing = sorted(set(columns) - present)
    if missing:
        raise DestinationError(
            f"{destination.name}: table {destination.schema}.members has no column {missing[0]}: "
            "add it, or name another schema"
        )


def _apply(
    cursor: Any,
    destination: Destination,
    segment: str,
    export_id: str,
    adds: pa.Table,
    removes: pa.Table,
    columns: dict[str, str],
) -> None:
    name = f'"{destination.schema}"'
    for table, rows in (("cdp_adds", adds), ("cdp_removes", removes)):
        cursor.execute(f"drop table if exists pg_temp.{table}")
        cursor.adbc_ingest(table, rows, mode="create", temporary=True)
    gone = "select profile_id from pg_temp.cdp_removes union select profile_id from pg_temp.cdp_adds"
    cursor.execute(
        f"delete from {name}.members where destination = $1 and segment = $2 and profile_id in ({gone})",
        (destination.name, segment),
    )
    listed = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(f'"{column}"' + ("::numeric" if kind == "numeric" else "") for column, kind in columns.items())
    cursor.execute(
        f"insert into {name}.members (destination, segment, profile_id, {listed}, export_id) "
        f"select $1, $2, profile_id, {values}, $3 from pg_temp.cdp_adds",
        (destination.name, segment, export_id),
    )


def _state(error: Exception) -> str:
    """What went wrong, without the text: that may quote a row or the address with its password."""
    sqlstate = getattr(error, "sqlstate", None)
    known = sqlstate if isinstance(sqlstate, str) and re.fullmatch(r"[0-9A-Z]{5}", sqlstate) else None
    return f"SQLSTATE {known}" if known else type(error).__name__


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
