"""The only module that knows LMDB: writing one immutable key-value file, and reading it from many threads.

Keys carry a one-byte prefix; the prefixes are in the order in which the builder writes them, because LMDB appends
sorted keys without searching the tree.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

import lmdb

META = b"\x00"
ALIAS = b"a"
IDENTIFIER = b"i"
PROFILE = b"p"

# Grown by doubling when full; a sparse file costs nothing until it is written, and is cut to size at the end.
_FIRST_MAP_BYTES = 1 << 26
_BATCH = 20_000
_Pair = tuple[bytes, Any]
_Value = TypeVar("_Value")
_Result = TypeVar("_Result")
_LONGEST_KEY = 511  # bytes, a constant of LMDB's build


class StoreWriter:
    """Writes one LMDB file (no sub-folder, mode 0644). Use as a context manager; keys must come in rising order."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size if path.exists() else 0
        self._env = lmdb.open(
            str(path),
            subdir=False,
            map_size=max(_FIRST_MAP_BYTES, 2 * size),
            mode=0o644,
            lock=False,
            sync=False,
            metasync=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._env.sync(True)
        self._env.close()

    def write(self, items: Iterable[tuple[bytes, bytes]]) -> int:
        """Append `items`, whose keys rise and lie above all written before. Returns their number."""
        return sum(self._grow(_append, batch) for batch in _batches(items))

    def put(self, key: bytes, value: bytes) -> None:
        """Set one key, wherever it lies."""
        self._grow(_edit, [(key, value)])

    def _grow(self, change: Callable[[lmdb.Transaction, list[_Pair]], _Result], batch: list[_Pair]) -> _Result:
        """One transaction, made again with twice the room where it does not fit."""
        while True:
            try:
                with self._env.begin(write=True) as transaction:
                    return change(transaction, batch)
            except lmdb.MapFullError:
                self._env.set_mapsize(self._env.info()["map_size"] * 2)


class StoreEditor(StoreWriter):
    """Changes an LMDB file that nobody reads yet."""

    def apply(self, edits: Iterable[tuple[bytes, bytes | None]]) -> Counter[bytes]:
        """Set each key, or delete it where its value is None. Returns by prefix how many keys there are more."""
        grown: Counter[bytes] = Counter()
        for batch in _batches(edits):
            grown.update(self._grow(_edit, batch))
        return grown


def _batches(items: Iterable[tuple[bytes, _Value]]) -> Iterator[list[tuple[bytes, _Value]]]:
    several = iter(items)
    while batch := list(islice(several, _BATCH)):
        yield batch


def _append(transaction: lmdb.Transaction, batch: list[_Pair]) -> int:
    with transaction.cursor() as cursor:
        _, added = cursor.putmulti(batch, overwrite=False, append=True)
    if added != len(batch):
        raise ValueError(f"{len(batch) - added} of {len(batch)} keys are repeated")
    return len(batch)


def _edit(transaction: lmdb.Transaction, batch: list[_Pair]) -> Counter[bytes]:
    grown: Counter[bytes] = Counter()
    for key, value in batch:
        if value is None:
            grown[key[:1]] -= transaction.delete(key)
        elif transaction.put(key, value, overwrite=False):
            grown[key[:1]] += 1
        else:
            transaction.put(key, value)
    return grown


class Store:
    """One open LMDB file, shared by all threads of a process; it closes when nobody refers to it any more."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._open()

    def _open(self) -> None:
        # No lock table: the file never changes once it is published, and readers may lack the right to write beside it.
        self._env = lmdb.open(
            self._path, subdir=False, readonly=True, lock=False, create=False, readahead=False, max_spare_txns=16
        )
        self._begin = self._env.begin

    def reopen(self) -> None:
        """Open the file anew, in a forked process: an inherited environment must not be used, nor opened beside."""
        self._env.close()
        with suppress(lmdb.Error):  # retired in the meantime: `current` names another version
            self._open()

    def __del__(self) -> None:
        if hasattr(self, "_env"):
            self._env.close()

    def get(self, key: bytes) -> bytes | None:
        """Value of `key`, or None."""
        try:
            with self._begin() as transaction:
                return transaction.get(key)
        except lmdb.BadValsizeError:  # longer than any key can be
            return None

    def get_many(self, keys: Iterable[bytes]) -> list[bytes | None]:
        """Values of `keys` in their order, read in one transaction."""
        with self._begin() as transaction:
            get = transaction.get
            return [get(key) if len(key) <= _LONGEST_KEY else None for key in keys]

    def items(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with the one byte `prefix`, rising, and their values."""
        with self._begin() as transaction, transaction.cursor() as cursor:
            if not cursor.set_range(prefix):
                return
            for key, value in cursor:
                if key[:1] != prefix:
                    return
                yield key, value

    def count(self) -> int:
        """Number of keys of all kinds."""
        return int(self._env.stat()["entries"])


_stores: weakref.WeakValueDictionary[str, Store] = weakref.WeakValueDictionary()
_opening = threading.Lock()


def _after_fork() -> None:
    global _opening
    _opening = threading.Lock()  # the thread that held it is not in this process
    for store in list(_stores.values()):
        store.reopen()


os.register_at_fork(after_in_child=_after_fork)


def open_store(path: Path) -> Store:
    """The process's one Store for the file at `path` (LMDB refuses to open a file twice in a process).

    Raises FileNotFoundError where the file is gone.
    """
    key = str(path)
    with _opening:
        deadline = time.monotonic() + 5
        while True:
            store = _stores.get(key)
            if store is not None:
                return store
            try:
                store = Store(path)
            except lmdb.Error as error:
                if not path.exists():
                    raise FileNotFoundError(f"{path.parent.name}/{path.name} is gone") from None
                # Another thread dropped the last reference a moment ago and is still closing the file.
                if "already open" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.001)
                continue
            _stores[key] = store
            return store
