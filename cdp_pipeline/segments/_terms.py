"""The words of a definition: terms, and how YAML becomes terms.

Here: names, shapes and ranges. Not here: whether a column exists or a value fits its type (`_sql`), and what SQL a term
becomes (`_sql`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from cdp_pipeline.segments._errors import SegmentError, nearest
from cdp_pipeline.segments._facts import FACT_WORDS, FACTS, GOODS

Value: TypeAlias = "bool | int | float | str | date"

COMPARISONS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<", "equals": "=", "is": "=", "in": "in"}
GROUPS = ("all", "any", "none")
# The greatest whole number that every integer column of the compiled models holds, and a hundred years of days.
MOST = 2**31 - 1
MOST_DAYS = 36_500
MEASURES = {
    "at_least": ("count", ">="),
    "at_most": ("count", "<="),
    "count_at_least": ("count", ">="),
    "count_at_most": ("count", "<="),
    "days_at_least": ("days", ">="),
    "days_at_most": ("days", "<="),
    "amount_at_least": ("amount", ">="),
    "amount_at_most": ("amount", "<="),
}


@dataclass(frozen=True)
class Feature:
    """A column of features.profile_features against values; all comparisons hold. `known` asks for a value at all."""

    column: str
    comparisons: tuple[tuple[str, Value | tuple[Value, ...]], ...]
    known: bool | None = None


@dataclass(frozen=True)
class Measure:
    """One number per profile: rows, days with a row, or a sum over the rows of a fact that pass the filters.

    The window is the last `within_days` days up to and including the as-of, without its last `older_than_days`.
    """

    fact: str
    what: str
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    flags: tuple[tuple[str, bool], ...] = ()
    levels: tuple[tuple[str, float], ...] = ()
    within_days: int | None = None
    older_than_days: int | None = None


@dataclass(frozen=True)
class Count:
    """A measure against bounds; all hold. A profile without such a row counts 0."""

    comparisons: tuple[tuple[Measure, str, float], ...]


@dataclass(frozen=True)
class Reference:
    """Membership of another segment on the same day."""

    segment: str
    is_in: bool = True


@dataclass(frozen=True)
class Sql:
    """An SQL boolean over the columns of features.profile_features; layout does not count."""

    text: str


@dataclass(frozen=True)
class Group:
    """`all`, `any` or `none` of the terms. A term whose value is unknown is not met."""

    kind: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Followed:
    """`first`, and within `gap_days` after it `then`, or (not `is_followed`) nothing of it; at `at_least` moments."""

    first: Measure
    then: Measure
    gap_days: int
    is_followed: bool
    at_least: int


Term: TypeAlias = "Feature | Count | Followed | Reference | Sql | Group"


def read_term(document: Any, place: str) -> Term:
    """One term from YAML. `place` leads to it (``where.all[2]``). Raises SegmentError (without the file's name)."""
    if not isinstance(document, dict) or not document:
        raise SegmentError(f"{place}: expected a term such as 'feature: …' or 'all: […]', found {kind_of(document)}")
    words = (*GROUPS, "feature", *FACT_WORDS, "sequence", "segment", "not_segment", "sql")
    heads = [key for key in document if key in words]
    if len(heads) != 1:
        if heads:
            raise SegmentError(f"{place}: {' and '.join(map(str, heads))} are two terms; put them below 'all:'")
        unknown = next(iter(document))
        raise SegmentError(f"{place}: unknown term {unknown!r}{nearest(unknown, words)}")
    head = heads[0]
    if head != "feature" and len(document) > 1:
        other = next(key for key in document if key != head)
        raise SegmentError(f"{place}: {other!r} does not belong beside {head!r}")
    at = f"{place}.{head}"
    value = document[head]
    if head in GROUPS:
        return Group(head, read_terms(value, at))
    if head == "feature":
        return _feature(document, place)
    if head in FACT_WORDS:
        return _count(head, value, at)
    if head == "sequence":
        from cdp_pipeline.segments._sequences import read_sequence

        return read_sequence(value, at)
    if not isinstance(value, str) or not value.strip():
        raise SegmentError(f"{at}: expected a text, found {kind_of(value)}")
    if head == "sql":
        return Sql(" ".join(value.split()))
    return Reference(value.strip(), head == "segment")


def read_terms(document: Any, place: str) -> tuple[Term, ...]:
    """A list of terms, at least one."""
    if not isinstance(document, list) or not document:
        raise SegmentError(f"{place}: expected a list of terms, found {kind_of(document)}")
    return tuple(read_term(item, f"{place}[{number}]") for number, item in enumerate(document, 1))


def walk(*terms: Term) -> list[Term]:
    """The terms and all terms within them."""
    found: list[Term] = []
    for term in terms:
        found.append(term)
        if isinstance(term, Group):
            found += walk(*term.terms)
    return found


def meaning(term: Term, versions: Mapping[str, str]) -> Any:
    """What a term means, as JSON: order in a group does not count, a reference means the other's version."""
    match term:
        case Group(kind, terms):
            return [kind, sorted((meaning(t, versions) for t in terms), key=repr)]
        case Reference(segment, is_in):
            return ["segment", segment, versions[segment], is_in]
        case Sql(text):
            return ["sql", text]
        case Feature(column, comparisons, known):
            return ["feature", column, sorted([op, repr(value)] for op, value in comparisons), known]
        case Count(comparisons):
            return ["count", sorted([repr(measure), op, bound] for measure, op, bound in comparisons)]
        case Followed():
            return ["sequence", repr(term)]


def _feature(document: dict[Any, Any], place: str) -> Feature:
    column = document["feature"]
    at = f"{place}.feature"
    if not isinstance(column, str):
        raise SegmentError(f"{at}: expected the name of a column, found {kind_of(column)}")
    comparisons: list[tuple[str, Value | tuple[Value, ...]]] = []
    known: bool | None = None
    for key, value in document.items():
        if key == "feature":
            continue
        where = f"{at} {column}: {key}"
        if key == "known":
            if not isinstance(value, bool):
                raise SegmentError(f"{where}: expected true or false, found {kind_of(value)}")
            known = value
        elif key == "between":
            if not isinstance(value, list) or len(value) != 2:
                raise SegmentError(f"{where}: expected two values [from, to]")
            low, high = (_value(item, where) for item in value)
            comparisons += [("at_least", low), ("at_most", high)]
        elif key == "in":
            if not isinstance(value, list) or not value:
                raise SegmentError(f"{where}: expected a list of values")
            comparisons.append(("in", tuple(_value(item, where) for item in value)))
        elif key in COMPARISONS:
            comparisons.append((key, _value(value, where)))
        else:
            raise SegmentError(f"{at} {column}: unknown key {key!r}{nearest(key, (*COMPARISONS, 'between', 'known'))}")
    if not comparisons and known is None:
        raise SegmentError(f"{at} {column}: needs a comparison, one of {', '.join((*COMPARISONS, 'between', 'known'))}")
    bounds = dict(comparisons)
    for low in ("at_least", "above"):
        for high in ("at_most", "below"):
            least, most = bounds.get(low), bounds.get(high)
            if _nothing_between(least, most, is_open=low == "above" or high == "below"):
                words = [f"{key.replace('_', ' ')} {value}" for key, value in ((low, least), (high, most))]
                raise SegmentError(f"{at} {column}: nobody can be {' and '.join(words)}")
    return Feature(column, tuple(comparisons), known)


def _count(word: str, document: Any, at: str) -> Count:
    if not isinstance(document, dict):
        raise SegmentError(f"{at}: expected a mapping of filters and bounds, found {kind_of(document)}")
    name = "order_lines" if word == "orders" and any(key in document for key in GOODS) else word
    fact = FACTS[name]
    windows = () if word == "consent" else ("within_days", "older_than_days")
    measures = {
        key: what
        for key, what in MEASURES.items()
        if (what[0] != "amount" or fact.amount) and (word != "consent" or what[0] == "count")
    }
    goods = GOODS if word == "orders" else ()
    keys = {*fact.filters, *fact.flags, *fact.levels, *windows, *measures, *goods}
    for key in document:
        if key not in keys:
            raise SegmentError(f"{at}: unknown key {key!r}{nearest(key, keys)}")
    window = {key: whole(document[key], f"{at}.{key}", least=1, most=MOST_DAYS) for key in windows if key in document}
    within, older = window.get("within_days"), window.get("older_than_days")
    if within is not None and older is not None and older >= within:
        raise SegmentError(f"{at}: nothing is within {within} days and older than {older}")
    filters = tuple(sorted((key, _texts(document[key], f"{at}.{key}")) for key in fact.filters if key in document))
    flags = tuple(sorted((key, _truth(document[key], f"{at}.{key}")) for key in fact.flags if key in document))
    levels = tuple(sorted((key, _number(document[key], f"{at}.{key}")) for key in fact.levels if key in document))
    bounds: dict[tuple[str, str], float] = {}
    for key, (what, operator) in measures.items():
        if key not in document:
            continue
        bound = _number(document[key], f"{at}.{key}") if what == "amount" else whole(document[key], f"{at}.{key}")
        if (what, operator) in bounds:
            raise SegmentError(f"{at}: {key} says the same as another bound")
        if what != "amount" and operator == ">=" and bound == 0:
            raise SegmentError(f"{at}: {key}: at least 0 is everyone; say what you mean, for example at_least: 1")
        bounds[what, operator] = bound
    for what in ("count", "days", "amount"):
        low, high = bounds.get((what, ">=")), bounds.get((what, "<="))
        if low is not None and high is not None and low > high:
            raise SegmentError(f"{at}: nobody can have at least {low:g} and at most {high:g}")
    if not bounds:
        bounds["count", ">="] = 1
    return Count(
        tuple(
            (Measure(name, what, filters, flags, levels, within, older), operator, bound)
            for (what, operator), bound in bounds.items()
        )
    )


def _value(value: Any, place: str) -> Value:
    if isinstance(value, str) and ("{" in value or "}" in value):
        raise SegmentError(f"{place}: braces are dbt's, texts must do without")
    if isinstance(value, float) and not math.isfinite(value):
        raise SegmentError(f"{place}: {value} is no number to compare with")
    if isinstance(value, bool | int | float | str | date):
        return value
    raise SegmentError(f"{place}: expected a number, a text, a date or true/false, found {kind_of(value)}")


def _texts(value: Any, place: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str | int) and not isinstance(item, bool) for item in values):
        raise SegmentError(f"{place}: expected a text or a list of texts")
    return tuple(sorted(str(_value(item, place)) for item in values))


def _truth(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise SegmentError(f"{place}: expected true or false, found {kind_of(value)}")
    return value


def _nothing_between(least: Any, most: Any, *, is_open: bool) -> bool:
    """Whether no value is from `least` to `most`; False where the two cannot be compared."""
    days = all(isinstance(value, date) and not isinstance(value, datetime) for value in (least, most))
    if not days and not (is_number(least) and is_number(most)):
        return False
    return bool(least > most or (is_open and least == most))


def whole(value: Any, place: str, least: int = 0, most: int = MOST) -> int:
    """A whole number from YAML, from `least` to `most`. Raises SegmentError."""
    if type(value) is not int or value < least:
        raise SegmentError(f"{place}: expected a whole number of {least} or more, found {value!r}")
    if value > most:
        raise SegmentError(f"{place}: expected a whole number of at most {most}, found {value!r}")
    return value


def _number(value: Any, place: str) -> float:
    if not is_number(value):
        raise SegmentError(f"{place}: expected a number, found {value!r}")
    return float(value)


def is_number(value: Any) -> bool:
    """Whether YAML gave a number that something can be compared with: neither true nor .nan nor .inf."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e300


def kind_of(value: Any) -> str:
    """What YAML gave, as a word for an error."""
    if value is None:
        return "nothing"
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true/false", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
