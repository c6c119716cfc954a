"""Counters of one server in Prometheus' text format. Labels are route templates, methods and statuses: no ids."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Requests by route, method and status, and their durations; written from the event loop only."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self.in_flight = 0

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one finished request."""
        self.requests[route, method, status] += 1
        self._seconds[route] += seconds  # type: ignore[assignment]  # a Counter adds floats as well
        buckets = self._buckets.get(route)
        if buckets is None:
            buckets = self._buckets[route] = [0] * (len(_BOUNDS) + 1)
        buckets[bisect_left(_BOUNDS, seconds)] += 1

    def text(self, gauges: dict[str, tuple[str, float]]) -> str:
        """The exposition; `gauges` maps a name with its labels to a help line and a value."""
        lines = [
            "# HELP cdp_http_requests_total Requests answered.",
            "# TYPE cdp_http_requests_total counter",
            *(
                f'cdp_http_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}'
                for (route, method, status), count in sorted(self.requests.items())
            ),
            "# HELP cdp_http_request_duration_seconds Time from the first byte of a request to the end of its answer.",
            "# TYPE cdp_http_request_duration_seconds histogram",
        ]
        for route, buckets in sorted(self._buckets.items()):
            total = 0
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), buckets, strict=True):
                total += count
                lines.append(f'cdp_http_request_duration_seconds_bucket{{route="{route}",le="{bound}"}} {total}')
            lines.append(f'cdp_http_request_duration_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}')
            lines.append(f'cdp_http_request_duration_seconds_count{{route="{route}"}} {total}')
        for name, (text, value) in {
            "cdp_http_requests_in_flight": ("Requests being answered.", float(self.in_flight)),
            **gauges,
        }.items():
            bare = name.partition("{")[0]
            lines += [f"# HELP {bare} {text}", f"# TYPE {bare} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"
