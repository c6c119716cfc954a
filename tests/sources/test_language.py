"""The options of the contract language, one by one: given a file, expect these rows."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.sources.conftest import Land, make_land

HEAD = "source: demo\ntitle: Demo\nowner: tests\ndefault_region: US\ntimezone: America/New_York\nobjects:\n"
RECORD = """
  things:
    delivery: append
    key: [id]
    formats: [jsonl, json]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
"""
SHEET = """
  things:
    delivery: append
    key: [id]
    formats: [csv]
    OPTIONS
    fields:
      id: {from: [Id], type: string, required: true, tag: PK}
      name: {from: [Name], type: string}
      name_again: {from: [Name.2], type: string}
"""


def _value(tmp_path: Path, field: str, value: Any) -> Any:
    """What the field makes of a value of a JSON record, or why the record was refused."""
    land = make_land(tmp_path, f"{HEAD}{RECORD}      it: {field}\n")
    land("things", "a.jsonl", json.dumps({"id": "1", "it": value}, ensure_ascii=False) + "\n")
    if land.run("things").quarantined:
        return land.refused("things", "reasons")[0][0]
    return land.rows("things", "it")[0][0]


def _sheet(tmp_path: Path, options: str = "") -> Land:
    return make_land(tmp_path, HEAD + SHEET.replace("OPTIONS", options))


@pytest.mark.parametrize(
    ("formats", "text", "expected"),
    [
        ("'%m/%d/%Y %I:%M %p'", "03/05/2025 09:05 PM", datetime(2025, 3, 6, 2, 5)),
        ("'%m/%d/%Y %I:%M %p'", "3/5/2025 9:05 pm", datetime(2025, 3, 6, 2, 5)),
        ("'%d.%m.%Y %H:%M', '%d.%m.%Y'", "05.03.2025", datetime(2025, 3, 5, 5)),
        ("'%d.%m.%Y %H:%M %z'", "05.03.2025 09:00 +0100", datetime(2025, 3, 5, 8)),
        ("'%m/%d/%Y'", "2025-03-05T08:00:00Z", datetime(2025, 3, 5, 8)),
        ("'%m/%d/%Y'", "13/05/2025", "field it: not a timestamp"),
    ],
)
def test_format_of_a_timestamp(tmp_path: Path, formats: str, text: str, expected: Any) -> None:
    assert _value(tmp_path, f"{{from: [it], type: timestamp, format: [{formats}]}}", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2025-03-05 09:00", datetime(2025, 3, 5, 1)), ("2025-03-05T09:00:00Z", datetime(2025, 3, 5, 9))],
)
def test_zone_of_one_field(tmp_path: Path, text: str, expected: datetime) -> None:
    zoned = "{from: [it], type: timestamp, timezone: Asia/Shanghai}"
    assert _value(tmp_path, zoned, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("05.03.2025", date(2025, 3, 5)), ("2025-03-05", date(2025, 3, 5)), ("31.02.2025", "field it: not a date")],
)
def test_format_of_a_date(tmp_path: Path, text: str, expected: Any) -> None:
    assert _value(tmp_path, "{from: [it], type: date, format: ['%d.%m.%Y']}", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (base64.b64encode("王小明 Wang".encode()).decode(), "王小明 Wang"),
        ("", None),
        ("Jane", "Jane"),  # valid Base64 of bytes that are no text
        ("Li", "Li"),
        ("no base64!", "no base64!"),
        ("王小明", "王小明"),
    ],
)
def test_base64_is_decoded_and_plain_text_stays(tmp_path: Path, text: str, expected: str | None) -> None:
    assert _value(tmp_path, "{from: [it], type: string, decode: base64}", text) == expected


@pytest.mark.parametrize(
    ("mark", "text", "expected"),
    [
        (",", "1.234,50", Decimal("1234.5")),
        (",", "1.234.567", Decimal(1234567)),
        (",", "12,5", Decimal("12.5")),
        (",", "1 234,50 €", Decimal("1234.5")),
        (",", "1\u00a0234,50\u202f€", Decimal("1234.5")),
        (",", "EUR 12,50-", Decimal("-12.5")),
        (",", "-0,05", Decimal("-0.05")),
        (",", "1.5", "field it: not a decimal"),
        (",", "1,234.50", "field it: not a decimal"),
        (",", "12,50 %", "field it: not a decimal"),
        (".", "$1,234.50", Decimal("1234.5")),
        (".", "(1,234.50)", Decimal("-1234.5")),
        (".", "US$12", Decimal(12)),
        (".", "¥1,234元", Decimal(1234)),
        (".", "12,34,567.8", Decimal("1234567.8")),
        (".", "1'234.50 CHF", Decimal("1234.5")),
        (".", "1,5", "field it: not a decimal"),
        (".", "1.2k", "field it: not a decimal"),
        (".", 12.5, Decimal("12.5")),
        (".", "", None),
    ],
)
def test_decimal_mark(tmp_path: Path, mark: str, text: object, expected: Any) -> None:
    assert _value(tmp_path, f"{{from: [it], type: decimal, decimal_mark: '{mark}'}}", text) == expected


def test_decimal_mark_of_an_integer(tmp_path: Path) -> None:
    assert _value(tmp_path, "{from: [it], type: integer, decimal_mark: ','}", "1.234") == 1234


@pytest.mark.parametrize(("text", "expected"), [("order-778 (web)", "778"), ("order-", None), ("", None), (None, None)])
def test_pattern(tmp_path: Path, text: str | None, expected: str | None) -> None:
    assert _value(tmp_path, "{from: [it], type: string, pattern: 'order-([0-9]+)'}", text) == expected


def test_pattern_before_the_cast_and_over_several_paths(tmp_path: Path) -> None:
    field = "{from: [none, it.text], type: integer, pattern: '#([0-9]+)'}"
    assert _value(tmp_path, field, {"text": "ticket #42"}) == 42


@pytest.mark.parametrize("name", ["unsubscribed_members_2025.csv", "cleaned_members_2025.csv"])
def test_a_value_out_of_the_file_name(tmp_path: Path, name: str) -> None:
    field = "      state: {from: ['@file'], type: string, pattern: '^(unsubscribed|cleaned|subscribed)_'}\n"
    land = make_land(tmp_path, f"{HEAD}{SHEET.replace('OPTIONS', 'description: x')}{field}")
    land("things", name, "Id,Name\n1,A\n")
    land.run("things")
    assert land.rows("things", "id, state") == [("1", name.partition("_")[0])]


ENVELOPE = """
  things:
    delivery: append
    key: [id]
    formats: [jsonl, json]
    unwrap: [rows, data.list, data]
    expect: {error.code: ["0"]}
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      meeting: {from: ["@envelope.meeting.id", "@envelope.data.meeting"], type: string}
      is_last: {from: ["@envelope.is_last"], type: boolean}
      total: {from: ["@envelope.total"], type: integer, max: 5}
"""


def test_values_beside_the_records_wherever_they_stand(tmp_path: Path) -> None:
    land = make_land(tmp_path, HEAD + ENVELOPE)
    land("things", "a.json", '{"meeting":{"id":901},"rows":[{"id":"1"},{"id":"2"}],"is_last":false,"total":"2"}')
    land("things", "b.json", '{"rows":[{"id":"3"}],"meeting":{"id":"x"}}\n{"rows":[{"id":"4"}]}\n{"id":"5"}\n')
    land("things", "c.jsonl", '{"data":{"list":[{"id":"6"}],"meeting":12345678901234567890}}\n{"data":{"id":"7"}}\n')
    assert land.run("things").quarantined == 0
    assert land.rows("things", "id, meeting, is_last, total") == [
        ("1", "901", False, 2),
        ("2", "901", False, 2),
        ("3", "x", None, None),
        ("4", None, None, None),
        ("5", None, None, None),
        ("6", "12345678901234567890", None, None),
        ("7", None, None, None),
    ]


def test_envelope_values_are_checked_as_others_are(tmp_path: Path) -> None:
    land = make_land(tmp_path, HEAD + ENVELOPE)
    land("things", "a.json", '{"rows":[{"id":"1"}],"total":6}')
    land("things", "b.json", '{"rows":[{"id":"2"},{"id":')
    land("things", "c.json", '{"error":{"code":40001},"data":{"list":[]}}')
    land.run("things")
    assert land.rows("things", "id") == [("2",)]
    assert land.refused("things") == [(1, "total above maximum"), (2, "truncated document"), (1, "error body")]


def test_an_archive_that_is_a_script(tmp_path: Path) -> None:
    land = make_land(tmp_path, HEAD + RECORD)
    land("things", "tweets.js", 'window.YTD.tweets.part0 = [ {\n "id" : "1"\n}, {\n "id" : "2"\n} ]')
    assert land.run("things").loaded == 2


def test_values_one_after_another_in_the_middle_of_a_file(tmp_path: Path) -> None:
    land = make_land(tmp_path, HEAD + RECORD)
    land("things", "a.jsonl", '{"id":"1"}\n{"id":"2"} {"id":"3"}\n{"id":"4"}\n{"id":oops}\n{"id":"5"}\n')
    land("things", "b.json", '{"id":"6"}\n{\n "id":"7"\n}\n{"id":"8"}')
    result = land.run("things")
    assert land.rows("things", "id") == [(str(i),) for i in range(1, 9)]
    assert result.reasons == {"invalid JSON": 1}


def test_header_rows_behind_the_header_are_skipped(tmp_path: Path) -> None:
    land = _sheet(tmp_path, "skip_after_header: 2")
    land(
        "things",
        "a.csv",
        'Id,Name\n"Response, with\na line break",Your name\n"{""ImportId"":""_id""}",x\nR_1,Ann\nR_2,Bo\n',
    )
    result = land.run("things")
    assert land.rows("things", "id, name, _line") == [("R_1", "Ann", 5), ("R_2", "Bo", 6)]
    assert (result.delivered, result.quarantined) == (2, 0)


def test_records_begin_at_the_header_and_end_at_a_blank_line(tmp_path: Path) -> None:
    land = _sheet(tmp_path, "header_contains: [Id, Name]")
    text = (
        "Report;Participants\nTopic;Id\nSpring;900\n\nId;Name;Extra\n1;Ann;x\n2;Bo;\n;;\nTotal;2\n\n"
        "Id;Name;Extra\n3;Cy;\n\nName;Extra;Id\nDi;;4\n"
    )
    land("things", "a.csv", "\ufeff" + text)
    result = land.run("things")
    assert land.rows("things", "id, name, _extra, _line") == [
        ("1", "Ann", '{"Extra":"x"}', 6),
        ("2", "Bo", None, 7),
        ("3", "Cy", None, 12),
    ]
    assert (result.delivered, result.reasons) == (4, {"columns differ from those of the first block": 1})


def test_a_file_without_the_header_is_named(tmp_path: Path) -> None:
    land = _sheet(tmp_path, "header_contains: [Id, Name]")
    land("things", "a.csv", "Report,Participants\nJane,jane@example.com\n")
    (result,) = land.run("things").files
    assert (result.status, result.message) == ("failed", "no line holds the headers 'Id', 'Name'")


def test_duplicate_headers_are_numbered(tmp_path: Path) -> None:
    land = _sheet(tmp_path)
    land("things", "a.csv", "Id,Name,Name,Name,\n1,a,b,c,d\n\n,,,,\n2,e,f,g,h\n")
    assert land.run("things").delivered == 2
    assert land.rows("things", "id, name, name_again, _extra") == [
        ("1", "a", "b", '{"Name.3":"c"}'),
        ("2", "e", "f", '{"Name.3":"g"}'),
    ]


def test_a_header_with_line_breaks(tmp_path: Path) -> None:
    land = _sheet(tmp_path)
    land("things", "a.csv", 'Id,"What do you\nthink?",Name\n1,good,Ann\n')
    land.run("things")
    assert land.rows("things", "id, name, _extra, _line") == [("1", "Ann", '{"What do you\\nthink?":"good"}', 3)]


def test_a_dropped_column_is_nowhere(tmp_path: Path) -> None:
    land = _sheet(tmp_path, "drop: [Password]")
    land("things", "a.csv", "Id,Password,Name\n1,hush,Ann\n,hush,Bo\n")
    land.run("things")
    assert land.rows("things", "id, _extra") == [("1", None)]
    assert land.refused("things", "raw") == [(",Bo\n",)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_recognised(tmp_path: Path, encoding: str, delimiter: str) -> None:
    land = _sheet(tmp_path)
    land("things", "a.csv", "Id,Name\n1,王小明\n2,北京市\n".replace(",", delimiter).encode(encoding))
    land.run("things")
    assert land.rows("things", "id, name") == [("1", "王小明"), ("2", "北京市")]


COLUMNS = """
  things:
    delivery: append
    key: [id]
    formats: [parquet]
    unwrap: [page]
    expect: {code: ["0"]}
    drop: [secret]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      age: {from: [age], type: integer, min: 0}
      price: {from: [item.price], type: decimal}
      amount: {from: [amount], type: decimal}
      is_new: {from: [new], type: boolean}
      born_on: {from: [born], type: date}
      local_at: {from: [local_at], type: timestamp}
      instant: {from: [instant], type: timestamp_ms}
      epoch: {from: [epoch], type: timestamp_us}
      tags: {from: [tags], type: json}
      nested: {from: [item.inner], type: json}
      note: {from: [absent, note.text], type: string}
      file: {from: ["@file"], type: string}
"""


def _parquet(land: Land, name: str, query: str) -> None:
    path = land("things", name, b"")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


def test_parquet_is_read_by_name_with_the_same_rules(tmp_path: Path) -> None:
    land = make_land(tmp_path, HEAD + COLUMNS)
    _parquet(
        land,
        "a.parquet",
        """
        SELECT 7::BIGINT AS id, 42 AS age, {'price': 1.5, 'inner': {'k': [1, 2]}, 'left': 'x'} AS item,
          12345678901234.5678::DECIMAL(18,4) AS amount, true AS new, DATE '1987-04-09' AS born,
          TIMESTAMP '2025-03-05 08:15:30' AS local_at, TIMESTAMPTZ '2025-03-05 08:15:30.25+00' AS instant,
          1741162530000001 AS epoch, [{'key': 'a', 'value': 1}] AS tags, '{"text":"in JSON"}' AS note,
          'hush' AS secret, 9 AS line, NULL::INTEGER AS empty
        UNION ALL
        SELECT 8, -1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'plain', 'hush', NULL, NULL
        UNION ALL
        SELECT NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [], NULL, 'hush', NULL, NULL
        UNION ALL
        SELECT 9, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [], NULL, NULL, NULL, NULL""",
    )
    result = land.run("things")
    assert land.rows("things", "id, age, price, amount, is_new, born_on, local_at, instant, epoch") == [
        (
            "7", 42, Decimal("1.5"), Decimal("12345678901234.5678"), True, date(1987, 4, 9),
            datetime(2025, 3, 5, 13, 15, 30), datetime(2025, 3, 5, 8, 15, 30, 250000),
            datetime(2025, 3, 5, 8, 15, 30, 1),
        ),
        ("9", 1, None, None, None, None, None, None, None),
    ]  # fmt: skip
    assert land.rows("things", "tags, nested, note, file, _line") == [
        ('[{"key":"a","value":1}]', '{"k":[1,2]}', "in JSON", "a.parquet", 1),
        ("[]", None, None, "a.parquet", 4),
    ]
    extra = json.loads(land.rows("things", "_extra")[0][0])
    assert extra == {"item": {"left": "x"}, "line": 9}
    assert land.refused("things") == [(2, "age below minimum"), (3, "missing key id")]
    refused = [json.loads(raw) for (raw,) in land.refused("things", "raw")]
    assert [(r["id"], r["age"], "secret" in r) for r in refused] == [(8, -1, False), (None, 1, False)]
    assert (result.delivered, result.loaded, result.quarantined) == (4, 2, 2)


def test_parquet_that_cannot_be_read_or_lacks_a_required_column(tmp_path: Path) -> None:
    land = make_land(tmp_path, HEAD + COLUMNS)
    land("things", "a.parquet", b"PAR1 not really")
    _parquet(land, "b.parquet", "SELECT 1 AS idd, 2 AS age")
    _parquet(land, "c.parquet", "SELECT 'x' AS id WHERE false")
    results = land.run("things").files
    assert [(r.status, r.message) for r in results] == [
        ("failed", "damaged or no Parquet file"),
        ("failed", "header has no column 'id' (required field id); nearest is 'idd'; 1 of its 2 columns are known"),
        ("empty", "no records"),
    ]
