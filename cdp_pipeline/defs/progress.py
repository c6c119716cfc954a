"""One plain line per finished step, for whoever waits in a terminal. Full logs are in Dagster's event log."""

# No `from __future__ import annotations`: Dagster reads the types of parameters when it builds definitions.
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import dagster as dg

# Not in the configuration of the run: Dagster keeps that, and a run that is started again from its history would write
# to whatever file has that number in another process, be it a database.
_waiting: ContextVar[int | None] = ContextVar("waiting", default=None)


@contextmanager
def told_to(fd: int) -> Iterator[None]:
    """Runs that this thread starts inside write their lines to the file descriptor `fd`; all others write none."""
    token = _waiting.set(fd)
    try:
        yield
    finally:
        _waiting.reset(token)


class StepLines(logging.Handler):
    """A line when a step ends, and its warnings (dbt's own stand in the log file). Needs records that Dagster made."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        event = getattr(record, "dagster_event", None)
        step = meta.get("step_key") or ""
        kind = event.event_type_value if event is not None else None
        if event is not None and kind == "STEP_SUCCESS":
            lines = [f"{step:<24} {event.step_success_data.duration_ms / 1000:7.1f} s"]
        elif kind == "STEP_FAILURE":
            lines = [f"{step:<24}  failed"]
        elif kind is None and record.levelno == logging.WARNING and not step.startswith("dbt_"):
            lines = [f"{step:<24}  {line}" for line in str(meta.get("orig_message", "")).splitlines()]
        else:
            return
        os.write(self._fd, "".join(f"  {line}\n" for line in lines).encode())


@dg.logger(
    config_schema={"fd": dg.Field(int, is_required=False, description="Of runs of earlier versions; has no effect.")},
    description="One line per finished step, for the terminal that started the run.",
)
def progress_logger(init_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("cdp.progress", level=logging.DEBUG)
    fd = _waiting.get()
    logger.addHandler(logging.NullHandler() if fd is None else StepLines(fd))
    return logger
