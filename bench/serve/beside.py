"""What goes on beside the reads: a real full run on a home of its own, and versions of the large home."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import data
from cdp_pipeline.inputs import ROOT
from profiles import FeatureRow, layout, list_versions, rollback
from profiles.api.answers import encode
from profiles.features import FeatureFile
from profiles.manifest import Manifest

SAMPLE = ROOT / "data" / "sample" / "landing"


def cdp(*arguments: str) -> list[str]:
    """A command line of the platform."""
    return [sys.executable, "-m", "cdp_pipeline", *arguments]


def ensure_run_home(home: Path) -> None:
    """A home with the committed sample, ingested, resolved and published, unless it is there."""
    if (home / "published" / "current").exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    shutil.copytree(SAMPLE, home / "landing", dirs_exist_ok=True)
    started = time.perf_counter()
    _run(cdp("run", "--home", str(home)))
    print(f"the sample's first run took {time.perf_counter() - started:.0f} s", flush=True)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"cdp run failed: {done.stderr.strip()[-500:]}")


class FullRun:
    """``cdp run --full`` for the day after the published one, in a process of its own; `finished` is touched after."""

    def __init__(self, home: Path, finished: Path) -> None:
        self.home, self.finished = home, finished
        published = layout.published_dir(home)
        self.before = Manifest.read((published / layout.CURRENT).resolve())
        as_of = self.before.as_of + timedelta(days=1)
        self.seconds = 0.0
        self._command = cdp("run", "--full", "--as-of", as_of.isoformat(), "--home", str(home))
        self._error: str | None = None
        self._thread = threading.Thread(target=self._work)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _work(self) -> None:
        started = time.perf_counter()
        try:
            _run(self._command)
        except SystemExit as error:
            self._error = str(error)
        self.seconds = time.perf_counter() - started
        self.finished.touch()

    def join(self) -> list[str]:
        """Wait for the end; returns what went wrong."""
        self._thread.join()
        if self._error:
            return [self._error]
        now = (layout.published_dir(self.home) / layout.CURRENT).readlink().name
        return [] if now != self.before.version else ["the full run published nothing"]


def wrong_features(home: Path, seen: Mapping[str, Mapping[str, str]]) -> int:
    """Profiles whose features were not those that their version holds, read from the versions themselves."""
    wrong = 0
    for version, digests in seen.items():
        rows = FeatureFile(layout.published_dir(home) / version).rows(list(digests))
        for profile_id, digest in digests.items():
            row = rows[profile_id]
            held = json.dumps(json.loads(encode(row.as_dict()))) if isinstance(row, FeatureRow) else ""
            wrong += hashlib.sha256(held.encode()).hexdigest() != digest
    return wrong


def keep_publishing(home: str, profiles: int, first: int, stop: Event, published: Any) -> None:
    """Publish one version of the large home after the other; runs in a process of its own."""
    number = first
    while not stop.is_set():
        data.publish_number(Path(home), number, profiles)
        published.value = number
        number += 1


def keep_swapping(home: Path, done: threading.Event) -> None:
    """Let readers see one version after the other, a second each."""
    names = [version.version for version in list_versions(home)]
    while not done.wait(1.0):
        names.append(names.pop(0))
        rollback(home, names[0])


class Server:
    """``cdp serve`` on a free port; `port` and `pids`."""

    host = "127.0.0.1"

    def __init__(self, home: Path) -> None:
        command = cdp("serve", "--port", "0", "--no-access-log", "--home", str(home))
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        assert self._process.stdout is not None
        found = re.search(r"http://[\d.]+:(\d+)", self._process.stdout.readline())
        if not found:
            raise SystemExit("cdp serve did not start")
        self.port = int(found[1])
        self.pids = [self._process.pid]

    def stop(self) -> int:
        """End it as an operator does; returns the exit code."""
        self._process.terminate()
        return self._process.wait(60)
