"""Broken and odd files, kept in ``corpus/``: each has its outcome in ``corpus/manifest.yml``, written by hand."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
import zstandard

from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.ingest import reconcile, unclaimed
from tests.sources.conftest import CONTRACT, Land, make_land

CORPUS = Path(__file__).parent / "corpus"
MANIFEST: list[dict[str, Any]] = yaml.safe_load((CORPUS / "manifest.yml").read_text(encoding="utf-8"))
TABLE = """
  table:
    delivery: append
    key: [id]
    formats: [parquet]
    fields:
      id: {from: [id], type: string, required: true, tag: PK}
      value: {from: [v], type: string}
"""


def _rows(folder: Path) -> int:
    """Rows of all Parquet files below a folder, counted by another reader than the one that wrote them."""
    return sum(pq.read_metadata(path).num_rows for path in folder.rglob("*.parquet"))


def test_the_corpus_is_whole() -> None:
    files = {p.relative_to(CORPUS).as_posix() for p in CORPUS.rglob("*") if p.is_file()} - {"manifest.yml"}
    assert files == {entry["file"] for entry in MANIFEST}
    assert len(files) >= 60


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"])
def test_a_broken_file(tmp_path: Path, entry: dict[str, Any]) -> None:
    land = make_land(tmp_path, CONTRACT + TABLE)
    obj, _, name = entry["file"].partition("/")
    land(obj, name, (CORPUS / entry["file"]).read_bytes())
    (result,) = land.run(obj).files
    assert {
        "status": result.status,
        "delivered": result.delivered,
        "loaded": result.loaded,
        "quarantined": result.quarantined,
        "reasons": dict(result.reasons or {}),
        "message": result.message,
    } == {key: entry[key] for key in ("status", "delivered", "loaded", "quarantined", "reasons", "message")}
    assert _rows(land.home.raw("demo", obj)) == entry["loaded"]
    assert _rows(land.home.quarantine("demo", obj)) == entry["quarantined"]
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).mismatches == ()
    assert land.pending() == []
    assert not [p for p in land.home.lake.rglob(".*") if p.is_file()]


@pytest.mark.parametrize("name", ["a[1].jsonl", "*.jsonl", "it's 100% {new}?.jsonl", "空 格.jsonl", "-a;b.jsonl"])
def test_odd_names(land: Land, name: str) -> None:
    land("events", name, '{"id":"1"}\nbad\n')
    land("events", "a1.jsonl", '{"id":"2"}\n')
    assert land.run("events").loaded == 2
    assert land.rows("events", "event_id", f"_file LIKE '%/{name.replace(chr(39), chr(39) * 2)}'") == [("1",)]
    with Ops(land.home.ops_db) as ops:
        assert reconcile(land.home, ops).mismatches == ()


def test_a_parquet_file_whose_name_is_a_pattern(tmp_path: Path) -> None:
    land = make_land(tmp_path, CONTRACT + TABLE)
    content = (CORPUS / "table" / "null_key.parquet").read_bytes()
    land("table", "a[1].parquet", content)
    land("table", "a1.parquet", (CORPUS / "table" / "no_rows.parquet").read_bytes())
    assert land.run("table").loaded == 2


def test_what_is_no_file_is_named_and_links_are_followed(land: Land, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.jsonl"
    target.write_text('{"id":"1"}\n')
    folder = land("events", "a.jsonl", '{"id":"2"}\n').parent
    (folder / "link.jsonl").symlink_to(target)
    (folder / "broken.jsonl").symlink_to(tmp_path / "nowhere")
    (folder / "folder.jsonl").mkdir()
    os.mkfifo(folder / "pipe.jsonl")
    assert sorted(f.file.rpartition("/")[2] for f in land.run("events").files) == ["a.jsonl", "link.jsonl"]
    place = "landing/demo/events/dt=2025-03-05"
    assert unclaimed(land.home, land.contracts) == [
        f"{place}/broken.jsonl: not a file",
        f"{place}/folder.jsonl: a folder inside a day",
        f"{place}/pipe.jsonl: not a file",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_waits(land: Land) -> None:
    path = land("events", "a.jsonl", '{"id":"1"}\n')
    path.chmod(0)
    (result,) = land.run("events").files
    assert (result.status, result.message) == ("deferred", "cannot be read (PermissionError)")
    path.chmod(0o600)
    assert land.run("events").loaded == 1


BOMB = """
    import resource, sys
    from pathlib import Path
    from tests.sources.conftest import CONTRACT, make_land

    land = make_land(Path(sys.argv[1]), CONTRACT)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (result,) = land.run("events").files
    print(result.status, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, result.message, sep="|")
"""


@pytest.mark.parametrize(
    ("piece", "outcome"),
    [(b"\0", ("failed", "line 1 is longer than 256 MB")), (b"\n" * 4096, ("empty", "no records"))],
)
@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_small_archive_that_inflates_to_much(
    land: Land, tmp_path: Path, piece: bytes, outcome: tuple[str, str], ending: str
) -> None:
    size = 300 << 20 if piece == b"\0" else 12 << 20
    path = land("events", f"a.jsonl.{ending}", b"")
    with gzip.open(path, "wb", compresslevel=1) if ending == "gz" else zstandard.open(path, "wb") as handle:
        for _ in range(size >> 20):
            handle.write(piece * ((1 << 20) // len(piece)))
    assert path.stat().st_size < 2 << 20
    lines = [line.removeprefix("    ") for line in BOMB.splitlines()]
    child = subprocess.run(
        [sys.executable, "-c", "\n".join(lines), str(tmp_path)], capture_output=True, text=True, check=True
    )
    status, grown, message = child.stdout.strip().split("|")
    assert (status, message) == outcome
    assert int(grown) < 700  # MB, of which 512 are the line that was held until it was too long
