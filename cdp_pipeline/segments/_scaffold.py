"""A first draft of a segment: a copy of another one, or a page with every kind of term to choose from."""

from __future__ import annotations

import re
from pathlib import Path

from cdp_pipeline.segments._definition import read_segment
from cdp_pipeline.segments._errors import SegmentError, nearest
from cdp_pipeline.segments._project import PROJECT

_DRAFT = """\
name: {name}
title: {title}
description: Who is in it, in a sentence that a colleague understands.
owner: crm
version: 1
purpose: marketing            # consent that a use of its members needs: marketing, service or analysis
refresh: daily                # or weekly: evaluated at the first run of a week, members carried over in between
where:
  all:                        # or any, none; groups may hold groups
    - feature: orders_12m     # a column of features.profile_features
      at_least: 1             # at_most, above, below, equals, in: [..], between: [.., ..], is: true, known: true
    - orders: {{within_days: 90, count_at_least: 1}}    # also channel, category, department, brand, amount_at_least …
    # - event: {{type: product_viewed, channel: website, within_days: 30, at_least: 3}}
    # - campaign: {{touch: clicked, within_days: 90}}
    # - feedback: {{type: nps, score_at_most: 6, within_days: 90}}
    # - ticket: {{within_days: 90, at_least: 2}}
    # - consent: {{purpose: marketing, channel: email, state: granted}}
    # - sequence:               # one thing, then (or then_not) another within so many days after it
    #     first: {{event: {{type: product_viewed, within_days: 30}}}}
    #     then_not: {{orders: {{}}}}
    #     within_days: 7
    # - segment: champions      # or not_segment
    # - sql: overdue_ratio > 2
except: [do_not_contact]      # segments or terms that take people out again
bounds:
  max_share: 0.5              # a sane size: at most half of all profiles …
  max_change: 0.5             # … and no jump by more than half against the published size
on_breach: warn               # or block: nothing is published while the size is beyond a bound
"""


def draft(name: str, *, source: str | None = None, project: Path = PROJECT) -> str:
    """YAML of a new segment `name`: of the segment or file `source` under another name, else a page of terms.

    Raises SegmentError for a name that is taken or none, and where `source` is no segment.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise SegmentError(f"'{name}': a name has lower-case letters, digits and underscores")
    if (project / "segments" / f"{name}.yml").exists():
        raise SegmentError(f"segments/{name}.yml exists: choose another name, or edit that file")
    title = name.replace("_", " ").capitalize()
    if source is None:
        return _DRAFT.format(name=name, title=title)
    path = locate(source, project)
    read_segment(path)
    text = path.read_text(encoding="utf-8")
    for key, value in (("name", name), ("title", title), ("version", "1")):
        text = re.sub(rf"^{key}:.*$", f"{key}: {value}", text, count=1, flags=re.MULTILINE)
    return text


def locate(wanted: str, project: Path = PROJECT) -> Path:
    """The file of a segment, by name or by path. Raises SegmentError where there is none."""
    path = Path(wanted)
    if path.suffix in (".yml", ".yaml"):
        if not path.is_file():
            raise SegmentError(f"{wanted}: no such file")
        return path
    folder = project / "segments"
    found = [folder / f"{wanted}{ending}" for ending in (".yml", ".yaml") if (folder / f"{wanted}{ending}").is_file()]
    if not found:
        known = [p.stem for p in folder.glob("*.y*ml")]
        raise SegmentError(f"no segment '{wanted}'{nearest(wanted, known)}")
    return found[0]
