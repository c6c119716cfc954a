"""DuckDB's SQL in Spark's words: every difference between the engines that the project's SQL meets, in one place.

SQLGlot knows most of them; the rules below are those it does not know, or knows otherwise than DuckDB 2 and Spark 4
behave. A rule takes one node of DuckDB's syntax tree and returns its replacement.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import sqlglot
from sqlglot import exp


class TranslationError(ValueError):
    """A query that cannot be said in Spark's SQL."""


# SQLGlot's parser of this function takes no conditions as values; under another name it is a function like any other.
_JSON_OBJECT = re.compile(r"\bjson_object\s*\(", re.IGNORECASE)


def translate(sql: str) -> str:
    """`sql` for Spark. Raises TranslationError with what SQLGlot says."""
    try:
        tree = sqlglot.parse_one(_JSON_OBJECT.sub("cdp_json_object(", sql), read="duckdb")
        # from the leaves up: a rule finds what it looks at translated
        for node in reversed(list(tree.walk(bfs=False))):
            done = _replaced(node)  # type: ignore[arg-type]  # walk() gives the base of Expression
            if done is not node:
                tree = done if node is tree else (node.replace(done), tree)[1]
        if not isinstance(tree, exp.Query):
            return tree.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
        # In brackets, for SQLGlot would move the CTEs of subqueries to the top, where their names meet; Spark can nest.
        return exp.Paren(this=tree).sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)[1:-1]
    except sqlglot.errors.SqlglotError as error:
        raise TranslationError(str(error)[:600]) from None


def _replaced(node: exp.Expression) -> exp.Expression:
    for kind, rule in RULES:
        if isinstance(node, kind):
            done = rule(node)
            if done is not node:
                return done
    return node


def _call(name: str, *args: Any) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=[a if isinstance(a, exp.Expression) else exp.convert(a) for a in args])


def _is_call(node: Any, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == name


_INSTANT = exp.DataType.build("timestamp_ltz", udt=True)


def _cast(node: exp.Expression, kind: str) -> exp.Expression:
    to = _INSTANT.copy() if kind == "timestamp_ltz" else exp.DataType.build(kind, dialect="spark")
    return exp.Cast(this=node, to=to)


def _types(node: exp.DataType) -> exp.Expression:
    # `timestamp` means the one without a zone in our sessions, and SQLGlot writes it for the one with a zone
    if node.this == exp.DataType.Type.TIMESTAMPTZ:
        return _INSTANT.copy()
    return node


def _division(node: exp.Div) -> exp.Expression:
    # DuckDB's `/` is a division of doubles whatever the operands; Spark's of decimals is a decimal.
    if isinstance(node.this, exp.Cast) and node.this.is_type("double"):
        return node
    done = node.copy()
    done.set(
        "this", _cast(exp.paren(node.this.copy()) if isinstance(node.this, exp.Binary) else node.this.copy(), "double")
    )
    return done


def _extreme(node: exp.ArgMax | exp.ArgMin) -> exp.Expression:
    # Within a row DuckDB takes NULL for the greatest value, Spark for the least.
    order = node.expression
    if _is_call(order, "row"):
        parts = [p for e in order.expressions for p in (exp.Is(this=e.copy(), expression=exp.null()), e.copy())]
        order = _call("struct", *parts)
    return _call("max_by" if isinstance(node, exp.ArgMax) else "min_by", node.this.copy(), order.copy())


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
    return _call("get_json_object", node.this.copy(), path.copy())


def _functions(node: exp.Anonymous) -> exp.Expression:
    name = str(node.this).lower()
    rule = CALLS.get(name)
    return rule(node) if rule else node


def _json_object(node: exp.Anonymous) -> exp.Expression:
    options = _call("map", "ignoreNullFields", "false", "timestampNTZFormat", "yyyy-MM-dd HH:mm:ss.SSSSSS")
    text = _call("to_json", _call("named_struct", *node.expressions), options)
    # DuckDB writes no zeros at the end of a second's fraction, and Spark's patterns have no such thing
    time = '"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})([.][0-9]*[1-9])?[.]?0*"'
    return _call("regexp_replace", text, time, '"$1$2"')


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
        return _call("convert_timezone", "UTC", zone, _cast(at, "timestamp_ntz"))
    if isinstance(zone, exp.Literal) and zone.name == "UTC":
        return _cast(at, "timestamp_ltz")
    return _cast(_call("convert_timezone", zone, "UTC", at), "timestamp_ltz")


def _is_instant(node: exp.Expression) -> bool:
    return isinstance(node, exp.Cast) and node.to == _INSTANT


def _at_time_zone(node: exp.AtTimeZone) -> exp.Expression:
    if isinstance(node.args["zone"], exp.Literal) and node.args["zone"].name == "UTC":
        return _cast(node.this.copy(), "timestamp_ntz")
    return node


def _read_text(node: exp.Table) -> exp.Expression:
    inner = node.this
    if _is_call(inner, "read_text"):
        path = inner.expressions[0].name
        query = f"(select value as content from text.`{path}`)"
        return next(sqlglot.parse_one(f"select * from {query} as files", read="spark").find_all(exp.Subquery))
    return node


def _element(node: exp.Bracket) -> exp.Expression:
    # Out of range is NULL in DuckDB; SQLGlot has made the index count from 0.
    (index,) = node.expressions
    if isinstance(index, exp.Literal) and index.is_string:
        return _call("try_element_at", node.this.copy(), index.copy())
    return _call("get", node.this.copy(), index.copy())


def _json_elements(node: exp.Expression) -> exp.Expression | None:
    """The JSON text that ``json_extract(text, '$[*]')`` takes apart, else None."""
    if isinstance(node, exp.JSONExtract) and node.expression.sql(dialect="duckdb").strip("'") == "$[*]":
        text: exp.Expression = node.this
        return text
    return None


def _lateral(query: str, alias: str) -> exp.Join:
    whole = sqlglot.parse_one(f"select 1 from t cross join lateral ({query}) as {alias}", read="spark")
    return next(whole.find_all(exp.Join))


def _join(node: exp.Join) -> exp.Expression:
    """``cross join unnest(…) with ordinality as a (item, position)``: the elements of a JSON array, as JSON text."""
    unnest = node.this
    if not isinstance(unnest, exp.Unnest) or not unnest.args.get("alias"):
        return node
    (value,) = unnest.expressions
    alias = unnest.args["alias"]
    (item,) = (c.name for c in alias.args["columns"])
    text = _json_elements(value)
    if text is None:
        if unnest.args.get("offset"):
            raise sqlglot.errors.UnsupportedError(f"unnest with ordinality of {value.sql()}")
        inner = value.sql(dialect="spark")
        return _lateral(f"select explode({inner}) as {item}", alias.name)
    position = unnest.args["offset"].name
    inner = text.sql(dialect="spark")
    return _lateral(
        f"select to_json(value) as {item}, pos + 1 as {position} from variant_explode(try_parse_json({inner}))",
        alias.name,
    )


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
    return _call("from_json", node.this.copy(), _json_schema(node.expression))


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
    return _call("regexp_replace", node.this.copy(), pattern.copy(), replacement.copy())


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expression:
    group = node.args.get("group") or exp.Literal.number(0)
    return _call("regexp_extract", node.this.copy(), _regexp(node.expression).copy(), group.copy())


def _from_epoch(node: exp.UnixToTime) -> exp.Expression:
    scale = node.args.get("scale")
    scale_name = scale.name if scale is not None else ""
    call = {"": "timestamp_seconds", "0": "timestamp_seconds", "3": "timestamp_millis", "6": "timestamp_micros"}
    return _cast(_call(call[scale_name], node.this.copy()), "timestamp_ntz")


def _to_epoch(node: exp.TimeToUnix) -> exp.Expression:
    return _cast(_cast(node.this.copy(), "timestamp_ltz"), "double")


def _boundaries(node: exp.DateDiff) -> exp.Expression:
    """date_diff counts the boundaries between two times, Spark's timestampdiff whole units."""
    unit = (node.args.get("unit").name if node.args.get("unit") else "DAY").upper()  # type: ignore[union-attr]
    later, earlier = node.this.copy(), node.expression.copy()
    if unit in ("DAY", "DAYS"):
        return _call("datediff", _cast(later, "date"), _cast(earlier, "date"))
    truncated = [_call("date_trunc", unit.lower(), _cast(side, "timestamp_ltz")) for side in (earlier, later)]
    return exp.Anonymous(this="timestampdiff", expressions=[exp.var(unit), *truncated])


def _materialized(node: exp.CTE) -> exp.Expression:
    if node.args.get("materialized") is not None:
        node.set("materialized", None)
    return node


def _quantile(node: exp.PercentileCont) -> exp.Expression:
    if node.expression is None or isinstance(node.parent, exp.WithinGroup):
        return node
    return _call("percentile", node.this.copy(), node.expression.copy())


def _ordered_list(node: exp.ArrayAgg) -> exp.Expression:
    order = node.this
    if not isinstance(order, exp.Order):
        return node
    value = order.this.copy()
    distinct = isinstance(value, exp.Distinct)
    if distinct:
        (value,) = value.expressions
        if [o.this for o in order.expressions] != [value] or order.expressions[0].args.get("desc"):
            raise sqlglot.errors.UnsupportedError("a list of distinct values in another order")
        return _call("array_sort", _call("collect_set", value))
    parts, arms = [], []
    for number, key in enumerate(order.expressions):
        name = f"k{number}"
        parts += [exp.convert(name), key.this.copy()]
        less, more = ("1", "-1") if key.args.get("desc") else ("-1", "1")
        arms.append(
            f"when l.{name} is null and r.{name} is not null then 1 when r.{name} is null and l.{name} is not null "
            f"then -1 when l.{name} < r.{name} then {less} when l.{name} > r.{name} then {more}"
        )
    rows = _call("collect_list", _call("named_struct", *parts, "v", value))
    by_key = exp.var(f"(l, r) -> case {' '.join(arms)} else 0 end")
    return _call("transform", _call("array_sort", rows, by_key), exp.var("e -> e.v"))


def _joined(node: exp.GroupConcat) -> exp.Expression:
    # Spark 4.3's listagg of distinct values ends some plans with an error of its own
    if isinstance(node.this, exp.Order):
        values = _ordered_list(exp.ArrayAgg(this=node.this.copy()))
    elif isinstance(node.this, exp.Distinct):
        values = _call("array_sort", _call("collect_set", node.this.expressions[0].copy()))
    else:
        values = _call("collect_list", node.this.copy())
    separator = node.args.get("separator") or exp.Literal.string(",")
    return _call("nullif", _call("array_join", values, separator.copy()), "")


def _filtered(node: exp.Filter) -> exp.Expression:
    # the condition belongs to the aggregate inside
    if not isinstance(node.this, exp.Anonymous):
        return node
    inner = next((n for n in node.this.walk() if _is_call(n, "collect_list") or _is_call(n, "collect_set")), None)
    if inner is None or inner is node.this:
        return node
    done = node.this.copy()
    inner = next(n for n in done.walk() if _is_call(n, "collect_list") or _is_call(n, "collect_set"))
    inner.replace(exp.Filter(this=inner.copy(), expression=node.expression.copy()))
    return done


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
    tried = [_call("try_to_timestamp", text.copy(), _time_pattern(pattern.name)) for pattern in written]
    return _cast(_call("coalesce", *tried), "timestamp_ntz")


def _cast_of_rows(node: exp.Cast) -> exp.Expression:
    # Spark makes rows of a list at the top of an expression only
    if not isinstance(node.this, exp.Explode):
        return node
    each = exp.var(f"e -> cast(e as {node.to.sql(dialect='spark')})")
    return exp.Explode(this=_call("transform", node.this.this.copy(), each))


CALLS: dict[str, Callable[[exp.Anonymous], exp.Expression]] = {
    "try_strptime": _try_time,
    "regexp_split_to_array": lambda n: _call("split", n.expressions[0].copy(), _regexp(n.expressions[1]).copy()),
    "cdp_json_object": _json_object,
    "timezone": _timezone,
    "to_minutes": lambda n: _call("make_dt_interval", 0, 0, n.expressions[0].copy()),
    "to_days": lambda n: _call("make_dt_interval", n.expressions[0].copy()),
    "to_seconds": lambda n: _call("make_dt_interval", 0, 0, 0, n.expressions[0].copy()),
    "damerau_levenshtein": lambda n: _call("duckdb_damerau_levenshtein", *(e.copy() for e in n.expressions)),
    "hamming": lambda n: _call("duckdb_hamming", *(e.copy() for e in n.expressions)),
    "strlen": lambda n: _call("octet_length", n.expressions[0].copy()),
    "list_has_all": lambda n: exp.EQ(
        this=_call("size", _call("array_except", n.expressions[1].copy(), n.expressions[0].copy())),
        expression=exp.Literal.number(0),
    ),
    "list_has_any": lambda n: _call("arrays_overlap", *(e.copy() for e in n.expressions)),
    "url_decode": lambda n: _call("try_url_decode", n.expressions[0].copy()),
}

RULES: list[tuple[Any, Callable[[Any], exp.Expression]]] = [
    (exp.DataType, _types),
    (exp.Cast, _cast_of_rows),
    (exp.Div, _division),
    ((exp.ArgMax, exp.ArgMin), _extreme),
    (exp.JSONExtractScalar, _json_text),
    (exp.RegexpLike, _regexp_like),
    (exp.AtTimeZone, _at_time_zone),
    (exp.Table, _read_text),
    (exp.Anonymous, _functions),
    (exp.Bracket, _element),
    (exp.Join, _join),
    (exp.FromJson, _from_json),
    (exp.RegexpReplace, _regexp_replace),
    (exp.RegexpExtract, _regexp_extract),
    (exp.UnixToTime, _from_epoch),
    (exp.TimeToUnix, _to_epoch),
    (exp.DateDiff, _boundaries),
    (exp.CTE, _materialized),
    (exp.PercentileCont, _quantile),
    (exp.ArrayOverlaps, lambda n: _call("arrays_overlap", n.this.copy(), n.expression.copy())),
    (exp.ArrayAgg, _ordered_list),
    (exp.GroupConcat, _joined),
    (exp.Filter, _filtered),
    # similarity.py registers DuckDB's own
    (exp.Levenshtein, lambda n: _call("duckdb_levenshtein", n.this.copy(), n.expression.copy())),
    (exp.JarowinklerSimilarity, lambda n: _call("duckdb_jaro_winkler_similarity", n.this.copy(), n.expression.copy())),
    (
        exp.DayOfWeekIso,
        lambda n: exp.Paren(this=exp.Add(this=_call("weekday", n.this.copy()), expression=exp.Literal.number(1))),
    ),
]
