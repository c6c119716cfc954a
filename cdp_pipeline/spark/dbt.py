"""dbt on Spark: ``python -m cdp_pipeline.spark.dbt <arguments of dbt>``, a process of its own for each call.

dbt-spark's session method takes whatever session the process has. Here that is ours, and its cursor translates: a
model's SQL is DuckDB's, and what stands after the mark ``/* cdp:duckdb */`` goes through `dialect.translate`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings, SettingsError
from cdp_pipeline.spark import lake
from cdp_pipeline.spark.dialect import TranslationError, translate
from cdp_pipeline.spark.recursion import take_out
from cdp_pipeline.spark.session import build_session, lake_of
from cdp_pipeline.spark.warehouse import hand_back

MARK = "/* cdp:duckdb */"
_COMMENTS = re.compile(r"\A(\s*/\*.*?\*/|\s*--[^\n]*\n)*\s*", re.DOTALL)
_QUERY = re.compile(r"(select|with)\b|create\s+table\s+\S+\s*\(", re.IGNORECASE)


def spark_statement(sql: str, prepare: Callable[[exp.Expr], exp.Expr] | None = None) -> str:
    """One statement of dbt as Spark reads it: a query, or what follows the mark, translated; all else unchanged.

    `prepare` as of `translate`, for what follows the mark.
    """
    head, mark, query = sql.partition(MARK)
    if mark:
        return f"{head}\n{translate(query, prepare)}"
    bare = sql[_COMMENTS.match(sql).end() :]  # type: ignore[union-attr]  # matches the empty text, too
    # the columns of a seed's table stand in backticks, which DuckDB does not know
    return translate(bare.replace("`", '"')) if _QUERY.match(bare) else sql


def install(spark: Any) -> None:
    """Make the cursor of dbt-spark's session method translate for the session `spark`."""
    from dbt.adapters.spark import session
    from dbt_common.exceptions import DbtRuntimeError

    class TranslatingCursor(session.Cursor):  # type: ignore[misc]  # untyped package
        def execute(self, sql: str, *parameters: Any) -> None:
            try:
                statement = spark_statement(sql, lambda tree: take_out(tree, spark))
            except TranslationError as error:
                raise DbtRuntimeError(str(error)) from None
            super().execute(statement, *parameters)

    session.Cursor = TranslatingCursor


def spark_args(arguments: Sequence[str], lake: str) -> list[str]:
    """Arguments of dbt for DuckDB as those for Spark: its target, and the lake where Spark reads it.

    Everything is made again: what only remakes a part is written for the one file that DuckDB keeps.
    """
    args = list(arguments)
    at = args.index("--vars") + 1
    args[at] = json.dumps(json.loads(args[at]) | {"lake": lake}, sort_keys=True)
    if {"build", "run", "seed"} & set(args) and "--full-refresh" not in args:
        args.append("--full-refresh")
    return [*args, "--target", "spark"]


def main(arguments: Sequence[str]) -> int:
    """Run dbt in this process with the `arguments` of a call for DuckDB, and hand its tables back to the home.

    0 when every node went well, 1 when one failed, 2 when Spark cannot be used here.
    """
    home, settings = Home.from_env(), Settings.from_env()
    try:
        session = build_session(home, settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    from dbt.cli.main import dbtRunner

    where = lake_of(home, settings)
    try:
        install(session)
        if lake.is_apart(home.lake, where):
            lake.push(session, home.lake, where)
        done = dbtRunner().invoke(spark_args(arguments, where))
        if done.success and lake.is_apart(home.lake, where):
            lake.pull(session, home.lake, where)
    finally:
        session.stop()
    if not done.success:
        if done.exception is not None:
            print(f"dbt did not start: {type(done.exception).__name__}", file=sys.stderr)
        return 1
    hand_back(home)
    return 0


def cli() -> int:
    """The command ``cdp-dbt-spark``, which stands in the place of ``dbt``."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
