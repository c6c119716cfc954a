"""What several commands share: the home argument, JSON output, plain tables."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeAlias
from unicodedata import east_asian_width

from cdp_pipeline.home import Home

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class UsageError(Exception):
    """Bad usage or bad input: exit code 2."""


class CommandError(Exception):
    """The command failed and left nothing half-written: exit code 1."""


def add_home(parser: argparse.ArgumentParser) -> None:
    """``--home``: which installation; its paths come from `home_of`."""
    parser.add_argument("--home", metavar="DIR", help="home of the installation (default: CDP_HOME, else ./data/home)")


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``: one JSON document on standard output instead of text."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def home_of(arguments: argparse.Namespace, *, must_exist: bool = True) -> Home:
    """The home a command works on. Raises UsageError where it must exist and does not."""
    home = Home.from_env(arguments.home)
    if must_exist and not home.root.is_dir():
        raise UsageError(f"no home at {home.root}: set CDP_HOME or give --home")
    return home


def day(text: str) -> date:
    """argparse type of a day ``YYYY-MM-DD``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a day YYYY-MM-DD") from None


def at_least_one(text: str) -> int:
    """argparse type of a whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of at least 1")
    return int(text)


def port(text: str) -> int:
    """argparse type of a TCP port, 0 for any free one."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port from 0 to 65535")
    return int(text)


def marts_of(home: Home) -> Path:
    """The published ``marts.duckdb``. Raises CommandError before the first publish."""
    path = home.published / "current" / "marts.duckdb"
    if not path.exists():
        raise CommandError(f"nothing is published under {home.published}: run `cdp run` first")
    return path.resolve()


def print_json(document: object) -> None:
    """One JSON document; dates and paths as text."""
    print(json.dumps(document, indent=2, sort_keys=True, default=str, ensure_ascii=False))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Plain text columns; numbers to the right, the rest to the left."""
    cells = [["" if value is None else _cell(value) for value in row] for row in rows]
    numeric = [all(_is_number(row[i]) for row in cells if row[i]) and bool(cells) for i in range(len(headings))]
    widths = [max([_columns(heading), *(_columns(row[i]) for row in cells)]) for i, heading in enumerate(headings)]
    lines = []
    for row in [list(headings), *cells]:
        parts = [
            " " * (width - _columns(value)) + value if right else value + " " * (width - _columns(value))
            for value, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def _columns(text: str) -> int:
    """Columns of a terminal that a text takes: a Chinese character takes two."""
    return len(text) if text.isascii() else len(text) + sum(east_asian_width(char) in "WF" for char in text)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return str(value)


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").lstrip("-").isdigit()
