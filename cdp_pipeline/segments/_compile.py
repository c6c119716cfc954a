"""Segments as SQL: one model that evaluates them all in one scan of the features, and one that tells what they mean.

A scan per segment would read the widest table of the marts once for each of them. Here every segment is a boolean of
one row, and what a profile is in becomes one text, which makes the overlap of segments a count of few distinct texts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from cdp_pipeline.segments._definition import Segment
from cdp_pipeline.segments._errors import SegmentError
from cdp_pipeline.segments._facts import FACTS
from cdp_pipeline.segments._project import PROJECT, in_order, load_segments
from cdp_pipeline.segments._sequences import sequence_name, sequence_sql
from cdp_pipeline.segments._sql import PAID, condition_sql, measure_name, measure_sql, member_column, scan_sql
from cdp_pipeline.segments._terms import Count, Followed, Measure, walk
from cdp_pipeline.sources.contract_types import CHANNELS
from cdp_pipeline.sql_text import literal

_HEADER = "-- Generated from dbt_project/segments/*.yml by `cdp segment compile`: edit those.\n"
# What was said of every channel (channel '') stands for each of which nothing was said by name. A refusal of every
# channel has overruled the grants by name already (profile_consent).
CONSENTS = """(
        select
            profile_id,
            purpose,
            channel,
            state
        from {{ ref('profile_consent') }}
        where channel <> ''
        union all
        select
            spoken.profile_id,
            spoken.purpose,
            every.channel,
            spoken.state
        from {{ ref('profile_consent') }} as spoken
        cross join (
            values
            CHANNELS
        ) as every (channel)
        left join {{ ref('profile_consent') }} as named
            on
                spoken.profile_id = named.profile_id
                and spoken.purpose = named.purpose
                and every.channel = named.channel
        where
            spoken.channel = ''
            and named.profile_id is null
    ) as consents""".replace("CHANNELS", ",\n            ".join(f"({literal(channel)})" for channel in CHANNELS))
DEFINITION_COLUMNS = {
    "segment": "varchar",
    "title": "varchar",
    "description": "varchar",
    "owner": "varchar",
    "purpose": "varchar",
    "condition": "varchar",
    "exclusions": "varchar",
    "refers_to": "varchar",
    "definition_version": "varchar",
    "version": "integer",
    "refresh": "varchar",
    "min_share": "double",
    "max_share": "double",
    "max_change": "double",
    "change_from": "bigint",
    "on_breach": "varchar",
}


def compile_segments(segments: Sequence[Segment]) -> dict[str, str]:
    """SQL of the generated dbt models, by model name."""
    return {
        "int_segment_evaluations": _HEADER + evaluations_sql(segments),
        "seg_definition": f"{{{{ config(alias='definition') }}}}\n{_HEADER}{_definitions_sql(segments)}",
    }


def model_paths(project: Path = PROJECT) -> dict[str, Path]:
    """Where the generated models lie, by model name."""
    folder = project / "models/marts"
    return {
        "int_segment_evaluations": folder / "intermediate/segments/int_segment_evaluations.sql",
        "seg_definition": folder / "segments/seg_definition.sql",
    }


def write_models(project: Path = PROJECT) -> list[Path]:
    """Compile and write the models that changed; returns their paths. Raises SegmentError."""
    changed = outdated(project)
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(changed)


def outdated(project: Path = PROJECT) -> dict[Path, str]:
    """Models whose file differs from what the YAML compiles to, with the text they should hold. Raises SegmentError."""
    texts = compile_segments(load_segments(project))
    return {
        path: texts[name]
        for name, path in model_paths(project).items()
        if not path.exists() or path.read_text(encoding="utf-8") != texts[name]
    }


def evaluations_sql(segments: Sequence[Segment], *, carry_over: bool = True) -> str:
    """One row per profile with the comma-separated names of the segments it is in.

    `segments` holds all that they name. `carry_over` keeps the members of weekly segments until they are due; without
    it all are evaluated now.
    """
    known = {segment.name: segment for segment in segments}
    levels = in_order(known)
    weekly = [name for name in sorted(known) if carry_over and known[name].refresh == "weekly"]
    measures = _measures(segments)
    blocks = [_counts_sql(fact, together) for fact, together in measures.items()]
    sequences = _sequences(segments)
    blocks += [
        sequence_sql(term, (_source_sql(term.first.fact), _source_sql(term.then.fact))) for term in sequences.values()
    ]
    if weekly:
        blocks += _carried_sql(weekly)
    blocks.append(_rows_sql(measures, list(sequences), weekly))
    previous = "profile_rows"
    for number, level in enumerate(levels, 1):
        columns = ",\n".join(f"        {_member_sql(known[name], name in weekly)}" for name in level)
        blocks.append(f"level_{number} as (\n    select\n        *,\n{columns}\n    from {previous}\n)")
        previous = f"level_{number}"
    names = ",\n".join(f"        case when {member_column(name)} then {literal(name)} end" for name in sorted(known))
    return (
        "with " + ",\n\n".join(blocks) + "\n\nselect\n    profile_id,\n    concat_ws(\n        ',',\n"
        f"{names}\n    ) as segments\nfrom {previous}\n"
    )


def render(sql: str, relations: Mapping[str, str], as_of: date) -> str:
    """A generated model as plain SQL over `relations` (by model name), as of the end of a day.

    Raises SegmentError for a model that `relations` lacks.
    """

    def ref(match: re.Match[str]) -> str:
        if match[1] not in relations:
            raise SegmentError(f"{match[1]} is not at hand")
        return relations[match[1]]

    end = as_of + timedelta(days=1)
    sql = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", ref, sql)
    return re.sub(
        r"\{\{ within_days\('(\w+)', (\d+)\) \}\}",
        lambda match: f"{match[1]} >= timestamp '{end - timedelta(days=int(match[2]))}'",
        sql,
    )


def models_of(sql: str) -> set[str]:
    """Names of the models that a generated model reads."""
    return set(re.findall(r"\{\{ ref\('(\w+)'\) \}\}", sql))


def _measures(segments: Iterable[Segment]) -> dict[str, list[Measure]]:
    """What has to be counted, by fact, each measure once."""
    found: dict[str, dict[str, Measure]] = defaultdict(dict)
    for segment in segments:
        for term in walk(segment.where, *segment.exceptions):
            if isinstance(term, Count):
                for measure, _, _ in term.comparisons:
                    found[measure.fact][measure_name(measure)] = measure
    return {fact: [found[fact][name] for name in sorted(found[fact])] for fact in FACTS if fact in found}


def _sequences(segments: Iterable[Segment]) -> dict[str, Followed]:
    """Sequences to follow by name, each once."""
    terms = [term for segment in segments for term in walk(segment.where, *segment.exceptions)]
    found = {sequence_name(term): term for term in terms if isinstance(term, Followed)}
    return {name: found[name] for name in sorted(found)}


def _counts_sql(fact: str, measures: Sequence[Measure]) -> str:
    columns = ",\n".join(f"        {measure_sql(measure)} as {measure_name(measure)}" for measure in measures)
    where = "".join(f"\n        and {test}" for test in scan_sql(measures))
    is_paid = any(measure.what == "amount" for measure in measures)
    return (
        f"{fact}_counts as (\n    select\n        profile_id,\n{columns}\n    from {_source_sql(fact, is_paid)}\n"
        f"    where\n        profile_id is not null{where}\n    group by profile_id\n)"
    )


def _source_sql(fact: str, is_paid: bool = False) -> str:
    """The relation of a fact; that of lines with their part of the order's money where it `is_paid`."""
    if fact == "consent":
        return CONSENTS
    if fact != "order_lines":
        return f"{{{{ ref('{FACTS[fact].model}') }}}}"
    of_lines = ["order_id", "profile_id", "ordered_at", "product_id", "category", "department", "brand", "net_amount"]
    of_orders = [
        "channel",
        "touchpoint",
        "source",
        "store_id",
        "campaign_id",
        "coupon_code",
        "refunded_amount",
        "status",
    ]
    columns = [*(f"lines.{column}" for column in of_lines), *(f"orders.{column}" for column in (*of_orders, "status"))]
    if is_paid:
        columns.append(
            "cast(orders.net_amount as double) * cast(lines.net_amount as double)"
            " / nullif(cast(sum(lines.net_amount) over (partition by lines.order_id) as double), 0)"
            f" as {PAID}"
        )
    return (
        "(\n        select\n"
        + ",\n".join(f"            {column}" for column in columns)
        + "\n        from {{ ref('int_order_lines_profiled') }} as lines\n"
        "        inner join {{ ref('int_orders_profiled') }} as orders on lines.order_id = orders.order_id\n"
        "    ) as order_lines"
    )


def _carried_sql(weekly: Sequence[str]) -> list[str]:
    """Who was published as a member of a weekly segment, and which of these segments are due again."""
    held = ",\n".join(f"        bool_or(past.segment = {literal(name)}) as held_{name}" for name in weekly)
    due = ",\n".join(
        f"        coalesce(bool_or(is_due) filter (where segment = {literal(name)}), true) as due_{name}"
        for name in weekly
    )
    return [
        "held as (\n    select\n        coalesce(aliases.profile_id, past.profile_id) as profile_id,\n"
        f"{held}\n    from {{{{ ref('stg_history__segment_membership') }}}} as past\n"
        "    left join {{ ref('stg_identity__profile_aliases') }} as aliases\n"
        "        on past.profile_id = aliases.alias_profile_id\n"
        "    where past.exited_at is null\n    group by 1\n)",
        f"due as (\n    select\n{due}\n    from {{{{ ref('int_segment_schedule') }}}}\n)",
        "touched as (\n    select distinct profile_id\n    from {{ ref('int_segment_profiles_touched') }}\n)",
    ]


def _rows_sql(measures: Mapping[str, Sequence[Measure]], sequences: Sequence[str], weekly: Sequence[str]) -> str:
    columns = ["features.*"]
    joins = []
    for fact, together in measures.items():
        columns += [f"coalesce({fact}_counts.{measure_name(m)}, 0) as {measure_name(m)}" for m in together]
        joins.append(f"    left join {fact}_counts on features.profile_id = {fact}_counts.profile_id")
    for name in sequences:
        columns.append(f"coalesce({name}_steps.{name}, 0) as {name}")
        joins.append(f"    left join {name}_steps on features.profile_id = {name}_steps.profile_id")
    if weekly:
        columns.append("touched.profile_id is not null as is_touched")
        columns += [f"coalesce(held.held_{name}, false) as held_{name}" for name in weekly]
        columns += [f"due.due_{name}" for name in weekly]
        joins += [
            "    cross join due",
            "    left join held on features.profile_id = held.profile_id",
            "    left join touched on features.profile_id = touched.profile_id",
        ]
    listed = ",\n".join(f"        {column}" for column in columns)
    return "\n".join(
        [
            f"profile_rows as (\n    select\n{listed}\n    from {{{{ ref('profile_features') }}}} as features",
            *joins,
            ")",
        ]
    )


def _member_sql(segment: Segment, is_weekly: bool) -> str:
    condition, column = condition_sql(segment.term), member_column(segment.name)
    if is_weekly:
        condition = f"case when due_{segment.name} or is_touched then {condition} else held_{segment.name} end"
    return f"{condition} as {column}"


def _definitions_sql(segments: Sequence[Segment]) -> str:
    rows = []
    for segment in segments:
        bounds = segment.bounds
        values: list[str | float | None] = [
            segment.name,
            segment.title,
            segment.description,
            segment.owner,
            segment.purpose,
            segment.condition,
            segment.exclusions,
            ", ".join(segment.references) or None,
            segment.definition_version,
            segment.version,
            segment.refresh,
            bounds.min_share,
            bounds.max_share,
            bounds.max_change,
            bounds.change_from,
            segment.on_breach,
        ]
        rows.append("(" + ", ".join(_value_sql(value) for value in values) + ")")
    columns = ",\n".join(f"    cast({name} as {kind}) as {name}" for name, kind in DEFINITION_COLUMNS.items())
    listed = ",\n    ".join(rows)
    return (
        f"select\n{columns}\nfrom (values\n    {listed}\n)\nas definitions (\n    "
        + ", ".join(DEFINITION_COLUMNS)
        + "\n)\n"
    )


def _value_sql(value: str | float | None) -> str:
    if value is None:
        return "null"
    return literal(value) if isinstance(value, str) else str(value)
