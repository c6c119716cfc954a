"""Terms as SQL: what a profile's row must fulfil, and the measures that have to be counted for it.

The SQL is a dbt model's: relations as ``{{ ref('…') }}``, days by the macro `within_days`. Segments stand as boolean
columns ``in_<segment>`` of the row, measures as columns of their own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from cdp_pipeline.segments._errors import SegmentError, nearest, one_line
from cdp_pipeline.segments._facts import FACTS
from cdp_pipeline.segments._terms import Count, Feature, Followed, Group, Measure, Reference, Sql, Term, Value
from cdp_pipeline.sql_text import literal

# The part of an order's money that was paid for a line, a double: its sums are told to the cent.
PAID = "paid_amount"
# What an expression over one row has no use for: it would make a segment depend on other tables or other rows.
_FORBIDDEN = {"SUBQUERY": "a subquery", "WINDOW": "a window function", "PARAMETER": "a parameter", "STAR": "a star"}
# Of DuckDB's functions these two are told as depending on nothing else, and yet the day of the run would decide.
_OF_THE_CLOCK = {("current_localtime", 0), ("current_localtimestamp", 0), ("age", 1)}
# Words of SQL that stand for the clock without looking like a function.
_CLOCK_WORDS = ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")
_OPERATORS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<", "equals": "=", "is": "="}


def member_column(segment: str) -> str:
    """The boolean column that says who is in a segment."""
    return f"in_{segment}"


def condition_sql(term: Term) -> str:
    """A boolean that is never null: a term whose value is unknown is not met."""
    match term:
        case Group("none", terms):
            return "not (" + " or ".join(condition_sql(t) for t in terms) + ")"
        case Group(kind, terms):
            return "(" + (" and " if kind == "all" else " or ").join(condition_sql(t) for t in terms) + ")"
        case Reference(segment, is_in):
            return member_column(segment) if is_in else f"not {member_column(segment)}"
        case Sql(text):
            return f"coalesce(({text}), false)"
        case Feature():
            return f"coalesce({_feature_sql(term)}, false)"
        case Count(comparisons):
            return "(" + " and ".join(f"{measure_name(m)} {op} {_number(bound)}" for m, op, bound in comparisons) + ")"
        case Followed():
            from cdp_pipeline.segments._sequences import sequence_name

            return f"({sequence_name(term)} >= {term.at_least})"


def measure_name(measure: Measure) -> str:
    """A column name that tells what is counted; the digits keep apart what reads alike."""
    words = [measure.fact, *(value for _, values in measure.filters for value in values)]
    if measure.within_days:
        words.append(f"{measure.within_days}d")
    words.append(measure.what)
    readable = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower()))[:48].strip("_")
    return f"{readable}_{hashlib.sha256(repr(measure).encode()).hexdigest()[:4]}"


def measure_sql(measure: Measure) -> str:
    """The aggregate that computes a measure."""
    fact = FACTS[measure.fact]
    tests = [*_filters_sql(measure), *window_sql(measure), *_counted_sql(measure)]
    what = {
        "count": f"count(distinct {fact.distinct})" if fact.distinct else "count(*)",
        "days": f"count(distinct cast({fact.at} as date))",
        "amount": f"sum({fact.amount})",
    }[measure.what]
    counted = f"{what} filter (where {' and '.join(tests)})" if tests else what
    return f"round({counted}, 2)" if measure.what == "amount" and fact.amount == PAID else counted


def row_tests(measure: Measure) -> list[str]:
    """What a row fulfils that counts, its window aside."""
    return [*_filters_sql(measure), *_counted_sql(measure)]


def _counted_sql(measure: Measure) -> list[str]:
    # A refunded order is no completed one any more; who asks for refunds means all of them.
    counted = FACTS[measure.fact].counted
    return [counted] if counted and measure.what != "amount" and ("refunded", True) not in measure.flags else []


def scan_sql(measures: Iterable[Measure]) -> list[str]:
    """What every row that any of the measures of one fact counts fulfils: it keeps the rest out of the aggregate."""
    together = list(measures)
    fact = FACTS[together[0].fact]
    tests = []
    windows = [measure.within_days for measure in together]
    if fact.at and None not in windows:
        tests.append(f"{{{{ within_days('{fact.at}', {max(w for w in windows if w)}) }}}}")
    wanted = sorted({" and ".join(_filters_sql(measure)) for measure in together})
    # Rows that no measure wants are most of them, and need not be joined or grouped.
    if all(wanted):
        tests.append(wanted[0] if len(wanted) == 1 else f"({' or '.join(f'({test})' for test in wanted)})")
    return tests


def check_expression(con: duckdb.DuckDBPyConnection, text: str, place: str, columns: Mapping[str, str]) -> None:
    """Raise SegmentError unless `text` is one boolean expression over the columns of `profile_features` in `con`,
    without tables, other rows or templates, and depends on the row at all."""
    if any(mark in text for mark in ("{", "}", ";", "--", "/*")):
        raise SegmentError(f"{place} must be one expression without braces, semicolons or comments")
    # Parsed bare first: within parentheses a stray ")" could open a second clause.
    ((serialised,),) = con.execute("select json_serialize_sql(cast(? as varchar))", [f"select {text}"]).fetchall()
    tree = json.loads(serialised)
    if tree["error"]:
        raise SegmentError(f"{place} is no SQL expression: {one_line(tree['error_message'])}")
    node = tree["statements"][0]["node"]
    plain = node["type"] == "SELECT_NODE" and len(node["select_list"]) == 1 and not node["modifiers"]
    if not plain or node["from_table"]["type"] != "EMPTY" or node["where_clause"] or node["select_list"][0]["alias"]:
        raise SegmentError(f"{place} must be one expression and nothing else")
    named = set()
    unsettled = _unsettled_functions(con)
    for expression in _expressions(node["select_list"]):
        kind = expression["class"]
        if kind in _FORBIDDEN:
            raise SegmentError(f"{place} holds {_FORBIDDEN[kind]}")
        if kind == "COLUMN_REF":
            column = expression["column_names"][0].lower()
            if column in _CLOCK_WORDS and column not in columns:
                raise SegmentError(f"{place}: {column} is not the day of the data: compare with the column as_of")
            if column not in columns:
                raise SegmentError(f"{place}: unknown column '{column}'{nearest(column, columns)}")
            named.add(column)
        if kind == "FUNCTION":
            called = expression["function_name"].lower()
            if (called, len(expression["arguments"])) in unsettled:
                raise SegmentError(
                    f"{place}: {called}() would select others at another time from the same data; the day of the data"
                    " is the column as_of"
                )
    try:
        kinds = con.execute(f"describe select ({text}) as member from profile_features").fetchall()
        con.execute(f"explain select profile_id from profile_features where ({text})").fetchall()
    except duckdb.Error as error:
        raise SegmentError(f"{place}: {one_line(str(error))}") from None
    if kinds[0][1] != "BOOLEAN":
        raise SegmentError(f"{place} is {kinds[0][1]}, not BOOLEAN")
    if not named:
        raise SegmentError(f"{place} names no column: it selects everyone or no one")


def _unsettled_functions(con: duckdb.DuckDBPyConnection) -> set[tuple[str, int]]:
    """Names and numbers of arguments of functions whose result their arguments do not settle: clocks, chance."""
    rows = con.execute(
        "select function_name, len(parameters) from duckdb_functions()"
        " where function_type = 'scalar' and stability <> 'CONSISTENT'"
    ).fetchall()
    return {(str(name), int(count)) for name, count in rows} | _OF_THE_CLOCK


def check_feature(con: duckdb.DuckDBPyConnection, term: Feature, columns: Mapping[str, str]) -> None:
    """Raise SegmentError unless the column exists and its type can be compared with the values."""
    if term.column not in columns:
        raise SegmentError(f"feature: unknown column '{term.column}'{nearest(term.column, columns)}")
    kind = columns[term.column]
    for operator, value in term.comparisons:
        for single in value if isinstance(value, tuple) else (value,):
            if not _fits(single, kind):
                words = isinstance(single, bool) and kind.lower().startswith("varchar")
                hint = " (YAML reads on, off, yes and no as true and false: quote them)" if words else ""
                told = single.isoformat() if isinstance(single, date) else repr(single)
                raise SegmentError(f"feature {term.column}: {operator} {told} does not fit its type {kind}{hint}")
    try:
        con.execute(f"explain select profile_id from profile_features where {_feature_sql(term)}").fetchall()
    except duckdb.Error as error:
        raise SegmentError(f"feature {term.column}: {one_line(str(error))}") from None


def _fits(value: Value, kind: str) -> bool:
    kind = kind.lower()
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, int | float):
        return kind.startswith(("decimal", "double", "float", "bigint", "integer", "smallint", "hugeint", "tinyint"))
    if isinstance(value, date):
        return kind.startswith(("date", "timestamp"))
    return kind.startswith("varchar")


def _feature_sql(term: Feature) -> str:
    tests = []
    for operator, value in term.comparisons:
        if isinstance(value, tuple):
            # Days and moments are compared by other things of the row, and so in lists of their own.
            sides: dict[str, list[str]] = {}
            for item in value:
                sides.setdefault(_side(term.column, item), []).append(_value(item))
            among = [f"{side} in ({', '.join(items)})" for side, items in sides.items()]
            tests.append(among[0] if len(among) == 1 else f"({' or '.join(among)})")
        else:
            tests.append(f"{_side(term.column, value)} {_OPERATORS[operator]} {_value(value)}")
    if term.known is not None:
        tests.append(f"{term.column} is {'not ' if term.known else ''}null")
    return "(" + " and ".join(tests) + ")"


def _side(column: str, value: Value) -> str:
    """What of the row is compared with a value: with a day the day of a time (UTC), so that `at_most` a day means all
    of it."""
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return f"cast({column} as date)" if is_day else column


def _filters_sql(measure: Measure) -> list[str]:
    fact = FACTS[measure.fact]
    return [
        *(_among(fact.filters[key], values) for key, values in measure.filters),
        # A flag that is unknown is not set.
        *(
            f"coalesce({fact.flags[key]}, false)" if wanted else f"not coalesce({fact.flags[key]}, false)"
            for key, wanted in measure.flags
        ),
        *(f"{fact.levels[key][0]} {fact.levels[key][1]} {_number(bound)}" for key, bound in measure.levels),
    ]


def window_sql(measure: Measure) -> list[str]:
    """The window of a measure as tests of a row."""
    at = FACTS[measure.fact].at
    tests = []
    if measure.within_days is not None:
        tests.append(f"{{{{ within_days('{at}', {measure.within_days}) }}}}")
    if measure.older_than_days is not None:
        tests.append(f"not {{{{ within_days('{at}', {measure.older_than_days}) }}}}")
    return tests


def _among(column: str, values: tuple[str, ...]) -> str:
    """One of the values; ``*`` in a value stands for any text."""
    plain = [value for value in values if "*" not in value]
    tests = [f"{column} {_like(value)}" for value in values if "*" in value]
    if len(plain) == 1:
        tests.insert(0, f"{column} = {literal(plain[0])}")
    elif plain:
        tests.insert(0, f"{column} in ({', '.join(literal(value) for value in plain)})")
    return tests[0] if len(tests) == 1 else f"({' or '.join(tests)})"


def _like(value: str) -> str:
    escaped = re.sub(r"([!%_])", r"!\1", value).replace("*", "%")
    return f"like {literal(escaped)} escape '!'"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return (
            f"timestamp '{(value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value).isoformat(sep=' ')}'"
        )
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return literal(value)


def _number(bound: float) -> str:
    return str(int(bound)) if float(bound).is_integer() else repr(bound)


def _expressions(node: Any) -> Iterator[dict[str, Any]]:
    """All nodes of a serialised expression."""
    if isinstance(node, dict):
        if isinstance(node.get("class"), str):
            yield node
        for child in node.values():
            yield from _expressions(child)
    elif isinstance(node, list):
        for child in node:
            yield from _expressions(child)
