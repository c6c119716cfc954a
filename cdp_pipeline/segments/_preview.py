"""What a definition would select, before it is saved: counted on the published snapshot, or read-only on the warehouse.

A definition over features and consent alone is evaluated on the published ``marts.duckdb``. What counts orders, events
and other facts needs the warehouse, where these lie; it can be opened while no run is writing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from cdp_pipeline.segments._compile import CONSENTS, evaluations_sql, models_of, render
from cdp_pipeline.segments._definition import Segment
from cdp_pipeline.segments._errors import SegmentError
from cdp_pipeline.segments._facts import FACTS
from cdp_pipeline.segments._project import needed
from cdp_pipeline.sql_text import literal

_PUBLISHED = {"profile_features": "features.profile_features", "profile_consent": "profiles.consent"}
_WAREHOUSE = _PUBLISHED | {
    fact.model: f"marts_intermediate.{fact.model}" for fact in FACTS.values() if fact.model != "profile_consent"
}


class WarehouseBusy(Exception):
    """A run is writing the warehouse, or there is none; the text is one line."""


@dataclass(frozen=True)
class Overlap:
    """Members shared with a published segment; `jaccard` is shared by all of both."""

    segment: str
    members: int
    members_both: int
    share: float
    jaccard: float


@dataclass(frozen=True)
class Preview:
    """Size of a definition. `published_members` is None for a segment that is not published; `reachable` counts members
    by channel whose consent for marketing is granted, for it or for every channel."""

    segment: str
    definition_version: str
    as_of: date
    profiles: int
    members: int
    published_members: int | None
    published_version: str | None
    reachable: dict[str, int]
    overlaps: tuple[Overlap, ...]

    @property
    def share(self) -> float:
        """Members by all profiles, 0 without profiles."""
        return self.members / self.profiles if self.profiles else 0.0

    @property
    def change(self) -> float | None:
        """Change against the published size as a share of it; None where there is none or it is 0."""
        return (self.members - self.published_members) / self.published_members if self.published_members else None

    def problems(self) -> tuple[list[str], list[str]]:
        """Errors and warnings about the size, a line each."""
        if not self.profiles:
            return [], [f"{self.segment}: no profiles are published, so nothing can be said of its size"]
        if self.members == self.profiles:
            return [f"{self.segment}: selects everyone ({self.profiles:,} of {self.profiles:,} profiles)"], []
        if not self.members:
            return [], [f"{self.segment}: selects no one (0 of {self.profiles:,} profiles)"]
        return [], []


def preview(name: str, segments: Sequence[Segment], *, marts: Path, warehouse: Path) -> Preview:
    """Evaluate one of `segments` (by name) with all that it names, now: weekly ones, too.

    Raises WarehouseBusy where the definition counts facts and the warehouse cannot be read, SegmentError where it
    cannot be evaluated.
    """
    return preview_all([name], segments, marts=marts, warehouse=warehouse)[0]


def preview_all(names: Sequence[str], segments: Sequence[Segment], *, marts: Path, warehouse: Path) -> list[Preview]:
    """As `preview`, for several names in one scan."""
    wanted: dict[str, Segment] = {}
    for name in names:
        wanted |= needed(segments, name)
    sql = evaluations_sql(list(wanted.values()), carry_over=False)
    on_warehouse = not models_of(sql) <= set(_PUBLISHED)
    with duckdb.connect() as con:
        con.execute(f"attach {literal(marts)} as published (read_only)")
        catalog = "published"
        if on_warehouse:
            # dbt wrote views with the catalog's name in them, and that is the file's stem.
            catalog = warehouse.stem
            try:
                con.execute(f"attach {literal(warehouse)} as {catalog} (read_only)")
            except duckdb.Error:
                raise WarehouseBusy(
                    f"{', '.join(names) if len(names) < 3 else 'these segments'}: counts facts, which lie in"
                    f" {warehouse.name}, and a run is writing it or there is none: try again after the run"
                ) from None
        names_of = _WAREHOUSE if on_warehouse else _PUBLISHED
        relations = {model: f"{catalog}.{relation}" for model, relation in names_of.items()}
        try:
            ((as_of,),) = con.execute(
                f"select coalesce(max(as_of), date '1970-01-01') from {relations['profile_features']}"
            ).fetchall()
            con.execute(f"create temp table evaluated as {render(sql, relations, as_of)}")
        except duckdb.Error as error:
            raise SegmentError(f"{', '.join(names)}: cannot be evaluated here ({type(error).__name__})") from None
        con.execute(
            "create temp table members as select profile_id, unnest(string_split(segments, ',')) as segment"
            " from evaluated where segments <> ''"
        )
        return [_measured(con, wanted[name], as_of) for name in names]


def _measured(con: duckdb.DuckDBPyConnection, segment: Segment, as_of: date) -> Preview:
    def rows(sql: str) -> list[Any]:
        return con.execute(sql, {"segment": segment.name}).fetchall()

    ((profiles,),) = con.execute("select count(*) from evaluated").fetchall()
    ((members,),) = rows("select count(*) from members where segment = $segment")
    published = rows(
        "select count(current.profile_id), any_value(definition_version) from published.segments.definition"
        " left join published.segments.current using (segment) where segment = $segment group by segment"
    )
    overlaps = rows(
        """
        with mine as (select profile_id from members where segment = $segment),
        sizes as (select segment, count(*) as members from published.segments.current group by segment),
        shared as (
            select segment, count(*) as members_both from published.segments.current
            where profile_id in (select profile_id from mine) and segment <> $segment group by segment
        )
        select definition.segment, coalesce(members, 0), coalesce(members_both, 0) from published.segments.definition
        left join sizes using (segment) left join shared using (segment)
        where definition.segment <> $segment order by 3 desc, 1
        """
    )
    granted = render(CONSENTS, {"profile_consent": "published.profiles.consent"}, as_of)
    reachable = rows(
        f"select channel, count(*) from {granted} where purpose = 'marketing' and state = 'granted'"
        " and profile_id in (select profile_id from members where segment = $segment) group by 1 order by 2 desc, 1"
    )
    return Preview(
        segment=segment.name,
        definition_version=segment.definition_version,
        as_of=as_of,
        profiles=int(profiles),
        members=int(members),
        published_members=int(published[0][0]) if published else None,
        published_version=str(published[0][1]) if published else None,
        reachable={str(channel): int(count) for channel, count in reachable},
        overlaps=tuple(
            Overlap(
                segment=str(other),
                members=int(size),
                members_both=int(both),
                share=both / members if members else 0.0,
                jaccard=both / (members + size - both) if members + size - both else 0.0,
            )
            for other, size, both in overlaps
        ),
    )
