"""Input of the ingest benchmark: nested orders (Shopify's shape, about 2 kB each) and simple web events.

Every value is a function of the row number and the seed, computed in DuckDB, so that a million orders take seconds
and the same call writes the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

_GIVEN = ("Ana", "Ben", "Chloe", "Dmitri", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kavya", "Liam", "小明")
_FAMILY = ("Abbott", "Berg", "Castillo", "Dupont", "Eriksen", "Fischer", "Garcia", "Hansen", "Ito", "Jansen", "王")
_STREETS = ("Maple Street", "Harbour Road", "Station Avenue", "Mill Lane", "Kirkgate", "Rue Haute", "Orchard Way")
_CITIES = ("Springfield", "Riverton", "Lakeside", "Fairview", "Georgetown", "Salem", "Clinton")
_STATES = ("IL", "NY", "CA", "TX", "WA", "OR", "MA")
_ITEMS = ("Mug", "Lamp", "Chair", "Scarf", "Kettle", "Notebook", "Backpack", "Headphones")
_COLOURS = ("Blue", "Red", "Green", "Black", "White")
_EVENTS = ("Product Viewed", "Product Added", "Cart Viewed", "Products Searched")
_PATHS = ("/", "/products/mug", "/products/lamp", "/cart", "/search", "/collections/new")


def write_orders(path: Path, orders: int, seed: int = 1) -> None:
    """Write `orders` orders as JSON lines."""
    address = f"""{{
      'first_name': {_pick(_GIVEN, "given")}, 'last_name': {_pick(_FAMILY, "family")}, 'company': NULL::VARCHAR,
      'address1': {_number("house", 1, 400)}::VARCHAR || ' ' || {_pick(_STREETS, "street")},
      'address2': if({_number("unit", 0, 3)} = 0, 'Apt ' || {_number("apt", 1, 60)}, NULL),
      'city': {_pick(_CITIES, "city")}, 'province': NULL::VARCHAR, 'province_code': {_pick(_STATES, "state")},
      'country': 'United States', 'country_code': 'US', 'zip': ({_number("zip", 10000, 99999)})::VARCHAR,
      'phone': {_phone("address")}
    }}"""
    item = f"""{{
      'id': 9000000000000 + i * 8 + n, 'product_id': 5000000000000 + {_number("item", 0, 799, "n")},
      'variant_id': 5100000000000 + {_number("item", 0, 799, "n")},
      'sku': upper({_pick(_ITEMS, "item", "n")}) || '-' || upper({_pick(_COLOURS, "colour", "n")}),
      'title': {_pick(_ITEMS, "item", "n")}, 'variant_title': {_pick(_COLOURS, "colour", "n")},
      'name': {_pick(_ITEMS, "item", "n")} || ' - ' || {_pick(_COLOURS, "colour", "n")}, 'vendor': 'Example Goods',
      'quantity': {_number("quantity", 1, 4, "n")}, 'price': {_money("price", 500, 9000, "n")},
      'total_discount': {_money("off", 0, 500, "n")}, 'gift_card': false, 'taxable': true,
      'requires_shipping': true, 'grams': {_number("grams", 50, 3000, "n")},
      'fulfillment_service': 'manual', 'properties': []::VARCHAR[]
    }}"""
    query = f"""
      SELECT 6000000000000 + i AS id, '#' || (1000 + i) AS name, 1000 + i AS order_number,
        if(has_contact, email, NULL) AS email, if(has_contact, email, NULL) AS contact_email,
        {_phone("buyer")} AS phone,
        {_time(0)} AS created_at, {_time(1)} AS processed_at, {_time(90)} AS updated_at,
        if({_number("cancelled", 0, 40)} = 0, {_time(4000)}, NULL) AS cancelled_at, NULL::VARCHAR AS closed_at,
        'USD' AS currency, 'USD' AS presentment_currency, {_money("subtotal", 900, 40000)} AS subtotal_price,
        {_money("discount", 0, 900)} AS total_discounts, {_money("tax", 90, 3000)} AS total_tax,
        {_money("total", 900, 40000)} AS total_price, 'paid' AS financial_status, NULL::VARCHAR AS fulfillment_status,
        false AS test, if({_number("pos", 0, 5)} = 0, 'pos', 'web') AS source_name, NULL::BIGINT AS location_id,
        '/?utm_source=newsletter&utm_campaign=c' || {_number("campaign", 1, 30)} AS landing_site,
        'https://www.example.com/' AS referring_site, '192.0.2.' || {_number("ip", 1, 250)} AS browser_ip,
        md5('cart' || i) AS cart_token, md5('checkout' || i) AS checkout_token, md5('order' || i) AS token,
        'vip, newsletter' AS tags, NULL::VARCHAR AS note,
        if({_number("coupon", 0, 3)} = 0, [{{'code': 'SPRING5', 'amount': '5.00', 'type': 'fixed_amount'}}], [])
          AS discount_codes,
        [{{'name': 'anonymous_id', 'value': md5('device' || {_number("device", 0, 99999)})}}] AS note_attributes,
        [{item} for n in range({_number("lines", 1, 4)})] AS line_items,
        {{'id': 7000000000000 + {_number("customer", 0, 299999)}, 'email': email, 'state': 'enabled',
          'first_name': {_pick(_GIVEN, "given")}, 'last_name': {_pick(_FAMILY, "family")}}} AS customer,
        {address} AS billing_address, {address} AS shipping_address, []::VARCHAR[] AS refunds
      FROM (SELECT i, {seed} AS seed, {_number("contact", 0, 9)} < 9 AS has_contact,
              'buyer' || {_number("customer", 0, 299999)} || '@example.com' AS email
            FROM (SELECT range AS i, {seed} AS seed FROM range({orders})))"""
    _write(path, query)


def write_events(path: Path, events: int, seed: int = 1) -> None:
    """Write `events` track calls (Segment's shape, about 400 bytes) as JSON lines."""
    query = f"""
      SELECT md5('m' || seed || '-' || i) AS "messageId", 'track' AS "type", {_pick(_EVENTS, "event")} AS event,
        md5('device' || {_number("device", 0, 99999)}) AS "anonymousId",
        if({_number("known", 0, 3)} = 0, 'C' || {_number("user", 0, 49999)}, NULL) AS "userId",
        {{'product_id': 'P' || {_number("product", 0, 799)}, 'price': {_number("price", 5, 90)} + 0.5}} AS properties,
        {{'page': {{'path': {_pick(_PATHS, "path")}, 'referrer': 'https://www.example.com/'}}, 'locale': 'en-US',
          'device': {{'type': 'mobile'}}}} AS context,
        strftime(TIMESTAMP '2025-03-01' + to_seconds(i % 400000), '%Y-%m-%dT%H:%M:%S.000Z') AS "timestamp",
        strftime(TIMESTAMP '2025-03-01' + to_seconds(i % 400000 + 2), '%Y-%m-%dT%H:%M:%S.000Z') AS "receivedAt"
      FROM (SELECT range AS i, {seed} AS seed FROM range({events}))"""
    _write(path, query)


def _write(path: Path, query: str) -> None:
    with duckdb.connect(config={"memory_limit": "1GB"}) as con:
        con.execute(f"COPY ({query}) TO '{path}' (FORMAT json)")


def _number(tag: str, low: int, high: int, inner: str = "0") -> str:
    """SQL for a whole number within both bounds, decided by row, seed, tag and the position in a list."""
    return f"({low} + hash(i, seed, '{tag}', {inner}) % {high - low + 1})::BIGINT"


def _pick(values: tuple[str, ...], tag: str, inner: str = "0") -> str:
    listed = ", ".join(f"'{v}'" for v in values)
    return f"[{listed}][{_number(tag, 1, len(values), inner)}]"


def _money(tag: str, low: int, high: int, inner: str = "0") -> str:
    return f"({_number(tag, low, high, inner)} / 100)::DECIMAL(10,2)::VARCHAR"


def _phone(tag: str) -> str:
    return f"'+1202555' || lpad(({_number('phone' + tag, 100, 199)})::VARCHAR, 4, '0')"


def _time(later: int) -> str:
    return f"strftime(TIMESTAMP '2025-03-04' + to_seconds(i % 86400 + {later}), '%Y-%m-%dT%H:%M:%S-05:00')"
