"""Money in a currency without a declared rate stops the build with one line; with one it is converted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from marts_company import build_home

from cdp_pipeline.home import Home
from cdp_pipeline.warehouse import DbtError, run_dbt

ORDER = (
    "('{id}', 's', NULL, NULL, 'store', 'store_till', NULL, '2026-01-02', 'completed', {currency}, 5, 0, 0, {net}, 0,"
    " {reporting}, NULL, NULL, NULL)"
)
COST = "('k', 'ads', 'website', 'web_cart', NULL, NULL, '2026-01-20', 12, 'GBP', NULL, 1, 1)"


def test_the_error_names_table_and_currency(tmp_path: Path) -> None:
    home = Home(tmp_path)
    converted = ORDER.format(id="a", currency="'CNY'", net=100, reporting=14)
    free = ORDER.format(id="b", currency="'XXX'", net=0, reporting="NULL")
    build_home(home.root, {"orders": f"{converted}, {free}"})
    run_dbt("test", "assert_amounts_have_a_rate", home, date(2026, 1, 31))

    unknown = ORDER.format(id="c", currency="'XXX'", net=7, reporting="NULL")
    nameless = ORDER.format(id="d", currency="NULL", net=7, reporting="NULL")
    person = ORDER.format(id="e", currency="'13898765432 Zyxwv'", net=7, reporting="NULL")
    build_home(home.root, {"orders": f"{converted}, {unknown}, {nameless}, {person}", "touchpoint_costs": COST})
    with pytest.raises(DbtError) as refused:
        run_dbt("test", "assert_amounts_have_a_rate", home, date(2026, 1, 31))
    assert str(refused.value).endswith(
        ": no exchange rate into USD: orders in (no code of three letters), orders in (none), orders in XXX,"
        " touchpoint_costs in GBP; declare it in dbt_project/seeds/exchange_rates.csv"
    )
