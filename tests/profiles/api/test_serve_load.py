"""The load of ``bench/serve`` sees what it is there to see: errors, and answers that mix versions."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

LOAD = Path(__file__).parents[3] / "bench" / "serve" / "load.py"


@pytest.fixture(scope="module")
def load() -> Any:
    spec = importlib.util.spec_from_file_location("bench_serve_load", LOAD)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def answer(version: int, *marks: int, named: int | None = None) -> tuple[bytes, bytes]:
    """Head and body of a batch whose rows are of the versions `marks`."""
    name = f"20250301-{version:06d}"
    profiles = [{"profile_id": f"p{n}", "features": {"version_mark": mark}} for n, mark in enumerate(marks)]
    body = {"profiles": profiles, "snapshot": {"version": name if named is None else f"20250301-{named:06d}"}}
    head = f"http/1.1 200 ok\r\nsnapshot-version: {name}\r\ncontent-type: application/json"
    return head.encode(), json.dumps(body, separators=(",", ":")).encode()


def test_an_answer_is_mixed_when_a_row_or_the_body_is_of_another_version(load: Any) -> None:
    kind = {"request": "batch", "count": 2, "mark": "version_mark"}
    for given, mixed in (
        (answer(7, 7, 7), 0), (answer(7, 7, 8), 1), (answer(7, 8, 8), 1), (answer(7, 7, 7, named=8), 1),
        (answer(7, 7), 1), (answer(7, 70, 7), 1),
    ):  # fmt: skip
        tally = load.Tally()
        load.judge(kind, *given, tally)
        assert (tally.answers, tally.errors, tally.mixed > 0) == (1, 0, bool(mixed)), given
    tally = load.Tally()
    load.judge(kind, b"http/1.1 503 service unavailable", b"{}", tally)
    assert (tally.errors, tally.mixed) == (1, 0)


def test_without_a_mark_a_profile_keeps_its_features_within_a_version(load: Any) -> None:
    kind = {"request": "batch", "count": 2, "mark": None}
    tally = load.Tally()
    for given, mixed in ((answer(1, 5, 6), 0), (answer(1, 5, 6), 0), (answer(2, 9, 9), 0), (answer(1, 5, 9), 1)):
        before = tally.mixed
        load.judge(kind, *given, tally)
        assert tally.mixed - before == mixed
    assert sorted(tally.seen) == ["20250301-000001", "20250301-000002"]


def test_percentiles_and_whole_answers(load: Any) -> None:
    tally = load.Tally(answers=100, seconds=2.0, milliseconds=[float(n) for n in range(1, 101)])
    assert (tally.result()["p50_ms"], tally.result()["p99_ms"]) == (51.0, 100.0)
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
    assert load.complete(bytearray(whole[:-1])) is None
    assert load.complete(bytearray(whole)) == (b"http/1.1 200 ok\r\ncontent-length: 4", b"body")
