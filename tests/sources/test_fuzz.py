"""Random records, planted faults and random bytes in every format: no crash, no loss, the right reasons."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections import Counter
from typing import Any

import duckdb
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_pipeline.ops import Ops
from cdp_pipeline.sources import shapes
from cdp_pipeline.sources.ingest import FileResult, reconcile
from tests.sources.conftest import Land

MARK = "pers0nal"
FUZZ = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(lambda text: MARK + text)
_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _text
    | st.sampled_from([10**30, -(10**40), 1e308, "", " ", "null", "[1", '{"a":1}', "\x00", "\u2028"])
)  # fmt: skip
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text | st.just(""), inner, max_size=3)
)
_keys = st.sampled_from(["id", "name", "age", "tags", "active", "updated", "x", "y.z", "a b", 'q"q', "é", "$"])


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A record that the contract takes, with fields it does not know."""
    record: dict[str, Any] = draw(st.dictionaries(_keys | _text, _values, max_size=6))
    for known in ("age", "active", "updated", "name", "id"):
        record.pop(known, None)
    record["name"] = draw(st.sampled_from([{"full": MARK}, {"short": MARK, "nick": 1}, None, {}]))
    return record | {"id": draw(st.integers(min_value=1))}


FAULTS = {
    '{"id":"1"': "invalid JSON",
    '{"id":"' + MARK + '"} x': "invalid JSON",
    "[1]": "not a JSON object",
    f'"{MARK}"': "not a JSON object",
    '{"id":""}': "missing key person_id",
    '{"id":null,"note":"' + MARK + '"}': "missing key person_id",
    '{"id":"1","age":"' + MARK + '"}': "field age: not an integer",
    '{"id":"1","age":-1}': "age below minimum",
    '{"id":"1","age":{"a":1}}': "field age: not an integer",
    '{"id":"1","amount":"1e400"}': "field amount: not a decimal",
    '{"id":"1","active":"' + MARK + '"}': "field is_active: not a boolean",
    '{"id":"1","role":"' + MARK + '"}': "role not one of the allowed values",
    '{"id":"1","updated":"' + MARK + '"}': "field updated_at: not a timestamp",
}
FORMS = {
    "plain": lambda data: data,
    "gz": lambda data: gzip.compress(data),
    "zst": lambda data: zstandard.compress(data),
    "bom": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "crlf": lambda data: data.replace(b"\n", b"\r\n"),
}
ENDINGS = {"gz": ".gz", "zst": ".zst"}


def _check(land: Land, obj: str, result: FileResult) -> None:
    """What holds of every file whatever it holds; leaves an empty home behind."""
    said = json.dumps([result.message, dict(result.reasons or {})])
    assert MARK not in said
    assert "\n" not in result.message
    assert (
        result.delivered == result.loaded + result.quarantined == result.loaded + sum((result.reasons or {}).values())
    )
    raw, refused = land.rows(obj, "_file, _line"), land.refused(obj, "file, line")
    assert (len(raw), len(refused)) == (result.loaded, result.quarantined)
    assert len(set(raw) | set(refused)) == result.delivered
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).mismatches == ()
        (receipt,) = ops.receipts()
        assert MARK not in receipt.message
    assert land.run(obj).files == ()
    assert (land.rows(obj, "_file, _line"), land.refused(obj, "file, line")) == (raw, refused)
    _empty(land)


def _empty(land: Land) -> None:
    for folder in (land.home.landing, land.home.lake, land.home.ops_db.parent):
        shutil.rmtree(folder, ignore_errors=True)


@FUZZ
@given(
    lines=st.lists(records() | st.sampled_from(sorted(FAULTS)) | st.just(""), min_size=1, max_size=20),
    form=st.sampled_from(sorted(FORMS)),
    is_ascii=st.booleans(),
)
def test_planted_faults_get_their_reason(land: Land, lines: list[Any], form: str, is_ascii: bool) -> None:
    texts = [json.dumps(x, ensure_ascii=is_ascii) if isinstance(x, dict) else x for x in lines]
    # The first line says that the file holds one record a line.
    texts.insert(0, '{"id":"first"}')
    land("people", f"a.jsonl{ENDINGS.get(form, '')}", FORMS[form](("\n".join(texts) + "\n").encode()))
    (result,) = land.run("people").files
    assert Counter(result.reasons) == Counter(FAULTS[text] for text in texts if text in FAULTS)
    assert result.delivered == sum(text != "" for text in texts)
    assert land.refused("people") == [(n, FAULTS[text]) for n, text in enumerate(texts, 1) if text in FAULTS]
    _check(land, "people", result)


@FUZZ
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"Name": _text, "Id": st.integers(), "Email": st.text(st.characters(exclude_categories=["Cs"]), max_size=9)}
        ),
        max_size=12,
    ),
    form=st.sampled_from(["plain", "gz", "zst", "bom", "utf-16"]),
    delimiter=st.sampled_from(",;\t"),
)
def test_csv_with_any_text_in_its_cells(land: Land, rows: list[dict[str, Any]], form: str, delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["Name", "Id", "Email"], delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    land("sheet", f"a.csv{ENDINGS.get(form, '')}", FORMS[form](text.getvalue().encode()))
    (result,) = land.run("sheet").files
    assert (result.delivered, result.loaded) == (len(rows), len(rows))
    _check(land, "sheet", result)


_BROKEN = st.sampled_from(
    [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b"\n", b"\r", b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf"]
)


@FUZZ
@given(
    made=st.lists(records(), min_size=1, max_size=6),
    layout=st.sampled_from(
        ["people/a.jsonl", "people/a.json", "people/a.json.gz", "sheet/a.csv", "events/a.jsonl.zst"]
    ),
    is_array=st.booleans(),
    cuts=st.lists(st.tuples(st.floats(0, 1), _BROKEN | st.binary(min_size=1, max_size=4)), max_size=4),
    keep=st.floats(0.2, 1),
)
def test_files_with_bytes_put_in_and_cut_off(
    land: Land, made: list[Any], layout: str, is_array: bool, cuts: list[tuple[float, bytes]], keep: float
) -> None:
    obj, _, name = layout.partition("/")
    if obj == "sheet":
        content = "Name,Id,Email\n" + "".join(f'"{MARK}",{n},"a,b"\n' for n in range(len(made)))
    elif is_array:
        content = json.dumps({"people": made}, indent=1)
    else:
        content = "\n".join(json.dumps(r, ensure_ascii=False) for r in made)
    data = content.encode()
    for at, piece in cuts:
        data = data[: int(at * len(data))] + piece + data[int(at * len(data)) :]
    data = data[: int(keep * len(data))]
    land(obj, name, gzip.compress(data) if name.endswith("gz") else zstandard.compress(data) if "zst" in name else data)
    (result,) = land.run(obj).files
    assert result.status in {"ok", "over_budget", "empty", "failed"}
    assert "cannot be read" not in result.message
    _check(land, obj, result)


@FUZZ
@given(
    made=st.lists(
        records() | st.sampled_from(['{"id":"1","id":"2","x":1,"x":2}', '{"id":"1","name":"flat"}']), min_size=1
    )
)
def test_a_learned_layout_changes_nothing(land: Land, made: list[Any]) -> None:
    # Each record twice: a layout is learned from one and used for the other.
    text = "".join((json.dumps(r) if isinstance(r, dict) else r) + "\n" for r in [*made, *reversed(made)])
    seen = []
    for learn_from in (1, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shapes, "LEARN_FROM", learn_from)
            land("people", "a.jsonl", text)
            (result,) = land.run("people").files
            with duckdb.connect() as con:
                raw = land.home.raw("demo", "people") / "*" / "*.parquet"
                query = f"SELECT * EXCLUDE (_batch_id) FROM read_parquet('{raw}') ORDER BY _line"
                columns = [c[0] for c in con.execute(query).description]
                rows = [dict(zip(columns, row, strict=True)) for row in con.execute(query).fetchall()]
            for row in rows:
                row["_extra"] = None if row["_extra"] is None else json.loads(row["_extra"])
            seen.append((rows, result))
            _check(land, "people", result)
    assert seen[0] == seen[1]
