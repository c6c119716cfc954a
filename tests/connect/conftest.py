"""A home with two connections, a server for them, and a clock that does not wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from api_server import FakeApi, serving
from pull_home import DAY, ENV, FakeClock, configure

from cdp_pipeline.connect import connection_of
from cdp_pipeline.connect.pull import PullResult, pull
from cdp_pipeline.home import Home


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, api: FakeApi) -> Home:
    configure(Home(tmp_path), api)
    return Home(tmp_path)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pulled(home: Home, clock: FakeClock) -> Callable[..., PullResult]:
    """Pull objects of a connection, with time that passes by itself."""

    def run(name: str, *objects: str, env: dict[str, str] | None = None, dt: date = DAY, **given: Any) -> PullResult:
        connection = connection_of(home, name)
        return pull(home, connection, objects or connection.objects, dt, env or ENV, clock=clock, **given)

    return run
