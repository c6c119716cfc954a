"""The cost of a publish that builds upon the last snapshot, beside one that writes everything from nothing.

    python bench/publish/run.py [--profiles 1000000] [--home DIR] [--share 0.01]

Makes a warehouse with every published table (`--home` keeps it, and uses it again where it is there) and publishes it:
from nothing; unchanged under a new fingerprint; with the records, identifiers, consents, segments, features and
interactions of a share of the profiles changed, the same day; and a day later, when the features of everybody differ.
Prints seconds, processor seconds of this process by step, the ratio of both to the full publish, and the bytes that the
new version does not share with the one before. After each publish every table is compared with the warehouse, row by
row through a hash. Exit code 1 where one differs.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1] / "console"))
from made import AS_OF, make_home

from profiles import GateBounds, publish
from profiles.manifest import Manifest
from profiles.publish_tables import literal, row_hash

FEW = "WHERE hash(profile_id, {round}) % 1000000 < {share} * 1000000"
SAME_DAY = (
    f"UPDATE features.profile_features SET orders_total = orders_total + 1 {FEW}",
    f"UPDATE profiles.customer_profile SET n_records = n_records + 1 {FEW}",
    f"UPDATE profiles.consent SET state = 'denied', source = 'call' {FEW}",
    f"UPDATE profiles.attribute_provenance SET n_agreeing = n_agreeing + 1 {FEW}",
    f"UPDATE segments.membership SET exited_at = DATE '2026-06-30' {FEW}",
    f"DELETE FROM segments.current {FEW}",
    f"UPDATE pii.records SET street = street || ' b' {FEW}",
    f"UPDATE pii.golden_record SET street = street || ' b' {FEW}",
    f"UPDATE pii.identifiers SET value = value || 'n', value_raw = value_raw || 'n' {FEW} AND kind = 'email'",
    "INSERT INTO pii.timeline SELECT * REPLACE (interaction_id || '-{round}' AS interaction_id,"
    f" occurred_at + INTERVAL 1 HOUR AS occurred_at) FROM pii.timeline {FEW}",
)
NEXT_DAY = (
    *SAME_DAY,
    "UPDATE features.profile_features SET as_of = as_of + 1, recency_days = recency_days + 1",
    "UPDATE segments.summary SET as_of = as_of + 1",
)


def change(warehouse: Path, statements: tuple[str, ...], number: int, share: float) -> None:
    with duckdb.connect(warehouse) as con:
        con.execute("SET enable_progress_bar = false")
        for statement in statements:
            con.execute(statement.replace("{round}", str(number)).replace("{share}", str(share)))


class Publisher:
    """Publishes the warehouse of a home again and again and says what each took."""

    def __init__(self, home: Path, profiles: int) -> None:
        self.home = home
        self.warehouse = home / "warehouse.duckdb"
        self.profiles = profiles
        self.whole = (0.0, 0.0)

    def publish(self, what: str, *, full: bool = False) -> bool:
        """Prints one line. Returns whether the snapshot holds what the warehouse holds."""
        steps: list[str] = []
        last = time.process_time()

        def step(name: str) -> None:
            nonlocal last
            now = time.process_time()
            if now - last >= 0.05:
                steps.append(f"{name} {now - last:.1f}")
            last = now

        started = time.perf_counter(), time.process_time()
        result = publish(
            self.home,
            warehouse=self.warehouse,
            as_of=AS_OF,
            run_id="bench",
            generation=1,
            model_version="m1",
            inputs_fingerprint=str(time.time_ns()),
            gate=GateBounds(expected_records=3 * self.profiles, ingest_reconciled=True),
            keep=2,
            full=full,
            on_step=step,
        )
        spent = time.perf_counter() - started[0], time.process_time() - started[1]
        self.whole = spent if full else self.whole
        snapshot = self.home / "published" / result.version
        of_whole = "" if full else "".join(f" {one / whole:6.0%}" for one, whole in zip(spent, self.whole, strict=True))
        print(f"{what:28} {spent[0]:7.1f} s  {spent[1]:7.1f} s cpu{of_whole or ' ' * 14}  own {own(snapshot):6.2f} GB")
        print(f"{'':30}{', '.join(steps)}", flush=True)
        wrong = differing(self.warehouse, snapshot)
        if wrong:
            print(f"{'':30}differ from the warehouse: {', '.join(wrong)}", flush=True)
        return not wrong


def own(snapshot: Path) -> float:
    """Gigabytes of the files that no other version has, too."""
    return (
        sum(path.stat().st_size for path in snapshot.rglob("*") if path.is_file() and path.stat().st_nlink == 1) / 1e9
    )


def differing(warehouse: Path, snapshot: Path) -> list[str]:
    """Published tables with other rows than the warehouse's."""
    wrong = []
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")
        for alias, path in (("w", warehouse), ("marts", snapshot / "marts.duckdb"), ("pii", snapshot / "pii.duckdb")):
            con.execute(f"ATTACH {literal(path)} AS {alias} (READ_ONLY)")
        for name in Manifest.read(snapshot).tables:
            schema, table = name.split(".")
            copy = f"pii.main.{table}" if schema == "pii" else f"marts.{name}"
            if name == "pii.timeline":
                copy = f"read_parquet({literal(snapshot / 'timeline' / '*.parquet')})"
            columns = [str(row[0]) for row in con.execute(f"DESCRIBE w.{name}").fetchall()]
            hashed = row_hash(columns, "t")
            sums = [
                con.execute(f"SELECT count(*), sum({hashed}), bit_xor({hashed}) FROM {each} t").fetchall()
                for each in (f"w.{name}", copy)
            ]
            if sums[0] != sums[1]:
                wrong.append(name)
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--profiles", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--share", type=float, default=0.01, help="of the profiles that change")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = options.home or Path(scratch) / "home"
        if not (home / "published" / "current").exists():
            make_home(home, options.profiles)
        publisher = Publisher(home, options.profiles)
        print(f"{options.profiles:,} profiles; per cent of the full publish by seconds and by processor seconds")
        sound = [publisher.publish("full", full=True), publisher.publish("nothing changed")]
        number = time.time_ns() % 1_000_000  # other profiles than in an earlier call on the same home
        change(publisher.warehouse, SAME_DAY, number, options.share)
        sound.append(publisher.publish(f"{options.share:.1%} changed, same day"))
        change(publisher.warehouse, NEXT_DAY, number + 1, options.share)
        sound.append(publisher.publish(f"{options.share:.1%} changed, next day"))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
