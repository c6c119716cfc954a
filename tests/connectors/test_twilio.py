"""Twilio: legs counted once, nobody behind own lines, agents, withheld numbers and extensions, own cost as cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]

PHONE_OF = """(select i.value from core.record_identifiers i where i.record_id = f.record_id and i.kind = 'phone')"""


def test_a_forwarded_call_is_one_interaction_of_its_caller(core: Query) -> None:
    rows = core(
        f"""select interaction_id, {PHONE_OF}, direction, interaction_type, occurred_at::varchar,
            json_extract_string(properties, '$.legs'), json_extract_string(properties, '$.duration_seconds')
        from core.interactions f where source = 'twilio' and interaction_id like 'twilio:calls:%' order by 1"""
    )
    assert rows == [
        # the connector's later copy lengthened the call to 270 s; its plus-less number is the same caller
        ("twilio:calls:CA11", "+13125550141", "inbound", "call", "2025-03-05 10:30:00", "2", "270"),
        ("twilio:calls:CA21", None, "inbound", "call_missed", "2025-03-05 11:00:00", "1", "0"),  # anonymous
        ("twilio:calls:CA22", None, "inbound", "call", "2025-03-05 11:05:00", "1", "30"),  # keypad word
        ("twilio:calls:CA23", None, "inbound", "call", "2025-03-05 11:10:00", "1", "12"),  # extension
        ("twilio:calls:CA24", None, "inbound", "call", "2025-03-05 11:15:00", "1", "9"),  # own line
        ("twilio:calls:CA31", "+13125550142", "outbound", "call_missed", "2025-03-05 12:00:00", "1", "0"),
        ("twilio:calls:CA41", "+13125550143", "outbound", "call", "2025-03-05 13:00:00", "2", "75"),  # agent dials
        ("twilio:calls:CA51", "+13125550146", "inbound", "call_missed", "2025-03-05 14:00:00", "2", "40"),
        ("twilio:calls:CA61", "+13125550144", "inbound", "call", "2025-03-06 09:00:00", "1", "60"),
    ]


def test_only_customers_numbers_become_records(core: Query) -> None:
    rows = core(
        """select i.value, i.is_trusted, r.full_name, r.created_at::varchar from core.customer_records r
        join core.record_identifiers i using (record_id) where r.source = 'twilio' order by 1"""
    )
    assert [row[:3] for row in rows] == [
        ("+13125550141", True, "NORA FIELD"),
        ("+13125550142", True, None),
        ("+13125550143", True, None),
        ("+13125550144", True, None),
        ("+13125550145", True, None),
        ("+13125550146", True, None),
        ("+13125550149", True, None),
        ("+8613700000177", True, None),
    ]
    assert rows[0][3] == "2025-03-05 10:30:00"
    # the number itself stays out of the record id
    keys = core("select native_id from core.customer_records where source = 'twilio'")
    assert all(re.fullmatch("[0-9a-f]{24}", key) for (key,) in keys)


def test_messages_have_a_direction_and_stop_is_a_consent(core: Query) -> None:
    rows = core(
        f"""select interaction_id, {PHONE_OF}, touchpoint, direction, interaction_type from core.interactions f
        where source = 'twilio' and interaction_id like 'twilio:messages:%' order by 1"""
    )
    assert rows == [
        ("twilio:messages:SM11", "+13125550141", "support_sms", "inbound", "message"),
        ("twilio:messages:SM12", "+13125550141", "support_sms", "outbound", "message"),
        ("twilio:messages:SM13", "+13125550145", "support_sms", "inbound", "sms_unsubscribed"),
        ("twilio:messages:SM14", "+13125550149", "support_sms", "outbound", "message_failed"),
        ("twilio:messages:SM15", "+8613700000177", "support_social", "inbound", "message"),
        ("twilio:messages:SM16", None, "support_sms", "inbound", "message"),  # short code
    ]
    assert core(
        f"select {PHONE_OF}, channel, state, occurred_at::varchar from core.consents f where source = 'twilio'"
    ) == [("+13125550145", "sms", "denied", "2025-03-05 18:10:00")]


def test_the_negative_price_is_a_cost_and_never_revenue(core: Query) -> None:
    rows = core(
        """select cost_id, touchpoint, cost_date::varchar, amount::double, currency from core.touchpoint_costs
        where source = 'twilio' order by 1"""
    )
    assert rows == [
        ("twilio:calls:support_call:2025-03-05:USD", "support_call", "2025-03-05", 0.0645, "USD"),
        ("twilio:calls:support_call:2025-03-06:USD", "support_call", "2025-03-06", 0.0085, "USD"),
        ("twilio:messages:support_sms:2025-03-05:USD", "support_sms", "2025-03-05", 0.015, "USD"),
        ("twilio:messages:support_social:2025-03-05:USD", "support_social", "2025-03-05", 0.005, "USD"),
    ]
    assert core("select count(*) from core.interactions where source = 'twilio' and amount is not null") == [(0,)]


def test_bad_rows_are_refused_with_the_field(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("twilio", "calls") == ["duration_seconds below minimum", "field started_at: not a timestamp"]
    assert quarantined("twilio", "messages") == ["missing required status"]
