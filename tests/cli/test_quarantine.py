"""``cdp quarantine`` on a home whose contract is mended between two readings."""

from __future__ import annotations

import json
import stat
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline import inputs, ops_export
from cdp_pipeline.cli import main
from cdp_pipeline.cli import quarantine as command
from cdp_pipeline.home import Home
from cdp_pipeline.lock import run_lock
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import SourceContract, load_contracts
from cdp_pipeline.sources.ingest import ingest_partition, pending, reconcile

STRICT = """
source: desk
title: Desk
owner: tests
default_region: US
objects:
  calls:
    delivery: append
    key: [id]
    error_budget: 0.1
    formats: [jsonl]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      line: {from: [line], type: string, one_of: [sales, service]}
      minutes: {from: [minutes], type: integer}
  sheet:
    delivery: upsert
    key: [id]
    formats: [csv]
    fields:
      id: {from: [Id], type: string, required: true, tag: PK}
      minutes: {from: [Minutes], type: integer}
"""
MENDED = STRICT.replace("[sales, service]", "[sales, service, claims]")
OLD, NEW = "2025-03-01", "2025-03-05"


class Desk:
    """A home with one contract; `run` takes in what has landed, `cdp` is the command with JSON output."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.home = folder, capsys, Home(folder / "home")
        self.runs = 0
        self.use(STRICT)
        monkeypatch.setattr(command, "_contracts", lambda home: self.contracts)

    def use(self, text: str) -> None:
        (self.folder / "contracts").mkdir(exist_ok=True)
        (self.folder / "contracts" / "desk.yml").write_text(text, encoding="utf-8")
        self.contracts: dict[str, SourceContract] = load_contracts(self.folder / "contracts")

    def land(self, obj: str, name: str, text: str, day: str) -> Path:
        path = self.home.landing / "desk" / obj / f"dt={day}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self) -> None:
        self.runs += 1
        with Ops(self.home.ops_db) as ops:
            for p in pending(self.home, self.contracts):
                obj = self.contracts[p.source].objects[p.obj]
                ingest_partition(self.home, obj, p.dt, f"run{self.runs}", ops)

    def text(self, *arguments: str, code: int = 0) -> str:
        assert main(["quarantine", *arguments, "--home", str(self.home.root)]) == code
        out, err = self.capsys.readouterr()
        return out if code == 0 else err

    def json(self, *arguments: str) -> Any:
        return json.loads(self.text(*arguments, "--json"))

    def rows(self, obj: str, columns: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as con:
            return con.execute(
                f"select {columns} from read_parquet('{self.home.raw('desk', obj)}/*/*.parquet',"
                " union_by_name = true, hive_partitioning = false) order by all"
            ).fetchall()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    desk = Desk(tmp_path, monkeypatch, capsys)
    calls = "".join(f'{{"id":"{i}","line":"claims","minutes":{i}}}\n' for i in range(1, 8))
    desk.land("calls", "a.jsonl", calls + '{"id":"8","line":"sales","minutes":"a few"}\n', OLD)
    desk.land("sheet", "s.csv", 'Id,Minutes,Remark\n1,5,"one, two"\n2,five,x\n3,9\n', NEW)
    desk.run()
    return desk


def test_list_tells_age_budget_and_whether_the_contract_has_changed(desk: Desk) -> None:
    first, *others = desk.json("list")
    assert first == {
        "source": "desk",
        "object": "calls",
        "dt": OLD,
        "age_days": 4,
        "reason": "line not one of the allowed values",
        "rows": 7,
        "corrected": 0,
        "files": 1,
        "refused_share": "100.0%",
        "budget": "10%",
        "over_budget": 1,
        "is_outdated": False,
    }
    assert [(r["object"], r["reason"], r["age_days"], r["over_budget"]) for r in others] == [
        ("calls", "field minutes: not an integer", 4, 0 + 1),
        ("sheet", "2 cells, header has 3", 0, 0),
        ("sheet", "field minutes: not an integer", 0, 0),
    ]
    desk.use(MENDED)
    assert [r["is_outdated"] for r in desk.json("list", "desk/calls")] == [True, True]
    assert "over_budget: files that refused more rows" in desk.text("list")


def test_show_is_narrowed_by_reason_and_file(desk: Desk) -> None:
    assert desk.text("show", "desk/calls", "--reason", "MINUTES") == (
        f"desk/calls/dt={OLD}/a.jsonl:8: field minutes: not an integer\n"
    )
    assert [r["line"] for r in desk.json("show", "desk/sheet", "--file", "s.csv")] == [3, 4]
    assert desk.json("show", "desk/sheet", "--file", "t.csv") == []
    assert desk.json("show", "desk/sheet", "--dt", OLD) == []
    assert "a few" not in desk.text("show", "desk/calls")
    assert "a few" in desk.text("show", "desk/calls", "--show-personal")


def test_replay_plans_then_does_then_has_nothing_to_do(desk: Desk) -> None:
    desk.use(MENDED)
    assert desk.text("replay", "--plan").endswith("7 rows would be good now; nothing was changed\n")
    assert desk.rows("calls", "count(*)") == [(0,)]
    assert desk.text("replay", "desk/calls").endswith("7 rows are good now; `cdp run` brings them into the tables\n")
    assert desk.rows("calls", "count(*)") == [(7,)]
    (again,) = desk.json("replay", "desk/calls")
    assert (again["released"], again["remaining"], again["changed"]) == (0, 1, False)
    with Ops(desk.home.ops_db) as ops:
        assert reconcile(desk.home, ops).ok


def test_a_replay_is_news_to_the_next_run(desk: Desk) -> None:
    assert inputs.replays_fingerprint(desk.home) == ""
    desk.use(MENDED)
    desk.text("replay", "--plan")
    assert inputs.replays_fingerprint(desk.home) == ""
    desk.text("replay")
    first = inputs.replays_fingerprint(desk.home)
    desk.text("replay")  # changes nothing
    assert inputs.replays_fingerprint(desk.home) == first != ""


def test_replay_waits_for_no_one(desk: Desk) -> None:
    holder = f"""
import sys
from pathlib import Path
from cdp_pipeline.lock import run_lock
with run_lock(Path({str(desk.home.run_lock)!r})):
    print("held", flush=True)
    sys.stdin.readline()
"""
    import subprocess
    import sys

    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert "a run is already in progress" in desk.text("replay", code=1)
        desk.text("replay", "--plan")
        process.communicate("\n")
    with run_lock(desk.home.run_lock):
        pass


def test_rows_corrected_by_hand_come_in_with_their_origin(desk: Desk) -> None:
    out = desk.folder / "mend.jsonl"
    assert "7 refused rows" in desk.text("export", "desk/calls", "--reason", "allowed", "--out", str(out))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    text = out.read_text(encoding="utf-8").replace('"claims"', '"service"')
    desk.land("calls", "mended.jsonl", text, NEW)
    desk.run()
    origin = f"desk/calls/dt={OLD}/a.jsonl"
    assert desk.rows("calls", "id, line, _file, json_extract_string(_extra, '$._quarantine.file'),"
                     " json_extract_string(_extra, '$._quarantine.line')")[0] == (
        "1", "service", f"desk/calls/dt={NEW}/mended.jsonl", origin, "1",
    )  # fmt: skip
    assert [(r["reason"], r["rows"], r["corrected"]) for r in desk.json("list", "desk/calls")] == [
        ("line not one of the allowed values", 7, 7),
        ("field minutes: not an integer", 1, 0),
    ]
    assert "mended" not in " ".join(desk.json("report")["objects"][0]["new_fields"])


def test_csv_rows_are_exported_under_their_header(desk: Desk) -> None:
    out = desk.folder / "mend.csv"
    desk.text("export", "desk/sheet", "--out", str(out))
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "Id,Minutes,Remark,_quarantine"
    assert [line.split(",")[:3] for line in lines[1:]] == [["2", "five", "x"], ["3", "9", ""]]
    desk.land("sheet", "mended.csv", "\n".join(lines).replace("five", "5") + "\n", NEW)
    desk.run()
    assert desk.rows("sheet", "id, minutes") == [("1", 5), ("2", 5), ("3", 9)]
    assert [r["corrected"] for r in desk.json("list", "desk/sheet")] == [1, 1]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("mend.txt", "cdp: mend.txt: the ending must be .jsonl or .csv"),
        ("mend.csv", "cdp: mend.csv: the refused rows are jsonl: choose that ending, or one --dt"),
    ],
)
def test_an_export_that_cannot_be_is_refused(desk: Desk, name: str, line: str) -> None:
    assert desk.text("export", "desk/calls", "--out", str(desk.folder / name), code=2).strip() == line
    assert not (desk.folder / name).exists()


def test_long_numbers_survive_an_export(desk: Desk) -> None:
    desk.land("calls", "b.jsonl", '{"id":12345678901234567890,"line":"x","minutes":1.50}\n', NEW)
    desk.run()
    out = desk.folder / "mend.jsonl"
    desk.text("export", "desk/calls", "--dt", NEW, "--out", str(out))
    assert '{"id":12345678901234567890,"line":"x","minutes":1.50,"_quarantine":{' in out.read_text(encoding="utf-8")


def test_the_report_of_a_run(desk: Desk) -> None:
    desk.land("calls", "b.jsonl", '{"id":"20","line":"sales","minutes":1,"queue":2,"mood":3}\n', NEW)
    desk.land("sheet", "t.csv", "Id,Remark,Minutes\n9,x,1\n9,x,y\n", NEW)
    desk.run()
    report = desk.json("report")
    assert report["run_id"] == "run2"
    assert [(o["object"], o["files"], o["delivered"], o["loaded"], o["quarantined"]) for o in report["objects"]] == [
        ("calls", 1, 1, 1, 0),
        ("sheet", 1, 2, 1, 1),
    ]
    calls, sheet = report["objects"]
    assert calls["new_fields"] == {"mood": 1, "queue": 1}
    assert sheet["new_fields"] == {}  # Remark was there before
    assert sheet["drift"] == []  # and so was this fault
    first = desk.json("report", "--run", "run1")
    assert first["objects"][0]["over_budget"] == 1
    assert first["objects"][0]["drift"] == ["field minutes: not an integer in 1 rows (no earlier run had this)"]
    assert first["objects"][0]["attention"] == [
        f"desk/calls/dt={OLD}/a.jsonl: 8 of 8 rows refused, budget 10%;"
        " most often: line not one of the allowed values (7)"
    ]
    text = desk.text("report")
    assert "desk/calls: new field mood in 1 rows, kept in _extra" in text
    assert desk.text("report", "--run", "nope", code=2).strip() == "cdp: no run 'nope' has taken in a file"


def test_the_report_is_a_table_of_the_lake(desk: Desk) -> None:
    assert ops_export.export_ops(desk.home)["ingest_runs"] == 2
    with duckdb.connect() as con:
        rows = con.execute(
            "select run_id, object, rows_delivered, rows_raw, rows_quarantined, files_over_budget,"
            " json_extract_string(reasons, '$.\"field minutes: not an integer\"')"
            f" from read_parquet('{desk.home.lake}/ops/ingest_runs.parquet') order by object"
        ).fetchall()
    assert rows == [("run1", "calls", 8, 0, 8, 1, "1"), ("run1", "sheet", 3, 1, 2, 0, "1")]
    assert date.fromisoformat(NEW) in {r.dt for r in _receipts(desk)}


def _receipts(desk: Desk) -> list[Any]:
    with Ops(desk.home.ops_db) as ops:
        return ops.receipts()
