"""Names of organisations as ASCII words without their legal form."""

from __future__ import annotations

import re

from identity.normalise.han import pinyin_text
from identity.normalise.name_fields import is_placeholder
from identity.normalise.text import HAN, ascii_lower, clean, simplify, word_set

_LEGAL_FORMS = word_set(
    "inc incorporated llc llp lp ltd limited co corp corporation company plc gmbh ag kg ohg ug se sa sas "
    "sarl srl spa bv nv "
    "ab as oy aps pty pte kk the"
)
_HAN_FORMS = re.compile("股份有限公司|有限责任公司|有限公司|集团公司|集团|公司|\\(?(?:个体工商户)\\)?")


def normalise_organisation(value: str | None) -> str | None:
    """Organisation name as ASCII words without legal form (inc, ltd, gmbh, 有限公司 …); None for placeholders."""
    text = clean(value)
    if text is None or is_placeholder(text):
        return None
    if HAN.search(text):
        text = pinyin_text(_HAN_FORMS.sub(" ", simplify(text)) or text)
    text = re.sub(r"\b(?:[a-zA-Z]\.){2,}", lambda m: m[0].replace(".", ""), text).replace("&", " and ")
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"['’]", "", ascii_lower(text))).split()
    kept = [w for w in words if w not in _LEGAL_FORMS]
    return " ".join(kept or words) or None
