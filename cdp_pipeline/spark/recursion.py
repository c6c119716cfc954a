"""Recursion over aggregates, which Spark does not have: it is evaluated by DuckDB on the driver.

What such a recursion walks is itself an aggregate, a graph of touchpoints with one row an edge, and stays small
whatever the number of records. Spark makes its input, the driver walks, and Spark goes on with the rows. A recursion
without aggregates is left to Spark.
"""

from __future__ import annotations

import hashlib
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from cdp_pipeline.spark.dialect import said


def take_out(tree: exp.Expr, session: Any) -> exp.Expr:
    """`tree` (of DuckDB's SQL) with every recursion over aggregates replaced by its rows, in a view of `session`.

    The recursion may read CTEs before it and nothing else. Raises UnsupportedError where it reads a table.
    """
    for ctes in list(tree.find_all(exp.With)):
        if not ctes.args.get("recursive"):
            continue
        for cte in list(ctes.expressions):
            if is_aggregated(cte):
                view = _walked(ctes, cte, session)
                cte.set("this", exp.select("*").from_(view))
                cte.set("materialized", None)
        ctes.set("recursive", any(_reads(cte, cte.alias) for cte in ctes.expressions))
    return tree


def is_aggregated(cte: exp.CTE) -> bool:
    """Does `cte` read itself in a grouped query?"""
    return any(select.args.get("group") and _reads(select, cte.alias) for select in cte.this.find_all(exp.Select))


def _reads(node: exp.Expression, name: str) -> bool:
    return any(table.name == name and not table.db for table in node.find_all(exp.Table))


def _walked(ctes: exp.With, cte: exp.CTE, session: Any) -> str:
    """The name of a view with the rows of `cte`."""
    before = ctes.expressions[: ctes.expressions.index(cte)]
    known = {other.alias for other in before}
    read = {(table.db, table.name) for table in cte.this.find_all(exp.Table)} - {("", cte.alias)}
    strange = sorted(name for db, name in read if db or name not in known)
    if strange:
        raise sqlglot.errors.UnsupportedError(
            f"the recursion {cte.alias} aggregates and reads {', '.join(strange)}; let it read CTEs before it"
        )
    with duckdb.connect() as con:
        for _, name in sorted(read):
            query = exp.select("*").from_(name)
            query.set("with_", exp.With(expressions=[other.copy() for other in before]))
            con.register(name, session.sql(said(query)).toArrow())
        walk = exp.select("*").from_(cte.alias)
        walk.set("with_", exp.With(expressions=[cte.copy()], recursive=True))
        sql = walk.sql(dialect="duckdb")
        rows = con.sql(sql).to_arrow_table()
    view = f"recursion_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
    session.createDataFrame(rows).createOrReplaceTempView(view)
    return view
