"""One pull: objects one after another, records into landing files, positions committed behind complete files.

Order of a commit: the file gets its name, then the position is saved. A pull that dies in between lands the same
records again under another name; the delivery modes of the contracts (newest version, first delivery) make that
harmless. A position never runs ahead of the files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from cdp_pipeline.connect import shopify, zendesk
from cdp_pipeline.connect.auth import credentials_of
from cdp_pipeline.connect.config import Connection
from cdp_pipeline.connect.errors import ConnectConfigError, ConnectError, Refused
from cdp_pipeline.connect.http import Clock, PatientSession, SystemClock
from cdp_pipeline.connect.landing import LandingFile, landed_name, remove_unfinished
from cdp_pipeline.connect.pages import Api, encode
from cdp_pipeline.connect.secrets import load_secrets
from cdp_pipeline.connect.state import Positions, Progress
from cdp_pipeline.connect.walks import Span, Step, parse, text
from cdp_pipeline.home import Home
from cdp_pipeline.lock import RunInProgress, run_lock

# A file is closed and its position committed after so much JSON, or so much time: what a killed pull repeats at most.
FILE_BYTES = 64 << 20
FILE_SECONDS = 300.0

_KINDS = {"shopify": shopify, "zendesk": zendesk}


@dataclass(frozen=True)
class ObjectPull:
    """What one pull did for one object. `files` are paths below landing; `failure` is '' or one line.

    `may_pass`: another try may succeed, because the API did not refuse the request as such.
    """

    obj: str
    records: int = 0
    files: tuple[str, ...] = ()
    failure: str = ""
    may_pass: bool = True


@dataclass(frozen=True)
class PullResult:
    """What one pull did. Seconds are what it waited on purpose: for limits and between attempts."""

    connection: str
    dt: date
    objects: tuple[ObjectPull, ...]
    requests: int
    retries: int
    throttled: int
    waited: float
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return any(o.failure for o in self.objects)


def pull(
    home: Home,
    connection: Connection,
    objects: Sequence[str],
    dt: date,
    env: Mapping[str, str],
    *,
    since: datetime | None = None,
    clock: Clock | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> PullResult:
    """Land what changed since the last pull; `since` overrides where a walk begins (a snapshot is always whole).

    One object that fails does not stop the others, a refused token does. `tell` gets a line per landed file.
    Raises ConnectConfigError before anything is asked for, ConnectError when another pull of the connection runs.
    """
    clock = clock or SystemClock()
    session = _session(home, connection, env, clock)
    api = Api(connection.name, connection.base_url, session)
    done: list[ObjectPull] = []
    try:
        with (
            run_lock(home.root / "state" / f"connect-{connection.name}.lock"),
            Positions(home, connection.name, connection.host) as positions,
        ):
            for obj in objects:
                _forbid_gap(connection, obj, positions.read(obj), since)
            for obj in objects:
                one = _Pull(home, connection, obj, dt, positions, clock, tell)
                result, refused = one.run(api, since)
                done.append(result)
                if refused:
                    break
    except sqlite3.Error as error:
        raise ConnectError(f"{connection.name}: {home.ops_db} cannot be used ({type(error).__name__})") from None
    except RunInProgress:
        raise ConnectError(f"{connection.name}: another pull of this connection is under way") from None
    finally:
        session.close()
    tally = session.tally
    return PullResult(
        connection.name,
        dt,
        tuple(done),
        tally.requests,
        tally.retries,
        tally.throttled,
        round(tally.waited, 3),
        dict(tally.by_reason),
    )


def check(home: Home, connection: Connection, env: Mapping[str, str], clock: Clock | None = None) -> None:
    """One request with the connection's credentials. Raises ConnectConfigError and ConnectError."""
    session = _session(home, connection, env, clock or SystemClock())
    try:
        _KINDS[connection.type].check(Api(connection.name, connection.base_url, session), connection)
    finally:
        session.close()


def _session(home: Home, connection: Connection, env: Mapping[str, str], clock: Clock) -> PatientSession:
    secrets = load_secrets(connection, home, env)
    return PatientSession(connection, credentials_of(connection, secrets, clock), _KINDS[connection.type].pause, clock)


def _forbid_gap(connection: Connection, obj: str, progress: Progress, since: datetime | None) -> None:
    mark = parse(progress.position.get("mark"))
    if since is not None and mark is not None and since > mark:
        raise ConnectConfigError(
            f"{connection.name}: {obj}: pulled up to {text(mark)} so far, and since {text(since)} would leave a gap"
        )


class _Pull:
    """The pull of one object."""

    def __init__(
        self,
        home: Home,
        connection: Connection,
        obj: str,
        dt: date,
        positions: Positions,
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._home, self._connection, self._obj, self._dt = home, connection, obj, dt
        self._positions, self._clock, self._tell = positions, clock, tell
        self._kind = _KINDS[connection.type]
        self._progress = positions.read(obj)
        self._prefix = f"{connection.name}-"
        self._files: list[str] = []
        self._records = 0

    def run(self, api: Api, since: datetime | None) -> tuple[ObjectPull, bool]:
        """What was landed, and whether the credentials were refused."""
        failure, refused, may_pass = "", False, True
        try:
            remove_unfinished(self._home, self._connection.type, self._obj, self._prefix)
            span = Span(since, self._connection.start, self._connection.overlap_of(self._obj))
            steps = self._kind.steps(api, self._connection, self._obj, dict(self._progress.position), span)
            self._land(steps)
        except ConnectError as error:
            failure, may_pass = str(error), not isinstance(error, Refused)
            refused = isinstance(error, Refused) and error.status == 401
        except OSError as error:
            failure = f"{self._connection.name}: {self._obj}: cannot be landed ({type(error).__name__})"
        self._progress = replace(self._progress, outcome=failure or "ok")
        self._positions.save(self._obj, self._progress)
        return ObjectPull(self._obj, self._records, tuple(self._files), failure, may_pass), refused

    def _land(self, steps: Iterator[Step]) -> None:
        snapshot = self._obj in self._kind.SNAPSHOTS
        file = self._new_file(snapshot)
        opened, pages = self._clock.monotonic(), 0
        position = dict(self._progress.position)
        try:
            for step in steps:
                for record in step.records:
                    file.add(encode(record))
                pages += step.position != position
                position = step.position
                full = pages >= self._connection.pages_per_file or file.size >= FILE_BYTES
                if not snapshot and (full or self._clock.monotonic() - opened >= FILE_SECONDS):
                    self._commit(file, position)
                    file = self._new_file(snapshot)
                    opened, pages = self._clock.monotonic(), 0
            self._commit(file, position)
        except ConnectError:
            if not snapshot:  # what came before the failure is whole, page by page
                self._commit(file, position)
            raise
        finally:
            file.abandon()

    def _new_file(self, snapshot: bool) -> LandingFile:
        """The next file. A snapshot of a day has one name: a second one of that day takes the place of the first."""
        number = self._progress.files + 1
        name = f"{self._prefix}snapshot" if snapshot else f"{self._prefix}{number:06d}"
        while not snapshot and landed_name(self._home, self._connection.type, self._obj, self._dt, name).exists():
            number += 1
            name = f"{self._prefix}{number:06d}"
        return LandingFile(self._home, self._connection.type, self._obj, self._dt, name)

    def _commit(self, file: LandingFile, position: Mapping[str, object]) -> None:
        lines = file.lines
        if lines:
            path = file.place().relative_to(self._home.landing).as_posix()
            self._files.append(path)
            self._records += lines
            self._tell(f"{self._connection.name} {self._obj}: {lines:,} records in {path}")
        self._progress = replace(
            self._progress,
            position=dict(position),
            files=self._progress.files + bool(lines),
            records=self._progress.records + lines,
            outcome="unfinished",
        )
        self._positions.save(self._obj, self._progress)
