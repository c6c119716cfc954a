"""Customers that behave exactly as the models assume, from given parameters."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from cdp_pipeline.analytics.lifetime import BgNbd, GammaGamma

Numbers = NDArray[np.float64]

# Published for the CDNOW sample, in weeks and dollars (Fader, Hardie, Lee 2005; Fader, Hardie 2013).
CDNOW = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
CDNOW_VALUE = GammaGamma(p=6.25, q=3.74, gamma=15.44)


def simulate(model: BgNbd, age: Numbers, seed: int, ahead: float = 0.0) -> tuple[Numbers, Numbers, Numbers]:
    """Frequency and recency up to `age`, and the purchases in the time `ahead` after it."""
    rng = np.random.default_rng(seed)
    n = len(age)
    rate = np.maximum(rng.gamma(model.r, 1 / model.alpha, n), 1e-300)
    leaving = rng.beta(model.a, model.b, n)
    frequency, recency, later, now = (np.zeros(n) for _ in range(4))
    active = np.ones(n, dtype=bool)
    while active.any():
        now += rng.exponential(1 / rate)
        active &= now <= age + ahead
        past = active & (now <= age)
        frequency[past] += 1
        recency[past] = now[past]
        later[active & ~past] += 1
        active &= rng.random(n) >= leaving
    return frequency, recency, later


def shop_orders(customers: int, start: date, days: int, seed: int) -> list[tuple[str, datetime, Decimal]]:
    """Orders of a shop over `days` days: first purchases spread over all of it, rates and values of their own."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        rate, value, leaving = rng.gamma(1.5, 1 / 30), rng.gamma(3, 10), rng.beta(1, 9)
        at = rng.uniform(0, days * 0.8)
        while at < days:
            moment = datetime(start.year, start.month, start.day) + timedelta(seconds=round(at * 86400))
            rows.append((f"P{number:05d}", moment, Decimal(f"{max(rng.gamma(4, value / 4), 0.01):.2f}")))
            if rng.random() < leaving:
                break
            at += rng.exponential(1 / rate)
    return rows


def write_orders(path: Path, rows: list[tuple[str | None, datetime | None, Decimal | None]]) -> Path:
    """The rows as an orders file."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE o (profile_id VARCHAR, ordered_at TIMESTAMP, net_amount DECIMAL(18, 2))")
        if rows:
            columns = list(zip(*rows, strict=True))
            con.execute("INSERT INTO o SELECT unnest($1), unnest($2), unnest($3)", [list(column) for column in columns])
        con.table("o").write_parquet(str(path))
    return path
