"""A German export of the ERP by the overlay that the guide shows: other headers, decimal comma, trailing minus."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.sources.ingest import ingest_partition
from cdp_pipeline.sources.overlay import contracts_of

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "connectors-commerce.md"


def test_the_guides_overlay_reads_decimal_commas(tmp_path: Path) -> None:
    home = Home(tmp_path)
    example = re.search(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "erp.yml").write_text(example.group(1), encoding="utf-8")
    folder = home.landing / "erp" / "order_lines" / "dt=2025-03-05"
    folder.mkdir(parents=True)
    (folder / "zeilen.csv").write_text(
        "Belegnummer;line_no;sku;quantity;Nettowert\n0000401234;10;0001-MUG;3;1.234,50-\n0000401235;10;0001-MUG;1;1.5\n"
    )
    lines = contracts_of(home)["erp"].objects["order_lines"]
    with Ops(home.ops_db) as ops:
        ingest_partition(home, lines, date(2025, 3, 5), "run", ops)
    with duckdb.connect() as con:
        rows = con.execute(
            "select order_no, net_amount from read_parquet(?)", [str(home.raw("erp", "order_lines") / "*/*.parquet")]
        ).fetchall()
        refused = con.execute(
            "select reason from read_parquet(?)", [str(home.lake / "quarantine/erp/order_lines/*/*.parquet")]
        ).fetchall()
    assert rows == [("0000401234", Decimal("-1234.5000"))]
    assert refused == [("field net_amount: not a decimal",)]
