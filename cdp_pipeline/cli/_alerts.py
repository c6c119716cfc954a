"""Telling people of runs that a command made: what failed, what needs a look, that runs succeed again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cdp_pipeline.home import Home

if TYPE_CHECKING:
    from cdp_pipeline.alerts import Alert
    from cdp_pipeline.run import RunSummary


@contextmanager
def told_of_failure(home: Home) -> Iterator[None]:
    """Around a run: RunFailed goes on, told."""
    from cdp_pipeline import alerts
    from cdp_pipeline.run import RunFailed

    try:
        yield
    except RunFailed as error:
        _tell(home, alerts.of_failure(home.root, str(error)))
        raise


def tell_of_run(home: Home, summary: RunSummary) -> None:
    """What a published run leaves for people to do, and that runs succeed again."""
    from cdp_pipeline.alerts import Alert

    _tell(home, Alert("recovered", f"Runs succeed again: {summary.version} is published", (f"home: {home.root}",)))
    lines = [*summary.ingest.attention, *summary.ingest.news, *summary.notes]
    advice = summary.identity.drift_advice if summary.identity else ""
    if advice:
        lines.append(f"matching model: {advice}")
    if lines:
        more = [f"and {len(lines) - 20} more"] if len(lines) > 20 else []
        _tell(home, Alert("attention", f"{summary.version} is published and needs a look", (*lines[:20], *more)))


def _tell(home: Home, alert: Alert) -> None:
    from cdp_pipeline.alerts import notify

    for problem in notify(home, alert):
        print(f"cdp: alert not delivered: {problem}", file=sys.stderr)
