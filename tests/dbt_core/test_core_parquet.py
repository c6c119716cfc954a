"""Core tables whose Parquet lies in parts: what a run writes anew, and what a killed one leaves."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from cdp_pipeline import core_parquet, warehouse
from cdp_pipeline.home import Home

TABLE = "interactions"


class Core:
    """A warehouse with one table of parts, and its Parquet."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.folder = home.core / TABLE

    def sql(self, text: str) -> None:
        with duckdb.connect(str(self.home.warehouse_db)) as con:
            con.execute(text)

    def export(self) -> int:
        return warehouse.export_core(self.home, [TABLE])[TABLE]

    def files(self) -> dict[str, int]:
        """Inode by file: another one is another file."""
        return {p.name: p.stat().st_ino for p in self.folder.glob("*.parquet")}

    def rows(self) -> list[tuple[object, ...]]:
        with duckdb.connect() as con:
            return con.execute(f"from '{self.folder}/*.parquet' order by all").fetchall()

    def rows_of(self, file: str) -> list[str]:
        with duckdb.connect() as con:
            found = con.execute(f"select interaction_id from '{self.folder}/{file}' order by all").fetchall()
        return [name for (name,) in found]

    def expected(self) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.home.warehouse_db)) as con:
            return con.execute(f"from core.{TABLE} order by all").fetchall()


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Core:
    home = Home(tmp_path)
    made = Core(home)
    made.sql(
        """create schema core;
        create table core.interactions as
        from (values
            ('a', 'r1', 'web', timestamp '2025-01-31 23:59:59.999999'),
            ('b', null, 'web', timestamp '2025-02-01 00:00:00'),
            ('c', 'r2', 'web', timestamp '2025-03-15 12:00:00'),
            ('d', 'r2', 'web', null),
            ('e', 'r3', 'web', timestamp '1970-01-01 00:00:00'),
            ('f', 'r3', 'web', timestamp '9999-12-31 00:00:00'),
            ('g', 'r3', 'web', timestamp 'infinity'),
            ('s', 'r3', 'till', timestamp '2025-01-05 00:00:00'),
            ('t', 'r3', 'till', timestamp '2025-02-05 00:00:00')
        ) as t (interaction_id, record_id, source, occurred_at)"""
    )
    monkeypatch.setattr(core_parquet, "LARGE", 4)
    assert made.export() == 9
    return made


def changed(core: Core, text: str) -> set[str]:
    """Names of files that came, went or are others after a statement."""
    before = core.files()
    core.sql(text)
    core.export()
    after = core.files()
    assert core.rows() == core.expected()
    return {name for name in before | after if before.get(name) != after.get(name)}


def test_a_source_is_a_file_and_a_large_one_has_one_each_month(core: Core) -> None:
    assert set(core.files()) == {
        "part-web-2025-01.parquet", "part-web-2025-02.parquet", "part-web-2025-03.parquet", "part-web-other.parquet",
        "part-till.parquet",
    }  # fmt: skip
    assert core.rows_of("part-web-2025-01.parquet") == ["a"]
    assert core.rows_of("part-web-other.parquet") == ["d", "e", "f", "g"]
    assert core.rows_of("part-till.parquet") == ["s", "t"]
    assert core.rows() == core.expected()


def test_only_months_whose_rows_changed_are_written(core: Core) -> None:
    assert changed(core, "select 1") == set()
    # the same rows in another order
    assert (
        changed(core, "create or replace table core.interactions as from core.interactions order by all desc") == set()
    )
    # a value that comes, one that goes, a row more, a row twice, one away
    assert changed(core, "update core.interactions set record_id = 'r9' where interaction_id = 'b'") == {
        "part-web-2025-02.parquet"
    }
    assert changed(core, "update core.interactions set record_id = null where interaction_id = 'c'") == {
        "part-web-2025-03.parquet"
    }
    assert changed(core, "insert into core.interactions values ('h', null, 'web', timestamp '2025-04-01')") == {
        "part-web-2025-04.parquet"
    }
    assert changed(core, "insert into core.interactions from core.interactions where interaction_id in ('a', 'h')") == {
        "part-web-2025-01.parquet", "part-web-2025-04.parquet"
    }  # fmt: skip
    assert changed(core, "delete from core.interactions where interaction_id = 'd'") == {"part-web-other.parquet"}
    # a corrected time takes a row from one month to another, and a month without rows has no file
    assert changed(
        core, "update core.interactions set occurred_at = timestamp '2025-03-02' where interaction_id = 'b'"
    ) == {"part-web-2025-02.parquet", "part-web-2025-03.parquet"}
    assert "part-web-2025-02.parquet" not in core.files()
    # a source that is large now
    assert changed(core, "update core.interactions set source = 'till' where interaction_id in ('c', 'e')") == {
        "part-web-2025-03.parquet", "part-web-other.parquet", "part-till.parquet", "part-till-2025-01.parquet",
        "part-till-2025-02.parquet", "part-till-2025-03.parquet", "part-till-other.parquet",
    }  # fmt: skip


def test_other_columns_are_other_files(core: Core) -> None:
    assert changed(core, "alter table core.interactions alter record_id type integer using null") == set(core.files())


def test_a_table_without_rows_keeps_its_columns(core: Core) -> None:
    core.sql("delete from core.interactions")
    assert core.export() == 0
    assert set(core.files()) == {"part-no-source.parquet"}
    with duckdb.connect() as con:
        columns = con.execute(f"describe from '{core.folder}/*.parquet'").fetchall()
    assert [(name, kind) for name, kind, *_ in columns] == [
        ("interaction_id", "VARCHAR"), ("record_id", "VARCHAR"), ("source", "VARCHAR"), ("occurred_at", "TIMESTAMP")
    ]  # fmt: skip
    assert core.export() == 0


def test_a_damaged_or_foreign_file_is_not_taken_over(core: Core) -> None:
    (core.folder / "part-web-2025-01.parquet").write_bytes(b"cut")
    (core.folder / "part-0.parquet").write_bytes(b"of an earlier layout")
    core.export()
    assert core.rows() == core.expected()
    (core.folder / "_parts.json").write_text("{")
    core.export()
    assert core.rows() == core.expected()


@pytest.mark.parametrize("moment", ["before it is complete", "between the renames", "before the old one is gone"])
def test_an_export_that_was_killed_is_made_again(core: Core, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old rows, none, or the new ones: never some of each; and what it left goes with the next one."""
    old = core.rows()
    core.sql("update core.interactions set occurred_at = timestamp '2025-03-02' where interaction_id = 'b'")

    class Killed(BaseException):
        pass

    rename, renames = Path.rename, []

    def killed(path: Path, target: Path) -> Path:
        renames.append(path)
        if len(renames) == {"before it is complete": 1, "between the renames": 2}.get(moment):
            raise Killed
        return rename(path, target)

    sweep, sweeps = core_parquet.sweep, []

    def swept(home: Home) -> None:
        sweeps.append(home)
        if moment == "before the old one is gone" and len(sweeps) == 2:
            raise Killed
        sweep(home)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Path, "rename", killed)
        patched.setattr(core_parquet, "sweep", swept)
        core.export()
    left = core.rows() if core.folder.exists() else []
    assert left == {"before it is complete": old, "between the renames": []}.get(moment, core.expected())
    core.export()
    assert core.rows() == core.expected()
    assert {p.name for p in core.home.core.iterdir()} == {TABLE}
