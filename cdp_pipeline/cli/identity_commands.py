"""``cdp resolve``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser."""
    resolve = commands.add_parser("resolve", help="decide which records of any files are the same person")
    resolve.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="CSV, JSONL or Parquet")
    resolve.add_argument("--roles", required=True, type=Path, help="which column plays which role (YAML)")
    resolve.add_argument("--out", required=True, type=Path, help="result: source, record_id, profile_id")
    resolve.add_argument("--store", type=Path, help="keeps ids and the model between calls")
    resolve.add_argument("--events", type=Path, help="write what happened to profiles")
    resolve.add_argument("--edges", type=Path, help="write the links with their weights")
    resolve.add_argument("--judgements", type=Path, help="people's decisions about pairs (CSV)")
    resolve.add_argument("--deleted", type=Path, help="records that no longer exist (CSV)")
    resolve.add_argument("--model", type=Path, help="folder of a trained model; trained there if empty")
    resolve.add_argument("--threshold", type=_probability, help="probability from which a pair is linked")
    resolve.add_argument("--full", action="store_true", help="recompute every link")
    resolve.add_argument("--json", action="store_true")
    resolve.set_defaults(run=_resolve)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("must be a number between 0 and 1")
    return value


def _resolve(args: argparse.Namespace) -> int:
    from identity import load_roles, resolve_files

    show = not args.json and sys.stderr.isatty()
    done = resolve_files(
        args.inputs, load_roles(args.roles), args.out, store=args.store, events=args.events, edges=args.edges,
        judgements=args.judgements, deleted=args.deleted, model=args.model, threshold=args.threshold, full=args.full,
        progress=lambda step: print(f"  {step}", file=sys.stderr) if show else None,
    )  # fmt: skip
    if args.json:
        print(done.as_json())
    else:
        print(
            f"{done.records} records → {done.profiles} profiles ({done.edges} links, {done.dropped_edges} refused, "
            f"threshold {done.threshold:.3f}, model {done.model_version}) in {args.out}"
        )
    return 0
