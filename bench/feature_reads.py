"""Cost of a decoded feature read against a bare LMDB get, on generated rows.

    python bench/feature_reads.py [--profiles 200000] [--features 100] [--reads 100000]

Both read the same random ids from the same file. The bare get begins a transaction and copies the packed value; the
decoded read looks at `published/current`, gets, unpacks, and hands out all values in Python types. Prints one line per
way of reading: microseconds for one row and the ratio to the bare get. The best of five rounds counts, because the
machine is shared.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from profiles import FeatureReader, FeatureRow, layout
from profiles.feature_store import build_feature_store
from profiles.identifiers import ensure_key
from profiles.lmdb_store import PROFILE, open_store

ROUNDS = 5


def build(published: Path, profiles: int, features: int) -> float:
    """A feature file of generated rows behind `published/current`. Returns the seconds it took to build."""
    snapshot = published / "20250101-000001"
    snapshot.mkdir(parents=True)
    columns = ", ".join(
        (
            f"(hash(i, {n}) % 1000)::INTEGER AS count_{n}",
            f"(hash(i, {n}) % 100000)::DOUBLE / 100 AS amount_{n}",
            f"CASE WHEN i % 3 > 0 THEN (hash(i, {n}) % 365)::DOUBLE / 365 END AS share_{n}",
            f"'category ' || hash(i, {n}) % 50 AS favourite_{n}",
            f"DATE '2024-01-01' + (hash(i, {n}) % 365)::INTEGER AS last_date_{n}",
        )[(0, 1, 2, 0, 1, 2, 0, 1, 3, 4)[n % 10]]
        for n in range(features)
    )
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA profiles; CREATE SCHEMA features")
        con.execute(
            "CREATE TABLE profiles.customer_profile AS"
            f" SELECT md5(i::VARCHAR) AS profile_id, i FROM range({profiles}) t(i)"
        )
        con.execute(
            f"CREATE TABLE features.profile_features AS SELECT profile_id, {columns} FROM profiles.customer_profile"
        )
        con.execute("CREATE TABLE profiles.profile_aliases (alias_profile_id VARCHAR, profile_id VARCHAR)")
        con.execute(
            "CREATE TABLE profiles.consent AS SELECT profile_id, 'marketing' AS purpose, channel, 'granted' AS state"
            " FROM profiles.customer_profile, (VALUES ('email'), ('sms')) c(channel)"
        )
        con.execute(
            "CREATE TABLE identifiers AS SELECT profile_id, 'email' AS kind, '' AS namespace,"
            " 'user' || i || '@example.com' AS value, true AS is_trusted FROM profiles.customer_profile"
        )
        started = time.perf_counter()
        build_feature_store(
            con,
            snapshot / layout.FEATURES,
            marts="memory",
            pii="memory.main",
            key=ensure_key(layout.lookup_key_path(published.parent)),
            meta={"version": snapshot.name, "as_of": "2025-01-01", "created_at": datetime.now(UTC).isoformat()},
        )
        seconds = time.perf_counter() - started
    (published / layout.CURRENT).symlink_to(snapshot.name)
    return seconds


def microseconds(read: Callable[[Sequence[str]], object], ids: Sequence[str]) -> float:
    """Best mean time of one row over some rounds of reading all `ids`."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        read(ids)
        best = min(best, time.perf_counter() - started)
    return best / len(ids) * 1e6


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profiles", type=int, default=200_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--reads", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        published = Path(folder) / "published"
        seconds = build(published, arguments.profiles, arguments.features)
        size = (published / layout.CURRENT / layout.FEATURES).stat().st_size
        print(
            f"built {arguments.profiles:,} rows of {arguments.features} features"
            f" in {seconds:.1f} s, {size / 1e6:.0f} MB"
        )
        with duckdb.connect() as con:
            known = [
                str(row[0])
                for row in con.execute(f"SELECT md5(i::VARCHAR) FROM range({arguments.profiles}) t(i)").fetchall()
            ]
        ids = random.Random(7).choices(known, k=arguments.reads)  # noqa: S311
        reader = FeatureReader(published)
        store = open_store(published / "20250101-000001" / layout.FEATURES)

        def bare(wanted: Sequence[str]) -> None:
            get = store.get
            for profile_id in wanted:
                get(PROFILE + profile_id.encode())

        def decoded(wanted: Sequence[str]) -> None:
            get = reader.get
            for profile_id in wanted:
                row = get(profile_id)
                assert row is not None
                row.as_dict()

        def one_feature(wanted: Sequence[str]) -> None:
            get = reader.get
            for profile_id in wanted:
                row = get(profile_id)
                assert row is not None
                row["amount_1"]

        def batches(wanted: Sequence[str]) -> None:
            for start in range(0, len(wanted), 100):
                for row in reader.get_many(wanted[start : start + 100]).values():
                    assert isinstance(row, FeatureRow)
                    row.as_dict()

        emails = [
            f"user{number}@example.com"
            for number in random.Random(8).choices(range(arguments.profiles), k=arguments.reads)  # noqa: S311
        ]

        def by_email(wanted: Sequence[str]) -> None:
            for value in wanted:
                assert reader.get_by_identifier("email", value) is not None

        base = microseconds(bare, ids)
        print(f"{'bare get':<32}{base:8.2f} µs")
        for name, read, wanted in (
            ("get, all features", decoded, ids),
            ("get, one feature", one_feature, ids),
            ("get_many of 100, all features", batches, ids),
            ("get_by_identifier", by_email, emails),
        ):
            cost = microseconds(read, wanted)
            print(f"{name:<32}{cost:8.2f} µs{cost / base:6.1f} × bare")


if __name__ == "__main__":
    main()
