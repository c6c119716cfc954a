"""A disk of a few megabytes for a folder, so that writing to it really fails with "No space left on device"."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def can_mount(folder: Path) -> bool:
    """Whether this process may mount a file system (root with the right to, on Linux)."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if done.returncode == 0:
        subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()
    return done.returncode == 0


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Callable[[int], None]]:
    """Mount an empty disk of `size_bytes` at `folder`; what is yielded gives it another size."""
    folder.mkdir(exist_ok=True)

    def resize(wanted: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={wanted}", str(folder)], check=True)

    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)], check=True)
    try:
        yield resize
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def used_bytes(folder: Path) -> int:
    """Bytes that the files below a folder take, in pages, with a page for each folder."""
    page = 4096
    return sum(-(-p.lstat().st_size // page) * page + page for p in folder.rglob("*"))


def run_on(code: str, folder: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the code of a stage on a folder to its end, whatever that is."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=environment,
    )
