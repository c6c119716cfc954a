"""The files of docs/deploy/team on a real Postgres: runs by hand, and the code location as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from cdp_pipeline import steps
from cdp_pipeline.defs.launch import InstanceError, instance_of
from cdp_pipeline.defs.raw import raw_assets
from cdp_pipeline.defs.resources import PlatformResource
from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings
from cdp_pipeline.sources.overlay import contracts_of

ROOT = Path(__file__).parents[2]
TEAM = ROOT / "docs" / "deploy" / "team"
USERS = dg.AssetKey(["raw", "zendesk", "users"])


@pytest.fixture
def database(postgres: str) -> str:
    """With the driver that Dagster's Postgres storage brings along."""
    return postgres.replace("postgresql://", "postgresql+psycopg2://")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    shutil.copy(TEAM / "dagster.yaml", home.root / "dagster.yaml")
    return home


def test_runs_and_events_are_in_postgres_and_nowhere_else(
    home: Home, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_DAGSTER_POSTGRES", database)
    folder = home.landed("zendesk", "users", date(2025, 3, 1))
    folder.mkdir(parents=True)
    user = {"id": 1, "name": "Ada", "role": "end-user", "updated_at": "2025-03-01T10:00:00Z", "locale": "en-US"}
    (folder / "users.jsonl").write_text(json.dumps(user) + "\n", encoding="utf-8")

    assets = raw_assets({"zendesk": contracts_of(home)["zendesk"]}, Settings())
    with instance_of(home) as instance:
        done = dg.materialize(
            assets, selection=[USERS], resources={"platform": PlatformResource(home=str(home.root))}, instance=instance
        )
    with sa.create_engine(database).connect() as con:
        statuses = con.execute(sa.text("select status from runs where run_id = :run"), {"run": done.run_id}).scalars()
        assert statuses.all() == ["SUCCESS"]
        events = "select count(*) from event_logs where run_id = :run and dagster_event_type = 'STEP_SUCCESS'"
        assert con.execute(sa.text(events), {"run": done.run_id}).scalar() == 1
    assert list(home.dagster.rglob("*.db")) == []


@pytest.mark.parametrize(
    "url",
    [None, "postgresql+psycopg2:///postgres?host=/nowhere&user=cdp&password=sesame", "no address at all"],
    ids=["not set", "no server", "malformed"],
)
def test_a_database_that_cannot_be_reached_is_one_line_without_its_password(
    home: Home, monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    monkeypatch.delenv("CDP_DAGSTER_POSTGRES", raising=False)
    if url is not None:
        monkeypatch.setenv("CDP_DAGSTER_POSTGRES", url)
    with pytest.raises(InstanceError) as told, instance_of(home):
        pass
    line = str(told.value)
    assert line.startswith("Dagster's storage cannot be opened (")
    assert "dagster.yaml and the variables that it names" in line
    assert "sesame" not in line and "\n" not in line


def test_the_code_location_answers_from_a_process_of_its_own(home: Home, database: str, tmp_path: Path) -> None:
    steps.ensure_manifest()
    home.dagster.mkdir()
    shutil.copy(TEAM / "dagster.yaml", home.dagster / "dagster.yaml")
    env = {
        **os.environ,
        "CDP_HOME": str(home.root),
        "DAGSTER_HOME": str(home.dagster),
        "CDP_DAGSTER_POSTGRES": database,
    }
    port = _free_port()
    workspace = tmp_path / "workspace.yaml"
    text = (TEAM / "workspace.yaml").read_text(encoding="utf-8")
    assert "port: 4266" in text
    workspace.write_text(text.replace("4266", str(port)), encoding="utf-8")
    with _code_server(port, env):
        listed = subprocess.run(
            [_beside("dagster"), "schedule", "list", "-w", str(workspace)],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert "Schedule: daily [STOPPED]" in listed.stdout, listed.stderr[-2000:]


@contextmanager
def _code_server(port: int, env: dict[str, str]) -> Iterator[None]:
    """The command of cdp-code.service, on another port."""
    unit = (TEAM / "cdp-code.service").read_text(encoding="utf-8")
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    _, *arguments = line.replace("4266", str(port)).split()
    server = subprocess.Popen(
        [_beside("dagster"), *arguments], env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while server.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        assert server.poll() is None
        yield
    finally:
        server.terminate()
        server.wait(timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _beside(program: str) -> str:
    return str(Path(sys.executable).parent / program)
