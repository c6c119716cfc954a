"""The packed form of a feature row: one shared list of columns, and two arrays of values per profile.

Columns that move with the day stand at the end, so that a row of which nothing else has changed is brought up to date
by its new end alone.

Dates are stored as days and timestamps as microseconds since 1970-01-01 UTC, and become `date` and UTC `datetime` when
a column is asked for; everything else is what msgpack has a type for. The conversion of stored types is done by
DuckDB while reading, see `select_expression`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

import msgpack

PLAIN, DATE, TIMESTAMP = "plain", "date", "timestamp"

# Features that differ tomorrow in many rows without any event of their own: because the day or the events of everybody
# decide them (these), or because they look back some days. What is named here decides how fast a publish is and nothing
# else.
_DATED = frozenset(
    {
        "active_probability",
        "as_of",
        "churn_probability_90d",
        "expected_order_amount",
        "expected_orders_12m",
        "inactive_days",
        "known_days",
        "lifetime_value_12m",
        "next_best_channel_score",
        "oldest_open_ticket_days",
        "overdue_ratio",
        "recency_days",
        "rfm_class",
        "rfm_frequency",
        "rfm_frequency_decile",
        "rfm_monetary",
        "rfm_monetary_decile",
        "rfm_recency",
        "rfm_recency_decile",
        "tenure_days",
    }
)
_DAYS_BACK = re.compile(r".+_\d+d")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()

_INTEGERS = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"]
_PLAIN_TYPES = frozenset(["BOOLEAN", *_INTEGERS, "FLOAT", "DOUBLE", "VARCHAR"])
_TIMESTAMPS = frozenset(
    ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP_US"]
)


@dataclass(frozen=True)
class Column:
    """A feature's name and how its stored value is read: plain, date or timestamp."""

    name: str
    kind: str


def is_dated(name: str) -> bool:
    """Whether a feature moves with the day."""
    return name in _DATED or _DAYS_BACK.fullmatch(name) is not None


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """`value` as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def select_expression(name: str, duckdb_type: str) -> tuple[str, Column]:
    """SQL that turns a column into its packable form, and how to read it back.

    Decimals and 128-bit integers become doubles, enumerations and other scalars text, and inside lists and structs
    dates and timestamps become ISO text.
    """
    column = quoted(name)
    if duckdb_type in _PLAIN_TYPES or (duckdb_type.endswith("[]") and duckdb_type[:-2] in _PLAIN_TYPES):
        return column, Column(name, PLAIN)
    if duckdb_type == "DATE":
        return f"({column} - DATE '1970-01-01')::BIGINT AS {column}", Column(name, DATE)
    if duckdb_type in _TIMESTAMPS:
        return f"epoch_us({column}) AS {column}", Column(name, TIMESTAMP)
    return f"CAST({column} AS {_packable(duckdb_type)}) AS {column}", Column(name, PLAIN)


def _packable(duckdb_type: str) -> str:
    if duckdb_type.startswith(("DECIMAL", "HUGEINT", "UHUGEINT")) and not duckdb_type.endswith("]"):
        return "DOUBLE"
    if not duckdb_type.endswith("]") and not duckdb_type.startswith(("STRUCT", "MAP")):
        return "VARCHAR"
    numbers = re.sub(r"DECIMAL\(\d+,\s*\d+\)|\bU?HUGEINT\b", "DOUBLE", duckdb_type)
    return re.sub(r"\b(TIMESTAMP WITH TIME ZONE|TIMESTAMP(_\w+)?|DATE|TIME|UUID|INTERVAL|BLOB)\b", "VARCHAR", numbers)


class RowCodec:
    """Packs and unpacks rows of one column list."""

    def __init__(self, columns: Sequence[Column], names: Sequence[str] | None = None) -> None:
        """`columns` as they are packed, `names` in the order of the table where that is another."""
        self.columns = tuple(columns)
        self.index = {column.name: number for number, column in enumerate(columns)}
        self._empty: dict[str, object] = dict.fromkeys(names or self.index)
        self._readers: dict[int, Callable[[int], object]] = {
            number: _day if column.kind == DATE else _instant
            for number, column in enumerate(columns)
            if column.kind != PLAIN
        }
        self._names = tuple(self.index)
        self._dated = [(columns[number].name, reader) for number, reader in self._readers.items()]

    def value(self, values: Sequence[object], number: int) -> object:
        """Value of column `number` in the stored array `values`, in its Python type."""
        stored = values[number]
        reader = self._readers.get(number)
        return stored if reader is None or stored is None else reader(cast("int", stored))

    def as_dict(self, values: Sequence[object]) -> dict[str, object]:
        """The whole row, in Python types."""
        # A copy has its full size from the start; growing a dict to 100 entries costs half as much again.
        row = self._empty.copy()
        row.update(zip(self._names, values, strict=True))
        for name, reader in self._dated:
            stored: Any = row[name]
            if stored is not None:
                row[name] = reader(stored)
        return row


# An array of four, and a number of four bytes: where the values of the day begin in the packed row.
_ROW = b"\x94\xce"
_START = len(_ROW) + 4


def packed_row(pack: Callable[[object], bytes], consents: object, stable: object, dated: object) -> bytes:
    """One row: consent states, the values of the columns that do not move with the day, and those that do."""
    kept = pack(consents) + pack(stable)
    return _ROW + (_START + len(kept)).to_bytes(4, "big") + kept + pack(dated)


def with_dated(row: bytes, dated: bytes) -> bytes:
    """A packed row with other values of the day, given in packed form."""
    return row[: int.from_bytes(row[len(_ROW) : _START], "big")] + dated


def packer() -> Callable[[object], bytes]:
    """A function that packs arrays; each thread needs its own."""
    pack: Callable[[object], bytes] = msgpack.Packer(autoreset=True).pack
    return pack


# The bare function: a wrapper around it would cost a tenth of a whole read.
unpack: Callable[[bytes], object] = msgpack.unpackb


@lru_cache(maxsize=1 << 14)
def _day(days: int) -> date:
    return date.fromordinal(_EPOCH_DAY + days)


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(0, 0, microseconds)
