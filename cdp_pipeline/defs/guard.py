"""The one way out of a step for an error: what Dagster keeps and prints of it quotes no value.

Dagster writes the text of an exception, and of what it came from, into its event log and into the output of the step.
"""

# No `from __future__ import annotations`: Dagster reads the types of parameters of what is wrapped here.
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any

import dagster as dg

from cdp_pipeline.fault_text import told_of_error

# Packages whose exceptions this project words itself: they quote no data.
_OURS = ("cdp_pipeline", "identity", "profiles")


class StepFault(RuntimeError):
    """An error that a step let through, told without values: the class and what `fault_text` lets pass of its text."""


def guarded(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step's function whose errors hold no value; a name and place in the code stay."""

    @wraps(step)
    def told(*args: Any, **kwargs: Any) -> Any:
        with without_values():
            return step(*args, **kwargs)

    @wraps(step)
    def told_in_parts(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with without_values():
            yield from step(*args, **kwargs)

    return told_in_parts if isgeneratorfunction(step) else told


@contextmanager
def without_values() -> Iterator[None]:
    """What is raised within goes on without values; Dagster's own errors and those that this project words as is."""
    try:
        yield
    except (dg.Failure, dg.RetryRequested, dg.DagsterError):
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _OURS:
            raise StepFault(told_of_error(error)).with_traceback(error.__traceback__) from None
        # what it was made of stays out
        raise error from None
