"""The Complete Journey data as core and identity tables, and the marts built on them once per session.

For recomputing a metric in pandas from the package's own files and comparing it with a mart, equal to the cent. The
fixtures:

* `real_home`: a home with ``lake/core``, ``lake/identity`` and core in ``warehouse.duckdb``: 300 real households.
* `marts`: a read-only connection to the warehouse after dbt built `MODELS`, their parents and the seeds they need.
* `raw`: the package's files as frames, only these households, untouched but for their choice. Recompute from these.

To add a metric: add its model to `MODELS` and write a module beside this one. What becomes what:

* a household is a record ``square_pos:customers:<household_id>`` and the profile ``p<household_id>``;
* a basket is an order ``square_pos:<basket_id>``, completed, in store ``<store_id>`` (channel store, touchpoint
  store_till), in US dollars. Lines: net = sales_value, discount = retail_disc + coupon_match_disc, both in whole cents;
  order_lines.line_no is the row's place within its basket by product, value and quantity;
* times are those of the files, read as UTC; the as-of is 2017-12-31, so baskets of 2018-01-01 (UTC) are in the future;
* a redeemed coupon of a household and day stands on its first basket of that day (by basket id) as ``coupon_code``
  ``CAMP<campaign>-<coupon>``, the least of several, and is a campaign touch `coupon_redeemed` at noon; a household in a
  campaign has the touch `sent` on its first day (touchpoint direct_mail, campaign ``CAMP<campaign>``);
* each basket is also an interaction `purchase` with its net amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pandas as pd
import pytest

from cdp_pipeline.analytics.step import run_jobs
from cdp_pipeline.generate._baskets import MissingDataError, purchase_data
from cdp_pipeline.home import Home
from cdp_pipeline.scratch import link_core, write_lake
from cdp_pipeline.warehouse import run_dbt

AS_OF = date(2017, 12, 31)
HOUSEHOLDS = 300
# Built with what they need; name a model here to test it on the real data.
MODELS = (
    "profile_features",
    "product_affinity",
    "affinity",
    "product_neighbours",
    "recommended_coupons",
    "popular_products",
    "attribution",
    "removal_effects",
    "campaigns",
    "session_kpis",
    "paths",
    "omnichannel",
    "metric_values",
    "touchpoint_kpis",
)
SEEDS = ("path:seeds/marts", "touchpoints", "exchange_rates")

_CHOSEN = """
CREATE TABLE household AS
SELECT DISTINCT household_id FROM '{data}/transactions.parquet'
ORDER BY md5(CAST(household_id AS VARCHAR)), household_id LIMIT {households};
CREATE TABLE transactions AS SELECT * FROM '{data}/transactions.parquet' SEMI JOIN household USING (household_id);
CREATE TABLE products AS SELECT * FROM '{data}/products.parquet' SEMI JOIN transactions USING (product_id);
CREATE TABLE coupon_redemptions AS
SELECT * FROM '{data}/coupon_redemptions.parquet' SEMI JOIN household USING (household_id);
CREATE TABLE campaigns AS SELECT * FROM '{data}/campaigns.parquet' SEMI JOIN household USING (household_id);
CREATE TABLE campaign_descriptions AS SELECT * FROM '{data}/campaign_descriptions.parquet';
CREATE TABLE line AS
SELECT *, CAST(round(sales_value * 100) AS BIGINT) AS net_cents,
  CAST(round((retail_disc + coupon_match_disc) * 100) AS BIGINT) AS discount_cents,
  row_number() OVER (PARTITION BY basket_id ORDER BY product_id, sales_value, quantity) AS line_no
FROM transactions;
CREATE TABLE redeemed AS
SELECT basket_id, min('CAMP' || campaign_id || '-' || coupon_upc) AS coupon_code
FROM coupon_redemptions AS r
JOIN (SELECT household_id, CAST(transaction_timestamp AS DATE) AS day, min(basket_id) AS basket_id
      FROM transactions GROUP BY ALL) AS b
  ON b.household_id = r.household_id AND b.day = CAST(r.redemption_date AS DATE)
GROUP BY basket_id;
CREATE TABLE basket AS
SELECT basket_id, any_value(household_id) AS household_id, any_value(store_id) AS store_id,
  min(transaction_timestamp) AS ordered_at, sum(net_cents) AS net_cents, sum(discount_cents) AS discount_cents
FROM line GROUP BY basket_id;
"""

_RECORD = "'square_pos:customers:' || household_id"
_LAKE = {
    "core/customer_records": f"""
        SELECT {_RECORD} AS record_id, 'square_pos' AS source, 'customers' AS object, household_id AS native_id,
          'person' AS entity_type, 'US' AS country, 'US' AS default_region, false AS is_guest, false AS is_deleted,
          TIMESTAMP '2017-01-01' AS created_at, TIMESTAMP '2017-01-01' AS updated_at,
          DATE '2017-01-01' AS delivered_date
        FROM household""",
    "core/orders": f"""
        SELECT 'square_pos:' || basket_id AS order_id, 'square_pos' AS source, {_RECORD} AS record_id,
          'store' AS channel, 'store_till' AS touchpoint, store_id, ordered_at,
          'completed' AS status, 'USD' AS currency,
          (net_cents + discount_cents) / 100 AS gross_amount, discount_cents / 100 AS discount_amount, 0 AS tax_amount,
          net_cents / 100 AS net_amount, 0 AS refunded_amount, net_cents / 100 AS net_amount_reporting, coupon_code,
          split_part(coupon_code, '-', 1) AS campaign_id
        FROM basket LEFT JOIN redeemed USING (basket_id)""",
    "core/order_lines": """
        SELECT 'square_pos:' || basket_id AS order_id, line_no, product_id, quantity,
          (net_cents + discount_cents) / 100 / greatest(quantity, 1) AS unit_price_amount,
          discount_cents / 100 AS discount_amount, net_cents / 100 AS net_amount, 'USD' AS currency
        FROM line""",
    "core/products": """
        SELECT product_id, product_type AS name, brand, product_category AS category, department, 'USD' AS currency
        FROM products""",
    "core/interactions": f"""
        SELECT 'square_pos:' || basket_id || ':purchase' AS interaction_id, {_RECORD} AS record_id,
          'square_pos' AS source, 'store' AS channel, 'store_till' AS touchpoint,
          'inbound' AS direction, 'purchase' AS interaction_type,
          ordered_at AS occurred_at, net_cents / 100 AS amount, 'USD' AS currency, '{{}}' AS properties
        FROM basket""",
    "core/campaign_touches": f"""
        SELECT 'square_pos:redeemed:' || household_id || ':' || coupon_upc || ':' || campaign_id || ':'
            || redemption_date AS touch_id, 'square_pos' AS source, {_RECORD} AS record_id,
          'CAMP' || campaign_id AS campaign_id,
          'Campaign ' || campaign_id AS campaign_name, 'store' AS channel, 'store_till' AS touchpoint,
          'coupon_redeemed' AS touch_type,
          redemption_date + INTERVAL 12 HOUR AS occurred_at
        FROM (SELECT DISTINCT * FROM coupon_redemptions)
        UNION ALL
        SELECT 'square_pos:sent:' || household_id || ':' || campaign_id, 'square_pos', {_RECORD}, 'CAMP' || campaign_id,
          'Campaign ' || campaign_id, 'postal_mail', 'direct_mail', 'sent', start_date
        FROM campaigns JOIN campaign_descriptions USING (campaign_id)""",
    "identity/profile_members": f"""
        SELECT {_RECORD} AS record_id, 'p' || household_id AS profile_id, DATE '2017-01-01' AS since FROM household""",
}


@pytest.fixture(scope="session")
def complete_journey() -> Iterator[duckdb.DuckDBPyConnection]:
    """The chosen households' rows of the package's files, as tables of the files' names."""
    try:
        data = purchase_data()
    except MissingDataError as error:
        pytest.skip(str(error))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(_CHOSEN.format(data=data, households=HOUSEHOLDS))
        yield con


@pytest.fixture(scope="session")
def raw(complete_journey: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """`transactions`, `products`, `campaigns`, `campaign_descriptions` and `coupon_redemptions` as frames."""
    names = ("transactions", "products", "campaigns", "campaign_descriptions", "coupon_redemptions")
    return {name: complete_journey.table(name).df() for name in names}


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory, complete_journey: duckdb.DuckDBPyConnection) -> Home:
    """Core and identity of these households; the marts are not built yet."""
    home = Home(tmp_path_factory.mktemp("real"))
    write_lake(home.lake, complete_journey, _LAKE)
    run_jobs(home.core, home.identity, home.analytics, AS_OF, tables={"profile_scores"})
    link_core(home)
    return home


@pytest.fixture(scope="session")
def marts(real_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse with `MODELS` built as of `AS_OF`, read-only."""
    run_dbt("seed", SEEDS, real_home, AS_OF)
    run_dbt("run", [f"+{model},tag:marts" for model in MODELS], real_home, AS_OF)
    with duckdb.connect(str(real_home.warehouse_db), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        yield con
