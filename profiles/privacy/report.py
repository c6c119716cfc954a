"""What is known about one person: a page to read and a document for machines, of the same content."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

Row = Mapping[str, object]


@dataclass(frozen=True)
class Section:
    """One part of the report: what it is, in plain words, and its rows (all with the same columns)."""

    name: str
    title: str
    meaning: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class PersonReport:
    """Everything known about one person at one time. `profile_id` is None for records that are in no profile."""

    profile_id: str | None
    as_of: str
    version: str
    sections: Sequence[Section]


def to_json(report: PersonReport) -> str:
    """The report as JSON, dates in ISO 8601."""
    return json.dumps(asdict(report), indent=2, ensure_ascii=False, default=str) + "\n"


def to_html(report: PersonReport) -> str:
    """The report as one HTML page without scripts, styles or references from elsewhere."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        '<meta name="robots" content="noindex"><title>Your data</title>',
        f"<style>{_STYLE}</style></head><body>",
        "<h1>What is stored about you</h1>",
        f"<p>Profile {_text(report.profile_id or 'none')}, as of {_text(report.as_of)}"
        f" (snapshot {_text(report.version)}). Times are UTC.</p>",
        "<nav><ul>",
        *(f'<li><a href="#{_text(s.name)}">{_text(s.title)}</a> ({len(s.rows)})</li>' for s in report.sections),
        "</ul></nav>",
    ]
    for section in report.sections:
        parts += [
            f'<section id="{_text(section.name)}"><h2>{_text(section.title)}</h2>',
            f"<p>{_text(section.meaning)}</p>",
            _table(section.rows),
            "</section>",
        ]
    return "\n".join([*parts, "</body></html>", ""])


def _table(rows: Sequence[Row]) -> str:
    """A table of the columns that hold anything."""
    columns = [c for c in (rows[0] if rows else ()) if any(row.get(c) not in (None, "", [], {}) for row in rows)]
    if not columns:
        return "<p>Nothing.</p>"
    head = "".join(f'<th scope="col">{_text(c.replace("_", " "))}</th>' for c in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_text('' if row.get(c) is None else row[c])}</td>" for c in columns) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _text(value: object) -> str:
    return html.escape(str(value))


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;"
    "vertical-align:top}.wide{overflow-x:auto}h2{margin-top:2rem}"
)
