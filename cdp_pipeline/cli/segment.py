"""``cdp segment``: segments of the published snapshot; what concerns their definitions is in `segment_authoring`."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.cli import segment_authoring
from cdp_pipeline.cli._common import (
    CommandError,
    Subparsers,
    UsageError,
    add_home,
    add_json,
    home_of,
    marts_of,
    print_json,
    table,
)
from cdp_pipeline.home import Home
from cdp_pipeline.segments import PROJECT
from cdp_pipeline.sql_text import literal

FORMATS = {".csv": "FORMAT csv, HEADER true", ".parquet": "FORMAT parquet, COMPRESSION zstd"}


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    segment = commands.add_parser("segment", help="segments, their sizes and members")
    actions = segment.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all segments with their sizes")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="definition, size and latest changes of one segment")
    show.set_defaults(run=_show)
    export = actions.add_parser("export", help="profile ids of the current members, as CSV or Parquet")
    export.add_argument("--out", type=Path, metavar="FILE", help="default: <home>/exports/<segment>-<version>.csv")
    export.set_defaults(run=_export)
    events = actions.add_parser("events", help="entries and exits after a cursor, oldest first")
    events.add_argument("segment", nargs="?", metavar="SEGMENT", help="of one segment (default: of all)")
    events.add_argument("--after", type=int, default=0, metavar="CURSOR", help="only what came after (default: 0)")
    events.add_argument("--limit", type=int, default=1000, metavar="N", help="at most so many (default: 1000)")
    events.set_defaults(run=_events)
    for action in (show, export):
        action.add_argument("segment", metavar="SEGMENT")
    for action in (listing, show, export, events):
        add_home(action)
        add_json(action)
    segment_authoring.register(actions)


def _list(arguments: argparse.Namespace) -> int:
    rows = _query(
        home_of(arguments),
        """
        select d.segment, count(c.profile_id) as profiles, any_value(d.description) as description
        from segments.definition d left join segments.current c using (segment) group by all order by 2 desc, 1
        """,
    )
    if arguments.json:
        print_json(rows)
    else:
        print(table(["segment", "profiles", "description"], [tuple(row.values()) for row in rows]))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    _known(home, arguments.segment)
    definition = _query(home, "select * from segments.definition where segment = $segment", arguments.segment)[0]
    counts = _query(
        home,
        """
        select
            count(*) filter (exited_at is null) as members,
            count(*) filter (exited_at is not null) as left_ever,
            max(entered_at) as last_entry
        from segments.membership where segment = $segment
        """,
        arguments.segment,
    )[0]
    facts = {**definition, **counts}
    if arguments.json:
        print_json(facts)
    else:
        print("\n".join(f"{name:<20} {value}" for name, value in facts.items() if value is not None))
    return 0


def _export(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    _known(home, arguments.segment)
    marts = marts_of(home)
    target = arguments.out or home.exports / f"{arguments.segment}-{marts.parent.name}.csv"
    style = FORMATS.get(target.suffix)
    if style is None:
        raise UsageError(f"{target.name}: the ending must be one of {', '.join(FORMATS)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with duckdb.connect(str(marts), read_only=True) as con:
        ((rows,),) = con.execute(
            "copy (select profile_id, entered_at from segments.membership"
            f" where segment = $segment and exited_at is null order by profile_id) to {literal(part)} ({style})",
            {"segment": arguments.segment},
        ).fetchall()
    part.replace(target)
    if arguments.json:
        print_json({"segment": arguments.segment, "profiles": rows, "file": target})
    else:
        print(f"{rows:,} profiles of {arguments.segment} in {target}")
    return 0


def _events(arguments: argparse.Namespace) -> int:
    if arguments.after < 0 or arguments.limit < 1:
        raise UsageError("--after must be 0 or more, and --limit 1 or more")
    home = home_of(arguments)
    where = f"cursor > {arguments.after}"
    if arguments.segment is not None:
        _known(home, arguments.segment)
        where += " and segment = $segment"
    rows = _query(
        home, f"select * from segments.events where {where} order by cursor limit {arguments.limit}", arguments.segment
    )
    if arguments.json:
        print_json({"events": rows, "next_cursor": rows[-1]["cursor"] if rows else arguments.after})
    elif rows:
        # The cursor is typed in again, so it is not grouped as other numbers are.
        print(table(list(rows[0]), [(str(row["cursor"]), *list(row.values())[1:]) for row in rows]))
    else:
        print(f"nothing after {arguments.after}")
    return 0


def _known(home: Home, segment: str) -> None:
    names = [str(row["segment"]) for row in _query(home, "select distinct segment from segments.definition order by 1")]
    if segment not in names:
        if (PROJECT / "segments" / f"{segment}.yml").exists():
            raise UsageError(
                f"segment '{segment}' is declared and not published yet:"
                f" `cdp segment preview {segment}` shows its size, `cdp run` publishes it"
            )
        near = difflib.get_close_matches(segment, names, 1)
        hint = f", did you mean '{near[0]}'?" if near else f": one of {', '.join(names)}"
        raise UsageError(f"no segment '{segment}'{hint}")


def _query(home: Home, sql: str, segment: str | None = None) -> Sequence[dict[str, Any]]:
    try:
        with duckdb.connect(str(marts_of(home)), read_only=True) as con:
            relation = con.execute(sql, {"segment": segment} if segment is not None else None)
            names = [column[0] for column in relation.description]
            return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
    except duckdb.CatalogException:
        raise CommandError("the published snapshot is of an earlier version and lacks this: run `cdp run`") from None
    except duckdb.IOException as error:
        raise CommandError(f"the published snapshot cannot be opened ({type(error).__name__})") from None
