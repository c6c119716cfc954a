"""``cdp quarantine``: refused rows, judged again after a contract fix or corrected by hand; the report of a run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from cdp_pipeline.cli._common import (
    CommandError,
    Subparsers,
    UsageError,
    add_home,
    add_json,
    at_least_one,
    day,
    home_of,
    print_json,
    table,
)
from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.contract import ObjectContract, SourceContract
from cdp_pipeline.sql_text import literal


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    quarantine = commands.add_parser("quarantine", help="refused rows: list, show, replay, export, report")
    actions = quarantine.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="refused rows by object, day and reason, with age and error budget")
    _add_object(listing, needed=False)
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="single rows: file, line, reason; the row itself only on request")
    _add_object(show, needed=True)
    _add_day(show)
    show.add_argument("--reason", metavar="TEXT", help="only rows with a reason that holds this text")
    show.add_argument("--file", metavar="TEXT", help="only rows of files whose path below landing holds this text")
    show.add_argument("--limit", type=at_least_one, default=20, metavar="N", help="how many (default 20)")
    show.add_argument("--show-personal", action="store_true", help="print the refused rows as they were delivered")
    show.set_defaults(run=_show)
    replay = actions.add_parser("replay", help="judge refused rows again, by the contracts as they are now")
    _add_object(replay, needed=False)
    _add_day(replay)
    replay.add_argument("--reason", metavar="TEXT", help="only files with refused rows whose reason holds this text")
    replay.add_argument("--plan", action="store_true", help="say how many rows would be good now; change nothing")
    replay.set_defaults(run=_replay)
    export = actions.add_parser("export", help="refused rows as a file to correct and deliver again (personal data!)")
    _add_object(export, needed=True)
    _add_day(export)
    export.add_argument("--reason", metavar="TEXT", help="only rows with a reason that holds this text")
    export.add_argument("--out", type=Path, required=True, metavar="F.jsonl", help="file to write (.jsonl or .csv)")
    export.set_defaults(run=_export)
    report = actions.add_parser("report", help="what a run took in: files, rows, reasons, new fields, drift, durations")
    report.add_argument(
        "--run", dest="run_id", metavar="ID", help="the run, or the beginning of its id (default: last)"
    )
    report.set_defaults(run=_report)
    for action in (listing, show, replay, export, report):
        add_home(action)
        add_json(action)


def _add_object(parser: argparse.ArgumentParser, *, needed: bool) -> None:
    parser.add_argument("object", metavar="SOURCE/OBJECT", nargs=None if needed else "?")


def _add_day(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dt", type=day, metavar="DATE", help="only this delivery day")


def _list(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    contracts = _contracts(home)
    source, obj = _names(arguments.object, contracts)
    rows = _listed(home, contracts, source, obj)
    if arguments.json:
        print_json(rows)
    elif rows:
        print(table(list(rows[0]), [tuple(row.values()) for row in rows]))
        if any(row["over_budget"] for row in rows):
            print("\nover_budget: files that refused more rows than their object's error budget allows")
        if any(row["is_outdated"] for row in rows):
            print("\nis_outdated: the contract has changed since: `cdp quarantine replay --plan`")
    else:
        print("quarantine is empty")
    return 0


def _listed(
    home: Home, contracts: dict[str, SourceContract], source: str | None, obj: str | None
) -> list[dict[str, Any]]:
    """One row per object, day and reason. `age_days` counts from the delivery to the newest landed day."""
    from cdp_pipeline.inputs import landed_days
    from cdp_pipeline.sources.correction import corrected

    if not home.ops_db.exists():
        return []
    with Ops(home.ops_db) as ops:
        receipts = ops.receipts(source, obj)
    objects = f"{source or '*'}/{obj or '*'}"
    refused = _query(
        home,
        objects,
        "select source, object, dt, reason, count(*) as rows, list(distinct file) as files from refused group by all",
    )
    repaired = corrected(home, receipts)
    back = (
        _query(
            home,
            objects,
            "select source, object, dt, reason, file, line from refused where list_contains($files, file)",
            {"files": sorted({file for file, _ in repaired})},
        )
        if repaired
        else []
    )
    by_file = {r.file: r for r in receipts}
    newest = max([*landed_days(home), *(row["dt"] for row in refused)], default=None)
    rows = []
    for row in refused:
        name, sub, dt, reason = group = (row["source"], row["object"], row["dt"], row["reason"])
        known = contracts[name].objects.get(sub) if name in contracts else None
        own = [by_file[file] for file in row["files"] if file in by_file]
        came_back = sum(
            (r["source"], r["object"], r["dt"], r["reason"]) == group and (r["file"], r["line"]) in repaired
            for r in back
        )
        rows.append(
            {
                "source": name,
                "object": sub,
                "dt": dt,
                "age_days": (newest - dt).days if newest else 0,
                "reason": reason,
                "rows": row["rows"],
                "corrected": came_back,
                "files": len(row["files"]),
                "refused_share": _percent(sum(r.quarantined for r in own), sum(r.delivered for r in own)),
                "budget": f"{known.error_budget:.0%}" if known else "",
                "over_budget": sum(r.status == "over_budget" for r in own),
                "is_outdated": known is not None and any(r.contract != known.fingerprint for r in own),
            }
        )
    return sorted(rows, key=lambda r: (-r["rows"], r["source"], r["object"], r["dt"], r["reason"]))


def _show(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    contracts = _contracts(home)
    source, obj = _names(arguments.object, contracts)
    personal = ", raw" if arguments.show_personal else ""
    rows = _query(
        home,
        f"{source}/{obj}",
        f"select file, line, reason, reasons, run_id{personal} from refused"
        " where ($reason is null or contains(lower(reasons), lower($reason)))"
        " and ($file is null or contains(file, $file)) and ($dt is null or dt = $dt)"
        f" order by dt desc, file, line limit {arguments.limit:d}",
        {"reason": arguments.reason, "file": arguments.file, "dt": arguments.dt},
    )
    if arguments.json:
        print_json(rows)
    elif rows:
        for row in rows:
            print(f"{row['file']}:{row['line']}: {row['reasons']}")
            if arguments.show_personal:
                print(f"  {row['raw']}")
    else:
        narrowed = any(value is not None for value in (arguments.reason, arguments.file, arguments.dt))
        print(f"nothing of {arguments.object} is in quarantine{' that these options ask for' if narrowed else ''}")
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.lock import run_lock
    from cdp_pipeline.sources.replay import Replayed, replay

    home = home_of(arguments)
    contracts = _contracts(home)
    source, obj = _names(arguments.object, contracts)
    if not home.ops_db.exists():
        raise CommandError(f"nothing was ever taken in at {home.root}: run `cdp run` first")

    def judge() -> list[Replayed]:
        with Ops(home.ops_db) as ops:
            return replay(
                home,
                contracts,
                ops,
                str(uuid4()),
                source=source,
                obj=obj,
                dt=arguments.dt,
                reason=arguments.reason,
                plan=arguments.plan,
            )

    if arguments.plan:
        done = judge()
    else:
        with run_lock(home.run_lock):
            done = judge()
    if arguments.json:
        print_json([{**vars(one), "released": one.released} for one in done])
        return 0
    if not done:
        print("nothing to judge again")
        return 0
    columns = ["file", "refused", "good now", "still refused", "read from", "most often"]
    print(
        table(
            columns,
            [
                (one.file, one.refused, one.released, one.remaining, one.origin, next(iter(one.reasons), ""))
                for one in done
            ],
        )
    )
    for line in dict.fromkeys(f"note: {one.file}: {text}" for one in done for text in (one.lost, one.message) if text):
        print(line)
    released = sum(one.released for one in done)
    if arguments.plan:
        print(f"{released:,} rows would be good now; nothing was changed")
    else:
        print(f"{released:,} rows are good now" + ("; `cdp run` brings them into the tables" if released else ""))
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.sources.correction import HOW_TO_DELIVER, CorrectionError, export_refused

    home = home_of(arguments)
    contracts = _contracts(home)
    source, name = _names(arguments.object, contracts)
    obj: ObjectContract = contracts[str(source)].objects[str(name)]
    chosen: date | None = arguments.dt
    try:
        rows = export_refused(
            home, obj, arguments.out, dt=chosen.isoformat() if chosen else None, reason=arguments.reason
        )
    except CorrectionError as error:
        raise UsageError(str(error)) from None
    if arguments.json:
        print_json({"rows": rows, "out": arguments.out})
    else:
        print(f"{rows:,} refused rows in {arguments.out}, readable by you alone: it holds personal data")
        print(f"{HOW_TO_DELIVER[obj.delivery]}; leave the field _quarantine: it says where each row comes from")
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.sources.run_report import run_reports

    home = home_of(arguments)
    reports = []
    if home.ops_db.exists():
        with Ops(home.ops_db) as ops:
            reports = run_reports(ops.log())
    if arguments.run_id is not None:
        reports = [r for r in reports if r.run_id.startswith(arguments.run_id)]
        if not reports:
            raise UsageError(f"no run '{arguments.run_id}' has taken in a file")
    if not reports:
        raise CommandError(f"no run has taken in a file at {home.root}")
    report = reports[-1]
    if arguments.json:
        print_json(
            {
                "run_id": report.run_id,
                "finished_at": report.finished_at,
                "objects": [vars(one) for one in report.objects],
                "reasons": report.reasons,
            }
        )
        return 0
    print(f"run {report.run_id}, finished {report.finished_at}")
    columns = [
        "object",
        "files",
        "delivered",
        "raw",
        "quarantined",
        "over budget",
        "unreadable",
        "duplicates",
        "seconds",
    ]
    totals = ("files", "delivered", "loaded", "quarantined", "over_budget", "failed", "duplicates")
    rows = [
        (f"{one.source}/{one.object}", *(getattr(one, name) for name in totals), one.seconds) for one in report.objects
    ]
    total = ("all", *(report.total(name) for name in totals), sum(one.seconds for one in report.objects))
    print(table(columns, [*rows, total]))
    for title, lines in (
        ("refused", [f"{count:>8,}  {reason}" for reason, count in report.reasons.items()]),
        ("new in shape", report.news),
        ("needs attention", report.attention),
    ):
        if lines:
            print(f"\n{title}")
            for line in lines:
                print(f"  {line}")
    return 0


def _contracts(home: Home) -> dict[str, SourceContract]:
    from cdp_pipeline.sources.overlay import contracts_of

    return contracts_of(home)


def _names(text: str | None, contracts: dict[str, SourceContract]) -> tuple[str | None, str | None]:
    """Source and object of ``SOURCE/OBJECT``; two times None where none is given. Raises UsageError."""
    if text is None:
        return None, None
    source, _, obj = text.partition("/")
    if source not in contracts or obj not in contracts[source].objects:
        raise UsageError(f"no object '{text}': see `cdp source list` (write SOURCE/OBJECT)")
    return source, obj


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def _query(home: Home, objects: str, sql: str, values: dict[str, Any] | None = None) -> Sequence[dict[str, Any]]:
    """Rows of a query over the view ``refused``, narrowed to ``source/object`` (or ``*/*``)."""
    folder = home.lake / "quarantine"
    if next(folder.glob(f"{objects}/dt=*/*.parquet"), None) is None:
        return []
    pattern = literal(folder / objects / "dt=*" / "*.parquet")
    with duckdb.connect() as con:
        con.execute(
            f"""
            create view refused as select * exclude (filename),
                string_split(filename, '/')[-4] as source, string_split(filename, '/')[-3] as object
            from read_parquet({pattern}, union_by_name = true, hive_partitioning = false, filename = true)
            """
        )
        relation = con.execute(sql, values or {})
        names = [column[0] for column in relation.description]
        return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
