"""``cdp source``: the source contracts, and whether landed files keep them."""

from __future__ import annotations

import argparse
from pathlib import Path

from cdp_pipeline.cli._common import Subparsers, UsageError, add_home, add_json, home_of, print_json, table


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    source = commands.add_parser("source", help="source contracts")
    actions = source.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="sources and objects, with what has landed of them")
    add_home(listing)
    add_json(listing)
    listing.set_defaults(run=_list)
    validate = actions.add_parser("validate", help="check contract files; without a file: all of them, and the landing")
    validate.add_argument("contract", nargs="?", type=Path, metavar="CONTRACT.yml")
    add_home(validate)
    add_json(validate)
    validate.set_defaults(run=_validate)


def _list(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.ops import Ops
    from cdp_pipeline.sources.overlay import contracts_of

    home = home_of(arguments, must_exist=False)
    receipts = []
    if home.ops_db.exists():
        with Ops(home.ops_db) as ops:
            receipts = ops.receipts()
    rows = []
    for contract in contracts_of(home).values():
        for obj in contract.objects.values():
            own = [r for r in receipts if (r.source, r.object) == (contract.source, obj.name)]
            rows.append(
                {
                    "source": contract.source,
                    "object": obj.name,
                    "delivery": obj.delivery,
                    "key": ", ".join(obj.key),
                    "files": len(own),
                    "rows": sum(r.loaded for r in own),
                    "quarantined": sum(r.quarantined for r in own),
                    "last_dt": max((r.dt for r in own), default=None),
                }
            )
    if arguments.json:
        print_json(rows)
    else:
        print(table(list(rows[0]), [tuple(row.values()) for row in rows]))
    return 0


def _validate(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.sources.contract import load_contract
    from cdp_pipeline.sources.ingest import unclaimed
    from cdp_pipeline.sources.overlay import contracts_of

    home = home_of(arguments, must_exist=False)
    if arguments.contract is not None:
        if not arguments.contract.is_file():
            raise UsageError(f"{arguments.contract}: no such file")
        stem = arguments.contract.stem
        is_overlay = arguments.contract.resolve().parent == home.contracts.resolve()
        contracts = {stem: contracts_of(home)[stem] if is_overlay else load_contract(arguments.contract)}
        strays: list[str] = []
    else:
        contracts = contracts_of(home)
        strays = unclaimed(home, contracts)
    objects = sum(len(contract.objects) for contract in contracts.values())
    if arguments.json:
        print_json({"sources": len(contracts), "objects": objects, "unclaimed": strays})
    else:
        print(f"{len(contracts)} contracts with {objects} objects are valid")
        for line in strays:
            print(f"  {line}")
    return 2 if strays else 0
