"""The load, in a process of its own: keep-alive connections that each wait for one answer and ask again.

Bare sockets and one selector, because an HTTP library would cost more than the server. Reads its task as JSON from
standard input, writes the result as JSON to standard output:

    task    host, port, key, ids (all known), connections, slice_seconds, rounds, batch, mark, server_pid, warm_up
    result  for each kind: answers, errors, mixed, seconds, server_cpu_us (an answer), versions, p50_ms, p99_ms

With warm_up each id is read once and nothing is measured.

The kinds take turns in slices, so that all meet the same load of the machine.
"""

from __future__ import annotations

import json
import os
import random
import selectors
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = ("empty", "single", "batch")


@dataclass
class Tally:
    """What one kind of request got."""

    answers: int = 0
    errors: int = 0
    mixed: int = 0
    seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    versions: set[str] = field(default_factory=set)
    milliseconds: list[float] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        ordered = sorted(self.milliseconds)

        def percentile(share: float) -> float:
            return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

        return {
            "answers": self.answers,
            "errors": self.errors,
            "mixed": self.mixed,
            "seconds": self.seconds,
            "server_cpu_us": self.server_cpu_seconds / max(1, self.answers) * 1e6,
            "versions": sorted(self.versions),
            "p50_ms": percentile(0.50),
            "p99_ms": percentile(0.99),
        }


@dataclass
class Connection:
    """A socket with one request under way, or none."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    sent_at: float = 0.0


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used, in steps of the kernel's clock."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def requests_of(task: dict[str, Any]) -> dict[str, Callable[[], bytes]]:
    """A maker of requests for each kind."""
    choose = random.Random(11)  # noqa: S311
    ids: list[str] = task["ids"]
    common = f"Host: {task['host']}\r\nAuthorization: Bearer {task['key']}\r\n"

    def empty() -> bytes:
        return f"GET /healthz HTTP/1.1\r\n{common}\r\n".encode()

    def single() -> bytes:
        return f"GET /v1/profiles/{choose.choice(ids)}/features HTTP/1.1\r\n{common}\r\n".encode()

    def batch() -> bytes:
        body = json.dumps({"profile_ids": choose.sample(ids, task["batch"])})
        head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"POST /v1/profiles:batchGet HTTP/1.1\r\n{common}{head}\r\n{body}".encode()

    return {"empty": empty, "single": single, "batch": batch}


def complete(received: bytearray) -> tuple[bytes, bytes] | None:
    """Head and body of a whole answer, None while some of it is missing."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    start = head.find(b"content-length:") + 15
    length = int(head[start : (head + b"\r").find(b"\r", start)])
    if len(received) < end + 4 + length:
        return None
    return head, bytes(received[end + 4 :])


def judge(kind: str, head: bytes, body: bytes, task: dict[str, Any], tally: Tally) -> None:
    """Count an answer; one whose values are not all of the version that it names is mixed."""
    tally.answers += 1
    if not head.startswith(b"http/1.1 200"):
        tally.errors += 1
        return
    if kind == "empty":
        return
    start = head.find(b"snapshot-version:") + 17
    version = head[start : (head + b"\r").find(b"\r", start)].strip().decode()
    tally.versions.add(version)
    expected = 1 if kind == "single" else task["batch"]
    mark = f'"{task["mark"]}":'.encode()
    right = mark + str(int(version.rpartition("-")[2])).encode()
    named = f'"version":"{version}"'.encode()
    if body.count(mark) != expected or body.count(right) != expected or body.count(named) != 1:
        tally.mixed += 1


def slice_of(
    kind: str, connections: list[Connection], task: dict[str, Any], make: Callable[[], bytes], tally: Tally
) -> None:
    """Ask for one kind on all connections for a while."""
    cpu_before = cpu_seconds(task["server_pid"])
    started = time.perf_counter()
    until = started + task["slice_seconds"]
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.sent_at = time.perf_counter()
            connection.socket.sendall(make())
        waiting = len(connections)
        while waiting:
            ready = selector.select(30)
            if not ready:
                tally.errors += waiting
                raise SystemExit("the server did not answer for 30 s")
            for key, _ in ready:
                connection = key.data
                block = connection.socket.recv(1 << 18)
                if not block:
                    tally.errors += 1
                    raise SystemExit("the server closed a connection")
                connection.received += block
                whole = complete(connection.received)
                if whole is None:
                    continue
                now = time.perf_counter()
                tally.milliseconds.append((now - connection.sent_at) * 1000)
                judge(kind, *whole, task, tally)
                connection.received.clear()
                if now < until:
                    connection.sent_at = time.perf_counter()
                    connection.socket.sendall(make())
                else:
                    waiting -= 1
    tally.seconds += time.perf_counter() - started
    tally.server_cpu_seconds += cpu_seconds(task["server_pid"]) - cpu_before


def main() -> None:
    """Read the task, load, report."""
    task = json.load(sys.stdin)
    make = requests_of(task)
    tallies = {kind: Tally() for kind in KINDS}
    connections = [
        Connection(socket.create_connection((task["host"], task["port"]))) for _ in range(task["connections"])
    ]
    for connection in connections:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if task.get("warm_up"):
        for start in range(0, len(task["ids"]), task["batch"]):
            some = task | {"ids": task["ids"][start : start + task["batch"]], "slice_seconds": 0}
            slice_of("batch", connections[:1], task, requests_of(some)["batch"], Tally())
    for _ in range(0 if task.get("warm_up") else task["rounds"]):
        for kind in KINDS:
            slice_of(kind, connections, task, make[kind], tallies[kind])
    for connection in connections:
        connection.socket.close()
    json.dump({kind: tally.result() for kind, tally in tallies.items()}, sys.stdout)


if __name__ == "__main__":
    main()
