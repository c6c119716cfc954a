"""docs/normalisation.md is run: each row of its tables is what the functions give."""

from __future__ import annotations

import re
from pathlib import Path

from identity.name_verdict import compare_names
from identity.normalise import normalise_email, normalise_identifier, normalise_phone, parse_name
from identity.normalise.identifiers import issuer_problem
from identity.normalise.names import ParsedName

PAGE = Path(__file__).parents[3] / "docs" / "normalisation.md"


def tables() -> dict[str, list[list[str]]]:
    """Rows of each table by its header; code marks are taken off, blanks inside them stay."""
    found: dict[str, list[list[str]]] = {}
    header = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            header = ""
            continue
        cells = [c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not header:
            header = " ".join(cells[1:])
            found[header] = []
        elif not set(line) <= set("|-"):
            found[header].append([c.strip("`") if c.count("`") == 2 else c for c in cells])
    return found


TABLES = tables()


def read(text: str) -> ParsedName:
    given, bar, family = text.partition(" | ")
    return parse_name(given=given, family=family) if bar else parse_name(full=text)


def test_every_table_is_checked() -> None:
    assert {header: len(rows) for header, rows in TABLES.items()} == {
        "as delivered value not trusted because": 16,
        "as delivered region value not trusted because": 16,
        "kind namespace as delivered value not trusted because": 8,
        "as delivered given middle family Han": 28,
        "as delivered readings of the given name readings of the surname": 10,
        "one other verdict": 10,
    }


def test_email() -> None:
    for _, raw, value, reason in TABLES["as delivered value not trusted because"]:
        assert normalise_email(raw) == (value or None, reason or None), raw


def test_phone() -> None:
    for _, raw, region, value, reason in TABLES["as delivered region value not trusted because"]:
        assert normalise_phone(raw, region) == (value or None, reason or None), raw


def test_identifiers() -> None:
    for _, kind, namespace, raw, value, reason in TABLES["kind namespace as delivered value not trusted because"]:
        found, problem = normalise_identifier(raw)
        assert (found, problem or issuer_problem(kind, namespace)) == (value, reason or None), raw


def test_names() -> None:
    for _, raw, given, middle, family, han in TABLES["as delivered given middle family Han"]:
        name = read(raw)
        found = (name.given_name, name.middle_name, name.family_name, name.native_name)
        assert found == (given or None, middle or None, family or None, han or None), raw


def test_readings() -> None:
    for _, raw, given, family in TABLES["as delivered readings of the given name readings of the surname"]:
        name = read(raw)
        expected = tuple(tuple(re.findall("[?a-z]+", cell)) or None for cell in (given, family))
        assert (name.given_readings, name.family_readings) == expected, raw


def test_verdicts() -> None:
    rows = TABLES["one other verdict"]
    found = compare_names([({"full_name": one}, {"full_name": other}) for _, one, other, _ in rows])
    assert found == [verdict for *_, verdict in rows]
