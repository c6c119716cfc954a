"""Time of every console page at many profiles, asked over loopback, one after another.

    python bench/console/run.py [--profiles 1000000] [--rounds 15] [--home DIR] [--limit-ms 200]

`--home` keeps the made-up home, and uses it again where it is there. Prints for each page the first time after the
server's start, the median and the slowest of the rounds that follow, each for another profile, segment or place of the
queue, and the median of the processor time that server and client spent: on a machine that does other things too, that
says what the page costs. Exit code 1 where a median is above the limit.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import httpx
import uvicorn
from made import make_home

from profiles.api import ApiSettings, create_app
from profiles.keys import SCOPES, KeyStore
from profiles.ops import ops_path

Ask = Callable[[httpx.Client, random.Random], httpx.Response]


@contextmanager
def serve(home: Path) -> Iterator[str]:
    """A server over `home` in a thread; gives its address."""
    config = uvicorn.Config(create_app(home, ApiSettings(access_log=False)), port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def signed_in(address: str, home: Path) -> tuple[httpx.Client, str]:
    """A browser's cookies after signing in, and the token for forms."""
    with KeyStore(ops_path(home)) as keys:
        token, _ = keys.new("bench", SCOPES, created_by="bench")
    client = httpx.Client(base_url=address, timeout=60)
    client.post("/console/login", data={"csrf": csrf(client.get("/console/login")), "key": token})
    return client, csrf(client.get("/console/profiles"))


def csrf(page: httpx.Response) -> str:
    """The token in a page's forms."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, f"no form on the page: {page.status_code}"
    return found[1]


def asks(profiles: int, token: str) -> dict[str, Ask]:
    """What is measured, by name."""
    with duckdb.connect() as con:
        ids = [
            str(row[0])
            for row in con.execute(
                "SELECT 'p' || substr(md5(i::VARCHAR), 1, 20) FROM range($n) t(i) ORDER BY hash(i) LIMIT 500",
                {"n": profiles},
            ).fetchall()
        ]

    def search(text: Callable[[random.Random], str]) -> Ask:
        return lambda c, r: c.post("/console/profiles/search", data={"csrf": token, "q": text(r)})

    def segment(r: random.Random) -> str:
        return f"segment_{r.randrange(20)}"

    return {
        "overview": lambda c, r: c.get("/console"),
        "segments": lambda c, r: c.get("/console/segments"),
        "segment": lambda c, r: c.get(f"/console/segments/{segment(r)}"),
        "segment, later page": lambda c, r: c.get(f"/console/segments/{segment(r)}?after=p{r.randrange(16):x}"),
        "compare two segments": lambda c, r: c.get(f"/console/segments/compare?left={segment(r)}&right={segment(r)}"),
        "profile": lambda c, r: c.get(f"/console/profiles/{r.choice(ids)}"),
        "search by e-mail": search(lambda r: f"user{r.randrange(profiles)}@example.com"),
        "search by phone": search(lambda r: f"+1202{r.randrange(profiles):07d}"),
        "search by another id": search(lambda r: f"x{r.randrange(3 * profiles)}"),
        "search by a shared e-mail": search(lambda r: f"office{r.randrange(profiles // 20)}@example.com"),
        "search by name": search(lambda r: f"anna{r.choice('abcdefgh')} brandt"),
        "search by a name's start": search(lambda r: r.choice(["an", "wang", "castell", "wei"])),
        "search, nobody": search(lambda r: f"nobody{r.randrange(10**6)}@example.com"),
        "review": lambda c, r: c.get(f"/console/review?at={r.randrange(200)}"),
        "review, deep in the queue": lambda c, r: c.get(f"/console/review?at={r.randrange(profiles // 5)}"),
        "touchpoints": lambda c, r: c.get("/console/touchpoints"),
        "touchpoint": lambda c, r: c.get(f"/console/touchpoints/touchpoint_{r.randrange(90)}"),
        "quality": lambda c, r: c.get("/console/quality"),
    }


def measure(home: Path, profiles: int, rounds: int, limit_ms: float) -> int:
    """Print the table; returns how many pages are above the limit."""
    slow = 0
    print(f"{'page':<28}{'first':>9}{'median':>9}{'slowest':>9}{'cpu':>9}  ms, {profiles:,} profiles")
    with serve(home) as address:
        client, token = signed_in(address, home)
        for name, ask in asks(profiles, token).items():
            chosen, times, work = random.Random(name), [], []  # noqa: S311
            for _ in range(rounds + 1):
                started, worked = time.perf_counter(), time.process_time()
                answer = ask(client, chosen)
                times.append((time.perf_counter() - started) * 1000)
                work.append((time.process_time() - worked) * 1000)
                assert answer.status_code in (200, 303), f"{name}: {answer.status_code}"
            median = statistics.median(times[1:])
            slow += median > limit_ms
            cpu = statistics.median(work[1:])
            print(f"{name:<28}{times[0]:>9.0f}{median:>9.0f}{max(times[1:]):>9.0f}{cpu:>9.0f}", flush=True)
        client.close()
    return slow


def main() -> int:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profiles", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--limit-ms", type=float, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = arguments.home or Path(folder) / "home"
        if not (home / "published" / "current").exists():
            started = time.perf_counter()
            make_home(home, arguments.profiles)
            size = sum(path.stat().st_size for path in (home / "published").rglob("*") if path.is_file())
            print(f"made in {time.perf_counter() - started:.0f} s, {size / 1e9:.1f} GB published", flush=True)
        return 1 if measure(home, arguments.profiles, arguments.rounds, arguments.limit_ms) else 0


if __name__ == "__main__":
    sys.exit(main())
