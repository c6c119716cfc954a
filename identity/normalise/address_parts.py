"""What an address is made of, and one spelling for its larger parts: locality, region, post code and country.

Rules:
- Regions: US state names → codes; Chinese provinces → pinyin without 省, 市 and 自治区. Localities lose 市, 区, 县.
- Post codes: US `zip5` (a lost leading zero comes back), a leading apostrophe goes; others upper case without
  blanks.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from identity.normalise.places import COUNTRIES, PROVINCES, STATES
from identity.normalise.text import HAN, clean, fold, simplify


class Street(NamedTuple):
    """One street line; region and locality only where the line itself names them (Chinese, one-line)."""

    street: str | None = None
    street_no: str | None = None
    unit: str | None = None
    locality: str | None = None
    region: str | None = None
    postcode: str | None = None
    main_word: str | None = None


PLACEHOLDERS = frozenset(
    {
        "unknown",
        "none",
        "na",
        "n a",
        "null",
        "test",
        "xxx",
        "x",
        "0",
        "same",
        "as above",
        "not provided",
        "undefined",
        "ceshi",
        "wu",
    }
)


@lru_cache(maxsize=65_536)
def normalise_locality(value: str | None) -> str | None:
    """City or district as ASCII words; Chinese ones in pinyin without 市, 区, 县."""
    text = clean(value)
    if text is None:
        return None
    if HAN.search(text):
        text = re.sub(r"[^\u4e00-\u9fff]", "", simplify(text))
        if len(text) > 2:
            text = re.sub(r"(?:市|区|县|自治州|地区)$", "", text)
    folded = fold(text)
    if folded is None or folded in PLACEHOLDERS:
        return None
    words = folded.split()
    if words[0] in ("saint", "st") and len(words) > 1:
        words[0] = "st"
    elif words[0] in ("ft", "fort", "mt", "mount") and len(words) > 1:
        words[0] = {"fort": "ft", "mount": "mt"}.get(words[0], words[0])
    if (len(words) > 1 and words[-1] == "shi") or words == ["new", "york", "city"]:
        words.pop()
    return " ".join(words)


@lru_cache(maxsize=65_536)
def normalise_region(value: str | None, country: str | None = None) -> str | None:
    """State or province: US codes in capitals, Chinese provinces in pinyin, others folded, short ones in capitals."""
    text = clean(value)
    if text is None:
        return None
    if HAN.search(text):
        short = re.sub(r"(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)$", "", simplify(text))
        return PROVINCES.get(short) or fold(short)
    folded = fold(text)
    if folded is None or folded in PLACEHOLDERS:
        return None
    if re.fullmatch(r"[a-z]( [a-z])+", folded):  # N.Y.
        folded = folded.replace(" ", "")
    if country in (None, "US") and folded in STATES:
        return STATES[folded]
    if country == "CN" or folded.endswith(" sheng"):
        return re.sub(r" (?:sheng|shi|province)$", "", folded).replace(" ", "")
    return folded.upper() if len(folded) <= 3 else folded


def normalise_postcode(value: str | None, country: str | None = None) -> str | None:
    """Post code: US zip5, others upper case without blanks; None for fillers."""
    text = clean(value)
    if text is None:
        return None
    text = re.sub(r"[^A-Z0-9-]", "", text.upper())
    if country in (None, "US"):
        match = re.fullmatch(r"(\d{5})-?(?:\d{4})", text)
        if match:
            text = match[1]
        elif country == "US" and re.fullmatch(r"\d{3,4}", text):
            text = text.zfill(5)
    if not text.strip("0-") or not any(c.isdigit() for c in text):
        return None
    return text


@lru_cache(maxsize=8_192)
def normalise_country(value: str | None) -> str | None:
    """ISO 3166 two-letter code from a code or a name, or None when unknown."""
    text = clean(value)
    if text is None:
        return None
    key = simplify(text) if HAN.search(text) else (fold(text) or "").replace(" ", "")
    return COUNTRIES.get(key)
