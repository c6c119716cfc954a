"""Orders in, purchase histories out: what every model here starts from, as it was known at a given day.

A purchase is a day with at least one order, so that a bill that was split, an order entered twice in one second or two
tills on one visit are one decision to buy. Sums are over integers and decimals: no result depends on row order.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from cdp_pipeline.fault_text import told_of

COLUMNS = ("profile_id", "ordered_at", "net_amount")
_NUMERIC = ("DECIMAL", "DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U")


class OrdersError(ValueError):
    """The orders file is missing, is no Parquet file, or lacks a column of the right type."""


@dataclass(frozen=True)
class OrderCounts:
    """Rows of the orders file: what was used, what was not and why."""

    rows: int
    used: int
    without_profile: int
    without_time: int
    after_as_of: int
    zero_amount: int
    negative_amount: int
    without_amount: int

    def facts(self) -> dict[str, int]:
        """For the model facts in JSON."""
        return asdict(self)


def load_orders(con: duckdb.DuckDBPyConnection, orders: Path, end: date) -> OrderCounts:
    """Make the table `purchase_day` (profile_id, day, orders, amount) of all orders before midnight (UTC) of `end`.

    A row below 0 is a refund: no purchase, but it takes its amount off. A row of 0 or without a readable amount is a
    purchase without value. Rows without profile or time are counted and left out. Raises OrdersError.
    """
    if not orders.is_file():
        raise OrdersError(f"no orders file at {orders}")
    con.execute("SET TimeZone = 'UTC'")
    try:
        described = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(orders)]).fetchall()
        types = {str(row[0]): str(row[1]) for row in described}
        missing = [name for name in COLUMNS if name not in types]
        if missing:
            raise OrdersError(f"{orders.name} has no column {', '.join(missing)}: it needs {', '.join(COLUMNS)}")
        if not types["ordered_at"].startswith(("TIMESTAMP", "DATE")):
            raise OrdersError(f"{orders.name}: ordered_at is {types['ordered_at']}, it must be a timestamp (UTC)")
        if not types["net_amount"].startswith(_NUMERIC):
            raise OrdersError(f"{orders.name}: net_amount is {types['net_amount']}, it must be a number")
        con.execute(
            """CREATE OR REPLACE TEMP TABLE order_row AS
               SELECT CAST(profile_id AS VARCHAR) AS profile_id, CAST(ordered_at AS TIMESTAMP) AS ordered_at,
                 TRY_CAST(net_amount AS DECIMAL(18, 4)) AS amount
               FROM read_parquet(?)""",
            [str(orders)],
        )
    except duckdb.Error as error:
        raise OrdersError(f"{orders.name} cannot be read as orders: {told_of(str(error))}") from None
    return purchases_of_rows(con, end)


def purchases_of_rows(con: duckdb.DuckDBPyConnection, end: date) -> OrderCounts:
    """Make `purchase_day` as `load_orders` does, from the temporary table `order_row` (profile_id VARCHAR, ordered_at
    TIMESTAMP, amount DECIMAL(18,4)), which is dropped."""
    con.execute(
        """CREATE OR REPLACE TEMP TABLE purchase_day AS
           SELECT profile_id, CAST(ordered_at AS DATE) AS day, count(*) FILTER (coalesce(amount, 0) >= 0) AS orders,
             coalesce(sum(amount), 0) AS amount
           FROM order_row WHERE profile_id IS NOT NULL AND ordered_at < ? GROUP BY ALL""",
        [end],
    )
    counts = con.execute(
        """SELECT count(*), count(*) FILTER (is_used), count(*) FILTER (profile_id IS NULL),
             count(*) FILTER (profile_id IS NOT NULL AND ordered_at IS NULL),
             count(*) FILTER (profile_id IS NOT NULL AND ordered_at >= $end), count(*) FILTER (is_used AND amount = 0),
             count(*) FILTER (is_used AND amount < 0), count(*) FILTER (is_used AND amount IS NULL)
           FROM (SELECT *, profile_id IS NOT NULL AND coalesce(ordered_at < $end, false) AS is_used FROM order_row)""",
        {"end": end},
    ).fetchall()[0]
    con.execute("DROP TABLE order_row")
    return OrderCounts(*counts)


def purchase_days(con: duckdb.DuckDBPyConnection) -> tuple[date, date] | None:
    """The days of the first and the last purchase of all; None without any."""
    first, last = con.execute("SELECT min(day), max(day) FROM purchase_day WHERE orders > 0").fetchall()[0]
    return None if first is None else (first, last)


def histories(
    con: duckdb.DuckDBPyConnection, end: date, label_days: int = 0, *, sample: int | None = None
) -> pd.DataFrame:
    """One row for each profile with a purchase before `end`, sorted by profile_id, from nothing later than that.

    Columns: profile_id; `purchases` and `orders` (counts); `amount` (net sum); `age` and `recency` (days since the
    first and the last purchase up to the day before `end`); `gap` and `gap_deviation` (mean and standard deviation of
    the days between purchases, NaN for a one-time buyer); `last_30`, `last_90` (purchases in the last days); `place`
    (1, 2, … in an order that depends on the ids alone: for samples and folds). With `label_days` also `is_gone`: no
    purchase in the `label_days` days from `end` on, the only column that looks ahead. With `sample` only the rows up
    to that place.
    """
    frame: pd.DataFrame = con.execute(
        """WITH chosen AS MATERIALIZED (
             SELECT profile_id, row_number() OVER (ORDER BY md5(profile_id), profile_id) AS place
             FROM (SELECT DISTINCT profile_id FROM purchase_day WHERE orders > 0 AND day < $end)
             QUALIFY $sample IS NULL OR place <= $sample
           ), theirs AS (
             FROM purchase_day SEMI JOIN chosen USING (profile_id)
           ), bought AS (
             SELECT profile_id, day, orders,
               date_diff('day', lag(day) OVER (PARTITION BY profile_id ORDER BY day), day) AS gap
             FROM theirs WHERE orders > 0 AND day < $end
           ), history AS (
             SELECT profile_id, count(*) AS purchases, sum(orders)::BIGINT AS orders,
               date_diff('day', min(day), $end::DATE) - 1 AS age, date_diff('day', max(day), $end::DATE) - 1 AS recency,
               count(gap) AS n, sum(gap)::DOUBLE AS total, sum(gap * gap)::DOUBLE AS squares,
               count(*) FILTER (day >= $end::DATE - 30) AS last_30, count(*) FILTER (day >= $end::DATE - 90) AS last_90
             FROM bought GROUP BY profile_id
           ), money AS (
             SELECT profile_id, sum(amount)::DOUBLE AS amount FROM theirs WHERE day < $end GROUP BY profile_id
           ), later AS (
             SELECT DISTINCT profile_id FROM purchase_day
             WHERE orders > 0 AND day >= $end AND day < $end::DATE + $label_days::INT
           )
           SELECT profile_id, purchases, orders, amount, age, recency, total / nullif(n, 0) AS gap,
             sqrt(greatest(squares / nullif(n, 0) - pow(total / nullif(n, 0), 2), 0)) AS gap_deviation,
             last_30, last_90, place, l.profile_id IS NULL AS is_gone
           FROM history JOIN money USING (profile_id) JOIN chosen USING (profile_id)
           LEFT JOIN later l USING (profile_id)
           ORDER BY profile_id""",
        {"end": end, "label_days": label_days, "sample": sample},
    ).df()
    return frame if label_days else frame.drop(columns="is_gone")
