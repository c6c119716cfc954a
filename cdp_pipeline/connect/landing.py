"""Records into landing files: under a hidden name until complete, so that a run never sees half a file."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import BinaryIO

import zstandard

from cdp_pipeline.home import Home

_ENDING = ".jsonl.zst"
_PART = ".part"


class LandingFile:
    """One file that is being written; nothing is on disk before the first line.

    `name` is the file's name without ending. `lines` and `size` (bytes of JSON) count what was added.
    """

    def __init__(self, home: Home, source: str, obj: str, dt: date, name: str) -> None:
        self.folder, self.name = home.landed(source, obj, dt), name
        self.lines = self.size = 0
        self._raw: BinaryIO | None = None
        self._stream: zstandard.ZstdCompressionWriter | None = None

    @property
    def _part(self) -> Path:
        return self.folder / f".{self.name}{_ENDING}{_PART}"

    def add(self, line: str) -> None:
        """Add one record. Raises OSError."""
        if self._stream is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._raw = self._part.open("wb")
            self._stream = zstandard.ZstdCompressor().stream_writer(self._raw, closefd=False)
        data = line.encode() + b"\n"
        self._stream.write(data)
        self.lines += 1
        self.size += len(data)

    def place(self) -> Path:
        """Finish the file and give it its name, over an earlier one of that name. Raises OSError."""
        if self._stream is None or self._raw is None:
            raise ValueError("nothing was added")
        self._stream.close()  # type: ignore[no-untyped-call]
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()
        target = self.folder / f"{self.name}{_ENDING}"
        self._part.replace(target)
        _sync(self.folder)
        self._stream = self._raw = None
        return target

    def abandon(self) -> None:
        """Drop what was written so far."""
        if self._raw is not None:
            self._raw.close()
            self._part.unlink(missing_ok=True)
        self._stream = self._raw = None


def landed_name(home: Home, source: str, obj: str, dt: date, name: str) -> Path:
    """The path that `place` gives a file of this name."""
    return home.landed(source, obj, dt) / f"{name}{_ENDING}"


def remove_unfinished(home: Home, source: str, obj: str, prefix: str) -> int:
    """Remove what a killed pull left half-written. Returns the number of files."""
    found = list(home.landed(source, obj).glob(f"dt=*/.{prefix}*{_ENDING}{_PART}"))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
