"""Types, paths, envelopes and CSV: given bytes, expect typed rows."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.sources.conftest import DAY, Land


def _one(land: Land, column: str, **fields: Any) -> Any:
    land("people", "a.jsonl", json.dumps({"id": "1", **fields}, ensure_ascii=False) + "\n")
    result = land.run("people")
    if result.quarantined:
        ((reasons,),) = land.refused("people", "reasons")
        return f"refused: {reasons}"
    ((value,),) = land.rows("people", column)
    return value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-05T08:15:30Z", "2025-03-05 08:15:30"),
        ("2025-03-05T08:15:30z", "2025-03-05 08:15:30"),
        ("2025-03-05T08:15Z", "2025-03-05 08:15:00"),
        ("2025-03-05T08:15:30.123456Z", "2025-03-05 08:15:30.123456"),
        ("2025-03-05T08:15:30+0000", "2025-03-05 08:15:30"),
        ("2025-03-05T08:15:30+0530", "2025-03-05 02:45:30"),
        ("2025-03-05T08:15:30+05:30", "2025-03-05 02:45:30"),
        ("2025-03-05T08:15:30-05", "2025-03-05 13:15:30"),
        ("2025-03-05 08:15:30 -0500", "2025-03-05 13:15:30"),
        ("2025-03-05 08:15:30 -05:00", "2025-03-05 13:15:30"),
        ("2025-03-05 08:15:30 UTC", "2025-03-05 08:15:30"),
        ("2025-03-05 08:15:30", "2025-03-05 13:15:30"),
        ("2025-07-05T08:15:30", "2025-07-05 12:15:30"),
        ("2025-03-05", "2025-03-05 05:00:00"),
        ("20250305081530", "2025-03-05 13:15:30"),
        ("2025/03/05 08:15", "2025-03-05 13:15:00"),
        ("2025/3/5 8:15:30", "2025-03-05 13:15:30"),
        ("2025/03/05 08:15:30 +0800", "2025-03-05 00:15:30"),
        ("2025年3月5日 08:15", "2025-03-05 13:15:00"),
        ("2025年03月05日08:15:30", "2025-03-05 13:15:30"),
        ("Wed, 05 Mar 2025 08:15:30 +0000", "2025-03-05 08:15:30"),
        ("Wed, 5 Mar 2025 08:15:30 -0500 (EST)", "2025-03-05 13:15:30"),
        ("5 Mar 2025 08:15 GMT", "2025-03-05 08:15:00"),
        ("Wed Mar 05 08:15:30 +0800 2025", "2025-03-05 00:15:30"),
        ("/Date(1741162530000)/", "2025-03-05 08:15:30"),
        ("/Date(1741162530000+0100)/", "2025-03-05 08:15:30"),
    ],
)
def test_timestamps_are_utc_and_without_offset_local_to_the_source(land: Land, text: str, expected: str) -> None:
    assert _one(land, "updated_at", updated=text) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "infinity",
        "epoch",
        "2025-13-01T00:00:00Z",
        "05/03/2025",
        "1741158000",
        "202503",
        "/Date()/",
        "Mar 5",
        "5 Mar 2025",
    ],
)
def test_what_is_not_a_timestamp(land: Land, text: str) -> None:
    assert _one(land, "updated_at", updated=text) == "refused: field updated_at: not a timestamp"


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("seen_s", 1741158000, datetime(2025, 3, 5, 7)),
        ("seen_s", "1741158000.25", datetime(2025, 3, 5, 7, 0, 0, 250000)),
        ("seen_s", 10**18, "refused: field seen_s: not a timestamp_s"),
        ("seen_ms", 1741158000123, datetime(2025, 3, 5, 7, 0, 0, 123000)),
        ("seen_us", "1741158000123456", datetime(2025, 3, 5, 7, 0, 0, 123456)),
        ("age", 42, 42),
        ("age", "42", 42),
        ("age", "42.0", 42),
        ("age", "4.5", "refused: field age: not an integer"),
        ("age", "0x1F", "refused: field age: not an integer"),
        ("age", 151, "refused: age above maximum"),
        ("age", "", None),
        ("amount", "12.50", Decimal("12.5")),
        ("amount", -0.1, Decimal("-0.1")),
        ("amount", "1,234.50", "refused: field amount: not a decimal"),
        ("amount", "99999999999999999999", "refused: field amount: not a decimal"),
        ("active", True, True),
        ("active", 0, False),
        ("active", "Yes", True),
        ("active", "no", False),
        ("active", "2", "refused: field is_active: not a boolean"),
        ("born", "1987-04-09", date(1987, 4, 9)),
        ("born", "1987-04-09T00:00:00", date(1987, 4, 9)),
        ("born", "1987-04-09T23:30:00-05:00", date(1987, 4, 9)),
        ("born", "1987/04/09", date(1987, 4, 9)),
        ("born", "1987/4/9 08:15", date(1987, 4, 9)),
        ("born", "19870409", date(1987, 4, 9)),
        ("born", "1987年4月9日", date(1987, 4, 9)),
        ("born", "/Date(544924800000)/", date(1987, 4, 9)),
        ("born", "19871309", "refused: field born_on: not a date"),
        ("born", "09/04/1987", "refused: field born_on: not a date"),
        ("born", "1987-04-09 or so", "refused: field born_on: not a date"),
        ("born", "1987-02-30", "refused: field born_on: not a date"),
        ("role", " buyer ", "buyer"),
        ("role", "Buyer", "refused: role not one of the allowed values"),
        ("note", " two  lines\n", " two  lines\n"),
        ("note", "", None),
        ("tags", [1, {"a": "b"}], '[1,{"a":"b"}]'),
        ("tags", '[{"in":"text"}]', '[{"in":"text"}]'),
        ("tags", "[no json", '"[no json"'),
        ("tags", "plain", '"plain"'),
        ("tags", None, None),
        ("tags", [], "[]"),
        ("name", {"full": "\t王小明 \n"}, "王小明"),
        ("name", {"full": "", "short": "Bo"}, "Bo"),
        ("name", {"full": None, "short": "Bo"}, "Bo"),
        ("name", "flat", "refused: field name: not an object at name"),
    ],
)
def test_types(land: Land, column: str, value: Any, expected: Any) -> None:
    names = {"active": "is_active", "born": "born_on"}
    assert _one(land, names.get(column, column), **{column: value}) == expected


def test_big_ids_keep_every_digit(land: Land) -> None:
    ids = ["9007199254740993", "18446744073709551615", "123456789012345678901234567890", "-5", "0007"]
    land("events", "a.jsonl", "".join(f'{{"id":{i}}}\n' for i in ids[:4]) + '{"id":"0007"}\n')
    land.run("events")
    assert land.rows("events", "event_id") == [(i,) for i in ids]


def test_a_prefix_is_stripped_and_nothing_left_is_no_key(land: Land) -> None:
    land("people", "a.jsonl", '{"id":"p_7"}\n{"id":"7p_"}\n{"id":"p_"}\n')
    assert land.run("people").reasons == {"missing key person_id": 1}
    assert land.rows("people", "person_id") == [("7",), ("7p_",)]


def test_unknown_fields_are_kept_and_counted(land: Land) -> None:
    record = {"id": "1", "name": {"full": "A", "nick": "B"}, "big": 12345678901234567890123, "x": {"id": {}}, "n": None}
    land("people", "a.jsonl", json.dumps(record) + '\n{"id":"2","name":{"full":"A"}}\n')
    result = land.run("people")
    extra, nothing = (row[0] for row in land.rows("people", "_extra"))
    assert (json.loads(extra), nothing) == (
        {"name": {"nick": "B"}, "big": 12345678901234567890123, "x": {"id": {}}, "n": None},
        None,
    )
    assert {k: result.extra_fields[k] for k in ("name", "big")} == {"name": 1, "big": 1}


def test_a_dropped_field_is_nowhere(land: Land) -> None:
    land("people", "a.jsonl", '{"id":"1","secret":"hush","other":1}\n{"id":"","secret":"hush"}\n')
    land.run("people")
    assert land.rows("people", "_extra") == [('{"other":1}',)]
    assert land.refused("people", "raw") == [('{"id":""}',)]


def test_an_error_body_is_not_a_record(land: Land) -> None:
    land("people", "a.jsonl", '{"errcode":0,"id":"1"}\n{"errcode":40001,"errmsg":"no"}\n{"id":"2"}\n')
    assert land.run("people").reasons == {"error body": 1}
    land("people", "b.json", '{"errcode":40001,"people":[]}')
    assert land.run("people").reasons == {"error body": 1}
    assert land.rows("people", "person_id") == [("1",), ("2",)]


DOCUMENTS = {
    "array": '[{"id":"1"},{"id":"2"}]',
    "pretty array": '[\n  {\n    "id": "1"\n  },\n  {\n    "id": "2"\n  }\n]\n',
    "envelope": '{"info":{"count":2},"people":[{"id":"1"},{"id":"2"}],"next":null}',
    "pretty envelope": '{\n "people": [\n  {"id": "1"},\n  {"id": "2"}\n ]\n}',
    "pages, one a line": '{"people":[{"id":"1"}]}\n{"people":[]}\n{"people":[{"id":"2"}]}\n',
    "single records in envelopes": '{"person":{"id":"1"}}\n{"person":{"id":"2"}}\n',
    "one after another": '{"id":"1"}{"id":"2"}',
    "pretty, one after another": '{\n"id":"1"\n}\n{\n"id":"2"\n}\n',
    "lines": '{"id":"1"}\n{"id":"2"}\n',
    "a record, then a page": '{"id":"1"}\n{"people":[{"id":"2"}]}\n',
}


@pytest.mark.parametrize("layout", DOCUMENTS)
@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_layouts_of_json(land: Land, layout: str, ending: str) -> None:
    land("people", f"a.{ending}", DOCUMENTS[layout])
    result = land.run("people")
    assert land.rows("people", "person_id, _line") == [("1", 1), ("2", 2)]
    assert (result.delivered, result.loaded) == (2, 2)


def test_a_single_pretty_record(land: Land) -> None:
    land("events", "a.json", '{\n  "id": "1",\n  "v": "a"\n}\n')
    assert land.run("events").delivered == 1
    assert land.rows("events", "event_id, value") == [("1", "a")]


def test_a_truncated_document_keeps_its_whole_records(land: Land) -> None:
    land("people", "a.json", '{"people":[{"id":"1"},{"id":"2"},{"id":"3')
    land("people", "b.json", '[\n  {\n    "id": "4"\n  },\n  {\n    "id": "5"\n  },\n')
    result = land.run("people")
    assert land.rows("people", "person_id") == [("1",), ("2",), ("4",), ("5",)]
    assert result.reasons == {"truncated document": 2}
    assert result.delivered == 6


def test_a_broken_element_costs_itself_only(land: Land) -> None:
    land("people", "a.json", '[\n  {\n    "id": "1"\n  },\n  {\n    "id": oops\n  },\n  {\n    "id": "3"\n  }\n]\n')
    result = land.run("people")
    assert land.rows("people", "person_id") == [("1",), ("3",)]
    assert result.reasons == {"invalid JSON": 1}


def test_a_document_larger_than_a_block(land: Land) -> None:
    people = [{"id": str(i), "note": "王" * 500} for i in range(5000)]
    land("people", "a.json", json.dumps({"people": people}, indent=1))
    assert land.run("people").loaded == 5000
    assert land.rows("people", "person_id, length(note), _line") == [(str(i), 500, i + 1) for i in range(5000)]


def test_gb18030_document(land: Land) -> None:
    land("people", "a.json", '[{"id":"1","note":"北京市朝阳区建国路"}]'.encode("gb18030"))
    land.run("people")
    assert land.rows("people", "note") == [("北京市朝阳区建国路",)]


HEADER = "Name,Id,Email,Coupon,Sku,Price,Created at\n"


def test_csv_order_cells_are_carried_forward(land: Land) -> None:
    land(
        "sheet",
        "a.csv",
        HEADER
        + "#1,100,a@example.com,,S1,1.50,2025-03-05 08:15:30 -0500\n"
        + "#1,,,,S2,2.50,\n"
        + "#2,200,b@example.com,SAVE,S3,3,2025-03-05 08:15:30 -0500\n"
        + "#2,,,,S4,4,\n",
    )
    assert land.run("sheet").quarantined == 0
    assert land.rows("sheet", "order_name, order_id, email, coupon, sku, price_amount, created_at IS NULL, _line") == [
        ("#1", "100", "a@example.com", None, "S1", Decimal("1.5"), False, 2),
        ("#1", "100", "a@example.com", None, "S2", Decimal("2.5"), True, 3),
        ("#2", "200", "b@example.com", "SAVE", "S3", Decimal(3), False, 4),
        ("#2", "200", "b@example.com", "SAVE", "S4", Decimal(4), True, 5),
    ]


def test_csv_quotes_newlines_and_wrong_widths(land: Land) -> None:
    land(
        "sheet",
        "a.csv",
        HEADER
        + '#1,100,"two\nlines, ""quoted""",,S1,1,\r\n'
        + "#2,200,too,few\n"
        + "#3,300,,,S3,3,,too,many\n"
        + "\n"
        + '#4,400,"never closed,,S4,4,\n'
        + '#5,500,,,5" pipe,5,\n'
        + HEADER
        + "#6,,,,S6,6,\n",
    )
    result = land.run("sheet")
    assert land.rows("sheet", "order_name, email, sku, _line") == [
        ("#1", 'two\nlines, "quoted"', "S1", 2),
        ("#5", None, '5" pipe', 8),
    ]
    assert land.refused("sheet") == [
        (4, "4 cells, header has 7"),
        (5, "9 cells, header has 7"),
        (7, "bad quoting"),
        (9, "repeated header"),
        (10, "missing required order_id"),
    ]
    assert result.delivered == 7


def test_csv_unknown_and_duplicate_headers(land: Land) -> None:
    land("sheet", "a.csv", "Name,Id,Sku,Colour,Sku,Empty\n#1,100,first,red,second,\n")
    assert land.run("sheet").extra_fields == {"Colour": 1, "Sku.2": 1}
    assert land.rows("sheet", "sku, _extra") == [("first", '{"Colour":"red","Sku.2":"second"}')]


def test_csv_with_another_delimiter_and_encoding(land: Land) -> None:
    text = "Name\tId\tEmail\n#1\t100\ta@example.com\n#2\t200\t王\n"
    land("sheet", "a.csv", text.encode("utf-16"))
    land("sheet", "b.csv", text.replace("\t", ";").replace("#", "B").encode("gbk"))
    land("sheet", "c.csv", b"Name,Id,Email\nC1,100,caf\xe9\nC2,200,x\n")
    land.run("sheet")
    assert [row[0] for row in land.rows("sheet", "order_name")] == ["#1", "#2", "B1", "B2", "C2"]
    assert land.refused("sheet") == [(2, "invalid UTF-8")]


def test_a_wrong_csv_header_fails_the_file_and_names_no_value(land: Land) -> None:
    land("sheet", "a.csv", "Name,Idd,Email\n#1,100,a@example.com\n")
    land("sheet", "b.csv", "#1,100,jane@example.com\n")
    land("sheet", "c.csv", "Name,Record Id\n#3,300\n")
    land("sheet", "d.csv", "Name,Id\n")
    results = land.run("sheet").files
    assert [f.status for f in results] == ["failed", "failed", "ok", "empty"]
    assert results[0].message == (
        "header has no column 'Id' (required field order_id); nearest is 'Idd'; 2 of its 3 columns are known"
    )
    assert results[1].message == (
        "header has no column 'Name' (required field order_name); 0 of its 3 columns are known"
    )


def test_meta_columns(land: Land) -> None:
    land("events", "a.jsonl", '{"id":"1"}\n')
    land.run("events")
    assert land.rows("events", "_file, _line, _batch_id, _extra, _dt") == [
        ("demo/events/dt=2025-03-05/a.jsonl", 1, "run1", None, DAY)
    ]
