"""What ``cdp features list`` and ``show`` tell: the documentation of the wide row, and how its values are spread."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import yaml

from cdp_pipeline.cli._common import UsageError
from cdp_pipeline.segments import PROJECT

_TOP = 10
_NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "HUGEINT")


def declared(project: Path = PROJECT) -> list[dict[str, Any]]:
    """The columns of ``features.profile_features`` as they are documented: feature, type, group, unit, window,
    null_when, freshness, description."""
    document = yaml.safe_load((project / "models/marts/features/_features.yml").read_text(encoding="utf-8"))
    [model] = [model for model in document["models"] if model["name"] == "profile_features"]
    return [
        {
            "feature": column["name"],
            "type": column["data_type"],
            **{key: column["config"]["meta"][key] for key in ("group", "unit", "window", "null_when", "freshness")},
            "description": column["description"],
        }
        for column in model["columns"]
    ]


def matching(words: str | None) -> list[dict[str, Any]]:
    """The documented features whose name, group or description holds all of the words; all without any."""
    wanted = (words or "").lower().replace("_", " ").split()

    def told(row: Mapping[str, Any]) -> str:
        return f"{row['feature']} {row['group']} {row['description']}".lower().replace("_", " ")

    return [row for row in declared() if all(word in told(row) for word in wanted)]


def spread(marts: Path, name: str) -> dict[str, Any]:
    """One feature with its documentation and its values among the published profiles: how many are known, and the
    quantiles of a number or a date, the shares of a yes or no, the most frequent values of a text.

    Raises UsageError for a name that is no feature.
    """
    documented = {row["feature"]: row for row in declared() if row["feature"] != "profile_id"}
    if name not in documented:
        near = difflib.get_close_matches(name, documented, 1)
        hint = f", did you mean '{near[0]}'?" if near else ""
        raise UsageError(f"no feature '{name}'{hint or ': see cdp features list'}")
    with duckdb.connect(str(marts), read_only=True) as con:
        kinds = {row[0]: row[1] for row in con.execute("describe features.profile_features").fetchall()}
        if name not in kinds:
            raise UsageError(f"the published snapshot has no feature '{name}': `cdp run` adds it")
        [(profiles, known)] = con.execute(f'select count(*), count("{name}") from features.profile_features').fetchall()
        facts = {**documented[name], "profiles": profiles, "known": known}
        kind = kinds[name].split("(")[0]
        if kind in _NUMBERS or kind.startswith(("DATE", "TIMESTAMP")):
            ends = "0, 0.1, 0.25, 0.5, 0.75, 0.9, 1"
            [(found,)] = con.execute(
                f'select quantile_disc("{name}", [{ends}]) from features.profile_features where "{name}" is not null'
            ).fetchall()
            names = ("least", "p10", "p25", "median", "p75", "p90", "greatest")
            return facts | dict(zip(names, found or [None] * len(names), strict=True))
        rows = con.execute(
            f'select cast("{name}" as varchar), count(*) from features.profile_features where "{name}" is not null'
            f" group by all order by 2 desc, 1 limit {_TOP}"
        ).fetchall()
        return facts | {"values": dict(rows)}
