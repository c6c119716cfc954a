"""Variants, ranked audiences and frequency caps: who of those who may be sent is sent, and as what."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from export_company import Put, rows

from cdp_pipeline.analytics import step
from profiles.exports import Destination, DestinationError, SyncResult, arms_folder, forget, history, plan, sync
from profiles.exports.destinations import load_destinations
from profiles.manifest import Manifest

Declare = Callable[[str], Destination]
HALVES = "variants: {control: 50, coupon: 50}"
BASE = "kind: file, segments: [loyal], channel: email"


def drawn(profile_id: str, below: int = 5000) -> str:
    """The rule in the test's own words: the first 32 bits of an MD5, in parts of 10,000."""
    number = int(hashlib.md5(f"there|variant|{profile_id}".encode()).hexdigest()[:8], 16)  # noqa: S324
    return "control" if number % 10_000 < below else "coupon"


def of(result: SyncResult) -> dict[str, str]:
    [path] = [Path(name) for name in result.files if Path(name).name == "members.csv"]
    return {row["profile_id"]: row.get("variant", "") for row in rows(path)}


def days_on(home: Path, version: str, as_of: date) -> None:
    """Give a published version another as-of."""
    path = home / "published" / version / "manifest.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"as_of": as_of.isoformat()}))
    assert Manifest.read(path.parent).as_of == as_of


def test_variants_are_drawn_by_profile_and_stay(put: Put, declare: Declare, home: Path) -> None:
    put()
    first = sync(home, declare(f"{{{BASE}, {HALVES}}}"), "loyal")
    expected = {p: drawn(p) for p in ("p1", "p2", "p4", "p5", "p6", "p7", "p9")}
    assert of(first) == expected and set(expected.values()) == {"control", "coupon"}
    assert first.variants == Counter(expected.values())
    assert history(home)[0].counts["variant:coupon"] == Counter(expected.values())["coupon"]
    assert sync(home, declare(f"{{{BASE}, {HALVES}}}"), "loyal").changed is False
    # other shares: who was drawn stays, who is new follows the new ones
    put("update profiles.consent set state = 'granted'; insert into profiles.consent "
        "values ('p3', 'marketing', 'email', 'granted')")  # fmt: skip
    second = sync(home, declare(f"{{{BASE}, variants: {{control: 1, coupon: 99}}}}"), "loyal")
    assert of(second) == expected | {"p3": drawn("p3", 100)}


def test_a_merge_keeps_the_variant(put: Put, declare: Declare, home: Path) -> None:
    """p1 becomes part of p3, who was never sent and would be drawn into the other variant."""
    destination = declare(f"{{{BASE}, {HALVES}}}")
    put()
    first = of(sync(home, destination, "loyal"))
    [other] = [p for p in ("p2", "p1") if first[p] != drawn("p3")][:1]
    put(f"insert into profiles.profile_aliases values ('{other}', 'p3');"
        "insert into profiles.consent values ('p3', 'marketing', 'email', 'granted');"
        f"delete from segments.membership where profile_id = '{other}'")  # fmt: skip
    assert of(sync(home, destination, "loyal"))["p3"] == first[other]


def test_prescribed_formats_get_a_file_for_each_variant(put: Put, declare: Declare, home: Path) -> None:
    put()
    result = sync(home, declare(f"{{{BASE}, format: mailchimp, {HALVES}}}"), "loyal")
    found = {Path(name).name: Path(name) for name in result.files}
    assert list(found) == ["adds-control.csv", "adds-coupon.csv"]
    mails = {"p1": "ming", "p2": "ann", "p4": "cy", "p5": "dee", "p7": "flo", "p9": "halquin"}
    for variant in ("control", "coupon"):
        table = rows(found[f"adds-{variant}.csv"])
        assert {row["Email Address"].split("@")[0] for row in table} == {
            mail for profile, mail in mails.items() if drawn(profile) == variant
        }
        assert "variant" not in table[0]
    put("delete from segments.membership where profile_id = 'p2'")
    gone = sync(home, declare(f"{{{BASE}, format: mailchimp, {HALVES}}}"), "loyal")
    assert [Path(name).name for name in gone.files] == [f"removes-{drawn('p2')}.csv"]


def test_variants_are_the_arms_of_the_readout(put: Put, declare: Declare, home: Path) -> None:
    put()
    result = sync(home, declare(f"{{{BASE}, holdout: 0.1, {HALVES}}}"), "loyal")
    with duckdb.connect() as con:
        path = arms_folder(home) / "there" / "loyal.parquet"
        kept = con.execute(f"select profile_id, variant, planned_share from read_parquet('{path}')").fetchall()
        planned = con.execute(f"select distinct planned_shares from read_parquet('{path}')").fetchall()
    shares = {"control": 0.45, "coupon": 0.45, "holdout": 0.1}
    assert planned == [(shares,)]
    assert {p: v for p, v, _ in kept} == of(result) | dict.fromkeys(("p7", "p9"), "holdout")
    assert all(share == shares[variant] for _, variant, share in kept)
    # a file of before variants beside it
    old = arms_folder(home) / "before" / "loyal.parquet"
    old.parent.mkdir()
    with duckdb.connect() as con:
        con.execute(
            f"copy (select 'p' || i as profile_id, if(i < 3, 'holdout', 'exported') as variant, 0.2::double as "
            f"holdout_share, date '2025-03-10' as as_of from range(1, 10) t(i)) to '{old}' (format parquet)"
        )
    for name, columns in CORE.items():
        target = home / "lake" / name / "part-0.parquet"
        target.parent.mkdir(parents=True)
        with duckdb.connect() as con:
            con.execute(f"create table t ({columns})")
            con.execute(f"copy t to '{target}' (format parquet)")
    lake = home / "lake"
    step.run_jobs(
        lake / "core", lake / "identity", lake / "analytics", date(2025, 3, 24),
        tables={"experiment_arms"}, audiences=arms_folder(home),
    )  # fmt: skip
    with duckdb.connect() as con:
        arms = con.execute(
            f"""select experiment_id, variant, is_control, kind, exposed_people, planned_share
            from read_parquet('{lake}/analytics/experiment_arms/*.parquet') order by 1, 2"""
        ).fetchall()
    people = Counter(variant for _, variant, _ in kept)
    assert arms == [
        ("export:before/loyal", "exported", False, "holdout", 7, 0.8),
        ("export:before/loyal", "holdout", True, "holdout", 2, 0.2),
        *(
            ("export:there/loyal", variant, variant == "holdout", "holdout", people[variant], share)
            for variant, share in shares.items()
        ),
    ]


CORE = {
    "core/interactions": "interaction_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, experiment_id VARCHAR,"
    " variant VARCHAR, campaign_id VARCHAR, occurred_at TIMESTAMP",
    "core/orders": "order_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, ordered_at TIMESTAMP, status VARCHAR,"
    " net_amount_reporting DECIMAL(18, 4)",
    "identity/profile_members": "record_id VARCHAR, profile_id VARCHAR",
    "identity/profile_aliases": "alias_profile_id VARCHAR, profile_id VARCHAR",
    "identity/anonymous_links": "anonymous_id VARCHAR, profile_id VARCHAR, valid_from TIMESTAMP, valid_to TIMESTAMP",
}


def test_the_first_of_a_ranking(put: Put, declare: Declare, home: Path) -> None:
    """orders_total is ten times the number: p9 first; p7 is suppressed and leaves room for the next."""
    top = "top: {by: features.orders_total, count: 3}"
    home.mkdir(exist_ok=True)
    (home / "suppression.csv").write_text("kind,value\nprofile_id,p7\n", encoding="utf-8")
    put()
    result = sync(home, declare(f"{{{BASE}, {top}}}"), "loyal")
    assert set(of(result)) == {"p9", "p6", "p5"}
    assert (result.counts["below_rank"], result.counts["suppressed"]) == (3, 1)
    put("update features.profile_features set orders_total = null where profile_id = 'p9'")
    assert set(of(sync(home, declare(f"{{{BASE}, {top}}}"), "loyal"))) == {"p6", "p5", "p4"}, "no value is no rank"
    least = declare(f"{{{BASE}, top: {{by: features.orders_total, count: 2, order: asc}}}}")
    assert set(of(sync(home, least, "loyal"))) == {"p1", "p2"}
    put("update features.profile_features set orders_total = 1")
    assert sync(home, least, "loyal").changed is False, "equal values go by profile id"


def test_a_holdout_of_a_ranking_is_drawn_among_its_people(put: Put, declare: Declare, home: Path) -> None:
    put()
    result = sync(home, declare(f"{{{BASE}, holdout: 0.25, top: {{by: features.orders_total, count: 4}}}}"), "loyal")
    # of p9, p7, p6 and p5 all but p6 are held out by their hash (see test_holdout_effect)
    assert (set(of(result)), result.counts["holdout"], result.counts["below_rank"]) == ({"p6"}, 3, 3)


TWO = """destinations:
  mail: {{kind: file, segments: [loyal, open_ticket], channel: email, purpose: marketing}}
  ads: {{kind: file, segments: [loyal], channel: email, {cap}}}
"""


def two(home: Path, cap: str) -> dict[str, Destination]:
    home.mkdir(exist_ok=True)
    (home / "destinations.yml").write_text(TWO.format(cap=cap), encoding="utf-8")
    return load_destinations(home)


def test_who_was_reached_often_enough_is_left_alone(put: Put, home: Path) -> None:
    there = two(home, "cap: {exports: 2, days: 7}")
    put()
    sync(home, there["mail"], "loyal")  # seven people
    sync(home, there["mail"], "open_ticket")  # p1 and p2 once more
    result = sync(home, there["ads"], "loyal")
    assert (set(of(result)), result.counts["capped"]) == ({"p4", "p5", "p6", "p7", "p9"}, 2)
    # within the window nothing changes; members stay although their own export was a second one
    days_on(home, put(), date(2025, 3, 16))
    assert sync(home, there["ads"], "loyal").changed is False
    # the seventh day after is a new beginning
    days_on(home, put(), date(2025, 3, 17))
    assert set(of(sync(home, there["ads"], "loyal"))) == {"p1", "p2", "p4", "p5", "p6", "p7", "p9"}


def test_a_cap_counts_over_the_destinations_it_names_and_a_merged_persons_exports_together(
    put: Put, home: Path
) -> None:
    there = two(home, "cap: {exports: 2, days: 7, across: [mail]}")
    put()
    sync(home, there["mail"], "loyal")
    assert plan(home, there["ads"], "loyal").counts["capped"] == 0
    put("insert into profiles.profile_aliases values ('p4', 'p5');"
        "delete from segments.membership where profile_id = 'p4'")  # fmt: skip
    assert plan(home, there["ads"], "loyal").counts["capped"] == 1, "p4 and p5 are one person: told twice"
    assert plan(home, two(home, "cap: {exports: 1, days: 7, across: [ads]}")["ads"], "loyal").counts["capped"] == 0


def test_the_erased_are_in_no_log_of_contacts(put: Put, home: Path) -> None:
    there = two(home, "cap: {exports: 1, days: 7}")
    put()
    sync(home, there["mail"], "loyal")
    forget(home, ["p1"])
    [path] = (home / "state" / "contacted").glob("mail/loyal/*.parquet")
    assert path.stat().st_mode & 0o077 == 0
    with duckdb.connect() as con:
        kept = con.execute(f"select profile_id, as_of from read_parquet('{path}')").fetchall()
    assert kept == [(p, date(2025, 3, 10)) for p in ("p2", "p4", "p5", "p6", "p7", "p9")]


def test_contacts_of_before_the_longest_window_are_removed(put: Put, declare: Declare, home: Path) -> None:
    destination = declare(f"{{{BASE}}}")
    put()
    sync(home, destination, "loyal")
    assert len(list((home / "state" / "contacted").glob("there/loyal/*.parquet"))) == 1
    days_on(home, put("delete from segments.membership where profile_id = 'p2'"), date(2025, 6, 9))
    sync(home, destination, "loyal")
    assert list((home / "state" / "contacted").glob("there/loyal/*.parquet")) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("variants: {a: 50}", "variants must name at least two"),
        ("variants: {a: 50, b: 40}", "variants: the shares make 90, not 100"),
        ("variants: {a: 100, b: 0}", "variants: the share of a must be a percentage between 0 and 100"),
        ("variants: {a: half, b: 50}", "variants: the share of a must be a percentage"),
        ("variants: {a: true, b: 99}", "variants: the share of a must be a percentage"),
        ("variants: {holdout: 50, b: 50}", "variants: 'holdout' is no name for a variant"),
        ("variants: {'x/y': 50, b: 50}", "variants: 'x/y' is no name for a variant"),
        ("variants: [a, b]", "variants must be settings"),
        ("top: {count: 3}", "top: by is missing"),
        ("top: {by: orders_total, count: 3}", "top: by must be features.<column>"),
        ("top: {by: features.orders_total, count: 0}", "top: count must be a whole number from 1 on"),
        ("top: {by: features.orders_total, count: 3, order: down}", "top: order must be one of desc, asc"),
        ("top: {by: features.orders_total, limit: 3}", "top: unknown key 'limit': one of by, count, order"),
        ("cap: {exports: 2}", "cap: days is missing"),
        ("cap: {exports: 2.5, days: 7}", "cap: exports must be a whole number from 1 on"),
        ("cap: {exports: 2, days: 91}", "cap: days must be a whole number from 1 to 90"),
        ("cap: {exports: 2, days: 7, across: there}", "cap: across must be a list of destinations"),
        ("cap: {exports: 2, days: 7, across: [theer]}", "cap: no destination 'theer', did you mean 'there'?"),
    ],
)
def test_what_cannot_be_meant_is_one_line(declare: Declare, settings: str, said: str) -> None:
    with pytest.raises(DestinationError) as caught:
        declare(f"{{{BASE}, {settings}}}")
    assert said in str(caught.value) and "there: " in str(caught.value) and "\n" not in str(caught.value)


def test_a_feature_that_the_snapshot_lacks_is_named(put: Put, declare: Declare, home: Path) -> None:
    put()
    destination = declare(f"{{{BASE}, top: {{by: features.order_total, count: 3}}}}")
    with pytest.raises(DestinationError, match="no feature 'order_total', did you mean 'orders_total'"):
        sync(home, destination, "loyal")
