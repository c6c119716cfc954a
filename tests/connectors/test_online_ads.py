"""Online ads: costs in micros and as text, click ids that join visits, hashes, refused device ids, restated days."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb

from cdp_pipeline.home import Home

Query = Callable[..., list[tuple[Any, ...]]]


def test_google_click_takes_device_and_time_of_its_visit(core: Query) -> None:
    """The account's day says 4 March; the visit of the second click was on the 5th in UTC, logged in."""
    rows = core(
        """select split_part(interaction_id, ':', 3), touchpoint, campaign_id, anonymous_id, record_id,
          occurred_at::varchar from core.interactions where source = 'google_ads' order by 1"""
    )
    segment = "2b1f0c9e-0000-4000-8000-000000000031"
    assert sorted(rows) == [
        ("EXAMPLEgclidApi_0001", "search_ad", "2000000082", None, None, "2025-03-05 00:00:00"),
        ("EXAMPLEgclidXyZ_0007", "search_ad", "2000000081", "ga4:1000000011.1741000000", None, "2025-03-04 17:20:58"),
        (
            "EXAMPLEgclidXyZ_0008",
            "search_ad",
            "2000000081",
            segment,
            "web_events:users:CRM-20031",
            "2025-03-05 00:00:00",
        ),
        # the same letters in another case are another click
        ("exampleGCLIDxyz_0007", "display_ad", "2000000081", None, None, "2025-03-04 00:00:00"),
    ]
    assert core("select touch_id, record_id, touch_type from core.campaign_touches where source = 'google_ads'") == [
        ("google_ads:EXAMPLEgclidXyZ_0008", "web_events:users:CRM-20031", "clicked")
    ]


def test_a_visit_without_campaign_belongs_to_the_ad_that_led_there(core: Query) -> None:
    assert core(
        """select campaign_id from core.interactions
        where anonymous_id = 'ga4:1000000011.1741000000' and interaction_type = 'page_viewed'"""
    ) == [("2000000081",)]


def test_costs_in_micros_text_and_localised_numbers(core: Query) -> None:
    rows = core(
        """select touchpoint, campaign_id, cost_date::varchar, amount, currency, impressions, clicks
        from core.touchpoint_costs where source = 'google_ads' order by 3, 2"""
    )
    assert rows == [
        ("search_ad", "2000000081", "2025-03-04", Decimal("41.25"), "USD", 900, 31),
        ("search_ad", "Brand search", "2025-03-04", Decimal("1234.5"), "USD", 12001, 310),  # only the download has it
        ("search_ad", "2000000081", "2025-03-05", Decimal("9.99"), "USD", 900, 31),  # restated
    ]


def test_meta_spend_is_in_major_units_and_the_restated_row_counts(core: Query) -> None:
    rows = core(
        """select touchpoint, amount, amount_reporting, currency, impressions from core.touchpoint_costs
        where source = 'meta_ads' order by amount"""
    )
    assert rows == [
        ("social_ad", Decimal("8.75"), Decimal("9.45"), "EUR", 1000),
        ("social_ad", Decimal("42"), Decimal("45.36"), "EUR", 5120),
    ]
    assert core("select count(*) from core.interactions where source = 'meta_ads'") == [(0,)]


def test_costs_that_cannot_be_read_are_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("meta_ads", "insights") == ["field spend: not a decimal"]
    # 1.234,50 under the mark of another country is not 1.23450
    assert quarantined("google_ads", "campaign_report") == ["field cost: not a decimal"]


def test_app_events_and_the_ad_they_come_from(core: Query) -> None:
    rows = core(
        """select interaction_type, touchpoint, campaign_id, record_id, occurred_at::varchar, amount
        from core.interactions where anonymous_id = 'appsflyer:1741000000000-2000081' order by occurred_at"""
    )
    user = "appsflyer:users:CRM-20081"
    assert rows == [
        ("ad_clicked", "app_ad", "spring_app", user, "2025-03-03 20:00:00", None),
        ("app_installed", "app_browsing", "spring_app", None, "2025-03-03 20:05:10", None),
        ("order_completed", "app_shop_order", "spring_app", user, "2025-03-04 17:31:03.101", None),
    ]
    assert core("select touch_type, campaign_id from core.campaign_touches where source = 'appsflyer'") == [
        ("clicked", "spring_app")
    ]
    assert core(
        "select record_id, kind from core.anonymous_sightings where anonymous_id = 'appsflyer:1741000000000-2000081'"
    ) == [(user, "login")]


def test_organic_has_no_ad_and_an_impression_is_no_click(core: Query) -> None:
    assert core(
        """select interaction_type, product_id, campaign_id from core.interactions
        where anonymous_id = 'appsflyer:1741000000000-2000082'"""
    ) == [("product_viewed", "TEA-01", None)]
    assert core(
        """select interaction_type, direction from core.interactions
        where anonymous_id = 'appsflyer:1741000000000-2000083' order by occurred_at"""
    ) == [("ad_viewed", "outbound"), ("app_installed", "inbound")]


def test_refused_and_masked_device_ids_are_no_identifiers(core: Query) -> None:
    rows = core(
        """select kind, namespace, value, is_trusted from core.record_identifiers
        where record_id = 'appsflyer:users:CRM-20081' order by all"""
    )
    assert rows == [
        ("anonymous_id", "appsflyer", "1741000000000-2000081", False),
        ("customer_no", "company", "CRM-20081", True),
        ("device_id", "vendor", "F0F0F0F0-0000-4000-8000-000000000081", False),
    ]
    assert core(
        """select i.kind, i.value from core.record_identifiers i where starts_with(i.record_id, 'appsflyer:users:')
        and i.record_id <> 'appsflyer:users:CRM-20081' order by 1"""
    ) == [("anonymous_id", "1741000000000-2000082"), ("email", "yves.sample@example.com")]


def test_hardware_numbers_are_not_kept(connector_home: Home) -> None:
    files = sorted(map(str, (connector_home.lake / "raw" / "appsflyer" / "events").glob("dt=2025-03-05/*.parquet")))
    with duckdb.connect() as con:
        rows = con.execute("select platform, _extra from read_parquet(?) order by 1", [files]).fetchall()
    assert len(rows) == 5
    assert all("4901542" not in (extra or "") for _, extra in rows)


def test_ad_server_log(core: Query, quarantined: Callable[[str, str], list[str]]) -> None:
    rows = core(
        """select interaction_id, interaction_type, anonymous_id, occurred_at::varchar from core.interactions
        where source = 'ad_server' order by occurred_at, 1"""
    )
    assert rows == [
        ("ad_server:impression:IMP0081", "ad_viewed", "ad_server:ck0000081", "2025-03-04 17:20:00.123"),
        ("ad_server:click:CLK0081", "ad_clicked", "ad_server:ck0000081", "2025-03-04 17:20:58"),
        ("ad_server:click:CLK0082", "ad_clicked", None, "2025-03-04 17:21:58"),
    ]
    assert core(
        "select cost_id, amount, impressions, clicks from core.touchpoint_costs where source = 'ad_server'"
    ) == [("ad_server:2000000083:2025-03-04:USD", Decimal("0.8415"), 1, 2)]
    assert quarantined("ad_server", "log") == ["event_type not one of the allowed values"]


def test_conversion_of_a_click_finds_its_visit(core: Query) -> None:
    rows = core(
        """select interaction_type, direction, campaign_id, anonymous_id, record_id, amount, occurred_at::varchar
        from core.interactions where source = 'offline_conversions' and properties->>'$.order_id' = '1099'"""
    )
    assert rows == [
        (
            "conversion_reported",
            "outbound",
            "2000000081",
            "ga4:1000000011.1741000000",
            None,
            None,
            "2025-03-04 17:31:54",
        )
    ]


def test_a_hash_is_evidence_only_where_a_known_contact_gives_it(core: Query) -> None:
    """Order 1098: the address is known from a survey. 1096: nobody's. 1095: the address came plain in another row."""
    query = """select i.kind, i.namespace, i.value, i.is_trusted, i.reason from core.record_identifiers i
        join core.interactions x using (record_id)
        where x.source = 'offline_conversions' and x.properties->>'$.order_id' = ? order by 1, 3"""
    digest = hashlib.sha256(b"vera.sample@example.com").hexdigest()
    assert core(query, "1098") == [
        ("email", "", "vera.sample@example.com", True, "matched_hash"),
        ("email_sha256", "offline_conversions", digest, False, "hashed"),
    ]
    assert [(kind, trusted) for kind, _, _, trusted, _ in core(query, "1096")] == [
        ("email_sha256", False),
        ("phone_sha256", False),
    ]
    zoe = core(query, "1095")
    assert [(kind, value) for kind, _, value, *_ in zoe][:1] == [("email", "Zoe.Sample@example.org")]
    assert {kind for kind, *_ in zoe} == {"email", "email_sha256", "phone"}  # plain and hashed form: one record


def test_a_local_time_is_the_account_s(core: Query) -> None:
    assert core(
        """select occurred_at::varchar from core.interactions
        where source = 'offline_conversions' and properties->>'$.order_id' = '1098'"""
    ) == [("2025-03-04 17:32:54",)]
