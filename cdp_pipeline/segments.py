"""Segments as code: ``dbt_project/segments/<name>.yml`` compiled into two dbt models.

A segment's condition is an SQL boolean over the columns of ``features.profile_features``. The models are committed, so
that dbt and its readers see plain SQL; a test holds them against the YAML. ``python -m cdp_pipeline.segments`` writes
them anew, ``--check`` only compares.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import duckdb
import yaml

PROJECT = Path(__file__).parents[1] / "dbt_project"
PURPOSES = ("marketing", "service", "analysis")
_HEADER = "-- Generated from dbt_project/segments/*.yml by `python -m cdp_pipeline.segments`: edit those.\n"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# What an expression over one row has no use for: it would make a segment depend on other tables or other rows.
_FORBIDDEN = {"SUBQUERY": "a subquery", "WINDOW": "a window function", "PARAMETER": "a parameter", "STAR": "a star"}


class SegmentError(ValueError):
    """A segment file is wrong; the message is one line that names the file."""


@dataclass(frozen=True)
class Segment:
    """One segment as declared. `purpose` is the consent purpose that an export of its members must respect."""

    name: str
    title: str
    description: str
    owner: str
    version: int
    purpose: str
    condition: str

    @property
    def definition_version(self) -> str:
        """Twelve hexadecimal digits that change when the condition does; layout does not count."""
        return hashlib.sha256(" ".join(self.condition.split()).encode()).hexdigest()[:12]


def load_segments(project: Path = PROJECT) -> list[Segment]:
    """All segments by name, each condition bound against the columns that the features' YAML declares.

    Raises SegmentError for the first file that is no valid segment.
    """
    columns = feature_columns(project)
    segments: dict[str, Segment] = {}
    with duckdb.connect() as con:
        declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        con.execute(f"create table profile_features ({declared})")
        for path in sorted((project / "segments").iterdir()):
            if path.suffix not in (".yml", ".yaml"):
                continue
            segment = _read(path)
            if segment.name in segments:
                raise SegmentError(f"{path.name}: segment {segment.name} is declared twice")
            if segment.name != path.stem:
                raise SegmentError(f"{path.name}: holds segment {segment.name}; file and name must agree")
            _check_condition(con, path, segment.condition)
            segments[segment.name] = segment
    if not segments:
        raise SegmentError(f"{project / 'segments'}: no segment file")
    return list(segments.values())


def feature_columns(project: Path = PROJECT) -> dict[str, str]:
    """Columns of ``features.profile_features`` with their types, as the contract in the dbt YAML declares them."""
    document = yaml.safe_load((project / "models/marts/features/_features.yml").read_text(encoding="utf-8"))
    (model,) = (model for model in document["models"] if model["name"] == "profile_features")
    return {column["name"]: column["data_type"] for column in model["columns"]}


def compile_segments(segments: Sequence[Segment]) -> dict[str, str]:
    """SQL of the dbt models `seg_current` and `seg_definition`, by model name."""
    members = "\nunion all\n".join(
        f"select\n    profile_id,\n    {_quoted(segment.name)} as segment\n"
        f"from {{{{ ref('profile_features') }}}}\nwhere ({segment.condition})"
        for segment in segments
    )
    rows = ",\n    ".join(
        "("
        + ", ".join(
            _quoted(value)
            for value in (
                segment.name,
                segment.title,
                segment.description,
                segment.owner,
                segment.purpose,
                segment.condition,
                segment.definition_version,
            )
        )
        + f", {segment.version})"
        for segment in segments
    )
    return {
        "seg_current": f"{{{{ config(alias='current') }}}}\n{_HEADER}{members}\n",
        "seg_definition": (
            f"{{{{ config(alias='definition') }}}}\n{_HEADER}"
            "select\n    segment,\n    title,\n    description,\n    owner,\n    purpose,\n    condition,\n"
            "    definition_version,\n    version\n"
            f"from (values\n    {rows}\n)\n"
            "as definitions (segment, title, description, owner, purpose, condition, definition_version, version)\n"
        ),
    }


def model_paths(project: Path = PROJECT) -> dict[str, Path]:
    """Where the generated models lie, by model name."""
    folder = project / "models/marts/segments"
    return {name: folder / f"{name}.sql" for name in ("seg_current", "seg_definition")}


def write_models(project: Path = PROJECT) -> list[Path]:
    """Compile and write the models that changed; returns their paths."""
    changed = outdated(project)
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8")
    return list(changed)


def outdated(project: Path = PROJECT) -> dict[Path, str]:
    """Models whose file differs from what the YAML compiles to, with the text they should hold."""
    texts = compile_segments(load_segments(project))
    return {
        path: texts[name]
        for name, path in model_paths(project).items()
        if not path.exists() or path.read_text(encoding="utf-8") != texts[name]
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write the models, or with ``--check`` compare only. Returns 0, 1 for models out of date, 2 for a wrong file."""
    parser = argparse.ArgumentParser(prog="python -m cdp_pipeline.segments", description="compile segment definitions")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--project", type=Path, default=PROJECT, metavar="DIR", help="dbt project (default: this one)")
    arguments = parser.parse_args(argv)
    try:
        paths = list(outdated(arguments.project)) if arguments.check else write_models(arguments.project)
    except SegmentError as error:
        print(error, file=sys.stderr)
        return 2
    for path in paths:
        print(f"{'out of date' if arguments.check else 'written'}: {path.relative_to(arguments.project)}")
    return 1 if arguments.check and paths else 0


def _read(path: Path) -> Segment:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise SegmentError(f"{path.name}:{line} not valid YAML") from None
    if not isinstance(document, dict):
        raise SegmentError(f"{path.name}: expected a mapping of fields")
    expected = {field.name: int if field.name == "version" else str for field in fields(Segment)}
    for key in document:
        if key not in expected:
            raise SegmentError(f"{path.name}: unknown field {key!r}; fields are {', '.join(expected)}")
    for key, kind in expected.items():
        value = document.get(key)
        if type(value) is not kind or not str(value).strip():
            raise SegmentError(f"{path.name}: {key} must be {'a whole number' if kind is int else 'a text'}")
    texts: dict[str, Any] = {key: value.strip() if isinstance(value, str) else value for key, value in document.items()}
    segment = Segment(**texts)
    if not _NAME.fullmatch(segment.name):
        raise SegmentError(f"{path.name}: name must be lower-case letters, digits and underscores")
    if segment.purpose not in PURPOSES:
        raise SegmentError(f"{path.name}: purpose must be one of {', '.join(PURPOSES)}")
    if any("{" in text or "}" in text for text in (segment.title, segment.description, segment.owner)):
        raise SegmentError(f"{path.name}: braces are dbt's, texts must do without")
    return segment


def _check_condition(con: duckdb.DuckDBPyConnection, path: Path, condition: str) -> None:
    """One boolean expression over the declared columns, without tables, other rows or templates."""
    if any(mark in condition for mark in ("{", "}", ";", "--", "/*")):
        raise SegmentError(f"{path.name}: condition must be one expression without braces, semicolons or comments")
    # Parsed bare first: within parentheses a stray ")" could open a second clause.
    ((text,),) = con.execute("select json_serialize_sql(cast(? as varchar))", [f"select {condition}"]).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        raise SegmentError(f"{path.name}: condition is no SQL expression: {_one_line(tree['error_message'])}")
    node = tree["statements"][0]["node"]
    plain = node["type"] == "SELECT_NODE" and len(node["select_list"]) == 1 and not node["modifiers"]
    if not plain or node["from_table"]["type"] != "EMPTY" or node["where_clause"] or node["select_list"][0]["alias"]:
        raise SegmentError(f"{path.name}: condition must be one expression and nothing else")
    for expression in _expressions(node["select_list"]):
        if expression in _FORBIDDEN:
            raise SegmentError(f"{path.name}: condition holds {_FORBIDDEN[expression]}")
    try:
        kinds = con.execute(f"describe select ({condition}) as member from profile_features").fetchall()
        con.execute(f"explain select profile_id from profile_features where ({condition})").fetchall()
    except duckdb.Error as error:
        raise SegmentError(f"{path.name}: {_one_line(str(error))}") from None
    if kinds[0][1] != "BOOLEAN":
        raise SegmentError(f"{path.name}: condition is {kinds[0][1]}, not BOOLEAN")


def _expressions(node: Any) -> Iterator[str]:
    """Classes of all nodes of a serialised expression."""
    if isinstance(node, dict):
        if isinstance(node.get("class"), str):
            yield node["class"]
        for child in node.values():
            yield from _expressions(child)
    elif isinstance(node, list):
        for child in node:
            yield from _expressions(child)


def _one_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return " ".join(line for line in lines if not line.startswith(("LINE", "^")))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    sys.exit(main())
