"""Job of the analytics step: lifetime value and churn of every buyer, and why a score is missing.

A person who objected to profiling is not scored: no number stands for them, and no model learns from their orders.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    import pandas as pd

HORIZON_DAYS = 365
DISCOUNT_RATE = 0.10
CHURN_DAYS = 90

TABLES: Mapping[str, Mapping[str, str]] = {
    "profile_scores": {
        "profile_id": "VARCHAR",
        "expected_orders": "DOUBLE",
        "probability_alive": "DOUBLE",
        "expected_order_value": "DOUBLE",
        "lifetime_value": "DOUBLE",
        "churn_probability": "DOUBLE",
        "missing_reason": "VARCHAR",
    },
    # one row per model: lifetime, value, churn
    "score_models": {
        "model": "VARCHAR",
        "name": "VARCHAR",
        "is_fitted": "BOOLEAN",
        "reason": "VARCHAR",
        "facts": "VARCHAR",
    },
}

# As in the marts (`profile_consent`): per record and source the last word counts, and one denial speaks for the person.
_OBJECTORS = """
CREATE OR REPLACE TEMP TABLE objector AS
SELECT DISTINCT members.profile_id
FROM (
  SELECT record_id, state FROM consents WHERE purpose = 'profiling' AND occurred_at < $end
  QUALIFY row_number() OVER (
    PARTITION BY record_id, channel, source ORDER BY occurred_at DESC, state = 'denied' DESC) = 1
) AS latest
JOIN profile_members AS members USING (record_id)
WHERE latest.state = 'denied'
"""

# As in the marts (`int_orders_profiled`), completed orders only.
_ORDERS = """
CREATE OR REPLACE TEMP TABLE order_row AS
SELECT coalesce(members.profile_id, links.profile_id) AS profile_id, orders.ordered_at,
  CAST(coalesce(orders.net_amount_reporting, 0) AS DECIMAL(18, 4)) AS amount
FROM orders
LEFT JOIN profile_members AS members ON orders.record_id = members.record_id
LEFT JOIN anonymous_links AS links ON members.profile_id IS NULL AND orders.anonymous_id = links.anonymous_id
  AND orders.ordered_at >= links.valid_from AND (links.valid_to IS NULL OR orders.ordered_at < links.valid_to)
WHERE orders.status = 'completed' AND orders.ordered_at < $end
QUALIFY row_number() OVER (PARTITION BY orders.order_id ORDER BY links.valid_from DESC, links.profile_id) = 1
"""


def run(con: duckdb.DuckDBPyConnection, as_of_end: datetime, as_of: date) -> Mapping[str, pd.DataFrame]:
    """`profile_scores`: one row per profile with a completed order, and per profile that objected to profiling.

    `missing_reason`: NULL where every score stands; `opted_out` (all scores NULL); `no_model` where a model could not
    be fitted (its scores NULL, the reason in `score_models`); `one_purchase` where only `probability_alive` is NULL.
    """
    import pandas as pd

    from cdp_pipeline.analytics.orders import histories, purchases_of_rows
    from cdp_pipeline.analytics.scores import SCORES, apply_models, fit_models, model_facts

    end = as_of_end.date()
    con.execute(_OBJECTORS, {"end": as_of_end})
    con.execute(_ORDERS, {"end": as_of_end})
    con.execute("DELETE FROM order_row WHERE profile_id IN (SELECT profile_id FROM objector)")
    purchases_of_rows(con, end)
    history = histories(con, end)
    models = fit_models(con, end, CHURN_DAYS, history)
    scored = apply_models(models, history, HORIZON_DAYS, DISCOUNT_RATE)
    scored["missing_reason"] = None
    missing = scored[list(SCORES)].isna()
    scored.loc[missing["probability_alive"], "missing_reason"] = "one_purchase"
    others = [name for name in SCORES if name != "probability_alive"]
    scored.loc[missing[others].any(axis=1), "missing_reason"] = "no_model"
    objectors = con.execute("SELECT profile_id, 'opted_out' AS missing_reason FROM objector ORDER BY 1").df()
    facts = model_facts(models)
    described = [
        {
            "model": model,
            "name": facts[model]["model"],
            "is_fitted": facts[model]["model"] is not None,
            "reason": facts[model].get("reason"),
            "facts": json.dumps(facts[model], sort_keys=True),
        }
        for model in ("lifetime", "value", "churn")
    ]
    con.execute("DROP TABLE purchase_day")
    everybody = pd.concat([scored, objectors.reindex(columns=scored.columns)]) if len(objectors) else scored
    return {"profile_scores": everybody, "score_models": pd.DataFrame(described)}
