"""The hash by which a changed record is told."""

from __future__ import annotations

import re

from cdp_pipeline.warehouse import PROJECT


def test_a_record_is_compared_by_all_that_the_marts_read_of_it() -> None:
    """A column that they read and the hash leaves out would stay in the marts as it was."""
    macros = (PROJECT / "macros/marts/records_profiled.sql").read_text(encoding="utf-8")
    hashed, read = macros.split("{% macro records_profiled")
    columns = set(re.findall(r"'(\w+)'", hashed))
    # a deleted record leaves its profile, and with it the table
    assert set(re.findall(r"\brecords\.(\w+)", read)) - {"is_deleted"} == columns
    assert {"record_id", "given_name", "is_guest", "delivered_date"} < columns
