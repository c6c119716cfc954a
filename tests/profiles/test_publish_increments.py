"""A snapshot built upon the last one holds what one written from nothing holds, whatever changed in between."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles import FeatureReader, FeatureRow, GateBounds, layout, publish, rollback
from profiles.lmdb_store import META, StoreWriter, open_store
from profiles.manifest import Manifest, file_entries
from profiles.publish_tables import MOST_PATCHED
from profiles.rows import packer, unpack

PROFILES = 400

# 400 people in the shapes of the marts. Columns of every kind a mart has: lists, decimals, dates, nulls, repeated rows.
COMPANY = f"""
CREATE SCHEMA profiles; CREATE SCHEMA segments; CREATE SCHEMA features; CREATE SCHEMA insights; CREATE SCHEMA quality;
CREATE SCHEMA pii;
CREATE TABLE profiles.customer_profile AS SELECT 'p' || left(md5(i::VARCHAR), 12) AS profile_id, i AS place,
    ['crm', 'shop'][: 1 + (i % 2)::INTEGER] AS sources, NULL::DATE AS birth_date FROM range({PROFILES}) t(i);
CREATE TABLE profiles.profile_members AS SELECT 'crm:contacts:' || place AS record_id, profile_id,
    DATE '2025-01-01' AS since FROM profiles.customer_profile;
CREATE TABLE profiles.profile_events AS SELECT 'e' || place AS event_id, DATE '2025-01-01' AS as_of, 'created' AS event,
    profile_id, NULL::VARCHAR AS related_profile_id FROM profiles.customer_profile;
CREATE TABLE profiles.profile_aliases AS SELECT 'old' || place AS alias_profile_id, profile_id
    FROM profiles.customer_profile WHERE place % 4 = 0;
CREATE TABLE profiles.consent AS SELECT profile_id, 'marketing' AS purpose, channel,
    CASE WHEN place % 3 = 0 THEN 'denied' ELSE 'granted' END AS state
    FROM profiles.customer_profile, (VALUES ('email'), (NULL)) c(channel);
CREATE TABLE profiles.households AS SELECT 'h' || place // 2 AS household_id, profile_id FROM profiles.customer_profile;
CREATE TABLE profiles.attribute_provenance AS SELECT profile_id, attribute, 'crm' AS source
    FROM profiles.customer_profile, (VALUES ('name'), ('email'), ('email')) a(attribute);
CREATE TABLE segments.definition AS SELECT 'loyal' AS segment, 'warn' AS on_breach;
CREATE TABLE segments.definition_versions AS SELECT 'loyal' AS segment, DATE '2025-01-01' AS valid_from;
CREATE TABLE segments.membership AS SELECT profile_id, 'loyal' AS segment, DATE '2025-01-01' AS entered_at,
    NULL::DATE AS exited_at FROM profiles.customer_profile WHERE place % 5 < 2;
CREATE TABLE segments.current AS SELECT profile_id, segment FROM segments.membership;
CREATE TABLE segments.events AS SELECT row_number() OVER () AS cursor, profile_id, segment FROM segments.membership;
CREATE TABLE segments.overlap AS SELECT 'loyal' AS segment_a, 'new' AS segment_b, 3 AS members_both;
CREATE TABLE segments.summary AS SELECT 'loyal' AS segment, NULL::VARCHAR AS breach, 160 AS members;
CREATE TABLE features.profile_features AS SELECT profile_id, DATE '2025-03-01' AS as_of, (place % 7)::INTEGER AS orders,
    (place * 1.5)::DECIMAL(18, 2) AS net_amount, CASE WHEN place % 3 > 0 THEN place / 7.0 END AS share,
    ['tea', NULL][: (place % 3)::INTEGER] AS brands, TIMESTAMP '2025-01-01' + to_hours(place::INTEGER) AS last_at,
    CASE WHEN place % 2 = 0 THEN place END AS recency_days, (place * 0.1)::DECIMAL(18, 2) AS net_amount_30d
    FROM profiles.customer_profile WHERE place % 9 > 0;
CREATE TABLE features.product_affinity AS SELECT profile_id, 'tea' AS category, place / 3.0 AS score
    FROM profiles.customer_profile;
CREATE TABLE features.product_neighbours AS SELECT 's1' AS product_id, 's2' AS neighbour_product_id;
CREATE TABLE insights.touchpoints AS SELECT NULL::VARCHAR AS touchpoint, 1 AS interactions LIMIT 0;
CREATE TABLE quality.ingest AS SELECT 'shopify' AS source, 10 AS delivered;
CREATE TABLE pii.golden_record AS SELECT profile_id, 'Ann ' || place AS full_name FROM profiles.customer_profile;
CREATE TABLE pii.identifiers AS SELECT profile_id, kind, '' AS namespace, value, value AS value_raw, true AS is_trusted
    FROM (SELECT profile_id, 'email' AS kind, 'Ann.' || place || '@example.com' AS value FROM profiles.customer_profile
          UNION ALL SELECT profile_id, 'phone', '+1415555' || lpad((place // 2)::VARCHAR, 4, '0')
          FROM profiles.customer_profile WHERE place % 4 > 0);
CREATE TABLE pii.search_index (term VARCHAR, profile_id VARCHAR);
CREATE TABLE pii.edges AS SELECT 'a' AS record_id_l, 'b' AS record_id_r, 9.5 AS match_weight;
CREATE TABLE pii.timeline AS SELECT profile_id, 'i' || place || '.' || n AS interaction_id,
    TIMESTAMP '2025-01-01' + to_hours((place * n)::INTEGER) AS occurred_at
    FROM profiles.customer_profile, range(3) t(n);
"""

PERSON = "(SELECT profile_id FROM profiles.customer_profile ORDER BY hash(profile_id, {n}) LIMIT {size})"
FEW = PERSON.format(n="{n}", size=3)

# What happens to a company from one run to the next; {n} chooses the people.
EVENTS = {
    "nothing": "",
    "orders": f"UPDATE features.profile_features SET orders = orders + {{n}} WHERE profile_id IN {FEW}",
    "a quiet day": "UPDATE features.profile_features SET as_of = as_of + 1, recency_days = recency_days + 1,"
    " net_amount_30d = CASE WHEN orders % 2 = 0 THEN net_amount_30d END",
    "sales of the month": f"UPDATE features.profile_features SET net_amount_30d = 9.99 WHERE profile_id IN {FEW}",
    "a day passes": "UPDATE features.profile_features SET as_of = as_of + 1, orders = orders + 1",
    "consent": f"UPDATE profiles.consent SET state = 'denied' WHERE profile_id IN {FEW}",
    "consent withdrawn": f"DELETE FROM profiles.consent WHERE profile_id IN {FEW}",
    "a purpose": f"INSERT INTO profiles.consent SELECT profile_id, 'purpose {{n}}', 'sms', 'granted' FROM {FEW}",
    "an address": f"UPDATE pii.identifiers SET value = 'new{{n}}.' || value"
    f" WHERE kind = 'email' AND profile_id IN {FEW}",
    "an address in capitals": f"INSERT INTO pii.identifiers SELECT (FROM {PERSON.format(n='{n} + 1', size=1)}), kind,"
    f" namespace, upper(value), upper(value_raw), true FROM pii.identifiers WHERE profile_id IN {FEW}",
    "trust lost": f"UPDATE pii.identifiers SET is_trusted = NOT is_trusted WHERE profile_id IN {FEW}",
    "a repeated row": f"INSERT INTO profiles.attribute_provenance FROM profiles.attribute_provenance"
    f" WHERE profile_id IN {FEW}",
    "a repeated row goes": f"DELETE FROM profiles.attribute_provenance WHERE rowid IN"
    f" (SELECT min(rowid) FROM profiles.attribute_provenance WHERE profile_id IN {FEW} GROUP BY profile_id, attribute)",
    "features found": f"INSERT INTO features.profile_features BY NAME SELECT profile_id, DATE '2025-03-01' AS as_of,"
    f" 1 AS recency_days FROM {FEW} ANTI JOIN features.profile_features USING (profile_id)",
    "nobody has features": "DELETE FROM features.profile_features",
    "features lost": f"DELETE FROM features.profile_features WHERE profile_id IN {FEW}",
    "merge": """
        CREATE OR REPLACE TEMP TABLE pair AS SELECT min(profile_id) AS kept, max(profile_id) AS gone FROM
            (SELECT profile_id FROM profiles.customer_profile ORDER BY hash(profile_id, {n}) LIMIT 2);
        UPDATE profiles.profile_members SET profile_id = kept FROM pair WHERE profile_id = gone;
        UPDATE pii.identifiers SET profile_id = kept FROM pair WHERE profile_id = gone;
        UPDATE pii.timeline SET profile_id = kept FROM pair WHERE profile_id = gone;
        UPDATE profiles.profile_aliases SET profile_id = kept FROM pair WHERE profile_id = gone;
        INSERT INTO profiles.profile_aliases SELECT gone, kept FROM pair;
        DELETE FROM profiles.customer_profile WHERE profile_id IN (SELECT gone FROM pair);
        DELETE FROM features.profile_features WHERE profile_id IN (SELECT gone FROM pair);
        DELETE FROM profiles.consent WHERE profile_id IN (SELECT gone FROM pair)""",
    "a new person": """
        INSERT INTO profiles.customer_profile SELECT 'n{n}' || count(*), 1000 + {n}, ['web'], NULL
            FROM profiles.customer_profile;
        INSERT INTO profiles.profile_members SELECT 'web:users:' || profile_id, profile_id, DATE '2025-03-01'
            FROM profiles.customer_profile ANTI JOIN profiles.profile_members USING (profile_id)""",
    "erased": f"""
        INSERT INTO profiles.profile_events SELECT 'x' || profile_id, DATE '2025-03-01', 'erased', profile_id, NULL
            FROM {PERSON.format(n="{n}", size=1)};
        DELETE FROM pii.identifiers WHERE profile_id IN
            (SELECT profile_id FROM profiles.profile_events WHERE event = 'erased');
        UPDATE profiles.profile_aliases SET profile_id = NULL WHERE profile_id IN
            (SELECT profile_id FROM profiles.profile_events WHERE event = 'erased')""",
    "a purchase": f"INSERT INTO pii.timeline SELECT profile_id, 'j{{n}}', TIMESTAMP '2025-02-01' FROM {FEW}",
    "a new column": "ALTER TABLE features.product_affinity ADD COLUMN IF NOT EXISTS c{n} INTEGER",
    "a new feature": "ALTER TABLE features.profile_features ADD COLUMN IF NOT EXISTS f{n} INTEGER",
    "a new table": "CREATE TABLE IF NOT EXISTS insights.extra{n} AS SELECT {n} AS a",
    "a table goes": "DROP TABLE IF EXISTS insights.touchpoints",
    "a view": "CREATE VIEW IF NOT EXISTS insights.seen{n} AS SELECT profile_id, sources FROM profiles.customer_profile",
    "a comment": "COMMENT ON COLUMN profiles.consent.state IS 'said {n}'",
}


class Company:
    """A warehouse whose states are published one upon the other, and each once more from nothing elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.fresh = folder / "fresh"
        self.warehouse = folder / "warehouse.duckdb"
        self.number = 0
        with duckdb.connect(self.warehouse) as con:
            con.execute(COMPANY)

    def happens(self, *events: tuple[str, int]) -> None:
        with duckdb.connect(self.warehouse) as con:
            for event, n in events:
                con.execute(EVENTS[event].replace("{n}", str(n)))

    def publish(self, home: Path | None = None, *, full: bool = False, removals: str = "") -> Path:
        """Folder of the new version."""
        self.number += 1
        with duckdb.connect(self.warehouse, read_only=True) as con:
            ((records,),) = con.execute("SELECT count(*) FROM profiles.profile_members").fetchall()
        home = home or self.home
        result = publish(
            home,
            warehouse=self.warehouse,
            as_of=date(2025, 3, 1),
            run_id="r",
            generation=1,
            model_version="m",
            inputs_fingerprint=f"f{self.number}",
            gate=GateBounds(expected_records=int(records), ingest_reconciled=True),
            full=full,
            removals=removals,
            keep=2,
        )
        return home / "published" / result.version

    def from_nothing(self) -> Path:
        if (self.home / "secrets").exists():
            shutil.copytree(self.home / "secrets", self.fresh / "secrets", dirs_exist_ok=True)
        return self.publish(self.fresh, full=True)


def tables(snapshot: Path) -> dict[str, object]:
    """Every table with its columns, comments and sorted rows."""
    found: dict[str, object] = {}
    for name in (layout.MARTS, layout.PII):
        with duckdb.connect(snapshot / name, read_only=True) as con:
            found[name] = con.execute(
                "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns()"
                " WHERE NOT internal ORDER BY schema_name, table_name, column_index"
            ).fetchall()
            found[f"{name} schemas"] = con.execute(
                "SELECT schema_name FROM duckdb_schemas() WHERE NOT internal ORDER BY 1"
            ).fetchall()
            for schema, table in {(row[0], row[1]) for row in found[name]}:  # type: ignore[attr-defined]
                found[f"{name} {schema}.{table}"] = con.execute(f'FROM "{schema}"."{table}" ORDER BY ALL').fetchall()
    with duckdb.connect() as con:
        for path in sorted((snapshot / layout.TIMELINE).iterdir()):
            found[path.name] = con.execute("FROM read_parquet(?)", [str(path)]).fetchall()
    return found


def keys(snapshot: Path) -> dict[bytes, bytes]:
    """All of the feature file but what names the version."""
    store = open_store(snapshot / layout.FEATURES)
    found = {key: value for prefix in (META, b"a", b"i", b"p") for key, value in store.items(prefix)}
    assert len(found) == store.count()
    head = unpack(found.pop(META))
    assert isinstance(head, dict)
    found[META] = repr({name: head[name] for name in ("columns", "dated", "consents", "counts")}).encode()
    return found


def bytes_of(snapshot: Path) -> dict[str, bytes]:
    return {str(path.relative_to(snapshot)): path.read_bytes() for path in snapshot.rglob("*") if path.is_file()}


def assert_equal(built: Path, fresh: Path) -> None:
    one, other = Manifest.read(built), Manifest.read(fresh)
    assert one.files == file_entries(built)
    assert (one.tables, one.schema_hash) == (other.tables, other.schema_hash)
    found, expected = tables(built), tables(fresh)
    assert {name for name in expected if found.get(name) != expected[name]} == set()
    assert found.keys() == expected.keys()
    assert keys(built) == keys(fresh)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    days=st.lists(
        st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(0, 4)), min_size=1, max_size=5),
        min_size=1,
        max_size=4,
    )
)
def test_any_days_published_one_upon_the_other_equal_the_last_from_nothing(
    days: list[list[tuple[str, int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    company = Company(tmp_path_factory.mktemp("company"))
    built = company.publish()
    for day in days:
        before = bytes_of(built)
        company.happens(*day)
        last, built = built, company.publish()
        assert bytes_of(last) == before, "what was published is never written again"
    assert_equal(built, company.from_nothing())


def test_every_kind_of_change_reaches_the_next_snapshot(company: Company) -> None:
    company.publish()
    events = sorted(set(EVENTS) - {"nothing"})
    for several in (events[number::6] for number in range(6)):
        company.happens(*((event, 1) for event in several))
        built = company.publish()
        assert (Manifest.read(built).build.base == "") == ("erased" in several)
        assert_equal(built, company.from_nothing())


def test_what_is_equal_is_linked_and_what_differs_little_is_patched(company: Company) -> None:
    first = company.publish()
    with duckdb.connect(company.warehouse) as con:
        people = "(SELECT profile_id FROM profiles.customer_profile WHERE place IN (1, 2, 4))"
        con.execute(f"UPDATE features.profile_features SET share = 0.5 WHERE profile_id IN {people}")
        con.execute(f"DELETE FROM profiles.attribute_provenance WHERE profile_id IN {people} AND attribute = 'email'")
    second = company.publish()
    build = Manifest.read(second).build
    assert build.base == first.name
    assert build.patched == {
        "features.profile_features": 3,
        "profiles.attribute_provenance": 6,
        layout.FEATURES: 3,
    }
    assert Manifest.read(first).build.patched == {}
    linked = {name for name in bytes_of(first) if (first / name).samefile(second / name)}
    assert linked == {layout.PII, *(f"timeline/bucket-{n}.parquet" for n in range(layout.TIMELINE_BUCKETS))}
    assert (second / layout.PII).stat().st_mode & 0o777 == 0o600
    company.publish(full=True)
    assert Manifest.read(company.home / "published" / "current").build.base == ""


def test_a_table_patched_too_often_is_written_anew_in_its_order(company: Company) -> None:
    """A patch puts rows behind the ordered ones, where every lookup must read them."""
    company.publish()
    orders: list[bool] = []
    counts: list[int] = []
    for number in range(1, 15):
        company.happens(("orders", number))
        snapshot = company.publish()
        with duckdb.connect(snapshot / layout.MARTS, read_only=True) as con:
            ids = con.execute("SELECT profile_id FROM features.profile_features").fetchall()
        orders.append(ids == sorted(ids))
        counts.append(Manifest.read(snapshot).build.patched.get("features.profile_features", 0))
        if orders[-1]:
            break
    assert orders[:-1] == [False] * (len(orders) - 1) and orders[-1], "at last it is written whole"
    assert counts[-1] == 0 and max(counts) <= MOST_PATCHED * PROFILES
    assert len(orders) > 8, "and not at every change"


def test_a_damaged_file_is_not_built_upon(company: Company) -> None:
    first = company.publish()
    for name in (layout.MARTS, layout.FEATURES, "timeline/bucket-3.parquet"):
        with (first / name).open("r+b") as stream:
            stream.seek(-10, 2)
            stream.write(b"0123456789")
    company.happens(("orders", 1))
    built = company.publish()
    build = Manifest.read(built).build
    assert build.base == first.name, "the sound files are"
    assert build.patched == {}
    assert_equal(built, company.from_nothing())


def test_identifiers_are_hashed_anew_with_a_new_key(company: Company) -> None:
    company.publish()
    key = layout.lookup_key_path(company.home)
    key.write_text("ab" * 32, encoding="ascii")
    company.happens(("an address", 1))
    built = company.publish()
    assert_equal(built, company.from_nothing())
    assert FeatureReader(company.home / "published").lookup("email", "ann.3@example.com") is not None


def test_a_snapshot_is_built_upon_the_newest_one_after_a_rollback(company: Company) -> None:
    first = company.publish()
    company.happens(("orders", 1))
    second = company.publish()
    rollback(company.home, first.name)
    company.happens(("consent", 2))
    third = company.publish()
    assert Manifest.read(third).build.base == second.name
    assert_equal(third, company.from_nothing())


def test_what_was_removed_for_good_is_in_no_byte_of_the_next_snapshot(company: Company) -> None:
    """Deleted values stay in the free space of a copied file, compressed ones out of sight of this search as well."""
    ghost = "g9h0stly"
    with duckdb.connect(company.warehouse) as con:
        con.execute(f"INSERT INTO pii.golden_record VALUES ('p0', '{ghost}')")
        con.execute(f"INSERT INTO pii.search_index VALUES ('{ghost}', 'p0')")
    assert any(ghost.encode() in content for content in bytes_of(company.publish()).values())
    with duckdb.connect(company.warehouse) as con:
        con.execute("DELETE FROM pii.golden_record WHERE profile_id = 'p0'; DELETE FROM pii.search_index")
    built = company.publish(removals="retention of a source")
    assert Manifest.read(built).build.base == ""
    assert not any(ghost.encode() in content for content in bytes_of(built).values())
    company.happens(("orders", 1))
    assert Manifest.read(company.publish(removals="retention of a source")).build.base == built.name


def test_a_file_that_is_mostly_free_is_written_anew(company: Company) -> None:
    with duckdb.connect(company.warehouse) as con:
        # random numbers, which no compression makes small: 16 MB
        con.execute("CREATE TABLE insights.large AS SELECT hash(i) AS h FROM range(2_000_000) t(i)")
    large = (company.publish() / layout.MARTS).stat().st_size
    with duckdb.connect(company.warehouse) as con:
        con.execute("DROP TABLE insights.large")
    company.happens(("orders", 1))
    built = company.publish()
    build = Manifest.read(built).build
    assert (built / layout.MARTS).stat().st_size < large / 3
    assert build.patched.keys() == {layout.FEATURES}, "what differs is still known to the feature file"
    assert_equal(built, company.from_nothing())


def test_a_day_that_passes_moves_its_columns_alone(company: Company) -> None:
    """Few people change beyond them: rows stay where they lie, and keep their packed values of other columns."""
    built = company.publish()
    for others in (
        [],
        [("orders", 1), ("features lost", 2), ("sales of the month", 3)],
        [("merge", 1), ("features found", 2), ("consent", 3), ("consent withdrawn", 4), ("a new person", 0)],
    ):
        company.happens(("a quiet day", 1), *others)
        before = {key: value for key, value in keys(built).items() if key[:1] == b"p"}
        built = company.publish()
        build = Manifest.read(built).build
        assert build.base and build.patched.get("features.profile_features", 0) <= 12
        assert_equal(built, company.from_nothing())
        after = keys(built)
        kept = [key for key, value in before.items() if after.get(key, b"")[:30] == value[:30]]
        assert len(kept) > 380 and sum(after[key] != before[key] for key in kept) > 300
    with duckdb.connect(built / layout.MARTS, read_only=True) as con:
        ids = [row[0] for row in con.execute("SELECT profile_id FROM features.profile_features").fetchall()]
    assert sum(left > right for left, right in pairwise(ids)) <= 12, "in the order of ids but for a few"


def test_when_nobody_has_features_any_more_all_values_are_missing(company: Company) -> None:
    company.publish()
    company.happens(("a quiet day", 1), ("nobody has features", 1))
    built = company.publish()
    assert_equal(built, company.from_nothing())
    company.happens(("features found", 1))
    assert_equal(company.publish(), company.from_nothing())


def test_a_feature_file_of_an_earlier_release_is_read_and_not_built_upon(company: Company) -> None:
    """One array of values for each profile: what a rollback after an update leads to."""
    snapshot = company.publish()
    path = snapshot / layout.FEATURES
    store = open_store(path)
    ids = [key[1:].decode() for key, _ in store.items(b"p")]
    head = cast("dict[str, Any]", unpack(store.get(META) or b""))
    others = [item for prefix in (b"a", b"i") for item in store.items(prefix)]
    packed = [(key, cast("list[Any]", unpack(value))) for key, value in store.items(b"p")]
    reader = FeatureReader(company.home / "published")
    expected = {each: dict(cast("FeatureRow", row)) for each, row in reader.get_many(ids).items()}
    reader.close()
    del store
    dated = head.pop("dated")
    table = [column["name"] for column in head["columns"]]
    places = [sorted(table, key=lambda name: name in dated).index(name) for name in table]
    path.unlink()
    with StoreWriter(path) as writer:
        writer.write(others)
        for key, (_, consents, stable, values) in packed:
            writer.put(key, packer()((consents, [(stable + values)[place] for place in places])))
        writer.put(META, packer()(head))
    manifest = replace(Manifest.read(snapshot), files=file_entries(snapshot))
    (snapshot / layout.MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    found = FeatureReader(company.home / "published").get_many(ids)
    assert {each: dict(cast("FeatureRow", row)) for each, row in found.items()} == expected
    company.happens(("a quiet day", 1))
    built = company.publish()
    assert Manifest.read(built).build.base == snapshot.name
    assert_equal(built, company.from_nothing())
