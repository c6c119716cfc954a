"""``cdp source``: the source contracts, whether files keep them, new ones from a sample, and what stands in columns."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cdp_pipeline.cli._common import Subparsers, UsageError, add_home, add_json, home_of, print_json, table

if TYPE_CHECKING:
    from cdp_pipeline.sources.contract import SourceContract


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
    validate.add_argument("--sample", type=Path, metavar="FILE", help="read this file by the contract; nothing is kept")
    validate.add_argument("--object", metavar="OBJ", help="object of the sample, where the contract has several")
    add_home(validate)
    add_json(validate)
    validate.set_defaults(run=_validate)
    new = actions.add_parser("new", help="write a contract and dbt models from a sample file")
    new.add_argument("name", metavar="NAME")
    new.add_argument(
        "--from", dest="sample", type=Path, required=True, metavar="FILE", help="JSON, JSONL, CSV, Parquet"
    )
    new.add_argument("--object", metavar="OBJ", help="name of the object (default: the file's)")
    new.add_argument("--out", type=Path, metavar="DIR", help="checkout to write into (default: this one)")
    new.add_argument("--region", metavar="CC", help="country of phone numbers without a country code")
    new.add_argument("--timezone", metavar="ZONE", help="of times without an offset")
    new.add_argument("--channel", metavar="CHANNEL", help="channel of its interactions")
    new.add_argument("--touchpoint", metavar="NAME", help="a touchpoint of seeds/touchpoints.csv instead of a new one")
    add_json(new)
    new.set_defaults(run=_new)
    profile = actions.add_parser("profile", help="fill rates, distinct values, shapes; never a person's values")
    profile.add_argument("what", metavar="SOURCE/OBJECT|FILE")
    add_home(profile)
    add_json(profile)
    profile.set_defaults(run=_profile)


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
    if arguments.sample is not None and arguments.contract is None:
        raise UsageError("--sample needs the contract to read it by: cdp source validate CONTRACT.yml --sample FILE")
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
    if arguments.sample is not None:
        return _try(next(iter(contracts.values())), arguments)
    objects = sum(len(contract.objects) for contract in contracts.values())
    if arguments.json:
        print_json({"sources": len(contracts), "objects": objects, "unclaimed": strays})
    else:
        print(f"{len(contracts)} contracts with {objects} objects are valid")
        for line in strays:
            print(f"  {line}")
    return 2 if strays else 0


def _try(contract: SourceContract, arguments: argparse.Namespace) -> int:
    from cdp_pipeline.sources.drift import shown_name
    from cdp_pipeline.sources.trial import dry_read

    if not arguments.sample.is_file():
        raise UsageError(f"{arguments.sample}: no such file")
    if arguments.object is None and len(contract.objects) > 1:
        raise UsageError(f"name the sample's object with --object: {', '.join(contract.objects)}")
    name = arguments.object or next(iter(contract.objects))
    if name not in contract.objects:
        raise UsageError(f"no object '{name}' in {contract.source}: {', '.join(contract.objects)}")
    trial = dry_read(contract.objects[name], arguments.sample)
    if arguments.json:
        print_json(vars(trial))
    elif trial.fault:
        print(f"{arguments.sample.name} cannot be read as {contract.source}/{name}: {trial.fault}")
    else:
        print(
            f"{arguments.sample.name} as {contract.source}/{name}: {trial.good:,} rows good, {trial.refused:,} refused"
        )
        for reason, rows in (trial.reasons or {}).items():
            print(f"  {rows:>8,}  {reason}")
        if trial.never_filled:
            print(f"never filled: {', '.join(trial.never_filled)}")
        if trial.unknown:
            named = ", ".join(f"{shown_name(name)} ({rows:,})" for name, rows in trial.unknown.items())
            print(f"unknown, kept in _extra: {named}")
        if trial.is_over_budget:
            print(f"over the error budget of {contract.objects[name].error_budget:.0%}")
    return 2 if trial.fault or trial.is_over_budget else 0


def _new(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.sources.sample import SampleError
    from cdp_pipeline.sources.scaffold import ROOT, ScaffoldError, new_source

    project = (arguments.out or ROOT).resolve()
    try:
        made = new_source(
            arguments.name,
            arguments.sample,
            obj=arguments.object,
            project=project,
            region=arguments.region,
            timezone=arguments.timezone,
            channel=arguments.channel,
            touchpoint=arguments.touchpoint,
        )
    except (SampleError, ScaffoldError) as error:
        raise UsageError(str(error)) from None
    if arguments.json:
        print_json({**vars(made), "files": [path.relative_to(project) for path in made.files]})
        return 0
    print(f"wrote {made.source}/{made.object}:")
    for path in made.files:
        print(f"  {path.relative_to(project)}")
    print("review (each guess is marked `review:` in the contract):")
    for line in made.review:
        print(f"  {line}")
    print("next:")
    print(f"  cdp source validate {made.contract.relative_to(project)} --sample {arguments.sample}")
    print(f"  drop files into landing/{made.source}/{made.object}/dt=YYYY-MM-DD/, then `cdp run`")
    print("  rank the source in dbt_project/seeds/marts/source_priority.csv; python docs/generate.py; commit")
    return 0


def _profile(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.sources.overlay import contracts_of
    from cdp_pipeline.sources.profile import profile_file, profile_object
    from cdp_pipeline.sources.sample import SampleError

    if Path(arguments.what).is_file():
        try:
            found = profile_file(Path(arguments.what))
        except SampleError as error:
            raise UsageError(str(error)) from None
    else:
        home = home_of(arguments)
        contracts = contracts_of(home)
        source, _, obj = arguments.what.partition("/")
        if source not in contracts or obj not in contracts[source].objects:
            raise UsageError(
                f"'{arguments.what}' is no file and no object: see `cdp source list` (write SOURCE/OBJECT)"
            )
        found = profile_object(home, contracts[source].objects[obj])
    if arguments.json:
        print_json({**vars(found), "columns": [vars(column) for column in found.columns]})
        return 0
    print(f"{arguments.what}: {found.rows:,} rows, {found.refused:,} refused")
    if found.columns:
        columns = ["column", "type", "filled", "distinct", "conforming", "kind", "valid", "least", "greatest", "shapes"]
        print(
            table(
                columns,
                [
                    (
                        c.name,
                        c.type,
                        f"{c.filled:.1%}",
                        c.distinct,
                        f"{c.conforming:.1%}",
                        c.kind,
                        None if c.valid is None else f"{c.valid:.1%}",
                        c.least,
                        c.greatest,
                        "  ".join(f"{shape} {share:.0%}" for shape, share in c.shapes),
                    )
                    for c in found.columns
                ],
            )
        )
    return 0
