"""Both engines asked the same: expressions, similarities, and a lake elsewhere. Needs the extra `spark` and Java."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings
from cdp_pipeline.spark import lake
from cdp_pipeline.spark.dialect import translate
from cdp_pipeline.spark.recursion import take_out
from cdp_pipeline.spark.session import build_session
from cdp_pipeline.spark.similarity import FUNCTIONS, register

pytestmark = [
    pytest.mark.skipif(find_spec("pyspark") is None, reason="the extra `spark` is not installed"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    # pyspark 4.3 warns of the pandas that this project is built on
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

# evaluated by DuckDB as they stand, by Spark translated
EXPRESSIONS = (
    "cast(10.5 as decimal(18, 4)) / cast(3 as decimal(18, 4))",
    "coalesce(cast(2.675 as decimal(18, 4)), 0)",
    'json_extract_string(\'{"a": 1.50, "b": null, "c d": {"x": [1, "y"]}}\', \'$."c d".x[1]\')',
    "json_extract_string('{\"b\": null}', '$.b')",
    "json_extract_string('\"abc\"', '$')",
    "cast(json_object('a', 'x', 'b', null, 'c', not true, 'd', timestamp '2024-02-29 10:00:00') as varchar)",
    "cast(json_object('d', timestamp '2024-02-29 10:00:00.250') as varchar)",
    "regexp_matches('王伟 wei', '\\p{Han}')",
    "regexp_replace('a-b-c', '[^a-z]+', '_', 'g')",
    "regexp_extract('order 42 of 99', '([0-9]+) of ([0-9]+)', 2)",
    "regexp_extract('none', '([0-9]+)', 1)",
    "date_diff('minute', timestamp '2024-01-01 00:00:59', timestamp '2024-01-01 00:01:00')",
    "date_diff('day', timestamp '2024-01-01 23:00:00', timestamp '2024-01-02 01:00:00')",
    "isodow(date '2024-03-03')",
    "cast(try_cast('2024-03-10T10:00:00+08:00' as timestamptz) at time zone 'UTC' as timestamp)",
    "timezone('America/New_York', timezone('UTC', timestamp '2024-07-01 12:00:00'))",
    "cast(timezone('Asia/Shanghai', timestamp '2024-07-01 12:00:00') at time zone 'UTC' as timestamp)",
    "make_timestamp(try_cast('1709200000' as bigint) * 1000000)",
    "url_decode('a%20b%26c')",
    "[1, 2][3]",
    "left(sha256(concat_ws('|', 'k', null, 'x')), 24)",
    "timestamp '2024-01-01 00:00:00' + to_minutes(90)",
    "split_part('a,b', ',', 2) || coalesce(nullif(trim(' x '), ''), '-')",
    "greatest(1, null, 3)",
    "(select arg_max(v, row(a, b)) from (values ('x', 1, null), ('y', 1, 9)) as t (v, a, b))",
    "(select arg_max(v, k) from (values ('x', 1), (null, 2)) as t (v, k))",
    "(select arg_min(v, (a, b)) from (values ('x', 1, null), ('y', 1, 9)) as t (v, a, b))",
    "round(cast(158.325 as double), 2)",
    "round(cast(-2.92405 as double), 4)",
    "round(cast(2.345 as decimal(18, 4)), 2)",
    "(select cast(v as decimal(18, 2)) from (values (cast(158.325 as double))) as t (v))",
    "(select cast(v as decimal(18, 2)) from (values (cast(158.325 as decimal(18, 4)))) as t (v))",
    "(select cast(v / 2 as decimal(18, 2)) from (values (cast(32.91 as decimal(18, 2)))) as t (v))",
    "(select try_cast(v as decimal(18, 2)) from (values ('12.345x')) as t (v))",
    "(select avg(v) from (values (cast(1 as decimal(18, 4))), (2), (2)) as t (v))",
    "(select mode(v order by v) from (values ('b'), ('a'), ('b'), ('a'), ('c')) as t (v))",
    "(select cast(quantile_disc(v, 0.5) as double) from (values (1), (2), (3), (9)) as t (v))",
    "(select cast(quantile_disc(v, 0.95) as double) from (values (1), (2), (3), (9)) as t (v))",
    "(select median(v) from (values (1), (2), (3), (9)) as t (v))",
    "'Abc' similar to '[A-Z].*'",
    "regexp_full_match('+15550100', '\\+[0-9]{7,15}')",
    "(select sum(x) from (select * from (values (1), (2), (3)) as t (x) qualify row_number() over (order by x) <= 2))",
    "(select count(*) from (values (1, 2), (3, null)) as t (a, b) where (a, b) in (select (1, 2)))",
    "(select list(v order by v) filter (where v > 9) from (values (1), (2)) as t (v))",
    "(select list(distinct v order by v) from (values (2), (1), (2)) as t (v))",
    "(select string_agg(distinct v, '|' order by v) from (values ('b'), ('a'), ('b')) as t (v))",
)
NAMES = ("jose", "josé", "martha", "marhta", "王杰", "王伟", "dwayne", "duane", "", "a", "anna", "annabelle")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    spark = build_session(Home(tmp_path_factory.mktemp("spark")), Settings(engine="spark", spark_master="local[1]"))
    yield spark
    spark.stop()


def test_expressions_have_the_same_values(session: Any) -> None:
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        [ours] = con.execute(f"select {', '.join(EXPRESSIONS)}").fetchall()
    [theirs] = session.sql(translate(f"select {', '.join(EXPRESSIONS)}")).collect()
    different = [(e, a, b) for e, a, b in zip(EXPRESSIONS, ours, theirs, strict=True) if str(a) != str(b)]
    assert different == []


def test_similarities_are_duckdbs(session: Any) -> None:
    register(session)
    pairs = [(left, right) for left in NAMES for right in NAMES]
    session.createDataFrame(pairs, "l string, r string").createOrReplaceTempView("names")
    listed = ", ".join(f"{name}(l, r)" for name in FUNCTIONS)
    theirs = [tuple(row) for row in session.sql(f"select l, r, {listed} from names").collect()]
    with duckdb.connect() as con:
        con.execute("create table names (l varchar, r varchar)")
        con.executemany("insert into names values (?, ?)", [list(pair) for pair in pairs])
        ours = con.execute(f"select l, r, {', '.join(sql for sql, _ in FUNCTIONS.values())} from names").fetchall()
    assert sorted(theirs, key=str) == sorted(ours, key=str)


def test_a_recursion_over_aggregates_has_the_same_rows(session: Any) -> None:
    # two thirds go from a to b, and all from b back to a or out
    query = """with recursive moves as (
        select * from (values ('a', 'b'), ('a', 'b'), ('a', 'out'), ('b', 'a'), ('b', 'out')) as t (origin, goal)
    ),
    edges as (
        select origin, goal, count(*) / cast(sum(count(*)) over (partition by origin) as double) as share
        from moves group by origin, goal
    ),
    walk as (
        select 'a' as place, cast(1 as double) as probability, 0 as moved
        union all
        select edges.goal, sum(walk.probability * edges.share), walk.moved + 1
        from walk inner join edges on walk.place = edges.origin
        where walk.moved < 4
        group by edges.goal, walk.moved
    )
    select place, moved, probability from walk order by moved, place"""
    with duckdb.connect() as con:
        ours = con.execute(query).fetchall()
    theirs = session.sql(translate(query, lambda tree: take_out(tree, session))).collect()
    assert [tuple(row) for row in theirs] == ours
    assert next(row for row in ours if row[0] == "out") == ("out", 1, pytest.approx(1 / 3))


def test_a_lake_elsewhere_is_filled_and_read_back(session: Any, tmp_path: Path) -> None:
    here, there = tmp_path / "lake", tmp_path / "there"
    (here / "raw" / "s" / "o").mkdir(parents=True)
    (here / "raw" / "s" / "o" / "_empty.parquet").write_bytes(b"raw")
    lake.push(session, here, there.as_uri())
    assert (there / "raw" / "s" / "o" / "_empty.parquet").read_bytes() == b"raw"
    (there / "core" / "orders").mkdir(parents=True)
    (there / "core" / "orders" / "part.parquet").write_bytes(b"core")
    lake.pull(session, here, there.as_uri())
    assert (here / "core" / "orders" / "part.parquet").read_bytes() == b"core"


_FAILED_CAST = """
import sys
from pathlib import Path
from cdp_pipeline.fault_text import told_of_error
from cdp_pipeline.home import Home
from cdp_pipeline.settings import Settings
from cdp_pipeline.spark.session import build_session
spark = build_session(Home(Path(sys.argv[1])), Settings(engine="spark", spark_master="local[1]"))
rows = spark.createDataFrame([("Zyxwv 13898765432",)], "a string")
try:
    rows.selectExpr("cast(a as int) as n").collect()
except Exception as error:
    print(told_of_error(error))
rows.createTempView("people")
try:
    spark.sql("select cast(a as int) as n from people").collect()
except Exception as error:
    print(told_of_error(error))
spark.stop()
"""


def test_spark_itself_prints_no_value(tmp_path: Path) -> None:
    # in a process of its own, as a log is one of a process, Java's included
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FAILED_CAST, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["NumberFormatException: [CAST_INVALID_INPUT]"] * 2
    assert "Zyxwv" not in done.stderr
