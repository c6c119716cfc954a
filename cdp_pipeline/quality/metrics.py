"""What each delivery day looked like: rows, fill rates, freshness. Kept as Parquet under ``lake/quality``.

Numbers and field names only, never a value. A day that is loaded again overwrites its own file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cdp_pipeline.home import Home
from cdp_pipeline.sources.contract import Field, ObjectContract
from cdp_pipeline.sources.engine import engine
from cdp_pipeline.sql_text import literal

ROWS, LAG = "rows", "lag_days"
FILL = "fill:"
# So many deliveries make a habit, and so few rows make none.
HABIT_DAYS, HABIT_ROWS = 5, 20
WINDOW_DAYS = 28


@dataclass(frozen=True)
class Habit:
    """One delivery day beside what the object usually does; None where there is no habit yet.

    `volume`: rows over the median of earlier days. `days_behind`: days from the newest event to the delivery, less the
    usual. `fill_drop`: usual share of filled records less this day's, by field.
    """

    dt: date
    volume: float | None
    days_behind: float | None
    fill_drop: dict[str, float | None]


def record_metrics(home: Home, obj: ObjectContract, dts: Sequence[date]) -> None:
    """Measure these delivery days of one object and keep the figures; a day without raw files leaves none."""
    files = {dt: sorted(home.raw(obj.source, obj.name, dt).glob("*.parquet")) for dt in sorted(set(dts))}
    paths = [str(p) for found in files.values() for p in found]
    for dt in (dt for dt, found in files.items() if not found):
        _file(home, obj, dt).unlink(missing_ok=True)
    if not paths:
        return
    con = engine()
    have = {
        str(r[0])
        for r in con.execute(
            f"describe select * from read_parquet({_list(paths)}, union_by_name = true, hive_partitioning = false)"
        ).fetchall()
    }
    filled = [f.name for f in obj.fields if f.name in have]
    timed = [f.name for f in obj.fields if is_timed(f) and f.name in have]
    measures = [
        "count(*)::double as v0",
        *(f'count("{n}")::double / count(*) as v{i}' for i, n in enumerate(filled, 1)),
    ]
    newest = ", ".join(f'max("{n}")' for n in timed)
    measures.append(f"date_diff('day', greatest({newest}), _dt)::double as v_lag" if timed else "null::double as v_lag")
    names = [ROWS, *(FILL + n for n in filled), LAG]
    values = [*(f"v{i}" for i in range(len(filled) + 1)), "v_lag"]
    pairs = ", ".join(f"{{'name': '{n}', 'value': {v}}}" for n, v in zip(names, values, strict=True))
    con.execute(
        f"""create or replace temp table metrics as
        with day as (
            select _dt as dt, {", ".join(measures)}
            from read_parquet({_list(paths)}, union_by_name = true, hive_partitioning = false) group by _dt
        ), one as (select dt, unnest([{pairs}]) as m from day)
        select dt, m.name as name, m.value as value from one where m.value is not null"""
    )
    for dt in (dt for dt, found in files.items() if found):
        target = _file(home, obj, dt)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.inflight")
        con.execute(f"copy (select * from metrics where dt = '{dt}' order by name) to {literal(part)} (format parquet)")
        part.replace(target)


def habits(home: Home, obj: ObjectContract, dts: Sequence[date]) -> list[Habit]:
    """These days held against up to `WINDOW_DAYS` earlier deliveries each; days that were not measured are left out."""
    folder = home.quality / "metrics" / obj.source / obj.name
    if not any(folder.glob("dt=*.parquet")):
        return []
    rows = (
        engine()
        .execute(
            f"""with earlier as (
            select dt, name, value, median(value) over w as usual, count(*) over w as days,
                max(case when name = '{ROWS}' then value end) over (partition by dt) as rows
            from read_parquet({literal(folder / "dt=*.parquet")})
            window w as (partition by name order by dt rows between {WINDOW_DAYS} preceding and 1 preceding)
        )
        select dt, name, value, usual, days >= {HABIT_DAYS} and rows is not null, rows from earlier
        where dt in (select unnest(?::date[])) order by dt, name""",
            [sorted(set(dts))],
        )
        .fetchall()
    )
    by_day: dict[date, Habit] = {}
    for dt, name, value, usual, is_habit, n in rows:
        habit = by_day.setdefault(dt, Habit(dt, None, None, {}))
        enough = is_habit and usual is not None
        if name == ROWS and enough and usual >= HABIT_ROWS:
            by_day[dt] = Habit(dt, value / usual, habit.days_behind, habit.fill_drop)
        elif name == LAG and enough:
            by_day[dt] = Habit(dt, habit.volume, value - usual, habit.fill_drop)
        elif name.startswith(FILL):
            habit.fill_drop[name.removeprefix(FILL)] = usual - value if enough and n >= HABIT_ROWS else None
    return list(by_day.values())


def is_timed(f: Field) -> bool:
    """Does the field tell when something happened or changed?"""
    return f.tag in ("EVT", "UPD") and f.duckdb_type == "TIMESTAMP"


def _file(home: Home, obj: ObjectContract, dt: date) -> Path:
    return home.quality / "metrics" / obj.source / obj.name / f"dt={dt.isoformat()}.parquet"


def _list(paths: Sequence[str]) -> str:
    return "[" + ", ".join(map(literal, paths)) + "]"
