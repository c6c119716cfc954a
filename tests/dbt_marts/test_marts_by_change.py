"""Marts by change equal marts made anew: one company over a sequence of days, in every table and every value.

Each day brings another kind of change. Two homes see the same data; in one of them every build is whole. The other one
leaves out the models under which nothing changed; on a day without anything that is held against a build that does not.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from marts_company import A1, A2, A3, AS_OF, B1, B2, C1, CORE, D1, ROWS, W1, build_home

from cdp_pipeline.home import Home
from cdp_pipeline.marts_refresh import MARTS, plan_refresh
from cdp_pipeline.warehouse import PROJECT, DbtRun, run_dbt

SEEDS = ["path:seeds/marts", "touchpoints", "exchange_rates"]
# What tells of the build itself, and what a table of changes holds by design.
OF_THE_BUILD = "table_name = 'int_marts_build' or table_name similar to 'int_.*_(hours|changed)'"
NEXT = AS_OF + timedelta(days=1)

_ACT = "'{id}', {record}, {anonymous}, '{source}', '{channel}', '{touchpoint}', 'inbound', '{kind}', '{at}'"


def act(
    number: str,
    kind: str,
    at: str,
    *,
    record: str | None = None,
    anonymous: str | None = None,
    channel: str = "website",
) -> str:
    """One interaction as an SQL row."""
    touchpoint = {
        "website": "web_page",
        "store": "store_till",
        "phone": "call_centre",
        "social": "facebook_inbox",
    }[channel]
    amount = "12.5, 'USD'" if kind == "purchase" else "NULL, NULL"
    product = "'TEA'" if kind.startswith("product") else "NULL"
    row = _ACT.format(
        id=number,
        record=f"'{record}'" if record else "NULL",
        anonymous=f"'{anonymous}'" if anonymous else "NULL",
        source="web_events",
        channel=channel,
        touchpoint=touchpoint,
        kind=kind,
        at=at,
    )
    return f"({row}, {amount}, {product}, NULL, NULL, NULL, NULL)"


def order(number: str, at: str, record: str, amount: int = 12) -> str:
    """One sale in the store as an SQL row."""
    return (
        f"('{number}', 'square_pos', '{record}', NULL, 'store', 'store_till', 's1', '{at}', 'completed', 'USD',"
        f" {amount}, 0, 0, {amount}, 0, {amount}, NULL, NULL, NULL)"
    )


# The first build: beside the small company, browsing that sessions, funnels and ways to a sale are made of.
FIRST = (
    act("s1", "page_viewed", "2026-01-05 10:00", record=C1),
    act("s2", "product_viewed", "2026-01-05 10:20", record=C1),
    act("s3", "product_added", "2026-01-05 10:45", record=C1),
    act("s4", "purchase", "2026-01-06 09:00", record=C1, channel="store"),
    act("s5", "page_viewed", "2026-01-05 12:00", record=C1),
    act("s6", "page_viewed", "2026-01-20 12:00", record=W1),
    act("s7", "product_viewed", "2026-01-28 12:00", record=W1),
    act("s8", "page_viewed", "2024-12-30 12:00", record=W1),
    act("s9", "product_viewed", "2025-01-01 12:00", record=W1),
    act("z1", "page_viewed", "2026-01-16 11:45", anonymous="anon-z"),
    act("z2", "product_viewed", "2026-01-16 12:00", anonymous="anon-z"),
)


# Beside the small company: names as identity compares them, and a second edge.
NAMES = (
    f"('{A1}', 'ana', 'berg', NULL, 'Berg Ltd')",
    f"('{W1}', 'wei', 'wang', '王伟', NULL)",
    f"('{B2}', 'bo', NULL, NULL, NULL)",
    f"('{C1}', 'cy', 'dent', NULL, NULL)",
    f"('{D1}', 'deleta', 'gone', NULL, NULL)",
)
EDGE = f", ('{B1}', '{B2}', 9.0, 0.99, 'probabilistic', 'name', 'm1')"
# P3 shares its e-mail address with somebody for a day.
SHARED = f"('{W1}', 'email', '', 'Bo@carlsen.example', 'bo@carlsen.example', true, NULL, '2026-02-01', '2026-02-01')"


@dataclass(frozen=True)
class Step:
    """A day: what is put at the end of tables, what is replaced in them, a record of which every row goes, and the
    as-of; models that must be `made` then, and models that must be `left` out.

    Not every day is compared with a full build: what one day gets wrong is still wrong on the next.
    """

    name: str
    as_of: date
    is_compared: bool = True
    made: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    added: tuple[tuple[str, str], ...] = ()
    replaced: tuple[tuple[str, str, str], ...] = ()
    erased: str | None = None


# What looks at the day itself.
DAILY = frozenset({"int_as_of_changed", "int_marts_build", "profile_features", "quality_checks", "seg_membership"})
# What is as it was on a day without anything, by the fact that it is made of.
OF_RECORDS = frozenset({"customer_profile", "int_records_changed", "int_records_profiled", "pii_search_index"})
OF_ACTS = frozenset({"int_coupon_redemptions", "int_interactions_changed", "int_interactions_hours", "int_sessions"})
OF_CONSENTS = frozenset({"consistency", "int_consistency_changed", "profile_consent"})
OF_COSTS = frozenset({"campaigns", "int_homes_changed", "int_touches", "int_touches_changed"})

STEPS = (
    Step(
        "nothing but a day: an act, a sale and a cost of the future come into view",
        NEXT,
        made=DAILY
        | OF_COSTS
        | {"int_interactions_hours", "int_orders_hours", "int_order_lines_profiled", "int_sessions"},
        left=OF_CONSENTS | {"int_records_changed", "int_records_profiled", "int_links_changed", "pii_identifiers"},
    ),
    Step(
        "new, late and corrected rows, one out of order",
        NEXT + timedelta(days=1),
        added=(
            ("interactions", act("n1", "page_viewed", "2026-02-02 09:00", record=C1)),
            ("interactions", act("n2", "product_added", "2026-02-02 09:10", record=C1)),
            ("interactions", act("n3", "product_viewed", "2026-01-05 11:10", record=C1)),
            ("interactions", act("n4", "page_viewed", "2026-01-27 12:00", record=W1)),
            ("orders", order("n5", "2026-02-02 10:00", C1)),
            ("orders", order("n6", "2026-01-07 10:00", C1, 99)),
            ("order_lines", "('n5', 1, 'TEA', 'Tea', 1, 12, 0, 12, 'USD')"),
            (
                "feedback",
                f"('n7', 'delighted', '{C1}', 'survey', 'nps_survey', 'nps', 2, 0, 10, 'Late', '2026-02-01', NULL,"
                " NULL, NULL)",
            ),
            (
                "campaign_touches",
                f"('n8', 'klaviyo', '{C1}', 'c1', 'Winter', 'email', 'marketing_email', 'clicked', '2026-02-01 10:02')",
            ),
            # A way to a sale over two touchpoints, and a line that is delivered twice.
            ("interactions", act("n9", "message_received", "2026-02-02 08:00", record=C1, channel="social")),
            ("order_lines", "('o1', 2, 'TEA', 'Tea', 1, 5, 0, 20, 'USD')"),
            (
                "identity/record_identifiers",
                f"('{C1}', 'loyalty_id', 'square_pos', '77', '77', true, NULL, '2024-05-01', '2024-05-01')",
            ),
            ("identity/record_identifiers", SHARED),
            (
                "identity/record_identifiers",
                f"('{D1}', 'email', '', 'd@gone.example', 'd@gone.example', true, NULL, '2024-05-01', '2024-05-01')",
            ),
            ("identity/edges", f"('{A2}', '{A3}', 12.0, 0.99, 'probabilistic', 'name', 'm1')"),
            ("consents", f"('{A3}', 'marketing', 'email', 'denied', '2025-01-15', 'square_pos')"),
        ),
        replaced=(
            ("identity/features", "'ana', 'berg'", "'ana', 'bergen'"),
            ("interactions", "'purchase', '2026-01-09 10:00'", "'purchase', '2026-01-08 10:00'"),
            ("orders", "'2026-01-15 12:00', 'completed', 'USD', 10", "'2026-01-15 12:00', 'completed', 'USD', 11"),
            # a move to where the clock shows another hour
            ("customer_records", "'Oak Avenue 9', '2b', 'Salem', 'MA'", "'Oak Avenue 10', '2b', 'Portland', 'OR'"),
        ),
    ),
    Step(
        "rows deleted, a person gone, a merge, a device that has an owner now",
        NEXT + timedelta(days=2),
        replaced=(
            ("interactions", act("s2", "product_viewed", "2026-01-05 10:20", record=C1) + ", ", ""),
            ("interactions", act("s7", "product_viewed", "2026-01-28 12:00", record=W1) + ", ", ""),
            # A sale of another buyer, one whose line alone changed, a product of another category, touches that left
            # or changed.
            ("orders", f"('o3', 'square_pos', '{A3}'", f"('o3', 'square_pos', '{C1}'"),
            ("order_lines", "('o2', 1, 'TEA', 'Tea', 1,", "('o2', 1, 'TEA', 'Tea', 3,"),
            ("products", "'Leaf', 'spreads'", "'Leaf', 'drinks'"),
            (
                "campaign_touches",
                f"('t6', 'klaviyo', '{A1}', 'c9', 'Old', 'email', 'marketing_email', 'clicked', '2025-12-01 10:02'),",
                "",
            ),
            ("campaign_touches", "'sent', '2026-01-08 10:00'), ('n8'", "'opened', '2026-01-08 10:00'), ('n8'"),
            ("identity/households", "('h1', 'P3')", "('h2', 'P3')"),
            ("identity/record_identifiers", f", {SHARED}", ""),
            ("identity/edges", f"('{A1}', '{A2}', 20.0", f"('{A1}', '{A2}', 19.0"),
            ("identity/edges", EDGE, ""),
            (
                "consents",
                f"('{A3}', 'marketing', 'email', 'denied', '2025-01-15', 'square_pos')",
                f"('{A3}', 'marketing', 'sms', 'denied', '2026-01-15', 'square_pos')",
            ),
            ("customer_records", "'2026-01-20', '2026-01-20', false", "'2026-01-20', '2026-01-20', true"),
            ("identity/record_identifiers", "'+8613912345678', true", "'+8613912345678', false"),
            ("identity/profile_members", f"('{C1}', 'P4'", f"('{C1}', 'P1'"),
            # a deleted record joins a profile that has others, and leaves it with the next step
            ("identity/profile_members", f"('{D1}', 'P5'", f"('{D1}', 'P3'"),
            (
                "identity/anonymous_links",
                "('anon-a', 'P1', '2026-01-01', NULL)",
                "('anon-a', 'P1', '2026-01-01', NULL), ('anon-z', 'P1', '2026-01-01', NULL)",
            ),
        ),
    ),
    Step(
        "a split, a deleted account that is back, and another one erased",
        NEXT + timedelta(days=4),
        is_compared=False,
        erased=W1,
        replaced=(
            ("identity/profile_members", f"('{B2}', 'P3'", f"('{B2}', 'P10'"),
            ("identity/profile_members", f"('{C1}', 'P1'", f"('{C1}', 'P4'"),
            ("identity/profile_members", f"('{D1}', 'P3'", f"('{D1}', 'P5'"),
            (
                "customer_records",
                "'2024-05-01', '2024-05-01', '2024-05-01', true",
                "'2024-05-01', '2024-05-01', '2024-05-01', false",
            ),
        ),
    ),
    Step(
        "days without anything: windows, months and old entries lapse",
        AS_OF + timedelta(days=70),
        made=DAILY | {"int_funnel_steps", "int_touchpoint_visits", "service_kpis"},
        left=OF_RECORDS | OF_ACTS | OF_CONSENTS | OF_COSTS,
    ),
)
EMPTY = AS_OF + timedelta(days=71)
# The same day again, with a refusal that was not known before.
CORRECTED = Step(
    "one table of the core changed, and the day did not",
    EMPTY,
    made=OF_CONSENTS | {"int_marts_build", "profile_features"},
    left=OF_RECORDS | OF_ACTS | OF_COSTS | {"int_as_of_changed", "int_funnel_steps", "int_tickets_timed"},
    added=(("consents", f"('{C1}', 'marketing', 'email', 'denied', '2026-04-01', 'klaviyo')"),),
)


class Company:
    """The rows of all tables as SQL, and the homes that they are written to."""

    def __init__(self) -> None:
        self.rows = {
            **ROWS,
            "interactions": ", ".join((*FIRST, ROWS["interactions"].strip())),
            "identity/features": ", ".join(NAMES),
            "identity/edges": ROWS["identity/edges"] + EDGE,
        }

    def move(self, step: Step) -> None:
        for table, before, after in step.replaced:
            assert before in self.rows[table], f"{step.name}: no {before!r} in {table}"
            self.rows[table] = self.rows[table].replace(before, after)
        for table, row in step.added:
            self.rows[table] += f", {row}"
        if step.erased:
            of_record = re.compile(rf",\s*\([^()]*'{re.escape(step.erased)}'[^()]*\)")
            self.rows = {table: of_record.sub("", rows) for table, rows in self.rows.items()}
            assert not any(step.erased in rows for rows in self.rows.values())

    def write(self, home: Home) -> None:
        build_home(home.root, self.rows)
        # as the core step records it: what the tables are made of
        versions = {
            f"model.cdp.{table}": hashlib.sha256(self.rows.get(table, "").encode()).hexdigest() for table in CORE
        }
        seeds = {f"seed.cdp.{path.stem}": "1" for path in (PROJECT / "seeds").rglob("*.csv")}
        home.root.joinpath("dbt").mkdir(exist_ok=True)
        record = {"versions": {**versions, **seeds}}
        home.root.joinpath("dbt", "core_build.json").write_text(json.dumps(record), encoding="utf-8")


def tables(home: Home, of_the_build: str = OF_THE_BUILD) -> dict[str, list[tuple[object, ...]]]:
    """Every table of the marts, sorted, but those that tell of the build itself."""
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        names = con.execute(
            "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
            f" and table_schema not in ('core', 'staging') and not ({of_the_build}) order by all"
        ).fetchall()
        return {f"{s}.{t}": con.execute(f'select * from "{s}"."{t}" order by all').fetchall() for s, t in names}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Home, Home]:
    """The company after its first build, twice."""
    company = Company()
    by_change = Home(tmp_path_factory.mktemp("by_change"))
    whole = Home(tmp_path_factory.mktemp("whole"))
    company.write(by_change)
    run_dbt("seed", SEEDS, by_change, AS_OF)
    first = run_dbt("run", "tag:marts", by_change, AS_OF)
    assert (first.refresh.mode, first.refresh.reason) == ("everything", "no complete build before")
    shutil.copytree(by_change.root, whole.root, dirs_exist_ok=True)
    return company, by_change, whole


@pytest.mark.parametrize("step", STEPS, ids=[step.name.split(":")[0].replace(" ", "-") for step in STEPS])
def test_every_table_equals_a_full_build(homes: tuple[Company, Home, Home], step: Step) -> None:
    follow(homes, step)


def test_what_is_left_out_on_an_empty_day_would_have_come_out_the_same(
    homes: tuple[Company, Home, Home], tmp_path: Path
) -> None:
    """Also the tables that tell what changed: those that were not made say that nothing did."""
    _, home, _ = homes
    # kept aside and put back, because at another place everything would be made
    before = shutil.copytree(home.root, tmp_path / "before")
    refresh = plan_refresh(home, EMPTY, "run", [MARTS], full=False)
    assert refresh.plan is not None
    everything = made_by(run_dbt("run", MARTS, home, EMPTY, refresh=replace(refresh, plan=None)))
    expected = tables(home, "table_name = 'int_marts_build'")
    shutil.rmtree(home.root)
    shutil.move(before, home.root)
    made = made_by(run_dbt("run", MARTS, home, EMPTY))
    assert made < everything and made >= DAILY
    assert not made & (OF_RECORDS | OF_ACTS | OF_CONSENTS | OF_COSTS)
    assert differences(tables(home, "table_name = 'int_marts_build'"), expected) == []


def test_a_guard_is_asked_of_a_relation_that_the_model_reads(homes: tuple[Company, Home, Home]) -> None:
    """A model whose guard cannot be asked is made every day."""
    _, by_change, _ = homes
    plan = plan_refresh(by_change, EMPTY, "run", [MARTS], full=False).plan
    assert plan is not None and plan.names == ["int_marts_build"], "on the same day nothing but the mark is made"
    later = plan_refresh(by_change, EMPTY + timedelta(days=1), "run", [MARTS], full=False).plan
    assert later is not None
    guarded = {mart.name for mart in later.graph.marts.values() if mart.guards and not mart.is_dated}
    assert {"int_interactions_profiled", "profile_consent", "int_touches", "int_tickets_profiled"} <= guarded
    assert not guarded & set(later.names)


def test_after_days_without_anything_one_changed_table_is_followed(homes: tuple[Company, Home, Home]) -> None:
    follow(homes, CORRECTED)


def follow(homes: tuple[Company, Home, Home], step: Step) -> None:
    """Make the marts of a day by change, and hold them against a full build."""
    company, by_change, whole = homes
    company.move(step)
    company.write(by_change)
    made = made_by(run_dbt("run", MARTS, by_change, step.as_of))
    assert (sorted(step.made - made), sorted(step.left & made)) == ([], [])
    if step.is_compared:
        company.write(whole)
        run_dbt("run", MARTS, whole, step.as_of, full_refresh=True)
        assert differences(tables(by_change), tables(whole)) == []


def made_by(run: DbtRun) -> set[str]:
    """Names of the models that a build of changes made."""
    assert run.refresh.mode == "changes", run.refresh.reason
    made = {node.rsplit(".", 1)[-1] for node in run.statuses}
    assert run.refresh.plan is None or made == set(run.refresh.plan.names)
    return made


def differences(found: dict[str, list[tuple[object, ...]]], expected: dict[str, list[tuple[object, ...]]]) -> list[str]:
    """Names of the tables that only one of two warehouses has, or that differ."""
    return [name for name in sorted(found.keys() | expected.keys()) if found.get(name) != expected.get(name)]
