"""What Dagster gets from ``connect.yml``: a job and a schedule per connection, and nothing without one."""

from __future__ import annotations

import logging

import dagster as dg
import pytest
from api_server import FakeApi, Fault
from pull_home import ENV, configure, ids
from test_shopify_pull import customer

from cdp_pipeline.defs.connect import POOL_PREFIX, connect_parts
from cdp_pipeline.defs.dead_runs import release_dead_runs
from cdp_pipeline.defs.launch import instance_of, new_run_id
from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings


def test_nothing_configured_is_nothing_defined(home: Home) -> None:
    (home.root / "connect.yml").unlink()
    assert connect_parts(home, Settings()) == ([], [])


def test_a_job_each_and_a_schedule_where_one_is_set(home: Home, api: FakeApi) -> None:
    configure(home, api, shop="schedule: '15 * * * *', objects: [customers]")
    jobs, schedules = connect_parts(home, Settings(timezone="Asia/Shanghai"))
    assert [job.name for job in jobs] == ["pull_shop", "pull_desk"]
    assert [(s.name, s.cron_schedule, s.execution_timezone) for s in schedules] == [
        ("pull_shop", "15 * * * *", "Asia/Shanghai")
    ]
    (node,) = jobs[0].nodes
    assert node.definition.pool == "connect_shop"


def test_the_job_lands_what_a_pull_lands(home: Home, api: FakeApi) -> None:
    configure(home, api, shop="objects: [customers]")
    api.lists = {"customers": [customer(1), customer(2)]}
    jobs, _ = connect_parts(home, Settings(), ENV)
    assert jobs[0].execute_in_process().success
    assert ids(home, "shopify", "customers") == [7000000000001, 7000000000002]


def test_a_refused_token_is_not_tried_again(home: Home, api: FakeApi) -> None:
    configure(home, api, shop="objects: [customers]")
    api.faults = [Fault(status=401, times=9)]
    jobs, _ = connect_parts(home, Settings(), ENV)
    result = jobs[0].execute_in_process(raise_on_error=False)
    assert not result.success
    assert len(api.seen) == 1
    (failed,) = [e for e in result.all_events if e.is_step_failure]
    assert failed.step_failure_data.user_failure_data.description == (
        "shop: /admin/api/2025-01/customers.json: status 401, the token was refused: put a new one in place"
    )


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_no_secret_in_what_dagster_keeps(home: Home, api: FakeApi) -> None:
    configure(home, api, shop="objects: [customers, checkouts]", desk="objects: [users]")
    api.lists = {"customers": [customer(1)], "checkouts": [], "users": []}
    api.faults = [Fault("checkouts", status=403), Fault("incremental", status=401, times=9)]
    jobs, _ = connect_parts(home, Settings(), ENV)
    with instance_of(home) as instance:
        results = [job.execute_in_process(instance=instance, raise_on_error=False) for job in jobs]
    assert [result.success for result in results] == [False, False]
    files = [p for p in home.root.rglob("*") if p.is_file() and p.parent != home.secrets]
    assert any(p.is_relative_to(home.dagster) for p in files)
    assert any(b"status 403" in p.read_bytes() for p in files), "the search would find what is there"
    for needle in (*(v for k, v in ENV.items() if not k.endswith("CLIENT_ID")), "access-0002", "refresh-0002"):
        assert [p.name for p in files if needle.encode() in p.read_bytes()] == []


@pytest.mark.parametrize("text", ["shop: {type: magento}", "shop: {type: shopify, shop: a, schedule: '99 * * * *'}"])
def test_a_file_that_cannot_be_used_is_a_warning(home: Home, caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Runs on what has landed go on without it."""
    (home.root / "connect.yml").write_text(text, encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert connect_parts(home, Settings())[1] == []
    assert "connect.yml: shop: " in caplog.text


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_a_pull_that_is_under_way_is_not_taken_for_a_dead_run(home: Home) -> None:
    with instance_of(home) as instance:
        storage = instance.event_log_storage
        pool, run = f"{POOL_PREFIX}shop", new_run_id()
        storage.initialize_concurrency_limit_to_default(pool)
        assert storage.claim_concurrency_slot(pool, run, "shop_objects").is_claimed
        assert release_dead_runs(instance) == 0
        assert isinstance(instance, dg.DagsterInstance)
        assert storage.get_concurrency_info(pool).claimed_slots
