"""What a row of an object says of people: by this an erasure finds the rows that follow one of theirs."""

from __future__ import annotations

import duckdb

from cdp_pipeline.sources.contract import load_contracts, raw_schema
from cdp_pipeline.sources.subjects import row_tokens


def test_an_order_in_two_exports_is_told_by_its_id_in_both() -> None:
    """The family's address is nobody's own, so the id alone ties the export's rows to the customer's order."""
    shop = load_contracts()["shopify"]
    for name in ("orders", "orders_export", "refunds"):
        obj = shop.objects[name]
        columns = ", ".join(f'NULL::{kind} AS "{column}"' for column, kind in raw_schema(obj))
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE rows AS SELECT * REPLACE ('61' AS order_id) FROM (SELECT {columns})")
            [(tokens,)] = con.execute(f"SELECT {row_tokens(obj).tokens} FROM rows").fetchall()
        assert any(t["s"] == "shopify.order_id" and t["v"] == "61" for t in tokens if t), name
