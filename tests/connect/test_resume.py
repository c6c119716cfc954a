"""A pull that is killed: nothing half-written is seen, the next one goes on, and every record arrives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from api_server import FakeApi, Seen
from pull_home import ENV, configure, ids, ingest, raw
from test_shopify_pull import at, customer
from test_zendesk_pull import user

from cdp_pipeline.connect.landing import LandingFile
from cdp_pipeline.connect.pull import PullResult
from cdp_pipeline.connect.state import Positions
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import landed_days, landing_fingerprint
from cdp_pipeline.sources.contract import load_contracts
from cdp_pipeline.sources.ingest import pending, unclaimed

Pulled = Callable[..., PullResult]
DAY = "2025-03-10"
ALL = [7000000000000 + n for n in range(1, 10)]


def child(home: Home, name: str, before: str = "") -> subprocess.Popen[bytes]:
    """A pull in a process of its own, as the command line starts it."""
    code = f"import sys\n{before}\nfrom cdp_pipeline.cli import main\nsys.exit(main(sys.argv[1:]))"
    command = ["connect", "pull", name, "--home", str(home.root), "--dt", DAY]
    return subprocess.Popen([sys.executable, "-c", code, *command], env={**os.environ, **ENV})


def hidden(home: Home) -> list[Path]:
    return [path for path in home.landing.rglob(".*") if path.is_file()]


@pytest.fixture(autouse=True)
def shop(home: Home, api: FakeApi) -> None:
    configure(
        home,
        api,
        shop="page_size: 1, pages_per_file: 2, objects: [customers]",
        desk="page_size: 1, pages_per_file: 1, objects: [users]",
    )
    api.lists = {
        "customers": [customer(n, at(n)) for n in range(1, 10)],
        "users": [user(n, at(n)) for n in range(1, 6)],
    }


def test_a_pull_killed_between_pages_goes_on_at_its_last_commit(home: Home, api: FakeApi, pulled: Pulled) -> None:
    process = child(home, "shop")

    def kill(seen: Seen) -> None:
        if len(api.seen) == 6:  # pages 1 to 4 are in two files, page 5 is in a third that is not complete
            process.send_signal(signal.SIGKILL)
            process.wait()

    api.before = kill
    assert process.wait(timeout=120) == -signal.SIGKILL
    api.before = lambda seen: None
    assert len(hidden(home)) == 1
    assert [len(p.files) for p in pending(home, load_contracts())] == [2], "a run sees the complete files only"
    assert unclaimed(home, load_contracts()) == []
    ingest(home)
    assert raw(home, "shopify", "customers", "customer_id::bigint") == [(i,) for i in ALL[:4]]

    asked = len(api.seen)
    assert not pulled("shop", "customers").failed
    assert len(api.seen) - asked == 5, "pages 5 to 9"
    assert "page_info" in api.seen[asked].params
    assert hidden(home) == []
    assert ids(home, "shopify", "customers") == ALL, "nothing lost, and here nothing twice"
    assert all(r.quarantined == 0 for r in ingest(home))
    assert raw(home, "shopify", "customers", "customer_id::bigint") == [(i,) for i in ALL]


def test_a_pull_killed_between_file_and_position_repeats_a_file(home: Home, api: FakeApi, pulled: Pulled) -> None:
    """The worst moment: the file is in place, its position is not. Its records come again, under another name."""
    die = (
        "import os, cdp_pipeline.connect.state as state\n"
        "save, calls = state.Positions.save, []\n"
        "def once(self, *given):\n"
        "    calls.append(1)\n"
        "    os.kill(os.getpid(), 9) if len(calls) == 2 else save(self, *given)\n"
        "state.Positions.save = once"
    )
    assert child(home, "shop", die).wait(timeout=120) == -signal.SIGKILL
    assert ids(home, "shopify", "customers") == ALL[:4]
    ingest(home)
    assert not pulled("shop", "customers").failed
    assert ids(home, "shopify", "customers") == [*ALL[:4], *ALL[2:]]
    results = ingest(home)
    assert all(r.quarantined == 0 and not r.failed_files for r in results)
    # What staging takes: the newest version of each key.
    files = str(home.raw("shopify", "customers") / "dt=*" / "*.parquet")
    with duckdb.connect() as con:
        rows = con.execute(f"SELECT DISTINCT customer_id::bigint FROM read_parquet('{files}') ORDER BY 1").fetchall()
    assert [row[0] for row in rows] == ALL


class Killed(BaseException):
    """The process is gone: nothing else of it runs."""


@pytest.mark.parametrize("moment", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("name", ["shop", "desk"])
def test_wherever_a_pull_dies_nothing_is_lost(
    home: Home, api: FakeApi, pulled: Pulled, monkeypatch: pytest.MonkeyPatch, name: str, moment: int
) -> None:
    """Death before or after each file that is placed and each position that is saved."""
    source, obj, key = ("shopify", "customers", "customer_id") if name == "shop" else ("zendesk", "users", "user_id")
    wanted = ALL if name == "shop" else [900000000000 + n for n in range(1, 6)]
    steps = 0

    def deadly(real: Callable[..., object]) -> Callable[..., object]:
        def run(*given: object) -> object:
            nonlocal steps
            if steps == moment:
                raise Killed
            result = real(*given)
            steps += 1
            if steps == moment:
                raise Killed
            return result

        return run

    with monkeypatch.context() as patched:
        patched.setattr(LandingFile, "place", deadly(LandingFile.place))
        patched.setattr(Positions, "save", deadly(Positions.save))
        patched.setattr(LandingFile, "abandon", lambda self: self._raw.close() if self._raw else None)
        with pytest.raises(Killed):
            pulled(name, obj)
    assert not pulled(name, obj).failed
    assert not pulled(name, obj).failed
    assert hidden(home) == []
    assert sorted(set(ids(home, source, obj))) == wanted
    assert all(r.quarantined == 0 and not r.failed_files for r in ingest(home))
    assert sorted({row[0] for row in raw(home, source, obj, f"{key}::bigint")}) == wanted


def test_a_killed_export_goes_on_behind_its_cursor(home: Home, api: FakeApi, pulled: Pulled) -> None:
    process = child(home, "desk")

    def kill(seen: Seen) -> None:
        if len(api.paths("incremental")) == 4:
            process.send_signal(signal.SIGKILL)
            process.wait()

    api.before = kill
    assert process.wait(timeout=120) == -signal.SIGKILL
    api.before = lambda seen: None
    asked = len(api.seen)
    assert not pulled("desk", "users").failed
    assert "/oauth/tokens" not in api.paths()[asked:], "the renewed token outlived the killed process"
    assert ids(home, "zendesk", "users") == [900000000000 + n for n in range(1, 6)]


def test_an_unfinished_file_moves_neither_as_of_nor_fingerprint(home: Home) -> None:
    folder = home.landing / "shopify" / "customers" / f"dt={DAY}"
    empty = landing_fingerprint(home)
    folder.mkdir(parents=True)
    (folder / ".shop-000001.jsonl.zst.part").write_bytes(b"x")
    assert landed_days(home) == []
    assert landing_fingerprint(home) == empty
    (folder / "shop-000001.jsonl.zst").write_bytes(b"x")
    assert [d.isoformat() for d in landed_days(home)] == [DAY]
    assert landing_fingerprint(home) != empty
