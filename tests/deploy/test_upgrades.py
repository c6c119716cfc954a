"""State files of every version there was, opened by this one. Each `state_<version>.sql` is a dump of a real file."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops, Receipt
from profiles.errors import StateTooNew
from profiles.keys import KeyStore
from profiles.ops import STATE_VERSION, ops_path

DUMPS = Path(__file__).parent / "state"


def _restore(home: Home, version: int) -> None:
    home.ops_db.parent.mkdir(parents=True)
    con = sqlite3.connect(home.ops_db)
    con.executescript((DUMPS / f"state_{version}.sql").read_text(encoding="utf-8"))
    con.close()


def _schema(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Columns with their types by table, in the order of their names: an added column stands last."""
    con = sqlite3.connect(path)
    tables = [name for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found = {
        table: sorted((str(row[1]), str(row[2])) for row in con.execute(f"PRAGMA table_info({table})"))
        for table in tables
    }
    con.close()
    return found


def test_there_is_a_dump_of_every_version() -> None:
    assert sorted(path.name for path in DUMPS.iterdir()) == [f"state_{v}.sql" for v in range(1, STATE_VERSION + 1)]


@pytest.mark.parametrize("version", range(1, STATE_VERSION + 1))
def test_a_file_of_that_version_becomes_one_of_this(tmp_path: Path, version: int) -> None:
    old, new = Home(tmp_path / "old"), Home(tmp_path / "new")
    _restore(old, version)
    Ops(new.ops_db).close()
    with Ops(old.ops_db) as ops:
        first, second = ops.receipts()
        assert (first.file, first.dt, first.loaded, first.quarantined) == (
            "zendesk/users/dt=2025-03-01/users.jsonl", date(2025, 3, 1), 19, 1,
        )  # fmt: skip
        assert first.reasons == {"invalid JSON": 1}
        # what the version did not know is not made up
        assert first.filled == ({} if version == 1 else {"id": 19})
        assert first.erased == (0 if version < 3 else 2)
        assert second.status == "empty"
        ops.save(
            Receipt("zendesk/users/dt=2025-03-02/b.jsonl", "zendesk", "users", date(2025, 3, 2), 1, 1, "", "", "ok")
        )
        assert len(ops.receipts()) == 3
    assert _schema(old.ops_db) == _schema(new.ops_db)
    with Ops(old.ops_db) as ops:
        assert len(ops.receipts()) == 3


def test_two_processes_may_open_an_old_file_at_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    _restore(home, 1)

    def count() -> int:
        with Ops(home.ops_db) as ops:
            return len(ops.receipts())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: count(), range(8))) == [2] * 8


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    Ops(home.ops_db).close()
    con = sqlite3.connect(home.ops_db)
    con.execute(f"PRAGMA user_version = {STATE_VERSION + 1}")
    con.close()
    for open_it in (lambda: Ops(home.ops_db), lambda: KeyStore(ops_path(home.root))):
        with pytest.raises(StateTooNew, match=rf"^{re.escape(str(home.ops_db))} has version {STATE_VERSION + 1}, .*"):
            open_it()
