"""DuckDB's SQL in Spark's words: every difference between the engines that the project's SQL meets, in one place.

SQLGlot knows most of them; the rules are those it does not know, or knows otherwise than DuckDB 2 and Spark 4 behave.
A rule takes one node of DuckDB's syntax tree and returns its replacement: `rules_values` has those of expressions,
`rules_queries` those of queries and aggregates.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlglot
from sqlglot import exp

from cdp_pipeline.spark import rules_queries, rules_values


class TranslationError(ValueError):
    """A query that cannot be said in Spark's SQL."""


# SQLGlot's parser of this function takes no conditions as values; under another name it is a function like any other.
_JSON_OBJECT = re.compile(r"\bjson_object\s*\(", re.IGNORECASE)


def translate(sql: str, prepare: Callable[[exp.Expr], exp.Expr] | None = None) -> str:
    """`sql` for Spark; `prepare` gets DuckDB's syntax tree before the rules. Raises TranslationError."""
    try:
        tree = sqlglot.parse_one(_JSON_OBJECT.sub("cdp_json_object(", sql), read="duckdb")
        return said(prepare(tree) if prepare else tree)
    except sqlglot.errors.SqlglotError as error:
        raise TranslationError(str(error)[:600]) from None


def said(tree: exp.Expr) -> str:
    """Spark's SQL of DuckDB's syntax tree, which is used up. Raises SqlglotError."""
    # from the leaves up: a rule finds what it looks at translated
    for node in reversed(list(tree.walk(bfs=False))):
        done = _replaced(node)  # type: ignore[arg-type]  # walk() gives the base of Expression
        if done is not node:
            tree = done if node is tree else (node.replace(done), tree)[1]
    if not isinstance(tree, exp.Query):
        return tree.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    # In brackets, for SQLGlot would move the CTEs of subqueries to the top, where their names meet; Spark can nest.
    return exp.Paren(this=tree).sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)[1:-1]


def _replaced(node: exp.Expression) -> exp.Expression:
    for kind, rule in (*rules_values.RULES, *rules_queries.RULES):
        if isinstance(node, kind):
            done = rule(node)
            if done is not node:
                return done
    return node
