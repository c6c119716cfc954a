"""Reading features by profile id or by identifier, from the snapshot that is current at the moment of the call."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

from profiles import layout
from profiles.consent import ConsentFlags
from profiles.errors import NoSnapshot, ProfileErased
from profiles.identifiers import identifier_hash, read_key
from profiles.lmdb_store import ALIAS, IDENTIFIER, META, PROFILE, open_store
from profiles.rows import Column, RowCodec, unpack
from profiles.snapshots import no_snapshot

# Between resolving `current` and opening its file the version may be retired; one more look at the link finds the next.
_ATTEMPTS = 10


@dataclass(frozen=True)
class SnapshotInfo:
    """Which snapshot an answer comes from."""

    version: str
    as_of: date
    created_at: datetime

    @property
    def age_seconds(self) -> float:
        """Seconds since the snapshot was made."""
        return time.time() - self.created_at.timestamp()


@dataclass(frozen=True)
class Erased:
    """Answer for a profile that was erased, where raising would lose the other answers of a batch."""

    profile_id: str
    snapshot: SnapshotInfo


class FeatureRow(Mapping[str, object]):
    """Features of one profile: a mapping from column to value (`date` and UTC `datetime` for dates and times).

    `profile_id` is the living id, `requested_id` the one asked for; they differ after a merge.
    """

    __slots__ = ("_consents", "_opened", "_values", "profile_id", "requested_id")
    _consents: list[int] | None
    _values: list[object]

    def __init__(self, opened: FeatureFile, profile_id: str, requested_id: str, packed: bytes) -> None:
        self._opened = opened
        # Annotated and not cast: a call of `cast` here would be a twentieth of a whole read.
        unpacked: Any = unpack(packed)
        if opened.is_split:
            _, self._consents, stable, dated = unpacked
            self._values = stable + dated
        else:
            self._consents, self._values = unpacked
        self.profile_id = profile_id
        self.requested_id = requested_id

    def __getitem__(self, name: str) -> object:
        codec = self._opened.codec
        return codec.value(self._values, codec.index[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened.feature_names)

    def __len__(self) -> int:
        return len(self._opened.feature_names)

    def as_dict(self) -> dict[str, object]:
        """All features by name, in the order of the table."""
        return self._opened.codec.as_dict(self._values)

    @property
    def snapshot(self) -> SnapshotInfo:
        """Version, as-of and age of the snapshot that this row comes from."""
        return self._opened.info

    @property
    def consent(self) -> ConsentFlags:
        """What the person has consented to; what was never said is a no."""
        return self._opened.consent_flags(tuple(self._consents or ()))

    def __repr__(self) -> str:
        return f"FeatureRow({self.profile_id!r}, version={self.snapshot.version!r}, features={len(self)})"


def _encoded(profile_id: str) -> bytes:
    # Half a surrogate pair can arrive in JSON; it is an unknown id, not an error.
    return profile_id.encode("utf-8", "surrogatepass")


class FeatureFile:
    """The feature file of one version. Requests hold a reference while they run, so that it closes after the last.

    Raises FileNotFoundError where the snapshot is gone.
    """

    def __init__(self, snapshot: Path) -> None:
        self.target = target = snapshot.name
        self.store = open_store(snapshot / layout.FEATURES)
        packed = self.store.get(META)
        if packed is None:
            raise NoSnapshot(f"{target}/{layout.FEATURES} has no head")
        head = cast("dict[str, object]", unpack(packed))
        columns = [Column(**column) for column in cast("list[dict[str, str]]", head["columns"])]
        self.feature_names = tuple(column.name for column in columns)
        # Snapshots of earlier releases, which one may go back to, have one array of values.
        self.is_split = "dated" in head
        dated = set(cast("list[str]", head.get("dated", [])))
        self.codec = RowCodec(sorted(columns, key=lambda column: column.name in dated), self.feature_names)
        self.consents = [(purpose, channel) for purpose, channel in cast("list[tuple[str, str]]", head["consents"])]
        self._flags: dict[tuple[int, ...], ConsentFlags] = {}
        created_at = datetime.fromisoformat(str(head["created_at"])).astimezone(UTC)
        self.info = SnapshotInfo(str(head["version"]), date.fromisoformat(str(head["as_of"])), created_at)

    def row(self, profile_id: str) -> FeatureRow | None:
        """Raises ProfileErased."""
        packed = self.store.get(PROFILE + _encoded(profile_id))
        if packed is not None:
            return FeatureRow(self, profile_id, profile_id, packed)
        target = self.store.get(ALIAS + _encoded(profile_id))
        if target is None:
            return None
        if not target:
            raise ProfileErased(profile_id)
        packed = self.store.get(PROFILE + target)
        return None if packed is None else FeatureRow(self, target.decode(), profile_id, packed)

    def consent_flags(self, states: tuple[int, ...]) -> ConsentFlags:
        """Stored states with their purposes and channels; few combinations occur, and they are kept."""
        known = self._flags.get(states)
        if known is None:
            stated = {pair: state for pair, state in zip(self.consents, states, strict=False) if state}
            known = self._flags[states] = ConsentFlags(stated)
        return known

    def living(self, profile_id: str) -> str | None:
        """The living id behind `profile_id`, itself or another; None where nobody has it. Raises ProfileErased."""
        key = _encoded(profile_id)
        if self.store.get(PROFILE + key) is not None:
            return profile_id
        target = self.store.get(ALIAS + key)
        if target == b"":
            raise ProfileErased(profile_id)
        return None if target is None else target.decode()

    def profile_of(self, digest: bytes) -> str | None:
        """Profile that the hash of an identifier belongs to."""
        found = self.store.get(IDENTIFIER + digest)
        return None if found is None else found.decode()

    def rows(self, profile_ids: Sequence[str]) -> dict[str, FeatureRow | Erased | None]:
        encoded = [_encoded(profile_id) for profile_id in profile_ids]
        packed = self.store.get_many([PROFILE + key for key in encoded])
        answers: dict[str, FeatureRow | Erased | None] = {}
        for profile_id, value in zip(profile_ids, packed, strict=True):
            if value is not None:
                answers[profile_id] = FeatureRow(self, profile_id, profile_id, value)
            else:
                try:
                    answers[profile_id] = self.row(profile_id)
                except ProfileErased:
                    answers[profile_id] = Erased(profile_id, self.info)
        return answers


class FeatureReader:
    """Feature reads from `published/`; safe for any number of threads, and across forks.

    Every call looks at `published/current` once and answers from that snapshot alone, so a new version is picked up
    by the next call. Reading by identifier needs the key file, by default `secrets/lookup.key` beside `published/`.
    """

    def __init__(self, published: Path, *, key_path: Path | None = None) -> None:
        self._published = published.absolute()
        self._current = str(self._published / layout.CURRENT)
        self._key_path = key_path or layout.lookup_key_path(self._published.parent)
        self._key: bytes | None = None
        self._opened: FeatureFile | None = None

    def snapshot(self) -> SnapshotInfo:
        """The snapshot that a call made now would answer from. Raises NoSnapshot before the first publish."""
        return self._open().info

    def get(self, profile_id: str) -> FeatureRow | None:
        """Features of a profile; retired ids resolve in one hop, unknown ones give None.

        Raises ProfileErased, and NoSnapshot before the first publish.
        """
        return self._open().row(profile_id)

    def get_many(self, profile_ids: Iterable[str]) -> dict[str, FeatureRow | Erased | None]:
        """Features of several profiles by the id asked for, all from one snapshot."""
        return self._open().rows(list(profile_ids))

    def lookup(self, kind: str, value: str, namespace: str = "") -> str | None:
        """Living profile id that a trusted identifier belongs to; None where it belongs to none or to several.

        `value` is brought into the form of `identifiers.normalise_value`. Raises LookupKeyMissing and NoSnapshot.
        """
        return self._open().profile_of(self._hash(kind, value, namespace))

    def get_by_identifier(self, kind: str, value: str, namespace: str = "") -> FeatureRow | None:
        """`lookup` and `get` from one snapshot."""
        opened = self._open()
        found = opened.profile_of(self._hash(kind, value, namespace))
        return None if found is None else opened.row(found)

    def close(self) -> None:
        """Let go of the open snapshot; the next call opens one again."""
        self._opened = None

    def _hash(self, kind: str, value: str, namespace: str) -> bytes:
        if self._key is None:
            self._key = read_key(self._key_path)
        return identifier_hash(self._key, kind, namespace, value)

    def _open(self) -> FeatureFile:
        opened = self._opened
        if opened is not None and opened.target == self._target():
            return opened
        for _ in range(_ATTEMPTS):
            target = self._target()
            if target is not None:
                try:
                    self._opened = opened = FeatureFile(self._published / target)
                    return opened
                except FileNotFoundError:
                    continue
        raise no_snapshot(self._published)

    def _target(self) -> str | None:
        try:
            return os.readlink(self._current)  # noqa: PTH115 - Path.readlink costs 3 µs more, on every read
        except FileNotFoundError:
            return None
