"""``cdp evaluate``: how right a result is against a truth file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from cdp_pipeline.cli._common import Subparsers, UsageError, table
from cdp_pipeline.home import Home

if TYPE_CHECKING:
    from identity.evaluate import Evaluation
    from identity.evaluate_evidence import Evidence

# Errors shown in a report; the rest is for the CSV.
_EXAMPLES = 50


def register(commands: Subparsers) -> None:
    """Add the command to the parser."""
    evaluate = commands.add_parser(
        "evaluate",
        help="compare a result with a truth file",
        description="Pairwise, B-cubed and cluster measures with 95%% intervals; by pair of sources; by threshold; by "
        "kind of fault. Faults are explained from a store, a home, or the input files.",
    )
    evaluate.add_argument("--clusters", required=True, type=Path, help="record_id, profile_id [, source]")
    evaluate.add_argument("--truth", required=True, type=Path, help="[source,] record_id, entity_id [, household_id]")
    evaluate.add_argument("--json", action="store_true")
    evaluate.add_argument("--by-source", action="store_true", help="measures for every pair of sources")
    evaluate.add_argument(
        "--edges", type=Path, metavar="FILE", help="what `cdp resolve --edges` wrote: measures by threshold"
    )
    evaluate.add_argument("--store", type=Path, help="explain faults from this store of `cdp resolve`")
    evaluate.add_argument("--home", type=Path, help="explain faults from the last run of this home")
    evaluate.add_argument(
        "--records", type=Path, nargs="+", metavar="FILE", help="explain faults from the input files (with --roles)"
    )
    evaluate.add_argument("--roles", type=Path, help="which column of --records plays which role (YAML)")
    evaluate.add_argument("--model", type=Path, help="folder of the model, with --records or --store")
    evaluate.add_argument("--errors", type=Path, metavar="FILE", help="write every fault to FILE (CSV), without names")
    evaluate.add_argument("--report", type=Path, metavar="FILE", help="write a report with charts to FILE (HTML)")
    evaluate.set_defaults(run=_evaluate)


def _evaluate(args: argparse.Namespace) -> int:
    from identity import evaluate_files

    evidence = _evidence(args)
    asked = bool(args.report or args.errors or evidence)
    result = evaluate_files(
        args.clusters, args.truth, by_source=args.by_source, edges=args.edges, evidence=evidence, faults=asked,
        errors=args.errors, examples=_EXAMPLES if args.report else 0,
    )  # fmt: skip
    if args.report:
        from identity.evaluate_report import as_report
        from identity.html_page import write_html

        write_html(as_report(result, f"{args.clusters.name} against {args.truth.name}"), args.report)
    if args.json:
        print(json.dumps({name: value for name, value in result.as_dict().items() if name != "examples"}))
        return 0
    print(_text(result))
    return 0


def _evidence(args: argparse.Namespace) -> Evidence | None:
    """Where faults are explained from; None if nothing was named. Raises UsageError for more than one."""
    named = [name for name in ("store", "home", "records") if getattr(args, name)]
    if len(named) > 1:
        raise UsageError(f"cdp evaluate: give --{named[0]} or --{named[1]}, not both")
    if bool(args.roles) != bool(args.records):
        raise UsageError("cdp evaluate: --records and --roles belong together")
    if args.model and not (args.store or args.records):
        raise UsageError("cdp evaluate: --model needs --store or --records")
    if not named:
        return None
    from identity.evaluate_evidence import Evidence

    if args.home:
        from cdp_pipeline.identity_rules import load_identity_rules

        home = Home.from_env(args.home)
        return Evidence(identity=home.identity, models=home.models, rules=load_identity_rules(home))
    return Evidence(store=args.store, models=args.model, records=args.records or (), roles=args.roles)


def _text(result: Evaluation) -> str:
    lines = [
        f"records {result.records} ({result.missing} without a cluster), {result.clusters} clusters, "
        f"{result.entities} entities"
    ]
    for label, name in (("pairwise", "pairwise"), ("B-cubed", "bcubed"), ("cluster", "cluster")):
        p, r, f = (getattr(result, f"{name}_{part}") for part in ("precision", "recall", "f1"))
        low, high = result.intervals.get(f"{name}_f1", (f, f))
        lines.append(f"{label:<9} precision {p:.4f}  recall {r:.4f}  F1 {f:.4f} ({low:.3f}–{high:.3f})")
    lines.append(
        f"{result.merged_clusters} clusters hold several entities, {result.split_entities} entities lie in several "
        "clusters"
    )
    if result.faults:
        rows = [(row["fault"], row["kind"], row["parts"], row["pairs"]) for row in result.faults]
        lines += ["", table(("fault", "kind", "cases", "pairs"), rows)]
    if result.by_source:
        headings = ("source", "source", "pairs", "precision", "recall", "F1")
        parts = ("precision", "recall", "f1")
        rows_by_source = [
            (row["source_l"], row["source_r"], row["pairs_same"], *(f"{row[f'pairwise_{part}']:.4f}" for part in parts))
            for row in result.by_source
        ]
        lines += ["", table(headings, rows_by_source)]
    return "\n".join(lines)
