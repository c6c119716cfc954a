"""Identifiers other than e-mail and phone: trimmed, case kept, placeholders not trusted.

WeChat openids and unionids differ by case, so nothing is folded. A placeholder keeps its value; an empty one has none.
"""

from __future__ import annotations

from identity.normalise.emails import Normalised
from identity.normalise.text import phrase_set

PLACEHOLDERS = phrase_set(
    "(none)|(not set)|-|--|.|00000000-0000-0000-0000-000000000000|1|123|1234|12345|123456|1234567|"
    "12345678|123456789|1234567890|anonymous|default|dummy|dummy-user-id|false|guest|id|info requested|"
    "n/a|na|nan|nil|no response|none|null|test|true|undefined|unknown|user|xxx|匿名|匿名用户|无|未知|测试"
)


def normalise_identifier(value: str | None) -> Normalised:
    """The trimmed value of one other identifier, and whether it is a filler."""
    text = value.strip().removeprefix("'").strip() if value else ""
    if not text:
        return Normalised(None, "missing")
    repeated = len(set(text)) == 1 and len(text) >= 3
    zero = not text.strip("0")
    return Normalised(text, "placeholder" if repeated or zero or text.lower() in PLACEHOLDERS else None)


def identifier_sql(column: str) -> tuple[str, str]:
    """SQL for (value, reason) of `normalise_identifier`; `column` is a VARCHAR expression."""
    listed = ", ".join("'" + p.replace("'", "''") + "'" for p in sorted(PLACEHOLDERS))
    text = f"nullif(trim(regexp_replace(trim({column}, ' \t\n\r'), '^''', ''), ' \t\n\r'), '')"
    reason = (
        f"CASE WHEN {text} IS NULL THEN 'missing' WHEN lower({text}) IN ({listed}) OR trim({text}, '0') = '' "
        f"OR (length({text}) >= 3 AND {text} = repeat(left({text}, 1), length({text})::INT)) THEN 'placeholder' END"
    )
    return text, reason
