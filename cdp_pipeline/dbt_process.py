"""A process of dbt: ``python -P -m cdp_pipeline.dbt_process ARGUMENTS`` does what ``dbt ARGUMENTS`` does, in less time.

Loading dbt takes a process a second or two. Within `started_ahead` one is started while other steps run: it loads dbt,
and waits for its arguments on its standard input. Where that ends without any, so does the process.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_WAIT = "--wait"
# -P, because dbt runs in the project's folder, where a folder could be taken for a package of its name.
COMMAND = (sys.executable, "-P", "-m", "cdp_pipeline.dbt_process")


@dataclass
class _Ahead:
    """Where processes that are started ahead will work, and the one that waits."""

    target: Path
    folder: Path
    waiting: subprocess.Popen[str] | None = None


_ahead: _Ahead | None = None


@contextmanager
def started_ahead(target: Path, folder: Path) -> Iterator[None]:
    """Within, a process waits for the next `run` in `folder` with artifacts in `target`; `start_next` has one more."""
    global _ahead
    outer, _ahead = _ahead, _Ahead(target, folder)
    try:
        start_next()
        yield
    finally:
        _end(_ahead.waiting)
        _ahead = outer


def start_next() -> None:
    """Within `started_ahead`, have a process for the next `run`; elsewhere, or where one waits, nothing."""
    if _ahead is None or (_ahead.waiting and _ahead.waiting.poll() is None):
        return
    # its target stands on its command line, as it would among arguments: by this `orphans` knows it
    command = [*COMMAND, _WAIT, "--target-path", str(_ahead.target)]
    _ahead.waiting = _start(command, {**os.environ, "PYTHONUTF8": "1"}, _ahead.folder)


def waiting_id() -> int | None:
    """Id of the process that waits for the next `run`."""
    return _ahead.waiting.pid if _ahead and _ahead.waiting else None


def run(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, target: Path
) -> subprocess.CompletedProcess[str]:
    """Run dbt to its end in `folder`, in the process that waits for it or in a new one; its output is taken."""
    waiting = _ahead.waiting if _ahead and (_ahead.target, _ahead.folder) == (target, folder) else None
    if _ahead and waiting and waiting.poll() is None:
        _ahead.waiting = None
        process, order = waiting, json.dumps({"arguments": list(arguments), "environment": dict(environment)}) + "\n"
    else:
        process, order = _start([*COMMAND, *arguments], environment, folder), ""
    try:
        output, errors = process.communicate(order)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def _start(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, env=environment, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8"
    )


def _end(waiting: subprocess.Popen[str] | None) -> None:
    if waiting:
        waiting.kill()
        waiting.communicate()


def _await_order() -> None:
    """Take arguments and environment from standard input; ends the process where there are none."""
    order = sys.stdin.readline()
    if not order.endswith("\n"):
        sys.exit(0)
    told = json.loads(order)
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv[1:] = told["arguments"]


def main() -> None:
    """The command line of dbt; ends the process."""
    # The project as dbt parses it is some millions of objects that stay until its end. By default Python looks through
    # all of them for garbage each time their number has grown by a quarter; what is young is still looked through.
    gc.set_threshold(50_000, 20, 1_000)
    from dbt.cli.main import cli

    if sys.argv[1:2] == [_WAIT]:
        import dbt.adapters.duckdb
        import dbt.task.build  # noqa: F401

        _await_order()
    sys.argv[0] = "dbt"
    cli()


if __name__ == "__main__":
    main()
