"""``cdp demo``: sample data into a fresh home, a full run, and what came of it, held against the truth."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from cdp_pipeline.cli import _summary
from cdp_pipeline.cli._common import CommandError, Subparsers, print_json
from cdp_pipeline.home import Home
from cdp_pipeline.inputs import ROOT
from cdp_pipeline.sql_text import literal

if TYPE_CHECKING:
    from identity import Evaluation

SAMPLE = ROOT / "data" / "sample"
YARDSTICK = ROOT / "bench" / "yardstick.py"
# On the committed sample the yardstick takes about 6 s; on the full data it is a matter for `make bench-identity`.
YARDSTICK_MAX_RECORDS = 20_000
REAL_PEOPLE = 6_172
SHOWN = ("given_name", "family_name", "full_name", "native_name", "birth_date", "gender", "email", "phone", "street",
         "locality", "region", "postcode", "country", "language")  # fmt: skip


def register(commands: Subparsers) -> None:
    """Add the command to the parser."""
    demo = commands.add_parser("demo", help="sample data, a full run, and a summary of it")
    demo.add_argument("--home", metavar="DIR", help="home of the demo (default: data/demo, with --real data/demo-real)")
    demo.add_argument("--real", action="store_true", help="the full real purchase data instead of the committed sample")
    demo.add_argument("--show-personal", action="store_true", help="print the (made-up) person unmasked")
    demo.add_argument("--json", action="store_true", help="print JSON")
    demo.set_defaults(run=_demo)


def _demo(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.run import run

    quiet = arguments.json
    home = Home.from_env(arguments.home or ROOT / "data" / ("demo-real" if arguments.real else "demo"))
    truth = _land(home, real=arguments.real, quiet=quiet)
    summary = run(
        home,
        progress=None if quiet else _summary.say,
        progress_fd=None if quiet else _summary.progress_fd(),
    )
    evaluation = _evaluate(home, truth)
    bare = _yardstick(truth)
    if arguments.json:
        print_json({"run": asdict(summary), "evaluation": evaluation.as_dict(), "yardstick": bare})
        return 0
    if summary.changed:
        print(_summary.format_run(summary))
    else:
        print(f"nothing changed since {summary.version} (as of {summary.as_of})")
    print()
    print(_format_accuracy(evaluation, bare))
    print()
    print(_format_person(home, show_personal=arguments.show_personal))
    print()
    print(_where_next(home))
    return 0


def _land(home: Home, *, real: bool, quiet: bool) -> Path:
    """Put the exports into a fresh home; a home that has some keeps them. Returns the folder with the truth."""
    truth = home.root / "truth"
    if home.landing.is_dir() and truth.is_dir():
        return truth
    if home.landing.exists():
        raise CommandError(f"{home.root} holds data of its own: name another folder with --home")
    home.root.mkdir(parents=True, exist_ok=True)
    if real:
        from cdp_pipeline.generate import REAL_HOUSEHOLDS, MissingDataError, generate

        if not quiet:
            _summary.say(f"making exports of {REAL_PEOPLE:,} people from the baskets of {REAL_HOUSEHOLDS:,} households")
        try:
            generate(home.root, profiles=REAL_PEOPLE, households=REAL_HOUSEHOLDS)
        except MissingDataError as error:
            raise CommandError(str(error)) from None
        return truth
    if not (SAMPLE / "landing").is_dir():
        raise CommandError(f"no sample data at {SAMPLE}")
    # The truth last and under its final name at once: a copy that was stopped half-way is not taken for whole.
    with tempfile.TemporaryDirectory(dir=home.root, prefix=".landing-") as scratch:
        copied = Path(shutil.copytree(SAMPLE / "landing", Path(scratch) / "landing"))
        copied.rename(home.landing)
    shutil.copytree(SAMPLE / "truth", truth)
    return truth


def _evaluate(home: Home, truth: Path) -> Evaluation:
    """The published partition against the truth, whose record ids are first hashed as this home hashes them."""
    from cdp_pipeline.generate import hash_truth
    from cdp_pipeline.warehouse import hash_key
    from identity import evaluate_files

    with tempfile.TemporaryDirectory(prefix="cdp-demo-") as scratch:
        hashed, clusters = Path(scratch) / "truth.csv", Path(scratch) / "clusters.parquet"
        hash_truth(truth / "entities.csv", hashed, hash_key(home))
        marts = (home.published / "current" / "marts.duckdb").resolve()
        with duckdb.connect(str(marts), read_only=True) as con:
            con.execute(f"copy (select record_id, profile_id from profiles.profile_members) to {literal(clusters)}")
        return evaluate_files(clusters, hashed)


def _yardstick(truth: Path) -> dict[str, Any] | None:
    """Bare Splink on what the systems show, in a process of its own; None where it is missing or would take long."""
    records = truth / "records.parquet"
    if not (YARDSTICK.exists() and records.exists()):
        return None
    with duckdb.connect() as con:
        ((count,),) = con.execute("select count(*) from read_parquet($path)", {"path": str(records)}).fetchall()
    if count > YARDSTICK_MAX_RECORDS:
        return None
    done = subprocess.run(
        [sys.executable, str(YARDSTICK), str(records)], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        return None
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _format_accuracy(evaluation: Evaluation, bare: dict[str, Any] | None) -> str:
    lines = [
        f"accuracy     precision {evaluation.pairwise_precision:.4f}  recall {evaluation.pairwise_recall:.4f}"
        f"  F1 {evaluation.pairwise_f1:.4f}  (pairwise, {evaluation.records:,} records,"
        f" {evaluation.entities:,} people; B-cubed F1 {evaluation.bcubed_f1:.4f})"
    ]
    if bare:
        lines.append(
            f"bare Splink  precision {bare['precision']:.4f}  recall {bare['recall']:.4f}  F1 {bare['f1']:.4f}"
            f"  (bench/yardstick.py on the same people, {bare['seconds']:.0f} s)"
        )
    return "\n".join(lines)


def _format_person(home: Home, *, show_personal: bool) -> str:
    """The golden record of the profile that most sources know, with the source of each value."""
    from profiles.lookup import show_profile

    snapshot = (home.published / "current").resolve()
    with duckdb.connect(str(snapshot / "marts.duckdb"), read_only=True) as con:
        found = con.execute(
            """
            select profile_id from profiles.profile_members group by profile_id
            order by count(distinct split_part(record_id, ':', 1)) desc, count(*), profile_id limit 1
            """
        ).fetchall()
        if not found:
            return "no profile to show"
        profile_id = str(found[0][0])
    view = show_profile(home.published, profile_id)
    assert view is not None  # noqa: S101 (it was read from the same snapshot)
    lines = [f"one profile  {profile_id}"]
    for attribute in view.attributes:
        if attribute.name in SHOWN and attribute.value is not None:
            value = str(attribute.value) if show_personal else _masked(str(attribute.value))
            origin = "; ".join(
                f"← {row['source']}, {str(row['rule']).replace('_', ' ')}, {row['n_agreeing']} of {row['n_candidates']}"
                for row in attribute.provenance
            )
            lines.append(f"  {attribute.name:<12} {value:<30} {origin}".rstrip())
    lines.append("  records      " + ", ".join(sorted(str(member["record_id"]) for member in view.members)))
    lines.append("  segments     " + (", ".join(sorted(str(row["segment"]) for row in view.segments)) or "none"))
    if not show_personal:
        lines.append("  (masked; --show-personal prints it in clear)")
    return "\n".join(lines)


def _masked(value: str) -> str:
    """First character, then one dot for each further one, up to twelve; a Han name is short, so all of it is hidden."""
    shown = value[:1] if len(value) > 3 else ""
    return shown + "•" * min(len(value) - len(shown), 12)


def _where_next(home: Home) -> str:
    shown = home.root.relative_to(Path.cwd()) if home.root.is_relative_to(Path.cwd()) else home.root
    return "\n".join(
        [
            "where next",
            f"  export CDP_HOME={shown}",
            "  cdp run                      says that nothing changed, in seconds",
            "  cdp segment list             and: cdp segment export champions",
            "  cdp profile show PROFILE-ID  golden record with provenance, in clear",
            "  cdp quarantine list          refused rows with reasons",
            "  cdp dev                      the graph and this run in Dagster",
            f"  SQL: {shown}/published/current/marts.duckdb (schemas profiles, segments, features, insights, quality)",
        ]
    )
