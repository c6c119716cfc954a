"""Telling people of runs that a command made: what failed, what needs a look, that runs succeed again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cdp_pipeline.cli._common import CommandError, UsageError
from cdp_pipeline.home import Home

if TYPE_CHECKING:
    from cdp_pipeline.alerts import Alert
    from cdp_pipeline.run import RunSummary


@contextmanager
def told_of_failure(home: Home) -> Iterator[None]:
    """Around a run: whatever ends it goes on, told, but for bad arguments and a run that is going on already."""
    from cdp_pipeline import alerts
    from cdp_pipeline.inputs import InputsError
    from cdp_pipeline.lock import RunInProgress
    from cdp_pipeline.run import RunFailed
    from cdp_pipeline.settings import SettingsError
    from cdp_pipeline.sources.contract import ContractError
    from identity.errors import IdentityInputError

    try:
        yield
    except (InputsError, RunInProgress, UsageError):
        raise
    except Exception as error:
        # A nightly run that an edited identity.yml stops is one that nobody would miss until somebody looks.
        is_ours = isinstance(error, RunFailed | CommandError | ContractError | IdentityInputError | SettingsError)
        # The text of an unforeseen error may quote data.
        _tell(home, alerts.of_failure(home.root, str(error) if is_ours else f"unexpected {type(error).__name__}"))
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
