"""Identifiers other than e-mail and phone: trimmed, case kept, placeholders not trusted.

WeChat openids and unionids differ by case, so nothing is folded. A number of nine or more digits loses the blanks, dots
and hyphens that only group them (521-21-2123); in shorter ones they tell two numbers apart (12-3, 1-23). A placeholder
keeps its value; an empty one has none.

An identifier counts within its issuer, which the namespace names. A WeChat openid without its app is nobody's
(`no_issuer`); a Facebook PSID is one page's name for a conversation and never a key (`never_a_key`). A unionid holds
for all apps of a company and needs no namespace.
"""

from __future__ import annotations

import re

from identity.normalise.emails import Normalised
from identity.normalise.text import phrase_set
from identity.sql_text import literals

PLACEHOLDERS = phrase_set(
    "(none)|(not set)|-|--|.|00000000-0000-0000-0000-000000000000|1|123|1234|12345|123456|1234567|"
    "12345678|123456789|1234567890|anonymous|default|dummy|dummy-user-id|false|guest|id|info requested|"
    "n/a|na|nan|nil|no response|none|null|test|true|undefined|unknown|user|xxx|匿名|匿名用户|无|未知|测试"
)


_GROUPED = re.compile(r"[0-9]+(?:[ .-][0-9]+)+")
_GROUPED_DIGITS = 9
NEEDS_ISSUER = ("wechat_openid",)
NEVER_KEYS = ("facebook_psid",)


def normalise_identifier(value: str | None) -> Normalised:
    """The trimmed value of one other identifier, and whether it is a filler."""
    text = value.strip().removeprefix("'").strip() if value else ""
    if not text:
        return Normalised(None, "missing")
    digits = re.sub(r"[ .-]", "", text)
    if len(digits) >= _GROUPED_DIGITS and _GROUPED.fullmatch(text):
        text = digits
    repeated = len(set(text)) == 1 and len(text) >= 3
    zero = not text.strip("0")
    return Normalised(text, "placeholder" if repeated or zero or text.lower() in PLACEHOLDERS else None)


def identifier_sql(column: str) -> tuple[str, str]:
    """SQL for (value, reason) of `normalise_identifier`; `column` is a VARCHAR expression."""
    listed = literals(PLACEHOLDERS)
    trimmed = f"nullif(trim(regexp_replace(trim({column}, ' \t\n\r'), '^''', ''), ' \t\n\r'), '')"
    digits = f"regexp_replace({trimmed}, '[ .-]', '', 'g')"
    text = (
        f"CASE WHEN regexp_full_match({trimmed}, '{_GROUPED.pattern}') AND length({digits}) >= {_GROUPED_DIGITS} "
        f"THEN {digits} ELSE {trimmed} END"
    )
    reason = (
        f"CASE WHEN {text} IS NULL THEN 'missing' WHEN lower({text}) IN ({listed}) OR trim({text}, '0') = '' "
        f"OR (length({text}) >= 3 AND {text} = repeat(left({text}, 1), length({text})::INT)) THEN 'placeholder' END"
    )
    return text, reason


def issuer_problem(kind: str, namespace: str | None) -> str | None:
    """Why an identifier of this kind and issuer proves nothing, or None."""
    if kind in NEVER_KEYS:
        return "never_a_key"
    return "no_issuer" if kind in NEEDS_ISSUER and not (namespace or "").strip() else None


def issuer_problem_sql() -> str:
    """SQL for `issuer_problem` over columns ``kind`` and ``namespace``."""
    never, needs = (", ".join(f"'{kind}'" for kind in kinds) for kinds in (NEVER_KEYS, NEEDS_ISSUER))
    return (
        f"CASE WHEN kind IN ({never}) THEN 'never_a_key' "
        f"WHEN kind IN ({needs}) AND trim(coalesce(namespace, '')) = '' THEN 'no_issuer' END"
    )
