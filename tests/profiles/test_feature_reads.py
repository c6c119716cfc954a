"""Feature reads: values, retired and erased ids, identifiers, and a snapshot that is swapped under the reader."""

from __future__ import annotations

import hmac
import math
import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles import (
    Erased,
    FeatureReader,
    FeatureRow,
    LookupKeyMissing,
    NoSnapshot,
    ProfileErased,
    PublishResult,
    rollback,
    show_profile,
)
from profiles.feature_store import build_feature_store
from profiles.identifiers import hash_pads, hash_sql, identifier_hash, normalise_value, normalised_sql

Warehouse = Callable[..., Path]
Put = Callable[..., PublishResult]


def test_row_has_the_values_of_the_table_in_python_types(snapshot: Path) -> None:
    row = FeatureReader(snapshot).get("p1")
    assert row is not None
    expected = {
        "orders": 3,
        "net_amount": 120.5,
        "last_order_date": date(2025, 3, 1),
        "last_seen_at": datetime(2025, 3, 1, 10, 20, 30, 123456, tzinfo=UTC),
        "top_categories": ["咖啡", "tea"],
        "is_active": True,
    }
    assert row.as_dict() == expected
    assert dict(row) == expected
    assert list(row) == list(expected) and len(row) == 6
    assert row["last_order_date"] == date(2025, 3, 1)
    assert row.get("no_such_feature") is None
    with pytest.raises(KeyError):
        row["no_such_feature"]
    assert "咖啡" not in repr(row)


def test_profile_without_features_has_a_row_of_nulls_and_an_unknown_id_none(snapshot: Path) -> None:
    reader = FeatureReader(snapshot)
    row = reader.get("p3")
    assert row is not None and set(row.as_dict().values()) == {None}
    assert reader.get("p77") is None
    for odd in ("", "x" * 600, "\ud800"):
        assert reader.get(odd) is None
        assert reader.get_many([odd, "p1"])[odd] is None
        assert reader.lookup("email", odd) is None


def test_answers_name_their_snapshot_and_its_age(snapshot: Path) -> None:
    reader = FeatureReader(snapshot)
    row = reader.get("p2")
    assert row is not None
    assert (row.snapshot.version, row.snapshot.as_of) == ("20250301-000001", date(2025, 3, 1))
    assert 0 <= row.snapshot.age_seconds < 60
    assert reader.snapshot() == row.snapshot


def test_retired_ids_resolve_and_erased_ones_say_so(snapshot: Path) -> None:
    reader = FeatureReader(snapshot)
    row = reader.get("p9")
    assert row is not None and (row.profile_id, row.requested_id, row["orders"]) == ("p1", "p9", 3)
    with pytest.raises(ProfileErased, match="profile p8 was erased"):
        reader.get("p8")
    answers = reader.get_many(["p9", "p8", "p2", "p77"])
    assert list(answers) == ["p9", "p8", "p2", "p77"]
    first, third = answers["p9"], answers["p2"]
    assert isinstance(first, FeatureRow) and first.profile_id == "p1"
    assert isinstance(third, FeatureRow) and third["is_active"] is False
    assert answers["p8"] == Erased("p8", reader.snapshot())
    assert answers["p77"] is None


def test_consent_a_denial_wins_and_silence_is_a_no(snapshot: Path) -> None:
    reader = FeatureReader(snapshot)
    consents = {profile_id: row.consent for profile_id in ("p1", "p2", "p3") if (row := reader.get(profile_id))}
    assert consents["p1"].allows("marketing", "email")
    assert not consents["p1"].allows("marketing", "sms")
    assert not consents["p1"].allows("profiling", "email")
    assert not consents["p2"].allows("marketing", "email")
    assert not consents["p3"].allows("marketing", "sms")
    assert consents["p1"].granted() == [("marketing", "email")]
    assert consents["p3"].granted() == []


def test_consent_for_every_channel(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    put(
        make_warehouse(
            "DELETE FROM profiles.consent",
            """INSERT INTO profiles.consent VALUES ('p1', 'marketing', NULL, 'granted'),
               ('p1', 'marketing', 'sms', 'denied'), ('p2', 'marketing', NULL, 'denied'),
               ('p2', 'marketing', 'sms', 'granted'), ('p2', 'it''s', 'sms', 'granted')""",
        )
    )
    reader = FeatureReader(home / "published")
    one, two = reader.get("p1"), reader.get("p2")
    assert one is not None and two is not None
    assert one.consent.allows("marketing", "email") and not one.consent.allows("marketing", "sms")
    assert not two.consent.allows("marketing", "sms") and two.consent.allows("it's", "sms")


def test_lookup_by_trusted_identifiers_only(snapshot: Path) -> None:
    reader = FeatureReader(snapshot)
    assert reader.lookup("email", " XM@Example.com ") == "p1"
    assert reader.lookup("phone", "+86 139-1234-5678") == "p1"
    assert reader.lookup("phone", "0086 139 1234 5678") == "p1"
    assert reader.lookup("loyalty_id", "L-77", "square_pos") == "p1"
    assert reader.lookup("loyalty_id", "L-77", "other") == "p2"
    assert reader.lookup("loyalty_id", "L-77") is None
    assert reader.lookup("customer_no", "77", "company") == "p3"
    assert reader.lookup("email", "noreply@example.com") is None, "an untrusted value"
    assert reader.lookup("phone", "+1 415 555 0100") is None, "shared by two profiles"
    assert reader.lookup("phone", "139 1234 5678") is None, "a national number does not say its country"
    row = reader.get_by_identifier("email", "xm@example.com")
    assert row is not None and row.profile_id == "p1" and row["orders"] == 3
    assert reader.get_by_identifier("email", "nobody@example.com") is None


def test_address_is_found_as_it_was_written_and_in_the_normal_form(
    make_warehouse: Warehouse, put: Put, home: Path
) -> None:
    """Identity folds `B.ea+news@gmail.com` to `bea@gmail.com`; a service knows what the customer typed."""
    put(
        make_warehouse(
            "ALTER TABLE pii.identifiers ADD COLUMN value_raw VARCHAR",
            """INSERT INTO pii.identifiers (profile_id, kind, value, value_raw, is_trusted) VALUES
               ('p3', 'email', 'bea@gmail.com', ' B.ea+news@gmail.com', true),
               ('p2', 'phone', '+14155550123', '4155550123', true),
               ('p1', 'email', 'other@gmail.com', 'noone@gmail.com', false)""",
        )
    )
    reader = FeatureReader(home / "published")
    for address in ("bea@gmail.com", "b.ea+NEWS@gmail.com"):
        assert reader.lookup("email", address) == "p3"
        for wanted in (address, f"email:{address}"):
            view = show_profile(home / "published", wanted)
            assert view is not None and view.profile_id == "p3"
    assert reader.lookup("email", "be.a@gmail.com") is None, "nobody wrote it like this"
    assert reader.lookup("email", "noone@gmail.com") is None
    assert reader.lookup("phone", "+14155550123") == "p2"
    assert reader.lookup("phone", "4155550123") is None


def test_lookup_needs_the_key_and_another_key_finds_nothing(snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(LookupKeyMissing, match=r"no lookup key at .*/none\.key"):
        FeatureReader(snapshot, key_path=tmp_path / "none.key").lookup("email", "xm@example.com")
    other = tmp_path / "other.key"
    other.write_text("00" * 32)
    assert FeatureReader(snapshot, key_path=other).lookup("email", "xm@example.com") is None


def test_reading_before_the_first_publish(tmp_path: Path) -> None:
    with pytest.raises(NoSnapshot, match="nothing has been published"):
        FeatureReader(tmp_path / "published").get("p1")


def test_new_version_is_seen_by_the_next_call_and_old_rows_stay_readable(
    make_warehouse: Warehouse, put: Put, home: Path
) -> None:
    put(make_warehouse())
    reader = FeatureReader(home / "published")
    old = reader.get("p1")
    put(make_warehouse("UPDATE features.profile_features SET orders = 4 WHERE profile_id = 'p1'"), "f2", keep=1)
    new = reader.get("p1")
    assert old is not None and new is not None
    assert (old["orders"], old.snapshot.version) == (3, "20250301-000001")
    assert (new["orders"], new.snapshot.version) == (4, "20250301-000002")


READ_AND_FORK = """
import os, sys
from pathlib import Path
from profiles import FeatureReader

reader = FeatureReader(Path(sys.argv[1]))
assert reader.get("p1")["orders"] == 3
child = os.fork()
for _ in range(3):
    assert reader.get("p1")["orders"] == 3
    assert FeatureReader(Path(sys.argv[1])).get("p2")["orders"] == 0
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert reader.get("p9")["orders"] == 3
"""


def test_parent_and_child_read_on_after_a_fork(snapshot: Path) -> None:
    """In a process of its own, because this one has threads. LMDB refuses an inherited file that is open."""
    done = subprocess.run([sys.executable, "-c", READ_AND_FORK, str(snapshot)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_rollback_to_a_version_that_is_still_open(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    warehouse = make_warehouse()
    put(warehouse)
    put(warehouse, "f2")
    one, two = FeatureReader(home / "published"), FeatureReader(home / "published")
    for version in ("20250301-000001", "20250301-000002") * 3:
        rollback(home, version)
        for reader in (one, two):
            row = reader.get("p1")
            assert row is not None and row.snapshot.version == version
    one.close()
    assert two.get("p1") is not None


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads the process's maps")
def test_versions_nobody_reads_are_closed(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    warehouse = make_warehouse()
    reader = FeatureReader(home / "published")
    for number in range(4):
        put(warehouse, f"f{number}", keep=1)
        assert reader.get("p1") is not None
    mapped = {line.split("/")[-2] for line in Path("/proc/self/maps").read_text().splitlines() if str(home) in line}
    assert mapped == {"20250301-000004"}


def _read_until(published: Path, stop: threading.Event | Event, problems: list[str]) -> int:
    """Reads without pause; the number of orders of every profile is the number in the version's name."""
    reader = FeatureReader(published)
    versions = set()
    while not stop.wait(0.0002):
        answers = reader.get_many(["p1", "p2"])
        seen = {(row.snapshot.version, row["orders"]) for row in answers.values() if isinstance(row, FeatureRow)}
        row = reader.get_by_identifier("email", "xm@example.com")
        if row is None or row["orders"] != int(row.snapshot.version[-6:]):
            problems.append("a row from another version")
        if len(seen) != 1 or any(orders != int(version[-6:]) for version, orders in seen):
            problems.append("a mixed answer")
        versions |= {version for version, _ in seen}
    return len(versions)


def _read_in_process(published: Path, stop: Event, results: multiprocessing.Queue[tuple[int, list[str]]]) -> None:
    problems: list[str] = []
    try:
        versions = _read_until(published, stop, problems)
    except Exception as error:
        problems.append(repr(error))
        versions = 0
    results.put((versions, problems))


def test_thirty_publishes_under_readers_in_threads_and_in_processes(
    make_warehouse: Warehouse, put: Put, home: Path
) -> None:
    """Only the last version is kept, so that readers also meet versions that vanish."""
    warehouse = make_warehouse()

    def publish_number(number: int) -> None:
        with duckdb.connect(warehouse) as con:
            con.execute("UPDATE features.profile_features SET orders = ?", [number])
        put(warehouse, f"f{number}", keep=1)

    publish_number(1)
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    process = context.Process(target=_read_in_process, args=(home / "published", stop, results))
    process.start()
    stop_threads = threading.Event()
    problems: list[str] = []
    counts: list[int] = []

    def read() -> None:
        try:
            counts.append(_read_until(home / "published", stop_threads, problems))
        except Exception as error:
            problems.append(repr(error))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, 32):
            publish_number(number)
    finally:
        stop.set()
        stop_threads.set()
        for thread in threads:
            thread.join()
        versions, process_problems = results.get(timeout=30)
        process.join(30)
    assert problems + process_problems == []
    assert len(counts) == 2 and min(counts) > 5 and versions > 1


scalars = {
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "DOUBLE": st.floats(allow_nan=False),
    "BOOLEAN": st.booleans(),
    "VARCHAR": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")) | st.just("王小明𠮷"),
    "DATE": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "TIMESTAMP": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),
    "VARCHAR[]": st.lists(st.none() | st.sampled_from(["茶", "coffee", ""])),
    "BIGINT[]": st.lists(st.integers(-5, 2**40)),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*(st.none() | values for values in scalars.values())), max_size=6))
def test_what_is_stored_is_what_is_read(
    rows: list[tuple[object, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any row survives the way table → msgpack → reader, through the real builder."""
    version = tmp_path_factory.mktemp("published") / "v"
    version.mkdir()
    with duckdb.connect() as con:
        con.execute(
            "CREATE SCHEMA features; CREATE SCHEMA profiles; CREATE TABLE identifiers"
            " (profile_id VARCHAR, kind VARCHAR, namespace VARCHAR, value VARCHAR, is_trusted BOOLEAN)"
        )
        con.execute("CREATE TABLE profiles.profile_aliases (alias_profile_id VARCHAR, profile_id VARCHAR)")
        con.execute(
            "CREATE TABLE profiles.consent (profile_id VARCHAR, purpose VARCHAR, channel VARCHAR, state VARCHAR)"
        )
        columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(scalars))
        con.execute(f"CREATE TABLE features.profile_features (profile_id VARCHAR, {columns})")
        for number, row in enumerate(rows):
            marks = ", ".join("?" * len(row))
            con.execute(f"INSERT INTO features.profile_features VALUES ('客{number}', {marks})", list(row))
        con.execute("CREATE TABLE profiles.customer_profile AS SELECT profile_id FROM features.profile_features")
        meta = {"version": "v", "as_of": "2025-01-01", "created_at": "2025-01-01T00:00:00+00:00"}
        counts = build_feature_store(
            con, version / "features.lmdb", marts="memory", pii="memory.main", key=b"k", meta=meta
        )
    assert counts.profiles == len(rows)
    (version.parent / "current").symlink_to("v")
    reader = FeatureReader(version.parent)
    for number, row in enumerate(rows):
        read = reader.get(f"客{number}")
        assert read is not None
        expected = [value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row]
        assert list(read.as_dict().values()) == expected
        assert list(read.values()) == expected


def test_other_types_become_numbers_and_text(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    put(
        make_warehouse(
            """CREATE OR REPLACE TABLE features.profile_features AS SELECT 'p1' AS profile_id,
            5::HUGEINT AS total, 'a'::ENUM('a', 'b') AS level,
            {'on': DATE '2025-01-02', 'amount': 1.5::DECIMAL(9, 2)} AS last,
            [{'sku': 's1', 'score': 0.5::DECIMAL(5, 3)}] AS top, '{"a": 1}'::JSON AS raw, 'nan'::DOUBLE AS ratio,
            TIMESTAMPTZ '2025-01-02 03:04:05+08' AS seen_at, [DATE '2025-01-02'] AS days, NULL AS nothing"""
        )
    )
    row = FeatureReader(home / "published").get("p1")
    assert row is not None
    values = row.as_dict()
    assert math.isnan(values.pop("ratio"))  # type: ignore[arg-type]
    assert values == {
        "total": 5.0,
        "level": "a",
        "last": {"on": "2025-01-02", "amount": 1.5},
        "top": [{"sku": "s1", "score": 0.5}],
        "raw": '{"a": 1}',
        "seen_at": datetime(2025, 1, 1, 19, 4, 5, tzinfo=UTC),
        "days": ["2025-01-02"],
        "nothing": None,
    }


@settings(max_examples=60, deadline=None)
@given(
    key=st.binary(min_size=1, max_size=80),
    kind=st.sampled_from(["email", "phone", "loyalty_id"]),
    namespace=st.sampled_from(["", "shop", "微信"]),
    value=st.text(st.sampled_from(" \t\n+0Aa1zÄ李.@()-"), max_size=12),
)
def test_builder_and_reader_hash_alike(key: bytes, kind: str, namespace: str, value: str) -> None:
    """The set-based hash in SQL is HMAC-SHA256 over the same normal form as the reader's."""
    inner, outer = hash_pads(key)
    with duckdb.connect() as con:
        sql = hash_sql("$kind", "$namespace", normalised_sql("$kind", "$value"), "$inner", "$outer")
        [(hashed,)] = con.execute(
            f"SELECT {sql}", {"kind": kind, "namespace": namespace, "value": value, "inner": inner, "outer": outer}
        ).fetchall()
    message = f"{kind}\x1f{namespace}\x1f{normalise_value(kind, value)}".encode()
    assert hashed == identifier_hash(key, kind, namespace, value) == hmac.digest(key, message, "sha256")[:16]


@pytest.mark.parametrize(
    ("kind", "given_value", "normal"),
    [
        ("email", "\tAnn.Lee@EXAMPLE.com ", "ann.lee@example.com"),
        ("phone", "+1 (415) 555-0100", "+14155550100"),
        ("phone", "00 86 139", "+86139"),
        ("phone", " 139 1234", "139 1234"),
        ("phone", "(+86) 139-1234", "+861391234"),
        ("phone", "(0086)1391234", "+861391234"),
        ("phone", "＋８６　１３９１２３４", "+861391234"),
        ("email", "　Ａｎｎ＠example.com", "ann@example.com"),
        ("loyalty_id", "Ａ1", "Ａ1"),
        ("loyalty_id", " aB-1 ", "aB-1"),
    ],
)
def test_normal_form(kind: str, given_value: str, normal: str) -> None:
    assert normalise_value(kind, given_value) == normal
