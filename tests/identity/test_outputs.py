"""The Parquet that the identity step hands on."""

from __future__ import annotations

from pathlib import Path

import duckdb

from identity.outputs import write_table


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "Ann's 家" / "edges"
    with duckdb.connect() as con:
        write_table(con, "select 1 as generation", folder)
        part = folder / "part-0.parquet"
        assert con.execute("from read_parquet($1)", [str(part)]).fetchall() == [(1,)]
    assert [path.name for path in folder.iterdir()] == ["part-0.parquet"]
