"""The days that raw assets are partitioned by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import dagster as dg
import pytest

from cdp_pipeline.defs.raw import delivery_days
from cdp_pipeline.settings import Settings


@pytest.mark.parametrize(
    ("zone", "now", "last"),
    [
        ("UTC", datetime(2026, 3, 1, 0, 0, tzinfo=UTC), "2026-03-01"),
        ("UTC", datetime(2026, 2, 28, 23, 59, tzinfo=UTC), "2026-02-28"),
        ("Asia/Shanghai", datetime(2026, 2, 28, 16, 0, tzinfo=UTC), "2026-03-01"),
        ("America/New_York", datetime(2026, 3, 1, 4, 59, tzinfo=UTC), "2026-02-28"),
    ],
)
def test_days_go_from_the_first_to_the_one_that_has_begun_where_the_company_is(
    zone: str, now: datetime, last: str
) -> None:
    days = delivery_days(Settings(start_date=date(2025, 12, 30), timezone=zone))
    later = datetime(2026, 3, 9, 12, tzinfo=UTC)
    for at, end in ((now, last), (later, "2026-03-09"), (now, last)):
        keys = days.get_partition_keys(at)
        assert keys[:3] == ["2025-12-30", "2025-12-31", "2026-01-01"]
        assert keys[-1] == end
        assert len(keys) == (date.fromisoformat(end) - date(2025, 12, 30)).days + 1
    with dg.partition_loading_context(now):
        assert days.get_partition_keys()[-1] == last


def test_days_are_listed_once_until_there_is_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one start and time zone, for all sources together."""
    listed = []
    plain = dg.DailyPartitionsDefinition.get_partition_keys

    def counted(days: dg.DailyPartitionsDefinition) -> Sequence[str]:
        listed.append(days)
        return plain(days)

    monkeypatch.setattr(dg.DailyPartitionsDefinition, "get_partition_keys", counted)
    shops, tills = (delivery_days(Settings(start_date=date(2024, 2, 28))) for _ in range(2))
    for hour in (0, 9, 23):
        for days in (shops, tills):
            assert days.get_partition_keys(datetime(2024, 3, 1, hour, tzinfo=UTC))[1:] == ["2024-02-29", "2024-03-01"]
    assert len(listed) == 1
    assert tills.get_partition_keys(datetime(2024, 3, 2, tzinfo=UTC))[-1] == "2024-03-02"
    assert len(listed) == 2


def test_a_caller_may_change_its_list_of_days() -> None:
    days = delivery_days(Settings(start_date=date(2026, 1, 1)))
    whole = list(days.get_partition_keys())
    mine = days.get_partition_keys()
    assert isinstance(mine, list)
    mine.clear()
    assert days.get_partition_keys() == whole
