"""WeChat beyond the account: group chats, WeCom customer service and calls, conversations and subscription answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import duckdb

from cdp_pipeline.home import Home

Query = Callable[..., list[tuple[Any, ...]]]


def test_group_members_are_contacts_and_staff_are_not(core: Query) -> None:
    assert core("""
        select native_id from core.customer_records where source = 'wechat' and object = 'wecom_contacts' order by 1
    """) == [
        ("wmTestContact001",),
        ("wmTestContact003",),
        ("wmTestContact004",),
        ("wmTestContact009",),
        ("woTestContact002",),
    ]
    # A member who has left the group keeps the day of joining; a redelivered member joins once.
    assert core("""
        select record_id, occurred_at from core.interactions where touchpoint = 'wecom_group' order by 1
    """) == [
        ("wechat:wecom_contacts:wmTestContact001", datetime(2025, 3, 4, 1, 8, 20)),
        ("wechat:wecom_contacts:wmTestContact003", datetime(2025, 3, 4, 1, 16, 40)),
    ]


def test_staff_and_their_ids_are_nobodys_identifiers(core: Query) -> None:
    assert core("""
        select count(*) from core.record_identifiers
        where value in ('staff07', 'agent01') or value like 'wkTest%'
    """) == [(0,)]


def test_identifiers_of_contacts(core: Query) -> None:
    assert core("""
        select record_id, kind, value, is_trusted, reason from core.record_identifiers
        where record_id like 'wechat:wecom_contacts:%' and kind <> 'external_id' order by 1, 2
    """) == [
        # A mobile typed by staff as a JSON number counts; a land line that lost its leading zero does not.
        ("wechat:wecom_contacts:wmTestContact001", "phone", "+8613800001111", True, "typed_by_staff"),
        ("wechat:wecom_contacts:wmTestContact001", "wechat_unionid", "oTestUnion00000000000000000A", True, None),
        ("wechat:wecom_contacts:wmTestContact003", "wechat_unionid", "oTestUnion00000000000000000E", True, None),
        ("wechat:wecom_contacts:woTestContact002", "phone", "+8613800002222", True, "typed_by_staff"),
    ]


def test_batch_and_single_answers_name_the_same_person(core: Query) -> None:
    assert core("""
        select native_id, full_name, organisation from core.customer_records
        where native_id in ('wmTestContact001', 'woTestContact002') order by 1
    """) == [("wmTestContact001", "何雨桐", None), ("woTestContact002", "周凯", "示例茶业")]


def test_wecom_service_is_cut_into_conversations(core: Query) -> None:
    assert core("""
        select ticket_id, record_id, channel, status, created_at, solved_at,
            first_reply_minutes, resolution_minutes, replies
        from core.tickets where touchpoint = 'wecom_service_chat' order by created_at
    """) == [
        (
            "wechat:wecom_kf_messages:kfT001",
            "wechat:wecom_contacts:wmTestContact004",
            "live_chat",
            "closed",
            datetime(2025, 3, 4, 1, 0, 10),
            datetime(2025, 3, 4, 1, 10, 10),
            3,
            10,
            1,
        ),
        (
            "wechat:wecom_kf_messages:kfT007",
            "wechat:wecom_contacts:wmTestContact004",
            "live_chat",
            "open",
            datetime(2025, 3, 4, 3, 46, 40),
            None,
            None,
            None,
            0,
        ),
    ]
    # The page read twice brings its message once; an image has no text and stays an interaction only.
    assert core("""
        select message_id, direction, body from core.ticket_messages
        where ticket_id = 'wechat:wecom_kf_messages:kfT001' order by occurred_at
    """) == [
        ("wechat:wecom_kf_messages:kfT002", "inbound", "杯子裂了,能换吗"),
        ("wechat:wecom_kf_messages:kfT004", "outbound", "可以,请发照片"),
    ]
    assert core("""
        select interaction_type, direction, record_id is not null, campaign_id from core.interactions
        where touchpoint = 'wecom_service_chat' order by occurred_at, interaction_id
    """) == [
        ("chat_entered", "inbound", True, "order_page"),
        ("chat_message", "inbound", True, None),
        ("chat_handed_over", "outbound", True, None),
        ("chat_message", "outbound", True, None),
        ("chat_message", "inbound", True, None),
        ("chat_closed", "outbound", True, None),
        ("chat_message", "inbound", True, None),
    ]


def test_account_service_conversation_ends_by_closing_or_silence(core: Query) -> None:
    assert core("""
        select status, created_at, first_reply_minutes, resolution_minutes from core.tickets
        where touchpoint = 'wechat_service_chat' order by created_at
    """) == [
        ("closed", datetime(2025, 3, 4, 1, 0), 2, 5),
        ("open", datetime(2025, 3, 7, 1, 0), None, None),
    ]


def test_calls_from_wecom_keep_unusable_numbers_without_a_person(core: Query) -> None:
    assert core("""
        select i.occurred_at, i.direction, i.channel, r.value from core.interactions as i
        left join core.record_identifiers as r on i.record_id = r.record_id
        where i.touchpoint = 'wecom_call' order by 1
    """) == [
        (datetime(2025, 3, 4, 2, 0), "outbound", "phone", "+8613800001111"),
        (datetime(2025, 3, 4, 3, 0), "outbound", "phone", None),
    ]


def test_subscription_answers_are_consent_of_the_mini_program(core: Query) -> None:
    assert core("""
        select channel, state, occurred_at from core.consents
        where source = 'wechat' and channel = 'mini_program' order by occurred_at
    """) == [
        ("mini_program", "granted", datetime(2025, 3, 5, 2, 0)),
        ("mini_program", "denied", datetime(2025, 3, 5, 4, 46, 40)),
    ]
    assert core("""
        select r.object, i.interaction_type from core.interactions as i
        inner join core.customer_records as r on i.record_id = r.record_id
        where i.touchpoint = 'wechat_account' and i.interaction_type like 'wechat_subscribe%' order by i.occurred_at
    """) == [
        ("mini_users", "wechat_subscribe_msg_popup_event"),
        ("mini_users", "wechat_subscribe_msg_change_event"),
    ]


def test_ids_keep_their_case_and_their_app(core: Query) -> None:
    assert core("""
        select namespace, value from core.record_identifiers
        where kind = 'wechat_openid' and record_id like 'wechat:%' order by 1, 2
    """) == [
        ("wx00000000000000a1", "oTestAccountUser0000000000Aa"),
        ("wx00000000000000a1", "oTestAccountUser0000000000aA"),
        ("wx00000000000000b2", "oTestMiniUser00000000000000C"),
        ("wx00000000000000b2", "oTestMiniUser00000000000000D"),
    ]
    # A union id delivered with a leading blank is the same as without.
    assert core("""
        select count(distinct record_id) from core.record_identifiers
        where kind = 'wechat_unionid' and value = 'oTestUnion00000000000000000A'
    """) == [(3,)]


def test_bound_phones_take_the_country_code_as_number_or_text(core: Query) -> None:
    assert core("""
        select value, reason from core.record_identifiers
        where kind = 'phone' and record_id like 'wechat:mini_users:%' order by 1
    """) == [("+12025550143", None), ("+8613800001111", None)]


def test_session_key_is_not_kept_and_a_log_in_without_time_has_the_day(core: Query, connector_home: Home) -> None:
    assert core("select occurred_at from core.interactions where touchpoint = 'mini_program_login'") == [
        (datetime(2025, 3, 5),)
    ]
    raw = sorted(connector_home.raw("wechat", "mini_sessions").glob("dt=2025-*/*.parquet"))
    with duckdb.connect() as con:
        rows = con.execute("select openid, _extra from read_parquet(?)", [[str(f) for f in raw]]).fetchall()
    assert rows == [("oTestMiniUser00000000000000C", '{"expires_in":7200}')]


def test_numeric_scene_is_a_campaign_and_zero_is_none(core: Query) -> None:
    assert core("""
        select campaign_id from core.interactions where source = 'wechat' and interaction_type = 'follow'
    """) == [("88",)]


def test_error_answer_is_no_data(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("wechat", "mp_users") == ["error body"]


def test_a_time_that_is_none_leaves_the_day_of_delivery(core: Query) -> None:
    """Added 10^18 seconds after 1970, or long before there was anything: that time is not known."""
    assert core("""
        select native_id, created_at from core.customer_records
        where native_id in ('wmTestContact001', 'wmTestContact009') and object = 'wecom_contacts' order by 1
    """) == [
        ("wmTestContact001", datetime(2025, 3, 4, 1, 0)),
        ("wmTestContact009", datetime(2025, 3, 5)),
    ]
