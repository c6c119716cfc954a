"""The definitions as Dagster sees them, over an empty home."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from cdp_pipeline import steps
from cdp_pipeline.defs.build import build_defs
from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    steps.ensure_manifest()
    return build_defs(Home(tmp_path_factory.mktemp("home")), Settings())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)
