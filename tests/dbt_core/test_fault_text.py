"""What is told of errors of DuckDB 2 and dbt: each is provoked with values that stand nowhere else."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline import warehouse
from cdp_pipeline.fault_text import LEFT_OUT, told_of, told_of_error, told_of_start
from cdp_pipeline.home import Home
from cdp_pipeline.marts_refresh import Refresh

# A phone number, a name with quotes and a second line, JSON, a sentence of DuckDB itself, Han, an e-mail address.
PHONE = "13898765432"
VALUES = (
    PHONE,
    f'Quentin O\'Zyxwv "Zed"\nLINE 7: {PHONE}',
    f'{{"phone": "{PHONE}"}}',
    f"{PHONE}' to INT32 when casting from source column zyxwv",
    "欧阳不存在",
    "zyxwv.quentin@mail.example",
)
TOKENS = (PHONE, "zyxwv", "quentin", "zeddy", "欧阳", "mail.example")
CAST = "Conversion Error: Could not convert string ••• to "
FROM_A = " when casting from source column a"
OUT_OF_RANGE = " field value out of range: •••" + FROM_A
TYPE = "Type {} with value ••• can't be cast "
OVER = TYPE.format("INT64") + "because the value is out of range for the destination type INT32"


def silent(told: str) -> bool:
    return not any(token in told.lower() for token in TOKENS)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select a::int from v", f"{CAST}INT32{FROM_A}"),
        ("select a::decimal(5,2) from v", f"{CAST}DECIMAL(5,2){FROM_A}"),
        ("select a::enum('x') from v", f"{CAST}•••{FROM_A}"),
        (
            "select a::struct(x int) from v",
            f"Conversion Error: {TYPE.format('VARCHAR')}to the destination type •••{FROM_A}",
        ),
        (
            "select strptime(a, '%Y-%m-%d') from v",
            "Invalid Input Error: Could not parse string ••• according to format specifier •••",
        ),
        ("select date_trunc(a, date '2020-01-01') from v", "Conversion Error: extract specifier ••• not recognized"),
        ("select regexp_matches('x', a || '(') from v", "Invalid Input Error: missing ): •••"),
        ("select regexp_matches('x', '[' || a) from v", "Invalid Input Error: missing ]: •••"),
        (
            "insert into t values (1, a_value())",
            'Constraint Error: Duplicate key "b: •••" violates primary key constraint',
        ),
        (
            "insert into f values (a_value())",
            'Constraint Error: Violates foreign key constraint because key "b: •••" does not exist in the referenced'
            " table",
        ),
        (
            "insert into c values (a_value())",
            'Constraint Error: CHECK constraint failed on table "c" with expression •••',
        ),
        ("select error(a) from v", f"Invalid Input Error: {LEFT_OUT}"),
        (
            "select zz from (pivot v on a using count(*))",
            'Binder Error: Referenced column "zz" not found in FROM clause! Candidate bindings: •••',
        ),
    ],
)
def test_values_are_never_told(value: str, sql: str, told: str) -> None:
    with duckdb.connect() as con:
        con.execute("create table v as select $1 as a", [value])
        con.execute("create macro a_value() as (select a from v)")
        con.execute("create table t(n int not null, b varchar primary key)")
        con.execute("create table f(b varchar references t(b))")
        con.execute("create table c(b varchar check (b = 'x'))")
        con.execute("insert into t select 1, a from v where starts_with($1, 'insert into t')", [sql])
        with pytest.raises(duckdb.Error) as fault:
            con.execute(sql).fetchall()
    assert not silent(str(fault.value)) or "CHECK" in told, "the text of this error holds no value any more"
    line = told_of(str(fault.value), {"a", "b", "c", "t", "f", "zz"}).partition(" (line ")[0]
    assert line.removesuffix(", •••").removesuffix(", •••") == told
    if "pivot" not in sql:  # which columns are code is known of dbt's nodes alone
        assert silent(told_of_error(fault.value))


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "select nosuch from v",
            'Binder Error: Referenced column "nosuch" not found in FROM clause! Candidate bindings: a (line 1',
        ),
        ("select 1\nfrom nosuch", "Catalog Error: Table with name nosuch does not exist! (line 2"),
        ("select nosuch(a) from v", "Catalog Error: Scalar Function with name nosuch does not exist! (line 1"),
        (
            "select lower(a, 1) from v",
            "Binder Error: No function matches the given name and argument types 'lower(VARCHAR, INTEGER_LITERAL)'"
            " (line 1",
        ),
        ("select a frm v where", 'Parser Error: syntax error at or near "v" (line 1'),
        (
            "select a, count(*) from v",
            'Binder Error: column "a" must appear in the GROUP BY clause or must be part of an aggregate function'
            " (line 1",
        ),
        (
            "select (a || '9')::bigint * 9223372036854775807 from v",
            "Out of Range Error: Overflow in multiplication of INT64 •••",
        ),
        ("select a::bigint::int from v", f"Conversion Error: {OVER} (line 1"),
        ("select a::date from v", f"Conversion Error: date{OUT_OF_RANGE} (line 1"),
        ("select a::timestamptz from v", f"Conversion Error: timestamp{OUT_OF_RANGE} (line 1"),
        (
            "select json_extract(a || 'x', '$.b') from v",
            "Invalid Input Error: Malformed JSON at byte 11 of input: •••",
        ),
        (
            "select json_transform_strict(json_object('x', a), '{\"q\":\"INTEGER\"}') from v",
            'Invalid Input Error: Object ••• does not have key "q"',
        ),
        (
            "select (select a from (select unnest([a, a]) as a from v))",
            "Invalid Input Error: More than one row returned by a subquery used as an expression",
        ),
    ],
)
def test_what_an_engineer_needs_is_told(sql: str, told: str) -> None:
    with duckdb.connect() as con:
        con.execute(f"create table v as select '{PHONE}' as a")
        with pytest.raises(duckdb.Error) as fault:
            con.execute(sql).fetchall()
    assert told_of(str(fault.value)).removesuffix(" of the statement)") == told


@pytest.mark.parametrize(
    ("name", "last", "told"),
    [
        (
            "x.csv",
            f"欧阳,x{PHONE}",
            'Conversion Error: CSV Error on Line: 3 Original Line: ••• Error when converting column "n". Could not'
            " convert string ••• to 'INTEGER' file = {}",
        ),
        ("y.csv", f"欧阳,1,{PHONE}", 'Invalid Input Error: Error when sniffing file "{}"'),
        (
            "x.jsonl",
            f'{{"a": "zyxwv", "n": "x{PHONE}"}}',
            'Invalid Input Error: JSON transform error in file "{}", in line 3: •••',
        ),
        (
            "y.jsonl",
            f'{{"a": "zyxwv {PHONE}", "n":',
            'Invalid Input Error: Malformed JSON in file "{}", at byte 33 in line 4: •••',
        ),
    ],
)
def test_readers_of_files_tell_file_and_line(tmp_path: Path, name: str, last: str, told: str) -> None:
    path = tmp_path / name
    first = "a,n\nAnn,1\n" if name.endswith("csv") else '{"a": "Ann", "n": 1}\n{"a": "Ann", "n": 1}\n'
    path.write_text(f"{first}{last}\n", encoding="utf-8")
    with duckdb.connect() as con, pytest.raises(duckdb.Error) as fault:
        reader = "read_csv" if name.endswith("csv") else "read_json"
        con.execute(f"from {reader}('{path}', columns={{'a': 'varchar', 'n': 'int'}})").fetchall()
    assert told_of(str(fault.value)).partition(" (line ")[0] == told.format(path)


def test_errors_of_others_are_their_class_and_what_is_known(tmp_path: Path) -> None:
    with sqlite3.connect(":memory:") as con:
        con.execute("create table t (a text unique)")
        con.execute("insert into t values (?)", [PHONE])
        with pytest.raises(sqlite3.IntegrityError) as twice:
            con.execute("insert into t values (?)", [PHONE])
    con.close()
    assert told_of_error(twice.value) == "IntegrityError: UNIQUE constraint failed: t.a"
    assert told_of_error(KeyError(PHONE)) == f"KeyError: {LEFT_OUT}"
    assert (
        told_of_error(FileNotFoundError(2, "x", "/lake/raw"))
        == "FileNotFoundError: No such file or directory: /lake/raw"
    )
    spark = f'[CAST_INVALID_INPUT] The value \'{PHONE}\' of the type "STRING" cannot be cast to "INT". SQLSTATE: 22018'
    assert told_of(f"Runtime Error in model m (models/m.sql)\n  {spark}") == "Runtime Error: [CAST_INVALID_INPUT]"


def test_a_value_of_any_length_takes_no_time() -> None:
    value = "' with value ' can't be cast to the destination type INT32 when casting from source column " * 20_000
    told = told_of(f"Conversion Error: Could not convert string '{value}' to DATE when casting from source column a")
    assert told == "Conversion Error: Could not convert string ••• to DATE when casting from source column a"


def test_a_dbt_that_does_not_start_tells_why() -> None:
    broken = "06:19:37  Encountered an error:\nCompilation Error in model m (models/m.sql)\n  'nothing' is undefined"
    assert told_of_start(broken) == "Compilation Error in model m (models/m.sql) 'nothing' is undefined"
    replay = f'Runtime Error\n  Constraint Error: Duplicate key "b: {PHONE}" violates primary key constraint.'
    assert told_of_start(replay) == 'Constraint Error: Duplicate key "b: •••" violates primary key constraint'
    crash = f'Traceback (most recent call last):\n  File "x.py", line 1\nbuiltins.ValueError: of {PHONE}'
    assert told_of_start(crash) == f"ValueError: {LEFT_OUT}"
    assert told_of_start("") == "no output"


PROJECT = {
    "dbt_project.yml": "name: p\nprofile: p\nversion: '1.0.0'\n",
    "profiles.yml": "p: {target: d, outputs: {d: {type: duckdb, path: \"{{ env_var('CDP_WAREHOUSE') }}\"}}}\n",
    "models/people.sql": "{{ config(materialized='table') }} select unnest($$VALUES$$) as a",
    "models/cast.sql": "{{ config(materialized='table') }}\nselect a::int as n from {{ ref('people') }}",
    "models/unknown.sql": "select nosuch from {{ ref('people') }}",
    "models/typed.sql": "{{ config(materialized='table') }} select a from {{ ref('people') }}",
    "models/pasted.sql": "select {{ run_query('select a from ' ~ ref('people')).columns[0].values()[1] if execute }} "
    "-- {{ ref('people') }}",
    "models/of_ours.sql": "{{ config(materialized='table') }}\n"
    "select error('[cdp] ' || count(*) || ' people') as x from {{ ref('people') }}",
    "models/like_ours.sql": "{{ config(materialized='table') }}\n"
    "select ('[cdp] ' || a)::int as x from {{ ref('people') }}",
    "models/p.yml": """models:
- name: typed
  config: {contract: {enforced: true}}
  columns: [{name: a, data_type: int}]
- name: people
  columns: [{name: a, data_tests: [{accepted_values: {arguments: {values: [x]}}}]}]
""",
}  # fmt: skip


def test_a_failed_dbt_tells_nodes_and_leaves_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in VALUES)
    for name, text in PROJECT.items():
        (file := tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("$$VALUES$$", f"[{listed}]"), encoding="utf-8")
    monkeypatch.setattr(warehouse, "PROJECT", tmp_path / "project")
    home = Home(tmp_path / "home")
    with pytest.raises(warehouse.DbtError) as failure:
        warehouse.run_dbt("run", None, home, date(2025, 3, 31), refresh=Refresh("all", "asked for"))
    assert failure.value.faults == (
        "model.p.cast: Conversion Error: Could not convert string ••• to INT32 when casting from source column a",
        "model.p.like_ours: Conversion Error: Could not convert string ••• to INT32",
        "model.p.of_ours: Invalid Input Error: [cdp] 6 people",
        "model.p.pasted: Parser Error: unterminated string literal (line 5 of the statement)",
        "model.p.typed: Compilation Error: the enforced contract failed: a VARCHAR / INTEGER: data type mismatch",
        'model.p.unknown: Binder Error: Referenced column "nosuch" not found in FROM clause! Candidate bindings: a',
    )
    assert str(failure.value).endswith("model.p.unknown: 6 people")
    with pytest.raises(warehouse.DbtError) as tested:
        warehouse.run_dbt("test", None, home, date(2025, 3, 31), refresh=Refresh("all", "asked for"))
    (fault,) = tested.value.faults
    assert fault.endswith(": Got 6 results, configured to fail if != 0")
    artifact = (home.root / "dbt" / "run_results.json").read_text(encoding="utf-8")
    assert silent(json.dumps(json.loads(artifact), ensure_ascii=False))
