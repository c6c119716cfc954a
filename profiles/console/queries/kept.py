"""Answers that hold for a whole snapshot, computed once: a snapshot never changes, so neither do they."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from profiles.snapshot_provider import OpenSnapshot

T = TypeVar("T")

_MOST = 500
"""Answers kept for one snapshot; a page that is asked with many different arguments starts over then."""


class Kept:
    """Answers by snapshot and key. They go with the snapshot."""

    def __init__(self) -> None:
        self._answers: WeakKeyDictionary[OpenSnapshot, dict[Hashable, Future[Any]]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def get(self, snapshot: OpenSnapshot, key: Hashable, work: Callable[[], T]) -> T:
        """The kept answer, else that of `work`; whoever asks meanwhile waits for it. A failed one is not kept."""
        with self._lock:
            answers = self._answers.setdefault(snapshot, {})
            if len(answers) >= _MOST:
                answers.clear()
            mine: Future[Any] = Future()
            known = answers.setdefault(key, mine)
        if known is not mine:
            return cast("T", known.result())
        try:
            answer = work()
        except BaseException as error:
            with self._lock:
                answers.pop(key, None)
            mine.set_exception(error)
            raise
        mine.set_result(answer)
        return answer

    def is_new(self, snapshot: OpenSnapshot) -> bool:
        """Whether nothing has been asked of `snapshot` yet; true once."""
        with self._lock:
            if snapshot in self._answers:
                return False
            self._answers[snapshot] = {}
            return True
