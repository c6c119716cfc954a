"""Records, identifiers and consents that the scenario must come out as."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from raw_lake import Query

from cdp_pipeline import warehouse
from cdp_pipeline.home import Home


def record(core: Query, record_id: str, *columns: str) -> tuple[Any, ...]:
    (row,) = core(f"select {', '.join(columns)} from core.customer_records where record_id = ?", record_id)
    return row


def identifiers(core: Query, record_id: str) -> set[tuple[Any, ...]]:
    return set(
        core(
            "select kind, namespace, value, is_trusted, reason from core.record_identifiers where record_id = ?",
            record_id,
        )
    )


def test_the_records_are_exactly_the_known_people_of_the_scenario(core: Query) -> None:
    rows = core("select regexp_replace(record_id, '[0-9a-f]{24}$', '#') from core.customer_records order by 1")
    assert [row[0] for row in rows] == [
        "delighted:people:801",
        "facebook:leads:501",
        "facebook:leads:503",
        "facebook:psids:#",
        "klaviyo:profiles:K1",
        "klaviyo:profiles:K2",
        "klaviyo:profiles:K3",
        "shopify:customers:7001",
        "shopify:customers:7002",
        "shopify:customers:7003",
        "shopify:orders:5900",
        "shopify:orders:6002",
        "square_pos:customers:C1",
        "square_pos:loyalty_accounts:L2",
        "web_events:users:#",
        "web_events:users:CRM-1",
        "wechat:mini_users:#",
        "wechat:mp_users:#",
        "wechat:wecom_contacts:wm1",
        "wechat:wecom_contacts:wm2",
        "zendesk:users:901",
        "zendesk:users:902",
        "zoho_crm:contacts:5401",
        "zoho_crm:contacts:5402",
        "zoho_crm:contacts:5403",
        "zoho_crm:leads:5501",
    ]


def test_a_newer_csv_row_changes_what_it_says_and_keeps_what_it_cannot_say(core: Query) -> None:
    assert record(core, "zoho_crm:contacts:5401", "family_name", "full_name", "birth_date", "gender", "country") == (
        "Sample-Doe",
        "Jane Sample-Doe",
        "1987-04-09",
        "female",
        "US",
    )


def test_deletions_of_zoho_and_inactive_zendesk_users_are_flagged(core: Query) -> None:
    deleted = core("select record_id from core.customer_records where is_deleted order by 1")
    assert deleted == [("zendesk:users:902",), ("zoho_crm:contacts:5403",)]


@pytest.mark.parametrize(
    ("record_id", "expected"),
    [
        ("zoho_crm:contacts:5402", ("organisation", None)),  # the mandatory last name was a filler
        ("zoho_crm:leads:5501", ("person", "王伟")),  # a person with a company stays a person
        ("zendesk:users:902", ("person", None)),  # "Caller +1…" is no name
        ("wechat:wecom_contacts:wm1", ("person", "李丽")),  # the remark beats the nickname
        ("wechat:wecom_contacts:wm2", ("person", "Jane")),  # "老客户" is no name
    ],
)
def test_entity_type_and_name(core: Query, record_id: str, expected: tuple[str, str | None]) -> None:
    assert record(core, record_id, "entity_type", "full_name") == expected


def test_birth_dates_keep_what_is_known(core: Query) -> None:
    assert record(core, "square_pos:customers:C1", "birth_date") == ("--04-09",)
    assert record(core, "facebook:leads:501", "birth_date") == ("1987-04-09",)


def test_an_unfollower_keeps_the_earlier_profile(core: Query) -> None:
    rows = core("select full_name, gender, default_region from core.customer_records where object = 'mp_users'")
    assert rows == [("王小明", "male", "CN")]


def test_the_account_is_merged_with_its_export_and_stubs_come_from_orders(core: Query) -> None:
    assert record(core, "shopify:customers:7001", "given_name", "is_guest") == ("Jane", False)
    assert ("phone", "", "+12025550111", True, None) in identifiers(core, "shopify:customers:7001")
    assert ("email", "", "stub@example.net", True, None) in identifiers(core, "shopify:customers:7003")
    assert record(core, "shopify:orders:5900", "full_name", "is_guest") == ("Eve Export", True)


def test_trust_and_reasons(core: Query) -> None:
    assert identifiers(core, "zendesk:users:901") == {
        ("email", "", "jane@example.com", True, "unverified"),
        ("email", "", "jane.s@example.org", True, None),
        ("phone", "", "+12025550199", False, "shared_phone"),
        ("customer_no", "company", "CRM-1", True, None),
    }
    assert identifiers(core, "shopify:customers:7001") == {
        ("email", "", "jane@example.com", True, "unverified"),
        ("email", "", "gift@example.net", False, "checkout_contact"),
        ("phone", "", "+12025550111", True, None),
        ("anonymous_id", "web", "anon-1", False, "device"),
    }


def test_made_up_and_masked_values_are_no_identifiers(core: Query) -> None:
    assert identifiers(core, "facebook:leads:503") == set()
    (psid,) = core("select kind, namespace, value from core.record_identifiers where record_id like 'facebook:psids:%'")
    assert psid == ("facebook_psid", "100000000000001", "7777")
    phones = core(
        "select value from core.record_identifiers where record_id = 'wechat:wecom_contacts:wm1' and kind = 'phone'"
    )
    assert phones == [("+8613700000101",)]


def test_a_loyalty_card_belongs_to_its_customer_or_is_a_record(core: Query) -> None:
    assert ("loyalty_id", "square_pos", "L1", True, None) in identifiers(core, "square_pos:customers:C1")
    assert identifiers(core, "square_pos:loyalty_accounts:L2") == {
        ("loyalty_id", "square_pos", "L2", True, None),
        ("phone", "", "+12025550133", True, None),
    }


def test_wechat_mini_user_is_one_record_from_three_objects(core: Query) -> None:
    (record_id,) = core("select record_id from core.customer_records where object = 'mini_users'")[0]
    assert identifiers(core, record_id) == {
        ("wechat_openid", "wx0000000000000002", "oB1", True, None),
        ("wechat_unionid", "", "oU1", True, None),
        ("phone", "", "+8613700000101", True, None),
    }
    assert record(core, record_id, "created_at::varchar") == ("2025-03-01 12:00:00",)


def test_a_user_id_that_is_an_email_is_an_email_and_stays_out_of_the_record_id(core: Query) -> None:
    rows = core(
        "select kind, value from core.record_identifiers"
        " where record_id like 'web_events:users:%' and record_id <> 'web_events:users:CRM-1' order by 1"
    )
    assert rows == [("anonymous_id", "anon-1"), ("email", "Sam@Example.org")]
    assert core("select count(*) from core.customer_records where record_id like '%@%'") == [(0,)]


def test_consents_are_statements_and_not_silence(core: Query) -> None:
    rows = core(
        "select regexp_replace(record_id, ':[0-9a-f]{24}$', ''), channel, state, occurred_at::varchar"
        " from core.consents order by all"
    )
    assert rows == [
        ("facebook:leads:501", "email", "granted", "2025-03-05 12:00:00"),
        ("klaviyo:profiles:K1", "email", "granted", "2025-01-20 13:15:00"),
        ("klaviyo:profiles:K1", "sms", "denied", "2025-01-21 00:00:00"),
        ("klaviyo:profiles:K2", "email", "denied", "2025-01-20 13:15:00"),  # suppressed
        ("shopify:customers:7001", "email", "granted", "2025-02-01 15:00:00"),
        ("shopify:customers:7002", "sms", "granted", "2025-03-31 00:00:00"),
        ("square_pos:customers:C1", "email", "denied", "2025-03-01 12:00:00"),
        ("wechat:mp_users", "social", "denied", "2025-03-09 00:00:00"),
        ("zoho_crm:contacts:5401", "email", "denied", "2025-03-09 12:00:00"),
    ]


def test_sightings_bound_the_intervals_on_a_shared_device(core: Query) -> None:
    rows = core(
        "select anonymous_id, record_id = 'web_events:users:CRM-1', kind, occurred_at::varchar"
        " from core.anonymous_sightings order by occurred_at"
    )
    assert rows == [
        ("anon-1", True, "identify", "2025-03-04 10:00:00"),
        ("anon-1", True, "login", "2025-03-04 10:02:00"),
        ("anon-1", False, "login", "2025-03-06 12:00:00"),
    ]


def test_the_key_of_the_hash_is_in_no_artifact(core_home: Home, core: Query) -> None:
    key = warehouse.hash_key(core_home)
    holders = [
        path.name
        for path in warehouse.target_folder(core_home).rglob("*")
        if path.is_file() and key.encode() in path.read_bytes()
    ]
    assert holders == []
    assert key.encode() not in core_home.warehouse_db.read_bytes()


def test_core_tables_leave_as_parquet(core_home: Home, core: Query) -> None:
    with duckdb.connect() as con:
        expected = core("select count(*) from core.orders")
        # the session's read-only connection and this one may share the file
        rows = warehouse.export_core(core_home, ["orders", "consents"])
        assert [(rows["orders"],)] == expected
        path = core_home.core / "orders" / "part-0.parquet"
        assert con.execute(f"select count(*) from read_parquet('{path}')").fetchall() == expected
        assert sorted(p.name for p in path.parent.iterdir()) == ["part-0.parquet"]
