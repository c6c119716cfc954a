# ruff: noqa: E501  -- SQL reads better unwrapped
"""What the marts cost: time per model, memory, and a day's increment beside the full build, in one command.

usage: python bench/marts/run.py [--profiles N] [--interactions M] [--select SELECTOR] [--scratch DIR] [--out FILE]
    --profiles      live profiles (default 100000)
    --interactions  interactions, of which one in ten is a purchase (default 2000000); orders, lines, campaign touches,
                    tickets and answers follow from it
    --select        dbt selector of what is built (default tag:marts)
    --scratch       where the home goes (default: the system's temporary folder); it is removed afterwards
    --out           write the tables to this Markdown file as well
prints the tables in Markdown. 1M profiles and 20M interactions need about 15 GB of disk.

Core and identity tables are made in DuckDB, without ingest and identity. Five builds by the marts' own dbt call: of an
empty company, and of its next day; of everything; again with nothing new; and of the next day after 1% more
interactions. The empty company is the fixed cost: start-up and some hundred statements. A build counts beyond the
empty one of its own kind (everything, or by change), the increment as a share of the full build. What a build with
nothing new costs beyond that is comparing and what is made whole every day: it is in the increment, too, and is not
taken off. Of the increment the models tagged `moving` are told apart: windows, ages and decays change for everybody
when a day passes. Seconds of models are wall seconds of two threads, processor time is that of the whole dbt process.
Peak memory is that of the largest dbt process; the analytics jobs run in this one and are timed by themselves.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from cdp_pipeline.analytics.step import run_jobs
from cdp_pipeline.home import Home
from cdp_pipeline.scratch import link_core, write_lake
from cdp_pipeline.warehouse import run_dbt

AS_OF = date(2025, 12, 30)
SEEDS = ("path:seeds/marts", "touchpoints", "exchange_rates")
INCREMENT = 0.01
TARGET_GB = 8
TARGET_SHARE = 0.15

# {n} profiles, {m} interactions up to the end of {day}; those from {first} to {m} happen on {day}, the others in the two
# years before {base}. Activity is skewed: a tenth of the profiles make about half of it.
_FACTS = """
CREATE OR REPLACE MACRO rnd(i, salt) AS (hash(i, salt) % 1000003) / 1000003.0;
CREATE OR REPLACE TABLE act AS
SELECT i, CAST(floor(pow(rnd(i, 'who'), 3) * {n}) AS BIGINT) AS p,
  CASE WHEN i < {first} THEN TIMESTAMP '{base}' - to_seconds(CAST(rnd(i, 'when') * 63072000 AS BIGINT))
    ELSE TIMESTAMP '{day}' + to_seconds(CAST(rnd(i, 'when') * 86000 AS BIGINT)) END AS happened_at,
  CAST(rnd(i, 'kind') * 100 AS INT) AS kind, CAST(rnd(i, 'product') * rnd(i, 'shelf') * 5000 AS INT) AS product,
  CAST(rnd(i, 'store') * 50 AS INT) AS store, CAST(rnd(i, 'campaign') * 40 AS INT) AS campaign
FROM range(0, {m}) AS t (i);
"""
_LAKE = {
    "core/customer_records": """
        SELECT 'square_pos:customers:' || i AS record_id, 'square_pos' AS source, 'customers' AS object, i AS native_id,
          'person' AS entity_type, 'Given' || i % 5000 AS given_name, 'Family' || i % 9973 AS family_name,
          i || ' Main Street' AS street, 'Town' || i % 300 AS locality,
          ['OH', 'CA', 'TX', 'NY', 'WA'][1 + i % 5] AS region, 'US' AS country, 'en' AS language, 'US' AS default_region,
          false AS is_guest, TIMESTAMP '2023-01-01' AS created_at, TIMESTAMP '2024-01-01' AS updated_at,
          DATE '2024-01-01' AS delivered_date, false AS is_deleted
        FROM range(0, {n}) AS t (i)""",
    "core/interactions": """
        SELECT 'i' || i AS interaction_id, 'square_pos:customers:' || p AS record_id, 'web_events' AS source,
          CASE WHEN kind < 10 THEN 'store' WHEN kind < 75 THEN 'website' ELSE 'email' END AS channel,
          CASE WHEN kind < 10 THEN 'store_till' WHEN kind < 75 THEN 'web_browsing' ELSE 'email_campaign' END AS touchpoint,
          CASE WHEN kind >= 90 THEN 'outbound' ELSE 'inbound' END AS direction,
          CASE WHEN kind < 10 THEN 'purchase' WHEN kind < 40 THEN 'page_viewed' WHEN kind < 68 THEN 'product_viewed'
            WHEN kind < 75 THEN 'product_added' WHEN kind < 90 THEN 'email_opened' ELSE 'email_sent' END AS interaction_type,
          happened_at AS occurred_at, CASE WHEN kind < 10 THEN 20 + product % 30 END AS amount, 'USD' AS currency,
          CASE WHEN kind BETWEEN 40 AND 74 THEN 'sku' || product END AS product_id,
          CASE WHEN kind >= 75 THEN 'c' || campaign END AS campaign_id,
          CASE WHEN kind BETWEEN 10 AND 74 THEN '{{"device_type":"' || ['mobile', 'desktop'][1 + i % 2] || '"}}' ELSE '{{}}' END
            AS properties
        FROM act""",
    "core/orders": """
        SELECT 'o' || i AS order_id, 'square_pos' AS source, 'square_pos:customers:' || p AS record_id, 'store' AS channel,
          'store_till' AS touchpoint, 's' || store AS store_id, happened_at AS ordered_at, 'completed' AS status, 'USD' AS currency,
          22 + product % 30 AS gross_amount, 2 AS discount_amount, 0 AS tax_amount, 20 + product % 30 AS net_amount,
          0 AS refunded_amount, 20 + product % 30 AS net_amount_reporting,
          CASE WHEN product % 20 = 0 THEN 'c' || campaign || '-' || product % 100 END AS coupon_code
        FROM act WHERE kind < 10""",
    "core/order_lines": """
        SELECT 'o' || i AS order_id, line AS line_no, 'sku' || CAST(rnd(i * 3 + line, 'a') * rnd(i * 3 + line, 'b') * 5000 AS INT)
            AS product_id, 1 AS quantity, 10 AS unit_price_amount, line % 2 AS discount_amount,
          (20 + product % 30) / 3.0 AS net_amount, 'USD' AS currency
        FROM act CROSS JOIN range(0, 3) AS lines (line) WHERE kind < 10""",
    "core/products": """
        SELECT 'sku' || i AS product_id, 'Product ' || i AS name, 'brand' || i % 80 AS brand, 'category' || i % 200 AS category,
          'department' || i % 12 AS department, 5 + i % 40 AS price_amount, 'USD' AS currency
        FROM range(0, 5000) AS t (i)""",
    "core/campaign_touches": """
        SELECT 't' || i AS touch_id, 'klaviyo' AS source, 'square_pos:customers:' || p AS record_id, 'c' || campaign AS campaign_id,
          'Campaign ' || campaign AS campaign_name, CASE WHEN campaign % 4 = 0 THEN 'sms' ELSE 'email' END AS channel,
          CASE WHEN campaign % 4 = 0 THEN 'marketing_sms' ELSE 'marketing_email' END AS touchpoint,
          CASE WHEN kind >= 90 THEN 'sent' WHEN kind >= 79 THEN 'opened' ELSE 'clicked' END AS touch_type, happened_at AS occurred_at
        FROM act WHERE kind >= 75""",
    "core/tickets": """
        SELECT 'k' || i AS ticket_id, 'zendesk' AS source, 'square_pos:customers:' || p AS record_id, 'email' AS channel,
          'ticket_email' AS touchpoint, 'Question' AS subject, 'question' AS ticket_type, 'normal' AS priority,
          'solved' AS status, happened_at AS created_at, happened_at + INTERVAL 5 HOUR AS solved_at, 60 AS first_reply_minutes,
          300 AS resolution_minutes, i % 9 // 8 AS reopens, 2 AS replies, false AS is_deleted
        FROM act WHERE kind = 11 AND i % 2 = 0""",
    "core/feedback": """
        SELECT 'f' || i AS feedback_id, 'delighted' AS source, 'square_pos:customers:' || p AS record_id, 'survey' AS channel,
          'nps_survey' AS touchpoint, 'nps' AS feedback_type, product % 11 AS score, 0 AS score_min, 10 AS score_max,
          CASE WHEN i % 4 = 0 THEN 'Delivery was late and the staff friendly' END AS comment, happened_at AS occurred_at
        FROM act WHERE kind = 12 AND i % 2 = 0""",
    "core/consents": """
        SELECT 'square_pos:customers:' || i AS record_id, 'marketing' AS purpose, 'email' AS channel,
          CASE WHEN i % 5 = 0 THEN 'denied' ELSE 'granted' END AS state, TIMESTAMP '2024-01-01' AS occurred_at,
          'square_pos' AS source
        FROM range(0, {n}) AS t (i)""",
    "identity/profile_members": """
        SELECT 'square_pos:customers:' || i AS record_id, 'p' || i AS profile_id, DATE '2024-01-01' AS since
        FROM range(0, {n}) AS t (i)""",
    "identity/record_identifiers": """
        SELECT 'square_pos:customers:' || i AS record_id, 'email' AS kind, '' AS namespace, 'u' || i || '@example.com' AS value_raw,
          'u' || i || '@example.com' AS value, true AS is_trusted, TIMESTAMP '2024-01-01' AS first_seen_at,
          TIMESTAMP '2024-01-01' AS last_seen_at
        FROM range(0, {n}) AS t (i)""",
    "identity/households": "SELECT 'h' || i // 2 AS household_id, 'p' || i AS profile_id FROM range(0, {n} // 4) AS t (i)",
}


@dataclass(frozen=True)
class Build:
    """One build: how the marts were made, wall and processor seconds of dbt, wall seconds of the analytics jobs and by
    model, the `moving` ones."""

    mode: str
    seconds: float
    processor: float
    analytics: float
    models: dict[str, float]
    moving: frozenset[str]

    def sum(self, *, moving: bool) -> float:
        """Seconds of the models that are or are not moving."""
        return sum(seconds for model, seconds in self.models.items() if (model in self.moving) == moving)


@dataclass(frozen=True)
class Builds:
    """The five builds, and how many profiles the day's interactions are of."""

    empty: Build
    empty_day: Build
    full: Build
    nothing: Build
    day: Build
    touched: int

    def share(self, cost: Callable[[Build], float]) -> float:
        """The increment as a share of the full build, each beyond the empty build of its kind."""
        return (cost(self.day) - cost(self.empty_day)) / max(cost(self.full) - cost(self.empty), 0.001)


def make(home: Home, profiles: int, interactions: int, day: date, first: int) -> int:
    """Write the lake of a company: `interactions` in all, those from number `first` on at `day`; profiles of these."""
    with tempfile.TemporaryDirectory(dir=home.root.parent) as folder, duckdb.connect(f"{folder}/made.duckdb") as con:
        con.execute("SET threads = 2; SET memory_limit = '4GB'; SET preserve_insertion_order = false")
        con.execute(_FACTS.format(n=profiles, m=interactions, day=day, base=AS_OF, first=first))
        write_lake(home.lake, con, {name: query.format(n=profiles) for name, query in _LAKE.items()})
        ((touched,),) = con.execute("SELECT count(DISTINCT p) FROM act WHERE i >= ?", [first]).fetchall()
    return int(touched)


def build(home: Home, day: date, select: str, *, whole: bool = False) -> Build:
    """Analytics and marts as of `day`, as a run does them (`whole`: as ``cdp run --full``)."""
    started = time.monotonic()
    run_jobs(home.core, home.identity, home.analytics, day)
    analytics = time.monotonic() - started
    started, before = time.monotonic(), processor()
    done = run_dbt("run", select, home, day, full_refresh=whole)
    seconds, used = time.monotonic() - started, processor() - before
    results = json.loads((done.target / "run_results.json").read_text(encoding="utf-8"))["results"]
    nodes = json.loads((done.target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    models = {result["unique_id"].rsplit(".", 1)[1]: float(result["execution_time"]) for result in results}
    moving = frozenset(node["name"] for node in nodes.values() if "moving" in node["tags"])
    return Build(done.refresh.mode, seconds, used, analytics, models, moving)


def processor() -> float:
    """Processor seconds of all child processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_gb() -> float:
    """Peak memory of the largest child process so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def report(profiles: int, interactions: int, builds: Builds, peak: float, own: float) -> str:
    """The tables in Markdown."""
    full, day = builds.full, builds.day
    lines = [
        f"{profiles:,} profiles, {interactions:,} interactions; {os.cpu_count()} cores, Python {platform.python_version()},"
        f" DuckDB {duckdb.__version__}. The day's interactions are of {builds.touched:,} profiles"
        f" ({builds.touched / profiles:.0%}).",
        "",
        "| build | made | marts, s | processor, s | moving models, s | other models, s | analytics, s |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    named = {
        "empty company": builds.empty,
        "empty company, next day": builds.empty_day,
        "everything": full,
        "nothing new": builds.nothing,
        f"a day with {INCREMENT:.0%} more": day,
    }
    for name, one in named.items():
        sums = f"{one.sum(moving=True):.1f} | {one.sum(moving=False):.1f}"
        lines.append(
            f"| {name} | {one.mode} | {one.seconds:.1f} | {one.processor:.1f} | {sums} | {one.analytics:.1f} |"
        )
    lines += [
        "",
        f"Increment beyond the fixed cost: {builds.share(lambda one: one.seconds):.0%} of the full build's wall time,"
        f" {builds.share(lambda one: one.processor):.0%} of its processor time; in seconds of models"
        f" {builds.share(lambda one: one.sum(moving=False)):.0%} (target: at most {TARGET_SHARE:.0%}) of those that only"
        f" data changes, {builds.share(lambda one: one.sum(moving=True)):.0%} of the moving ones. Peak memory: dbt"
        f" {peak:.1f} GB, this process {own:.1f} GB (target: at most {TARGET_GB} GB).",
        "",
        "| model | full build, s | increment, s | empty company's next day, s | moving |",
        "|---|---:|---:|---:|---|",
    ]
    for name, seconds in sorted(full.models.items(), key=lambda item: -item[1]):
        if seconds >= 0.05:
            lines.append(
                f"| {name} | {seconds:.2f} | {day.models.get(name, 0):.2f} | {builds.empty_day.models.get(name, 0):.2f} |"
                f" {'yes' if name in full.moving else ''} |"
            )
    return "\n".join(lines)


def main() -> int:
    """Make, build, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--profiles", type=int, default=100_000)
    parser.add_argument("--interactions", type=int, default=2_000_000)
    parser.add_argument("--select", default="tag:marts")
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.scratch:
        arguments.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cdp-marts-", dir=arguments.scratch) as folder:
        home = Home(Path(folder) / "home")
        with duckdb.connect() as con:
            write_lake(home.lake, con, {})
        link_core(home)
        run_dbt("seed", SEEDS, home, AS_OF)
        next_day = AS_OF + timedelta(days=1)
        empty = build(home, AS_OF, arguments.select)
        empty_day = build(home, next_day, arguments.select)
        make(home, arguments.profiles, arguments.interactions, AS_OF, arguments.interactions)
        # As in an erasure or after a change of code: nothing of the empty build is built upon.
        full = build(home, AS_OF, arguments.select, whole=True)
        nothing = build(home, AS_OF, arguments.select)
        more = int(arguments.interactions * (1 + INCREMENT))
        touched = make(home, arguments.profiles, more, next_day, arguments.interactions)
        day = build(home, next_day, arguments.select)
        peak = peak_gb()
        builds = Builds(empty, empty_day, full, nothing, day, touched)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    text = report(arguments.profiles, arguments.interactions, builds, peak, own)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
