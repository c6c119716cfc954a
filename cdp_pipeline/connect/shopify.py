"""Shopify's Admin REST API: which lists there are, and what of them lands as which object.

Lists are asked for with ``updated_at_min`` in the order of ``updated_at``; that order is a parameter which Shopify
does not document, so a walk checks it and does not rely on it. Deleted customers and orders are in no list: Shopify
tells of them by webhook only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from cdp_pipeline.connect.config import Connection
from cdp_pipeline.connect.errors import ConnectError
from cdp_pipeline.connect.pages import Api, LinkHeader, Page, Record
from cdp_pipeline.connect.walks import Listing, Position, Span, Step, text, walk

PAGE_SIZE = 250
# Shopify does not page beyond 25,000 records of one list (shopify.dev, API limits); 90 pages are 22,500.
RENEW_AFTER_PAGES = 90
SNAPSHOTS = ("products",)
# Requests that a second drains from the bucket, as a share of its size: 2 of 40, 20 of 400.
_DRAIN = 1 / 20


def steps(api: Api, connection: Connection, obj: str, position: Position, span: Span) -> Iterator[Step]:
    """What changed of one object since its position. Raises ConnectError."""
    base = f"/admin/api/{connection.api_version}"
    size = min(connection.page_size or PAGE_SIZE, PAGE_SIZE)
    where = f"{connection.name}: {obj}"
    if obj == "products":
        yield from _products(api, f"{base}/products.json", size, where)
        return
    listed = "orders" if obj == "refunds" else obj
    extra: dict[str, Any] = {} if obj == "customers" else {"status": "any"}
    if obj == "refunds":
        extra["fields"] = "id,updated_at,refunds"

    def ask(lower: datetime | None) -> tuple[str, Mapping[str, Any]]:
        params = {"limit": size, "order": "updated_at asc", **extra}
        return f"{base}/{listed}.json", {**params, "updated_at_min": text(lower)} if lower else params

    def records(page: Page, lower: datetime | None) -> list[Record]:
        return _refunds(page, where) if obj == "refunds" else page.records

    listing = Listing(listed, ask, LinkHeader, lambda record: record.get("updated_at"), records, RENEW_AFTER_PAGES)
    yield from walk(api, listing, position, span, where)


def check(api: Api, connection: Connection) -> None:
    """One request that a good token answers. Raises ConnectError."""
    document = api.document(f"/admin/api/{connection.api_version}/shop.json")
    if not isinstance(document.get("shop"), dict):
        raise ConnectError(f"{connection.name}: the answer has no 'shop'")


def pause(headers: Mapping[str, str]) -> float:
    """Seconds to wait so that the bucket never fills: a tenth of it stays free for other apps' bursts."""
    used, _, size = headers.get("X-Shopify-Shop-Api-Call-Limit", "").partition("/")
    if not (used.isdigit() and size.isdigit() and int(size)):
        return 0.0
    reserve = max(2, int(size) // 10)
    return max(0, int(used) + reserve - int(size)) / (int(size) * _DRAIN)


def _refunds(page: Page, where: str) -> list[Record]:
    found: list[Record] = []
    for order in page.records:
        refunds = order.get("refunds")
        if not isinstance(refunds, list):
            raise ConnectError(f"{where}: an order comes without its list 'refunds'")
        found += [{"order_id": order.get("id"), **refund} for refund in refunds if isinstance(refund, dict)]
    return found


def _products(api: Api, path: str, size: int, where: str) -> Iterator[Step]:
    """All products, one record for each variant: the contract's grain. A snapshot has no position."""
    for page in api.pages(path, {"limit": size}, "products", LinkHeader()):
        records = []
        for product in [] if page.is_repeat else page.records:
            variants = product.get("variants")
            if not isinstance(variants, list):
                raise ConnectError(f"{where}: a product comes without its list 'variants'")
            shared = {key: value for key, value in product.items() if key != "variants"}
            for variant in variants:
                facts = {key: variant.get(key) for key in ("sku", "price")}
                records.append({**shared, "variant_id": variant.get("id"), **facts, "variant": variant})
        yield Step(records, {})
