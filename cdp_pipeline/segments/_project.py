"""All segments of a dbt project: read, held against the features and against one another, in an order to evaluate."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import yaml

from cdp_pipeline.segments._definition import Segment, read_segment, version_of
from cdp_pipeline.segments._errors import SegmentError, nearest
from cdp_pipeline.segments._facts import FACTS
from cdp_pipeline.segments._sql import check_expression, check_feature
from cdp_pipeline.segments._terms import Count, Feature, Followed, Measure, Sql, walk

PROJECT = Path(__file__).parents[2] / "dbt_project"


def load_segments(project: Path = PROJECT) -> list[Segment]:
    """All segments by name, checked, with their versions.

    Raises SegmentError for the first file that is no valid segment, and where there is none.
    """
    segments, problems = check_segments(project)
    if problems:
        raise SegmentError(problems[0])
    return segments


def check_segments(project: Path = PROJECT, extra: Path | None = None) -> tuple[list[Segment], list[str]]:
    """The valid segments by name, and one line per problem.

    `extra` is a file outside of the project that stands in for the project's segment of the same name.
    """
    problems: list[str] = []
    found: dict[str, Segment] = {}
    own = read_segment(extra) if extra else None
    folder = project / "segments"
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix not in (".yml", ".yaml"):
            continue
        if own and path.stem == own.name:
            continue
        try:
            segment = read_segment(path)
            if segment.name in found:
                raise SegmentError(f"{path.name}: segment {segment.name} is declared twice")
            if segment.name != path.stem:
                raise SegmentError(f"{path.name}: holds segment {segment.name}; file and name must agree")
        except SegmentError as error:
            problems.append(str(error))
        else:
            found[segment.name] = segment
    if own:
        found[own.name] = own
    elif not found and not problems:
        problems.append(f"{folder}: no segment file")
    valid = _bind(found, project, problems)
    try:
        return list(with_versions(valid).values()), problems
    except SegmentError as error:
        return [], [*problems, str(error)]


def feature_columns(project: Path = PROJECT) -> dict[str, str]:
    """Columns of ``features.profile_features`` with their types, as the contract in the dbt YAML declares them."""
    for path in sorted((project / "models/marts/features").glob("*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for model in document.get("models") or []:
            if model["name"] == "profile_features":
                return {column["name"]: column["data_type"] for column in model["columns"]}
    raise SegmentError("models/marts/features: no model profile_features is declared")


def in_order(segments: Mapping[str, Segment]) -> list[list[str]]:
    """Names in levels: a segment names only segments of earlier levels. Raises SegmentError naming a cycle."""
    levels: list[list[str]] = []
    placed: set[str] = set()
    while len(placed) < len(segments):
        level = sorted(n for n, s in segments.items() if n not in placed and set(s.references) <= placed)
        if not level:
            raise SegmentError(_cycle({n: s.references for n, s in segments.items() if n not in placed}))
        levels.append(level)
        placed |= set(level)
    return levels


def with_versions(segments: Mapping[str, Segment]) -> dict[str, Segment]:
    """The segments by name, each with its `definition_version`."""
    versions: dict[str, str] = {}
    for level in in_order(segments):
        for name in level:
            versions[name] = version_of(segments[name], versions)
    return {name: replace(segments[name], definition_version=versions[name]) for name in sorted(segments)}


def needed(segments: Iterable[Segment], name: str) -> dict[str, Segment]:
    """A segment and all that it leads to, by name."""
    known = {segment.name: segment for segment in segments}
    found: dict[str, Segment] = {}
    todo = [name]
    while todo:
        segment = known[todo.pop()]
        if segment.name not in found:
            found[segment.name] = segment
            todo += segment.references
    return found


def _cycle(waiting: Mapping[str, Sequence[str]]) -> str:
    """One line that names a cycle among segments that wait for one another."""
    path = [min(waiting)]
    while True:
        following = min(name for name in waiting[path[-1]] if name in waiting)
        if following in path:
            cycle = [*path[path.index(following) :], following]
            # Told from its least name on, so that the line does not depend on where the search began.
            least = cycle.index(min(cycle))
            cycle = [*cycle[least:-1], *cycle[:least], min(cycle)]
            return f"{cycle[0]}.yml: segments name each other in a circle: {' → '.join(cycle)}"
        path.append(following)


def _bind(found: Mapping[str, Segment], project: Path, problems: list[str]) -> dict[str, Segment]:
    """Segments whose columns, values and names exist; a line is added for each other one."""
    columns = feature_columns(project)
    words = _words(project)
    valid: dict[str, Segment] = {}
    with duckdb.connect() as con:
        declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        con.execute(f"create table profile_features ({declared})")
        for name, segment in found.items():
            try:
                _check(con, segment, columns, words, found)
            except SegmentError as error:
                problems.append(f"{name}.yml: {error}")
            else:
                valid[name] = segment
    # What names a broken segment cannot be evaluated either; its own line would only repeat the other's.
    while True:
        broken = [name for name, segment in valid.items() if not set(segment.references) <= set(valid)]
        if not broken:
            return valid
        for name in broken:
            del valid[name]


def _check(
    con: duckdb.DuckDBPyConnection,
    segment: Segment,
    columns: Mapping[str, str],
    words: Mapping[str, set[str]],
    found: Mapping[str, Segment],
) -> None:
    for term in walk(segment.where, *segment.exceptions):
        match term:
            case Sql(text):
                is_whole = term is segment.where and segment.condition.split() == text.split()
                check_expression(con, text, "condition" if is_whole else "sql", columns)
            case Feature():
                check_feature(con, term, columns)
            case Count(comparisons):
                _check_filters(comparisons[0][0], words)
            case Followed(first, then):
                _check_filters(first, words)
                _check_filters(then, words)
    for name in segment.references:
        if name not in found:
            raise SegmentError(f"unknown segment '{name}'{nearest(name, found)}")


def _check_filters(measure: Measure, words: Mapping[str, set[str]]) -> None:
    for key, values in measure.filters:
        known = FACTS[measure.fact].words.get(key) or words.get(key)
        for value in values:
            if known and "*" not in value and value not in known:
                raise SegmentError(f"unknown {key} '{value}'{nearest(value, known)}")


def _words(project: Path) -> dict[str, set[str]]:
    """Values that filters can have by the project, by key: channels and touchpoints of the inventory, purposes of
    consent; none where a project does not list them."""
    found: dict[str, set[str]] = {}
    path = project / "seeds" / "touchpoints.csv"
    if path.exists():
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        found = {key: {row[key] for row in rows} for key in ("channel", "touchpoint")}
    path = project / "dbt_project.yml"
    if path.exists():
        declared = yaml.safe_load(path.read_text(encoding="utf-8")).get("vars") or {}
        found["purpose"] = set(declared.get("consent_purposes") or ())
    return found
