"""Numbers that are no time, where a time is due: refused with a reason or NULL, never an error that stops a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cdp_pipeline
from cdp_pipeline.sources import casts
from cdp_pipeline.sources.contract import load_contracts
from tests.sources.conftest import Land

PROPERTY = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MACROS = Path(cdp_pipeline.__file__).parents[1] / "dbt_project" / "macros"
TIMES = ("date", "timestamp", *casts.EPOCH_UNITS)
# A local time of the last day of 9999 may lie in the next year in UTC.
BOUNDS = "TIMESTAMP '0001-01-01' - INTERVAL 1 DAY AND TIMESTAMP '9999-12-31 23:59:59.999999' + INTERVAL 1 DAY"

_texts = st.one_of(
    st.integers(-(10**40), 10**40).map(str),
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats().map(repr),
    st.booleans().map(lambda value: str(value).lower()),
    st.integers(-(10**30), 10**30).map("/Date({})/".format),
    st.builds("{}-01-01T00:00:00Z".format, st.integers(-300_000, 300_000)),
    st.sampled_from(
        ["1e18", "-1e18", "1e400", "NaN", "nan", "inf", "-inf", "infinity", "-infinity", "epoch", "", " ", "0x7fffffff",
         "1_000", "253402300799", "253402300800", "-62135596800", "-62135596801", "9223372036854775807",
         "-9223372036854775808", "{}", "[1]", "null", "99991231235959", "2025-01-01 (BC)", "0000-00-00",
         "9999年99月99日"]
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TABLE told (v VARCHAR)")
        yield connection


def _tell(con: duckdb.DuckDBPyConnection, texts: list[str]) -> None:
    con.execute("DELETE FROM told")
    con.executemany("INSERT INTO told VALUES (?)", [[text] for text in texts])


def casts_of_all_contracts() -> list[str]:
    """The SQL that reads a time field `v`, once for all fields that read alike."""
    return sorted(
        {
            casts.cast(f, "v", f.timezone or obj.timezone)
            for contract in load_contracts().values()
            for obj in contract.objects.values()
            for f in obj.fields
            if f.type in TIMES
        }
    )


@PROPERTY
@given(texts=st.lists(_texts, min_size=1, max_size=30))
def test_a_time_field_of_any_contract_is_a_time_of_our_era_or_null(
    con: duckdb.DuckDBPyConnection, texts: list[str]
) -> None:
    _tell(con, texts)
    for sql in casts_of_all_contracts():
        ((absurd,),) = con.execute(
            f"SELECT count(*) FROM (SELECT {sql} AS t FROM told) WHERE NOT t::TIMESTAMP BETWEEN {BOUNDS}"
        ).fetchall()
        assert absurd == 0, sql


def macro(name: str, argument: str) -> str:
    """SQL of a macro of the dbt project over the column `argument`."""
    text = "\n".join((MACROS / file).read_text(encoding="utf-8") for file in ("cross_db.sql", "x_twitter.sql"))
    module = jinja2.Environment(autoescape=False).from_string(text).module  # noqa: S701 (SQL, no page)
    return str(getattr(module, name)(argument))


@PROPERTY
@given(texts=st.lists(_texts, min_size=1, max_size=30))
@pytest.mark.parametrize("name", ["epoch_to_timestamp", "iso_to_timestamp", "snowflake_time"])
def test_a_nested_time_is_a_time_of_our_era_or_null(
    con: duckdb.DuckDBPyConnection, name: str, texts: list[str]
) -> None:
    _tell(con, texts)
    ((absurd,),) = con.execute(
        f"SELECT count(*) FROM (SELECT {macro(name, 'v')} AS t FROM told) WHERE NOT t BETWEEN {BOUNDS}"
    ).fetchall()
    assert absurd == 0


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("epoch_to_timestamp", "1741168800", "2025-03-05 10:00:00"),
        ("epoch_to_timestamp", "-1", "1969-12-31 23:59:59"),
        ("epoch_to_timestamp", "253402300799", "9999-12-31 23:59:59"),
        ("epoch_to_timestamp", "253402300800", None),
        ("iso_to_timestamp", "2025-03-05T10:00:00+08:00", "2025-03-05 02:00:00"),
        ("iso_to_timestamp", " 2025-03-05 10:00:00Z", "2025-03-05 10:00:00"),
        ("iso_to_timestamp", "epoch", None),
        ("iso_to_timestamp", "12025-03-05T10:00:00Z", None),
        ("snowflake_time", "1897218023224246301", "2025-03-05 09:30:00"),
        ("snowflake_time", "none", None),
    ],
)
def test_what_is_a_time_is_read(con: duckdb.DuckDBPyConnection, name: str, text: str, expected: str | None) -> None:
    _tell(con, [text])
    assert con.execute(f"SELECT ({macro(name, 'v')})::VARCHAR FROM told").fetchall() == [(expected,)]


@pytest.mark.parametrize("text", ["[1]", '"a"', "5", "null", "torn {", ""])
def test_members_of_what_is_no_object_are_none(con: duckdb.DuckDBPyConnection, text: str) -> None:
    _tell(con, [text])
    members = jinja2.Environment(autoescape=False).from_string(  # noqa: S701 (SQL, no page)
        (MACROS / "cross_db.sql").read_text(encoding="utf-8")
    )
    joined = str(members.module.unnest_json_object("told.v", "m"))  # type: ignore[attr-defined]
    assert con.execute(f"SELECT m.key FROM told {joined}").fetchall() == []
    _tell(con, ['{"k": 1}'])
    assert con.execute(f"SELECT m.key, m.value FROM told {joined}").fetchall() == [("k", "1")]


ABSURD = ("1e25", "-1e25", "1e400", "true", '"NaN"', '"Infinity"', "[1741168800]", '{"a": 1}')


@pytest.mark.parametrize("field", ["seen_s", "seen_ms", "seen_us"])
def test_an_epoch_that_is_no_time_is_refused_by_name(land: Land, field: str) -> None:
    told = [f'{{"id": "{i}", "{field}": {value}}}' for i, value in enumerate((*ABSURD, "1741168800"), 1)]
    land("people", "a.jsonl", "\n".join(told) + "\n")
    result = land.run("people")
    assert (result.delivered, result.loaded, result.quarantined) == (len(ABSURD) + 1, 1, len(ABSURD))
    assert {reason for _, reason in land.refused("people")} == {f"field {field}: not a timestamp{field[4:]}"}
