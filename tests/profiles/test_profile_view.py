"""One profile as `cdp profile show` prints it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from profiles import AmbiguousIdentifier, NoSnapshot, ProfileErased, PublishResult, format_profile, show_profile

Warehouse = Callable[..., Path]
Put = Callable[..., PublishResult]


def test_view_holds_golden_values_with_their_sources(snapshot: Path) -> None:
    view = show_profile(snapshot, "p1")
    assert view is not None
    assert (view.profile_id, view.version, view.as_of, view.is_alias) == (
        "p1",
        "20250301-000001",
        date(2025, 3, 1),
        False,
    )
    golden = {attribute.name: attribute for attribute in view.attributes}
    assert list(golden) == ["given_name", "family_name", "email"]
    assert golden["given_name"].value == "小明"
    decided = [{"source": "zoho_crm", "record_id": "crm:contacts:1", "rule": "source_priority"}]
    assert golden["given_name"].provenance == golden["family_name"].provenance == decided
    assert [row["record_id"] for row in view.members] == ["crm:contacts:1", "pos:customers:1", "shop:customers:1"]
    assert view.aliases == ["p9"]
    assert view.segments == [{"segment": "loyal", "entered_at": date(2025, 3, 1)}]
    assert view.features["orders"] == 3
    assert {(row["channel"], row["state"]) for row in view.consents} == {("email", "granted"), ("sms", "denied")}
    assert [row["event"] for row in view.events] == ["created", "merged"]
    assert len(view.identifiers) == 3


def test_last_interactions_come_newest_first(snapshot: Path) -> None:
    view = show_profile(snapshot, "p1")
    assert view is not None
    # p1 holds i = 0, 3, … 27 on day (7 i) mod 30 after 2025-01-01.
    days = sorted(((7 * i) % 30 for i in range(0, 30, 3)), reverse=True)
    assert [row["occurred_at"] for row in view.interactions] == [datetime(2025, 1, 1 + day) for day in days]


@pytest.mark.parametrize(
    ("wanted", "profile_id"),
    [
        ("p9", "p1"),
        ("shop:customers:1", "p1"),
        ("XM@example.com", "p1"),
        ("email:XM@example.com", "p1"),
        ("+86 139 1234 5678", "p1"),
        ("77", "p3"),
        ("loyalty_id:square_pos:L-77", "p1"),
        ("loyalty_id:other:L-77", "p2"),
    ],
)
def test_profile_is_found_by_any_name_of_it(snapshot: Path, wanted: str, profile_id: str) -> None:
    view = show_profile(snapshot, wanted)
    assert view is not None and view.profile_id == profile_id
    assert view.is_alias == (wanted == "p9")


@pytest.mark.parametrize("wanted", ["p77", "noreply@example.com", "nobody@example.com", "phone:+4930123", ""])
def test_nobody_is_none(snapshot: Path, wanted: str) -> None:
    assert show_profile(snapshot, wanted) is None


def test_ambiguous_erased_and_unpublished(snapshot: Path, tmp_path: Path) -> None:
    for wanted in ("L-77", "loyalty_id:L-77", "+14155550100"):
        with pytest.raises(AmbiguousIdentifier, match="the identifier belongs to 2 profiles"):
            show_profile(snapshot, wanted)
    with pytest.raises(ProfileErased, match="p8"):
        show_profile(snapshot, "p8")
    with pytest.raises(NoSnapshot, match="nothing has been published"):
        show_profile(tmp_path / "published", "p1")


def test_printed_profile(snapshot: Path) -> None:
    view = show_profile(snapshot, "p9")
    assert view is not None
    text = format_profile(view)
    assert text.splitlines()[:6] == [
        "profile p1 (by a retired id)",
        "snapshot 20250301-000001, as of 2025-03-01",
        "",
        "golden record",
        "  given_name   小明  ← source=zoho_crm record_id=crm:contacts:1 rule=source_priority",
        "  family_name  王  ← source=zoho_crm record_id=crm:contacts:1 rule=source_priority",
    ]
    assert "  segment=loyal  entered_at=2025-03-01" in text
    assert "  net_amount: 120.50" in text
    empty = show_profile(snapshot, "p3")
    assert empty is not None and "segments" not in format_profile(empty) and "email" not in format_profile(empty)


def test_a_guest_of_many_orders_is_printed_in_few_lines(snapshot: Path) -> None:
    view = show_profile(snapshot, "p1")
    assert view is not None
    held = [
        {"record_id": f"o{n}", "kind": kind, "value": value, "first_seen_at": datetime(2025, 1, 1 + n % 28),
         "last_seen_at": None if n else datetime(2025, 6, 1)}
        for n in range(50)
        for kind, value in (("email", "a@b.example"), ("phone", "+4930123"))
    ]  # fmt: skip
    held.append({"record_id": "c1", "kind": "email", "value": "c@d.example", "first_seen_at": None})
    members = [{"record_id": f"o{n}"} for n in range(50)]
    lines = format_profile(replace(view, identifiers=held, members=members)).splitlines()
    at = lines.index("identifiers")
    assert lines[at + 1 : at + 5] == [
        "  n_records=50  kind=email  value=a@b.example  first_seen_at=2025-01-01 00:00:00"
        "  last_seen_at=2025-06-01 00:00:00",
        "  n_records=50  kind=phone  value=+4930123  first_seen_at=2025-01-01 00:00:00"
        "  last_seen_at=2025-06-01 00:00:00",
        "  record_id=c1  kind=email  value=c@d.example",
        "",
    ]
    at = lines.index("records (50)")
    assert lines[at + 20 : at + 22] == ["  record_id=o19", "  … and 30 more"]


def test_attribute_with_several_provenance_rows(make_warehouse: Warehouse, put: Put, home: Path) -> None:
    put(
        make_warehouse(
            "INSERT INTO profiles.attribute_provenance"
            " VALUES ('p1', 'email', 'klaviyo', 'klaviyo:profiles:1', 'recency')"
        )
    )
    view = show_profile(home / "published", "p1")
    assert view is not None
    email = next(attribute for attribute in view.attributes if attribute.name == "email")
    assert [row["source"] for row in email.provenance] == ["klaviyo", "shopify"]
