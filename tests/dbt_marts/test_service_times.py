"""Business time in SQL against counting minute by minute in Python, over weekends, holidays and clock changes."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from marts_company import build_home

from cdp_pipeline.home import Home
from cdp_pipeline.warehouse import PROJECT, run_dbt

AS_OF = date(2018, 3, 31)
# A weekend with the autumn clock change, Thanksgiving, the Spring Festival and its make-up days, the spring change.
WEEKS = (date(2017, 11, 3), date(2017, 11, 22), date(2018, 2, 10), date(2018, 2, 22), date(2018, 3, 9))
CASES = 60


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Tickets from all over these weeks, for both desks, built up to int_tickets_timed."""
    home = Home(tmp_path_factory.mktemp("service"))
    generator = random.Random(5)
    rows = []
    for number in range(CASES):
        start = datetime.combine(generator.choice(WEEKS), datetime.min.time()) + timedelta(
            minutes=generator.randrange(4 * 1440)
        )
        touchpoint = generator.choice(["support_email", "wechat_service_chat"])
        reply, solved = sorted(generator.randrange(9 * 1440) for _ in range(2))
        rows.append(
            f"('t{number}', 'desk', NULL, 'email', '{touchpoint}', 's', 'question', 'normal', 'solved', '{start}',"
            f" '{start + timedelta(minutes=solved)}', {reply}, {solved}, 0, 1, false)"
        )
    build_home(home.root, {"tickets": ", ".join(rows)})
    models = ["int_tickets_profiled", "stg_identity__profile_members", "int_business_calendar", "int_tickets_timed"]
    run_dbt("build", ["path:seeds/marts", "touchpoints", *models], home, AS_OF)
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        yield con


def test_business_minutes_are_those_counted_one_by_one(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select ticket_id, calendar, created_at, replied_at, closed_at, first_reply_business_minutes,"
        " resolution_business_minutes from marts_intermediate.int_tickets_timed order by 1"
    ).fetchall()
    assert len(rows) == CASES
    hours, holidays = _seeds()
    for ticket, calendar, created, replied, closed, reply_minutes, resolution_minutes in rows:
        assert reply_minutes == _counted(hours[calendar], holidays, created, replied), ticket
        assert resolution_minutes == _counted(hours[calendar], holidays, created, closed), ticket
    assert sum(row[5] > 0 for row in rows) > CASES / 2


def test_thanksgiving_and_the_spring_festival_close_their_own_desk(con: duckdb.DuckDBPyConnection) -> None:
    """Open seconds of a local day: 9 hours or none."""

    def open_hours(calendar: str, first: str, last: str) -> float:
        ((seconds,),) = con.execute(
            "select sum(date_diff('second', starts_at, ends_at)) from marts_intermediate.int_business_calendar"
            " where calendar = $1 and starts_at >= $2::timestamp and ends_at <= $3::timestamp",
            [calendar, first, last],
        ).fetchall()
        return float(seconds) / 3600

    assert open_hours("us_support", "2017-11-23 05:00", "2017-11-24 04:00") == 0  # Thanksgiving in New York
    assert open_hours("cn_support", "2017-11-22 16:00", "2017-11-23 16:00") == 9
    assert open_hours("cn_support", "2018-02-15 00:00", "2018-02-21 16:00") == 0  # 15 to 21 February 2018
    assert open_hours("cn_support", "2018-02-10 16:00", "2018-02-11 16:00") == 9  # Sunday, worked for it
    assert open_hours("us_support", "2018-03-11 05:00", "2018-03-13 04:00") == 9  # Monday after the clocks went forward


def _seeds() -> tuple[dict[str, dict[int, list[tuple[str, str, int, int]]]], dict[tuple[str, date], bool]]:
    hours: dict[str, dict[int, list[tuple[str, str, int, int]]]] = defaultdict(lambda: defaultdict(list))
    with (PROJECT / "seeds/marts/business_hours.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            hours[row["calendar"]][int(row["weekday"])].append(
                (row["country"], row["timezone"], int(row["opens_minute"]), int(row["closes_minute"]))
            )
    with (PROJECT / "seeds/marts/holidays.csv").open(encoding="utf-8") as stream:
        holidays = {
            (row["country"], date.fromisoformat(row["day"])): row["is_workday"] == "true"
            for row in csv.DictReader(stream)
        }
    return hours, holidays


def _counted(
    week: dict[int, list[tuple[str, str, int, int]]],
    holidays: dict[tuple[str, date], bool],
    start: datetime,
    end: datetime,
) -> int:
    """Minutes of [start, end) in which the desk is open; all instants of the test are whole minutes."""
    country, zone, _, _ = next(iter(week.values()))[0]
    minutes = 0
    instant = start.replace(tzinfo=UTC)
    while instant < end.replace(tzinfo=UTC):
        local = instant.astimezone(ZoneInfo(zone))
        is_workday = holidays.get((country, local.date()))
        weekday = local.isoweekday() if is_workday is None else (1 if is_workday else 0)
        minute = local.hour * 60 + local.minute
        minutes += any(opens <= minute < closes for _, _, opens, closes in week.get(weekday, []))
        instant += timedelta(minutes=1)
    return minutes
