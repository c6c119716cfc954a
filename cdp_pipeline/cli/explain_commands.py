"""``cdp explain``: why two records are one person, or not."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from cdp_pipeline.cli._common import Subparsers
from cdp_pipeline.home import Home


def register(commands: Subparsers) -> None:
    """Add the command to the parser."""
    explain = commands.add_parser(
        "explain",
        help="show why two records are one person, or not",
        description="The most convincing path of edges between two records, with the weight of every field in bits; "
        "for records that are apart, what keeps them apart. Compared values are shown only with --values.",
    )
    explain.add_argument("record_a", metavar="RECORD_A")
    explain.add_argument("record_b", metavar="RECORD_B")
    explain.add_argument("--home", type=Path)
    explain.add_argument("--store", type=Path, help="explain what `cdp resolve --store` decided, instead of the home")
    explain.add_argument("--model", type=Path, help="with --store: the folder given to `cdp resolve --model`")
    explain.add_argument("--html", type=Path, metavar="FILE", help="write the explanation with pictures to FILE")
    explain.add_argument("--values", action="store_true", help="show the compared values (personal data)")
    explain.add_argument("--json", action="store_true")
    explain.set_defaults(run=_explain)


_SIGNS = {"positive": "=", "negative": "≠"}


def _explain(args: argparse.Namespace) -> int:
    from cdp_pipeline.steward import Waiting, waiting
    from identity import explain_folder, explain_store

    waits: list[Waiting] = []
    if args.store:
        result = explain_store(args.store, args.record_a, args.record_b, model=args.model, values=args.values)
    else:
        from cdp_pipeline.identity_rules import load_identity_rules

        home = Home.from_env(args.home)
        result = explain_folder(
            home.identity, home.models, args.record_a, args.record_b, values=args.values,
            rules=load_identity_rules(home),
        )  # fmt: skip
        waits = waiting(home, result.record_id_l, result.record_id_r)
    if args.html:
        from identity.explain_html import as_html
        from identity.html_page import write_html

        write_html(as_html(result), args.html, personal=args.values)
    if args.json:
        print(json.dumps(result.as_dict() | {"waiting": [asdict(one) for one in waits]}, ensure_ascii=False))
        return 0
    print(f"{result.headline()}: {args.html}" if args.html else result.as_text())
    for one in waits:
        told = f"{one.record_id_l} {_SIGNS[one.judgement]} {one.record_id_r} ({one.author}, {one.at[:10]})"
        print(f"{'taken back' if one.is_taken_back else 'judged'} since, and waits for the next `cdp run`: {told}")
    return 0
