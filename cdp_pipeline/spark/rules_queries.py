"""Queries in Spark's words: what is selected, from where, and what is gathered over rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlglot
from sqlglot import exp

from cdp_pipeline.spark.syntax import call, cast, is_call

# what a condition on windows is called while rows are told apart by it
QUALIFIED = "_is_qualified"


def _read_text(node: exp.Table) -> exp.Expression:
    inner = node.this
    if is_call(inner, "read_text"):
        path = inner.expressions[0].name
        query = f"(select value as content from text.`{path}`)"
        return next(sqlglot.parse_one(f"select * from {query} as files", read="spark").find_all(exp.Subquery))
    return node


def _json_elements(node: exp.Expression) -> exp.Expression | None:
    """The JSON text that ``json_extract(text, '$[*]')`` takes apart, else None."""
    if isinstance(node, exp.JSONExtract) and node.expression.sql(dialect="duckdb").strip("'") == "$[*]":
        text: exp.Expression = node.this
        return text
    return None


def _lateral(query: str, alias: str) -> exp.Join:
    whole = sqlglot.parse_one(f"select 1 from t cross join lateral ({query}) as {alias}", read="spark")
    return next(whole.find_all(exp.Join))


def _join(node: exp.Join) -> exp.Expression:
    """``cross join unnest(…) with ordinality as a (item, position)``: the elements of a JSON array, as JSON text."""
    unnest = node.this
    if not isinstance(unnest, exp.Unnest) or not unnest.args.get("alias"):
        return node
    (value,) = unnest.expressions
    alias = unnest.args["alias"]
    (item,) = (c.name for c in alias.args["columns"])
    text = _json_elements(value)
    if text is None:
        if unnest.args.get("offset"):
            raise sqlglot.errors.UnsupportedError(f"unnest with ordinality of {value.sql()}")
        inner = value.sql(dialect="spark")
        return _lateral(f"select explode({inner}) as {item}", alias.name)
    position = unnest.args["offset"].name
    inner = text.sql(dialect="spark")
    return _lateral(
        f"select to_json(value) as {item}, pos + 1 as {position} from variant_explode(try_parse_json({inner}))",
        alias.name,
    )


def _materialized(node: exp.CTE) -> exp.Expression:
    if node.args.get("materialized") is not None:
        node.set("materialized", None)
    return node


def _quantile(node: exp.PercentileCont) -> exp.Expression:
    if node.expression is None or isinstance(node.parent, exp.WithinGroup):
        return node
    return call("percentile", node.this.copy(), node.expression.copy())


def _ordered_list(node: exp.ArrayAgg) -> exp.Expression:
    order = node.this
    if not isinstance(order, exp.Order):
        return node
    value = order.this.copy()
    distinct = isinstance(value, exp.Distinct)
    if distinct:
        (value,) = value.expressions
        if [o.this for o in order.expressions] != [value] or order.expressions[0].args.get("desc"):
            raise sqlglot.errors.UnsupportedError("a list of distinct values in another order")
        return _or_null(call("array_sort", call("collect_set", value)))
    parts, arms = [], []
    for number, key in enumerate(order.expressions):
        name = f"k{number}"
        parts += [exp.convert(name), key.this.copy()]
        less, more = ("1", "-1") if key.args.get("desc") else ("-1", "1")
        arms.append(
            f"when l.{name} is null and r.{name} is not null then 1 when r.{name} is null and l.{name} is not null "
            f"then -1 when l.{name} < r.{name} then {less} when l.{name} > r.{name} then {more}"
        )
    rows = call("collect_list", call("named_struct", *parts, "v", value))
    by_key = exp.var(f"(l, r) -> case {' '.join(arms)} else 0 end")
    return _or_null(call("transform", call("array_sort", rows, by_key), exp.var("e -> e.v")))


def _or_null(values: exp.Expression) -> exp.Expression:
    # of no rows DuckDB's list is NULL, Spark's empty
    return call("nullif", values, call("array"))


def _joined(node: exp.GroupConcat) -> exp.Expression:
    # Spark 4.3's listagg of distinct values ends some plans with an error of its own
    if isinstance(node.this, exp.Order):
        values = _ordered_list(exp.ArrayAgg(this=node.this.copy()))
        if is_call(values, "nullif"):
            (values, _) = values.expressions
    elif isinstance(node.this, exp.Distinct):
        values = call("array_sort", call("collect_set", node.this.expressions[0].copy()))
    else:
        values = call("collect_list", node.this.copy())
    separator = node.args.get("separator") or exp.Literal.string(",")
    return call("nullif", call("array_join", values, separator.copy()), "")


def _filtered(node: exp.Filter) -> exp.Expression:
    # the condition belongs to the aggregate inside
    if not isinstance(node.this, exp.Anonymous):
        return node
    inner = next((n for n in node.this.walk() if is_call(n, "collect_list") or is_call(n, "collect_set")), None)
    if inner is None or inner is node.this:
        return node
    done = node.this.copy()
    inner = next(n for n in done.walk() if is_call(n, "collect_list") or is_call(n, "collect_set"))
    inner.replace(exp.Filter(this=inner.copy(), expression=node.expression.copy()))
    return done


def _cast_of_rows(node: exp.Cast) -> exp.Expression:
    # Spark makes rows of a list at the top of an expression only
    if not isinstance(node.this, exp.Explode):
        return node
    series = node.this.this
    if isinstance(series, exp.GenerateSeries) and node.to.is_type("date") and series.find(exp.Select):
        # no subquery within a function of functions: days are counted instead
        days = series.copy()
        for bound in ("start", "end"):
            days.set(bound, cast(days.args[bound].copy(), "date"))
        return exp.Explode(this=days)
    each = exp.var(f"e -> cast(e as {node.to.sql(dialect='spark')})")
    return exp.Explode(this=call("transform", node.this.this.copy(), each))


def _extreme(node: exp.ArgMax | exp.ArgMin) -> exp.Expression:
    # Within a row DuckDB takes NULL for the greatest value, Spark for the least.
    order = node.expression
    if is_call(order, "row") or isinstance(order, exp.Tuple):
        parts = [p for e in order.expressions for p in (exp.Is(this=e.copy(), expression=exp.null()), e.copy())]
        order = call("struct", *parts)
    value = node.this
    if not isinstance(value, exp.Struct | exp.Literal) and not _is_filtered_for(node, value):
        # a row without the value takes no part in DuckDB
        order = call("if", exp.Is(this=value.copy(), expression=exp.null()), exp.null(), order.copy())
    return call("max_by" if isinstance(node, exp.ArgMax) else "min_by", value.copy(), order.copy())


def _is_filtered_for(node: exp.Expression, value: exp.Expression) -> bool:
    """Does the aggregate's filter leave out rows without `value`?"""
    if not isinstance(node.parent, exp.Filter):
        return False
    condition = node.parent.expression.this
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())) in parts


def _select(node: exp.Select) -> exp.Expression:
    done = node
    if any(isinstance(column, exp.Star) and column.args.get("replace") for column in node.expressions):
        done = node.copy()
        done.set("expressions", [part for column in done.expressions for part in _without_replace(column)])
    return _qualified(done) if done.args.get("qualify") else done


def _without_replace(column: exp.Expression) -> list[exp.Expression]:
    """``* replace (x as a)`` as ``* except (a), x as a``: the column moves to the end."""
    if not isinstance(column, exp.Star) or not column.args.get("replace"):
        return [column]
    replaced = column.args["replace"]
    left_out = [*(column.args.get("except_") or []), *(exp.column(new.alias) for new in replaced)]
    return [exp.Star(except_=left_out), *replaced]


def _qualified(node: exp.Select) -> exp.Expression:
    """``select … qualify condition``: the condition as one more column, by which the rows are then chosen.

    SQLGlot's own way loses columns behind a star, and ``distinct``.
    """
    inner = node.copy()
    condition = inner.args["qualify"].pop().this
    named = {column.alias: column.this for column in inner.expressions if isinstance(column, exp.Alias)}
    for column in list(condition.find_all(exp.Column)):
        if not column.table and column.name in named:
            column.replace(exp.paren(named[column.name].copy(), copy=False))
    outer = exp.Select(expressions=[exp.Star(except_=[exp.column(QUALIFIED)])])
    if inner.args.get("distinct"):
        outer.set("distinct", inner.args["distinct"].pop())
    inner.append("expressions", exp.alias_(condition, QUALIFIED, copy=False))
    return outer.from_(inner.subquery("_t", copy=False), copy=False).where(QUALIFIED, copy=False)


def _window(node: exp.Window) -> exp.Expression:
    # without brackets Spark reads `over ordered - 1` as one name with a hyphen
    is_named = node.args.get("alias") and not any(node.args.get(k) for k in ("partition_by", "order", "spec"))
    return exp.paren(node) if is_named else node


def _in_rows(node: exp.In) -> exp.Expression:
    """``(a, b) in (select (c, d) …)``: Spark wants columns, not one row."""
    query = node.args.get("query")
    select = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(node.this, exp.Tuple) or not isinstance(select, exp.Select):
        return node
    (only, *more) = select.expressions
    if more or not isinstance(only, exp.Tuple):
        return node
    done = node.copy()
    done.args["query"].find(exp.Select).set("expressions", [part.copy() for part in only.expressions])
    return done


def _average(node: exp.Avg) -> exp.Expression:
    # DuckDB's average of decimals is their exact sum by their number, as a double; Spark's is a decimal of four digits
    # more. In a filter or a window, which hold one aggregate, the values become doubles before they are summed.
    if isinstance(node.this, exp.Distinct):
        return node
    if isinstance(node.parent, exp.Filter | exp.Window):
        return exp.Avg(this=cast(node.this.copy(), "double"))
    number = call("nullif", call("count", node.this.copy()), exp.Literal.number(0))
    return exp.paren(exp.Div(this=cast(exp.Sum(this=node.this.copy()), "double"), expression=number), copy=False)


def _discrete_quantile(node: exp.PercentileDisc) -> exp.Expression:
    if node.expression is None or isinstance(node.parent, exp.WithinGroup):
        return node
    order = exp.Order(expressions=[exp.Ordered(this=node.this.copy(), nulls_first=True)])
    return exp.WithinGroup(this=call("percentile_disc", node.expression.copy()), expression=order)


def _mode(node: exp.Mode) -> exp.Expression:
    """``mode(x order by x)``: of the most frequent values the least."""
    order = node.this
    if not isinstance(order, exp.Order):
        raise sqlglot.errors.UnsupportedError("mode without an order; say mode(x order by x)")
    if [o.this for o in order.expressions] != [order.this] or order.expressions[0].args.get("desc"):
        raise sqlglot.errors.UnsupportedError("mode in another order")
    return call("mode", order.this.copy(), exp.true())


RULES: list[tuple[Any, Callable[[Any], exp.Expression]]] = [
    (exp.Cast, _cast_of_rows),
    ((exp.ArgMax, exp.ArgMin), _extreme),
    (exp.Table, _read_text),
    (exp.Join, _join),
    (exp.CTE, _materialized),
    (exp.PercentileCont, _quantile),
    (exp.ArrayAgg, _ordered_list),
    (exp.GroupConcat, _joined),
    (exp.Filter, _filtered),
    (exp.Select, _select),
    (exp.Window, _window),
    (exp.In, _in_rows),
    (exp.Avg, _average),
    (exp.PercentileDisc, _discrete_quantile),
    (exp.Mode, _mode),
]
