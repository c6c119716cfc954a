"""``cdp quarantine``: rows that were refused, with file, line and reason."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import duckdb

from cdp_pipeline.cli._common import Subparsers, UsageError, add_home, add_json, home_of, print_json, table
from cdp_pipeline.home import Home


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    quarantine = commands.add_parser("quarantine", help="refused rows")
    actions = quarantine.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="refused rows by object, day and reason")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="single rows: file, line, reason; the row itself only on request")
    show.add_argument("object", metavar="SOURCE/OBJECT")
    show.add_argument("--limit", type=int, default=20, metavar="N")
    show.add_argument("--show-personal", action="store_true", help="print the refused rows as they were delivered")
    show.set_defaults(run=_show)
    for action in (listing, show):
        add_home(action)
        add_json(action)


def _list(arguments: argparse.Namespace) -> int:
    rows = _query(
        home_of(arguments),
        "*/*",
        "select source, object, dt, reason, count(*) as rows from refused group by all order by rows desc, 1, 2, 3, 4",
    )
    if arguments.json:
        print_json(rows)
    elif rows:
        print(table(list(rows[0]), [tuple(row.values()) for row in rows]))
    else:
        print("quarantine is empty")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    source, _, obj = arguments.object.partition("/")
    from cdp_pipeline.sources.overlay import contracts_of

    contracts = contracts_of(home)
    if source not in contracts or obj not in contracts[source].objects:
        raise UsageError(f"no object '{arguments.object}': see `cdp source list` (write SOURCE/OBJECT)")
    personal = ", raw" if arguments.show_personal else ""
    rows = _query(
        home,
        f"{source}/{obj}",
        f"select file, line, reason, run_id{personal} from refused order by dt desc, file, line"
        f" limit {arguments.limit:d}",
    )
    if arguments.json:
        print_json(rows)
    elif rows:
        for row in rows:
            print(f"{row['file']}:{row['line']}: {row['reason']}")
            if arguments.show_personal:
                print(f"  {row['raw']}")
    else:
        print(f"nothing of {arguments.object} is in quarantine")
    return 0


def _query(home: Home, objects: str, sql: str) -> Sequence[dict[str, Any]]:
    """Rows of a query over the view ``refused``, narrowed to ``source/object`` (or ``*/*``)."""
    folder = home.lake / "quarantine"
    if next(folder.glob(f"{objects}/dt=*/*.parquet"), None) is None:
        return []
    pattern = str(folder / objects / "dt=*" / "*.parquet").replace("'", "''")
    with duckdb.connect() as con:
        con.execute(
            f"""
            create view refused as select * exclude (filename),
                string_split(filename, '/')[-4] as source, string_split(filename, '/')[-3] as object
            from read_parquet('{pattern}', union_by_name = true, hive_partitioning = false, filename = true)
            """
        )
        relation = con.execute(sql)
        names = [column[0] for column in relation.description]
        return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
