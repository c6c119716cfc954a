"""DuckDB's string similarities on Spark's executors.

Engines disagree on what an edit is: DuckDB counts bytes, Spark characters (jose and josé: .848 and .883). A threshold
would then part two records on one engine and join them on the other. So the executors ask DuckDB itself, a batch of
Arrow at a time; they need the packages `duckdb` and `pyarrow`, and nothing of this project.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# A name of Spark's own would go before ours, hence the prefix. Name in SQL → (DuckDB's expression over the columns l
# and r, Spark's type). Spark evaluates a function of Python for every row of a CASE, hence the guard of `hamming`,
# which ends the query on two lengths and on empty texts.
FUNCTIONS: dict[str, tuple[str, str]] = {
    "duckdb_jaro_winkler_similarity": ("jaro_winkler_similarity(l, r)", "double"),
    "duckdb_damerau_levenshtein": ("cast(damerau_levenshtein(l, r) as bigint)", "bigint"),
    "duckdb_levenshtein": ("cast(levenshtein(l, r) as bigint)", "bigint"),
    "duckdb_hamming": (
        "case when strlen(l) = strlen(r) and strlen(l) > 0 then cast(hamming(l, r) as bigint) end",
        "bigint",
    ),
}


def register(session: Any) -> None:
    """Make FUNCTIONS known to the SQL of `session`."""
    from pyspark.sql.functions import arrow_udf

    for name, (expression, kind) in FUNCTIONS.items():
        session.udf.register(name, arrow_udf(_batches(expression), returnType=kind))


def _batches(expression: str) -> Callable[[Any, Any], Any]:
    # Defined inside, so that it travels by value: executors do not have this module.
    def compare(left: Any, right: Any) -> Any:
        import duckdb
        import pyarrow as pa

        with duckdb.connect() as con:
            con.execute("set threads = 1")
            con.register("pairs", pa.table({"l": left.cast(pa.string()), "r": right.cast(pa.string())}))
            table = con.sql(f"select {expression} as result from pairs").to_arrow_table()
            return table.column("result").combine_chunks()

    # `import pyarrow` inside leaves the annotations to say which kind of function this is
    import pyarrow as pa

    compare.__annotations__ = {"left": pa.Array, "right": pa.Array, "return": pa.Array}
    return compare
