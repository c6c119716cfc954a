"""The warehouse: calls of dbt, and Parquet across its boundary. Orchestration and paths live elsewhere.

``warehouse.duckdb`` is written by dbt alone; what other steps need of it leaves as Parquet in ``lake/``.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline import core_parquet, dbt_process
from cdp_pipeline.fault_text import own_words, told_of, told_of_start, words_of
from cdp_pipeline.home import Home
from cdp_pipeline.marts_refresh import Refresh, building, plan_refresh
from cdp_pipeline.settings import Settings
from cdp_pipeline.sql_text import literal

PROJECT = Path(__file__).parents[1] / "dbt_project"

CORE_TABLES = (
    "anonymous_sightings",
    "campaign_touches",
    "consents",
    "customer_records",
    "feedback",
    "interactions",
    "order_lines",
    "orders",
    "products",
    "record_identifiers",
    "ticket_messages",
    "tickets",
    "touchpoint_costs",
)

# What a run carries over from the published snapshot: file below lake/history -> (published table, columns).
HISTORY_TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "segment_membership": (
        "segments.membership",
        {
            "profile_id": "VARCHAR",
            "segment": "VARCHAR",
            "entered_at": "DATE",
            "exited_at": "DATE",
            "definition_version": "VARCHAR",
        },
    ),
    "segment_events": (
        "segments.events",
        {
            "cursor": "BIGINT",
            "profile_id": "VARCHAR",
            "segment": "VARCHAR",
            "event": "VARCHAR",
            "as_of": "DATE",
            "reason": "VARCHAR",
            "definition_version": "VARCHAR",
        },
    ),
    "segment_versions": (
        "segments.definition_versions",
        {
            "segment": "VARCHAR",
            "definition_version": "VARCHAR",
            "version": "INTEGER",
            "condition": "VARCHAR",
            "exclusions": "VARCHAR",
            "valid_from": "DATE",
            "valid_to": "DATE",
            "evaluated_at": "DATE",
            "members": "BIGINT",
        },
    ),
    # Merges and splits of these runs are in the published intervals already.
    "profile_event_runs": ("profiles.profile_events", {"run_id": "VARCHAR"}),
}

# Failed nodes that a message names: one cause can fail some hundred of them.
_NAMED = 10

# Statuses of nodes that did not do what they had to.
FAILED = ("error", "fail", "runtime error")

# dbt takes exactly these; anything else would run without data or without a target.
COMMANDS = ("build", "run", "test", "seed", "compile")


class DbtError(RuntimeError):
    """A dbt call failed; the message names the failed nodes, never a row. `run` is what it did, where it got so far;
    `faults` a line for each failed node, without values (`fault_text`)."""

    def __init__(self, message: str, run: DbtRun | None = None, faults: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.run = run
        self.faults = tuple(faults)


@dataclass(frozen=True)
class DbtRun:
    """What one dbt call did: node ids by status, the folder with its artifacts, how it made the marts, and how many
    seconds each node took."""

    statuses: dict[str, str]
    target: Path
    refresh: Refresh
    seconds: Mapping[str, float] = field(default_factory=dict)

    def nodes(self, *statuses: str) -> list[str]:
        """Ids of the nodes that ended in one of `statuses`, sorted."""
        return sorted(node for node, status in self.statuses.items() if status in statuses)


def dbt_executable(engine: str = "duckdb") -> Path:
    """The dbt of an engine beside the running interpreter; PATH may hold another one or none."""
    return Path(sys.executable).parent / ("cdp-dbt-spark" if engine == "spark" else "dbt")


def dbt_vars(home: Home) -> dict[str, str]:
    """Variables of a home. The key of the keyed hash goes by path: dbt writes its arguments into artifacts.

    They are the same on every day, because dbt parses the whole project again when a variable has another value.
    Raises SettingsError for a ``CDP_TIMEZONE`` that is none.
    """
    return {
        "company_time_zone": Settings.from_env().timezone,
        "lake": _in_quotes(home.lake),
        "hash_key_file": _in_quotes(hash_key_file(home)),
    }


def _in_quotes(path: Path) -> str:
    """A path as it stands between the quotes of a text in SQL, where the project's templates put it."""
    return literal(path)[1:-1]


def dbt_args(
    command: str,
    select: str | Sequence[str] | None,
    home: Home,
    *,
    exclude_unit_tests: bool = True,
    full_refresh: bool = False,
    target: Path | None = None,
) -> list[str]:
    """Arguments of one dbt call, without the executable; the as-of is in `dbt_env`.

    `select` is one selector or several (a union); None selects all. Artifacts and logs go below `home`
    (or to `target`), so that the project folder stays clean. Raises ValueError for a command that is not in COMMANDS.
    """
    if command not in COMMANDS:
        raise ValueError(f"dbt command {command!r} is not one of {', '.join(COMMANDS)}")
    selectors = [select] if isinstance(select, str) else list(select or [])
    target_path = target or target_folder(home)
    args = [
        "--no-use-colors",
        "--log-level-file",
        "none",
        "--log-path",
        str(target_path / "logs"),
        command,
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
        "--target-path",
        str(target_path),
        "--vars",
        json.dumps(dbt_vars(home), sort_keys=True),
    ]
    if selectors:
        args += ["--select", *selectors]
    if exclude_unit_tests and command in ("build", "test"):
        args += ["--exclude-resource-type", "unit_test"]
    if full_refresh and command in ("build", "run", "seed"):
        args.append("--full-refresh")
    return args


def dbt_env(home: Home, as_of: date, refresh: Refresh | None = None) -> dict[str, str]:
    """Environment of a dbt call: the caller's, with the warehouse of `home` and the as-of (macro `as_of_value`).

    `refresh` tells how the marts are made; None makes all that is selected again.
    """
    return {
        **os.environ,
        **(refresh.environment() if refresh else {"CDP_MARTS": "all"}),
        "CDP_HOME": str(home.root),
        "CDP_WAREHOUSE": str(home.warehouse_db),
        "CDP_AS_OF": as_of.isoformat(),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONUTF8": "1",
    }


def run_dbt(
    command: str,
    select: str | Sequence[str] | None,
    home: Home,
    as_of: date,
    *,
    exclude_unit_tests: bool = True,
    full_refresh: bool = False,
    engine: str = "duckdb",
    refresh: Refresh | None = None,
    environment: Mapping[str, str] | None = None,
) -> DbtRun:
    """Run dbt in a process of its own, on `engine`, and return the status of every node; `environment` adds to the
    caller's.

    The marts are made by change where the last build allows it (`plan_refresh`, or `refresh` where that was asked
    before), unless `full_refresh` asks for all.
    Raises DbtError with the ids of the failed nodes and what our own tests say; if dbt fell before any node, with what
    may be told of its output.
    """
    hash_key(home)
    target = target_folder(home)
    target.mkdir(parents=True, exist_ok=True)
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    selectors = [select] if isinstance(select, str) else select
    refresh = refresh or plan_refresh(home, as_of, command, selectors, full=full_refresh, engine=engine)
    args = dbt_args(
        command,
        refresh.plan.names if refresh.plan else select,
        home,
        exclude_unit_tests=exclude_unit_tests,
        full_refresh=full_refresh or refresh.full_refresh,
        target=target,
    )
    with building(home, as_of, refresh):
        done = _dbt(engine, ["--quiet", *args], {**dbt_env(home, as_of, refresh), **(environment or {})}, target)
        run = DbtRun(_by_node(results, "status"), target, refresh, _by_node(results, "execution_time"))
        if done.returncode:
            messages = take_messages(results)
            raise DbtError(
                _failure(command, run, messages, done.stdout + done.stderr),
                run if run.statuses else None,
                faults_told(messages, target),
            )
    return run


def dbt_ahead(home: Home) -> AbstractContextManager[None]:
    """Within, dbt is loaded for the next `run_dbt` on a home while other steps run; not where Spark is the engine."""
    if Settings.from_env().engine == "spark":
        return nullcontext()
    return dbt_process.started_ahead(target_folder(home), PROJECT)


def _dbt(engine: str, args: list[str], env: dict[str, str], target: Path) -> subprocess.CompletedProcess[str]:
    if engine != "spark":
        return dbt_process.run(args, env, PROJECT, target)
    command = [str(dbt_executable(engine)), *args]
    return subprocess.run(command, env=env, cwd=PROJECT, capture_output=True, text=True, check=False)


def _failure(command: str, run: DbtRun, messages: Mapping[str, str], output: str) -> str:
    failed = run.nodes(*FAILED)
    if failed:
        told = _told(messages)
        named = ", ".join(failed[:_NAMED])
        rest = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        return f"dbt {command}: {len(failed)} failed: {named}{rest}{f': {told}' if told else ''}"
    return f"dbt {command} did not start: {told_of_start(output)}"


def faults_told(messages: Mapping[str, str], target: Path) -> list[str]:
    """A line for each failed node by its message, which may quote values; the line does not."""
    manifest = target / "manifest.json"
    words = words_of(manifest.read_text(encoding="utf-8")) if messages and manifest.exists() else None
    return [f"{node}: {told_of(message, words)}" for node, message in sorted(messages.items())]


def target_folder(home: Home) -> Path:
    """dbt's artifacts of one home."""
    return home.root / "dbt"


def prepare_manifest(project_dir: Path = PROJECT) -> Path:
    """Parse the project into ``target/manifest.json`` for Dagster; needs neither data nor a home."""
    target = project_dir / "target"
    target.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            str(dbt_executable()),
            "--quiet",
            "--no-use-colors",
            "--log-level-file",
            "none",
            "--log-path",
            str(target / "logs"),
            "parse",
            "--project-dir",
            str(project_dir),
            "--profiles-dir",
            str(project_dir),
            "--target-path",
            str(target),
        ],
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        cwd=project_dir,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DbtError(f"dbt parse failed: {(done.stdout + done.stderr).strip()}")
    return target / "manifest.json"


def export_core(home: Home, tables: Iterable[str] = CORE_TABLES) -> dict[str, int]:
    """Write core tables to ``lake/core/<table>/*.parquet``; returns rows by table.

    It is one file, ``part-0.parquet``, but for tables of `core_parquet.IN_PARTS`. Each file, and each folder of
    several, is complete before it takes its name. A table that Spark has built lies there already, and is a view of it
    here. Raises duckdb.CatalogException for a table that is not built.
    """
    rows: dict[str, int] = {}
    core_parquet.sweep(home)
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        found = con.execute("select view_name from duckdb_views() where schema_name = 'core'").fetchall()
        views = {str(name) for (name,) in found}
        for table in tables:
            if table in views:
                [(rows[table],)] = con.execute(f'select count(*) from core."{table}"').fetchall()
                continue
            if table in core_parquet.IN_PARTS:
                rows[table] = core_parquet.write_parts(con, home, table)
                continue
            rows[table] = _copy(con, f'from core."{table}"', home.core / table / "part-0.parquet")
    return rows


def export_history(home: Home) -> dict[str, int]:
    """Carry what the published snapshot alone knows over into ``lake/history/<table>``; returns rows by table.

    Without a published snapshot, or from one that lacks a table, the file is empty and typed. History is read from the
    newest committed snapshot alone: a candidate that was never published leaves no trace, and a rollback changes what
    readers see, never the history.
    """
    from profiles.snapshots import newest_whole_version

    newest = newest_whole_version(home.published)
    rows: dict[str, int] = {}
    with duckdb.connect() as con:
        published: set[str] = set()
        if newest is not None:
            marts = home.published / newest / "marts.duckdb"
            con.execute(f"attach {literal(marts)} as snapshot (read_only)")
            found = con.execute(
                "select concat_ws('.', schema_name, table_name) from duckdb_tables() where database_name = 'snapshot'"
            ).fetchall()
            published = {str(name) for (name,) in found}
        for table, (source, columns) in HISTORY_TABLES.items():
            if source in published:
                listed = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in columns.items())
                distinct = "distinct" if table == "profile_event_runs" else ""
                query = f"select {distinct} {listed} from snapshot.{source}"
            else:
                listed = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
                query = f"select {listed} where false"
            rows[table] = _copy(con, query, home.history / table / "part-0.parquet")
    return rows


def hash_key(home: Home) -> str:
    """The key of `keyed_hash`: 32 hexadecimal digits, made once (file 0600 in a folder 0700)."""
    path = hash_key_file(home)
    if not path.exists():
        home.secrets.mkdir(parents=True, exist_ok=True)
        home.secrets.chmod(0o700)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.touch(mode=0o600)
        part.write_text(secrets.token_hex(16), encoding="ascii")
        # link() and not rename(): of two processes that make the key at once, the first one's stays.
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_text(encoding="ascii").strip()


def hash_key_file(home: Home) -> Path:
    """Where the key of `keyed_hash` lies."""
    return home.secrets / "hash.key"


def _copy(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    ((count,),) = con.execute(f"copy ({query}) to {literal(part)} ({core_parquet.FORMAT})").fetchall()
    part.replace(target)
    return int(count)


def _told(messages: Mapping[str, str]) -> str:
    """What tests of ours raise with ``error('[cdp] …')``, and whether the disk is full."""
    found = [own for message in messages.values() if (own := own_words(message))]
    if any(os.strerror(errno.ENOSPC) in message for message in messages.values()):
        found.append("no space left on device")
    return "; ".join(dict.fromkeys(found))


def take_messages(results: Path) -> dict[str, str]:
    """Messages of the failed nodes by node id, taken out of dbt's artifact: they may quote values, and it stays."""
    if not results.exists():
        return {}
    document: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    messages: dict[str, str] = {}
    for result in document["results"]:
        if result["status"] in FAILED:
            messages[result["unique_id"]] = result["message"] or ""
            result["message"] = told_of(result["message"] or "")
    part = results.with_name(f".{results.name}.part")
    part.write_text(json.dumps(document), encoding="utf-8")
    part.replace(results)
    return messages


def _by_node(results: Path, fact: str) -> dict[str, Any]:
    if not results.exists():
        return {}
    document: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    return {result["unique_id"]: result[fact] for result in document["results"]}
