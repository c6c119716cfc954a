"""What stands in the columns of an object or of a file, without its values: fill rates, distinct values, shapes.

Numbers and times of columns that are neither personal nor identifiers show their range; texts show shapes, in which
every letter and digit is replaced: 9{3}-9{4}, a@a.a.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.sources.casts import cast
from cdp_pipeline.sources.contract import Field, ObjectContract
from cdp_pipeline.sources.guess import TESTS, guess_columns
from cdp_pipeline.sources.guess_object import guess_region
from cdp_pipeline.sources.sample import read_sample
from cdp_pipeline.sql_text import literal

_VALID = {
    "email": TESTS["email"],
    "phone": f"({TESTS['phone']} OR {TESTS['cn_mobile']}) AND NOT {TESTS['masked']}",
    "wechat_openid": TESTS["openid"],
    "wechat_unionid": "regexp_full_match(v, '[A-Za-z0-9_-]{20,40}')",
}
# Fillers and repeated characters name nobody, whatever the kind.
_NAMES_SOMETHING = (
    "length(v) >= 3 AND replace(v, v[1], '') <> '' AND lower(v) NOT IN"
    " ('null', 'none', 'undefined', 'n/a', 'unknown', 'anonymous', 'guest', 'test', '匿名', '匿名用户', '无', '未知')"
)
_SHAPE = (
    r"regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(v, '\p{Han}+', chr(1), 'g'),"
    r" '[\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{M}]+', 'a', 'g'), '\p{Lu}+', 'A', 'g'), '\p{N}', '9', 'g'), chr(1), '汉', 'g')"
)
_SHOWN_SHAPES = 3
_LONGEST_SHAPE = 60


@dataclass(frozen=True)
class ColumnProfile:
    """One column. Shares lie between 0 and 1: `filled` of the rows, `conforming` of the delivered values to `type`,
    `valid` of the values of an identifier (None for other columns), `shapes` as (shape, share of the values).
    `distinct` is approximate. `least` and `greatest` are texts, None where they would show a person's data."""

    name: str
    type: str
    filled: float
    distinct: int
    conforming: float
    kind: str | None
    valid: float | None
    least: str | None
    greatest: str | None
    shapes: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Profile:
    """Columns of `rows` rows; `refused` rows are in quarantine and not among them."""

    rows: int
    refused: int
    columns: tuple[ColumnProfile, ...]


def profile_object(home: Home, obj: ObjectContract) -> Profile:
    """What stands in raw of one object, over all delivery days."""
    files = [p for p in sorted(home.raw(obj.source, obj.name).glob("dt=*/*.parquet")) if p.name != "_empty.parquet"]
    refused = sorted(home.quarantine(obj.source, obj.name).glob("dt=*/*.parquet"))
    with duckdb.connect() as con:
        if not files:
            return Profile(0, _count(con, refused), ())
        con.execute(f"CREATE VIEW rows AS SELECT * FROM {_parquet(files)}")
        there = {str(row[0]) for row in con.execute("DESCRIBE rows").fetchall()}
        fields = [f for f in obj.fields if f.name in there]
        return _profile(con, [(f, f'"{f.name}"', _misfits(con, refused, f)) for f in fields], _count(con, refused))


def profile_file(path: Path) -> Profile:
    """What stands in a file that need not have a contract; types and identifiers are guessed. Raises SampleError."""
    sample = read_sample(path)
    columns = guess_columns(sample, "sample", guess_region(sample)[0])
    fields = []
    for i, c in enumerate(columns):
        text = f"nullif(trim(c{i}, E' \\t\\r\\n'), '')"
        cell = cast(c.field(), text, "UTC")
        is_number = c.facts.share("number") >= 0.5 and c.type == "string" and c.role is None
        misfits = c.facts.filled - c.facts.hits["number"] if is_number else 0
        fields.append((c.field(), cell, misfits))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("rows", sample.table())
        return _profile(con, fields, sample.broken)


def _profile(con: duckdb.DuckDBPyConnection, fields: Sequence[tuple[Field, str, int]], refused: int) -> Profile:
    ((rows,),) = con.execute("SELECT count(*) FROM rows").fetchall()
    return Profile(int(rows), refused, tuple(_column(con, f, cell, misfits, int(rows)) for f, cell, misfits in fields))


def _column(con: duckdb.DuckDBPyConnection, f: Field, cell: str, misfits: int, rows: int) -> ColumnProfile:
    valid = f"({_VALID.get(f.kind, 'true')}) AND {_NAMES_SOMETHING}" if f.kind else "true"
    hidden = f.personal or f.kind is not None or f.type in ("string", "text", "json", "boolean")
    bounds = "NULL, NULL" if hidden else "min(w)::VARCHAR, max(w)::VARCHAR"
    filled, distinct, good, least, greatest = con.execute(f"""
      SELECT count(v), approx_count_distinct(v), count(*) FILTER (coalesce({valid}, false)), {bounds}
      FROM (SELECT w, w::VARCHAR AS v FROM (SELECT {cell} AS w FROM rows)) WHERE v IS NOT NULL""").fetchall()[0]
    shapes: list[tuple[str, float]] = []
    if f.type == "string" and filled:
        found = con.execute(f"""
          SELECT {_SHAPE} AS shape, count(*) AS n FROM (SELECT {cell}::VARCHAR AS v FROM rows) WHERE v IS NOT NULL
          GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_SHOWN_SHAPES}""").fetchall()
        shapes = [(_counted(shape), round(count / filled, 4)) for shape, count in found]
    return ColumnProfile(
        name=f.name,
        type=f.type,
        filled=round(filled / rows, 4) if rows else 0.0,
        distinct=min(int(distinct), int(filled)),
        conforming=_conforming(f, int(filled), misfits),
        kind=f.kind,
        valid=round(good / filled, 4) if f.kind and filled else None,
        least=least,
        greatest=greatest,
        shapes=tuple(shapes),
    )


def _conforming(f: Field, filled: int, misfits: int) -> float:
    """In a file misfits are among the values, in raw they were refused and are not."""
    whole = filled if f.type == "string" else filled + misfits
    return round((whole - misfits) / whole, 4) if whole else 1.0


def _counted(shape: str) -> str:
    text = re.sub(r"9+", lambda m: "9" if len(m[0]) == 1 else f"9{{{len(m[0])}}}", shape)
    return text if len(text) <= _LONGEST_SHAPE else text[: _LONGEST_SHAPE - 1] + "…"


def _misfits(con: duckdb.DuckDBPyConnection, refused: Sequence[Path], f: Field) -> int:
    """Refused rows in which this field was not of its type."""
    if not refused or f.type in ("string", "text", "json"):
        return 0
    ((count,),) = con.execute(
        f"SELECT count(*) FROM {_parquet(refused)} WHERE contains(reasons, {literal(f'field {f.name}: not a')})"
    ).fetchall()
    return int(count)


def _count(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> int:
    return int(con.execute(f"SELECT count(*) FROM {_parquet(files)}").fetchall()[0][0]) if files else 0


def _parquet(files: Sequence[Path]) -> str:
    listed = ", ".join(literal(path) for path in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


__all__ = ["ColumnProfile", "Profile", "profile_file", "profile_object"]
