"""What the feature file is made of, as sorted keys and values: retired ids, identifier hashes and feature rows.

Each kind can be asked for whole, or only for the keys that changes of its tables touch; a key that is no more comes
with None for its value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from heapq import merge
from operator import itemgetter
from typing import Any

import duckdb

from profiles import identifiers
from profiles.consent import DENIED, GRANTED, UNKNOWN
from profiles.lmdb_store import ALIAS, IDENTIFIER, PROFILE
from profiles.rows import is_dated, literal, packed_row, packer, quoted, select_expression

_BATCH_ROWS = 10_000

Item = tuple[bytes, bytes]
Edit = tuple[bytes, bytes | None]


class FeatureRows:
    """Keys and values out of the catalogs `marts` and `pii` attached in `con`; `key` is that of the lookups.

    Tables named by `touched` are temporary ones that hold the keys of changed rows, see `publish_tables.KEPT_KEYS`.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, marts: str, pii: str, key: bytes) -> None:
        self._con = con
        self._marts = marts
        self._pii = pii
        self._pads = identifiers.hash_pads(key)
        columns = con.execute(f"DESCRIBE {marts}.features.profile_features").fetchall()
        self._selected = [select_expression(str(name), str(kind)) for name, kind, *_ in columns if name != "profile_id"]
        self._purposes = [
            (str(purpose), str(channel))
            for purpose, channel in con.execute(
                f"SELECT DISTINCT purpose, coalesce(channel, '') FROM {marts}.profiles.consent"
                " WHERE purpose IS NOT NULL ORDER BY ALL"
            ).fetchall()
        ]

    def head(self) -> dict[str, object]:
        """How rows are to be read: rows made under another head cannot stand beside these."""
        return {
            "columns": [asdict(column) for _, column in self._selected],
            "dated": [column.name for _, column in self._selected if is_dated(column.name)],
            "consents": [list(pair) for pair in self._purposes],
        }

    def aliases(self, touched: str = "") -> Iterator[Edit]:
        """Retired id → profile id; an empty value stands for an erased one."""
        table = f"{self._marts}.profiles.profile_aliases"
        found = (
            "SELECT alias_profile_id::VARCHAR AS alias, profile_id::VARCHAR AS profile_id, true AS is_there"
            f" FROM {table}"
        )
        if touched:
            found += (
                f" WHERE alias_profile_id IN (SELECT alias_profile_id FROM {touched})"
                f" UNION ALL SELECT alias_profile_id::VARCHAR, NULL, false FROM {touched}"
            )
        for alias, profile_id, is_there in self._read(
            f"SELECT alias, any_value(profile_id), bool_or(is_there) FROM ({found}) WHERE alias IS NOT NULL"
            " GROUP BY alias ORDER BY alias"
        ):
            yield ALIAS + alias.encode(), (profile_id or "").encode() if is_there else None

    def identifiers(self, touched: str = "") -> Iterator[Edit]:
        """Keyed hash of a trusted identifier → its profile. One that belongs to several profiles is left out."""
        table = f"{self._pii}.identifiers"
        columns = {str(row[0]) for row in self._con.execute(f"DESCRIBE {table}").fetchall()}
        # Identity folds some providers' addresses into one (dots, plus tags): one also counts as it was written.
        value = "unnest(CASE WHEN kind = 'email' THEN [value, value_raw] ELSE [value] END)"
        values = f"{value} AS value" if "value_raw" in columns else "value"
        normal = f"kind, coalesce(namespace, '') AS namespace, {identifiers.normalised_sql('kind', 'value')} AS value"
        trusted = (
            f"SELECT {normal}, profile_id::VARCHAR AS profile_id FROM"
            f" (SELECT profile_id, kind, namespace, {values} FROM {table} WHERE is_trusted)"
            " WHERE value IS NOT NULL AND profile_id IS NOT NULL"
        )
        if touched:
            trusted = (
                f"WITH touched AS (SELECT DISTINCT {normal} FROM"
                f" (SELECT kind, namespace, {values} FROM {touched}) WHERE value IS NOT NULL)"
                f" SELECT * FROM ({trusted}) SEMI JOIN touched USING (kind, namespace, value)"
                " UNION ALL SELECT *, NULL FROM touched"
            )
        hashed = identifiers.hash_sql("kind", "namespace", "value", "$inner_pad", "$outer_pad")
        wanted = "" if touched else "WHERE profile_id IS NOT NULL"
        for digest, profile_id in self._read(
            f"SELECT {hashed} AS hash, profile_id FROM ("
            # least and greatest tell one profile from several; counting the distinct ones costs as much as all the rest
            "SELECT kind, namespace, value, CASE WHEN min(profile_id) = max(profile_id) THEN min(profile_id) END"
            f" AS profile_id FROM ({trusted}) GROUP BY kind, namespace, value) {wanted} ORDER BY hash",
            {"inner_pad": self._pads[0], "outer_pad": self._pads[1]},
        ):
            yield IDENTIFIER + digest, None if profile_id is None else profile_id.encode()

    def profiles(self, touched: Sequence[str] | None = None) -> Iterator[Edit]:
        """Profile id → packed consent states and feature values, nulls where a profile has no features."""
        if touched is None:
            return self._rows("")
        if not touched:
            return iter(())
        ids = " UNION ".join(f"SELECT profile_id::VARCHAR AS profile_id FROM {table}" for table in touched)
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE touched_profiles AS {ids}")
        gone = self._read(
            "SELECT profile_id FROM touched_profiles WHERE profile_id IS NOT NULL AND profile_id NOT IN"
            f" (SELECT profile_id::VARCHAR FROM {self._marts}.profiles.customer_profile) ORDER BY profile_id"
        )
        # read to the end before the rows are asked for: a connection has one result at a time
        removed: list[Edit] = [(PROFILE + profile_id.encode(), None) for (profile_id,) in gone]
        return merge(self._rows("SEMI JOIN touched_profiles USING (profile_id)"), removed, key=itemgetter(0))

    def _rows(self, restricted: str) -> Iterator[Edit]:
        states = ", ".join(
            f"coalesce(max(state) FILTER (purpose = {literal(purpose)} AND channel = {literal(channel)}), {UNKNOWN})"
            for purpose, channel in self._purposes
        )
        by_kind = sorted(self._selected, key=lambda each: is_dated(each[1].name))
        features = ", ".join([quoted("profile_id"), *(expression for expression, _ in by_kind)])
        first_dated = sum(not is_dated(column.name) for _, column in by_kind)
        marts = self._marts
        found = self._read(
            f"""
            WITH stated AS (
                SELECT profile_id, purpose, coalesce(channel, '') AS channel,
                       CASE WHEN bool_or(state = 'denied') THEN {DENIED}
                            WHEN bool_or(state = 'granted') THEN {GRANTED} ELSE {UNKNOWN} END AS state
                FROM {marts}.profiles.consent {restricted} GROUP BY ALL
            ), consents AS (
                SELECT profile_id, [{states}] AS _consents FROM stated GROUP BY profile_id
            ), features AS (SELECT {features} FROM {marts}.features.profile_features {restricted})
            SELECT profile.profile_id::VARCHAR, consents._consents, features.* EXCLUDE (profile_id)
            FROM (FROM {marts}.profiles.customer_profile {restricted}) AS profile
            LEFT JOIN features USING (profile_id)
            LEFT JOIN consents USING (profile_id)
            ORDER BY profile.profile_id::VARCHAR
            """
        )
        pack = packer()
        for profile_id, consents, *values in found:
            row = packed_row(pack, consents, values[:first_dated], values[first_dated:])
            yield PROFILE + profile_id.encode(), row

    def dated(self) -> Iterator[Item]:
        """Profile id → packed values of the columns that move with the day, of everybody with features."""
        listed = ", ".join(expression for expression, column in self._selected if is_dated(column.name))
        if not listed:
            return
        pack = packer()
        for profile_id, *values in self._read(
            f"SELECT profile_id::VARCHAR, {listed} FROM {self._marts}.features.profile_features"
            " ORDER BY profile_id::VARCHAR"
        ):
            yield PROFILE + profile_id.encode(), pack(values)

    def _read(self, sql: str, parameters: dict[str, object] | None = None) -> Iterator[tuple[Any, ...]]:
        reader = self._con.sql(sql, params=parameters or {}).to_arrow_reader(_BATCH_ROWS)
        for batch in reader:
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
