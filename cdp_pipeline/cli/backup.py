"""``cdp backup``: copies of the home that can be checked and restored."""

from __future__ import annotations

import argparse
from pathlib import Path

from cdp_pipeline.cli._common import (
    CommandError,
    Subparsers,
    UsageError,
    add_home,
    add_json,
    at_least_one,
    home_of,
    print_json,
    table,
)

# A backup that starts while a run is going on waits for it.
WAIT_SECONDS = 3600.0


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    backup = commands.add_parser("backup", help="back up the home, check backups, restore one")
    actions = backup.add_subparsers(title="actions", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="copy what changed since the last backup; waits for a run to end")
    create.add_argument("folder", type=Path, metavar="DIR", help="where the backups lie, best on another disk")
    create.add_argument("--keep", type=at_least_one, metavar="N", help="remove all but the newest N backups afterwards")
    add_home(create)
    add_json(create)
    create.set_defaults(run=_create)
    listing = actions.add_parser("list", help="the backups in a folder")
    listing.add_argument("folder", type=Path, metavar="DIR")
    add_json(listing)
    listing.set_defaults(run=_list)
    verify = actions.add_parser("verify", help="hold every byte of a backup against its checksums")
    verify.add_argument("backup", type=Path, metavar="DIR/NAME")
    verify.set_defaults(run=_verify)
    restore = actions.add_parser("restore", help="make a home from a backup; the home must not exist, or be empty")
    restore.add_argument("backup", type=Path, metavar="DIR/NAME")
    add_home(restore)
    restore.set_defaults(run=_restore)


def _create(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.backup import BackupError, create_backup

    home = home_of(arguments)
    try:
        made = create_backup(home, arguments.folder, keep=arguments.keep, wait_seconds=WAIT_SECONDS)
    except BackupError as error:
        raise UsageError(str(error)) from None
    facts = {
        "backup": str(arguments.folder / made.backup.name),
        "as_of": made.backup.as_of,
        "version": made.backup.version,
        "files": len(made.backup.files),
        "bytes": made.backup.size_bytes,
        "copied_files": made.copied_files,
        "copied_bytes": made.copied_bytes,
        "removed": list(made.removed),
    }
    if arguments.json:
        print_json(facts)
    else:
        print(
            f"{facts['backup']}: {facts['files']:,} files, {made.backup.size_bytes / 1e6:,.1f} MB, of which "
            f"{made.copied_bytes / 1e6:,.1f} MB in {made.copied_files:,} files were new"
        )
        if made.removed:
            print(f"removed: {', '.join(made.removed)}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.backup import list_backups

    backups = list_backups(arguments.folder)
    if arguments.json:
        print_json(
            [
                {"name": b.name, "as_of": b.as_of, "version": b.version, "files": len(b.files), "bytes": b.size_bytes}
                for b in backups
            ]
        )
    elif backups:
        rows = [(b.name, b.as_of, b.version, len(b.files), b.size_bytes / 1e6) for b in backups]
        print(table(["backup", "as_of", "version", "files", "MB"], rows))
    else:
        print(f"no backup in {arguments.folder}")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.backup import BackupError, read_backup, verify_backup

    try:
        backup = read_backup(arguments.backup)
        wrong = verify_backup(arguments.backup)
    except BackupError as error:
        raise UsageError(str(error)) from None
    if wrong:
        raise CommandError(f"{arguments.backup}: {len(wrong)} files are not as they were taken, first {wrong[0]}")
    print(f"{arguments.backup}: {len(backup.files):,} files are as they were taken")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.backup import BackupError, restore_backup

    home = home_of(arguments, must_exist=False)
    try:
        backup = restore_backup(arguments.backup, home)
    except BackupError as error:
        raise UsageError(str(error)) from None
    told = f"readers see {backup.version} (as of {backup.as_of})" if backup.version else "nothing was published yet"
    print(f"{home.root} restored from {backup.name}: {told}; `cdp run` goes on from there")
    return 0
