"""Whose row is it? The values of a raw row that may name a person, as tokens that a tombstone is compared with.

A token is a scope and a value in the form in which two writings of it are equal. Scopes:

- ``<source>.<key>``: the key of an account or a fact, by the name that the contracts give it; ``<source>.*`` is any key
  of the source, for references whose name does not say to what they refer;
- ``<kind>``: an identifier wherever it stands; ``<source>|<kind>``: the same, within one source only;
- ``word``: an identifier or key that is long enough to be told from anything else, inside JSON and free text.

Belongs here: what a row says, as SQL and for single texts. Not here: which tokens are erased (``tombstones.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from cdp_pipeline.sources.contract import Field, ObjectContract, load_contracts
from cdp_pipeline.sql_text import literal

# A row of these holds several people in one list: the erased person's elements go, the others stay.
MANY_PEOPLE = frozenset(
    {
        ("facebook", "lead_webhooks"),
        ("facebook", "message_webhooks"),
        ("wechat", "wecom_calls"),
        ("wechat", "wecom_groups"),
        ("zoho_crm", "events"),
    }
)
# What an identifier of these kinds names depends on the system that gave it.
OF_ONE_SOURCE = frozenset({"external_id"})
# A key this short inside a text may be anything: a quantity, a year, a house number.
WORD_LENGTH = 8
# Digits of a telephone number that its writings have in common: without country code, trunk zero or "+".
PHONE_DIGITS = 10
_MIN_PHONE_DIGITS = 7

EMAIL = r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
PHONE = r"\+?[0-9(][0-9 ().\-]{5,}[0-9]"
WORD = r"[A-Za-z0-9_-]{8,}"
ERASED = "[erased]"
_PATTERNS = {"email": re.compile(EMAIL), "phone": re.compile(PHONE), "word": re.compile(WORD)}


@dataclass(frozen=True)
class RowTokens:
    """SQL over a raw table: `tokens` is a list of structs (class, scope, value), `dated` the time of the row (UTC).

    Class ``key``, ``id`` and ``ref`` say that the row is about the person, ``json`` that a nested value is, ``text``
    that somebody is mentioned. `is_dated` is false where only the day of delivery is known; `key` is the row's own key
    or NULL.
    """

    tokens: str
    dated: str
    is_dated: bool
    key: str


def email_sql(value: str) -> str:
    return f"nullif(regexp_replace(lower(trim({value})), '^mailto:', ''), '')"


def phone_sql(value: str) -> str:
    digits = f"regexp_replace({value}, '[^0-9]', '', 'g')"
    return f"CASE WHEN length({digits}) >= {_MIN_PHONE_DIGITS} THEN right({digits}, {PHONE_DIGITS}) END"


def normal_form(kind: str, value: str) -> str | None:
    """The form of an identifier in which its writings are equal; None for an empty one. As the SQL of this module."""
    if kind == "email":
        return value.strip().lower().removeprefix("mailto:") or None
    if kind == "phone":
        digits = re.sub(r"[^0-9]", "", value)
        return digits[-PHONE_DIGITS:] if len(digits) >= _MIN_PHONE_DIGITS else None
    return value.strip() or None


def normal_form_sql(kind: str, value: str) -> str:
    """`normal_form` in SQL, for columns `kind` and `value`."""
    known = f"WHEN 'email' THEN {email_sql(value)} WHEN 'phone' THEN {phone_sql(value)}"
    return f"CASE {kind} {known} ELSE nullif(trim({value}), '') END"


def scopes_of(source: str, kind: str) -> list[str]:
    """Scopes that an identifier of a kind has in a source, the narrow one last."""
    return [f"{source}|{kind}"] if kind in OF_ONE_SOURCE else [kind, f"{source}|{kind}"]


@cache
def _delivered_keys() -> Mapping[str, frozenset[str]]:
    keys = {}
    for source, contract in load_contracts().items():
        single = {o.key[0] for o in contract.objects.values() if len(o.key) == 1}
        keys[source] = frozenset(
            single | {f.name for o in contract.objects.values() for f in o.fields if f.tag == "PK"}
        )
    return keys


def keys_of(obj: ObjectContract) -> frozenset[str]:
    """Names of the fields that are a key of some object of the source."""
    own = key_field(obj)
    return _delivered_keys().get(obj.source, frozenset()) | ({own} if own else set())


def key_field(obj: ObjectContract) -> str | None:
    """The field that tells one account or fact of the object from the others; None where it takes several."""
    tagged = [f.name for f in obj.fields if f.tag == "PK"]
    if len(tagged) == 1:
        return tagged[0]
    return obj.key[0] if len(obj.key) == 1 and not obj.key[0].startswith("_") else None


def key_scopes(obj: ObjectContract) -> list[str]:
    """Scopes of an object's own key."""
    key = key_field(obj)
    return [f"{obj.source}.{key}", f"{obj.source}.*"] if key else []


def row_tokens(obj: ObjectContract) -> RowTokens:
    """What a row of the object says of people, as SQL over its raw columns."""
    keys, own = keys_of(obj), key_field(obj)
    single: list[str] = []
    lists: list[str] = []
    for f in obj.fields:
        value = f'"{f.name}"::VARCHAR'
        if f.name == own or f.tag in ("PK", "FK"):
            scope = f"{obj.source}.{f.name}" if f.name in keys else f"{obj.source}.*"
            single.append(_token("key", literal(scope), f"nullif(trim({value}), '')"))
            if f.name not in keys:
                # it may be another system's key: of a user of the help desk, in the calls of its telephone
                word = f"CASE WHEN length(trim({value})) >= {WORD_LENGTH} THEN trim({value}) END"
                single.append(_token("ref", "'word'", word))
        if f.tag in ("ID", "ID-ns") and f.kind and f.kind != "by_type":
            for scope in scopes_of(obj.source, f.kind):
                single.append(_token("id", literal(scope), normal_form_sql(literal(f.kind), value)))
        elif f.type == "json":
            lists.append(_inside("json", obj.source, value))
        elif f.tag in ("ID", "ID-ns", "WEAK", "NEVER"):
            single += _any_identifier(f, obj.source)
        elif f.type in ("string", "text"):
            lists.append(_inside("text", obj.source, value))
    lists.append(_inside("json", obj.source, '"_extra"'))
    dated, is_dated = _dated(obj)
    listed = ", ".join([f"[{', '.join(single)}]", *lists] if single else lists)
    return RowTokens(
        tokens=f"list_concat({listed})" if "," in listed and len(lists) + bool(single) > 1 else listed,
        dated=dated,
        is_dated=is_dated,
        key=f"nullif(trim(\"{own}\"::VARCHAR), '')" if own else "NULL::VARCHAR",
    )


def text_tokens_sql(source: str, text: str) -> str:
    """Tokens of a text of which nothing is known, such as a refused row."""
    return _inside("json", source, text)


def redact(text: str, is_erased: Callable[[str, str], bool]) -> str:
    """A text in which every identifier with ``is_erased(kind, normal form)`` is replaced."""

    def put(kind: str) -> Callable[[re.Match[str]], str]:
        def one(found: re.Match[str]) -> str:
            value = normal_form(kind, found.group())
            return ERASED if value and is_erased(kind, value) else found.group()

        return one

    for kind, pattern in _PATTERNS.items():
        text = pattern.sub(put(kind), text)
    return text


def mentions(text: str) -> Iterator[tuple[str, str]]:
    """Kind and normal form of everything in a text that may be an identifier."""
    for kind, pattern in _PATTERNS.items():
        for found in pattern.finditer(text):
            value = normal_form(kind, found.group())
            if value:
                yield kind, value


def prune(value: object, is_erased: Callable[[str, str], bool]) -> object | None:
    """A JSON value without the list elements that name an erased person; None where nothing of it may stay."""
    if isinstance(value, list):
        kept = [new for old in value if (new := prune(old, is_erased)) is not None]
        return None if value and not kept else kept
    if isinstance(value, dict):
        members = {name: prune(inner, is_erased) for name, inner in value.items()}
        lost = any(new is None and value[name] is not None for name, new in members.items())
        return None if lost else members
    text = value if isinstance(value, str) else json.dumps(value)
    return None if any(is_erased(kind, found) for kind, found in mentions(text)) else value


def redact_json(value: object, is_erased: Callable[[str, str], bool]) -> object:
    """A JSON value in whose strings every identifier of an erased person is replaced."""
    if isinstance(value, list):
        return [redact_json(inner, is_erased) for inner in value]
    if isinstance(value, dict):
        return {name: redact_json(inner, is_erased) for name, inner in value.items()}
    return redact(value, is_erased) if isinstance(value, str) else value


def _token(kind: str, scope: str, value: str) -> str:
    return f"{{'c': {literal(kind)}, 's': {scope}, 'v': {value}}}"


def _any_identifier(f: Field, source: str) -> list[str]:
    """A value of which the contract does not say what it is: an address, a number or a name that is neither."""
    value = f'"{f.name}"::VARCHAR'
    email = f"CASE WHEN contains({value}, '@') THEN {email_sql(value)} END"
    # Letters would be a name or a street with a number in it.
    phone = f"CASE WHEN NOT regexp_matches({value}, '[^0-9+() .\\-]') THEN {phone_sql(value)} END"
    word = f"CASE WHEN length(trim({value})) >= {WORD_LENGTH} THEN trim({value}) END"
    tokens = [_token("id", literal(s), email) for s in scopes_of(source, "email")]
    tokens += [_token("id", literal(s), phone) for s in scopes_of(source, "phone")]
    return [*tokens, _token("id", "'word'", word)]


def _inside(kind: str, source: str, text: str) -> str:
    """Everything inside a text that may be an identifier."""
    emails = f"list_transform(regexp_extract_all({text}, {literal(EMAIL)}), lambda x: {email_sql('x')})"
    phones = f"list_transform(regexp_extract_all({text}, {literal(PHONE)}), lambda x: {phone_sql('x')})"
    words = f"regexp_extract_all({text}, {literal(WORD)})"
    parts = []
    for scope, found in (("email", emails), ("phone", phones), ("word", words)):
        scopes = [scope] if kind == "text" or scope == "word" else scopes_of(source, scope)
        parts += [
            f"list_transform(list_distinct(coalesce({found}, []::VARCHAR[])),"
            f" lambda x: {_token(kind, literal(s), 'x')})"
            for s in scopes
        ]
    return f"list_concat({', '.join(parts)})"


def _dated(obj: ObjectContract) -> tuple[str, bool]:
    """When what the row tells of began: the event's time or the account's creation, else the delivery."""
    if obj.source == "consent_desk":
        # What it says is said of an old record, whenever it was said.
        return "_dt::TIMESTAMP", False
    begun = [
        f for f in obj.fields if f.type.startswith(("timestamp", "date")) and (f.tag == "EVT" or "created" in f.name)
    ]
    columns = ", ".join(f'"{f.name}"::TIMESTAMP' for f in begun)
    return (f"coalesce({columns}, _dt::TIMESTAMP)", True) if begun else ("_dt::TIMESTAMP", False)


__all__ = [
    "ERASED",
    "MANY_PEOPLE",
    "OF_ONE_SOURCE",
    "WORD_LENGTH",
    "RowTokens",
    "key_field",
    "key_scopes",
    "mentions",
    "normal_form",
    "normal_form_sql",
    "prune",
    "redact",
    "redact_json",
    "row_tokens",
    "scopes_of",
    "text_tokens_sql",
]
