"""Values in Spark's words: numbers, texts, times, JSON and lists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import sqlglot
from sqlglot import exp

from cdp_pipeline.spark.syntax import INSTANT, call, cast, is_call


def _types(node: exp.DataType) -> exp.Expression:
    # `timestamp` means the one without a zone in our sessions, and SQLGlot writes it for the one with a zone
    if node.this == exp.DataType.Type.TIMESTAMPTZ:
        return INSTANT.copy()
    return node


def _division(node: exp.Div) -> exp.Expression:
    # DuckDB's `/` is a division of doubles whatever the operands; Spark's of decimals is a decimal.
    if isinstance(node.this, exp.Cast) and node.this.is_type("double"):
        return node
    done = node.copy()
    done.set(
        "this", cast(exp.paren(node.this.copy()) if isinstance(node.this, exp.Binary) else node.this.copy(), "double")
    )
    return done


def _json_path(path: str) -> str:
    """A JSONPath of DuckDB as Spark's get_json_object reads it: quoted names stand in brackets."""
    out, i = "", 0
    while i < len(path):
        if path.startswith('."', i):
            end = path.index('"', i + 2)
            out += f"['{path[i + 2 : end]}']"
            i = end + 1
        else:
            out += path[i]
            i += 1
    return out


def _json_text(node: exp.JSONExtractScalar) -> exp.Expression:
    path = node.expression
    if isinstance(path, exp.JSONPath):
        path = exp.Literal.string(path.sql(dialect="duckdb").strip("'").replace("''", "'"))
    if isinstance(path, exp.Literal):
        text = path.name if path.name.startswith("$") else f'$."{path.name}"'
        path = exp.Literal.string(_json_path(text))
    return call("get_json_object", node.this.copy(), path.copy())


def _functions(node: exp.Anonymous) -> exp.Expression:
    name = str(node.this).lower()
    rule = CALLS.get(name)
    return rule(node) if rule else node


def _json_object(node: exp.Anonymous) -> exp.Expression:
    options = call("map", "ignoreNullFields", "false", "timestampNTZFormat", "yyyy-MM-dd HH:mm:ss.SSSSSS")
    text = call("to_json", call("named_struct", *node.expressions), options)
    # DuckDB writes no zeros at the end of a second's fraction, and Spark's patterns have no such thing
    time = '"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})([.][0-9]*[1-9])?[.]?0*"'
    return call("regexp_replace", text, time, '"$1$2"')


def _regexp(pattern: exp.Expression) -> exp.Expression:
    if isinstance(pattern, exp.Literal) and pattern.is_string:
        return exp.Literal.string(pattern.name.replace(r"\p{Han}", r"\p{IsHan}"))
    return pattern


def _regexp_like(node: exp.RegexpLike) -> exp.Expression:
    return exp.RegexpLike(this=node.this.copy(), expression=_regexp(node.expression))


def _timezone(node: exp.Anonymous) -> exp.Expression:
    """timezone(zone, t): the instant of a local time, the local time of an instant. Sessions are in UTC."""
    zone, at = (e.copy() for e in node.expressions)
    if _is_instant(at):
        return call("convert_timezone", "UTC", zone, cast(at, "timestamp_ntz"))
    if isinstance(zone, exp.Literal) and zone.name == "UTC":
        return cast(at, "timestamp_ltz")
    return cast(call("convert_timezone", zone, "UTC", at), "timestamp_ltz")


def _is_instant(node: exp.Expression) -> bool:
    return isinstance(node, exp.Cast) and node.to == INSTANT


def _at_time_zone(node: exp.AtTimeZone) -> exp.Expression:
    if isinstance(node.args["zone"], exp.Literal) and node.args["zone"].name == "UTC":
        return cast(node.this.copy(), "timestamp_ntz")
    return node


def _element(node: exp.Bracket) -> exp.Expression:
    # Out of range is NULL in DuckDB; SQLGlot has made the index count from 0.
    (index,) = node.expressions
    if isinstance(index, exp.Literal) and index.is_string:
        return call("try_element_at", node.this.copy(), index.copy())
    return call("get", node.this.copy(), index.copy())


def _json_schema(node: exp.Expression) -> str:
    """DuckDB's structure of from_json (JSON) as Spark's schema (DDL)."""

    def ddl(kind: Any) -> str:
        if isinstance(kind, list):
            return f"array<{ddl(kind[0])}>"
        if isinstance(kind, dict):
            return "struct<" + ",".join(f"{name}:{ddl(inner)}" for name, inner in kind.items()) + ">"
        return exp.DataType.build(str(kind), dialect="duckdb").sql(dialect="spark")

    return ddl(json.loads(node.name))


def _from_json(node: exp.FromJson) -> exp.Expression:
    return call("from_json", node.this.copy(), _json_schema(node.expression))


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expression:
    pattern = _regexp(node.expression)
    is_global = node.args.get("modifiers") is not None and "g" in node.args["modifiers"].name
    if not is_global and not (pattern.name.startswith("^") or pattern.name.endswith("$")):
        raise sqlglot.errors.UnsupportedError("regexp_replace of the first match only; give the option 'g'")
    replacement = node.args.get("replacement") or exp.Literal.string("")
    if isinstance(replacement, exp.Literal):
        text = replacement.name.replace("$", "\\$")
        for group in "0123456789":
            text = text.replace(f"\\{group}", f"${group}")
        replacement = exp.Literal.string(text)
    return call("regexp_replace", node.this.copy(), pattern.copy(), replacement.copy())


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expression:
    group = node.args.get("group") or exp.Literal.number(0)
    return call("regexp_extract", node.this.copy(), _regexp(node.expression).copy(), group.copy())


def _from_epoch(node: exp.UnixToTime) -> exp.Expression:
    scale = node.args.get("scale")
    scale_name = scale.name if scale is not None else ""
    names = {"": "timestamp_seconds", "0": "timestamp_seconds", "3": "timestamp_millis", "6": "timestamp_micros"}
    return cast(call(names[scale_name], node.this.copy()), "timestamp_ntz")


def _to_epoch(node: exp.TimeToUnix) -> exp.Expression:
    return cast(cast(node.this.copy(), "timestamp_ltz"), "double")


def _boundaries(node: exp.DateDiff) -> exp.Expression:
    """date_diff counts the boundaries between two times, Spark's timestampdiff whole units."""
    unit = (node.args.get("unit").name if node.args.get("unit") else "DAY").upper()  # type: ignore[union-attr]
    later, earlier = node.this.copy(), node.expression.copy()
    if unit in ("DAY", "DAYS"):
        return call("datediff", cast(later, "date"), cast(earlier, "date"))
    truncated = [call("date_trunc", unit.lower(), cast(side, "timestamp_ltz")) for side in (earlier, later)]
    return exp.Anonymous(this="timestampdiff", expressions=[exp.var(unit), *truncated])


def _time_pattern(written: str) -> str:
    """A strptime pattern as Java's: numbers without a leading zero are read where a sign parts them."""
    is_parted = bool(re.search(r"%[a-zA-Z][^%]", written))
    letters = {"Y": "yyyy", "m": "M", "d": "d", "H": "H", "M": "m", "S": "s"}
    out = ""
    for part in re.findall(r"%[a-zA-Z]|[^%]", written):
        if part.startswith("%"):
            letter = letters[part[1]]
            out += letter if is_parted or len(letter) > 1 else letter * 2
        else:
            out += f"'{part}'" if part.isascii() and part.isalpha() else part
    return out


def _try_time(node: exp.Anonymous) -> exp.Expression:
    text, patterns = node.expressions
    written = patterns.expressions if isinstance(patterns, exp.Array) else [patterns]
    tried = [call("try_to_timestamp", text.copy(), _time_pattern(pattern.name)) for pattern in written]
    return cast(call("coalesce", *tried), "timestamp_ntz")


def _round(node: exp.Round) -> exp.Expression:
    places = node.args.get("decimals")
    if not isinstance(places, exp.Literal) or places.name == "0" or _is_decimal(node.this):
        return node
    return _shifted(node.this, places.name)


def _shifted(value: exp.Expression, places: str) -> exp.Expression:
    # DuckDB shifts the double and rounds it, Spark rounds its decimal digits: 158.325 becomes 158.32 and 158.33.
    shift = exp.var(f"1E{places}D")
    double = exp.paren(value) if isinstance(value, exp.Div) else cast(value.copy(), "double")
    whole = exp.Round(this=exp.Mul(this=double, expression=shift))
    return exp.paren(exp.Div(this=whole, expression=shift.copy()), copy=False)


def _decimal(node: exp.Cast) -> exp.Expression:
    """A double becomes a decimal as `_round` rounds; of a column only Spark knows whether it is one."""
    if not node.to.is_type("decimal") or len(node.to.expressions) != 2:
        return node
    places = node.to.expressions[1].name
    rounded = exp.Cast(this=_shifted(node.this, places), to=node.to.copy())
    if _is_double(node.this):
        return rounded
    if isinstance(node.this, exp.Column):
        is_double = exp.EQ(this=call("typeof", node.this.copy()), expression=exp.Literal.string("double"))
        return call("if", is_double, rounded, node.copy())
    return node


def _is_double(node: Any) -> bool:
    """Is it plain to see that `node`, translated, is a double?"""
    if isinstance(node, exp.Paren):
        return _is_double(node.this)
    if isinstance(node, exp.Mul | exp.Add | exp.Sub):
        return _is_double(node.this) or _is_double(node.expression)
    if isinstance(node, exp.Coalesce):
        return _is_double(node.this)
    return isinstance(node, exp.Div | exp.Avg) or (isinstance(node, exp.Cast) and node.is_type("double"))


def _is_decimal(node: exp.Expression) -> bool:
    if is_call(node, "if"):
        node = node.expressions[-1]
    return isinstance(node, exp.Cast) and node.is_type("decimal")


def _full_match(node: exp.SimilarTo | exp.RegexpFullMatch) -> exp.Expression:
    if not isinstance(node.expression, exp.Literal):
        raise sqlglot.errors.UnsupportedError("a match with the whole text by a pattern that is no literal")
    whole = exp.Literal.string(rf"\A(?:{_regexp(node.expression).name})\z")
    return exp.RegexpLike(this=node.this.copy(), expression=whole)


CALLS: dict[str, Callable[[exp.Anonymous], exp.Expression]] = {
    "try_strptime": _try_time,
    "regexp_split_to_array": lambda n: call("split", n.expressions[0].copy(), _regexp(n.expressions[1]).copy()),
    "cdp_json_object": _json_object,
    "timezone": _timezone,
    "to_minutes": lambda n: call("make_dt_interval", 0, 0, n.expressions[0].copy()),
    "to_days": lambda n: call("make_dt_interval", n.expressions[0].copy()),
    "to_seconds": lambda n: call("make_dt_interval", 0, 0, 0, n.expressions[0].copy()),
    "damerau_levenshtein": lambda n: call("duckdb_damerau_levenshtein", *(e.copy() for e in n.expressions)),
    "hamming": lambda n: call("duckdb_hamming", *(e.copy() for e in n.expressions)),
    "strlen": lambda n: call("octet_length", n.expressions[0].copy()),
    "list_has_all": lambda n: exp.EQ(
        this=call("size", call("array_except", n.expressions[1].copy(), n.expressions[0].copy())),
        expression=exp.Literal.number(0),
    ),
    "list_has_any": lambda n: call("arrays_overlap", *(e.copy() for e in n.expressions)),
    "error": lambda n: call("raise_error", n.expressions[0].copy()),
    "url_decode": lambda n: call("try_url_decode", n.expressions[0].copy()),
}

RULES: list[tuple[Any, Callable[[Any], exp.Expression]]] = [
    (exp.DataType, _types),
    (exp.Div, _division),
    (exp.JSONExtractScalar, _json_text),
    (exp.Cast, _decimal),
    (exp.Round, _round),
    ((exp.SimilarTo, exp.RegexpFullMatch), _full_match),
    (exp.RegexpLike, _regexp_like),
    (exp.AtTimeZone, _at_time_zone),
    (exp.Anonymous, _functions),
    (exp.Bracket, _element),
    (exp.FromJson, _from_json),
    (exp.RegexpReplace, _regexp_replace),
    (exp.RegexpExtract, _regexp_extract),
    (exp.UnixToTime, _from_epoch),
    (exp.TimeToUnix, _to_epoch),
    (exp.DateDiff, _boundaries),
    (exp.ArrayOverlaps, lambda n: call("arrays_overlap", n.this.copy(), n.expression.copy())),
    # similarity.py registers DuckDB's own
    (exp.Levenshtein, lambda n: call("duckdb_levenshtein", n.this.copy(), n.expression.copy())),
    (exp.JarowinklerSimilarity, lambda n: call("duckdb_jaro_winkler_similarity", n.this.copy(), n.expression.copy())),
    (
        exp.DayOfWeekIso,
        lambda n: exp.Paren(this=exp.Add(this=call("weekday", n.this.copy()), expression=exp.Literal.number(1))),
    ),
]
