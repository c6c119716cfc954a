"""``cdp segment preview|new|check|compile``: definitions, before and after they are saved."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

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
from cdp_pipeline.segments import (
    PROJECT,
    Preview,
    SegmentError,
    WarehouseBusy,
    check_segments,
    draft,
    locate,
    outdated,
    preview,
    preview_all,
    write_models,
)
from cdp_pipeline.segments import read_segment as read_file

OVERLAPS_SHOWN = 10


def register(actions: Subparsers) -> None:
    """Add the actions to ``cdp segment``."""
    look = actions.add_parser("preview", help="size and overlap of a definition, before it is saved")
    look.add_argument("definition", metavar="FILE|NAME", help="a segment's YAML, or the name of a declared one")
    look.set_defaults(run=_preview)
    new = actions.add_parser("new", help="first draft of a segment")
    new.add_argument("name", metavar="NAME")
    new.add_argument("--from", dest="source", metavar="SEGMENT|FILE", help="copy that one (default: a page of terms)")
    new.add_argument("--out", type=Path, metavar="FILE", help="default: dbt_project/segments/<NAME>.yml")
    new.set_defaults(run=_new)
    check = actions.add_parser("check", help="validate all definitions, and their sizes where something is published")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="also a file that is not saved there yet")
    check.add_argument("--strict", action="store_true", help="warnings are errors")
    check.set_defaults(run=_check)
    build = actions.add_parser("compile", help="write the dbt models of all definitions")
    build.add_argument("--check", action="store_true", help="write nothing, exit 1 where a model is out of date")
    build.set_defaults(run=_compile)
    for action in (look, new, check, build):
        action.add_argument("--project", type=Path, default=PROJECT, metavar="DIR", help="dbt project")
    for action in (look, check):
        add_home(action)
        add_json(action)


def _preview(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    try:
        path = locate(arguments.definition, arguments.project)
        name = read_file(path).name
        segments, problems = check_segments(arguments.project, extra=path)
        if name not in {segment.name for segment in segments}:
            raise UsageError(next((p for p in problems if p.startswith((f"{name}.yml", path.name))), problems[0]))
        found = preview(name, segments, marts=marts_of(home), warehouse=home.warehouse_db)
    except SegmentError as error:
        raise UsageError(str(error)) from None
    except WarehouseBusy as error:
        raise CommandError(str(error)) from None
    errors, warnings = found.problems()
    if arguments.json:
        print_json({**asdict(found), "share": found.share, "change": found.change, "problems": errors + warnings})
    else:
        print(_text(found))
        for line in warnings:
            print(f"warning: {line}", file=sys.stderr)
    if errors:
        raise UsageError(errors[0])
    return 0


def _text(found: Preview) -> str:
    lines = [
        f"{found.segment}, definition {found.definition_version}, as of {found.as_of}",
        f"members     {found.members:,} of {found.profiles:,} profiles ({found.share:.1%})",
    ]
    if found.published_members is None:
        lines.append("published   not yet")
    else:
        change = "" if found.change is None else f", {found.change:+.1%}"
        same = "same definition" if found.published_version == found.definition_version else "another definition"
        lines.append(f"published   {found.published_members:,} ({same}{change})")
    if found.reachable:
        listed = ", ".join(f"{channel} {count:,}" for channel, count in found.reachable.items())
        lines.append(f"reachable   with consent for marketing: {listed}")
    shared = [o for o in found.overlaps if o.members_both]
    if shared:
        rows = [(o.segment, o.members_both, f"{o.share:.1%}", f"{o.jaccard:.3f}") for o in shared[:OVERLAPS_SHOWN]]
        lines += ["", table(["overlap with", "both", "of these", "jaccard"], rows)]
        rest = len(found.overlaps) - len(rows)
        lines.append(f"and {rest} other segments (--json lists all)" if rest else "")
    return "\n".join(lines).rstrip()


def _new(arguments: argparse.Namespace) -> int:
    try:
        text = draft(arguments.name, source=arguments.source, project=arguments.project)
    except SegmentError as error:
        raise UsageError(str(error)) from None
    target = arguments.out or arguments.project / "segments" / f"{arguments.name}.yml"
    if target.exists():
        raise UsageError(f"{target}: exists already")
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent}: no such folder")
    target.write_text(text, encoding="utf-8")
    print(f"written: {target}")
    print(f"next: edit it, `cdp segment preview {target}`, and where it is saved `cdp segment compile`")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    try:
        segments, errors = check_segments(arguments.project, extra=arguments.file)
    except SegmentError as error:
        raise UsageError(str(error)) from None
    warnings: list[str] = []
    sizes: dict[str, int] = {}
    if not errors and arguments.file is None and outdated(arguments.project):
        warnings.append("the dbt models are out of date: run `cdp segment compile`")
    home = Home.from_env(arguments.home)
    if not (home.published / "current" / "marts.duckdb").exists():
        warnings.append("nothing is published: sizes are not checked")
    elif segments:
        try:
            names = [segment.name for segment in segments]
            previews = preview_all(names, segments, marts=marts_of(home), warehouse=home.warehouse_db)
        except (WarehouseBusy, SegmentError) as error:
            warnings.append(f"sizes are not checked: {error}")
        else:
            sizes = {one.segment: one.members for one in previews}
            for one in previews:
                wrong, doubtful = one.problems()
                errors += wrong
                warnings += doubtful
    if arguments.json:
        print_json({"segments": len(segments), "sizes": sizes, "errors": errors, "warnings": warnings})
    else:
        for line in warnings:
            print(f"warning: {line}", file=sys.stderr)
        for line in errors[:-1]:
            print(line, file=sys.stderr)
        print(f"{len(segments)} segments are valid, {len(errors)} errors, {len(warnings)} warnings")
    if errors:
        raise UsageError(errors[-1])
    if warnings and arguments.strict:
        raise UsageError(f"{len(warnings)} warnings, and --strict takes them for errors")
    return 0


def _compile(arguments: argparse.Namespace) -> int:
    try:
        paths = list(outdated(arguments.project)) if arguments.check else write_models(arguments.project)
    except SegmentError as error:
        raise UsageError(str(error)) from None
    for path in paths:
        print(f"{'out of date' if arguments.check else 'written'}: {path.relative_to(arguments.project)}")
    if not paths:
        print("the dbt models are those of the definitions")
    return 1 if arguments.check and paths else 0
