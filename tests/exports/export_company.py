"""A company of nine as SQL, and how its exports are read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

# 'p1' … 'p9'; every one is in segment loyal unless a test says otherwise. What each stands for:
#   p1 王小明, two addresses and a number         p2 said yes to e-mail, no to online ads
#   p3 said nothing                               p4 yes to all channels, no to online ads
#   p5 yes to all channels                        p6 yes, without any trusted contact
#   p7 yes, on the suppression list               p8 left the segment          p9 yes, with a gmail address
MARTS = """
create schema profiles; create schema segments; create schema features;
create table segments.definition as from (values
    ('loyal', 'v1', 'marketing'), ('open_ticket', 'v7', 'service')) t(segment, definition_version, purpose);
create table segments.membership as
    select 'p' || i as profile_id, 'loyal' as segment, date '2025-03-01' as entered_at,
        case when i = 8 then date '2025-03-05' end as exited_at, 'v1' as definition_version
    from range(1, 10) t(i)
    union all select 'p' || i, 'open_ticket', date '2025-03-02', null, 'v7' from range(1, 4) t(i);
create table profiles.consent as from (values
    ('p1', 'marketing', 'email', 'granted'), ('p1', 'marketing', 'online_ads', 'granted'),
    ('p2', 'marketing', 'email', 'granted'), ('p2', 'marketing', 'online_ads', 'denied'),
    ('p4', 'marketing', '', 'granted'), ('p4', 'marketing', 'online_ads', 'denied'),
    ('p5', 'marketing', '', 'granted'), ('p6', 'marketing', '', 'granted'), ('p7', 'marketing', '', 'granted'),
    ('p8', 'marketing', '', 'granted'), ('p9', 'marketing', '', 'granted'), ('p3', 'service', 'email', 'denied'))
    t(profile_id, purpose, channel, state);
create table profiles.profile_aliases as from (values ('p0', 'p7')) t(alias_profile_id, profile_id);
create table features.profile_features as
    select 'p' || i as profile_id, i * 10 as orders_total, 'US' as country from range(1, 10) t(i);
"""
PII = """
create table golden_record as from (values
    ('p1', '小明', '王', 'ming@example.com', '+8613912345678', date '1990-05-04', 'male', 'CN', '上海', '200000', null),
    ('p2', 'Ann', 'O''Neil', 'ann@example.com', null, null, 'female', 'US', 'New York', '10001-1234', 'NY'),
    ('p3', 'Bea', 'Lee', 'bea@example.com', null, null, null, 'US', null, null, null),
    ('p4', 'Cy', 'Lee', 'cy@example.com', null, null, null, 'US', null, null, null),
    ('p5', 'Dee', 'Moss', 'dee@example.com', '+14155550105', null, null, 'US', null, null, null),
    ('p6', 'Eve', 'Nash', null, null, null, null, 'US', null, null, null),
    ('p7', 'Flo', 'Orr', 'flo@example.com', null, null, null, 'US', null, null, null),
    ('p8', 'Gus', 'Poe', 'gus@example.com', null, null, null, 'US', null, null, null),
    ('p9', 'Hal', 'Quin', 'halquin@gmail.com', null, null, null, 'US', null, null, null))
    t(profile_id, given_name, family_name, email, phone, birth_date, gender, country, locality, postcode, region);
alter table golden_record add column full_name varchar;
alter table golden_record add column native_name varchar;
alter table golden_record add column street varchar;
alter table golden_record add column unit varchar;
alter table golden_record add column language varchar;
alter table golden_record add column organisation varchar;
create table identifiers as from (values
    ('p1', 'email', 'ming@example.com', ' Ming@Example.com', true, timestamp '2024-01-01'),
    ('p1', 'email', 'xm@example.org', 'xm@example.org', true, timestamp '2023-01-01'),
    ('p1', 'email', 'shared@example.org', 'shared@example.org', false, timestamp '2022-01-01'),
    ('p1', 'phone', '+8613912345678', '139 1234 5678', true, timestamp '2024-01-01'),
    ('p2', 'email', 'ann@example.com', 'ann@example.com', true, timestamp '2024-01-01'),
    ('p3', 'email', 'bea@example.com', 'bea@example.com', true, timestamp '2024-01-01'),
    ('p4', 'email', 'cy@example.com', 'cy@example.com', true, timestamp '2024-01-01'),
    ('p5', 'email', 'dee@example.com', 'dee@example.com', true, timestamp '2024-01-01'),
    ('p5', 'phone', '+14155550105', '(415) 555-0105', true, timestamp '2024-01-01'),
    ('p6', 'email', 'info@example.com', 'info@example.com', false, timestamp '2024-01-01'),
    ('p7', 'email', 'flo@example.com', 'Flo@example.com', true, timestamp '2024-01-01'),
    ('p8', 'email', 'gus@example.com', 'gus@example.com', true, timestamp '2024-01-01'),
    ('p9', 'email', 'halquin@gmail.com', 'Hal.Quin@gmail.com', true, timestamp '2024-01-01'))
    t(profile_id, kind, value, value_raw, is_trusted, first_seen_at);
"""

# Publishes the company as a further version, after SQL on its marts and its personal data; returns the version.
Put = Callable[..., str]


def rows(path: Path) -> list[dict[str, Any]]:
    """A CSV as dictionaries, all text; of a heading that comes twice the first counts."""
    with path.open(encoding="utf-8", newline="") as handle:
        table = list(csv.reader(handle))
    return [dict(reversed(list(zip(table[0], row, strict=True)))) for row in table[1:]]
