"""Texts and paths inside SQL, for the places where DuckDB takes no parameter."""

from __future__ import annotations


def literal(value: object) -> str:
    """`value` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"
