"""One full run as plain function calls, without Dagster: the parts that orchestration is measured against.

usage: python bench/whole/parts.py HOME AS_OF
Prints a line per step on standard error as ``cdp run`` does.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from cdp_pipeline import ops_export, steps, warehouse
from cdp_pipeline.cli._main import tune_process
from cdp_pipeline.home import Home
from cdp_pipeline.quality import check_object, record_checks, record_metrics
from cdp_pipeline.settings import Settings
from cdp_pipeline.sources.overlay import contracts_of


@contextmanager
def _told(name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    print(f"  {name:<24} {time.monotonic() - started:7.1f} s", file=sys.stderr, flush=True)


def main(home: Home, as_of: date) -> None:
    plan = steps.plan_run(home, "parts", as_of=as_of)
    contracts = contracts_of(home)
    for source in sorted({p.source for p in plan.unseen}):
        with _told(f"raw_{source}"):
            for obj in contracts[source].objects.values():
                days = plan.days_of(obj.source, obj.name)
                for _ in steps.ingest(home, obj, days, plan.run_id):
                    pass
                if days:
                    record_metrics(home, obj, days)
                    record_checks(home, obj, days, plan.run_id, check_object(home, obj, days))
    with _told("ingest_ledger"):
        ops_export.export_ops(home)
        ops_export.reconciliation(home)
    with _told("dbt_core"):
        steps.build_core(home, plan)
    with _told("lake__core"):
        steps.export_core(home)
    with _told("identity"):
        steps.resolve_identity(home, plan)
        steps.identity_health(home)
    with _told("analytics"):
        steps.run_analytics(home, plan)
    with _told("segment_history"):
        warehouse.export_history(home)
    with _told("dbt_marts"):
        warehouse.run_dbt("build", "tag:marts", home, plan.as_of)
    with _told("publish"):
        steps.publish_snapshot(home, plan, Settings.from_env())


if __name__ == "__main__":
    tune_process()
    main(Home(Path(sys.argv[1]).resolve()), date.fromisoformat(sys.argv[2]))
