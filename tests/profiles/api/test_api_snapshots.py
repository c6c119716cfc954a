"""Publishing while requests run: the new version is picked up, the old one serves to the end, and nothing is mixed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from profiles import NoSnapshot, PublishResult, rollback
from profiles.snapshot_provider import SnapshotProvider

Publishing = Callable[..., PublishResult]

ALL = ("features:read", "profiles:read", "segments:read", "pii:read")


def marked(number: int) -> tuple[str, ...]:
    """Changes that write the version's number into every part of it: features, marts, personal values, timeline."""
    return (
        f"UPDATE features.profile_features SET orders = {number}",
        f"UPDATE profiles.customer_profile SET name_masked = '{number}'",
        f"UPDATE pii.golden_record SET given_name = '{number}'",
        f"UPDATE pii.timeline SET channel = '{number}'",
        f"UPDATE segments.summary SET members = {number}",
    )


def number_of(snapshot: dict[str, Any]) -> int:
    return int(str(snapshot["version"]).rpartition("-")[2])


def parts_of(path: str, found: dict[str, Any]) -> set[int]:
    """The version's number as each part of an answer has it."""
    if "features" in found:
        return {int(found["features"]["orders"])}
    if "golden_record" in found:
        return {int(found["golden_record"]["given_name"]), int(found["profile"]["name_masked"])}
    if "interactions" in found:
        return {int(one["channel"]) for one in found["interactions"]}
    if "profiles" in found:
        return {int(one["features"]["orders"]) for one in found["profiles"]}
    return {int(one["members"]) for one in found["segments"]}


def test_no_answer_mixes_versions_while_new_ones_are_published(
    tmp_path: Path, publishing: Publishing, serving: Callable[..., Any]
) -> None:
    home = tmp_path / "home"
    publishing(home, 1, *marked(1))
    server = serving(home)
    done = threading.Event()
    paths = ["/v1/profiles/p1", "/v1/profiles/p1/features", "/v1/profiles/p1/timeline", "/v1/segments", "batch"]

    def keep_asking(path: str) -> tuple[int, set[int]]:
        client: httpx.Client = server.client(*ALL, requests_per_second=1e6)
        answers, seen = 0, set[int]()
        while True:
            last = done.is_set()
            if path == "batch":
                response = client.post("/v1/profiles:batchGet", json={"profile_ids": ["p1", "p2"]})
            else:
                response = client.get(path)
            assert response.status_code == 200, response.text
            found = response.json()
            number = number_of(found["snapshot"])
            assert number_of({"version": response.headers["snapshot-version"]}) == number
            assert parts_of(path, found) == {number}, path
            answers += 1
            seen.add(number)
            if last:
                assert number == 6, "the last version was not picked up"
                return answers, seen

    with ThreadPoolExecutor(len(paths)) as pool:
        running = [pool.submit(keep_asking, path) for path in paths]
        try:
            for number in range(2, 7):  # keeps two versions: older ones are removed under the readers
                publishing(home, number, *marked(number))
        finally:
            done.set()
        results = [one.result(timeout=60) for one in running]
    assert all(answers > 5 for answers, _ in results)
    assert all(len(seen) >= 2 for _, seen in results), "nobody saw a swap"


def test_a_reader_finishes_on_the_version_it_began_with(tmp_path: Path, publishing: Publishing) -> None:
    home = tmp_path / "home"
    publishing(home, 1, *marked(1))
    provider = SnapshotProvider(home / "published")
    held = provider.current()
    for number in range(2, 5):
        publishing(home, number, *marked(number))
    assert not held.path.exists(), "retired by the policy"
    assert held.query("SELECT name_masked FROM marts.profiles.customer_profile") == [{"name_masked": "1"}] * 3
    row = held.features.row("p1")
    assert row is not None and row["orders"] == 1
    now = provider.current()
    assert now.version.endswith("000004") and now.features.info.version == now.version
    assert provider.current() is now, "opened once"
    with pytest.raises(NoSnapshot):
        SnapshotProvider(home / "published").at("20250301-000001")
    with pytest.raises(NoSnapshot):
        provider.at("../../secrets")


def test_an_old_version_is_closed_with_its_last_reader(tmp_path: Path, publishing: Publishing) -> None:
    home = tmp_path / "home"
    publishing(home, 1)
    provider = SnapshotProvider(home / "published")
    held = provider.current()
    held.query("SELECT 1 AS one FROM pii.golden_record")
    publishing(home, 2)
    provider.current().query("SELECT 1 AS one FROM pii.golden_record")
    assert open_versions(home) == {"20250301-000001", "20250301-000002"}
    del held
    assert open_versions(home) == {"20250301-000002"}
    provider.close()
    assert open_versions(home) == set()


def open_versions(home: Path) -> set[str]:
    """Versions of which this process has a file open."""
    published = str(home / "published") + "/"
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    return {target.removeprefix(published).partition("/")[0] for target in targets if target.startswith(published)}


def test_a_listing_goes_on_in_its_version_until_that_is_gone(
    tmp_path: Path, publishing: Publishing, serving: Callable[..., Any]
) -> None:
    home = tmp_path / "home"
    publishing(home, 1)
    client = serving(home).client(*ALL)
    first = client.get("/v1/segments/loyal/members?limit=1").json()
    publishing(home, 2, "DELETE FROM segments.membership WHERE profile_id = 'p2'")
    second = client.get("/v1/segments/loyal/members", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert second["snapshot"]["version"] == "20250301-000001"
    assert [one["profile_id"] for one in second["members"]] == ["p2"], "as it was when the listing began"
    fresh = client.get("/v1/segments/loyal/members").json()
    assert [one["profile_id"] for one in fresh["members"]] == ["p1", "p3"]
    publishing(home, 3)  # the first version is retired; the server may not give it out any more
    gone = client.get("/v1/segments/loyal/members", params={"cursor": second["next_cursor"]})
    assert gone.status_code == 410 and gone.json()["type"] == "urn:cdp:problem:cursor-expired"
    other = client.get("/v1/profiles/p1/timeline", params={"cursor": first["next_cursor"]})
    assert other.status_code == 400, "the cursor of another listing"


def test_a_timeline_goes_on_although_its_profile_was_merged_away(
    tmp_path: Path, publishing: Publishing, serving: Callable[..., Any]
) -> None:
    home = tmp_path / "home"
    publishing(home, 1)
    client = serving(home).client(*ALL)
    path = "/v1/profiles/p2/timeline"
    whole = [one["interaction_id"] for one in client.get(path).json()["interactions"]]
    first = client.get(path, params={"limit": 4}).json()
    merged = (  # p4 is new, because so few profiles may not become fewer
        "UPDATE profiles.profile_members SET profile_id = 'p4' WHERE record_id = 'pos:customers:1'",
        "INSERT INTO profiles.customer_profile VALUES ('p4', 'C*', NULL)",
        "INSERT INTO pii.golden_record VALUES ('p4', 'Cid', 'Lee', NULL)",
        "UPDATE profiles.profile_members SET profile_id = 'p1' WHERE profile_id = 'p2'",
        "DELETE FROM profiles.customer_profile WHERE profile_id = 'p2'",
        "DELETE FROM pii.golden_record WHERE profile_id = 'p2'",
        "DELETE FROM segments.membership WHERE profile_id = 'p2'",
        "DELETE FROM features.profile_features WHERE profile_id = 'p2'",
        "UPDATE pii.identifiers SET profile_id = 'p1' WHERE profile_id = 'p2'",
        "UPDATE pii.timeline SET profile_id = 'p1' WHERE profile_id = 'p2'",
        "INSERT INTO profiles.profile_aliases VALUES ('p2', 'p1')",
    )
    publishing(home, 2, *merged)
    rest = client.get(path, params={"cursor": first["next_cursor"]}).json()
    assert (rest["profile_id"], rest["snapshot"]["version"]) == ("p2", "20250301-000001")
    found = [one["interaction_id"] for page in (first, rest) for one in page["interactions"]]
    assert found == whole and len(whole) == 10
    # a new listing is that of the living profile, and its cursor holds under the old address, too
    fresh = client.get(path, params={"limit": 15}, follow_redirects=True).json()
    more = client.get(path, params={"cursor": fresh["next_cursor"]}, follow_redirects=True).json()
    assert (fresh["profile_id"], more["profile_id"]) == ("p1", "p1")
    assert (len(fresh["interactions"]), len(more["interactions"])) == (15, 5)
    assert client.get(path, params={"cursor": "xx"}).status_code == 308


def test_rollback_is_seen_and_before_the_first_publish_all_say_so(
    tmp_path: Path, publishing: Publishing, serving: Callable[..., Any]
) -> None:
    home = tmp_path / "home"
    server = serving(home)
    client = server.client(*ALL)
    for path in ("/readyz", "/v1/profiles/p1", "/v1/profiles/p1/features", "/v1/segments"):
        response = client.get(path)
        assert (response.status_code, response.json()["type"]) == (503, "urn:cdp:problem:no-snapshot")
        assert response.headers["retry-after"]
    assert client.get("/healthz").status_code == 200
    assert "cdp_snapshot_age_seconds nan" in client.get("/metrics").text.lower()
    publishing(home, 1)
    publishing(home, 2)
    assert client.get("/readyz").json()["snapshot"]["version"] == "20250301-000002"
    rollback(home, "20250301-000001")
    assert client.get("/v1/profiles/p1").json()["snapshot"]["version"] == "20250301-000001"
