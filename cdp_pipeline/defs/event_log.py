"""Dagster's own SQLite storage, its event log kept open while a run lasts.

Dagster opens the log anew for every event: an engine, a connection, SQL compiled again, a look at the columns of a
table. A run writes some two thousand events, most of them about tables that take milliseconds to make. Here the same
files are written through one connection each. Not here: what is logged, and a storage that an installation chose
itself (Postgres).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

# Settings of dagster.yaml by which an installation chooses a storage of its own.
_CHOSEN = ("storage", "run_storage", "event_log_storage", "schedule_storage")
_BUSY_SECONDS = 30.0


def open_instance(folder: Path) -> dg.DagsterInstance:
    """The instance that ``dagster.yaml`` in `folder` describes; where that names no storage, with an `OpenStorage`.

    Raises what Dagster raises where the settings or the storage cannot be used.
    """
    settings = yaml.safe_load((folder / "dagster.yaml").read_text(encoding="utf-8")) or {}
    if any(name in settings for name in _CHOSEN):
        return dg.DagsterInstance.from_config(str(folder))
    chosen = {"module": OpenStorage.__module__, "class": OpenStorage.__name__, "config": {"base_dir": str(folder)}}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides={"storage": {"custom": chosen}}))


class OpenStorage(DagsterSqliteStorage):
    """Runs, events and schedules in the files in which Dagster keeps them, too."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = OpenEventLog(str(Path(base_dir) / "history" / "runs"))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> OpenStorage:
        return cls(str(config_value["base_dir"]), inst_data)


class OpenEventLog(SqliteEventLogStorage):
    """The event log below a folder: a database for each run, and an index of the events of assets and checks.

    The connections to the index and to the run that was written last stay open; one thread at a time uses them.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._held: dict[tuple[int, str], Connection] = {}
        self._seen: set[str] = set()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        held = self._held.get((threading.get_ident(), shard))
        if held is not None:
            yield held
            return
        with self._db_lock, self._opened(shard).connect() as con, con.begin():
            yield con

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Events of one run in one transaction, such as its plan, which has an event for each asset and check."""
        runs = {entry.run_id for entry in events}
        if len(runs) != 1:
            super().store_event_batch(events)
            return
        shards = [*runs, INDEX_SHARD_NAME]
        with (
            self._db_lock,
            self._opened(shards[0]).connect() as run,
            self._opened(INDEX_SHARD_NAME).connect() as index,
            run.begin(),
            index.begin(),
        ):
            keys = [(threading.get_ident(), shard) for shard in shards]
            self._held.update(zip(keys, (run, index), strict=True))
            try:
                super().store_event_batch(events)
            finally:
                for key in keys:
                    del self._held[key]

    def _opened(self, shard: str) -> Engine:
        """The engine of a file. It is made anew where the file has been deleted with its run."""
        engine = self._engines.get(shard)
        if engine is None or not Path(self.path_for_shard(shard)).exists():
            for old in [name for name in self._engines if name == shard or INDEX_SHARD_NAME not in (name, shard)]:
                self._engines.pop(old).dispose()
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _outlive_kills)
            self._engines[shard] = engine
            self._initialized_dbs.discard(shard)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; once it has, it keeps it."""
        if table_name not in self._seen and super().has_table(table_name):
            self._seen.add(table_name)
        return table_name in self._seen

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        if column_name not in self._seen and super()._has_asset_key_col_on_connection(conn, column_name):
            self._seen.add(column_name)
        return column_name in self._seen

    def dispose(self) -> None:
        """Close all files."""
        super().dispose()
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


def _outlive_kills(connection: Any, _: Any) -> None:
    # Written ahead, a log outlives a kill of the process without a sync for each event; a power cut may take its end.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
