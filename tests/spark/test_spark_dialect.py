"""DuckDB's SQL in Spark's words: what is written on the left must be said on the right. Needs no Spark."""

from __future__ import annotations

import pytest

from cdp_pipeline.spark.dbt import spark_args, spark_statement
from cdp_pipeline.spark.dialect import TranslationError, translate
from cdp_pipeline.spark.recursion import take_out

SAID = {
    # a division is one of doubles, also where both sides are decimals
    "a / b": "CAST(a AS DOUBLE) / b",
    "(a + b) / c / d": "CAST((CAST((a + b) AS DOUBLE) / c) AS DOUBLE) / d",
    # NULL is the greatest of a row in DuckDB, the least in Spark
    "arg_max(x, row(a, b)) filter (where x is not null)": (
        "MAX_BY(x, STRUCT(a IS NULL, a, b IS NULL, b)) FILTER(WHERE NOT x IS NULL)"
    ),
    # a row without the value takes no part
    "arg_min(x, (a, b))": "MIN_BY(x, IF(x IS NULL, NULL, STRUCT(a IS NULL, a, b IS NULL, b)))",
    "arg_max(x, a) filter (where b and x is not null)": "MAX_BY(x, a) FILTER(WHERE b AND NOT x IS NULL)",
    # DuckDB shifts the double and rounds it; a decimal is rounded by its digits
    "round(x, 2)": "(ROUND(CAST(x AS DOUBLE) * 1E2D) / 1E2D)",
    "round(a / b, 6)": "(ROUND((CAST(a AS DOUBLE) / b) * 1E6D) / 1E6D)",
    "round(cast(2.345 as decimal(18, 4)), 2)": "ROUND(CAST(2.345 AS DECIMAL(18, 4)), 2)",
    "cast(a / b as decimal(18, 2))": "CAST((ROUND((CAST(a AS DOUBLE) / b) * 1E2D) / 1E2D) AS DECIMAL(18, 2))",
    "cast(x as decimal(18, 2))": (
        "IF(TYPEOF(x) = 'double', CAST((ROUND(CAST(x AS DOUBLE) * 1E2D) / 1E2D) AS DECIMAL(18, 2)), "
        "CAST(x AS DECIMAL(18, 2)))"
    ),
    "round(x)": "ROUND(x)",
    "avg(x)": "(CAST(SUM(x) AS DOUBLE) / NULLIF(COUNT(x), 0))",
    "avg(x) filter (where y)": "AVG(CAST(x AS DOUBLE)) FILTER(WHERE y)",
    "quantile_disc(x, 0.95)": "PERCENTILE_DISC(0.95) WITHIN GROUP (ORDER BY x)",
    "mode(x order by x)": "MODE(x, TRUE)",
    "a similar to 'x.*'": "a RLIKE '\\\\A(?:x.*)\\\\z'",
    "regexp_full_match(a, 'x|y')": "a RLIKE '\\\\A(?:x|y)\\\\z'",
    "row_number() over (order by a desc)": "ROW_NUMBER() OVER (ORDER BY a DESC)",
    "row_number() over (order by a)": "ROW_NUMBER() OVER (ORDER BY a NULLS LAST)",
    # out of range is NULL, and counting starts at 1
    "x[1]": "GET(x, 0)",
    "m['k'][1]": "GET(TRY_ELEMENT_AT(m, 'k'), 0)",
    "json_extract_string(a, '$.\"x y\".z[0]')": "GET_JSON_OBJECT(a, '$[\\'x y\\'].z[0]')",
    "a ->> 'b'": "GET_JSON_OBJECT(a, '$.b')",
    "json_object('k', not b)": (
        "REGEXP_REPLACE(TO_JSON(NAMED_STRUCT('k', NOT b), MAP('ignoreNullFields', 'false', 'timestampNTZFormat', "
        "'yyyy-MM-dd HH:mm:ss.SSSSSS')), '\"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})"
        "([.][0-9]*[1-9])?[.]?0*\"', "
        "'\"$1$2\"')"
    ),
    "error('gone') is null": "RAISE_ERROR('gone') IS NULL",
    "regexp_matches(a, '\\p{Han}')": "a RLIKE '\\\\p{IsHan}'",
    "regexp_extract(a, 'x')": "REGEXP_EXTRACT(a, 'x', 0)",
    "regexp_replace(a, '(.)y', '\\1$', 'g')": "REGEXP_REPLACE(a, '(.)y', '$1\\\\$')",
    "timezone(z, timezone('UTC', t))": "CONVERT_TIMEZONE('UTC', z, CAST(CAST(t AS TIMESTAMP_LTZ) AS TIMESTAMP_NTZ))",
    "try_cast(t as timestamptz)": "TRY_CAST(t AS TIMESTAMP_LTZ)",
    "cast(t as timestamp)": "CAST(t AS TIMESTAMP_NTZ)",
    # boundaries between the two, not whole minutes
    "date_diff('minute', a, b)": (
        "TIMESTAMPDIFF(MINUTE, DATE_TRUNC('minute', CAST(a AS TIMESTAMP_LTZ)), "
        "DATE_TRUNC('minute', CAST(b AS TIMESTAMP_LTZ)))"
    ),
    "isodow(d)": "(WEEKDAY(d) + 1)",
    "list(a order by b desc) filter (where c)": (
        "NULLIF(TRANSFORM(ARRAY_SORT(COLLECT_LIST(NAMED_STRUCT('k0', b, 'v', a)) FILTER(WHERE c), (l, r) -> case when "
        "l.k0 is null and r.k0 is not null then 1 when r.k0 is null and l.k0 is not null then -1 when l.k0 < r.k0 "
        "then 1 when l.k0 > r.k0 then -1 else 0 end), e -> e.v), ARRAY())"
    ),
    "string_agg(distinct a, '|' order by a) filter (where c)": (
        "NULLIF(ARRAY_JOIN(ARRAY_SORT(COLLECT_SET(a) FILTER(WHERE c)), '|'), '')"
    ),
    "try_strptime(a, ['%d/%m/%Y', '%Y%m%d', '%Y-%m-%dT%H:%M:%SZ'])": (
        "CAST(COALESCE(TRY_TO_TIMESTAMP(a, 'd/M/yyyy'), TRY_TO_TIMESTAMP(a, 'yyyyMMdd'), "
        "TRY_TO_TIMESTAMP(a, 'yyyy-M-d\\'T\\'H:m:s\\'Z\\'')) AS TIMESTAMP_NTZ)"
    ),
    "cast(unnest(generate_series(a, b, interval 1 day)) as date)": (
        "EXPLODE(TRANSFORM(SEQUENCE(a, b, INTERVAL '1' DAY), e -> cast(e as DATE)))"
    ),
    "strlen(a)": "OCTET_LENGTH(a)",
    "list_has_any(a, b)": "ARRAYS_OVERLAP(a, b)",
    "list_has_all(a, b)": "SIZE(ARRAY_EXCEPT(b, a)) = 0",
    "levenshtein(a, b)": "DUCKDB_LEVENSHTEIN(a, b)",
}


@pytest.mark.parametrize("written", SAID)
def test_expression(written: str) -> None:
    assert translate(f"select {written}") == f"SELECT {SAID[written]}"


def test_elements_of_a_json_array_keep_their_json_text_and_place() -> None:
    said = translate(
        "select e.item, e.position from t "
        "cross join unnest(json_extract(t.j, '$[*]')) with ordinality as e (item, position)"
    )
    assert said == (
        "SELECT e.item, e.position FROM t CROSS JOIN LATERAL (SELECT TO_JSON(value) AS item, pos + 1 AS position "
        "FROM VARIANT_EXPLODE(TRY_PARSE_JSON(t.j))) AS e"
    )


def test_tables_of_subqueries_keep_to_themselves() -> None:
    said = translate("select 1 from (with x as (select 1) select * from x) a, (with x as (select 2) select * from x) b")
    assert said == (
        "SELECT 1 FROM (WITH x AS (SELECT 1) SELECT * FROM x) AS a, (WITH x AS (SELECT 2) SELECT * FROM x) AS b"
    )


def test_a_key_is_read_from_its_file_and_not_written_into_sql() -> None:
    said = translate("select (select trim(content) from read_text('/k/hash.key')) as k")
    assert said == "SELECT (SELECT TRIM(content) FROM (SELECT value AS content FROM text.`/k/hash.key`) AS files) AS k"


def test_rows_are_chosen_by_a_window_behind_a_star() -> None:
    said = translate("select t.*, a + 1 as b from t qualify row_number() over (order by b) <= 3")
    assert said == (
        "SELECT * EXCEPT (_is_qualified) FROM (SELECT t.*, a + 1 AS b, ROW_NUMBER() OVER (ORDER BY (a + 1) NULLS LAST) "
        "<= 3 AS _is_qualified FROM t) AS _t WHERE _is_qualified"
    )


def test_rows_are_made_distinct_after_they_were_chosen() -> None:
    said = translate("select distinct a from t qualify rank() over (order by b) = 1")
    assert said == (
        "SELECT DISTINCT * EXCEPT (_is_qualified) FROM (SELECT a, RANK() OVER (ORDER BY b NULLS LAST) = 1 AS "
        "_is_qualified FROM t) AS _t WHERE _is_qualified"
    )


def test_a_replaced_column_of_a_star_moves_to_the_end() -> None:
    assert translate("select * replace (a + 1 as a), b from t") == "SELECT * EXCEPT (a), a + 1 AS a, b FROM t"


def test_a_named_window_keeps_to_itself() -> None:
    said = translate("select lag(v) over (ordered) - v as x from t window ordered as (order by b)")
    assert said == "SELECT (LAG(v) OVER ordered) - v AS x FROM t WINDOW ordered AS (ORDER BY b NULLS LAST)"


def test_rows_are_looked_up_as_columns() -> None:
    said = translate("select 1 from t where (a, b) in (select (c, d) from u)")
    assert said == "SELECT 1 FROM t WHERE (a, b) IN (SELECT c, d FROM u)"


def test_a_recursion_that_aggregates_reads_what_was_made_before_it() -> None:
    query = """with recursive walk as (
        select 1 as n, 'a' as place union all
        select count(*), e.b from walk join edges as e on walk.place = e.a group by e.b
    ) select * from walk"""
    with pytest.raises(TranslationError, match="the recursion walk aggregates and reads edges"):
        translate(query, lambda tree: take_out(tree, session=None))


def test_what_would_be_said_wrongly_is_refused() -> None:
    with pytest.raises(TranslationError, match="first match only"):
        translate("select regexp_replace(a, 'x', 'y')")
    with pytest.raises(TranslationError, match="mode without an order"):
        translate("select mode(a) from t")
    with pytest.raises(TranslationError):
        translate("select from where")


def test_only_queries_and_what_follows_the_mark_are_translated() -> None:
    assert spark_statement("show tables in core") == "show tables in core"
    assert spark_statement("/* {} */ select a / b") == "SELECT CAST(a AS DOUBLE) / b"
    assert spark_statement("create table core.x using parquet as /* cdp:duckdb */ select x[1] from t") == (
        "create table core.x using parquet as \nSELECT GET(x, 0) FROM t"
    )
    assert spark_statement("create table s.x (`code` varchar)") == "CREATE TABLE s.x (`code` STRING)"


def test_arguments_of_a_call_for_duckdb_become_those_for_spark() -> None:
    args = spark_args(["run", "--vars", '{"lake": "/home/lake", "as_of": "2024-01-01"}'], "s3a://bucket/lake")
    assert args == [
        *(
            "run",
            "--vars",
            '{"as_of": "2024-01-01", "lake": "s3a://bucket/lake"}',
            "--full-refresh",
            "--target",
            "spark",
        )
    ]
