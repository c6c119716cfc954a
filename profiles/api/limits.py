"""Token buckets in memory: how fast a key may ask, how often it may miss, how often an address may fail to log in.

They belong to one process and are used from its event loop only, so they need no lock; a restart fills them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

# An attacker may come from many addresses; forgetting the oldest bounds the memory.
_MAX_BUCKETS = 10_000


class Buckets:
    """A token bucket for each name: `rate` tokens a second, at most `burst`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str, rate: float, burst: float) -> float:
        """Take a token; returns 0, or the seconds until there is one (then none is taken)."""
        wait = self.wait(name, rate, burst)
        if not wait:
            self.charge(name, rate, burst, 1.0)
        return wait

    def charge(self, name: str, rate: float, burst: float, cost: float) -> None:
        """Take `cost` tokens after the fact, into debt where there are fewer."""
        now = self._clock()
        tokens, at = self._buckets.get(name, (burst, now))
        if len(self._buckets) >= _MAX_BUCKETS and name not in self._buckets:
            self._buckets.pop(next(iter(self._buckets)))
        self._buckets[name] = (min(burst, tokens + (now - at) * rate) - cost, now)

    def wait(self, name: str, rate: float, burst: float) -> float:
        """Seconds until a token is there, taking none."""
        known = self._buckets.get(name)
        if known is None:
            return 0.0
        tokens = min(burst, known[0] + (self._clock() - known[1]) * rate)
        return 0.0 if tokens >= 1 else (1 - tokens) / rate


class Limits:
    """All limits of one server. The methods return 0 or the seconds to wait."""

    def __init__(
        self, misses_per_minute: int, failed_logins_per_minute: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._requests, self._misses, self._failures = Buckets(clock), Buckets(clock), Buckets(clock)
        self._miss_burst, self._failure_burst = float(misses_per_minute), float(failed_logins_per_minute)

    def request(self, key_id: str, rate: float, burst: float) -> float:
        """Count a request of a key."""
        return self._requests.take(key_id, rate, burst)

    def miss(self, key_id: str, misses: int = 1, *, per_minute: int | None = None) -> None:
        """Count ids or identifiers that nobody has; `per_minute` is the key's own bound."""
        if misses:
            burst = per_minute or self._miss_burst
            self._misses.charge(key_id, burst / 60, burst, float(misses))

    def misses_left(self, key_id: str, *, per_minute: int | None = None) -> float:
        """0 while the key may miss again."""
        burst = per_minute or self._miss_burst
        return self._misses.wait(key_id, burst / 60, burst)

    def failed_login(self, address: str) -> None:
        """Count a refused token of an address."""
        self._failures.charge(address, self._failure_burst / 60, self._failure_burst, 1.0)

    def logins_left(self, address: str) -> float:
        """0 while tokens of an address are looked at."""
        return self._failures.wait(address, self._failure_burst / 60, self._failure_burst)
