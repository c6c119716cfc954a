"""Dagster resources. Belongs here: what assets need handed in. Not here: assets, and anything that computes."""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import dagster as dg
from pydantic import PrivateAttr

from cdp_pipeline import mend, steps
from cdp_pipeline.defs.dead_runs import release_dead_runs
from cdp_pipeline.defs.guard import without_values
from cdp_pipeline.defs.run_history import drop_old_runs
from cdp_pipeline.defs.run_tags import (
    ACCEPT_TAG,
    AS_OF_TAG,
    FULL_TAG,
    PARTITION_TAG,
    PLAN_TAG,
    RANGE_END_TAG,
    is_of_cli,
)
from cdp_pipeline.home import Home
from cdp_pipeline.lock import run_lock
from cdp_pipeline.privacy.apart import finish_apart
from cdp_pipeline.settings import Settings
from profiles.snapshots import newest_manifest

# A run that Dagster starts while `cdp run` is busy waits its turn; an hour covers the largest run measured so far.
LOCK_WAIT_SECONDS = 3600.0


class PlatformResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The home that a run works on, locked for as long as the run lasts, and what was decided when it started."""

    home: str
    _plan: steps.RunPlan | None = PrivateAttr(default=None)

    @property
    def paths(self) -> Home:
        return Home.from_env(self.home)

    @property
    def plan(self) -> steps.RunPlan:
        """As-of, mode and input fingerprints of this run."""
        if self._plan is None:
            raise dg.DagsterInvariantViolationError("the platform resource is only set up inside a run")
        return self._plan

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["PlatformResource"]:
        tags = context.run.tags if context.run else {}
        as_of = tags.get(AS_OF_TAG)
        until = tags.get(RANGE_END_TAG) or tags.get(PARTITION_TAG)
        # `cdp run` has seen to all around the run before it launched it
        is_alone = context.run is None or not is_of_cli(context.run)
        if is_alone:
            as_of = self._after_erasures(as_of, context)
        with run_lock(self.paths.run_lock, wait_seconds=LOCK_WAIT_SECONDS):
            with without_values():
                if is_alone:
                    if context.instance is not None:
                        # where Dagster starts a killed run once more, it would wait five minutes for its own slot
                        release_dead_runs(context.instance)
                        drop_old_runs(context.instance, self.paths, Settings.from_env().keep_runs)
                    steps.wait_for_warehouse(self.paths)
                    mend.mend_snapshot(self.paths)
                    mend.mend_raw(self.paths)
                self._plan = steps.plan_run(
                    self.paths,
                    context.run.run_id if context.run else "",
                    as_of=date.fromisoformat(as_of) if as_of else None,
                    until=date.fromisoformat(until) if until else None,
                    full=tags.get(FULL_TAG) == "true",
                    accept_changes=tags.get(ACCEPT_TAG) == "true",
                    plan_only=tags.get(PLAN_TAG) == "true",
                )
            yield self

    def _after_erasures(self, as_of: str | None, context: dg.InitResourceContext) -> str | None:
        """The as-of that is asked of the run, once the erasures under way are finished: those publish as of the last
        landed day, and where that is later the run stands for that day, too."""

        def say(line: str) -> None:
            if context.log is not None:
                context.log.info(line)

        with without_values():
            done = finish_apart(self.paths, wait_seconds=LOCK_WAIT_SECONDS, say=say)
            published = newest_manifest(self.paths.root) if done and as_of else None
        return None if published and as_of and date.fromisoformat(as_of) < published.as_of else as_of
