"""A call that is killed, or that cannot write, leaves the store as it was before or is after: never in between."""

from __future__ import annotations

import csv
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from identity import IdentityInputError, load_roles, resolve_files

ROLES = """
record_id: id
default_region: US
roles: {given_name: first, family_name: last, birth_date: born, email: mail, phone: tel}
"""
GIVEN = ("anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo", "irena", "jonas")
FAMILY = ("abelard", "brandt", "castellan", "dorfmann", "eriksson", "fontaine")
SECONDS = 15.0
# Python and the engine are started once; each call is made in a fork of that process, which is what is killed.
SERVER = """
import os, sys
from pathlib import Path
from cdp_pipeline.cli import main
import identity.files, identity.linking, identity.normalise, identity.scoring, splink
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 1)
        os._exit(main(line.split()))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def row(i: int, **more: str) -> dict[str, str]:
    given, family = GIVEN[i % 10], FAMILY[i // 10]
    return {
        "id": f"r{i}", "first": given, "last": family, "born": f"19{50 + i % 45}-{i % 12 + 1:02d}-{i % 27 + 1:02d}",
        "mail": f"{given}.{family}{i}@mail.example", "tel": f"202{5550000 + i * 7919 % 9973:07d}",
    } | more  # fmt: skip


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def content(store: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table of the store, sorted. Copied first, so that looking does not repair what a kill left."""
    copy = store.with_name("looked_at.duckdb")
    for suffix in ("", ".wal"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
        if Path(f"{store}{suffix}").exists():
            shutil.copy(f"{store}{suffix}", f"{copy}{suffix}")
    with duckdb.connect(str(copy)) as con:
        # link_state tells with which code the links were made
        tables = [name for (name,) in con.execute("show tables").fetchall() if name != "link_state"]
        return {t: con.execute(f"select * from {t} order by all").fetchall() for t in tables}


def check_registry(store: Path) -> None:
    """Each record in one live profile, every live profile with records, aliases one hop, one row per id."""
    with duckdb.connect(str(store), read_only=True) as con:
        counts = con.execute(
            """with member as (from members where valid_to is null), id as (from ids where valid_to is null),
                alias as (from aliases where valid_to is null)
            select (select count(*) - count(distinct record_id) from member),
                (select count(*) - count(distinct profile_id) from id),
                (select count(*) from member anti join (from id where state = 'live') using (profile_id)),
                (select count(*) from id anti join member using (profile_id) where state = 'live'),
                (select count(*) from alias anti join (from id where state = 'live') using (profile_id)),
                (select count(*) from member full join kept_input_records k using (record_id)
                    where k.record_id is null or profile_id is null),
                (select count(*) from member where valid_from > (select max(generation) from generations))"""
        ).fetchall()
    assert counts == [(0, 0, 0, 0, 0, 0, 0)]


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """Sixty people, and a second delivery with new records, changed ones and duplicates."""
    write(tmp_path / "first.csv", [row(i) for i in range(60)])
    changed = [row(i, first=row(i)["last"], last=row(i)["first"]) for i in range(0, 60, 7)]
    twins = [row(i, id=f"x{i}", first=row(i)["first"][:1]) for i in range(0, 60, 3)]
    write(tmp_path / "second.csv", changed + twins)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.csv").rename(tmp_path / name / "people.csv")
    (tmp_path / "roles.yml").write_text(ROLES)
    return tmp_path


def test_a_killed_call_leaves_the_store_before_or_after(company: Path) -> None:
    roles = load_roles(company / "roles.yml")
    undisturbed = company / "undisturbed.duckdb"
    resolve_files([company / "first" / "people.csv"], roles, company / "out.parquet", store=undisturbed)
    model = Path(f"{undisturbed}.model")
    shutil.copy(undisturbed, company / "base.duckdb")
    shutil.copytree(model, company / "base.model")
    before = content(undisturbed)
    resolve_files(
        [company / "second" / "people.csv"], roles, company / "expected.parquet", store=undisturbed,
        edges=company / "expected_edges.parquet",
    )  # fmt: skip
    after = content(undisturbed)
    expected = {n: (company / f"{n}.parquet").read_bytes() for n in ("expected", "expected_edges")}

    store, out, edges = company / "killed.duckdb", company / "killed.parquet", company / "killed_edges.parquet"
    command = (
        f"resolve {company}/second/people.csv --roles {company}/roles.yml --out {out} --edges {edges} --store {store}\n"
    )

    def reset() -> None:
        for path in company.glob("killed*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copy(company / "base.duckdb", store)
        shutil.copytree(company / "base.model", f"{store}.model")

    chance = random.Random(5)
    outcomes: list[bool] = []
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"

        def call(kill_after: float | None) -> int:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(command)
            server.stdin.flush()
            child = int(server.stdout.readline())
            if kill_after is not None:
                time.sleep(kill_after)
                os.kill(child, signal.SIGKILL)  # still there, or waited for by nobody but the server: never another's
            return int(server.stdout.readline())

        reset()
        started = time.monotonic()
        assert call(None) == 0
        length = time.monotonic() - started
        until = time.monotonic() + SECONDS
        while len(outcomes) < 3 or (time.monotonic() < until and len(outcomes) < 12):
            reset()
            # every other kill falls into the last part, where the commit is
            share = chance.uniform(0.5, 1.0) if len(outcomes) % 2 else chance.uniform(0.02, 0.5)
            try:
                code = call(share * length)
            except ProcessLookupError:
                code = int(server.stdout.readline())
            found = content(store)
            assert found in (before, after)
            outcomes.append(found == after)
            assert code in (0, -signal.SIGKILL)
            for path in (out, edges):
                if path.exists():
                    duckdb.connect().execute(f"select count(*) from '{path}'").fetchall()
            started = time.monotonic()
            assert call(None) == 0
            length = min(length, time.monotonic() - started)
            check_registry(store)
            assert content(store) == after
            assert {"expected": out.read_bytes(), "expected_edges": edges.read_bytes()} == expected
        server.stdin.close()
    assert not all(outcomes)


def test_a_store_that_cannot_be_written_is_one_line(company: Path) -> None:
    """No file may grow: what a full disk does. (Unlike one, the limit also cuts writes in place: the store is lost.)"""
    store = company / "s.duckdb"
    resolve_files(
        [company / "first" / "people.csv"], load_roles(company / "roles.yml"), company / "o.parquet", store=store
    )
    bound = 65_536  # the log of the commit is longer

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bound, bound))

    done = subprocess.run(
        [
            sys.executable, "-m", "cdp_pipeline", "resolve", company / "second" / "people.csv", "--roles",
            company / "roles.yml", "--out", company / "new.parquet", "--store", store,
        ],
        preexec_fn=limit, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    [line] = done.stderr.splitlines()
    assert "cannot be written" in line
    assert "s.duckdb" in line
    assert not (company / "new.parquet").exists()


def test_a_folder_without_the_right_to_write_is_one_line(company: Path) -> None:
    roles, closed = load_roles(company / "roles.yml"), company / "closed"
    closed.mkdir()
    closed.chmod(0o500)
    if os.access(closed, os.W_OK):
        pytest.skip("this user may write anywhere")
    for out, store in ((closed / "o.parquet", None), (company / "o.parquet", closed / "s.duckdb")):
        with pytest.raises(IdentityInputError, match="closed") as caught:
            resolve_files([company / "first" / "people.csv"], roles, out, store=store)
        assert "\n" not in str(caught.value)
    assert list(closed.iterdir()) == []


def test_a_model_that_a_killed_call_left_is_not_used(company: Path) -> None:
    """It was trained on records that the store never took."""
    roles, store = load_roles(company / "roles.yml"), company / "s.duckdb"
    first, second = company / "first" / "people.csv", company / "second" / "people.csv"
    before = resolve_files([first], roles, company / "o.parquet", store=store)
    shutil.copy(store, company / "kept.duckdb")
    later = resolve_files([second], roles, company / "o.parquet", store=store)
    assert later.model_version != before.model_version
    shutil.copy(company / "kept.duckdb", store)  # what a kill before the commit leaves: this store, the later model
    again = resolve_files([first], roles, company / "o.parquet", store=store)
    assert again.model_version == before.model_version
