"""Pieces of syntax trees that the rules of Spark's dialect are made of."""

from __future__ import annotations

from typing import Any

from sqlglot import exp


def call(name: str, *args: Any) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=[a if isinstance(a, exp.Expression) else exp.convert(a) for a in args])


def is_call(node: Any, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == name


# an instant, in words of Spark that SQLGlot does not know
INSTANT = exp.DataType.build("timestamp_ltz", udt=True)


def cast(node: exp.Expression, kind: str) -> exp.Expression:
    to = INSTANT.copy() if kind == "timestamp_ltz" else exp.DataType.build(kind, dialect="spark")
    return exp.Cast(this=node, to=to)
