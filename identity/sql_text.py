"""Texts and paths inside SQL, for the places where the engine takes no parameter."""

from __future__ import annotations

import glob
from collections.abc import Iterable


def literal(value: object) -> str:
    """`value` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def file_literal(path: object) -> str:
    """The path of one file as an SQL string literal for a reader, which takes ``*``, ``?`` and ``[`` for a pattern."""
    return literal(glob.escape(str(path)))


def literals(texts: Iterable[str]) -> str:
    """Texts as a list of SQL literals, sorted."""
    return ", ".join(map(literal, sorted(texts)))
