"""What tests of several folders share: a real Postgres where one is installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from postgres_server import NoPostgres, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URI of an empty database on a server of its own, reached through a socket in a private folder."""
    with ExitStack() as stack:
        try:
            uri = stack.enter_context(postgres_server())
        except NoPostgres as reason:
            assert os.environ.get("CDP_REQUIRE_SYSTEM") != "1", str(reason)
            pytest.skip(str(reason))
        yield uri
