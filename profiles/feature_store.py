"""Building `features.lmdb` from the marts: feature rows, aliases and identifier hashes, in one sorted pass each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from profiles import identifiers
from profiles.consent import DENIED, GRANTED, UNKNOWN
from profiles.lmdb_store import ALIAS, IDENTIFIER, META, PROFILE, StoreWriter
from profiles.rows import packer, quoted, select_expression

_BATCH_ROWS = 10_000


@dataclass(frozen=True)
class FeatureStoreCounts:
    """What was written: profiles with a row, retired ids, and identifiers that name exactly one profile."""

    profiles: int
    aliases: int
    identifiers: int


def build_feature_store(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    marts: str,
    pii: str,
    key: bytes,
    meta: Mapping[str, object],
) -> FeatureStoreCounts:
    """Write the LMDB file at `path` from the catalogs `marts` and `pii` attached in `con`.

    Every profile of `customer_profile` gets a row, with nulls where it has no features. A trusted identifier that
    belongs to several profiles is left out. `meta` (version, as_of, created_at …) is stored beside the column list.
    """
    columns = con.execute(f"DESCRIBE {marts}.features.profile_features").fetchall()
    selected = [select_expression(str(name), str(kind)) for name, kind, *_ in columns if name != "profile_id"]
    purposes = [
        (str(purpose), str(channel))
        for purpose, channel in con.execute(
            f"SELECT DISTINCT purpose, coalesce(channel, '') FROM {marts}.profiles.consent"
            " WHERE purpose IS NOT NULL ORDER BY ALL"
        ).fetchall()
    ]
    head = {
        **meta,
        "columns": [asdict(column) for _, column in selected],
        "consents": [list(pair) for pair in purposes],
    }
    with StoreWriter(path) as writer:
        writer.write([(META, packer()(head))])
        aliases = writer.write(_aliases(con, marts))
        hashes = writer.write(_identifiers(con, pii, key))
        profiles = writer.write(_rows(con, marts, [expression for expression, _ in selected], purposes))
    return FeatureStoreCounts(profiles, aliases, hashes)


def _aliases(con: duckdb.DuckDBPyConnection, marts: str) -> Iterator[tuple[bytes, bytes]]:
    """Retired id → profile id; an empty value stands for an erased one."""
    reader = con.sql(
        f"SELECT alias_profile_id::VARCHAR AS alias, any_value(profile_id::VARCHAR) AS profile_id"
        f" FROM {marts}.profiles.profile_aliases WHERE alias_profile_id IS NOT NULL GROUP BY alias ORDER BY alias"
    ).to_arrow_reader(_BATCH_ROWS)
    for batch in reader:
        for alias, profile_id in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield ALIAS + alias.encode(), (profile_id or "").encode()


def _identifiers(con: duckdb.DuckDBPyConnection, pii: str, key: bytes) -> Iterator[tuple[bytes, bytes]]:
    inner_pad, outer_pad = identifiers.hash_pads(key)
    columns = {str(row[0]) for row in con.execute(f"DESCRIBE {pii}.identifiers").fetchall()}
    # Identity folds some providers' addresses into one (dots, plus tags), so an address also counts as it was written.
    value = "unnest(CASE WHEN kind = 'email' THEN [value, value_raw] ELSE [value] END)"
    values = f"{value} AS value" if "value_raw" in columns else "value"
    normal = identifiers.normalised_sql("kind", "value")
    hashed = identifiers.hash_sql("kind", "namespace", "normal_value", "$inner_pad", "$outer_pad")
    reader = con.sql(
        f"""
        WITH written AS (
            SELECT profile_id, kind, namespace, {values} FROM {pii}.identifiers WHERE is_trusted
        ), trusted AS (
            SELECT kind, coalesce(namespace, '') AS namespace, {normal} AS normal_value,
                   min(profile_id::VARCHAR) AS profile_id, count(DISTINCT profile_id) AS profiles
            FROM written WHERE value IS NOT NULL AND profile_id IS NOT NULL
            GROUP BY ALL
        )
        SELECT {hashed} AS hash, profile_id FROM trusted WHERE profiles = 1 ORDER BY hash
        """,
        params={"inner_pad": inner_pad, "outer_pad": outer_pad},
    ).to_arrow_reader(_BATCH_ROWS)
    for batch in reader:
        for digest, profile_id in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield IDENTIFIER + digest, profile_id.encode()


def _rows(
    con: duckdb.DuckDBPyConnection, marts: str, expressions: list[str], purposes: list[tuple[str, str]]
) -> Iterator[tuple[bytes, bytes]]:
    """One row per profile: the consent states in the order of `purposes`, and the feature values."""
    states = ", ".join(
        f"coalesce(max(state) FILTER (purpose = {_literal(purpose)} AND channel = {_literal(channel)}), {UNKNOWN})"
        for purpose, channel in purposes
    )
    features = ", ".join([quoted("profile_id"), *expressions])
    reader = con.sql(
        f"""
        WITH stated AS (
            SELECT profile_id, purpose, coalesce(channel, '') AS channel,
                   CASE WHEN bool_or(state = 'denied') THEN {DENIED}
                        WHEN bool_or(state = 'granted') THEN {GRANTED} ELSE {UNKNOWN} END AS state
            FROM {marts}.profiles.consent GROUP BY ALL
        ), consents AS (
            SELECT profile_id, [{states}] AS _consents FROM stated GROUP BY profile_id
        ), features AS (SELECT {features} FROM {marts}.features.profile_features)
        SELECT profile.profile_id::VARCHAR, consents._consents, features.* EXCLUDE (profile_id)
        FROM {marts}.profiles.customer_profile AS profile
        LEFT JOIN features USING (profile_id)
        LEFT JOIN consents USING (profile_id)
        ORDER BY profile.profile_id::VARCHAR
        """
    ).to_arrow_reader(_BATCH_ROWS)
    pack = packer()
    for batch in reader:
        for profile_id, consents, *values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield PROFILE + profile_id.encode(), pack((consents, values))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
