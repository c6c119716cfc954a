"""Great Expectations suites built from source contracts.

Why both this and the casts of the reader: the reader judges each record alone and refuses it; a suite judges the
delivery that was loaded (columns, repeats, volume, dates ahead of their time) and would catch a fault in the reader.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import count
from typing import Any

import pandas as pd

from cdp_pipeline.home import Home
from cdp_pipeline.quality.metrics import Habit, habits, is_timed
from cdp_pipeline.sources.contract import Field, ObjectContract, raw_schema
from cdp_pipeline.sources.engine import engine
from cdp_pipeline.sql_text import literal

# Time zones and clocks explain a day; a delivery cannot know of anything later.
MAX_DAYS_AHEAD = 1
# A day may have a quarter to four times the usual rows, half of a field's usual fill, and events three days older than
# usual; beyond that somebody should look.
VOLUME_RATIO = (0.25, 4.0)
MAX_FILL_DROP = 0.5
MAX_DAYS_BEHIND = 3
# Of identifiers that customers type some are wrong; a tenth of them wrong is a wrong column.
VALID_SHARE = 0.9
# Shapes only: what is a real number or address, identity resolution decides.
_SHAPES = {
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "phone": r"[+(]?[0-9][0-9 ()./*-]{3,24}( ?(x|ext\.?|_)? ?[0-9]{1,6})?",
}
ERROR, WARN = "error", "warn"
_names = count(1)


@dataclass(frozen=True)
class CheckResult:
    """Verdict of one expectation; counts only, never a value.

    `severity` is error or warn; `broken` means that the expectation could not be evaluated (a missing column).
    """

    name: str
    passed: bool
    severity: str
    broken: bool = False
    checked: int = 0
    unexpected: int = 0
    message: str = ""


@dataclass(frozen=True)
class _Expectation:
    name: str
    severity: str
    type: str
    arguments: dict[str, Any]


def check_partition(home: Home, obj: ObjectContract, dt: date) -> list[CheckResult]:
    """Verdicts on one delivery day of one object; see `check_object`."""
    return check_object(home, obj, [dt])


def check_object(home: Home, obj: ObjectContract, dts: Sequence[date]) -> list[CheckResult]:
    """Verdicts on several delivery days of one object at once, in the order of the contract.

    Costs about 0.1 s whatever the number of days, once Great Expectations is imported. Days without raw files count
    as zero rows; with no rows at all only the volume is judged, as a warning.
    """
    columns, frame = _load(home, obj, dts)
    volume = [_Expectation("volume", WARN, "ExpectTableRowCountToBeBetween", {"min_value": 1})]
    if columns is None:
        return _validate(frame, volume)
    # not through the library, which takes as long to set up for these names as for all that follows
    wrong = sorted(set(columns) ^ {name for name, _ in raw_schema(obj)})
    found = CheckResult("columns", not wrong, ERROR, unexpected=len(wrong), message=_differ(wrong))
    return [found, *_validate(frame, [*volume, *_expectations(obj)]), *_against_history(habits(home, obj, dts))]


def _against_history(days: Sequence[Habit]) -> list[CheckResult]:
    """Verdicts on days that have a habit to be held against; none where nothing has."""
    fields = sorted({name for day in days for name in day.fill_drop})
    columns: dict[str, list[float | None]] = {
        "volume_against_history": [day.volume for day in days],
        "days_behind": [day.days_behind for day in days],
        **{f"fill_against_history:{name}": [day.fill_drop.get(name) for day in days] for name in fields},
    }
    known = {name: values for name, values in columns.items() if any(value is not None for value in values)}
    if not known:
        return []
    bounds: dict[str, tuple[float | None, float]] = {
        "volume_against_history": VOLUME_RATIO,
        "days_behind": (None, MAX_DAYS_BEHIND),
    }
    expectations = []
    for name in known:
        low, high = bounds.get(name, (None, MAX_FILL_DROP))
        arguments = {"column": name, "min_value": low, "max_value": high}
        expectations.append(_Expectation(name, WARN, "ExpectColumnValuesToBeBetween", arguments))
    results = _validate(pd.DataFrame(known, dtype="float64"), expectations)
    return [r if r.passed or r.broken else replace(r, message=_off(r, days)) for r in results]


def _differ(names: Sequence[str]) -> str:
    return f"differ: {', '.join(names)}" if names else ""


def _off(result: CheckResult, days: Sequence[Habit]) -> str:
    """Which days leave the habit, and by how much: the last one in figures."""
    off: list[tuple[date, str]] = []
    for day in days:
        if result.name == "volume_against_history":
            value, text = day.volume, "{:.2f} times the usual rows"
            wrong = value is not None and not VOLUME_RATIO[0] <= value <= VOLUME_RATIO[1]
        elif result.name == "days_behind":
            value, text = day.days_behind, "newest event {:.0f} days older than usual"
            wrong = value is not None and value > MAX_DAYS_BEHIND
        else:
            value, text = day.fill_drop.get(result.name.partition(":")[2]), "filled {:.0%} of records less than usual"
            wrong = value is not None and value > MAX_FILL_DROP
        if wrong and value is not None:
            off.append((day.dt, text.format(value)))
    more = f" and {len(off) - 1} earlier days" if len(off) > 1 else ""
    return f"{off[-1][0]}: {off[-1][1]}{more}" if off else f"{result.unexpected} days"


def _expectations(obj: ObjectContract) -> list[_Expectation]:
    found = [e for f in obj.fields for e in _field_expectations(f)]
    found += [
        _Expectation(
            f"valid:{f.name}",
            WARN,
            "ExpectColumnValuesToBeInSet",
            {"column": _shaped(f.name), "value_set": [True], "mostly": VALID_SHARE},
        )
        for f in obj.fields
        if _is_shaped(f)
    ]
    ahead = [f.name for f in obj.fields if is_timed(f)]
    found += [
        _Expectation(
            f"not_in_future:{name}",
            WARN,
            "ExpectColumnValuesToBeBetween",
            {"column": _ahead(name), "max_value": MAX_DAYS_AHEAD},
        )
        for name in ahead
    ]
    key = _unique_columns(obj)
    kind = "ExpectCompoundColumnsToBeUnique"
    return [*found, _Expectation("unique_key", WARN, kind, {"column_list": key, "ignore_row_if": "never"})]


def _field_expectations(f: Field) -> Iterable[_Expectation]:
    if f.required:
        yield _Expectation(f"not_null:{f.name}", ERROR, "ExpectColumnValuesToNotBeNull", {"column": f.name})
    if f.one_of:
        allowed: list[Any] = [int(v) if f.type == "integer" else v for v in f.one_of]
        yield _Expectation(
            f"one_of:{f.name}", ERROR, "ExpectColumnValuesToBeInSet", {"column": f.name, "value_set": allowed}
        )
    if f.min is not None or f.max is not None:
        bounds = {"column": f.name, "min_value": f.min, "max_value": f.max}
        yield _Expectation(f"range:{f.name}", ERROR, "ExpectColumnValuesToBeBetween", bounds)


def _is_shaped(f: Field) -> bool:
    return f.tag == "ID" and f.kind in _SHAPES and f.duckdb_type == "VARCHAR"


def _shaped(name: str) -> str:
    return f"{name} has the shape of its kind"


def _ahead(name: str) -> str:
    return f"{name} days ahead of delivery"


def _unique_columns(obj: ObjectContract) -> list[str]:
    """What may stand once per delivery day: the key, for versions of a record together with their time."""
    versions = [obj.updated_at] if obj.delivery == "upsert" and obj.updated_at else []
    return list(dict.fromkeys([*obj.key, *versions, "_dt"]))


def _load(home: Home, obj: ObjectContract, dts: Sequence[date]) -> tuple[list[str] | None, pd.DataFrame]:
    """All column names, and the columns that expectations need; (None, empty) when nothing is loaded."""
    files = [str(p) for dt in sorted(set(dts)) for p in sorted(home.raw(obj.source, obj.name, dt).glob("*.parquet"))]
    if not files:
        return None, pd.DataFrame()
    timed = [f.name for f in obj.fields if is_timed(f)]
    shaped = [f for f in obj.fields if _is_shaped(f)]
    needed = dict.fromkeys(
        f.name for f in obj.fields if f.required or f.one_of or f.min is not None or f.max is not None
    )
    needed |= dict.fromkeys(_unique_columns(obj))
    con = engine()
    con.execute(
        "CREATE OR REPLACE TEMP VIEW delivered AS SELECT * FROM read_parquet(["
        + ", ".join(map(literal, files))
        + "], union_by_name = true, hive_partitioning = false)"
    )
    columns = [str(r[0]) for r in con.execute("DESCRIBE delivered").fetchall()]
    chosen = [f'"{c}"' for c in needed if c in columns]
    chosen += [f'date_diff(\'day\', _dt, "{c}") AS "{_ahead(c)}"' for c in timed if c in columns]
    chosen += [
        f'regexp_full_match(trim("{f.name}"), {literal(_SHAPES[f.kind or ""])}) AS "{_shaped(f.name)}"'
        for f in shaped
        if f.name in columns
    ]
    frame: pd.DataFrame = con.execute(f"SELECT {', '.join(chosen)} FROM delivered").df()
    return columns, frame


@cache
def _source() -> Any:
    """The pandas data source of one ephemeral context; made once per process."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        return context.data_sources.add_pandas("raw")


def _validate(frame: pd.DataFrame, expectations: Sequence[_Expectation]) -> list[CheckResult]:
    source = _source()
    import great_expectations as gx
    import great_expectations.expectations as library

    name = f"batch{next(_names)}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asset = source.add_dataframe_asset(name)
        try:
            batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
            suite = gx.ExpectationSuite(
                name=name,
                expectations=[getattr(library, e.type)(**e.arguments, meta={"check": e.name}) for e in expectations],
            )
            outcome = batch.validate(suite, result_format={"result_format": "SUMMARY", "partial_unexpected_count": 0})
        finally:
            source.delete_asset(name)
    by_name = {result.expectation_config.meta["check"]: result for result in outcome.results}
    return [_result(e, by_name[e.name], len(frame)) for e in expectations]


def _result(expectation: _Expectation, result: Any, rows: int) -> CheckResult:
    """Counts out of a validation result. Its exception texts are dropped: they may quote values."""
    name, severity = expectation.name, expectation.severity
    if not result.success and _raised(result.exception_info):
        return CheckResult(name, False, severity, True, rows, 0, "could not be evaluated: is a column missing?")
    facts = result.result or {}
    if result.success:
        return CheckResult(name, True, severity, checked=int(facts.get("element_count") or rows))
    if expectation.name == "volume":
        return CheckResult(name, False, severity, message="no rows")
    checked, unexpected = int(facts.get("element_count") or rows), int(facts.get("unexpected_count") or 0)
    return CheckResult(name, False, severity, False, checked, unexpected, f"{unexpected} of {checked} rows")


def _raised(info: Any) -> bool:
    """Exception info is one record, or one per metric when a metric failed."""
    if not isinstance(info, dict):
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(isinstance(v, dict) and v.get("raised_exception") for v in info.values())
