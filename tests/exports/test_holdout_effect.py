"""From an export to its effect: who was assigned is kept, and the analytics step reads the two arms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from export_company import Put

from cdp_pipeline.analytics import step
from cdp_pipeline.cli import _audience_lift
from cdp_pipeline.cli._main import main
from profiles.exports import Destination, arms_folder, forget, sync

Declare = Callable[[str], Destination]
# By the first 32 bits of md5('there|p<i>') modulo 10,000 a quarter as holdout is p2, p3, p5, p7, p8 and p9 of the nine.
HALF = "{kind: file, segments: [loyal], channel: email, holdout: 0.25}"


def arms(home: Path) -> dict[str, str]:
    with duckdb.connect() as con:
        path = arms_folder(home) / "there" / "loyal.parquet"
        return dict(con.execute(f"select profile_id, variant from read_parquet('{path}') order by 1").fetchall())


def test_the_first_assignment_is_kept(put: Put, declare: Declare, home: Path) -> None:
    put()
    sync(home, declare(HALF), "loyal")
    first = {"p1": "exported", "p4": "exported", "p6": "exported", **dict.fromkeys(("p2", "p5", "p7", "p9"), "holdout")}
    assert arms(home) == first, "p3 may not be written to, p8 left: neither is in an arm"
    path = arms_folder(home) / "there" / "loyal.parquet"
    assert path.stat().st_mode & 0o077 == 0
    with duckdb.connect() as con:
        told = con.execute(f"select distinct holdout_share, as_of from read_parquet('{path}')").fetchall()
    assert told == [(0.25, date(2025, 3, 10))]
    # p2 withdraws, p4 leaves, and the share is changed: what was drawn stands
    put("delete from profiles.consent where profile_id = 'p2';delete from segments.membership where profile_id = 'p4'")
    result = sync(home, declare(HALF.replace("0.25", "0.001")), "loyal")
    assert arms(home) == first
    assert (result.members, result.counts["holdout"]) == (2, 3), "who was held out is not sent"
    # nobody who was sent is taken back for a greater share, and without a holdout the experiment is over
    assert sync(home, declare(HALF.replace("0.25", "0.99")), "loyal").changed is False
    assert sync(home, declare(HALF.replace(", holdout: 0.25", "")), "loyal").members == 5


def test_a_merge_keeps_the_side(put: Put, declare: Declare, home: Path) -> None:
    """p2 was held out; p10, who has gone on with her, is drawn by another number."""
    put()
    sync(home, declare(HALF), "loyal")
    put(
        "insert into profiles.profile_aliases values ('p2', 'p10');"
        + "".join(
            f"update {table} set profile_id = 'p10' where profile_id = 'p2';"
            for table in ("segments.membership", "profiles.consent")
        ),
        "".join(
            f"update {t} set profile_id = 'p10' where profile_id = 'p2';" for t in ("golden_record", "identifiers")
        ),
    )
    result = sync(home, declare(HALF), "loyal")
    assert (result.changed, result.counts["holdout"]) == (False, 4)


def test_a_held_out_newcomer_is_kept_though_nothing_is_sent(put: Put, declare: Declare, home: Path) -> None:
    put("delete from segments.membership where profile_id = 'p9'")
    sync(home, declare(HALF), "loyal")
    assert "p9" not in arms(home)
    put()
    result = sync(home, declare(HALF), "loyal")
    assert (result.changed, arms(home)["p9"]) == (False, "holdout")


def test_without_contact_nobody_is_in_an_arm(put: Put, declare: Declare, home: Path) -> None:
    """p6 has no trusted contact, and p2 loses hers: neither could have been sent."""
    put(pii="update golden_record set email = null where profile_id = 'p2';"
        "delete from identifiers where profile_id = 'p2'")  # fmt: skip
    result = sync(home, declare(HALF.replace("kind: file", "kind: file, format: klaviyo")), "loyal")
    assert set(arms(home)) == {"p1", "p4", "p5", "p7", "p9"}
    assert (result.counts["no_contact"], result.counts["holdout"]) == (2, 3)


def test_without_a_holdout_nothing_is_kept(put: Put, declare: Declare, home: Path) -> None:
    put()
    sync(home, declare("{kind: file, segments: [loyal], channel: email}"), "loyal")
    assert not arms_folder(home).exists()


def test_the_erased_are_in_no_arm(put: Put, declare: Declare, home: Path) -> None:
    put()
    sync(home, declare(HALF), "loyal")
    forget(home, ["p1", "p9"])
    assert set(arms(home)) == {"p2", "p4", "p5", "p6", "p7"}


TABLES = {
    "core/interactions": "interaction_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, experiment_id VARCHAR,"
    " variant VARCHAR, campaign_id VARCHAR, occurred_at TIMESTAMP",
    "core/orders": "order_id VARCHAR, record_id VARCHAR, anonymous_id VARCHAR, ordered_at TIMESTAMP, status VARCHAR,"
    " net_amount_reporting DECIMAL(18, 4)",
    "identity/profile_members": "record_id VARCHAR, profile_id VARCHAR",
    "identity/profile_aliases": "alias_profile_id VARCHAR, profile_id VARCHAR",
    "identity/anonymous_links": "anonymous_id VARCHAR, profile_id VARCHAR, valid_from TIMESTAMP, valid_to TIMESTAMP",
}
ROWS = {
    "identity/profile_members": "SELECT 'r' || i, 'p' || i FROM range(1, 10) AS t (i)",
    # p1 and p4 were sent and buy for 30 and 20; p2 was held out and buys for 8
    "core/orders": """SELECT * FROM (VALUES ('o1', 'r1', NULL, TIMESTAMP '2025-03-11', 'completed', 30),
        ('o2', 'r4', NULL, TIMESTAMP '2025-03-20', 'completed', 20),
        ('o3', 'r2', NULL, TIMESTAMP '2025-03-12', 'completed', 8),
        ('o4', 'r2', NULL, TIMESTAMP '2025-03-10 23:59:59', 'completed', 500))""",
}


def test_from_an_export_to_its_lift(put: Put, declare: Declare, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put()
    sync(home, declare(HALF), "loyal")
    for name, columns in TABLES.items():
        path = home / "lake" / name / "part-0.parquet"
        path.parent.mkdir(parents=True)
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE t ({columns})")
            if name in ROWS:
                con.execute(f"INSERT INTO t {ROWS[name]}")
            con.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    lake = home / "lake"
    step.run_jobs(
        lake / "core", lake / "identity", lake / "analytics", date(2025, 3, 24),
        tables={"experiment_arms"}, audiences=arms_folder(home),
    )  # fmt: skip
    marts = home / "published" / "current" / "marts.duckdb"
    with duckdb.connect(str(marts)) as con:
        con.execute("create schema insights")
        con.execute(
            f"""create table insights.experiments as
            select *, converted_people / people as conversion_rate, 'USD' as currency
            from read_parquet('{lake}/analytics/experiment_arms/*.parquet')"""
        )
        con.execute(
            f"create table insights.experiment_results as from read_parquet('{lake}/analytics/experiment_results/*')"
        )
    [row] = _audience_lift.read(marts.resolve())
    assert (row["destination"], row["segment"], row["exported"], row["held_out"]) == ("there", "loyal", 3, 4)
    assert (row["exported_conversion"], row["held_out_conversion"]) == (pytest.approx(2 / 3), 0.25)
    # 50 over three people against 8 over four; three times the difference is what the export brought
    assert row["lift_revenue_per_person"] == pytest.approx(50 / 3 - 2)
    assert row["incremental_revenue"] == pytest.approx(44)
    assert row["revenue_verdict"] == "too_few_people"
    assert main(["audience", "lift", "--home", str(home)]) == 0
    told = capsys.readouterr().out
    assert "there        loyal    3 / 4            66.7% / 25.0%" in told
    assert "too few people yet" in told
    assert main(["audience", "lift", "ther", "--home", str(home)]) == 2
    assert "did you mean 'there'?" in capsys.readouterr().err
