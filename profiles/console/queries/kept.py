"""Answers that hold for a whole snapshot, computed once: a snapshot never changes, so neither do they."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from profiles.snapshot_provider import OpenSnapshot

T = TypeVar("T")

_MOST = 200
"""Answers kept for one snapshot; a page that is asked with many different arguments starts over then."""


class Kept:
    """Answers by snapshot and key. They go with the snapshot."""

    def __init__(self) -> None:
        self._answers: WeakKeyDictionary[OpenSnapshot, dict[Hashable, object]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def get(self, snapshot: OpenSnapshot, key: Hashable, work: Callable[[], T]) -> T:
        """The kept answer, else that of `work`. Two requests at once may both work; the answers are the same."""
        with self._lock:
            answers = self._answers.setdefault(snapshot, {})
            if key in answers:
                return cast("T", answers[key])
        found = work()
        with self._lock:
            if len(answers) >= _MOST:
                answers.clear()
            answers[key] = found
        return found
