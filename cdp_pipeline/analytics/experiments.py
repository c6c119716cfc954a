"""Readouts of experiments: who was assigned what, what they did, and whether it differs. A job of the analytics step.

Exposure is a person's first interaction that names the experiment and a variant. A person is a profile, else the
anonymous visitor; who met two variants is in no arm and is counted. An outcome is what happened in the window after
the exposure, and counts once the window is over: everybody is then observed once and for equally long, which the
always-valid p-values rely on. What the company declares of an experiment stands in
``dbt_project/seeds/marts/experiment_plans.csv``.

What an audience export sent and what it held out is an experiment, too: ``export:<destination>/<segment>``, with the
variants ``exported`` and ``holdout``, or those that the destination declares. People count as exposed from the end of
the day of the snapshot that they were assigned from. The planned split is the shares declared at the assignments, also
of a variant that nobody was drawn into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from cdp_pipeline.analytics import _experiments_sql as sql
from cdp_pipeline.analytics.experiment_plans import Plan, read_plans

if TYPE_CHECKING:
    import pandas as pd

    from cdp_pipeline.analytics import ab_test

# Variants that are taken for the control where no plan names one, in this order.
CONTROL_NAMES = ("control", "holdout", "hold_out", "held_out", "withheld", "baseline", "original")
METRICS = ("conversion", "revenue_per_person", "average_order_value")
# Experiments made of the arms of audience exports: ``export:<destination>/<segment>``.
EXPORT = "export:"
# Fewer people in either arm are no basis for a normal approximation.
MIN_PEOPLE = 100

TABLES: Mapping[str, Mapping[str, str]] = {
    "experiment_arms": {
        "experiment_id": "VARCHAR",
        "variant": "VARCHAR",
        "is_control": "BOOLEAN",
        "kind": "VARCHAR",
        "campaign_id": "VARCHAR",
        "exposed_people": "BIGINT",
        "people": "BIGINT",
        "converted_people": "BIGINT",
        "orders": "BIGINT",
        "revenue_amount": "DECIMAL(18,2)",
        "excluded_people": "BIGINT",
        "planned_share": "DOUBLE",
        "split_p_value": "DOUBLE",
        "is_split_suspect": "BOOLEAN",
        "window_days": "INTEGER",
        "first_exposed_at": "TIMESTAMP",
        "last_exposed_at": "TIMESTAMP",
    },
    "experiment_results": {
        "experiment_id": "VARCHAR",
        "variant": "VARCHAR",
        "metric": "VARCHAR",
        "is_control": "BOOLEAN",
        "people": "BIGINT",
        "estimate": "DOUBLE",
        "standard_error": "DOUBLE",
        "control_estimate": "DOUBLE",
        "difference": "DOUBLE",
        "difference_low": "DOUBLE",
        "difference_high": "DOUBLE",
        "relative_difference": "DOUBLE",
        "p_value": "DOUBLE",
        "cuped_difference": "DOUBLE",
        "cuped_low": "DOUBLE",
        "cuped_high": "DOUBLE",
        "cuped_p_value": "DOUBLE",
        "variance_reduction": "DOUBLE",
        "always_valid_p_value": "DOUBLE",
        "always_valid_low": "DOUBLE",
        "always_valid_high": "DOUBLE",
        "looks": "BIGINT",
        "verdict": "VARCHAR",
    },
}


def run(con: duckdb.DuckDBPyConnection, as_of_end: datetime, as_of: date) -> Mapping[str, pd.DataFrame]:
    """Arms and results of every experiment that the interactions name, by the declared plans. Raises PlanError."""
    return readouts(con, as_of_end, read_plans())


def readouts(con: duckdb.DuckDBPyConnection, as_of_end: datetime, plans: Mapping[str, Plan]) -> dict[str, pd.DataFrame]:
    """The tables of `TABLES`, by these plans. `con` has core's interactions and orders, identity's tables, and
    ``audience_arms`` (see `step.AUDIENCE_ARMS`)."""
    import pandas as pd

    plans = dict(plans) | _export_plans(con, as_of_end, plans)
    _assign(con, as_of_end, plans)
    arms: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    found = con.execute(sql.ARMS).df()
    days = con.execute(sql.DAYS).df()
    for experiment, variants in found.groupby("experiment_id", sort=True):
        plan = plans.get(str(experiment), Plan())
        of_days = days[days["experiment_id"] == experiment]
        rows = _arms(variants, plan)
        arms += rows
        results += _results(rows, of_days, plan)
    return {
        "experiment_arms": pd.DataFrame(arms, columns=list(TABLES["experiment_arms"])),
        "experiment_results": pd.DataFrame(results, columns=list(TABLES["experiment_results"])),
    }


def _export_plans(con: duckdb.DuckDBPyConnection, as_of_end: datetime, plans: Mapping[str, Plan]) -> dict[str, Plan]:
    """What is declared of each export's experiment. Its shares are the mean over all its people of those that were
    declared when they were assigned: over the people of one variant alone, its own luck would count for its plan."""
    expected: dict[str, dict[str, float]] = {}
    for name, held_out, planned, drawn, people in con.execute(sql.EXPORT_SHARES, {"end": as_of_end}).fetchall():
        variants = expected.setdefault(name, {})
        for variant, share in (planned or _drawn_shares(drawn, held_out)).items():
            variants[variant] = variants.get(variant, 0.0) + share * int(people)
    found = {}
    for name, variants in expected.items():
        plan = plans.get(name, Plan())
        whole = sum(variants.values())  # of older rows a variant may be lacking
        found[name] = replace(
            plan,
            control_variant=plan.control_variant or ("holdout" if "holdout" in variants else None),
            shares=plan.shares or {variant: round(people / whole, 9) for variant, people in variants.items()},
        )
    return found


def _drawn_shares(drawn: Mapping[str, float | None], held_out: float) -> dict[str, float]:
    """Shares by variant, of those that somebody was drawn into."""
    declared = {name: share for name, share in drawn.items() if name not in ("holdout", "exported") and share}
    return (declared or {"exported": 1 - held_out}) | ({"holdout": held_out} if held_out else {})


def _assign(con: duckdb.DuckDBPyConnection, as_of_end: datetime, plans: Mapping[str, Plan]) -> None:
    """Temporary tables `exposed` (a row per experiment and person) and `outcome` (those whose window is over)."""
    windows = [(name, plan.window_days, plan.pre_days) for name, plan in plans.items()]
    con.execute("CREATE OR REPLACE TEMP TABLE plan (experiment_id VARCHAR, window_days INTEGER, pre_days INTEGER)")
    if windows:
        con.executemany("INSERT INTO plan VALUES (?, ?, ?)", windows)
    default = Plan()
    con.execute(sql.EXPOSED, {"end": as_of_end, "window": default.window_days, "pre": default.pre_days})
    if con.execute("SELECT count(*) FROM exposed").fetchall() == [(0,)]:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE bought (order_id VARCHAR, person_id VARCHAR, ordered_at TIMESTAMP,"
            " amount DECIMAL(18, 2), is_purchase BOOLEAN)"
        )
    else:
        con.execute(sql.BOUGHT, {"end": as_of_end})
    con.execute(sql.OUTCOME, {"end": as_of_end})


def _arms(found: pd.DataFrame, plan: Plan) -> list[dict[str, Any]]:
    """A row per variant: the control first where the plan or its name tells, else the least name."""
    from cdp_pipeline.analytics import ab_test

    names = sorted({*found["variant"], *plan.shares})
    if plan.control_variant and plan.control_variant.lower() not in {name.lower() for name in names}:
        names.append(plan.control_variant)  # nobody was assigned to it yet
    control = plan.control_variant or next((known for known in CONTROL_NAMES for n in names if n.lower() == known), "")
    control = next((name for name in names if name.lower() == control.lower()), names[0])
    by_name: dict[str, dict[str, Any]] = {
        str(row["variant"]): {str(column): value for column, value in row.items()} for row in found.to_dict("records")
    }
    counts = {name: int(by_name[name]["exposed_people"]) if name in by_name else 0 for name in names}
    experiment = str(found["experiment_id"].iloc[0])
    is_held_out = control == "holdout" if experiment.startswith(EXPORT) else _is_holdout(by_name, control)
    kind = "holdout" if is_held_out else "ab"
    shares = dict(plan.shares)
    if not shares and kind == "ab":
        shares = dict.fromkeys(names, 1 / len(names))
    p_value = float("nan")
    if set(shares) == set(names):
        p_value = ab_test.split_p_value([counts[name] for name in names], [shares[name] for name in names])
    elif shares:
        p_value = 0.0  # a variant that the plan does not know
    campaigns = [row["campaign_id"] for row in by_name.values() if isinstance(row["campaign_id"], str)]
    empty = {"exposed_people": 0, "people": 0, "converted_people": 0, "orders": 0, "revenue_amount": 0}
    return [
        {
            **empty,
            **by_name.get(name, {}),
            "experiment_id": experiment,
            "variant": name,
            "is_control": name == control,
            "kind": kind,
            "campaign_id": min(campaigns) if campaigns else None,
            "excluded_people": int(found["excluded_people"].iloc[0]),
            "planned_share": shares.get(name),
            "split_p_value": p_value,
            "is_split_suspect": p_value < ab_test.SPLIT_ALPHA,
            "window_days": plan.window_days,
        }
        for name in sorted(names, key=lambda name: (name != control, name))
    ]


def _is_holdout(arms: Mapping[str, Mapping[str, Any]], control: str) -> bool:
    """A holdout is kept from a campaign: the other arms' contacts carry it and the control's do not."""
    others = [row for name, row in arms.items() if name != control]
    kept = not isinstance(arms[control]["campaign_id"], str) if control in arms else True
    return kept and any(isinstance(row["campaign_id"], str) for row in others)


def _results(arms: Sequence[Mapping[str, Any]], days: pd.DataFrame, plan: Plan) -> list[dict[str, Any]]:
    """A row per variant and metric, the control's without a comparison."""
    import numpy as np

    looks = np.sort(days["day"].unique())
    sums = {str(arm["variant"]): _cumulated(days[days["variant"] == arm["variant"]], looks) for arm in arms}
    control = str(arms[0]["variant"])
    rows = []
    for arm in arms:
        variant = str(arm["variant"])
        for metric in METRICS:
            row: dict[str, Any] = {
                "experiment_id": arm["experiment_id"],
                "variant": variant,
                "metric": metric,
                "is_control": arm["is_control"],
                "people": arm["people"],
                "looks": 0,
            }
            if len(looks):
                own = _sums(sums[variant], metric)
                row["estimate"] = float(np.asarray(own.estimate)[-1])
                row["standard_error"] = float(np.sqrt(np.asarray(own.variance)[-1]))
                if not arm["is_control"]:
                    row |= _compared(sums[control], sums[variant], metric, plan, len(arms) - 1)
            if not arm["is_control"]:
                row["verdict"] = _verdict(arm, arms[0], row, plan.alpha / max(len(arms) - 1, 1))
            rows.append(row)
    return rows


def _compared(
    control: pd.DataFrame, treated: pd.DataFrame, metric: str, plan: Plan, comparisons: int
) -> dict[str, Any]:
    """Difference, intervals and p-values of the newest look, and the always-valid ones over all looks."""
    import numpy as np

    from cdp_pipeline.analytics import ab_test

    before, after = _sums(control, metric), _sums(treated, metric)
    last0, last1 = _last(before), _last(after)
    if metric == "conversion":
        plain = ab_test.two_proportions(
            (round(float(last0.y)), round(float(last0.n))), (round(float(last1.y)), round(float(last1.n))), plan.alpha
        )
    else:
        plain = ab_test.welch(last0, last1, plan.alpha)
    row: dict[str, Any] = {
        "control_estimate": float(last0.estimate),
        "difference": plain.difference,
        "difference_low": plain.low,
        "difference_high": plain.high,
        "relative_difference": plain.difference / float(last0.estimate) if float(last0.estimate) else None,
        "p_value": plain.p_value,
    }
    if metric != "average_order_value":
        value = "converted" if metric == "conversion" else "revenue"
        covariates = [
            (float(arm["before"].iloc[-1]), float(arm["before2"].iloc[-1]), float(arm[f"{value}_before"].iloc[-1]))
            for arm in (control, treated)
        ]
        adjusted = ab_test.cuped(last0, last1, covariates[0], covariates[1])
        row |= {
            "cuped_difference": adjusted.comparison.difference,
            "cuped_low": adjusted.comparison.low,
            "cuped_high": adjusted.comparison.high,
            "cuped_p_value": adjusted.comparison.p_value,
            "variance_reduction": adjusted.variance_reduction,
        }
    people = np.asarray(before.n) + np.asarray(after.n)
    enough = (np.asarray(before.n) >= MIN_PEOPLE) & (np.asarray(after.n) >= MIN_PEOPLE)
    if enough.any():
        moved = np.asarray(after.estimate) - np.asarray(before.estimate)
        spread = np.asarray(before.variance) + np.asarray(after.variance)
        p_values, half = ab_test.always_valid(
            moved[enough], spread[enough], people[enough], plan.planned_people, plan.alpha / comparisons
        )
        row |= {
            "always_valid_p_value": float(p_values[-1]),
            "always_valid_low": float(moved[-1] - half[-1]),
            "always_valid_high": float(moved[-1] + half[-1]),
            "looks": int(enough.sum()),
        }
    return row


def _verdict(arm: Mapping[str, Any], control: Mapping[str, Any], row: Mapping[str, Any], alpha: float) -> str:
    """What may be said today, however often one has looked before."""
    if arm["is_split_suspect"]:
        return "split_suspect"
    if min(int(arm["people"]), int(control["people"])) < MIN_PEOPLE:
        return "too_few_people"
    return "significant" if float(row.get("always_valid_p_value") or 1.0) <= alpha else "keep_waiting"


def _cumulated(days: pd.DataFrame, looks: Any) -> pd.DataFrame:
    """Sums of one variant up to each look."""
    columns = days.drop(columns=["experiment_id", "variant"])
    return columns.set_index("day").astype("float64").reindex(looks, fill_value=0.0).cumsum()


def _sums(arm: pd.DataFrame, metric: str) -> ab_test.Sums:
    """The arm's sums at each look."""
    from cdp_pipeline.analytics.ab_test import Sums

    at = {name: arm[name].to_numpy() for name in arm.columns}
    if metric == "conversion":
        return Sums.of_mean(at["people"], at["converted"], at["converted"])
    if metric == "revenue_per_person":
        return Sums.of_mean(at["people"], at["revenue"], at["revenue2"])
    return Sums(
        n=at["people"], y=at["revenue"], yy=at["revenue2"], x=at["orders"], xx=at["orders2"], xy=at["revenue_orders"]
    )


def _last(sums: ab_test.Sums) -> ab_test.Sums:
    import numpy as np

    from cdp_pipeline.analytics.ab_test import Sums

    return Sums(**{name: float(np.asarray(getattr(sums, name))[-1]) for name in ("n", "y", "yy", "x", "xx", "xy")})
