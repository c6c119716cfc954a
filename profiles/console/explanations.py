"""Explanations of pairs, made beside the requests: a look at a pair never waits for one that is not ready.

The pipeline explains from the tables of its last run. That takes longer than a page may, and a run that is writing
these tables may make it fail; so the pair after the one on the screen is explained while a steward thinks.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from profiles.api.context import PortError, Ports

Answer = Mapping[str, Any]

_KEPT = 64


class Explanations:
    """The last explanations by snapshot version, pair, and whether values are in them."""

    def __init__(self, ports: Ports) -> None:
        self._explain = ports.explain
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="explain")
        self._known: OrderedDict[tuple[str, str, str, bool], Future[Answer]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def are_possible(self) -> bool:
        """Whether the server was lent what explains pairs."""
        return self._explain is not None

    def ask(self, version: str, record_l: str, record_r: str, values: bool) -> Future[Answer]:
        """The explanation of a pair, begun where it is not known yet. One that failed is tried again.

        The future raises PortError.
        """
        explain = self._explain
        if explain is None:
            raise PortError("this server runs without the pipeline")
        key = (version, record_l, record_r, values)
        with self._lock:
            known = self._known.get(key)
            if known is None or (known.done() and known.exception() is not None):
                known = self._worker.submit(explain, record_l, record_r, values)
                self._known[key] = known
            self._known.move_to_end(key)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return known

    def ready(self, version: str, record_l: str, record_r: str, values: bool) -> Answer | None:
        """The explanation where it is known without waiting."""
        with self._lock:
            known = self._known.get((version, record_l, record_r, values))
        return known.result() if known is not None and known.done() and known.exception() is None else None

    async def wait(self, version: str, record_l: str, record_r: str, values: bool) -> Answer:
        """The explanation, as soon as it is there. Raises PortError."""
        return await asyncio.wrap_future(self.ask(version, record_l, record_r, values))
