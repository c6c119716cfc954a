"""A new source from a sample: contract, staging model, and the parts of the conformed shape that it can bring.

Here: the contract, and what goes where; the models are in ``scaffold_sql.py``. What is guessed comes from ``guess.py``
and ``guess_object.py``. No value of the sample is written, and nothing that exists is overwritten.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import phonenumbers

from cdp_pipeline.sources import dbt_sources, scaffold_sql
from cdp_pipeline.sources.contract import ContractError, parse_contract
from cdp_pipeline.sources.guess import Column
from cdp_pipeline.sources.guess_object import HYBRID, OFFLINE, Shape, guess_region, guess_shape
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

    Raises ScaffoldError where something of it exists, or a name or what is given beside it cannot be used; SampleError
    for the sample. Nothing is written then.
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
    if region and region not in phonenumbers.SUPPORTED_REGIONS:
        raise ScaffoldError(f"region '{region}' is no country of two capital letters, as in US or CN")
    channel = channel or shape.channel
    own_touchpoint = touchpoint or f"{name}_{obj}"
    contract = project / "cdp_pipeline" / "sources" / "contracts" / f"{name}.yml"
    texts = {
        contract: _contract(
            name, obj, shape, sample.format, sample.unwrap, region or guessed_region, timezone or guessed_zone, channel
        )
    }
    models = project / "dbt_project" / "models"
    texts[models / "staging" / name / f"stg_{name}__{obj}.sql"] = scaffold_sql.staging(name, obj, shape)
    middle = models / "intermediate" / name
    if shape.has_persons:
        texts[middle / f"int_{name}__{obj}_persons.sql"] = scaffold_sql.persons(name, obj, shape)
        texts[middle / f"int_{name}__records.sql"] = scaffold_sql.records(name, obj, shape)
        if scaffold_sql.identifiers_of(shape):
            texts[middle / f"int_{name}__identifiers.sql"] = scaffold_sql.identifiers(name, obj, shape)
    if shape.occurred_at:
        texts[middle / f"int_{name}__interactions.sql"] = scaffold_sql.interactions(name, obj, shape, own_touchpoint)
    there = [path for path in texts if path.exists()]
    if there:
        raise ScaffoldError(f"{there[0].relative_to(project)} exists: choose another name, or edit it by hand")
    seed = project / "dbt_project" / "seeds" / "touchpoints.csv"
    known = {line.partition(",")[0] for line in seed.read_text(encoding="utf-8").splitlines()}
    if touchpoint and touchpoint not in known:
        raise ScaffoldError(f"no touchpoint '{touchpoint}' in dbt_project/seeds/touchpoints.csv")
    try:
        # One contract that cannot be read stops every command that reads contracts.
        parse_contract(texts[contract], contract.name)
    except ContractError as error:
        raise ScaffoldError(str(error)) from None
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
    # JSON's quotes are YAML's, line breaks of a header included.
    return json.dumps(text, ensure_ascii=False)


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
