"""Records to typed columns: the SELECT that a contract stands for.

Every record is parsed once for its scalar values, once for its JSON values and once for its unknown fields, whatever
the number of fields; casts and checks run on the extracted texts. Pure text building: nothing is executed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date

from cdp_pipeline.sources.contract import Field, ObjectContract
from cdp_pipeline.sources.shapes import Shapes, is_learned_sql, json_path, picked_sql

TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")
_EPOCH_UNITS = {"timestamp_s": 1_000_000, "timestamp_ms": 1_000, "timestamp_us": 1}
# Year 1 to 9999 in microseconds; make_timestamp() raises an error outside its own, wider bounds.
_EPOCH_MIN, _EPOCH_MAX = -62_135_596_800_000_000, 253_402_300_799_999_999
ENVELOPE = "envelope"


def literal(value: object) -> str:
    """A SQL string literal, for the places where DuckDB takes no parameter."""
    return "'" + str(value).replace("'", "''") + "'"


def scalar_paths(obj: ObjectContract) -> list[str]:
    """Paths read as text, in the order of the feed's list ``v``; CSV headers when the file is CSV."""
    fields = [p for f in obj.fields if f.type != "json" for p in f.paths]
    return list(dict.fromkeys([*fields, *(p for p, _ in obj.expect), *obj.unwrap]))


def json_paths(obj: ObjectContract) -> list[str]:
    """Paths read as JSON text, in the order of the list ``j``."""
    return list(dict.fromkeys(p for f in obj.fields if f.type == "json" for p in f.paths))


def json_select(obj: ObjectContract, feed: str, file: str, dt: date, run_id: str, shapes: Shapes | None = None) -> str:
    """Raw columns of JSON records in `feed` (line, raw, problem); see `_select` for the rows that are refused.

    `shapes`, the layouts of keys learned from the file's beginning, only saves time.
    """
    scalars, jsons = scalar_paths(obj), json_paths(obj)
    known = [*scalars, *jsons, *obj.drop]
    picked = [*_paths(jsons), *(json_path(p) for p in shapes.unknown)] if shapes else _paths(jsons)
    # TRY: a record that is no JSON gives NULL, without a second parse to find out first. No CASE about a list: it
    # would copy every value.
    j = f"TRY(json_extract(raw, {_path_list(picked)}))" if picked else "NULL::VARCHAR[]"
    source = f"""
      SELECT line, raw,
        CASE WHEN problem IS NOT NULL THEN problem
             WHEN ltrim(raw, {_BLANKS}) NOT LIKE '{{%' AND json_valid(raw)
             THEN 'not a JSON object' END AS problem,
        TRY(json_extract_string(raw, {_path_list(_paths(scalars))})) AS v,
        {j} AS j,
        {is_learned_sql(shapes) if shapes else "false"} AS learned
      FROM {feed}"""
    source = f"""
      SELECT *, CASE WHEN NOT learned THEN TRY(json_merge_patch(raw, {_null_patch(known)})) END AS m FROM ({source})"""
    extra = _without_empty_objects("m::VARCHAR", known)
    if shapes:
        extra = f"CASE WHEN learned THEN {picked_sql(shapes, 'j', len(jsons))} ELSE {extra} END"
    return _select(obj, source, scalars, jsons, extra, file, dt, run_id, is_csv=False)


def csv_select(obj: ObjectContract, feed: str, unknown: Sequence[str], file: str, dt: date, run_id: str) -> str:
    """Raw columns of CSV records in `feed` (line, raw, problem, v, u)."""
    paths = csv_paths(obj)
    pairs = ", ".join(f"{literal(h)}, nullif(u[{i}], '')" for i, h in enumerate(unknown, 1))
    extra = f"nullif(json_merge_patch('{{}}', json_object({pairs}))::VARCHAR, '{{}}')" if unknown else "NULL"
    v = "v"
    if obj.carry_forward is not None:
        by = _first_text(obj.field(obj.carry_forward.by), paths, "v")
        carried = {p for c in obj.carry_forward.columns for p in obj.field(c).paths}
        # Only the first line of a group hands down, so that a cell its order leaves empty stays empty.
        cells = [
            f"CASE WHEN coalesce(v[{i}], '') = '' THEN first_value(v[{i}]) OVER grp ELSE v[{i}] END"
            if p in carried
            else f"v[{i}]"
            for i, p in enumerate(paths, 1)
        ]
        v = f"[{', '.join(cells)}]"
        source = f"""
          SELECT line, raw, problem, CASE WHEN problem IS NULL THEN {v} END AS v, u
          FROM {feed} WINDOW grp AS (PARTITION BY problem IS NULL, {by} ORDER BY line)"""
    else:
        source = f"SELECT line, raw, problem, v, u FROM {feed}"
    source = f"SELECT *, v AS j, {extra} AS m FROM ({source})"
    return _select(obj, source, paths, paths, "m", file, dt, run_id, is_csv=True)


def csv_paths(obj: ObjectContract) -> list[str]:
    """Headers a CSV file may carry, in the order of the feed's list ``v``."""
    return list(dict.fromkeys(p for f in obj.fields for p in f.paths))


_BLANKS = r"E' \t\r\n'"


def _select(
    obj: ObjectContract,
    source: str,
    scalars: Sequence[str],
    jsons: Sequence[str],
    extra: str,
    file: str,
    dt: date,
    run_id: str,
    *,
    is_csv: bool,
) -> str:
    """The raw columns of good and refused records in one pass.

    A refused record is marked by a negative `_line`; its reasons (newline between them) stand in `_batch_id` and its
    raw text in `_extra`. So one pass over the records writes one file of exactly the raw columns, and only a file
    with refused rows is split afterwards. Reading twice would cost 100% of the parse, the split costs under 20%.
    """
    names = [f.name for f in obj.fields]
    texts = ", ".join(
        f"{_json_text(f, jsons, is_csv) if f.type == 'json' else _first_text(f, scalars, 'v')} AS t{i}"
        for i, f in enumerate(obj.fields)
    )
    typed = ", ".join(f"{_cast(f, f't{i}', obj.timezone)} AS c{i}" for i, f in enumerate(obj.fields))
    checks = [check for i, f in enumerate(obj.fields) for check in _checks(obj, f, f"t{i}", f"c{i}")]
    if not is_csv:
        checks = [*_body_checks(obj, scalars), *checks]
    found = " OR ".join(f"({condition})" for condition, _ in checks)
    reasons = ", ".join(f"CASE WHEN {condition} THEN {literal(reason)} END" for condition, reason in checks)
    # Not beside the other json_merge_patch(): the optimiser would hoist their common cast out of TRY.
    kept = f"coalesce(TRY(json_merge_patch(raw, {_null_patch(obj.drop)}))::VARCHAR, raw)" if obj.drop else "raw"
    columns = ", ".join(f'c{i} AS "{name}"' for i, name in enumerate(names))
    return f"""
    WITH records AS ({source}),
    texts AS (SELECT line, raw, problem, v, {extra} AS extra, {texts} FROM records),
    typed AS (SELECT *, {typed} FROM texts),
    judged AS (SELECT *, CASE
        WHEN problem IS NOT NULL THEN problem
        WHEN v IS NULL THEN 'invalid JSON'
        WHEN {found or "false"} THEN array_to_string([{reasons}], chr(10))
      END AS reason FROM typed)
    SELECT {columns}, {literal(file)} AS "_file",
      CASE WHEN reason IS NULL THEN line ELSE -line END AS "_line",
      coalesce(reason, {literal(run_id)}) AS "_batch_id",
      CASE WHEN reason IS NULL THEN extra ELSE {kept} END AS "_extra",
      DATE {literal(dt.isoformat())} AS "_dt"
    FROM judged"""


def _first_text(f: Field, paths: Sequence[str], values: str) -> str:
    """SQL for the first value of a field's paths that is not empty, trimmed unless free text, prefix removed."""
    cells = [f"{values}[{paths.index(p) + 1}]" for p in f.paths]
    # trim() with a set of characters costs as much as the parse (0.17 us a value); most values need none.
    bare = [
        c if f.type == "text" else f"CASE WHEN {c}[1] <= ' ' OR {c}[-1] <= ' ' THEN trim({c}, {_BLANKS}) ELSE {c} END"
        for c in cells
    ]
    each = [f"nullif({c}, '')" for c in bare]
    text = each[0] if len(each) == 1 else f"coalesce({', '.join(each)})"
    if f.strip_prefix:
        rest = f"{text}[{len(f.strip_prefix) + 1}:]"
        text = f"nullif(CASE WHEN starts_with({text}, {literal(f.strip_prefix)}) THEN {rest} ELSE {text} END, '')"
    return text


def _json_text(f: Field, paths: Sequence[str], is_csv: bool) -> str:
    """SQL for JSON text. JSON inside a JSON string is unpacked; a CSV cell that is no JSON becomes a JSON string."""
    cells = [f"j[{paths.index(p) + 1}]::VARCHAR" for p in f.paths]
    if is_csv:
        cells = [f"CASE WHEN json_valid({c}) THEN {c} ELSE to_json(nullif({c}, ''))::VARCHAR END" for c in cells]
        return f"coalesce({', '.join(cells)})"
    each = f"coalesce({', '.join(f'''nullif({c}, 'null')''' for c in cells)})"
    # `inner` stands here once: DuckDB computes an expression that stands twice outside of CASE, for every row.
    inner = f"coalesce(TRY_CAST(json_extract_string({each}, '$') AS JSON)::VARCHAR, {each})"
    return f"CASE WHEN {each} LIKE '\"{{%' OR {each} LIKE '\"[%' THEN {inner} ELSE {each} END"


def _cast(f: Field, text: str, timezone: str) -> str:
    """SQL for the typed value; NULL where the text is not one."""
    if f.type in ("string", "text", "json"):
        return text
    if f.type == "integer":
        # A bare cast rounds '1.5' and reads '0x1F' and '1_000'.
        return f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+(\\.0*)?') THEN TRY_CAST({text} AS BIGINT) END"
    if f.type == "decimal":
        return (
            f"CASE WHEN regexp_full_match({text}, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?')"
            f" THEN TRY_CAST({text} AS DECIMAL(18,4)) END"
        )
    if f.type == "boolean":
        true, false = (", ".join(literal(v) for v in values) for values in (TRUE, FALSE))
        return f"CASE WHEN lower({text}) IN ({true}) THEN true WHEN lower({text}) IN ({false}) THEN false END"
    if f.type == "date":
        return (
            f"CASE WHEN regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN TRY_CAST({text} AS DATE) END"
        )
    if f.type == "timestamp":
        return _timestamp(text, timezone)
    micros = f"TRY_CAST({text} AS DECIMAL(25,6)) * {_EPOCH_UNITS[f.type]}"
    return f"CASE WHEN {micros} BETWEEN {_EPOCH_MIN} AND {_EPOCH_MAX} THEN make_timestamp(({micros})::BIGINT) END"


def _timestamp(text: str, timezone: str) -> str:
    """SQL for a UTC timestamp of the textual forms; a text without offset is local time in `timezone`.

    The connection's TimeZone must be UTC.
    """
    begins = f"{text}[1:4] BETWEEN '0000' AND '9999'"  # keeps out 'epoch' and 'infinity'
    plain = f"TRY_CAST({text} AS TIMESTAMPTZ)"
    if timezone != "UTC":
        offset = f"regexp_matches({text}, ':.*([zZ]|UTC|GMT|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$')"
        plain = f"CASE WHEN {offset} THEN {plain} ELSE timezone({literal(timezone)}, TRY_CAST({text} AS TIMESTAMP)) END"
    spaced = f"TRY_CAST(regexp_replace(upper({text}), ' +([+-][0-9]{{2}}:?[0-9]{{2}})$', '\\1') AS TIMESTAMPTZ)"
    compact = f"timezone({literal(timezone)}, try_strptime({text}, '%Y%m%d%H%M%S'))"
    return (
        f"(CASE WHEN regexp_full_match({text}, '[0-9]{{14}}') THEN {compact}"
        f" WHEN {begins} THEN coalesce({plain}, {spaced}) END)::TIMESTAMP"
    )


def _checks(obj: ObjectContract, f: Field, text: str, value: str) -> list[tuple[str, str]]:
    """Conditions (never NULL) that refuse a record, each with its reason; they name the field, never the value."""
    checks: list[tuple[str, str]] = []
    if f.required:
        checks.append((f"{text} IS NULL", f"missing {'key' if f.name in obj.key else 'required'} {f.name}"))
    if f.type not in ("string", "text", "json"):
        article = "an" if f.type[0] in "aeiou" else "a"
        checks.append((f"{text} IS NOT NULL AND {value} IS NULL", f"field {f.name}: not {article} {f.type}"))
    if f.one_of:
        allowed = ", ".join(literal(v) for v in f.one_of)
        checks.append((f"coalesce({text} NOT IN ({allowed}), false)", f"{f.name} not one of the allowed values"))
    if f.min is not None:
        checks.append((f"coalesce({value} < {f.min}, false)", f"{f.name} below minimum"))
    if f.max is not None:
        checks.append((f"coalesce({value} > {f.max}, false)", f"{f.name} above maximum"))
    return checks


def _body_checks(obj: ObjectContract, scalars: Sequence[str]) -> list[tuple[str, str]]:
    checks: list[tuple[str, str]] = []
    for key in obj.unwrap:
        cell = f"v[{scalars.index(key) + 1}]"
        checks.append((f"coalesce({cell}[1:1] IN ('[', '{{'), false)", ENVELOPE))
    for path, allowed in obj.expect:
        cell = f"v[{scalars.index(path) + 1}]"
        values = ", ".join(literal(v) for v in allowed)
        checks.append((f"coalesce({cell} NOT IN ({values}), false)", "error body"))
    return checks


def _paths(dotted: Sequence[str]) -> list[str]:
    return [json_path(path.split(".")) for path in dotted]


def _path_list(paths: Sequence[str]) -> str:
    return "[" + ", ".join(literal(p) for p in paths) + "]"


def _null_patch(paths: Sequence[str]) -> str:
    """A JSON merge patch that removes the given paths; a path above another one wins."""
    tree: dict[str, object] = {}
    for path in sorted(paths, key=lambda p: p.count(".")):
        node: dict[str, object] = tree
        *parents, leaf = path.split(".")
        for part in parents:
            below = node.setdefault(part, {})
            if not isinstance(below, dict):
                break
            node = below
        else:
            node[leaf] = None
    return literal(json.dumps(tree)) + "::JSON"


def _without_empty_objects(text: str, known: Sequence[str]) -> str:
    """SQL for what a merge patch left, without the objects above `known` paths of which nothing is left, NULL when
    that is all.

    Inside a JSON string every quote is escaped, so the pattern cannot begin and end there; json_valid() is the
    guard for keys that hold an escaped quote.
    """
    above = sorted({part for path in known for part in path.split(".")[:-1]})
    if not above:
        return f"nullif({text}, '{{}}')"
    cleaned = text
    empty = f'"({"|".join(re.escape(name) for name in above)})":\\{{\\}}'
    for _ in range(max(path.count(".") for path in known)):
        for pattern, kept in ((f",{empty}", ""), (rf"\{{{empty},", "{"), (rf"\{{{empty}\}}", "{}")):
            cleaned = f"regexp_replace({cleaned}, {literal(pattern)}, {literal(kept)}, 'g')"
    safe = f"coalesce(TRY_CAST({cleaned} AS JSON)::VARCHAR, {text})"
    return f"nullif(CASE WHEN contains({text}, ':{{}}') THEN {safe} ELSE {text} END, '{{}}')"


def is_plain_object_line(line: str) -> bool:
    """Is this text one complete JSON object?"""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


_FIRST_LINE = re.compile(r"\s*([^\n]*)\n?")


def looks_like_document(head: str, *, whole: bool, fmt: str, unwrap: Sequence[str]) -> bool:
    """Is a JSON file, by its beginning, something other than one record per line? `whole`: `head` is all of it."""
    found = _FIRST_LINE.match(head)
    first = found.group(1) if found else ""
    complete = whole or (found is not None and found.end() < len(head))
    if first.startswith("["):
        return True
    if not first.startswith("{"):
        return False
    if not complete:
        return fmt == "json"
    if is_plain_object_line(first):
        return bool(unwrap) and any(key in json.loads(first) for key in unwrap)
    return fmt == "json" or first.strip() == "{"
