"""Compares what two snapshots say of everybody who was not erased, row by row."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from looking import ANY, is_planted

_OF_A_PROFILE = ("profile_id", "alias_profile_id", "related_profile_id", "profile_id_l", "profile_id_r")
# What is worked out over all people together moves when some of them leave. These columns are compared apart, and told.
# Every column of a table: "*".
_RANKS = (
    "rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_class", "rfm_recency_decile", "rfm_frequency_decile",
    "rfm_monetary_decile",
)  # fmt: skip
# models fitted to all buyers, what the same things cost everybody, what everybody answers to
_AGAINST_EVERYBODY = (
    "expected_orders_12m", "expected_order_amount", "lifetime_value_12m", "active_probability", "churn_probability_90d",
    "price_index_12m", "price_sensitivity", "likely_channel", "likely_channel_basis", "next_best_channel",
    "next_best_channel_score", "next_best_channel_basis", "next_best_hour_local", "next_best_weekday_local",
    "next_best_time_basis",
)  # fmt: skip
_OF_THE_HOUSEHOLD = (
    "household_size", "household_orders_12m", "household_net_amount_12m", "household_last_order_at",
    "household_spend_share", "is_household_top_buyer",
)  # fmt: skip
RELATIVE: Mapping[str, tuple[str, ...]] = {
    "features.profile_features": ("as_of", *_RANKS, *_AGAINST_EVERYBODY, *_OF_THE_HOUSEHOLD),
    "features.recommended_coupons": ("*",),  # by how many others redeemed them
    "profiles.customer_profile": ("household_id",),  # named after its least profile id
    "profiles.households": ("*",),
    # what an identifier proves, and the weight of links within a profile, hang on who else has the same
    "pii.identifiers": ("is_trusted", "reason"),
    "pii.edges": ("*",),
    "pii.review_queue": ("*",),
    "segments.events": ("cursor",),
}
_SEGMENTS = Path(__file__).parents[2] / "dbt_project" / "segments"


def relative_segments() -> list[str]:
    """Segments whose definitions ask for one of these features, or for such a segment."""
    words = re.compile(rf"\b({'|'.join((*_RANKS, *_AGAINST_EVERYBODY, *_OF_THE_HOUSEHOLD))})\b")
    texts = {path.stem: path.read_text(encoding="utf-8") for path in _SEGMENTS.glob("*.yml")}
    found = {name for name, text in texts.items() if words.search(text)}
    while more := {
        name for name, text in texts.items() if name not in found and any(re.search(rf"\b{o}\b", text) for o in found)
    }:
        found |= more
    return sorted(found)


@dataclass(frozen=True)
class Comparison:
    """Two snapshots, without the erased. By table: rows of others that were `compared`, how they `changed`, and how
    many rows `moved` in what is worked out over all people together."""

    compared: Mapping[str, int]
    changed: Mapping[str, str]
    moved: Mapping[str, int]

    @property
    def told(self) -> str:
        told = f"unchanged: {sum(self.compared.values()):,} rows in {len(self.compared)} published tables"
        moved = ", ".join(f"{table} {n:,}" for table, n in sorted(self.moved.items()))
        return f"{told}; worked out over all people, other than before: {moved or 'none'}"


def planted_profiles(current: Path, planted_ids: Collection[str]) -> tuple[dict[str, list[str]], Counter[str]]:
    """Profiles that hold a planted value, each with its records; and those of the records of which nothing is planted,
    by source and object: erasing such a profile would take somebody of the sample along. `planted_ids` are the ids that
    copies were given.
    """
    with duckdb.connect(str(current / "pii.duckdb"), read_only=True) as con:
        named = {
            (profile, record)
            for table in ("records", "identifiers")
            for profile, record, text in con.execute(
                f"SELECT profile_id, record_id, t::VARCHAR FROM {table} t WHERE regexp_matches(t::VARCHAR, $p, 'i')",
                {"p": ANY},
            ).fetchall()
            if is_planted(text)
        }
        profiles = {profile for profile, _ in named}
        members = con.execute(
            "SELECT profile_id, record_id FROM records WHERE list_contains($p, profile_id) ORDER BY ALL",
            {"p": sorted(profiles)},
        ).fetchall()
        by_id = con.execute(
            """SELECT DISTINCT record_id FROM (
              SELECT record_id, split_part(record_id, ':', 3) AS id FROM records
              UNION ALL SELECT record_id, value FROM identifiers UNION ALL SELECT record_id, value_raw FROM identifiers)
            WHERE lower(id) IN (SELECT lower(unnest($ids::VARCHAR[])))""",
            {"ids": sorted(planted_ids)},
        ).fetchall()
    own = {record for _, record in named} | {record for (record,) in by_id}
    strangers = Counter(record.rpartition(":")[0] for _, record in members if record not in own)
    found: dict[str, list[str]] = {}
    for profile, record in members:
        found.setdefault(profile, []).append(record)
    return found, strangers


def keep_snapshot(home: Path, target: Path) -> Path:
    """A copy of the published snapshot outside of the home."""
    shutil.copytree((home / "published" / "current").resolve(), target)
    return target


def compare(before: Path, after: Path, erased: Collection[str]) -> Comparison:
    """What two snapshots say of everybody but the erased."""
    compared: dict[str, int] = {}
    changed: dict[str, str] = {}
    moved: dict[str, int] = {}
    with duckdb.connect() as con:
        con.execute("CREATE TABLE erased AS SELECT unnest($e::VARCHAR[]) AS profile_id", {"e": sorted(erased)})
        con.execute("CREATE TABLE relative AS SELECT unnest($s::VARCHAR[]) AS segment", {"s": relative_segments()})
        for name, old, new in _tables(con, before, after):
            columns = [str(r[0]) for r in con.execute(f"DESCRIBE SELECT * FROM {old}").fetchall()]
            of = [c for c in _OF_A_PROFILE if c in columns]
            if not of:
                continue
            relative = RELATIVE.get(name, ())
            kept = [c for c in columns if c not in relative and "*" not in relative]
            others = " AND ".join(f'("{c}" IS NULL OR "{c}" NOT IN (SELECT profile_id FROM erased))' for c in of)
            if "segment" in columns:
                others += " AND segment NOT IN (SELECT segment FROM relative)"
            # a number that only one profile has left is found by its keyed hash, no longer by this table
            others += " AND kind = 'name'" if name == "pii.search_index" else ""
            # what became of an alias of an erased profile
            others += " AND profile_id IS NOT NULL" if name == "profiles.profile_aliases" else ""

            def rows(of: Sequence[str], others: str = others, old: str = old, new: str = new) -> tuple[str, str]:
                listed = ", ".join(f'"{c}"' for c in of)
                return f"SELECT {listed} FROM {old} WHERE {others}", f"SELECT {listed} FROM {new} WHERE {others}"

            if kept:
                mine, theirs = rows(kept)
                n, lost, gained = _counts(con, mine, theirs)
                compared[name] = n
                if lost or gained:
                    changed[name] = f"-{lost} +{gained}{_columns(con, mine, theirs, kept)}"
            if relative and (lost_too := max(_counts(con, *rows(columns))[1:])):
                moved[name] = lost_too
    return Comparison(compared, changed, moved)


def _counts(con: duckdb.DuckDBPyConnection, mine: str, theirs: str) -> tuple[int, int, int]:
    """Rows of `mine`, rows that `theirs` lacks, rows that it has more."""
    ((rows, lost, gained),) = con.execute(
        f"""SELECT (SELECT count(*) FROM ({mine})), (SELECT count(*) FROM ({mine} EXCEPT ALL {theirs})),
        (SELECT count(*) FROM ({theirs} EXCEPT ALL {mine}))"""
    ).fetchall()
    return int(rows), int(lost), int(gained)


def _columns(con: duckdb.DuckDBPyConnection, mine: str, theirs: str, columns: Sequence[str]) -> str:
    """Which columns differ, where a profile has one row."""
    if "profile_id" not in columns:
        return ""
    ((rows, profiles),) = con.execute(f"SELECT count(*), count(DISTINCT profile_id) FROM ({mine})").fetchall()
    if rows != profiles:
        return ""
    told = ", ".join(f'count(*) FILTER (a."{c}" IS DISTINCT FROM b."{c}")' for c in columns)
    counts = con.execute(f"SELECT {told} FROM ({mine}) a JOIN ({theirs}) b USING (profile_id)").fetchall()[0]
    return " in " + ", ".join(f"{c} ({n})" for c, n in zip(columns, counts, strict=True) if n)


def _tables(con: duckdb.DuckDBPyConnection, before: Path, after: Path) -> Iterator[tuple[str, str, str]]:
    for file in ("marts", "pii"):
        con.execute(f"ATTACH '{before / f'{file}.duckdb'}' AS {file}_before (READ_ONLY)")
        con.execute(f"ATTACH '{(after / f'{file}.duckdb').resolve()}' AS {file}_after (READ_ONLY)")
        tables = con.execute(
            f"SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = '{file}_before' ORDER BY ALL"
        ).fetchall()
        for schema, table in tables:
            name = f"{schema}.{table}" if file == "marts" else f"pii.{table}"
            yield name, f'{file}_before."{schema}"."{table}"', f'{file}_after."{schema}"."{table}"'
    timeline = [f"read_parquet('{folder.resolve() / 'timeline'}/*.parquet')" for folder in (before, after)]
    yield "timeline", timeline[0], timeline[1]
