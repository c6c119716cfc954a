"""``cdp resolve``, ``cdp evaluate``, ``cdp explain`` and ``cdp model``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cdp_pipeline.home import Home


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

    evaluate = commands.add_parser("evaluate", help="compare a result with a truth file")
    evaluate.add_argument("--clusters", required=True, type=Path)
    evaluate.add_argument("--truth", required=True, type=Path)
    evaluate.add_argument("--json", action="store_true")
    evaluate.set_defaults(run=_evaluate)

    explain = commands.add_parser("explain", help="show why two records are one person, or not")
    explain.add_argument("record_a", metavar="RECORD_A")
    explain.add_argument("record_b", metavar="RECORD_B")
    explain.add_argument("--home", type=Path)
    explain.add_argument("--store", type=Path, help="explain what `cdp resolve --store` decided, instead of the home")
    explain.add_argument("--json", action="store_true")
    explain.set_defaults(run=_explain)

    model = commands.add_parser("model", help="trained matching models: list, train a new one, accept one")
    model.add_argument("action", choices=["list", "train", "accept"])
    model.add_argument("version", nargs="?", help="which model to accept")
    model.add_argument("--home", type=Path)
    model.add_argument("--json", action="store_true")
    model.set_defaults(run=_model)


def _probability(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("must lie between 0 and 1")
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


def _evaluate(args: argparse.Namespace) -> int:
    from identity import evaluate_files

    result = evaluate_files(args.clusters, args.truth)
    if args.json:
        print(json.dumps(result.as_dict()))
        return 0
    print(
        f"records {result.records} ({result.missing} without a cluster), {result.clusters} clusters, "
        f"{result.entities} entities"
    )
    for name, p, r, f in (
        ("pairwise", result.pairwise_precision, result.pairwise_recall, result.pairwise_f1),
        ("B-cubed", result.bcubed_precision, result.bcubed_recall, result.bcubed_f1),
    ):
        print(f"{name:<9} precision {p:.4f}  recall {r:.4f}  F1 {f:.4f}")
    return 0


def _explain(args: argparse.Namespace) -> int:
    from identity import explain_folder, explain_store

    if args.store:
        result = explain_store(args.store, args.record_a, args.record_b)
    else:
        home = Home.from_env(args.home)
        result = explain_folder(home.identity, home.models, args.record_a, args.record_b)
    print(result.as_json() if args.json else result.as_text())
    return 0


def _model(args: argparse.Namespace) -> int:
    from identity import IdentityInputError, accept_model, list_models, train_model

    home = Home.from_env(args.home)
    if args.action == "accept":
        if not args.version:
            raise IdentityInputError("cdp model accept needs a version; `cdp model list` names them")
        accept_model(home.models, args.version)
    elif args.action == "train":
        trained = train_model(home.core, home.models)
        if not args.json:
            print(f"trained {trained.version}; accept it with: cdp model accept {trained.version}")
            return 0
    rows = list_models(home.models)
    if args.json:
        print(json.dumps(rows))
        return 0
    for row in rows:
        mark = "*" if row["is_current"] else " "
        print(f"{mark} {row['version']}  threshold {row['threshold']:.3f}  trained on {row['trained_records']} records")
    if not rows:
        print("no model yet: the first `cdp run` trains one")
    return 0
