"""A server over the hand-made warehouse, on a port of its own, and a client for each kind of key."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from profiles import GateBounds, PublishResult, publish
from profiles.api import ApiSettings, AppContext, create_app

EVERY_PROFILE_IS_LOYAL = """
INSERT INTO segments.membership VALUES ('p2', 'loyal', DATE '2025-02-01', NULL, 1),
    ('p3', 'loyal', DATE '2025-02-02', NULL, 1), ('p3', 'dormant', DATE '2025-01-01', DATE '2025-02-01', 1);
"""


@dataclass
class Server:
    """A running server; `client(*scopes)` has a new key with these scopes, or none without."""

    home: Path
    app: FastAPI
    url: str
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def context(self) -> AppContext:
        context: AppContext = self.app.state.context
        return context

    def client(self, *scopes: str, **options: Any) -> httpx.Client:
        headers = {}
        if scopes:
            token, _ = self.context.keys.new("test", scopes, created_by="test", **options)
            headers["Authorization"] = f"Bearer {token}"
        client = httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)
        self.clients.append(client)
        return client


def publish_people(home: Path, warehouse_sql: str, number: int, *changes: str) -> PublishResult:
    """Publish the warehouse after the given statements, as version `number`."""
    path = home / "warehouse.duckdb"
    path.unlink(missing_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(path) as con:
        for statement in (warehouse_sql, EVERY_PROFILE_IS_LOYAL, *changes):
            con.execute(statement)
    return publish(
        home,
        warehouse=path,
        as_of=date(2025, 3, 1),
        run_id=f"run-{number}",
        generation=number,
        model_version="m1",
        inputs_fingerprint=f"f{number}",
        gate=GateBounds(expected_records=5, ingest_reconciled=True),
        keep=2,
    )


@pytest.fixture(scope="session")
def publishing(warehouse_sql: str) -> Callable[..., PublishResult]:
    """`publish_people` of the hand-made warehouse: home, number of the version, SQL changes."""

    def run(home: Path, number: int, *changes: str) -> PublishResult:
        return publish_people(home, warehouse_sql, number, *changes)

    return run


@pytest.fixture(scope="session")
def serving() -> Iterator[Callable[..., Server]]:
    """Starts a server over a home."""
    running: list[tuple[uvicorn.Server, threading.Thread, Server]] = []

    def start(home: Path, settings: ApiSettings | None = None) -> Server:
        app = create_app(home, settings or ApiSettings(misses_per_minute=100_000, failed_logins_per_minute=100_000))
        listening = socket.create_server(("127.0.0.1", 0))
        inner = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
        thread = threading.Thread(target=inner.run, kwargs={"sockets": [listening]})
        thread.start()
        server = Server(home, app, f"http://127.0.0.1:{listening.getsockname()[1]}")
        running.append((inner, thread, server))
        deadline = time.monotonic() + 60
        while not inner.started and time.monotonic() < deadline:
            time.sleep(0.01)
        return server

    yield start
    for inner, thread, server in running:
        for client in server.clients:
            client.close()
        inner.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    publishing: Callable[..., PublishResult],
    serving: Callable[..., Server],
) -> Server:
    """One server over one snapshot, for all tests that change neither."""
    home = tmp_path_factory.mktemp("api") / "home"
    publishing(home, 1)
    return serving(home)


@pytest.fixture(scope="session")
def reader(server: Server) -> httpx.Client:
    """A key that reads everything but personal values."""
    return server.client("features:read", "profiles:read", "segments:read", requests_per_second=1e6)


@pytest.fixture(scope="session")
def insider(server: Server) -> httpx.Client:
    """A key that sees personal values too."""
    return server.client("features:read", "profiles:read", "segments:read", "pii:read", requests_per_second=1e6)


@pytest.fixture(scope="session")
def stranger(server: Server) -> httpx.Client:
    """No key at all."""
    return server.client()
