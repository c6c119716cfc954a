"""The Markov chain of the attribution against a chain that is known: paths are drawn from it and read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest

from cdp_pipeline.warehouse import PROJECT

MODEL = PROJECT / "models" / "marts" / "intermediate" / "int_attribution_removal.sql"

STATES = ["mail", "ad", "call"]
START = np.array([0.5, 0.4, 0.1])
# from mail, ad, call: to the same three, and to a sale; the rest ends nowhere. Mail and ad lead back to each other.
MOVES = np.array([[0.0, 0.3, 0.1], [0.4, 0.0, 0.05], [0.2, 0.1, 0.0]])
SALE = np.array([0.1, 0.05, 0.4])


def _conversion(kept: list[int]) -> float:
    """Probability of a sale when only these states lead on: start · (I - moves)⁻¹ · sale."""
    part = np.ix_(kept, kept)
    return float(START[kept] @ np.linalg.inv(np.eye(len(kept)) - MOVES[part]) @ SALE[kept])


def _drawn(people: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Touches of everybody, and the paths of those who bought."""
    rng = np.random.default_rng(11)
    rows = []
    for person in range(people):
        state = int(rng.choice(3, p=START))
        path = []
        while True:
            path.append(state)
            ways = np.append(MOVES[state], [SALE[state], 1 - MOVES[state].sum() - SALE[state]])
            move = int(rng.choice(5, p=ways))
            if move > 2:
                break
            state = move
        rows += [(f"p{person:06}", STATES[at], step, move == 3) for step, at in enumerate(path, 1)]
    touches = pd.DataFrame(rows, columns=["profile_id", "touchpoint", "step", "bought"])
    touches["touched_at"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(touches["step"], unit="h")
    touches["campaign_id"] = "c"
    return touches, touches[touches["bought"]].rename(columns={"profile_id": "order_id"}).assign(is_sale=True)


@pytest.fixture(scope="module")
def effects() -> Iterator[dict[str, tuple[float, float]]]:
    touches, paths = _drawn(20_000)
    sales = paths.groupby("order_id", as_index=False)["touched_at"].max()
    names = {"attribution_window_days": 30}
    query = jinja2.Template(Path(MODEL).read_text(encoding="utf-8")).render(
        ref=lambda name: name,
        var=names.__getitem__,
        as_of_end=lambda: "timestamp '2026-01-01'",
        is_sale=lambda orders: "true",
    )
    with duckdb.connect() as con:
        con.register("int_touches", touches)
        con.register("int_attribution_paths", paths)
        con.register(
            "int_orders_profiled",
            sales.rename(columns={"touched_at": "ordered_at"}).assign(profile_id=sales["order_id"]),
        )
        rows = con.execute(query).df()
    yield {row.touchpoint: (row.removal_effect, row.conversion_probability) for row in rows.itertuples()}


def test_simulated_paths_give_the_removal_effects_of_their_chain(effects: dict[str, tuple[float, float]]) -> None:
    whole = _conversion([0, 1, 2])
    assert effects["mail"][1] == pytest.approx(whole, abs=0.01)
    for i, state in enumerate(STATES):
        exact = 1 - _conversion([other for other in range(3) if other != i]) / whole
        assert effects[state][0] == pytest.approx(exact, abs=0.02), state


def test_the_chain_without_mail_by_hand() -> None:
    """Ad and call lead to each other: visits (.4 + .1 * .1) / .995 and (.1 + .4 * .05) / .995, sales 5% and 40%."""
    assert _conversion([1, 2]) == pytest.approx((0.41 * 0.05 + 0.12 * 0.4) / 0.995)
