"""A small graph of records, edges and judgements, clustered by the real code."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import pytest

from identity.clustering import cluster
from identity.features import build_features
from identity.normalise import normalise
from identity.rules import Rules
from identity.values import judged_identifiers_sql

_TEXTS = (
    "record_id, source, entity_type, given_name, middle_name, family_name, full_name, native_name, organisation, "
    "birth_date, gender, street, unit, locality, region, postcode, country, address, default_region"
)


@cache
def feature_columns() -> tuple[tuple[str, str], ...]:
    """Name and type of every column of `features`, as the real code builds it from no records."""
    with duckdb.connect() as con:
        texts = ", ".join(f"{name} varchar" for name in _TEXTS.split(", "))
        con.execute(f"create table r ({texts}, created_at timestamp)")
        con.execute(
            """create table i (record_id varchar, kind varchar, namespace varchar, value_raw varchar,
            is_trusted boolean, reason varchar, default_region varchar, first_seen_at timestamp,
            last_seen_at timestamp)"""
        )
        normalise(con, "r", "i", out_records="nr", out_identifiers="ni")
        con.execute(
            "create table flags (kind varchar, namespace varchar, value varchar, reason varchar, n_names integer)"
        )
        con.execute(f"create view judged as {judged_identifiers_sql('ni', 'flags')}")
        build_features(con, "nr", "judged", Rules(), out="features")
        return tuple((row[0], row[1]) for row in con.execute("describe features").fetchall())


@pytest.fixture
def column_names() -> set[str]:
    """Names of the columns of `features`."""
    return {name for name, _ in feature_columns()}


@dataclass
class Graph:
    """Records by number, edges with rank and bits; `clusters` runs the clustering."""

    con: duckdb.DuckDBPyConnection

    def __post_init__(self) -> None:
        columns = ", ".join(f'"{n}" {"bigint" if n == "unique_id" else t}' for n, t in feature_columns())
        self.con.execute(f"create table features ({columns})")
        self.con.execute(
            "create table edges (unique_id_l bigint, unique_id_r bigint, rank integer, match_weight double)"
        )
        self.con.execute("create table forbidden (unique_id_l bigint, unique_id_r bigint)")
        self.con.execute(
            """create table identifiers (record_id varchar, kind varchar, namespace varchar, value varchar,
            is_trusted boolean)"""
        )

    def person(self, number: int, given: str | None = None, family: str | None = None, dob: str | None = None,
               *, emails: list[str] | None = None, phones: list[str] | None = None, **more: Any) -> None:  # fmt: skip
        """Add a record; e-mails and phones are its own (used under one name only)."""
        row: dict[str, Any] = {
            "unique_id": number, "record_id": f"r{number}", "entity_type": "person", "given": given, "given_c": given,
            "given_i": given[:1] if given else None, "given_bag": "".join(sorted(given)) if given else None,
            "family": family, "family_bag": "".join(sorted(family)) if family else None,
            "name_key": f"{given} {family}" if given and family else None,
            "dob": dob, "birthday": dob[5:] if dob else None,
            "emails": emails, "own_emails": emails, "phones": phones, "own_phones": phones, **more,
        }  # fmt: skip
        names = ", ".join(row)
        self.con.execute(f"insert into features ({names}) values ({', '.join('?' * len(row))})", list(row.values()))

    def link(self, left: int, right: int, bits: float, rank: int = 2) -> None:
        """Add an edge: rank 0 a judgement, 1 an identifier, 2 a score."""
        self.con.execute("insert into edges values (?, ?, ?, ?)", [min(left, right), max(left, right), rank, bits])

    def apart(self, left: int, right: int) -> None:
        """A person judged two records to be different."""
        self.con.execute("insert into forbidden values (?, ?)", [left, right])

    def identifier(self, number: int, kind: str, value: str, namespace: str = "", trusted: bool = True) -> None:
        """Give a record an identifier."""
        self.con.execute(
            "insert into identifiers values (?, ?, ?, ?, ?)", [f"r{number}", kind, namespace, value, trusted]
        )

    def clusters(self, rules: Rules | None = None, weighed: Set[str] = frozenset()) -> list[list[int]]:
        """The clusters, as sorted lists of record numbers."""
        cluster(
            self.con,
            "features",
            "edges",
            "forbidden",
            "identifiers",
            rules or Rules(),
            out="clusters",
            dropped="dropped",
            weighed=weighed,
        )
        rows = self.con.execute(
            "select list(unique_id order by unique_id) from clusters group by cluster_id order by 1"
        ).fetchall()
        return [ids for (ids,) in rows]

    def dropped(self) -> list[tuple[int, int, str]]:
        """The edges left out, with their reason."""
        return self.con.execute("select * from dropped order by all").fetchall()


@pytest.fixture
def graph() -> Iterator[Graph]:
    with duckdb.connect() as con:
        yield Graph(con)
