"""The dbt models of a new source as text: staging, persons, records, identifiers, interactions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cdp_pipeline.sources.guess import Column, with_role
from cdp_pipeline.sources.guess_object import CONTACTS, Shape


def staging(source: str, obj: str, shape: Shape) -> str:
    reference = f"source('{source}', '{obj}')"
    key = "[" + ", ".join(f"'{part}'" for part in shape.key) + "]"
    if shape.delivery == "append":
        versions = f"{{{{ first_by_key({reference}, {key}) }}}}"
    else:
        updated = f", updated_at='{shape.updated_at}'" if shape.updated_at else ""
        versions = f"{{{{ latest_by_key({reference}, {key}{updated}) }}}}"
    cells = [f"    {_clean(column)}" for column in shape.columns]
    cells += [f"    {part}" for part in ("_file", "_line") if part in shape.key]
    cells.append("    _dt as delivered_date")
    listed = ",\n".join(cells)
    return f"with versions as (\n    {versions}\n)\n\nselect\n{listed}\nfrom versions\n"


def _clean(column: Column) -> str:
    if column.role in ("full_name", "given_name", "family_name"):
        return f"{{{{ clean_name('{column.name}') }}}} as {column.name}"
    if column.type == "string":
        return f"{{{{ clean_text('{column.name}') }}}} as {column.name}"
    return column.name


def _text_of(parts: Sequence[str]) -> str:
    return " || ':' || ".join(f"cast({part} as varchar)" for part in parts)


def _native(shape: Shape, parts: Sequence[str]) -> str:
    """SQL of a native id; of personal columns it is a keyed hash."""
    if any(part in {c.name for c in shape.columns if c.personal} for part in parts):
        listed = ", ".join(f"'{part}'" for part in parts)
        return f"{{{{ keyed_hash([{listed}]) }}}}"
    return _text_of(parts)


def persons(source: str, obj: str, shape: Shape) -> str:
    known = with_role(shape.columns, *CONTACTS, "full_name", "given_name", "family_name")
    named = " or ".join(f"{c.name} is not null" for c in known if c.name != shape.person_key)
    row = _native(shape, shape.key)
    if shape.person_key:
        lines = [f"when {shape.person_key} is not null then {_native(shape, [shape.person_key])}"]
        if named:
            lines.append(f"when {named} then 'row:' || {row}")
    elif named and not any(c.name in shape.key for c in with_role(shape.columns, "person_id", *CONTACTS)):
        lines = [f"when {named} then {row}"]
    else:
        lines = [f"when {shape.key[0]} is not null then {row}"]
    choice = "\n".join(f"            {line}" for line in lines)
    return f"""-- Whose row it is; nobody's where it names no one.
with natives as (
    select
        *,
        case
{choice}
        end as native_id
    from {{{{ ref('stg_{source}__{obj}') }}}}
)

select
    *,
    '{source}:{obj}:' || native_id as record_id
from natives
"""


def records(source: str, obj: str, shape: Shape) -> str:
    roles = {
        "given_name": "given_name",
        "family_name": "family_name",
        "full_name": "full_name",
        "organisation": "organisation",
        "birth_date": "birth_date",
        "street": "street",
        "locality": "locality",
        "region": "region",
        "postcode": "postcode",
        "country": "country",
        "language": "language",
    }
    values = {}
    for target, role in roles.items():
        found = with_role(shape.columns, role)
        if found:
            values[target] = found[0].name
    if values.get("given_name") or values.get("family_name"):
        values.pop("full_name", None)
    gender = with_role(shape.columns, "gender")
    if gender:
        letter = f"lower({gender[0].name})"
        values["gender"] = (
            f"case when {letter} in ('f', 'female', 'w', 'woman', '女', '女士', '小姐', 'ms', 'mrs') then 'female' "
            f"when {letter} in ('m', 'male', 'man', '男', '男士', '先生', 'mr') then 'male' end"
        )
    if shape.created_at:
        values["created_at"] = shape.created_at
    latest = shape.updated_at or shape.occurred_at or shape.created_at
    if latest:
        values["updated_at"] = latest
    pairs = ",\n".join(f"        '{name}': \"{sql}\"" for name, sql in values.items())
    inner = f"{{{{ ref('int_{source}__{obj}_persons') }}}}"
    if shape.person_key:
        order = f"{latest} desc nulls last, delivered_date desc" if latest else "delivered_date desc"
        tie = ", ".join(shape.key)
        relation = f"""with mentions as (
    select
        *,
        row_number() over (partition by record_id order by {order}, {tie}) as mention_rank
    from {inner}
    where record_id is not null
)

"""
        tail = "from mentions\nwhere mention_rank = 1\n"
    else:
        relation, tail = "", f"from {inner}\nwhere record_id is not null\n"
    return f"""{relation}select
    record_id,
    '{source}' as source,
    '{obj}' as object,
    native_id,
    {{{{ record_columns({{
{pairs}
    }}) }}}}
{tail}"""


def identifiers_of(shape: Shape) -> list[Column]:
    return [c for c in shape.columns if c.kind and c.facts.filled]


def identifiers(source: str, obj: str, shape: Shape) -> str:
    columns = identifiers_of(shape)
    first = shape.created_at or "null"
    last = shape.updated_at or shape.occurred_at or shape.created_at or "null"
    entries = []
    for c in columns:
        namespace = c.namespace_field or (f"'{c.namespace}'" if c.namespace else "")
        parts = [f"'kind': '{c.kind}'", f"'column': '{c.name}'"]
        if namespace:
            parts.append(f"'namespace': \"{namespace}\"")
        if c.kind == "anonymous_id":
            parts.append("'trusted': 'false', 'reason': \"'device'\"")
        entries.append(f"    {{{', '.join(parts)}}}")
    names = list(dict.fromkeys([c.name for c in columns] + [c.namespace_field for c in columns if c.namespace_field]))
    listed = ",\n".join(f"        {name}" for name in names)
    body = ",\n".join(entries)
    return f"""with mentions as (
    select
        record_id,
{listed},
        cast({first} as timestamp) as created_at,
        cast({last} as timestamp) as updated_at
    from {{{{ ref('int_{source}__{obj}_persons') }}}}
    where record_id is not null
)
{{{{ identifier_rows('mentions', [
{body}
]) }}}}
"""


def interactions(source: str, obj: str, shape: Shape, touchpoint: str) -> str:
    kind = f"'{shape.interaction_type}'"
    if shape.event_type:
        kind = f"coalesce(nullif({{{{ snake_case('{shape.event_type}') }}}}, ''), {kind})"
    values = {"touchpoint": f"'{touchpoint}'", "interaction_type": kind}
    values["occurred_at"] = f"coalesce({shape.occurred_at}, cast(delivered_date as timestamp))"
    for target, roles in (
        ("anonymous_id", ("anonymous", "device")),
        ("product_id", ("product",)),
        ("campaign_id", ("campaign",)),
    ):
        found = with_role(shape.columns, *roles)
        if found:
            values[target] = found[0].name
    rest = [
        c.name
        for c in shape.columns
        if not (
            c.personal
            or c.kind
            or c.tag
            or c.type in ("text", "json")
            or c.name in {*values.values(), shape.event_type}
        )
        and c.facts.filled
        and not c.is_time
    ][:12]
    pairs = [f"        '{name}': {_jinja(sql)}" for name, sql in values.items()]
    if rest:
        inside = ", ".join(f"'{name}': '{name}'" for name in rest)
        pairs.append(f"        'properties': json_object({{{inside}}})")
    relation = f"int_{source}__{obj}_persons" if shape.has_persons else f"stg_{source}__{obj}"
    record = "record_id" if shape.has_persons else "cast(null as varchar) as record_id"
    where = "" if shape.interaction_type != "registered" else f"where {shape.occurred_at} is not null\n"
    body = ",\n".join(pairs)
    return f"""select
    '{source}:{obj}:' || {_native(shape, shape.key)} as interaction_id,
    {record},
    {{{{ interaction_columns({{
{body}
    }}) }}}}
from {{{{ ref('{relation}') }}}}
{where}"""


def _jinja(sql: str) -> str:
    """A value of a Jinja mapping; an inner call of a macro becomes a concatenation."""
    found = re.search(r"\{\{ (.+?) \}\}", sql)
    if found is None:
        return f'"{sql}"'
    before, after = sql[: found.start()], sql[found.end() :]
    return f'"{before}" ~ {found[1]} ~ "{after}"'
