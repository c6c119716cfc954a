"""The contract's `encoding`: files of systems that write neither UTF-8 nor an encoding that can be recognised."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from cdp_pipeline.sources.contract import ContractError
from tests.sources.conftest import Land, make_land

CONTRACT = """
source: demo
title: Demo
owner: tests
default_region: US
objects:
  sheet:
    delivery: append
    key: [id]
    formats: [csv, jsonl, json]
    OPTION
    fields:
      id: {from: [id], type: string, required: true}
      name: {from: [name], type: string}
"""


def _land(folder: Path, encoding: str | None) -> Land:
    return make_land(folder, CONTRACT.replace("OPTION", f"encoding: {encoding}" if encoding else "error_budget: 1"))


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("windows-1252", "Zoë Müller – €5"),
        ("latin-1", "José Núñez"),
        ("shift_jis", "佐藤 ソ表"),
        ("windows-1251", "Мария"),
        ("utf-16-le", "Zoë"),
        ("utf-8", "Zoë"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "jsonl", "json", "csv.gz"])
def test_a_file_is_read_in_the_encoding_that_its_contract_names(
    tmp_path: Path, encoding: str, name: str, ending: str
) -> None:
    text = f"id,name\n1,{name}\n" if "csv" in ending else f'{{"id": "1", "name": "{name}"}}\n'
    text = f"[{text}]" if ending == "json" else text
    land = _land(tmp_path, encoding)
    land("sheet", f"a.{ending}", gzip.compress(text.encode(encoding)) if "gz" in ending else text.encode(encoding))
    assert land.run("sheet").message == ""
    assert land.rows("sheet", "id, name") == [("1", name)]


def test_without_the_option_such_a_file_is_refused_where_it_cannot_be_read(tmp_path: Path) -> None:
    land = _land(tmp_path, None)
    land("sheet", "a.csv", "id,name\n1,Zoë\n2,Ann\n".encode("windows-1252"))
    land.run("sheet")
    assert land.rows("sheet", "id") == [("2",)]
    assert land.refused("sheet") == [(2, "invalid UTF-8")]


def test_bytes_that_the_encoding_does_not_have_name_the_line(tmp_path: Path) -> None:
    land = _land(tmp_path, "shift_jis")
    land("sheet", "a.csv", b"id,name\n1,Ann\n2,\x82\n")
    (told,) = land.run("sheet").failed_files
    assert told.message == "line 3: not valid shift_jis, the encoding that its contract names"


def test_named_utf8_is_no_guess(tmp_path: Path) -> None:
    land = _land(tmp_path, "utf-8")
    land("sheet", "a.csv", "id,name\n1,王杰\n2,李娜\n".encode("gb18030"))
    assert (land.run("sheet").loaded, land.refused("sheet")) == (0, [(2, "invalid UTF-8"), (3, "invalid UTF-8")])


def test_a_byte_order_mark_wins(tmp_path: Path) -> None:
    land = _land(tmp_path, "windows-1252")
    land("sheet", "a.csv", "id,name\n1,Zoë\n".encode("utf-8-sig"))
    land("sheet", "b.csv", "id,name\n2,Zoë\n".encode("utf-16"))
    land.run("sheet")
    assert land.rows("sheet", "id, name") == [("1", "Zoë"), ("2", "Zoë")]


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("windows-1225", "demo.yml: sheet.encoding: unknown encoding 'windows-1225', did you mean 'windows-1252'?"),
        ("shiftjs", "demo.yml: sheet.encoding: unknown encoding 'shiftjs', did you mean 'shift_jis'?"),
        ("base64", "demo.yml: sheet.encoding: unknown encoding 'base64', "),
        ("zzz", "demo.yml: sheet.encoding: unknown encoding 'zzz', known are windows-1252, "),
        ("7", "demo.yml: sheet: 'encoding' must be text"),
    ],
)
def test_an_unknown_encoding_is_told_in_one_line(tmp_path: Path, named: str, told: str) -> None:
    with pytest.raises(ContractError) as fault:
        _land(tmp_path, named)
    assert str(fault.value).startswith(told) and "\n" not in str(fault.value)
