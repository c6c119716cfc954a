"""Hand-made snapshots of a company of nine, and a home with destinations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from export_company import MARTS, PII, Put

from profiles.exports import Destination, load_destinations
from profiles.manifest import Manifest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def put(home: Path) -> Put:
    """Publishes the company as a further version, after SQL on its marts and its personal data."""
    made = 0

    def publish(marts: str = "", pii: str = "") -> str:
        nonlocal made
        made += 1
        version = f"20250310-{made:06d}"
        folder = home / "published" / version
        folder.mkdir(parents=True)
        for name, sql in (("marts", MARTS + marts), ("pii", PII + pii)):
            with duckdb.connect(str(folder / f"{name}.duckdb")) as con:
                con.execute(sql)
        manifest = Manifest(version, date(2025, 3, 10), "r", 1, "m", "i", datetime.now(UTC), "0", "s", {}, {})
        (folder / "manifest.json").write_text(manifest.to_json())
        link = home / "published" / ".current-new"
        link.symlink_to(version)
        link.replace(home / "published" / "current")
        return version

    return publish


@pytest.fixture
def declare(home: Path) -> Callable[[str], Destination]:
    """Writes one destination, given as YAML flow, and loads it."""

    def write(settings: str) -> Destination:
        home.mkdir(exist_ok=True)
        (home / "destinations.yml").write_text(f"destinations:\n  there: {settings}\n", encoding="utf-8")
        return load_destinations(home)["there"]

    return write
