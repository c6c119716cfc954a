"""``cdp privacy``: people's rights over their data, consents, and how long data is kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cdp_pipeline.cli._common import (
    CommandError,
    Subparsers,
    UsageError,
    add_home,
    add_json,
    day,
    home_of,
    print_json,
    table,
)

if TYPE_CHECKING:
    from cdp_pipeline.privacy.store import Erasure

# Going on with an erasure while a run is going on waits for it.
WAIT_SECONDS = 3600.0


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    privacy = commands.add_parser("privacy", help="erase or export a person, record a consent, apply retention rules")
    actions = privacy.add_subparsers(title="actions", metavar="ACTION", required=True)

    erase = actions.add_parser("erase", help="take people out of everything, for good")
    _add_people(erase)
    erase.add_argument("--reason", default="", metavar="TEXT", help="kept with the receipt; no personal data")
    erase.add_argument(
        "--before", type=day, metavar="DATE", help="bind what is dated before this day only (default: until now)"
    )
    erase.add_argument("--dry-run", action="store_true", help="tell what would go, and write nothing")
    erase.add_argument("--yes", action="store_true", help="do not ask")
    add_home(erase)
    add_json(erase)
    erase.set_defaults(run=_erase)

    resume = actions.add_parser(
        "resume", help="finish an erasure that was killed (the next run does so as well); waits for a run to end"
    )
    add_home(resume)
    add_json(resume)
    resume.set_defaults(run=_resume)

    again = actions.add_parser("reapply", help="apply later erasures to a home restored from an older backup")
    again.add_argument("state", type=Path, metavar="OPS.SQLITE", help="a later copy of state/ops.sqlite of this home")
    add_home(again)
    add_json(again)
    again.set_defaults(run=_reapply)

    receipts = actions.add_parser("receipts", help="erasures, finished and under way")
    add_home(receipts)
    add_json(receipts)
    receipts.set_defaults(run=_receipts)

    export = actions.add_parser("export", help="everything known about a person, readable and as JSON")
    export.add_argument("wanted", metavar="IDENTIFIER", help="profile, record, or any identifier")
    export.add_argument("--kind", metavar="KIND", help="kind of the identifier, where it could be of several")
    export.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files (mode 0600)")
    add_home(export)
    add_json(export)
    export.set_defaults(run=_export)

    consent = actions.add_parser("consent", help="record what a person allowed or refused; the next run takes it in")
    consent.add_argument("wanted", metavar="IDENTIFIER", help="profile, record, or any identifier")
    consent.add_argument("--kind", metavar="KIND", help="kind of the identifier, where it could be of several")
    consent.add_argument("--purpose", required=True, metavar="PURPOSE", help="marketing, profiling, …")
    consent.add_argument("--channel", default="", metavar="CHANNEL", help="email, sms, … (default: every channel)")
    consent.add_argument("--state", required=True, choices=("granted", "denied"), help="what the person said")
    add_home(consent)
    add_json(consent)
    consent.set_defaults(run=_consent)

    retention = actions.add_parser("retention", help="delete what is older than the rules in privacy.yml allow")
    retention.add_argument("--plan", action="store_true", help="tell what would go, and write nothing")
    add_home(retention)
    add_json(retention)
    retention.set_defaults(run=_retention)


def _add_people(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "wanted", nargs="*", metavar="IDENTIFIER", help="profile, retired id, record, or any identifier"
    )
    parser.add_argument("--file", type=Path, metavar="FILE", help="one identifier a line, - for standard input")
    parser.add_argument("--kind", metavar="KIND", help="kind of the identifiers, where they could be of several")


def _erase(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.privacy.erase import erase, plan_erasure

    home = home_of(arguments)
    wanted = _people(arguments)
    before = _instant(arguments.before) if arguments.before else None
    if arguments.dry_run or not (arguments.yes or arguments.json):
        plan = plan_erasure(home, wanted, kind=arguments.kind, before=before)
        if arguments.dry_run and arguments.json:
            print_json(asdict(plan))
            return 0
        people = f"{len(plan.profile_ids)} profiles" if len(plan.profile_ids) != 1 else f"profile {plan.profile_ids[0]}"
        told = [f"{people} with {plan.records} records"] if plan.profile_ids or plan.records else []
        told += [f"visitors whom nobody knows ({plan.devices} by device id)"] if plan.devices else []
        print(
            f"{' and '.join(told)}: {plan.landed_rows} rows in {plan.landed_files} landed files"
            f" of {', '.join(plan.sources) or 'no source'}"
        )
        print(table(["table", "rows"], sorted(plan.core.items())))
        if arguments.dry_run:
            return 0
        if not sys.stdin.isatty():
            raise UsageError("erasing cannot be undone: add --yes to go ahead without being asked")
        if input("erase for good? Type yes: ").strip() != "yes":
            raise CommandError("nothing was erased")
    receipts = erase(home, wanted, kind=arguments.kind, reason=arguments.reason, before=before, say=_say(arguments))
    return _print_receipts(arguments, receipts)


def _resume(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.lock import RunInProgress, run_lock
    from cdp_pipeline.privacy.erase import finish_erasures

    home, say = home_of(arguments), _say(arguments)
    with ExitStack() as held:
        try:
            held.enter_context(run_lock(home.run_lock))
        except RunInProgress as busy:
            # it may well be about to finish the erasure itself
            say(f"{busy}: waiting for its end")
            held.enter_context(run_lock(home.run_lock, wait_seconds=WAIT_SECONDS))
        receipts = finish_erasures(home, say=say)
    if not receipts and not arguments.json:
        print("no erasure is under way")
        return 0
    return _print_receipts(arguments, receipts)


def _reapply(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.privacy.erase import reapply

    receipts = reapply(home_of(arguments), arguments.state, say=_say(arguments))
    if not receipts and not arguments.json:
        print("this home knows of all these erasures")
        return 0
    return _print_receipts(arguments, receipts)


def _receipts(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.privacy.store import erasures

    return _print_receipts(arguments, erasures(home_of(arguments)))


def _print_receipts(arguments: argparse.Namespace, receipts: list[Erasure]) -> int:
    if arguments.json:
        print_json([asdict(r) for r in receipts])
        return 0
    if not receipts:
        print("nobody was erased")
        return 0
    rows = [
        (
            r.erasure_id, r.requested_at[:19], r.finished_at[:19] if r.finished_at else "under way", len(r.profile_ids),
            r.counts.get("records", 0), r.counts.get("rows", 0), r.counts.get("landing_files", 0),
        )
        for r in receipts
    ]  # fmt: skip
    headings = ["receipt", "requested", "finished", "profiles", "records", "landed rows", "landed files"]
    print(table(headings, rows))
    for receipt in receipts:
        for name in sorted(receipt.counts):
            if name.startswith("pass_on:"):
                print(f"{receipt.erasure_id}: pass the request on to the receiver of {name.removeprefix('pass_on:')}")
            elif name.startswith("copy:") and Path(name.removeprefix("copy:")).is_dir():
                print(f"{receipt.erasure_id}: delete the copy made with --out: {name.removeprefix('copy:')}")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.privacy.export import export_person

    files = export_person(home_of(arguments), arguments.wanted, arguments.out, kind=arguments.kind)
    if arguments.json:
        print_json({"files": [str(f) for f in files]})
    else:
        print("\n".join(str(f) for f in files))
    return 0


def _consent(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.privacy.consents import record_consent

    change = record_consent(
        home_of(arguments), arguments.wanted, purpose=arguments.purpose, channel=arguments.channel,
        state=arguments.state, kind=arguments.kind,
    )  # fmt: skip
    if arguments.json:
        print_json({"profile_id": change.profile_id, "records": change.records, "state": arguments.state})
    else:
        where = arguments.channel or "every channel"
        print(f"{arguments.purpose} over {where}: {arguments.state} for {change.profile_id}; the next run takes it in")
    return 0


def _retention(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.privacy.retention import apply_retention

    done = apply_retention(home_of(arguments), plan=arguments.plan)
    if arguments.json:
        print_json([asdict(d) for d in done])
    elif not done:
        print("no rules: write privacy.yml into the home (docs/privacy.md)")
    else:
        headings = ["what", "older than", "files", "rows"]
        print(table(headings, [(d.what, d.before or "", d.files, d.rows) for d in done]))
    return 0


def _people(arguments: argparse.Namespace) -> list[str]:
    wanted = list(arguments.wanted)
    if arguments.file:
        if str(arguments.file) == "-":
            text = sys.stdin.read()
        elif arguments.file.is_file():
            text = arguments.file.read_text(encoding="utf-8-sig")
        else:
            raise UsageError(f"{arguments.file}: there is no such file")
        wanted += [line.strip() for line in text.splitlines() if line.strip()]
    if not wanted:
        raise UsageError("nobody is named: give identifiers, or --file")
    return wanted


def _instant(before: date) -> datetime:
    from zoneinfo import ZoneInfo

    from cdp_pipeline.settings import Settings

    return datetime(before.year, before.month, before.day, tzinfo=ZoneInfo(Settings.from_env().timezone)).astimezone(
        UTC
    )


def _say(arguments: argparse.Namespace) -> Callable[[str], None]:
    return (lambda line: None) if arguments.json else (lambda line: print(line, file=sys.stderr, flush=True))
