"""The lake in another file system: what a Spark build reads goes there, what later steps read comes back.

Ingest, publishing and serving work on the home's own disk. With `CDP_SPARK_LAKE` (``s3a://…``, ``hdfs://…`` and so on)
Spark's cluster works on a copy of the folders it needs; without it, on the home's lake itself and nothing is copied.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

# handed to dbt by steps before it
GIVEN = ("raw", "identity", "analytics", "history", "ops")
# read by steps after it
TAKEN = ("core", "spark")


def push(session: Any, lake: Path, remote: str, folders: Iterable[str] = GIVEN) -> None:
    """Make the folders of `remote` those of the local `lake`; a folder that is not there is left out."""
    for folder in folders:
        if (lake / folder).is_dir():
            copy(session, (lake / folder).as_uri(), f"{remote}/{folder}")


def pull(session: Any, lake: Path, remote: str, folders: Iterable[str] = TAKEN) -> None:
    """Make the folders of the local `lake` those of `remote`."""
    for folder in folders:
        copy(session, f"{remote}/{folder}", (lake / folder).as_uri())


def is_apart(lake: Path, remote: str) -> bool:
    """Is `remote` another place than the local `lake`?"""
    return remote.removeprefix("file://") != str(lake)


def copy(session: Any, source: str, target: str) -> None:
    """Replace the folder `target` by a copy of `source`, through Hadoop's file systems."""
    jvm, conf = session._jvm, session._jsc.hadoopConfiguration()
    files = jvm.org.apache.hadoop.fs
    origin, goal = files.Path(source), files.Path(target)
    of_origin, of_goal = origin.getFileSystem(conf), goal.getFileSystem(conf)
    if not of_origin.exists(origin):
        return
    of_goal.delete(goal, True)
    of_goal.mkdirs(goal.getParent())
    files.FileUtil.copy(of_origin, origin, of_goal, goal, False, conf)
