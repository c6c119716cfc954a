"""``cdp analytics``: lifetime value and churn, tested on the past."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from cdp_pipeline.cli._common import CommandError, Subparsers, UsageError, add_json, day, print_json

PAGE = Path(__file__).parents[2] / "docs" / "analytics-backtest.md"


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    analytics = commands.add_parser("analytics", help="lifetime value and churn: tested on the past")
    actions = analytics.add_subparsers(title="actions", metavar="ACTION", required=True)
    told = "train on the past before a day, score what followed, and compare with naive forecasts"
    backtest = actions.add_parser("backtest", help=told, description=f"{told[0].upper()}{told[1:]}.")
    source = backtest.add_mutually_exclusive_group()
    source.add_argument(
        "--orders", type=Path, metavar="PARQUET", help="profile_id, ordered_at, net_amount: a row for each order"
    )
    source.add_argument("--real", action="store_true", help="the real Complete Journey baskets (default)")
    backtest.add_argument(
        "--cut",
        type=day,
        metavar="DATE",
        help="first day to score (default: 2017-10-01; with --orders the last quarter)",
    )
    backtest.add_argument("--docs", action="store_true", help="write docs/analytics-backtest.md as well")
    add_json(backtest)
    backtest.set_defaults(run=_backtest)


def _backtest(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.analytics import BacktestError, MissingPurchasesError, OrdersError, backtest, page, real_orders
    from cdp_pipeline.analytics.backtesting import REAL_CUT

    if arguments.docs and not PAGE.parent.is_dir():
        raise CommandError(f"--docs writes into a source checkout, and {PAGE.parent} does not exist")
    try:
        if arguments.orders:
            result = backtest(arguments.orders, arguments.cut)
        else:
            with TemporaryDirectory(prefix="cdp-backtest-") as folder:
                orders = Path(folder) / "orders.parquet"
                real_orders(orders)
                result = backtest(orders, arguments.cut or REAL_CUT, data="the real Complete Journey baskets")
    except MissingPurchasesError as error:
        raise CommandError(str(error)) from None
    except (BacktestError, OrdersError) as error:
        raise UsageError(str(error)) from None
    command = f"cdp analytics backtest {f'--orders {arguments.orders.name}' if arguments.orders else '--real'}"
    text = page(result, f"{command}{f' --cut {arguments.cut}' if arguments.cut else ''} --docs")
    if arguments.docs:
        PAGE.write_text(text, encoding="utf-8")
    if arguments.json:
        print_json(result)
    else:
        print(f"written to {PAGE}" if arguments.docs else text.rstrip())
    return 0
