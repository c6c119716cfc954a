"""Which code a cache was made with."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import duckdb


@cache
def code_version() -> str:
    """Hash of this package's files and of the engine's version: what was linked with others is linked again."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    root = Path(__file__).parent
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix in (".py", ".txt", ".csv", ".json", ".yml"):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
