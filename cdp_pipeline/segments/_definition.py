"""One segment as declared in ``dbt_project/segments/<name>.yml``: its fields, and what they must hold."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from cdp_pipeline.segments._errors import SegmentError, nearest
from cdp_pipeline.segments._terms import MOST, Group, Reference, Sql, Term, is_number, kind_of, meaning, read_term, walk
from cdp_pipeline.yaml_text import UniqueKeyLoader

PURPOSES = ("marketing", "service", "analysis")
REFRESHES = ("daily", "weekly")
ON_BREACH = ("warn", "block")
_REQUIRED = ("name", "title", "description", "owner", "version", "purpose")
_OPTIONAL = ("condition", "where", "except", "refresh", "bounds", "on_breach")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INT = "tag:yaml.org,2002:int"


class _Loader(UniqueKeyLoader):
    """Only plain decimal digits are a number: YAML would read the article 0071 as octal, which is another one."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _INT]
        for first, resolvers in UniqueKeyLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(_INT, re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))


@dataclass(frozen=True)
class Bounds:
    """What size is sane: shares 0-1 of all profiles, and the change against the published size as a share of it.

    `max_change` speaks only where the segment had, or has, `change_from` members: 2 after 1 is no alarm.
    """

    min_share: float | None = None
    max_share: float | None = None
    max_change: float | None = None
    change_from: int = 100


@dataclass(frozen=True)
class Segment:
    """One segment. `purpose` is the consent purpose that a use of its members must respect; `where` says who is in it
    and `exceptions` who is not all the same. `definition_version` changes when, and only when, the meaning does."""

    name: str
    title: str
    description: str
    owner: str
    version: int
    purpose: str
    where: Term
    exceptions: tuple[Term, ...] = ()
    refresh: str = "daily"
    bounds: Bounds = Bounds()
    on_breach: str = "warn"
    condition: str = ""
    exclusions: str | None = None
    definition_version: str = ""

    @property
    def references(self) -> tuple[str, ...]:
        """Segments that the definition names, sorted."""
        return tuple(sorted({t.segment for t in walk(self.where, *self.exceptions) if isinstance(t, Reference)}))

    @property
    def term(self) -> Term:
        """Condition and exclusions as one term."""
        if not self.exceptions:
            return self.where
        return Group("all", (self.where, Group("none", self.exceptions)))


def _exclusions(document: Any) -> tuple[Term, ...]:
    """`except`: names of segments or terms."""
    if not isinstance(document, list) or not document:
        raise SegmentError(f"except: expected a list of segments or terms, found {kind_of(document)}")
    return tuple(
        Reference(item.strip()) if isinstance(item, str) else read_term(item, f"except[{number}]")
        for number, item in enumerate(document, 1)
    )


def read_segment(path: Path) -> Segment:
    """One file, checked for all that it alone can tell. Raises SegmentError, whose line names the file."""
    try:
        return parse_segment(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader))  # noqa: S506 (a SafeLoader)
    except SegmentError as error:
        raise SegmentError(f"{path.name}: {error}") from None
    except OSError:
        raise SegmentError(f"{path.name}: no such file") from None
    except RecursionError:
        raise SegmentError(f"{path.name}: terms lie too deep in one another") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", None) or "")
        told = problem if problem.endswith("is given twice") else "not valid YAML"
        raise SegmentError(f"{path.name}:{line} {told}") from None


def parse_segment(document: Any) -> Segment:
    """A segment from the mapping in its file. Raises SegmentError without a file's name."""
    if not isinstance(document, dict):
        raise SegmentError("expected a mapping of fields")
    for key in document:
        if key not in (*_REQUIRED, *_OPTIONAL):
            raise SegmentError(f"unknown field {key!r}{nearest(key, (*_REQUIRED, *_OPTIONAL))}")
    texts: dict[str, str] = {}
    for key in _REQUIRED:
        value = document.get(key)
        kind = int if key == "version" else str
        if type(value) is not kind or not str(value).strip():
            raise SegmentError(f"{key} must be {'a whole number' if kind is int else 'a text'}")
        if isinstance(value, int) and abs(value) > MOST:
            raise SegmentError(f"{key} must be a whole number of at most {MOST}")
        if isinstance(value, str):
            texts[key] = value.strip()
    if not _NAME.fullmatch(texts["name"]):
        raise SegmentError("name must be lower-case letters, digits and underscores")
    if any("{" in text or "}" in text for text in texts.values()):
        raise SegmentError("braces are dbt's, texts must do without")
    _one_of("purpose", texts["purpose"], PURPOSES)
    if ("condition" in document) == ("where" in document):
        raise SegmentError("needs either condition (SQL over features) or where (terms), and not both")
    if "condition" in document:
        condition = document["condition"]
        if not isinstance(condition, str) or not condition.strip():
            raise SegmentError("condition must be a text")
        condition = condition.strip()
        where: Term = Sql(" ".join(condition.split()))
    else:
        where = read_term(document["where"], "where")
        condition = _text_of(document["where"])
    exceptions = _exclusions(document["except"]) if "except" in document else ()
    return Segment(
        **texts,
        version=document["version"],
        where=where,
        exceptions=exceptions,
        refresh=_one_of("refresh", document.get("refresh", "daily"), REFRESHES),
        bounds=_bounds(document.get("bounds", {})),
        on_breach=_one_of("on_breach", document.get("on_breach", "warn"), ON_BREACH),
        condition=condition,
        exclusions=_text_of(document["except"]) if exceptions else None,
    )


def version_of(segment: Segment, versions: Mapping[str, str]) -> str:
    """Twelve hexadecimal digits of what the definition means. Layout, texts, owner and bounds do not count; what the
    segments mean that it names does (`versions` holds theirs)."""
    if isinstance(segment.where, Sql) and not segment.exceptions:
        text = segment.where.text
    else:
        without = sorted((meaning(term, versions) for term in segment.exceptions), key=repr)
        text = json.dumps([meaning(segment.where, versions), without], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _bounds(document: Any) -> Bounds:
    if not isinstance(document, dict):
        raise SegmentError("bounds: expected a mapping of min_share, max_share, max_change, change_from")
    known = {"min_share": 1.0, "max_share": 1.0, "max_change": None, "change_from": None}
    for key, value in document.items():
        if key not in known:
            raise SegmentError(f"bounds: unknown key {key!r}{nearest(key, known)}")
        top = known[key]
        if key == "change_from":
            if type(value) is not int or not 1 <= value <= MOST:
                raise SegmentError(f"bounds.{key}: expected a whole number from 1 to {MOST}")
        elif not is_number(value) or value < 0 or (top and value > top):
            raise SegmentError(f"bounds.{key}: expected a share, such as 0.25{' (0 to 1)' if top else ''}")
    bounds = Bounds(**document)
    if bounds.min_share is not None and bounds.max_share is not None and bounds.min_share > bounds.max_share:
        raise SegmentError("bounds: min_share is greater than max_share")
    return bounds


def _one_of(key: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise SegmentError(f"{key} must be one of {', '.join(known)}")
    return str(value)


def _text_of(document: Any) -> str:
    """YAML in block style: readable, and without the braces that dbt would take for its own."""
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120)
    return text.strip()
