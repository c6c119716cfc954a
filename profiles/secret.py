"""Secrets of what the platform talks to: from the environment, or from a file that nobody else may read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from profiles.errors import ProfilesError


class SecretError(ProfilesError):
    """A secret is not there, or lies open; the text names the variable and the file, never the value."""


def read_secret(variable: str, path: Path, env: Mapping[str, str] | None = None) -> str:
    """The environment variable `variable`, else the content of `path` (mode 600). Raises SecretError."""
    value = (os.environ if env is None else env).get(variable, "").strip()
    if value:
        return value
    if not path.exists():
        raise SecretError(f"no secret: set {variable} or write {path} (mode 600)")
    if path.stat().st_mode & 0o077:
        raise SecretError(f"{path}: others may read it; chmod 600")
    return path.read_text(encoding="utf-8").strip()
