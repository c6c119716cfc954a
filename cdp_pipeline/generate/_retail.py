# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Native exports of the tills (Square) and of the web shop (Shopify)."""

from __future__ import annotations

from cdp_pipeline.generate._write import Export

# native keys, also used by the truth
SQUARE_CUSTOMER = "'CUST' || lpad({n}::VARCHAR, 8, '0')"
SHOPIFY_CUSTOMER = "(7000000000000 + {n})"
SHOPIFY_ORDER = "(6000000000000 + {n})"


def _money(cents: str) -> str:
    return f"{{'amount': {cents}, 'currency': 'USD'}}"


def _text(cents: str) -> str:
    """Cents as the shop's decimal string."""
    return f"(({cents}) // 100)::VARCHAR || '.' || lpad((({cents}) % 100)::VARCHAR, 2, '0')"


_TITLE = "coalesce(p.product_type, p.product_category, p.department, 'Article') || coalesce(' ' || p.package_size, '')"

_SQUARE_LINES = f"""
SELECT l.b, sum(l.unit_cents * l.quantity - l.net_cents)::BIGINT AS discount_cents,
  list({{'uid': 'u' || line_no, 'catalog_object_id': 'VAR' || l.product_id, 'name': {_TITLE}, 'quantity': quantity::VARCHAR,
    'base_price_money': {_money("unit_cents")}, 'gross_sales_money': {_money("unit_cents * quantity")},
    'total_discount_money': {_money("unit_cents * quantity - l.net_cents")}, 'total_money': {_money("l.net_cents")}}} ORDER BY line_no) AS line_items
FROM line l LEFT JOIN product p USING (product_id) WHERE l.b IN (SELECT b FROM basket WHERE way = 'till') GROUP BY l.b
"""

_SHOP_LINES = f"""
SELECT l.b, sum(l.unit_cents * l.quantity - l.net_cents)::BIGINT AS discount_cents,
  list({{'id': 9000000000000 + (o.n * 1000 + line_no), 'product_id': 5000000000000 + l.product_id, 'variant_id': 5100000000000 + l.product_id,
    'sku': l.product_id::VARCHAR, 'title': {_TITLE}, 'quantity': quantity, 'price': {_text("unit_cents")},
    'total_discount': {_text("unit_cents * quantity - l.net_cents")}}} ORDER BY line_no) AS line_items
FROM line l JOIN shop_order o USING (b) LEFT JOIN product p USING (product_id) GROUP BY l.b
"""

# An order that changed later (a refund, a late correction) is delivered again on a later day.
PREPARE = f"""
CREATE TABLE shop_order AS
SELECT b.* EXCLUDE (n), way = 'guest' AS is_guest, row_number() OVER (ORDER BY ts, b) AS n,
  CASE WHEN way = 'guest' AND ts < TIMESTAMP '2017-03-01' AND rnd(b, 'csv') < .6 THEN 'csv'
       WHEN ts < TIMESTAMP '2017-03-01' AND rnd(b, 'csv') < .4 THEN 'both' ELSE 'json' END AS delivered,
  md5('cart' || b) AS cart_token
FROM basket b WHERE way IN ('shop', 'guest');
CREATE TABLE guest_shown AS
SELECT o.b, s.* FROM shop_order o JOIN shown s ON s.aid = 'guest|' || o.b;
CREATE TABLE customer_now AS SELECT * FROM shown WHERE src = 'shopify' AND obj = 'customers' AND v = 1;
CREATE TABLE square_line AS {_SQUARE_LINES};
CREATE TABLE shop_line AS {_SHOP_LINES};
CREATE TABLE till_order AS
SELECT b.*, l.line_items, l.discount_cents, 'ORD' || b.b AS order_id, 'PAY' || b.b AS payment_id,
  CASE WHEN known = 'order' AND till_n IS NOT NULL THEN {SQUARE_CUSTOMER.format(n="till_n")} END AS customer_id,
  CASE WHEN known <> 'nobody' AND till_n IS NOT NULL THEN {SQUARE_CUSTOMER.format(n="till_n")} END AS payer_id,
  rnd(b.b, 'again') < .01 AS is_again
FROM basket b JOIN square_line l USING (b) WHERE way = 'till'
"""

_DISCOUNTS = "CASE WHEN codes IS NULL THEN NULL ELSE list_transform(codes, lambda c, i: {'uid': 'd' || i, 'name': c, 'scope': 'ORDER'}) END"


def _square_order(version: int, updated: str) -> str:
    return f"""order_id AS id, 'LOC' || store_id AS location_id, customer_id, 'COMPLETED' AS state, {version} AS version,
  iso(ts - INTERVAL 90 SECOND) AS created_at, iso({updated}) AS updated_at, iso(ts) AS closed_at, {{'name': 'Point of Sale'}} AS source,
  line_items, {_DISCOUNTS} AS discounts, {_money("discount_cents")} AS total_discount_money, {_money("0")} AS total_tax_money,
  {_money("net_cents")} AS total_money, {{'total_money': {_money("net_cents")}}} AS net_amounts,
  [{{'id': 'TEN' || b, 'type': CASE WHEN rnd(b, 'cash') < .25 THEN 'CASH' ELSE 'CARD' END, 'payment_id': payment_id}}] AS tenders"""


_LATER_DAY = "(DATE '2017-12-28' + floor(rnd(b, 'later_day') * 4)::INT)"
_LATER_AT = f"({_LATER_DAY}::TIMESTAMP + INTERVAL 9 HOUR)"

_SHOP_ORDER = f"""
  {SHOPIFY_ORDER.format(n="o.n")} AS id, '#' || (1000 + o.n) AS name, coalesce(g.email, c.email) AS email, coalesce(g.phone, CASE WHEN rnd(o.b, 'ophone') < .3 THEN c.phone END) AS phone,
  CASE WHEN is_guest THEN NULL ELSE {{'id': {SHOPIFY_CUSTOMER.format(n="customer_n")}}} END AS customer,
  CASE WHEN coalesce(g.street, c.street) IS NULL AND NOT is_guest THEN NULL ELSE {{'first_name': coalesce(g.given, c.given), 'last_name': coalesce(g.family, c.family), 'address1': coalesce(g.street, c.street),
    'address2': coalesce(g.unit, c.unit), 'city': coalesce(g.locality, c.locality), 'province_code': coalesce(g.region, c.region),
    'zip': coalesce(g.postcode, c.postcode), 'country_code': coalesce(g.country, c.country)}} END AS billing_address,
  'USD' AS currency, {_text("net_cents")} AS subtotal_price, {_text("discount_cents")} AS total_discounts, '0.00' AS total_tax,
  {_text("net_cents")} AS total_price, CASE WHEN is_refunded THEN 'refunded' ELSE 'paid' END AS financial_status, false AS test, 'web' AS source_name,
  CASE WHEN w.campaign_id IS NULL THEN '/' ELSE '/?utm_source=newsletter&utm_medium=email&utm_campaign=CAMP' || w.campaign_id END AS landing_site,
  cart_token, md5('checkout' || o.b) AS checkout_token,
  CASE WHEN codes IS NULL THEN [] ELSE list_transform(codes, lambda x, i: {{'code': x, 'amount': CASE WHEN i = 1 THEN {_text("discount_cents")} ELSE '0.00' END, 'type': 'fixed_amount'}}) END AS discount_codes,
  CASE WHEN w.anonymous_id IS NULL THEN [] ELSE [{{'name': 'anonymous_id', 'value': w.anonymous_id}}] END AS note_attributes, line_items,
  shop_time(o.ts) AS created_at, shop_time(o.ts) AS processed_at, NULL::VARCHAR AS cancelled_at
"""
_SHOP_FROM = """
FROM shop_order o JOIN shop_line l ON l.b = o.b LEFT JOIN guest_shown g ON g.b = o.b
LEFT JOIN customer_now c ON c.n = o.customer_n LEFT JOIN visit w ON w.b = o.b
"""


def square_exports() -> list[Export]:
    """Objects of `square_pos`."""
    return [
        Export(
            "square_pos",
            "customers",
            f"""SELECT dt, (n, v) AS o, {SQUARE_CUSTOMER.format(n="n")} AS id, iso(created_at) AS created_at, iso(updated_at) AS updated_at,
            given AS given_name, family AS family_name, email AS email_address, phone AS phone_number,
            CASE WHEN street IS NULL THEN NULL ELSE {{'address_line_1': street, 'address_line_2': unit, 'locality': locality,
              'administrative_district_level_1': region, 'postal_code': postcode, 'country': country}} END AS address,
            dob AS birthday, customer_no AS reference_id, {{'email_unsubscribed': rnd(aid, 'unsubscribed') < .1}} AS preferences,
            pick(['DIRECTORY', 'LOYALTY', 'IMPORT'], rnd(aid, 'made')) AS creation_source, v AS version
            FROM shown WHERE src = 'square_pos' AND obj = 'customers'""",
            later="json",
            envelope="customers",
        ),
        Export(
            "square_pos",
            "loyalty_accounts",
            f"""SELECT dt, id AS o, id, 'PROG1' AS program_id, customer_id, {{'id': 'MAP' || id[4:], 'phone_number': phone}} AS mapping,
            floor(rnd(id, 'points') * 900)::INT AS balance, floor(rnd(id, 'points') * 900)::INT + floor(rnd(id, 'life') * 4000)::INT AS lifetime_points,
            iso(created_at) AS created_at, iso(updated_at) AS updated_at FROM (
              SELECT dt, 'LOY' || lpad(n::VARCHAR, 8, '0') AS id, NULL::VARCHAR AS customer_id, phone, created_at, updated_at
              FROM shown WHERE src = 'square_pos' AND obj = 'loyalty_accounts'
              UNION ALL
              SELECT dt, 'LOYC' || lpad(n::VARCHAR, 8, '0'), {SQUARE_CUSTOMER.format(n="n")}, m.mobile, s.created_at, s.updated_at
              FROM shown s JOIN member m USING (p)
              WHERE src = 'square_pos' AND obj = 'customers' AND v = 1 AND s.k = 0 AND rnd(aid, 'loyal') < .3)""",
            envelope="loyalty_accounts",
        ),
        Export(
            "square_pos",
            "orders",
            f"""SELECT dt, (ts, b, 0) AS o, {_square_order(1, "ts + INTERVAL 20 SECOND")} FROM till_order
            UNION ALL BY NAME SELECT {_LATER_DAY} AS dt, (ts, b, 1) AS o, {_square_order(2, _LATER_AT)}
            FROM till_order WHERE is_again AND dt = DATE '2017-12-27'""",
            later="jsonl.zst",
        ),
        Export(
            "square_pos",
            "payments",
            f"""SELECT dt, (ts, b) AS o, payment_id AS id, order_id, payer_id AS customer_id, 'LOC' || store_id AS location_id, 'COMPLETED' AS status,
            CASE WHEN rnd(b, 'cash') < .25 THEN 'CASH' ELSE 'CARD' END AS source_type, {_money("net_cents")} AS amount_money,
            {_money("net_cents")} AS total_money, iso(ts - INTERVAL 5 SECOND) AS created_at, iso(ts) AS updated_at FROM till_order""",
        ),
        Export(
            "square_pos",
            "refunds",
            f"""SELECT late(back_at) AS dt, (back_at, b) AS o, 'REF' || b AS id, payment_id, order_id, {_money("cents")} AS amount_money,
            'COMPLETED' AS status, pick(['Damaged', 'Wrong article', 'Changed mind'], rnd(b, 'reason')) AS reason, iso(back_at) AS created_at
            FROM (SELECT *, ts + INTERVAL (1 + floor(rnd(b, 'back') * 6)::INT) DAY AS back_at,
                    CASE WHEN rnd(b, 'whole') < .5 THEN net_cents ELSE net_cents // 2 END AS cents FROM till_order WHERE is_refunded)""",
        ),
        Export(
            "square_pos",
            "locations",
            """SELECT DATE '2017-12-27' AS dt, store_id AS o, 'LOC' || store_id AS id, 'Store ' || store_id AS name, 'America/New_York' AS timezone,
            'US' AS country, 'USD' AS currency, '+1202555' || lpad((100 + store_id % 6)::VARCHAR, 4, '0') AS phone_number,
            {'postal_code': lpad((43000 + store_id % 900)::VARCHAR, 5, '0')} AS address
            FROM (SELECT DISTINCT store_id FROM basket WHERE way = 'till')""",
            first="json",
            envelope="locations",
        ),
        Export(
            "square_pos",
            "catalog_items",
            f"""SELECT DATE '2017-12-27' AS dt, product_id AS o, 'ITEM_VARIATION' AS type, 'VAR' || product_id AS id,
            {{'sku': product_id::VARCHAR, 'name': {_TITLE}, 'category': product_category, 'department': department, 'brand': brand}} AS item_variation_data
            FROM product p""",
        ),
    ]


def shopify_exports() -> list[Export]:
    """Objects of `shopify`; needs the table `visit` (the browsing before an order)."""
    return [
        Export(
            "shopify",
            "customers",
            f"""SELECT dt, (n, v) AS o, {SHOPIFY_CUSTOMER.format(n="n")} AS id, email, rnd(aid, 'verified') < .8 AS verified_email, phone,
            given AS first_name, family AS last_name,
            CASE WHEN street IS NULL THEN NULL ELSE {{'address1': street, 'address2': coalesce(unit, ''), 'city': locality, 'province_code': region,
              'zip': postcode, 'country_code': country}} END AS default_address,
            customer_no AS multipass_identifier, 'enabled' AS state,
            {{'state': CASE WHEN rnd(aid, 'news') < .6 THEN 'subscribed' WHEN rnd(aid, 'news') < .7 THEN 'unsubscribed' ELSE 'not_subscribed' END,
              'opt_in_level': 'single_opt_in', 'consent_updated_at': shop_time(updated_at)}} AS email_marketing_consent,
            CASE WHEN phone IS NULL THEN NULL ELSE {{'state': CASE WHEN rnd(aid, 'sms') < .3 THEN 'subscribed' ELSE 'not_subscribed' END,
              'opt_in_level': 'single_opt_in', 'consent_updated_at': shop_time(updated_at)}} END AS sms_marketing_consent,
            CASE WHEN rnd(aid, 'vip') < .08 THEN 'vip' ELSE '' END AS tags, shop_time(created_at) AS created_at, shop_time(updated_at) AS updated_at
            FROM shown WHERE src = 'shopify' AND obj = 'customers'""",
            later="json",
            envelope="customers",
        ),
        Export(
            "shopify",
            "orders",
            f"""SELECT o.dt, (o.ts, o.b, 0) AS o, {_SHOP_ORDER}, shop_time(o.ts + INTERVAL 30 SECOND) AS updated_at {_SHOP_FROM} WHERE delivered <> 'csv'
            UNION ALL BY NAME
            SELECT {_LATER_DAY.replace("(b,", "(o.b,")} AS dt, (o.ts, o.b, 1) AS o, {_SHOP_ORDER}, shop_time({_LATER_AT.replace("(b,", "(o.b,")}) AS updated_at
            {_SHOP_FROM} WHERE delivered = 'json' AND o.dt = DATE '2017-12-27' AND rnd(o.b, 'again') < .015""",
        ),
        Export(
            "shopify",
            "refunds",
            f"""SELECT late(back_at) AS dt, (back_at, o.b) AS o, 4000000000000 + o.n AS id, {SHOPIFY_ORDER.format(n="o.n")} AS order_id,
            shop_time(back_at) AS created_at, shop_time(back_at) AS processed_at,
            [{{'line_item_id': 9000000000001 + o.n * 1000, 'quantity': 1, 'subtotal': {_text("net_cents")}}}] AS refund_line_items,
            [{{'id': 4200000000000 + o.n, 'amount': {_text("net_cents")}, 'currency': 'USD', 'kind': 'refund', 'status': 'success'}}] AS transactions
            FROM (SELECT *, ts + INTERVAL (2 + floor(rnd(b, 'back') * 9)::INT) DAY AS back_at FROM shop_order WHERE is_refunded AND delivered <> 'csv') o""",
        ),
        Export(
            "shopify",
            "checkouts",
            """SELECT dt, (ts, cart_token) AS o, 3000000000000 + i AS id, md5('token' || cart_token) AS token, cart_token, email, NULL::VARCHAR AS phone,
            NULL::STRUCT(id BIGINT) AS customer, 'USD' AS currency, total_price, line_items, shop_time(ts) AS created_at,
            shop_time(ts + INTERVAL 4 MINUTE) AS updated_at, NULL::VARCHAR AS completed_at FROM abandoned""",
        ),
        Export(
            "shopify",
            "products",
            f"""SELECT DATE '2017-12-27' AS dt, product_id AS o, 5000000000000 + product_id AS id, 5100000000000 + product_id AS variant_id,
            product_id::VARCHAR AS sku, {_TITLE} AS title, brand AS vendor, product_category AS product_type, department, {_text("price_cents")} AS price
            FROM product p WHERE product_id IN (SELECT product_id FROM line JOIN shop_order USING (b))""",
            first="jsonl.gz",
        ),
        Export(
            "shopify",
            "orders_export",
            f"""SELECT DATE '2017-12-27' AS dt, (o.n, i.line_no) AS o, '#' || (1000 + o.n) AS "Name", {_first("coalesce(g.email, c.email)")} AS "Email",
            {_first("'paid'")} AS "Financial Status", {_first("stamp")} AS "Paid at", {_first("'USD'")} AS "Currency",
            {_first(_text("o.net_cents"))} AS "Subtotal", {_first("'0.00'")} AS "Taxes", {_first(_text("o.net_cents"))} AS "Total",
            {_first("o.codes[1]")} AS "Discount Code", {_first(_text("discount_cents"))} AS "Discount Amount", stamp AS "Created at",
            i.quantity AS "Lineitem quantity", {_TITLE} AS "Lineitem name", {_text("i.unit_cents")} AS "Lineitem price",
            i.product_id AS "Lineitem sku", {_text("i.unit_cents * i.quantity - i.net_cents")} AS "Lineitem discount",
            {_first("nullif(concat_ws(' ', coalesce(g.given, c.given), coalesce(g.family, c.family)), '')")} AS "Billing Name",
            {_first("coalesce(g.street, c.street)")} AS "Billing Street", {_first("coalesce(g.locality, c.locality)")} AS "Billing City",
            {_first("'''' || coalesce(g.postcode, c.postcode)")} AS "Billing Zip", {_first("coalesce(g.region, c.region)")} AS "Billing Province",
            {_first("coalesce(g.country, c.country)")} AS "Billing Country", {_first("''''|| g.phone")} AS "Phone",
            {_first("'0.00'")} AS "Refunded Amount", {_first("NULL::VARCHAR")} AS "Cancelled at", {_first("'web'")} AS "Source",
            {_first(SHOPIFY_ORDER.format(n="o.n"))} AS "Id"
            FROM (SELECT *, strftime(ts - INTERVAL 5 HOUR, '%Y-%m-%d %H:%M:%S -0500') AS stamp FROM shop_order) o
            JOIN line i ON i.b = o.b JOIN shop_line l ON l.b = o.b LEFT JOIN product p ON p.product_id = i.product_id
            LEFT JOIN guest_shown g ON g.b = o.b LEFT JOIN customer_now c ON c.n = o.customer_n WHERE delivered <> 'json'""",
            first="csv",
        ),
        Export(
            "shopify",
            "customers_export",
            f"""SELECT DATE '2017-12-27' AS dt, n AS o, '''' || {SHOPIFY_CUSTOMER.format(n="n")} AS "Customer ID", given AS "First Name", family AS "Last Name",
            email AS "Email", CASE WHEN rnd(aid, 'news') < .6 THEN 'yes' ELSE 'no' END AS "Accepts Email Marketing", '' AS "Default Address Company",
            street AS "Default Address Address1", unit AS "Default Address Address2", locality AS "Default Address City",
            region AS "Default Address Province Code", country AS "Default Address Country Code", '''' || postcode AS "Default Address Zip",
            '''' || phone AS "Phone", CASE WHEN phone IS NOT NULL AND rnd(aid, 'sms') < .3 THEN 'yes' ELSE 'no' END AS "Accepts SMS Marketing",
            CASE WHEN rnd(aid, 'vip') < .08 THEN 'vip' ELSE '' END AS "Tags"
            FROM customer_now WHERE dt = DATE '2017-12-27' AND created_at < TIMESTAMP '2014-12-01'""",
            first="csv",
        ),
    ]


def _first(expression: str) -> str:
    """Order-level cells of the CSV export stand on the first line of an order only."""
    return f"CASE WHEN i.line_no = 1 THEN {expression} END"
