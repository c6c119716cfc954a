"""Values taken out of databases that the platform does not write itself, such as Dagster's."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from cdp_pipeline.privacy.purge import purge_file
from cdp_pipeline.privacy.search import search

NAME, EMAIL, OTHER = "欧阳不存在", "zyxwv.quentin@mail.example", "una@mail.example"


def _events(path: Path) -> sqlite3.Connection:
    con = sqlite3.connect(path, isolation_level=None)
    con.execute("PRAGMA journal_mode = WAL")
    con.execute("CREATE TABLE event_logs (id INTEGER PRIMARY KEY, event TEXT)")
    for said in (f"new field {NAME}", f"odd value {EMAIL}", f"odd value {OTHER}"):
        con.execute("INSERT INTO event_logs (event) VALUES (?)", [json.dumps({"message": said})])
    return con


def test_a_database_of_dagster_loses_values_also_in_json_codes_and_in_its_log(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    con = _events(path)  # stays open, as that of a Dagster that is running: the rows are in the log beside the file
    hits = search(tmp_path, [NAME, EMAIL])
    assert [hit.name for hit in hits] == ["index.db-wal"]
    assert sum(purge_file(hit, [NAME, EMAIL]) for hit in hits) == 2
    assert search(tmp_path, [NAME, EMAIL]) == {}
    assert con.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    told = [json.loads(event)["message"] for (event,) in con.execute("SELECT event FROM event_logs ORDER BY id")]
    con.close()
    assert told[2] == f"odd value {OTHER}"
    assert [said.partition(" ")[0] for said in told[:2]] == ["new", "odd"], "the events themselves stay"


def test_what_is_no_database_is_left_for_the_search_to_name(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    con = _events(path)
    con.close()
    (tmp_path / "none.db").write_text(EMAIL, encoding="utf-8")
    assert purge_file(tmp_path / "none.db", [EMAIL]) == 0
    assert purge_file(path, [EMAIL]) == 1
    assert [hit.name for hit in search(tmp_path, [EMAIL])] == ["none.db"]


def test_a_document_loses_values_in_json_codes(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"failures": [NAME, OTHER]}), encoding="utf-8")
    assert purge_file(path, [NAME]) == 1
    assert json.loads(path.read_text(encoding="utf-8"))["failures"][1] == OTHER
    assert search(tmp_path, [NAME]) == {}
