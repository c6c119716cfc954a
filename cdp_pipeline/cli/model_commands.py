"""``cdp model``: look at trained matching models, train another, see its effect, accept it, watch for drift."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from cdp_pipeline.cli._common import CommandError, Subparsers, add_home, add_json, home_of, print_json


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    model = commands.add_parser("model", help="trained matching models: list, show, train, diff, accept, drift")
    actions = model.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, function, told in (
        ("list", _list, "every trained version, the current one marked"),
        ("show", _show, "the card of a model: what it learnt, from what, and what stayed at its default"),
        ("train", _train, "train another version on the current records, without accepting it"),
        ("diff", _diff, "what would change if a model were accepted"),
        ("accept", _accept, "make a version the model of the next run"),
        ("drift", _drift, "how far the last run's data has moved from what the model was trained on"),
    ):
        action = actions.add_parser(name, help=told, description=told[0].upper() + told[1:] + ".")
        add_home(action)
        add_json(action)
        action.set_defaults(run=function)
        if name in ("show", "diff"):
            default = "the current one" if name == "show" else "the one trained last that is not accepted"
            action.add_argument("version", nargs="?", metavar="VERSION", help=f"which model (default: {default})")
        if name == "show":
            action.add_argument("--html", type=Path, metavar="FILE", help="write the card with pictures to FILE")
        if name == "train":
            action.add_argument("--seed", type=_seed, default=1, metavar="N", help="of the random pairs (default: 1)")
        if name == "diff":
            action.add_argument("--parameters", action="store_true", help="compare parameters only, link nothing")
        if name == "accept":
            action.add_argument("version", metavar="VERSION")


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > 2**31 - 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to {2**31 - 1}")
    return int(text)


def _progress(arguments: argparse.Namespace) -> Callable[[str], None]:
    def say(step: str) -> None:
        if not arguments.json:
            print(f"  {step}", file=sys.stderr, flush=True)

    return say


def _list(arguments: argparse.Namespace) -> int:
    from identity.model import list_models

    rows = list_models(home_of(arguments, must_exist=False).models)
    if arguments.json:
        print(json.dumps(rows))
        return 0
    for row in rows:
        mark = "*" if row["is_current"] else " "
        print(f"{mark} {row['version']}  threshold {row['threshold']:.3f}  trained on {row['trained_records']} records")
    if not rows:
        print("no model yet: the first `cdp run` trains one")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from identity.html_page import write_html
    from identity.model import load_card, model_home
    from identity.model_card import card_html, card_text

    models = home_of(arguments).models
    card = load_card(model_home(models, arguments.version) if arguments.version else models)
    if arguments.html:
        write_html(card_html(card), arguments.html)
    if arguments.json:
        print_json(card)
    elif arguments.html:
        print(f"card of model {card['version']} in {arguments.html}")
    else:
        print(card_text(card))
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.identity_rules import load_identity_rules
    from identity import list_models, train_model

    home = home_of(arguments)
    trained = train_model(
        home.core,
        home.models,
        seed=arguments.seed,
        rules=load_identity_rules(home),
        progress=_progress(arguments),
    )
    if arguments.json:
        print_json(
            {
                "version": trained.version,
                "threshold": trained.threshold,
                "trained_records": trained.trained_records,
                "seed": arguments.seed,
                "card": str(home.models / trained.version / "card.html"),
            }
        )
        return 0
    if trained.version in [row["version"] for row in list_models(home.models) if row["is_current"]]:
        print(f"trained {trained.version} on {trained.trained_records:,} records: it equals the current model")
        return 0
    print(
        f"trained {trained.version} on {trained.trained_records:,} records, threshold {trained.threshold:.3f}; "
        "nothing changed yet\n"
        f"look at it:   cdp model show {trained.version}\n"
        f"its effect:   cdp model diff {trained.version}\n"
        f"accept it:    cdp model accept {trained.version}"
    )
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.identity_rules import load_identity_rules
    from cdp_pipeline.judgements import as_judgements, live_judgements
    from identity.model_diff import model_diff

    home = home_of(arguments)
    found = model_diff(
        home.core,
        home.models,
        arguments.version,
        identity=home.identity,
        store=home.identity_db,
        judgements=as_judgements(live_judgements(home.ops_db)),
        rules=load_identity_rules(home),
        effect=not arguments.parameters,
        progress=_progress(arguments),
    )
    print(found.as_json() if arguments.json else found.as_text())
    return 0


def _accept(arguments: argparse.Namespace) -> int:
    from identity import accept_model

    accept_model(home_of(arguments).models, arguments.version)
    following = "cdp run --plan"
    if arguments.json:
        print_json({"accepted": arguments.version, "next": following})
    else:
        print(f"model {arguments.version} is used from the next run on; see what that changes first: {following}")
    return 0


def _drift(arguments: argparse.Namespace) -> int:
    from identity.drift import read_drift

    home = home_of(arguments)
    report = read_drift(home.identity)
    if report is None:
        raise CommandError(f"no run in {home.root} has measured drift yet: `cdp run` does")
    print(report.as_json() if arguments.json else report.as_text())
    return 0
