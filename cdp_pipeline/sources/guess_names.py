"""Column names of a new source: snake case, free, no word of SQL, and readable where a header is Chinese."""

from __future__ import annotations

import re

from cdp_pipeline.sources import guess_words as words

_RESERVED = {
    "order", "group", "from", "to", "user", "end", "select", "case", "when", "then", "else", "table", "index",
    "limit", "offset", "where", "and", "or", "not", "null", "true", "false", "default", "check", "column",
    "primary", "references", "desc", "asc", "all", "any", "distinct", "having", "join", "on", "using", "union",
    "with", "as", "in", "is", "by", "values", "window", "record_id", "native_id", "delivered_date", "date", "time",
    "timestamp", "interval", "position", "row", "rows", "source", "object",
}  # fmt: skip
_ROLE_NAMES = {
    "full_name": "name",
    "loyalty": "loyalty_id",
    "person_id": "customer_id",
    "street": "address",
    "locality": "city",
    "region": "province",
    "product": "product_id",
    "campaign": "campaign",
    "free_text": "remark",
    "anonymous": "anonymous_id",
    "device": "device_id",
    "organisation": "organisation",
    "card": "card_no",
    "network": "ip_address",
}


def snake_case(text: str) -> str:
    split = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3_\2\4", text)
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")


def free_name(path: str, snake: str, header: str, role: str | None, taken: set[str]) -> str:
    """A column name in snake case that is not taken: of the header, of its Chinese meaning, of its role, in pinyin."""
    name = snake
    if not name or not name.isascii() or re.search(r"[\u4e00-\u9fff]", header):
        name = (
            words.CHINESE_NAMES.get(header.strip()) or _ROLE_NAMES.get(role or "", role) or _pinyin(header) or "field"
        )
    name = f"f_{name}" if name[0].isdigit() else name
    name = f"{name}_value" if name in _RESERVED else name
    parent = snake_case(path.rpartition(".")[0])
    if name in taken and parent:
        name = f"{parent}_{name}"
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _pinyin(text: str) -> str:
    from pypinyin import lazy_pinyin

    return snake_case("_".join(lazy_pinyin(text)))
