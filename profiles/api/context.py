"""What the application works with: settings, the open stores, and what the pipeline lends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import duckdb
from anyio.to_thread import run_sync

from profiles import layout
from profiles.api.answers import Shown
from profiles.api.limits import Limits
from profiles.api.metrics import Metrics
from profiles.audit import AuditLog
from profiles.keys import KeyStore
from profiles.ops import ops_path
from profiles.snapshot_provider import OpenSnapshot, SnapshotProvider

T = TypeVar("T")


@dataclass(frozen=True)
class ApiSettings:
    """Bounds of one server.

    `requests_per_second` and `burst` hold for a key without a rate of its own; `misses_per_minute` is how many ids or
    identifiers that nobody has a key without a number of its own may ask for, `failed_logins_per_minute` how many
    refused tokens an address may send. `query_threads` queries run at once, each within DuckDB's `duckdb_threads` and
    `duckdb_memory` per snapshot.
    """

    requests_per_second: float = 500.0
    burst: float = 1000.0
    misses_per_minute: int = 300
    failed_logins_per_minute: int = 30
    max_body_bytes: int = 256 * 1024
    max_batch: int = 1000
    max_page: int = 1000
    query_threads: int = 4
    duckdb_threads: int = 2
    duckdb_memory: str = "1GB"
    access_log: bool = True
    flush_seconds: float = 5.0


@dataclass(frozen=True)
class Ports:
    """What only the pipeline can do, lent to the server by ``cdp serve``; None where it runs without.

    `explain(record_a, record_b, values)` gives the explanation of a pair as plain data, with the compared values where
    `values` is true. `judge(record_a, record_b, judgement, author, reason)` records ``positive``, ``negative`` or
    ``unsure`` and returns the judgement; `undo(judgement_id, author, reason)` takes one back. `judgements(all)` lists
    them, `questions(limit)` gives the number of open ones and the first of them. `runs(limit)` are the last runs,
    newest first. `simplified(text)` gives traditional Chinese characters as simplified ones (without the pipeline: as
    they are). All raise `PortError` with one line for a person.
    """

    explain: Callable[[str, str, bool], Mapping[str, object]] | None = None
    judge: Callable[[str, str, str, str, str], Mapping[str, object]] | None = None
    undo: Callable[[int, str, str], Mapping[str, object]] | None = None
    judgements: Callable[[bool], Sequence[Mapping[str, object]]] | None = None
    questions: Callable[[int], tuple[int, Sequence[Mapping[str, object]]]] | None = None
    runs: Callable[[int], Sequence[Mapping[str, object]]] | None = None
    simplified: Callable[[str], str] = str


class PortError(Exception):
    """A port refused; the text is one line without personal values."""


@dataclass
class AppContext:
    """Everything that routes use; one for each application (``app.state.context``)."""

    home: Path
    settings: ApiSettings
    snapshots: SnapshotProvider
    keys: KeyStore
    audit: AuditLog
    ports: Ports
    limits: Limits
    metrics: Metrics = field(default_factory=Metrics)
    shown: dict[str, Shown] = field(default_factory=dict)  # by version
    _limiter: anyio.CapacityLimiter | None = None

    @classmethod
    def open(cls, home: Path, settings: ApiSettings, ports: Ports | None = None) -> AppContext:
        """Open the stores of the installation at `home`."""
        ops = ops_path(home)
        return cls(
            home=home,
            settings=settings,
            snapshots=SnapshotProvider(
                layout.published_dir(home), threads=settings.duckdb_threads, memory_limit=settings.duckdb_memory
            ),
            keys=KeyStore(ops),
            audit=AuditLog(ops),
            ports=ports or Ports(),
            limits=Limits(settings.misses_per_minute, settings.failed_logins_per_minute),
        )

    def close(self) -> None:
        """Write what is still in memory and let go of all files."""
        self.audit.close()
        self.keys.close()
        self.snapshots.close()

    async def snapshot(self) -> OpenSnapshot:
        """The snapshot that one request answers from: ask once. Raises NoSnapshot."""
        opened = self.snapshots.opened()
        return await run_sync(self.snapshots.current) if opened is None else opened

    async def count_looks(self, actor: str, action: str, *, purpose: str, snapshot: str, profiles: int = 1) -> None:
        """Put looks by a machine into the audit log, on disk before the answer goes out; most take no work."""
        if not self.audit.count(actor, action, purpose=purpose, snapshot=snapshot, profiles=profiles):
            reserve = partial(self.audit.reserve, actor, action, purpose=purpose, snapshot=snapshot, profiles=profiles)
            await run_sync(reserve)

    async def run(self, work: Callable[[], T]) -> T:
        """Do blocking `work` in a thread; no more than `query_threads` at once."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self.settings.query_threads)
        return await run_sync(work, limiter=self._limiter)

    async def read(self, work: Callable[[OpenSnapshot], T], snapshot: OpenSnapshot | None = None) -> T:
        """`work` on the current snapshot (or on `snapshot`) in a thread.

        An erasure removes older versions at once, under a request too: then the whole work is done again on the
        version that is current, so that no answer mixes two.
        """
        chosen = snapshot or await self.snapshot()
        try:
            return await self.run(lambda: work(chosen))
        except duckdb.IOException:
            if snapshot is not None or chosen.path.exists():
                raise
        newer = await self.snapshot()
        return await self.run(lambda: work(newer))
