"""A new source from a sample: contract, staging model, and the parts of the conformed shape that it can bring.

Here: texts and where they go. What is guessed comes from ``guess.py`` and ``guess_object.py``. No value of the sample
is written, and nothing that exists is overwritten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.sources import dbt_sources
from cdp_pipeline.sources.guess import Column, with_role
from cdp_pipeline.sources.guess_object import CONTACTS, HYBRID, OFFLINE, Shape, guess_region, guess_shape
from cdp_pipeline.sources.sample import read_sample

ROOT = Path(__file__).parents[2]
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class ScaffoldError(ValueError):
    """A source that cannot be written as asked; the text is one line."""


@dataclass(frozen=True)
class Scaffold:
    """What was written: files below the project, and lines on what a person must look at."""

    source: str
    object: str
    contract: Path
    files: tuple[Path, ...]
    review: tuple[str, ...]


def new_source(
    name: str,
    sample_file: Path,
    *,
    obj: str | None = None,
    project: Path | None = None,
    region: str | None = None,
    timezone: str | None = None,
    channel: str | None = None,
    touchpoint: str | None = None,
) -> Scaffold:
    """Write contract and dbt models of a source from one sample file into a checkout (default: this one).

    Raises ScaffoldError where something of it exists or a name cannot be used, SampleError for the sample.
    """
    project = project or ROOT
    obj = obj or _object_of(sample_file)
    for what, text in (("source", name), ("object", obj)):
        if not _NAME.fullmatch(text) or "__" in text:
            raise ScaffoldError(f"{what} '{text}' must be lower case letters, digits and single underscores")
    for needed in ("cdp_pipeline/sources/contracts", "dbt_project/models"):
        if not (project / needed).is_dir():
            raise ScaffoldError(f"{project} is no checkout of the platform: {needed} is missing")
    sample = read_sample(sample_file)
    guessed_region, guessed_zone = guess_region(sample)
    shape = guess_shape(sample, name, obj, region or guessed_region)
    channel = channel or shape.channel
    own_touchpoint = touchpoint or f"{name}_{obj}"
    contract = project / "cdp_pipeline" / "sources" / "contracts" / f"{name}.yml"
    texts = {
        contract: _contract(
            name, obj, shape, sample.format, sample.unwrap, region or guessed_region, timezone or guessed_zone, channel
        )
    }
    models = project / "dbt_project" / "models"
    texts[models / "staging" / name / f"stg_{name}__{obj}.sql"] = _staging(name, obj, shape)
    middle = models / "intermediate" / name
    if shape.has_persons:
        texts[middle / f"int_{name}__{obj}_persons.sql"] = _persons(name, obj, shape)
        texts[middle / f"int_{name}__records.sql"] = _records(name, obj, shape)
        if _identifiers_of(shape):
            texts[middle / f"int_{name}__identifiers.sql"] = _identifiers(name, obj, shape)
    if shape.occurred_at:
        texts[middle / f"int_{name}__interactions.sql"] = _interactions(name, obj, shape, own_touchpoint)
    there = [path for path in texts if path.exists()]
    if there:
        raise ScaffoldError(f"{there[0].relative_to(project)} exists: choose another name, or edit it by hand")
    seed = project / "dbt_project" / "seeds" / "touchpoints.csv"
    known = {line.partition(",")[0] for line in seed.read_text(encoding="utf-8").splitlines()}
    if touchpoint and touchpoint not in known:
        raise ScaffoldError(f"no touchpoint '{touchpoint}' in dbt_project/seeds/touchpoints.csv")
    files = []
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        files.append(path)
    if shape.occurred_at and own_touchpoint not in known:
        text = seed.read_text(encoding="utf-8")
        line = (
            f"{own_touchpoint},{channel},{_kind(channel)},to-be-named,{obj.replace('_', ' ').capitalize()} of {name}\n"
        )
        seed.write_text(text + ("" if text.endswith("\n") else "\n") + line, encoding="utf-8")
        files.append(seed)
    files += dbt_sources.write_sources(project / "dbt_project", contract.parent)
    return Scaffold(name, obj, contract, tuple(files), tuple(_review(shape, channel, own_touchpoint, sample.broken)))


def _object_of(file: Path) -> str:
    stem = file.name.partition(".")[0]
    name = re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", stem).lower())
    name = re.sub(r"(^|_)(sample|example|export|data|test|\d+)(?=_|$)", "", name).strip("_")
    if not name or not name[0].isalpha():
        raise ScaffoldError(f"{file.name}: name the object with --object")
    return re.sub(r"_+", "_", name)


def _kind(channel: str) -> str:
    return "offline" if channel in OFFLINE else "hybrid" if channel in HYBRID else "online"


def _contract(
    source: str, obj: str, shape: Shape, fmt: str, unwrap: str | None, region: str, zone: str, channel: str
) -> str:
    formats = {"csv": "[csv]", "parquet": "[parquet]"}.get(fmt, "[jsonl, json]")
    lines = [
        "# Written by `cdp source new` from a sample. Every `review:` is a guess with "
        "its reason: check it, then delete the note.",
        f"source: {source}",
        f"title: {source.replace('_', ' ').capitalize()}",
        "owner: to-be-named  # review: the team that answers for this source",
        f"default_region: {region}  # review: of phone numbers without a country code",
        f"timezone: {zone}  # review: of times without an offset",
        "objects:",
        f"  {obj}:",
        f"    description: {obj.replace('_', ' ').capitalize()} of {source.replace('_', ' ')}.",
        f"    channels: [{channel}]  # review: by the name alone",
        f"    delivery: {shape.delivery}  # review: {shape.reasons['delivery']}",
        f"    key: [{', '.join(shape.key)}]  # review: {shape.reasons['key']}",
    ]
    if shape.updated_at:
        lines.append(f"    updated_at: {shape.updated_at}  # review: by its name")
    lines.append(f"    formats: {formats}")
    if unwrap:
        lines.append(f"    unwrap: [{_yaml(unwrap)}]  # review: the sample holds its records under this key")
    lines.append("    fields:")
    return "\n".join([*lines, *(f"      {_field(column, shape)}" for column in shape.columns), ""])


def _field(column: Column, shape: Shape) -> str:
    parts = [f"from: [{_yaml(column.path)}]", f"type: {column.type}"]
    for name, value in column.options.items():
        parts.append(f'{name}: "{value}"' if isinstance(value, str) else f"{name}: {json.dumps(list(value))}")
    if column.required:
        parts.append("required: true")
    if column.tag:
        parts.append(f"tag: {column.tag}")
    for name in ("kind", "namespace", "namespace_field"):
        if getattr(column, name):
            parts.append(f"{name}: {getattr(column, name)}")
    if column.personal:
        parts.append("personal: true")
    reasons = list(column.reasons)
    if column.name == shape.occurred_at:
        reasons.append(shape.reasons["occurred_at"])
    note = f"  # review: {'; '.join(reasons)}" if reasons else ""
    return f"{column.name}: {{{', '.join(parts)}}}{note}"


def _yaml(text: str) -> str:
    """A path as YAML in a flow list; quoted unless plain."""
    if re.fullmatch(
        r"[A-Za-z\u4e00-\u9fff_][\w\u4e00-\u9fff. -]*[\w\u4e00-\u9fff]|[A-Za-z_]", text
    ) and text.lower() not in (
        "y",
        "n",
        "yes",
        "no",
        "true",
        "false",
        "on",
        "off",
        "null",
    ):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _staging(source: str, obj: str, shape: Shape) -> str:
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


def _persons(source: str, obj: str, shape: Shape) -> str:
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


def _records(source: str, obj: str, shape: Shape) -> str:
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


def _identifiers_of(shape: Shape) -> list[Column]:
    return [c for c in shape.columns if c.kind and c.facts.filled]


def _identifiers(source: str, obj: str, shape: Shape) -> str:
    columns = _identifiers_of(shape)
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


def _interactions(source: str, obj: str, shape: Shape, touchpoint: str) -> str:
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


def _review(shape: Shape, channel: str, touchpoint: str, broken: int) -> list[str]:
    lines = [f"key: {shape.reasons['key']}", f"delivery {shape.delivery}: {shape.reasons['delivery']}"]
    if "person" in shape.reasons:
        lines.append(f"person: {shape.reasons['person']}")
    else:
        lines.append("person: nothing names a person, so it brings no records")
    if shape.occurred_at:
        lines.append(f"interaction: {shape.reasons['occurred_at']}; touchpoint {touchpoint} in channel {channel}")
    else:
        lines.append("interaction: no time at which something happened, so it brings no interactions")
    lines += [f"{c.name}: {c.kind}; {'; '.join(c.reasons)}" for c in shape.columns if c.kind]
    personal = [c.name for c in shape.columns if c.personal]
    if personal:
        lines.append(f"personal data: {', '.join(personal)}; a field that is missing here is shown in clear")
    doubtful = [
        f"{c.name}: {'; '.join(c.reasons)}" for c in shape.columns if not c.kind and any("only" in r for r in c.reasons)
    ]
    lines += doubtful
    if broken:
        lines.append(f"{broken} records of the sample could not be read")
    return lines


__all__ = ["Scaffold", "ScaffoldError", "new_source"]
