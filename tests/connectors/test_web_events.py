"""Three trackers, one shape: GA4 days that are rewritten, Snowplow duplicates and heartbeats, Segment aliases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
GA4_DEVICE = "ga4:1000000011.1741000000"
SNOWPLOW_DEVICE = "snowplow:d0d00000-0000-4000-8000-000000000021"


def test_ga4_rewritten_day_replaces_the_earlier_one(core: Query) -> None:
    """Three deliveries of one day: the newest daily table counts, the intraday one that came last does not."""
    rows = core(
        """select interaction_type, touchpoint, product_id, campaign_id, occurred_at::varchar, record_id
        from core.interactions where anonymous_id = ? and source = 'web_events' order by occurred_at""",
        GA4_DEVICE,
    )
    assert [r[:3] for r in rows] == [
        ("page_viewed", "web_browsing", None),
        ("product_viewed", "web_product_page", "MUG-GREEN"),
        ("order_completed", "web_shop_order", None),  # two articles: none is the one
    ]
    assert rows[2][3:] == ("spring", "2025-03-04 17:31:03.101", "web_events:users:CRM-20011")
    assert rows[1][5] is None  # before the log-in only the device is known


def test_ga4_parameters_are_named_properties(core: Query) -> None:
    rows = core(
        """select properties->>'$.session_id', properties->>'$.page_path', properties->>'$.order_id'
        from core.interactions where anonymous_id = ? and interaction_type = 'order_completed'""",
        GA4_DEVICE,
    )
    assert rows == [(f"{GA4_DEVICE}:1741108800", "/thanks", "1099")]
    assert core("select count(*) from core.interactions where anonymous_id = ? and amount is not null", GA4_DEVICE) == [
        (0,)
    ]


def test_ga4_without_consent_has_no_device_and_stays_two_events(core: Query) -> None:
    rows = core(
        """select anonymous_id, record_id from core.interactions
        where interaction_id like 'web_events:ga4:%' and occurred_at = timestamp '2025-03-04 17:41:00'"""
    )
    assert rows == [(None, None), (None, None)]


def test_ga4_placeholders_heartbeats_and_own_people(core: Query) -> None:
    assert core(
        "select record_id, campaign_id from core.interactions where anonymous_id = 'ga4:1000000012.1741000000'"
    ) == [(None, None)]
    assert core("select count(*) from core.interactions where anonymous_id = 'ga4:1000000013.1741000000'") == [(0,)]
    assert core("select count(*) from core.interactions where interaction_type = 'user_engagement'") == [(0,)]


def test_ga4_csv_copy_with_a_column_twice(core: Query) -> None:
    rows = core(
        """select interaction_type, campaign_id, properties->>'$.order_id', record_id
        from core.interactions where anonymous_id = 'ga4:1000000015.1741000000' order by occurred_at"""
    )
    assert rows == [
        ("page_viewed", "tea-week", None, None),
        ("order_completed", "tea-week", None, "web_events:users:CRM-20013"),
    ]
    assert core("select distinct session_engaged from staging.stg_web_events__ga4 where platform is null") == [("1",)]


def test_ga4_time_that_is_none_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("web_events", "ga4") == ["field occurred_at: not a timestamp_us"]


def test_device_ids_carry_their_namespace_and_are_never_trusted(core: Query) -> None:
    rows = core(
        """select record_id, kind, namespace, value, is_trusted from core.record_identifiers
        where record_id in ('web_events:users:CRM-20011', 'web_events:users:CRM-20012', 'web_events:users:CRM-20022')
        order by all"""
    )
    assert rows == [
        ("web_events:users:CRM-20011", "anonymous_id", "ga4", "1000000011.1741000000", False),
        ("web_events:users:CRM-20011", "customer_no", "company", "CRM-20011", True),
        ("web_events:users:CRM-20012", "anonymous_id", "ga4", "aaaabbbbccccddddeeeeffff00001111", False),
        ("web_events:users:CRM-20012", "customer_no", "company", "CRM-20012", True),
        ("web_events:users:CRM-20012", "device_id", "vendor", "F0F0F0F0-0000-4000-8000-000000000012", False),
        ("web_events:users:CRM-20022", "anonymous_id", "snowplow", "a9a90000-0000-4000-8000-000000000022", False),
        ("web_events:users:CRM-20022", "customer_no", "company", "CRM-20022", True),
        ("web_events:users:CRM-20022", "device_id", "vendor", "F0F0F0F0-0000-4000-8000-000000000022", False),
    ]


def test_snowplow_duplicates_heartbeats_and_robots(core: Query) -> None:
    rows = core(
        """select interaction_id, interaction_type, touchpoint, product_id, campaign_id, occurred_at::varchar
        from core.interactions where anonymous_id = ? order by occurred_at""",
        SNOWPLOW_DEVICE,
    )
    event = "web_events:snowplow:0a1b0000-0000-4000-8000-0000000000"
    assert rows == [
        (f"{event}01.f1", "page_viewed", "web_browsing", None, "spring", "2025-03-04 17:21:03.101"),
        (f"{event}01.f2", "page_viewed", "web_browsing", None, None, "2025-03-04 17:22:00"),
        (f"{event}03", "product_added", "web_cart", "MUG-RED", None, "2025-03-04 17:24:00"),
        (f"{event}04", "open_menu", "web_browsing", None, None, "2025-03-04 17:25:00"),
        (f"{event}05", "cookie_consent_given", "web_browsing", None, None, "2025-03-04 17:26:00"),
        # a clock in 2031 is not believed
        (f"{event}06", "order_completed", "web_shop_order", None, None, "2025-03-04 17:27:00"),
    ]


def test_snowplow_event_without_id_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("web_events", "snowplow") == ["missing key event_id"]


def test_no_address_or_fingerprint_becomes_an_identifier(core: Query) -> None:
    assert core("select count(*) from core.record_identifiers where value in ('192.0.2.21', '2161814971')") == [(0,)]


def test_sightings_link_devices_to_people(core: Query) -> None:
    rows = core(
        """select anonymous_id, record_id, kind from core.anonymous_sightings
        where record_id in ('web_events:users:CRM-20011', 'web_events:users:CRM-20021', 'web_events:users:CRM-20022',
          'web_events:users:CRM-20031') order by all"""
    )
    segment = "2b1f0c9e-0000-4000-8000-0000000000"
    assert set(rows) == {
        (f"{segment}31", "web_events:users:CRM-20031", "login"),
        (f"{segment}39", "web_events:users:CRM-20031", "identify"),  # the alias call
        (GA4_DEVICE, "web_events:users:CRM-20011", "login"),
        (SNOWPLOW_DEVICE, "web_events:users:CRM-20021", "login"),
        ("snowplow:a9a90000-0000-4000-8000-000000000022", "web_events:users:CRM-20022", "login"),
    }


def test_segment_alias_offset_placeholder_and_robot(core: Query) -> None:
    assert core(
        """select occurred_at::varchar, properties->>'$.gclid' from core.interactions
        where interaction_id = 'web_events:segment:7d3c0000-0000-4000-8000-000000000031'"""
    ) == [("2025-03-05 00:00:00", "EXAMPLEgclidXyZ_0008")]
    assert core(
        """select kind, value, is_trusted, reason from core.record_identifiers
        where record_id = 'web_events:users:CRM-20031' and kind <> 'anonymous_id' order by 1"""
    ) == [("customer_no", "CRM-20031", True, None), ("email", "old.mara@example.com", True, "unverified")]
    assert core(
        "select record_id from core.interactions where anonymous_id = '2b1f0c9e-0000-4000-8000-000000000034'"
    ) == [(None,)]
    assert core("select 1 from core.interactions where anonymous_id = '2b1f0c9e-0000-4000-8000-000000000035'") == []


def test_segment_traits_in_other_spellings_and_the_warehouse_copy(core: Query) -> None:
    assert core(
        """select given_name, family_name, locality, postcode from core.customer_records
        where record_id = 'web_events:users:CRM-20032'"""
    ) == [("Ida", "Sample", "Springfield", "62701")]
    assert core(
        """select interaction_type, product_id, campaign_id from core.interactions
        where record_id = 'web_events:users:CRM-20033'"""
    ) == [("product_added", "TEA-01", "tea-week")]


def test_refused_advertising_cookies_are_a_denial(core: Query) -> None:
    rows = core("select record_id, channel, state from core.consents where source = 'web_events' order by record_id")
    assert rows == [
        ("web_events:users:CRM-20011", "online_ads", "denied"),
        ("web_events:users:CRM-20021", "online_ads", "denied"),
        ("web_events:users:CRM-20031", "online_ads", "denied"),
    ]
