"""Only what changed is made again, and the result is that of a full build."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from raw_lake import write_raw_day

from cdp_pipeline import core_build, core_parts, steps, warehouse
from cdp_pipeline.core_graph import RECORDS, core_graph
from cdp_pipeline.home import Home
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.dbt_sources import PARTS

AS_OF = date(2025, 3, 31)
CONTRACTS = load_contracts()


def plan(as_of: date = AS_OF, *, full: bool = False) -> steps.RunPlan:
    return steps.RunPlan("r1", as_of, full, 0, "", ())


def built(home: Home) -> core_build.CoreBuild:
    """What a build now would make."""
    return core_build.plan_core(home, AS_OF, CONTRACTS)


def names(build: core_build.CoreBuild) -> set[str]:
    return {build.graph.names[node] for node in build.nodes}


def tables(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Every staging, intermediate and core table with its rows, sorted."""
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        found = con.execute(
            """select schema_name, table_name from duckdb_tables()
            where schema_name in ('staging', 'intermediate', 'core')"""
        ).fetchall()
        return {f"{s}.{t}": con.execute(f'select * from {s}."{t}" order by all').fetchall() for s, t in found}


def rows_of(home: Home, table: str) -> list[dict[str, object]]:
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        return con.execute(f"from {table}").df().to_dict("records")


def states(home: Home) -> dict[str, list[str]]:
    """States of orders of the tills by their number."""
    found: dict[str, list[str]] = {}
    for row in rows_of(home, "staging.stg_square_pos__orders"):
        found.setdefault(str(row["order_id"]), []).append(str(row["state"]))
    return found


def exported(home: Home) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect() as con:
        return {
            table: con.execute(f"select * from '{home.core}/{table}/*.parquet' order by all").fetchall()
            for table in warehouse.CORE_TABLES
        }


@pytest.fixture(scope="module")
def home(core_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose core stands as the scenario's full build left it."""
    own = Home(Path(tmp_path_factory.mktemp("increments")))
    shutil.copytree(core_home.root, own.root, dirs_exist_ok=True, copy_function=shutil.copy2)
    steps.ensure_manifest()
    first = built(own)
    assert first.reason == "no finished build"
    core_build.commit(own, first)
    return own


@pytest.fixture
def untouched(home: Home) -> Iterator[Home]:
    """The home, whose record and raw files are as they were when the test is over."""
    record = (home.root / "dbt" / "core_build.json").read_bytes()
    before = set(home.lake.rglob("*.parquet"))
    yield home
    for path in set(home.lake.rglob("*.parquet")) - before:
        path.unlink()
    (home.root / "dbt" / "core_build.json").write_bytes(record)


def test_without_a_change_dbt_is_not_called(home: Home) -> None:
    build, run = steps.build_core(home, plan())
    assert (build.reason, build.nodes, run) == ("", frozenset(), None)


def test_no_node_comes_before_its_parents(home: Home) -> None:
    graph = built(home).graph
    depths = graph.depths()
    assert depths["model.cdp.stg_delighted__people"] < depths["model.cdp.customer_records"] < depths["model.cdp.orders"]
    assert all(depths[p] < depths[n] for n in depths for p in graph.parents[n] if p in depths)


def test_a_delivery_reaches_what_is_built_on_it(untouched: Home) -> None:
    write_raw_day(untouched, "google_reviews.reviews", "2025-03-31", [], file="late")
    # of the views between, none: their rows follow, their SQL is the same
    assert names(built(untouched)) == {
        "stg_google_reviews__reviews",
        "int_reviews_told_once",
        "int_feedback",
        "feedback",
        "interactions",
    }


def test_a_file_of_a_later_day_counts_from_its_day_on(untouched: Home) -> None:
    write_raw_day(untouched, "meta_ads.insights", "2025-04-02", [])
    assert not names(built(untouched))
    assert "stg_meta_ads__insights" not in names(core_build.plan_core(untouched, date(2025, 4, 1), CONTRACTS))
    later = core_build.plan_core(untouched, date(2025, 4, 2), CONTRACTS)
    assert {"stg_meta_ads__insights", "touchpoint_costs"} <= names(later)


def test_a_later_day_changes_models_that_name_it_where_rows_lie_under_them(untouched: Home) -> None:
    def changed_by_a_day() -> set[str]:
        first, second = (core_build.plan_core(untouched, date(2026, 1, day), CONTRACTS) for day in (1, 2))
        return {first.graph.names[n] for n, told in first.versions.items() if second.versions[n] != told}

    assert "int_lob__pieces" not in changed_by_a_day()
    write_raw_day(untouched, "lob.postcards", "2025-03-31", [])
    assert {"int_lob__pieces", "interactions"} <= changed_by_a_day()
    assert not {"stg_lob__postcards", "order_lines", "products", "int_web_events__calls"} & changed_by_a_day()


def test_models_that_name_the_as_of_say_from_which_day_on_a_row_counts() -> None:
    steps.ensure_manifest()
    graph = core_graph(warehouse.PROJECT / "target" / "manifest.json")

    def is_under(node: str, relation: str) -> bool:
        return node == relation or any(is_under(parent, relation) for parent in graph.parents.get(node, ()))

    assert graph.dated and set(graph.dated_by) == graph.dated
    for node, (relation, column) in graph.dated_by.items():
        assert is_under(node, relation) and relation in graph.tables and relation not in graph.dated
        (model,) = (warehouse.PROJECT / "models").rglob(f"{node.rpartition('.')[2]}.sql")
        sql = model.read_text(encoding="utf-8")
        # with another condition on the as-of, the model would change on days that no row has
        conditions = re.findall(r"cast\((?:\w+\.)?(\w+) as date\) <= \{\{ as_of\(\) \}\}", sql)
        assert set(conditions) == {column} and len(conditions) == sql.count("as_of(")


def test_a_changed_contract_reaches_what_is_built_on_its_object(home: Home) -> None:
    objects = dict(CONTRACTS["zoho_crm"].objects)
    objects["calls"] = dataclasses.replace(objects["calls"], error_budget=0.5)
    changed = {**CONTRACTS, "zoho_crm": dataclasses.replace(CONTRACTS["zoho_crm"], objects=objects)}
    found = names(core_build.plan_core(home, AS_OF, changed))
    # the view between is made again, too: columns may have another type now
    assert found == {"stg_zoho_crm__calls", "int_interactions_unioned", "interactions"}


def test_everything_is_built_where_the_record_does_not_hold(untouched: Home) -> None:
    assert core_build.plan_core(untouched, AS_OF, CONTRACTS, full=True).reason == "asked for"
    away = untouched.warehouse_db.rename(untouched.root / "away.duckdb")
    assert built(untouched).reason == "the warehouse is not the one of the last build"
    away.rename(untouched.warehouse_db)
    key = untouched.secrets / "hash.key"
    kept = key.read_text()
    key.write_text("0" * 32)
    assert built(untouched).reason == "changed code or settings"
    key.write_text(kept)
    core_build.begin(untouched, dataclasses.replace(built(untouched), nodes=frozenset({"model.cdp.orders"})))
    assert built(untouched).reason == "no finished build"


def test_parquet_is_written_again_where_it_is_not_the_tables(home: Home) -> None:
    assert set(steps.export_core(home)) == set(warehouse.CORE_TABLES)
    assert steps.export_core(home) == {}
    damaged = home.core / "orders" / "part-0.parquet"
    damaged.write_bytes(b"")
    (home.core / "products" / "part-0.parquet").unlink()
    assert set(steps.export_core(home)) == {"orders", "products"}
    assert damaged.stat().st_size


def segment(number: int, **values: object) -> dict[str, object]:
    """A page call of a logged-in visitor."""
    return {
        "message_id": f"later-{number}",
        "call_type": "page",
        "anonymous_id": f"device-{number}",
        "user_id": f"CRM-{number}",
        "occurred_at": f"2025-04-01 10:00:{number:02d}",
        "received_at": f"2025-04-01 10:00:{number:02d}",
        **values,
    }


def test_what_is_added_to_and_what_is_made_again(untouched: Home) -> None:
    """Events of a later day are added; a late file, or one in place of another, makes the tables from all rows."""
    later = AS_OF + timedelta(days=1)
    chain = {"stg_web_events__segment", "int_web_events__calls", "int_web_events__events"}

    def appended(as_of: date = later) -> set[str]:
        build = core_build.plan_core(untouched, as_of, CONTRACTS)
        assert chain <= names(build)
        return {build.graph.names[node] for node in build.appended}

    write_raw_day(untouched, "web_events.segment", "2025-04-01", [segment(1)])
    assert appended() == chain
    tracker = write_raw_day(untouched, "web_events.snowplow", "2025-04-01", [])
    assert appended() == {"stg_web_events__segment", "int_web_events__calls"}
    tracker.unlink()
    write_raw_day(untouched, "klaviyo.metrics", "2025-04-01", [])
    write_raw_day(untouched, "klaviyo.events", "2025-04-01", [])
    assert appended() == chain | {"stg_klaviyo__events"}
    write_raw_day(untouched, "web_events.segment", "2025-03-31", [], file="late")
    assert not chain & appended()


def test_which_tables_are_kept_by_key(untouched: Home) -> None:
    """Where files of later days are all that changed; a file that is late, another one or gone makes all rows again."""
    later = AS_OF + timedelta(days=1)
    orders = "stg_square_pos__orders"

    def kept(as_of: date = later) -> set[str]:
        build = core_build.plan_core(untouched, as_of, CONTRACTS)
        assert build.by_key <= build.nodes and not build.by_key & build.appended
        # of contacts the scenario itself has a delivery of that day
        return {build.graph.names[node] for node in build.by_key} - {"stg_zoho_crm__contacts"}

    assert not kept()
    came = write_raw_day(untouched, "square_pos.orders", "2025-04-01", [{"order_id": "later"}])
    assert kept() == {orders}
    # a day after it, and one between that comes after it
    write_raw_day(untouched, "zendesk.users", "2025-04-01", [])
    assert kept() == {orders, "stg_zendesk__users"}
    write_raw_day(untouched, "zendesk.users", "2025-03-31", [], file="late")
    assert kept() == {orders}
    # what is delivered after the day of the run is not there yet
    assert not kept(AS_OF)
    build = core_build.plan_core(untouched, later, CONTRACTS)
    core_build.commit(untouched, build)
    assert not kept()
    write_raw_day(untouched, "square_pos.orders", "2025-04-02", [])
    assert kept(later + timedelta(days=1)) == {orders}
    came.unlink()
    gone = core_build.plan_core(untouched, later + timedelta(days=1), CONTRACTS)
    assert "model.cdp.stg_square_pos__orders" in gone.nodes - gone.by_key


def test_models_that_are_kept_by_key_take_the_rows_of_one_object_by_it() -> None:
    steps.ensure_manifest()
    nodes = json.loads((warehouse.PROJECT / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    graph = core_graph(warehouse.PROJECT / "target" / "manifest.json")
    assert len(graph.by_key) > 10 and not graph.by_key & (graph.appended | graph.dated)
    for node in graph.by_key:
        sql, ((source, name),) = nodes[node]["raw_code"], nodes[node]["sources"]
        key = list(CONTRACTS[source].objects[name].key)
        assert nodes[node]["config"]["meta"]["by_key"] == key
        assert nodes[node]["config"]["materialized"] == "incremental" and "leave_changed_keys()" in sql
        assert f"latest_by_key(source('{source}', '{name}'), {key}" in sql
        assert sql.count("changed_since=last_appended()") == 1
        # a row depends on rows of its key alone, and the key stands in it as it is compared
        assert "over (" not in sql and "join" not in sql.split("config(")[1].lower()
        assert all(f"trim({column}) as {column}" in sql for column in key)
        assert "_dt as delivered_date" in sql


def test_which_sources_of_the_interactions_are_made_again(untouched: Home) -> None:
    later = AS_OF + timedelta(days=1)

    def parts() -> core_parts.Parts:
        return core_build.plan_core(untouched, later, CONTRACTS).parts["model.cdp.interactions"]

    # events of a later day are added to their source, after the last day that is in; ads are told by their landings
    write_raw_day(untouched, "web_events.segment", "2025-04-01", [segment(1)])
    found = parts()
    assert (found.grown, found.records) == ({"web_events": "2025-03-31"}, True)
    assert "google_ads" in found.remade and not {"web_events", "klaviyo", "shopify", "zendesk"} & found.remade
    # of tickets and answers all are made again
    write_raw_day(untouched, "zendesk.tickets", "2025-04-01", [])
    found = parts()
    assert found.grown == {"web_events": "2025-03-31"}
    assert "zendesk" in found.remade and not {"klaviyo", "twilio", "web_events"} & found.remade
    # ad clicks give campaigns to events of all days: then nothing is only added to
    write_raw_day(untouched, "google_ads.click_view", "2025-04-01", [])
    assert "web_events" in parts().remade and not parts().grown


def test_each_part_of_the_interactions_brings_rows_of_its_source_alone(home: Home) -> None:
    graph = built(home).graph
    parts = graph.by_source["model.cdp.interactions"]
    assert {"model.cdp.int_orders", "model.cdp.int_feedback"} <= set(parts)
    for part, sources in parts.items():
        name = part.rpartition(".")[2].removeprefix("int_")
        if name not in ("orders", "feedback"):
            assert sources == {name.removesuffix("__interactions")}
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        for part in ("orders", "feedback"):
            found = con.execute(f"select distinct source from intermediate.int_{part}").fetchall()
            assert found and {source for (source,) in found} <= parts[f"model.cdp.int_{part}"]
    # what else the table is made of is the same for every row, or followed by id
    beside = {p for p in graph.parents["model.cdp.interactions"] if not p.startswith("seed.")}
    assert beside == {"model.cdp.int_interactions_unioned", RECORDS}
    # a part that is added to must not depend on the day in another way
    assert not graph.appended & graph.dated


def test_unions_leave_out_sources_that_never_delivered(untouched: Home) -> None:
    def told() -> tuple[set[str], set[str]]:
        build = built(untouched)
        return set(json.loads(build.environment()[core_build.SILENT])), names(build)

    silent, changed = told()
    assert {"int_lob__interactions", "int_hubspot__records"} <= silent and not changed
    # a part may hang on other sources, too: they are no reason to leave it in, or out
    assert not {"int_klaviyo__interactions", "int_shopify__records", "int_google_reviews__feedback"} & silent
    write_raw_day(untouched, "lob.postcards", "2025-03-31", [])
    silent, changed = told()
    assert "int_lob__interactions" not in silent
    # the SQL of these views is another one now
    assert {"int_interactions_unioned", "int_records_unioned", "int_touches_unioned"} <= changed
    assert "int_tickets_unioned" not in changed


def test_a_union_has_the_same_types_whichever_sources_bring_rows(core_home: Home) -> None:
    """What sources deliver in several types, the union says itself."""
    compiled = core_home.root / "dbt" / "compiled" / "cdp" / "models" / "intermediate"
    named = {"orders": "int_orders", "purpose_consents": "int_consents_unioned"}
    several = set()
    with duckdb.connect(str(core_home.warehouse_db), read_only=True) as con:
        for part in PARTS:
            models = sorted(compiled.glob(f"*/int_*__{part}.sql"))
            union = (compiled / f"{named.get(part, f'int_{part}_unioned')}.sql").read_text(encoding="utf-8")
            types: dict[str, set[str]] = {}
            for model in models:
                for column, kind, *_ in con.execute(f"describe {model.read_text(encoding='utf-8')}").fetchall():
                    types.setdefault(column, set()).add(kind)
            several |= {(part, column) for column, kinds in types.items() if len(kinds) > 1}
            for column in (column for column, kinds in types.items() if len(kinds) > 1):
                assert union.count(f"cast({column} as ") == len(models), f"{part}: {column} has {types[column]}"
    assert ("feedback", "score") in several


def test_a_key_that_comes_twice_is_found(core_home: Home) -> None:
    (test,) = (core_home.root / "dbt" / "compiled").rglob("unique_customer_records_record_id.sql")
    query = test.read_text(encoding="utf-8")
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as warehouse")
        con.execute("create schema warehouse.core")
        con.execute(
            "create table warehouse.core.customer_records as select unnest(['a', 'b', null, null]) as record_id"
        )
        assert con.execute(query).fetchall() == []
        con.execute("insert into warehouse.core.customer_records values ('b'), ('c')")
        assert con.execute(query).fetchall() == [("b", 2)]


def test_increments_end_as_a_full_build_does(home: Home) -> None:
    """A new day, a late, a corrected and a deleted delivery, a replayed row, an erased person, records that come and
    go under interactions that stay: tables change with each, and a full build after them changes nothing."""

    def receivers() -> dict[str, str | None]:
        """Record by event, of two events of profiles that come and go."""
        rows = tables(home)["core.interactions"]
        return {str(r[0]): r[1] for r in rows if str(r[0]).startswith("klaviyo:events:later-")}  # type: ignore[misc]

    before = tables(home)
    day = AS_OF + timedelta(days=1)
    # a new day of events: a copy of one that is known, and a new one twice
    known = str(before["staging.stg_web_events__segment"][0][0])
    events = [segment(2, message_id=known), segment(3), segment(3)]
    write_raw_day(home, "web_events.segment", "2025-04-01", events)
    # late: a day before what is there
    write_raw_day(
        home, "zendesk.users", "2025-01-05", [{"user_id": "990", "role": "end-user", "email": "l@example.com"}]
    )
    # corrected: the file of the delivery is another one now
    write_raw_day(
        home,
        "zoho_crm.contacts",
        "2025-03-11",
        [{"contact_id": "5401", "family_name": "Corrected", "updated_at": "2025-03-11 10:00:00"}],
    )
    # to be sent in some days
    coming = {"piece_id": "psc_later", "sent_at": "2025-04-05 08:00:00", "recipient_name": "Lee Later"}
    write_raw_day(home, "lob.postcards", "2025-04-01", [coming])
    mails = [
        {"event_id": f"later-{n}", "klaviyo_id": f"L{n}", "metric_id": "M1", "occurred_at": "2025-04-01 09:00:00"}
        for n in (1, 2)
    ]
    write_raw_day(home, "klaviyo.events", "2025-04-01", mails)
    profile = write_raw_day(home, "klaviyo.profiles", "2025-04-01", [{"klaviyo_id": "L1", "email": "one@example.com"}])
    # a key that comes again, by a version without a time that must not win, and one that comes twice
    order = {"order_id": "O-later", "created_at": "2025-04-01 07:00:00"}
    tills = write_raw_day(
        home,
        "square_pos.orders",
        "2025-04-01",
        [
            {"order_id": "O1", "state": "CANCELED"},
            {**order, "state": "COMPLETED", "updated_at": "2025-04-01 09:00:00", "line_items": [{"name": "A"}]},
            {**order, "state": "OPEN", "updated_at": "2025-04-01 08:00:00"},
        ],
    )
    follower = {"appid": "wx1", "openid": "later", "nickname": "Kept", "is_subscribed": True}
    write_raw_day(home, "wechat.mp_users", "2025-04-01", [follower])
    build, run = steps.build_core(home, plan(day))
    kept = {"stg_square_pos__orders", "stg_wechat__mp_users", "stg_klaviyo__profiles"}
    assert {build.graph.names[node] for node in build.by_key} == kept
    assert states(home)["O-later"] == ["COMPLETED"]
    (told,) = build.parts.values()
    assert told.grown == {"klaviyo": "2025-03-31", "web_events": "2025-03-31"}
    assert {"zoho_crm", "lob"} <= told.remade and not {"klaviyo", "web_events", "twilio"} & told.remade
    assert receivers() == {"klaviyo:events:later-1": "klaviyo:profiles:L1", "klaviyo:events:later-2": None}
    assert {build.graph.names[node] for node in build.appended} >= {"stg_web_events__segment", "int_web_events__events"}
    assert run is not None and any(node.startswith("test.cdp.") for node in run.statuses)
    middle = tables(home)
    assert len(middle["staging.stg_web_events__segment"]) == len(before["staging.stg_web_events__segment"]) + 1
    records = {row[0] for row in middle["core.customer_records"]} - {row[0] for row in before["core.customer_records"]}
    assert {"zendesk:users:990", "web_events:users:CRM-3"} <= records
    assert any("Corrected" in row for row in middle["core.customer_records"])
    # what is to come changes the day it comes, and a day on which nothing does leaves all as it is
    assert not {row for row in middle["core.interactions"] if "psc_later" in row[0]}  # type: ignore[operator]
    quiet = core_build.plan_core(home, day + timedelta(days=3), CONTRACTS)
    assert (quiet.reason, names(quiet)) == ("", set())
    day += timedelta(days=4)
    assert {"int_lob__pieces", "interactions"} <= names(core_build.plan_core(home, day, CONTRACTS))
    # a replayed row is a file more, a deleted delivery a file less, an erased person a file with fewer rows
    write_raw_day(
        home, "zendesk.users", "2025-01-06", [{"user_id": "991", "role": "end-user", "email": "r@example.com"}]
    )
    (home.raw("web_events", "segment") / "dt=2025-04-01" / "part.parquet").unlink()
    write_raw_day(home, "zendesk.users", "2025-01-05", [])
    # one profile is gone, another one came late: events of both stay and follow
    profile.unlink()
    write_raw_day(home, "klaviyo.profiles", "2025-01-05", [{"klaviyo_id": "L2", "email": "two@example.com"}])
    # the delivery of the tills is gone; the follower comes again without the name, and a card with a later version
    tills.unlink()
    write_raw_day(home, "wechat.mp_users", "2025-04-03", [{**follower, "nickname": None, "is_subscribed": False}])
    write_raw_day(home, "square_pos.customers", "2025-04-03", [{"customer_id": "C1", "given_name": "Janet"}])
    build, _ = steps.build_core(home, plan(day))
    assert not build.is_full and not build.appended
    kept = {"stg_square_pos__customers", "stg_wechat__mp_users"}
    assert {build.graph.names[node] for node in build.by_key} == kept
    assert "O-later" not in states(home)
    ((name, is_subscribed),) = (
        (row["nickname"], row["is_subscribed"])
        for row in rows_of(home, "staging.stg_wechat__mp_users")
        if row["openid"] == "later"
    )
    assert (name, is_subscribed) == ("Kept", False)
    (told,) = build.parts.values()
    assert "web_events" in told.remade and not told.grown and "klaviyo" not in told.remade
    assert receivers() == {"klaviyo:events:later-1": None, "klaviyo:events:later-2": "klaviyo:profiles:L2"}
    steps.export_core(home)
    ended = tables(home)
    assert [row for row in ended["core.interactions"] if "psc_later" in row[0]]  # type: ignore[operator]
    records = {row[0] for row in ended["core.customer_records"]}
    assert "zendesk:users:991" in records
    assert not {"zendesk:users:990", "web_events:users:CRM-3"} & records
    build, _ = steps.build_core(home, plan(day, full=True))
    assert build.is_full
    again = tables(home)
    assert set(again) == set(ended)
    assert {name: rows for name, rows in again.items() if rows != ended[name]} == {}
    assert exported(home) == {table: again[f"core.{table}"] for table in warehouse.CORE_TABLES}
