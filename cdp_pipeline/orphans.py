"""What outlives a run that was killed: dbt goes on without its parent, and writes the warehouse meanwhile."""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline import dbt_process, warehouse
from cdp_pipeline.home import Home

PROCESSES = Path("/proc")


def dbt_processes(home: Home) -> list[int]:
    """Ids of the dbt processes that work on this home, whether or not they have opened its warehouse yet; without the
    one that waits for this process.

    Empty where the system has no /proc: then only the lock of the warehouse tells of them.
    """
    target = warehouse.target_folder(home).resolve()
    found = []
    for process in PROCESSES.glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended
        if b"--target-path" in words[:-1]:
            given = words[words.index(b"--target-path") + 1].decode(errors="surrogateescape")
            if Path(given).resolve() == target and int(process.name) != dbt_process.waiting_id():
                found.append(int(process.name))
    return sorted(found)
