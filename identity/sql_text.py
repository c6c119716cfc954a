"""Texts and paths inside SQL, for the places where the engine takes no parameter."""

from __future__ import annotations

from collections.abc import Iterable


def literal(value: object) -> str:
    """`value` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Texts as a list of SQL literals, sorted."""
    return ", ".join(map(literal, sorted(texts)))
