"""The load, in a process of its own: keep-alive connections that each wait for one answer and ask again.

Bare sockets and one selector, because an HTTP library would cost more than the server. Reads its task as JSON from
standard input, writes the result as JSON to standard output:

    task    host, connections, slice_seconds, rounds, until (a file; rounds go on until it is there), most_rounds,
            kinds: name → port, pids (of the server), request, ids (all known), count (asked for at once), and
            key, fields, mark (cdp serve) or service (Feast)
    result  for each kind: answers, errors, mixed, seconds, server_cpu_us (an answer), versions, p50_ms, p99_ms, and
            for kinds without a mark `seen`: version → id → digest of the features it was given

Requests: ``empty`` (/healthz), ``single``, ``batch``, ``feast``. The kinds take turns in slices, so that all meet the
same load of the machine. An answer is mixed when a value in it is not of the version that it names: by the mark, which
is the version's number in every row, or because the same profile had other features in the same version before.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import selectors
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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
    seen: dict[str, dict[str, str]] = field(default_factory=dict)

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
            "seen": self.seen,
        }


@dataclass
class Connection:
    """A socket with one request under way, or none."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    sent_at: float = 0.0


def cpu_seconds(pids: list[int]) -> float:
    """CPU time that processes have used, in steps of the kernel's clock."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def maker(host: str, kind: dict[str, Any]) -> Callable[[], bytes]:
    """A maker of requests of one kind."""
    choose = random.Random(11)  # noqa: S311
    ids: list[str] = kind.get("ids", [])
    common = f"Host: {host}\r\nAuthorization: Bearer {kind.get('key', '')}\r\n"
    fields = kind.get("fields")

    def post(path: str, document: dict[str, Any]) -> bytes:
        body = json.dumps(document)
        head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"POST {path} HTTP/1.1\r\n{common}{head}\r\n{body}".encode()

    def empty() -> bytes:
        return f"GET /healthz HTTP/1.1\r\n{common}\r\n".encode()

    def single() -> bytes:
        query = f"?fields={','.join(fields)}" if fields else ""
        return f"GET /v1/profiles/{choose.choice(ids)}/features{query} HTTP/1.1\r\n{common}\r\n".encode()

    def batch() -> bytes:
        return post(
            "/v1/profiles:batchGet",
            {"profile_ids": choose.sample(ids, kind["count"])} | ({"fields": fields} if fields else {}),
        )

    def feast() -> bytes:
        wanted = choose.sample(ids, kind["count"])
        return post("/get-online-features", {"feature_service": kind["service"], "entities": {"profile_id": wanted}})

    return {"empty": empty, "single": single, "batch": batch, "feast": feast}[kind["request"]]


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


def judge(kind: dict[str, Any], head: bytes, body: bytes, tally: Tally) -> None:
    """Count an answer, and what is wrong with it."""
    tally.answers += 1
    if not head.startswith(b"http/1.1 200"):
        tally.errors += 1
        return
    if kind["request"] == "empty":
        return
    if kind["request"] == "feast":
        tally.errors += body.count(b"PRESENT") < kind["count"]  # a status for each value that there is
        return
    start = head.find(b"snapshot-version:") + 17
    version = head[start : (head + b"\r").find(b"\r", start)].strip().decode()
    tally.versions.add(version)
    named = f'"version":"{version}"'.encode()
    mark = kind.get("mark")
    if mark is None:
        tally.mixed += body.count(named) != 1 or not same_as_before(body, tally.seen.setdefault(version, {}))
        return
    marks = re.findall(rb'"%b":(\d+)' % mark.encode(), body)
    if marks != [str(int(version.rpartition("-")[2])).encode()] * kind["count"] or body.count(named) != 1:
        tally.mixed += 1


def same_as_before(body: bytes, seen: dict[str, str]) -> bool:
    """Whether each profile of the answer has the features that it had before in this version."""
    document = json.loads(body)
    same = True
    for row in document.get("profiles", [document]):
        digest = hashlib.sha256(json.dumps(row["features"]).encode()).hexdigest()
        same &= seen.setdefault(row["profile_id"], digest) == digest
    return same


def slice_of(
    kind: dict[str, Any], connections: list[Connection], make: Callable[[], bytes], seconds: float, tally: Tally
) -> None:
    """Ask for one kind on all connections for a while."""
    cpu_before = cpu_seconds(kind["pids"])
    started = time.perf_counter()
    until = started + seconds
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.sent_at = time.perf_counter()
            connection.socket.sendall(make())
        waiting = len(connections)
        while waiting:
            ready = selector.select(60)
            if not ready:
                raise SystemExit("the server did not answer for 60 s")
            for key, _ in ready:
                connection = key.data
                block = connection.socket.recv(1 << 18)
                if not block:
                    raise SystemExit("the server closed a connection")
                connection.received += block
                whole = complete(connection.received)
                if whole is None:
                    continue
                now = time.perf_counter()
                tally.milliseconds.append((now - connection.sent_at) * 1000)
                judge(kind, *whole, tally)
                connection.received.clear()
                if now < until:
                    connection.sent_at = time.perf_counter()
                    connection.socket.sendall(make())
                else:
                    waiting -= 1
    tally.seconds += time.perf_counter() - started
    tally.server_cpu_seconds += cpu_seconds(kind["pids"]) - cpu_before


def connect(host: str, port: int) -> Connection:
    """A connection that sends at once."""
    connection = Connection(socket.create_connection((host, port)))
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def warm_up(task: dict[str, Any], kinds: dict[str, dict[str, Any]], connections: dict[str, list[Connection]]) -> None:
    """Ask once for each id of each kind, so that the first touch of a page is not measured."""
    for name, kind in kinds.items():
        if kind["request"] != "batch":
            continue
        for start in range(0, len(kind["ids"]), kind["count"]):
            some = kind | {"ids": kind["ids"][start : start + kind["count"]]}
            some["count"] = len(some["ids"])
            slice_of(some, connections[name][:1], maker(task["host"], some), 0, Tally())


def main() -> None:
    """Read the task, load, report."""
    task = json.load(sys.stdin)
    kinds: dict[str, dict[str, Any]] = task["kinds"]
    tallies = {name: Tally() for name in kinds}
    by_port = {
        port: [connect(task["host"], port) for _ in range(task["connections"])]
        for port in {kind["port"] for kind in kinds.values()}
    }
    connections = {name: by_port[kind["port"]] for name, kind in kinds.items()}
    makers = {name: maker(task["host"], kind) for name, kind in kinds.items()}
    if task.get("warm_up"):
        warm_up(task, kinds, connections)
    until = Path(task["until"]) if task.get("until") else None
    done = 0
    while done < task["rounds"] or (until and not until.exists() and done < task["most_rounds"]):
        for name, kind in kinds.items():
            slice_of(kind, connections[name], makers[name], task["slice_seconds"], tallies[name])
        done += 1
    json.dump({name: tally.result() for name, tally in tallies.items()}, sys.stdout)


if __name__ == "__main__":
    main()
