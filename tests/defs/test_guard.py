"""Errors of a step: what Dagster keeps and prints of them quotes no value."""

# No `from __future__ import annotations`: Dagster reads the types of parameters.
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest

from cdp_pipeline.defs.guard import guarded
from cdp_pipeline.defs.launch import _output_to, instance_of, outcome
from cdp_pipeline.home import Home
from identity.errors import IdentityInputError

PHONE, NAME, EMAIL, HAN = "13898765432", "Zyxwv", "quentin@mail.example", "欧阳不存在"
VALUE = f'{NAME}\'s "number"\n{PHONE} {EMAIL} {HAN}'
TOKENS = [
    form
    for token in (PHONE, NAME, EMAIL, HAN)
    for form in (token.encode(), token.encode("utf-16-le"), json.dumps(token)[1:-1].encode())
]


def cast() -> None:
    with duckdb.connect() as con:
        con.execute("select $1::int", [VALUE]).fetchall()


def unique() -> None:
    with duckdb.connect() as con:
        con.execute("create table t (a varchar unique)")
        con.execute("insert into t values ($1), ($1)", [VALUE])


def sqlite() -> None:
    with sqlite3.connect(":memory:") as con:
        con.execute(f"select {VALUE}")


def frame() -> None:
    pd.Series([VALUE]).astype("int64")


def of_pandas_dates() -> None:
    pd.to_datetime(pd.Series([VALUE]))


def python() -> None:
    {}[VALUE]


def json_text() -> None:
    try:
        json.loads(VALUE)
    except ValueError as error:
        raise RuntimeError(VALUE) from error


def worded_by_us() -> None:
    try:
        cast()
    except duckdb.Error as error:
        raise IdentityInputError("people.csv line 3: cannot be parsed") from error


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (cast, "ConversionException: Conversion Error: Could not convert string ••• to INT32"),
        (
            unique,
            "ConstraintException: Constraint Error: PRIMARY KEY or UNIQUE constraint violation: duplicate key •••",
        ),
        (sqlite, "OperationalError: "),
        (frame, "ValueError: "),
        (of_pandas_dates, "DateParseError: "),
        (python, "KeyError: "),
        (json_text, "RuntimeError: "),
        (worded_by_us, "people.csv line 3: cannot be parsed"),
    ],
)
@pytest.mark.parametrize("is_generator", [False, True])
def test_a_failed_step_leaves_no_value_anywhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], fault: Callable[[], None], told: str, is_generator: bool
) -> None:
    def at_once() -> None:
        fault()

    def in_parts() -> Iterator[dg.MaterializeResult[None]]:
        fault()
        yield dg.MaterializeResult()

    home = Home(tmp_path / "home")
    step = dg.asset(name="people")(guarded(in_parts if is_generator else at_once))
    log = home.dagster / "last_run.log"
    with _output_to(log, None), instance_of(home) as instance:
        result = dg.materialize([step], instance=instance, raise_on_error=False)
    _, (failure,) = outcome(result.all_events)
    assert failure.startswith(f"people: {told}")
    out, err = capfd.readouterr()  # which a test has in the place of what `_output_to` moves
    printed = log.read_text(encoding="utf-8") + out + err
    assert told in printed and fault.__name__ in printed, "what went wrong and where"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    kept = b"".join(path.read_bytes() for path in files) + printed.encode()
    assert not [token for token in TOKENS if token in kept]


def test_every_step_is_guarded(definitions: dg.Definitions) -> None:
    jobs = definitions.get_repository_def().get_all_jobs()
    ops = {op.name: op for job in jobs for op in job.all_node_defs if isinstance(op, dg.OpDefinition)}
    assert {"dbt_core", "dbt_marts", "identity", "publish"} <= set(ops)
    bare = [name for name, op in ops.items() if not hasattr(op.compute_fn.decorated_fn, "__wrapped__")]
    assert not bare
