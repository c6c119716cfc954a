"""Mailchimp: a member id that is a hash of the address, consent per audience, exports with the state in their name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]


def _record(core: Query, email: str) -> str:
    rows = core(
        """select distinct record_id from core.record_identifiers
        where starts_with(record_id, 'mailchimp:') and kind = 'email' and lower(value) = ?""",
        email,
    )
    assert len(rows) == 1
    return str(rows[0][0])


def test_a_contact_stays_one_record_when_its_address_changes(core: Query) -> None:
    record = _record(core, "nora.old@example.com")
    assert record == _record(core, "nora.new@example.com")
    assert core(
        """select given_name, family_name, birth_date, updated_at::varchar from core.customer_records
        where record_id = ?""",
        record,
    ) == [("Nora", "Sample", None, "2025-03-04 17:31:00")]


def test_no_address_hash_is_an_id(core: Query) -> None:
    hashes = "md5('nora.old@example.com'), md5('paper@example.com'), md5('onlymail@example.com')"
    assert core(f"select count(*) from core.customer_records where native_id in ({hashes})") == [(0,)]
    assert core(f"select count(*) from core.record_identifiers where value in ({hashes})") == [(0,)]


def test_states_are_consents_but_a_bounce_is_no_refusal(core: Query) -> None:
    rows = core(
        """select i.value, c.channel, c.state, c.occurred_at::varchar from core.consents c
        join core.record_identifiers i using (record_id) where c.source = 'mailchimp' and i.kind = 'email'
          and lower(i.value) not like 'nora.old%' order by 1, 2, 3, 4"""
    )
    assert rows == [
        ("Nora.New@example.com", "email", "granted", "2025-01-20 13:15:00"),
        ("Nora.New@example.com", "email", "granted", "2025-03-04 17:31:00"),  # the permission of that name
        ("Nora.New@example.com", "postal_mail", "denied", "2025-03-04 17:31:00"),
        ("gone@example.org", "email", "denied", "2025-03-04 11:00:00"),
        ("left@example.com", "email", "denied", "2025-03-02 07:59:00"),
        ("paper@example.com", "email", "denied", "2025-03-04 19:00:00"),  # unsubscribed after the export
        ("paper@example.com", "email", "granted", "2025-01-20 13:15:00"),
    ]


def test_acts_come_once_and_belong_to_the_contact(core: Query) -> None:
    rows = core(
        """select interaction_type, direction, campaign_id, occurred_at::varchar from core.interactions
        where record_id = ? order by occurred_at""",
        _record(core, "nora.new@example.com"),
    )
    assert rows == [
        ("email_sent", "outbound", "cmp0000009", "2025-03-04 09:00:00"),  # the mailing's time; a draft sends nothing
        ("email_opened", "inbound", "cmp0000009", "2025-03-04 17:39:00"),
        ("email_clicked", "inbound", "cmp0000009", "2025-03-04 17:40:00"),
    ]
    assert core(
        """select touch_type, campaign_name from core.campaign_touches where record_id = ? order by occurred_at""",
        _record(core, "nora.new@example.com"),
    ) == [("sent", "Spring colours"), ("opened", "Spring colours"), ("clicked", "Spring colours")]


def test_nested_activity_and_an_address_only_mailings_know(core: Query) -> None:
    rows = core(
        "select interaction_type, occurred_at::varchar from core.interactions where record_id = ? order by 2",
        _record(core, "onlymail@example.com"),
    )
    assert rows == [("email_opened", "2025-03-05 08:00:00"), ("email_clicked", "2025-03-05 08:01:00")]


def test_a_send_to_nobody_known_is_kept(core: Query) -> None:
    assert core(
        """select count(*) from core.interactions
        where source = 'mailchimp' and record_id is null and touchpoint = 'marketing_email'"""
    ) == [(1,)]


def test_partial_birth_dates_and_addresses_in_one_line(core: Query) -> None:
    assert core(
        "select birthday, street from staging.stg_mailchimp__members where member_id = md5('nora.old@example.com')"
    ) == [("0000-04-09", "10 Elm St")]
    assert core(
        "select street from core.customer_records where record_id = ?", _record(core, "bounced@example.org")
    ) == [("7 Oak Ave  Springfield  IL",)]


def test_a_file_without_a_state_in_its_name_is_refused(quarantined: Callable[[str, str], list[str]]) -> None:
    assert quarantined("mailchimp", "audience") == ["missing required state"]
    assert quarantined("mailchimp", "members") == ["status not one of the allowed values"]
