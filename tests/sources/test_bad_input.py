"""Every kind of broken file: a quarantine row or a one-line message, the other rows and files load, nothing is lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import zstandard

from cdp_pipeline.ops import Ops
from cdp_pipeline.sources import ingest
from cdp_pipeline.sources.ingest import reconcile, unclaimed
from tests.sources.conftest import Land


def _lines(*ids: object) -> str:
    return "".join(f'{{"id":"{i}"}}\n' for i in ids)


def _only(land: Land, obj: str = "events") -> ingest.FileResult:
    (result,) = land.run(obj).files
    return result


def test_an_empty_file_is_recorded_and_gives_no_rows(land: Land) -> None:
    land("events", "a.jsonl", b"")
    land("events", "b.jsonl", "\n  \n\t\r\n")
    land("events", "c.jsonl", _lines(1))
    assert [(f.file.rpartition("/")[2], f.status, f.loaded) for f in land.run("events").files] == [
        ("a.jsonl", "empty", 0),
        ("b.jsonl", "empty", 0),
        ("c.jsonl", "ok", 1),
    ]
    assert land.rows("events", "event_id") == [("1",)]


def test_a_truncated_last_line_is_told_from_other_invalid_json(land: Land) -> None:
    land("events", "a.jsonl", '{"id":"1"}\n\n{"id":"2";}\n[1]\n7\n{"id":"3"')
    result = _only(land)
    assert (result.delivered, result.loaded, result.quarantined) == (5, 1, 4)
    assert land.rows("events", "event_id, _line") == [("1", 1)]
    assert land.refused("events", "line, reason, raw, run_id, file, dt::VARCHAR") == [
        (line, reason, raw, "run1", "demo/events/dt=2025-03-05/a.jsonl", "2025-03-05")
        for line, reason, raw in [
            (3, "invalid JSON", '{"id":"2";}\n'),
            (4, "not a JSON object", "[1]\n"),
            (5, "not a JSON object", "7\n"),
            (6, "truncated line", '{"id":"3"'),
        ]
    ]
    # By these rows are asked for: what a list of reasons names has to be found.
    assert land.refused("events", "reasons")[-1] == ("truncated line",)


def test_a_complete_last_line_without_newline_is_fine(land: Land) -> None:
    land("events", "a.jsonl", '{"id":"1"}\r\n{"id":"2"}')
    assert _only(land).loaded == 2


def test_a_record_without_key(land: Land) -> None:
    land("events", "a.jsonl", '{"id":""}\n{"id":"  "}\n{"id":null}\n{}\n{"id":"x"}\n')
    assert _only(land).reasons == {"missing key event_id": 4}
    assert land.rows("events", "event_id") == [("x",)]


def test_every_fault_of_a_record_is_named(land: Land) -> None:
    land("people", "a.jsonl", '{"age":-1,"amount":"x","role":"thief","active":"maybe","born":"5 May"}\n')
    assert land.run("people").reasons == {"missing key person_id": 1}
    assert land.refused("people", "reasons") == [
        (
            "missing key person_id; age below minimum; field amount: not a decimal; field is_active: not a boolean;"
            " field born_on: not a date; role not one of the allowed values",
        )
    ]


def test_a_10_mb_line_between_short_ones(land: Land) -> None:
    big = json.dumps({"id": "big", "v": "x" * (10 << 20)})
    land("events", "a.jsonl", f"{_lines(1)}{big}\n{_lines(3)}")
    assert _only(land).loaded == 3
    assert land.rows("events", "event_id, _line, length(value)") == [
        ("1", 1, None),
        ("big", 2, 10 << 20),
        ("3", 3, None),
    ]


def test_lines_with_invalid_utf8_are_refused_and_the_rest_loads(land: Land) -> None:
    land("events", "a.jsonl", '{"id":"é"}\n'.encode() + b'{"id":"caf\xe9"}\n' + _lines(3).encode())
    assert _only(land).reasons == {"invalid UTF-8": 1}
    assert land.rows("events", "event_id, _line") == [("é", 1), ("3", 3)]


def test_a_latin1_file_is_not_taken_for_chinese(land: Land) -> None:
    land("events", "a.jsonl", '{"id":"1","v":"Andrés Núñez"}\n{"id":"2","v":"café"}\n{"id":"3"}\n'.encode("latin-1"))
    assert _only(land).reasons == {"invalid UTF-8": 2}


def test_gb18030_is_recognised(land: Land) -> None:
    text = '{"id":"1","v":"王小明"}\n{"id":"2","v":"北京市朝阳区"}\n{"id":"3","v":"plain"}\n'
    land("events", "a.jsonl", text.encode("gbk"))
    assert _only(land).loaded == 3
    assert land.rows("events", "value") == [("王小明",), ("北京市朝阳区",), ("plain",)]


def test_one_gbk_line_in_a_utf8_file_does_not_garble_the_others(land: Land) -> None:
    good = '{"id":"1","v":"王小明"}\n{"id":"2","v":"李伟"}\n'.encode()
    land("events", "a.jsonl", good + '{"id":"3","v":"张三"}\n'.encode("gbk"))
    assert _only(land).reasons == {"invalid UTF-8": 1}
    assert land.rows("events", "value") == [("王小明",), ("李伟",)]


def test_byte_order_marks_and_utf16(land: Land) -> None:
    text = '{"id":"1","v":"Zoë 王"}\n'
    land("events", "a.jsonl", text.encode("utf-8-sig"))
    land("events", "b.jsonl", text.replace("1", "2").encode("utf-16"))
    land("events", "c.jsonl", b"\xfe\xff" + text.replace("1", "3").encode("utf-16-be"))
    land.run("events")
    assert land.rows("events", "event_id, value") == [("1", "Zoë 王"), ("2", "Zoë 王"), ("3", "Zoë 王")]


def test_nul_bytes_cost_their_line_only(land: Land) -> None:
    land("events", "a.jsonl", b'{"id":"1"}\n{"id":"\x002"}\n\x00\x00\n{"id":"4"}\n')
    assert _only(land).reasons == {"invalid JSON": 2}
    assert land.rows("events", "event_id") == [("1",), ("4",)]


def test_compressed_files_and_truncated_archives(land: Land) -> None:
    text = _lines(*range(5000)).encode()
    cut_gz, cut_zst = gzip.compress(text)[:-9], zstandard.compress(text)[:-3]
    land("events", "a.jsonl.gz", gzip.compress(text[:2500]) + gzip.compress(text[2500:]))
    land("events", "b.jsonl.gz", cut_gz)
    land("events", "c.jsonl.zst", cut_zst)
    land("events", "d.jsonl.zst", zstandard.compress(_lines("z").encode()))
    land("events", "e.jsonl.gz", b"not an archive")
    result = land.run("events")
    assert [(f.status, f.loaded, f.message) for f in result.files] == [
        ("ok", 5000, ""),
        ("failed", 0, "truncated .gz archive"),
        ("failed", 0, "truncated .zst archive"),
        ("ok", 1, ""),
        ("failed", 0, "damaged .gz archive"),
    ]
    assert result.message.splitlines()[0] == "demo/events/dt=2025-03-05/b.jsonl.gz: truncated .gz archive"
    assert land.pending() == []


def test_an_unknown_ending_or_a_format_that_the_contract_does_not_name(land: Land) -> None:
    land("events", "a.xlsx", b"x")
    land("events", "b.csv", "id\n1\n")
    assert [f.message for f in land.run("events").files] == [
        "unknown format is not among jsonl, json",
        "csv is not among jsonl, json",
    ]


def test_unfinished_names_are_not_read(land: Land) -> None:
    for name in (".hidden.jsonl", "_a.jsonl", "a.jsonl.tmp", "a.jsonl.part", "a.jsonl.crdownload"):
        land("events", name, _lines(1))
    assert land.pending() == []


def test_a_file_that_grows_while_it_is_read_is_deferred(land: Land) -> None:
    path = land("events", "a.jsonl", _lines(1))
    real = ingest.load_file

    def slow(*args: object) -> object:
        load = real(*args)  # type: ignore[arg-type]
        with path.open("a") as handle:
            handle.write(_lines(2))
        return load

    ingest.load_file = slow  # type: ignore[assignment]
    try:
        result = _only(land)
    finally:
        ingest.load_file = real
    assert (result.status, result.loaded) == ("deferred", 0)
    assert land.rows("events") == []
    assert not [p for p in land.home.lake.rglob("*") if p.is_file()]
    assert _only(land).loaded == 2


def test_a_changed_file_replaces_its_own_rows(land: Land) -> None:
    land("events", "a.jsonl", _lines(1, 2) + "oops\n")
    land("events", "b.jsonl", _lines(9))
    land.run("events")
    land("events", "a.jsonl", _lines(3))
    assert land.pending() == [("events", "2025-03-05", ("demo/events/dt=2025-03-05/a.jsonl",))]
    land.run("events")
    assert land.rows("events", "event_id") == [("3",), ("9",)]
    assert land.refused("events") == []


def test_over_budget_is_said_and_its_good_rows_are_kept(land: Land) -> None:
    land("events", "a.jsonl", _lines(*range(20)) + '{"id":""}\n' * 6)
    land("events", "b.jsonl", _lines("x") + '{"id":""}\n' * 5)
    result = land.run("events")
    assert [f.status for f in result.files] == ["over_budget", "ok"]
    assert result.failed_budget
    assert result.files[0].message == ("6 of 26 rows refused, budget 5%; most often: missing key event_id (6)")
    assert (result.delivered, result.loaded, result.quarantined) == (32, 21, 11)
    assert len(land.rows("events")) == 21


def test_landing_folders_without_a_contract_are_named(land: Land) -> None:
    land("events", "a.jsonl", _lines(1))
    for folder in ("dmo/events", "demo/event/dt=2025-03-05", "demo/events/2025-03-05", "demo/events/dt=2025-03-05/sub"):
        (land.home.landing / folder).mkdir(parents=True)
    assert unclaimed(land.home, land.contracts) == [
        "landing/demo/event: no contract for this object, did you mean 'events'?",
        "landing/demo/events/2025-03-05: not a delivery day, expected a folder dt=YYYY-MM-DD",
        "landing/demo/events/dt=2025-03-05/sub: a folder inside a day",
        "landing/dmo: no contract for this source, did you mean 'demo'?",
    ]


def test_a_file_that_disappeared_keeps_its_rows_and_is_named(land: Land) -> None:
    path: Path = land("events", "b.jsonl", _lines(2))
    land.run("events")
    path.unlink()
    with Ops(land.home.ops_db) as ops:
        report = reconcile(land.home, ops)
    assert report.disappeared == ("demo/events/dt=2025-03-05/b.jsonl: no longer in landing; its 1 rows stay in raw",)
    assert report.ok


def test_reconcile_finds_lost_and_foreign_rows(land: Land) -> None:
    for name, number in (("a.jsonl", 1), ("b.jsonl", 2)):
        land("events", name, _lines(number))
    land.run("events")
    folder = land.home.raw("demo", "events") / "dt=2025-03-05"
    (folder / "a.jsonl.parquet").rename(folder / "c.jsonl.parquet")
    with Ops(land.home.ops_db) as ops:
        report = reconcile(land.home, ops)
    assert report.mismatches == (
        "lake/raw/demo/events/dt=2025-03-05/a.jsonl.parquet: missing, 1 rows expected",
        "lake/raw/demo/events/dt=2025-03-05/c.jsonl.parquet: 1 rows that no receipt covers",
    )
