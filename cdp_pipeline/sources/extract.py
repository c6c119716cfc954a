"""Records to typed columns: the SELECT that a contract stands for.

Every record is parsed once for its scalar values, once for its JSON values and once for its unknown fields, whatever
the number of fields; casts and checks run on the extracted texts. Pure text building: nothing is executed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from cdp_pipeline.sources.casts import cast, first_text
from cdp_pipeline.sources.contract import Field, ObjectContract
from cdp_pipeline.sources.contract_types import ENVELOPE_PREFIX, FILE_PATH, KEYS_PATH
from cdp_pipeline.sources.shapes import (
    Shapes,
    is_certain_sql,
    is_learned_sql,
    json_path,
    layout_sql,
    path_parts,
    picked_sql,
)
from cdp_pipeline.sql_text import literal

ENVELOPE = "envelope"


def scalar_paths(obj: ObjectContract) -> list[str]:
    """Paths read as text, in the order of the feed's list ``v``."""
    fields = [p for f in obj.fields if f.type != "json" for p in f.record_paths]
    return list(dict.fromkeys([*fields, *(p for p, _ in obj.expect), *obj.unwrap]))


def json_paths(obj: ObjectContract) -> list[str]:
    """Paths read as JSON text, in the order of the list ``j``."""
    return list(dict.fromkeys(p for f in obj.fields if f.type == "json" for p in f.paths))


def known_paths(obj: ObjectContract) -> list[str]:
    """Paths into a record that are read or dropped; everything else is an unknown field."""
    return list(dict.fromkeys([*scalar_paths(obj), *json_paths(obj), *obj.drop]))


def csv_paths(obj: ObjectContract) -> list[str]:
    """Headers a CSV file may carry, in the order of the feed's list ``v``."""
    return list(dict.fromkeys(p for f in obj.fields for p in f.record_paths))


def object_paths(obj: ObjectContract) -> dict[tuple[str, ...], Field]:
    """Where a record must hold an object, with the first field that is read out of it. Not where a field reads the
    value itself as well: such a contract takes both."""
    leaves = [(tuple(path_parts(p)), f) for f in obj.fields for p in f.record_paths]
    whole = {path for path, _ in leaves}
    found: dict[tuple[str, ...], Field] = {}
    for path, f in leaves:
        if not any(path[:size] in whole for size in range(1, len(path))):
            for size in range(1, len(path)):
                found.setdefault(path[:size], f)
    return found


def _no_object_sql(record: str, paths: Iterable[Sequence[str]]) -> str:
    """SQL for the position (from 1) of the first of `paths` at which something other than an object stands, NULL where
    none does. null, "" and [] hold nothing that could be lost: systems write them for an empty object."""
    listed = ", ".join(literal(json_path(p)) for p in paths)
    other = "NOT starts_with(x::VARCHAR, '{') AND x::VARCHAR NOT IN ('null', '\"\"', '[]')"
    return (
        f"list_position(list_transform(TRY(json_extract({record}, [{listed}])), "
        f"lambda x: coalesce({other}, false)), true)"
    )


def json_select(
    obj: ObjectContract,
    feed: str,
    file: str,
    dt: date,
    run_id: str,
    *,
    with_envelope: bool = False,
    shapes: Shapes | None = None,
) -> str:
    """Raw columns of JSON records in `feed` (line, raw, problem; with an envelope also e); see `select_records` for
    the rows that are refused. `shapes`, the layouts of keys at the file's beginning, only saves time."""
    scalars, jsons = scalar_paths(obj), json_paths(obj)
    known = known_paths(obj)
    picked = [*(path_parts(p) for p in jsons), *(shapes.unknown if shapes else ())]
    listed = ", ".join(literal(json_path(p)) for p in picked)
    strings = path_list(scalars) if scalars else "['$.\"\"']"
    envelope = " e," if with_envelope else ""
    # A record that is no JSON gives NULL, without a second parse to find out first. No CASE about a list: it would copy
    # every value, and so does TRY; where the layout is known to exist the record can be parsed, and TRY is left out.
    if shapes:
        feed = f"(SELECT *, {layout_sql(shapes)} AS layout FROM {feed})"
        feed = f"(SELECT *, CASE WHEN layout IS NOT NULL THEN raw END AS good FROM {feed})"
        v = f"json_extract_string(good, {strings})"
        j = f"json_extract(good, [{listed}])" if picked else "NULL::VARCHAR[]"
        learned, certain = is_learned_sql(shapes, "layout"), is_certain_sql(shapes, "layout")
    else:
        v = f"TRY(json_extract_string(raw, {strings}))"
        j = f"TRY(json_extract(raw, [{listed}]))" if picked else "NULL::VARCHAR[]"
        learned = certain = "false"
    objects = object_paths(obj)
    wrong = f"CASE WHEN NOT {certain} THEN {_no_object_sql('raw', objects)} END" if objects else "NULL::BIGINT"
    source = f"""
      SELECT line, raw,{envelope} {wrong} AS wrong,
        CASE WHEN problem IS NOT NULL THEN problem
             WHEN NOT starts_with(raw, '{{') AND ltrim(raw, E' \\t\\r\\n') NOT LIKE '{{%' AND json_valid(raw)
             THEN 'not a JSON object' END AS problem,
        {v} AS v, {j} AS j, {learned} AS learned
      FROM {feed}"""
    source = f"""
      SELECT *, CASE WHEN NOT learned THEN TRY(json_merge_patch(raw, {null_patch(known)})) END AS m FROM ({source})"""
    cells = {p: f"v[{i}]" for i, p in enumerate(scalars, 1)} | special_cells(
        obj, file, is_json=True, with_envelope=with_envelope
    )
    texts = {f.name: _json_text([f"j[{jsons.index(p) + 1}]::VARCHAR" for p in f.paths]) for f in _json_fields(obj)}
    # Not beside the other json_merge_patch(): the optimiser would hoist their common cast out of TRY.
    kept = f"coalesce(TRY(json_merge_patch(raw, {null_patch(obj.drop)}))::VARCHAR, raw)" if obj.drop else "raw"
    extra = without_empty_objects("m::VARCHAR", known)
    if shapes:
        extra = f"CASE WHEN learned THEN {picked_sql(shapes, 'j', len(jsons))} ELSE {extra} END"
    checks = [
        *body_checks(obj, cells),
        *((f"coalesce(wrong = {i}, false)", _no_object(f, ".".join(p))) for i, (p, f) in enumerate(objects.items(), 1)),
    ]
    return select_records(obj, source, cells, texts, extra, kept, file, dt, run_id, checks=checks, carried=("wrong",))


def _no_object(f: Field, path: str) -> str:
    return f"field {f.name}: not an object at {path}"


def csv_select(obj: ObjectContract, feed: str, unknown: Sequence[str], file: str, dt: date, run_id: str) -> str:
    """Raw columns of CSV records in `feed` (line, raw, problem, v, u)."""
    paths = csv_paths(obj)
    cells = {p: f"v[{i}]" for i, p in enumerate(paths, 1)} | special_cells(obj, file)
    pairs = ", ".join(f"{literal(h)}, nullif(u[{i}], '')" for i, h in enumerate(unknown, 1))
    extra = f"nullif(json_merge_patch('{{}}', json_object({pairs}))::VARCHAR, '{{}}')" if unknown else "NULL::VARCHAR"
    v = "v"
    if obj.carry_forward is not None:
        by = obj.field(obj.carry_forward.by)
        group = first_text(by, [cells[p] for p in by.paths])
        carried = {p for c in obj.carry_forward.columns for p in obj.field(c).record_paths}
        # Only the first line of a group hands down, so that a cell its order leaves empty stays empty.
        handed = [
            f"CASE WHEN coalesce(v[{i}], '') = '' THEN first_value(v[{i}]) OVER grp ELSE v[{i}] END"
            if p in carried
            else f"coalesce(nullif(v[{i}], ''), above)"
            if obj.carry_forward.fill_down and p in by.record_paths
            else f"v[{i}]"
            for i, p in enumerate(paths, 1)
        ]
        if obj.carry_forward.fill_down:
            # A line that could not be read may have opened a group of its own, so nothing is handed across it.
            feed = f"""(
              SELECT *, last_value({group} IGNORE NULLS) OVER (PARTITION BY broken ORDER BY line) AS above
              FROM (SELECT *, count(problem) OVER (ORDER BY line) AS broken FROM {feed}))"""
            group = "above"
        v = f"[{', '.join(handed)}]"
        source = f"""
          SELECT line, raw, problem, CASE WHEN problem IS NULL THEN {v} END AS v, u
          FROM {feed} WINDOW grp AS (PARTITION BY problem IS NULL, {group} ORDER BY line)"""
    else:
        source = f"SELECT line, raw, problem, v, u FROM {feed}"
    source = f"SELECT *, {extra} AS m FROM ({source})"
    texts = {f.name: _cell_json([cells[p] for p in f.paths]) for f in _json_fields(obj)}
    return select_records(obj, source, cells, texts, "m", "raw", file, dt, run_id)


def special_cells(
    obj: ObjectContract, file: str, *, is_json: bool = False, with_envelope: bool = False
) -> dict[str, str]:
    """SQL by path for the paths that do not lead into the record."""
    # `|Id|Name|`: the members that a JSON record has, NULL elsewhere. An absent one may mean "not asked for".
    keys = "'|' || array_to_string(TRY(json_keys(raw)), '|') || '|'" if is_json else "NULL::VARCHAR"
    cells = {FILE_PATH: literal(file.rpartition("/")[2]), KEYS_PATH: f"({keys})"}
    for i, path in enumerate(obj.envelope_paths, 1):
        cells[ENVELOPE_PREFIX + path] = f"e[{i}]" if with_envelope else "(NULL::VARCHAR)"
    return cells


def select_records(
    obj: ObjectContract,
    source: str,
    cells: Mapping[str, str],
    json_texts: Mapping[str, str],
    extra: str,
    kept: str,
    file: str,
    dt: date,
    run_id: str,
    *,
    checks: Sequence[tuple[str, str]] = (),
    carried: Sequence[str] = (),
) -> str:
    """The raw columns of good and refused records in one pass.

    `source` is a query of line, raw, problem, v and whatever the rest names; `cells` is SQL for the text by path,
    `json_texts` by field, `kept` what quarantine keeps of a refused record, `checks` more conditions with reasons,
    `carried` the columns of `source` that they name.

    A refused record is marked by a negative `_line`; its reasons (newline between them) stand in `_batch_id` and its
    raw text in `_extra`, so that one pass gives both (see ``siphon.py``).
    """
    names = [f.name for f in obj.fields]
    texts = ", ".join(
        f"{json_texts[f.name] if f.type == 'json' else first_text(f, [cells[p] for p in f.paths])} AS t{i}"
        for i, f in enumerate(obj.fields)
    )
    typed = ", ".join(f"{cast(f, f't{i}', f.timezone or obj.timezone)} AS c{i}" for i, f in enumerate(obj.fields))
    checks = [*checks, *(check for i, f in enumerate(obj.fields) for check in _checks(obj, f, f"t{i}", f"c{i}"))]
    found = " OR ".join(f"({condition})" for condition, _ in checks)
    reasons = ", ".join(f"CASE WHEN {condition} THEN {literal(reason)} END" for condition, reason in checks)
    columns = ", ".join(f'c{i} AS "{name}"' for i, name in enumerate(names))
    return f"""
    WITH records AS ({source}),
    texts AS (SELECT {", ".join(["line", "raw", "problem", "v", *carried])}, {extra} AS extra, {texts} FROM records),
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


def _json_fields(obj: ObjectContract) -> list[Field]:
    return [f for f in obj.fields if f.type == "json"]


def _json_text(cells: Sequence[str]) -> str:
    """SQL for the first JSON text that is not null. JSON inside a JSON string is unpacked."""
    present = ", ".join(f"nullif({c}, 'null')" for c in cells)
    each = f"coalesce({present})"
    inner = f"coalesce(TRY_CAST(json_extract_string({each}, '$') AS JSON)::VARCHAR, {each})"
    return f"CASE WHEN {each} LIKE '\"{{%' OR {each} LIKE '\"[%' THEN {inner} ELSE {each} END"


def _cell_json(cells: Sequence[str]) -> str:
    """SQL for the first cell that is not empty as JSON; one that is no JSON becomes a JSON string."""
    each = [f"CASE WHEN json_valid({c}) THEN {c} ELSE to_json(nullif({c}, ''))::VARCHAR END" for c in cells]
    return f"coalesce({', '.join(each)})"


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


def body_checks(obj: ObjectContract, cells: Mapping[str, str]) -> list[tuple[str, str]]:
    checks: list[tuple[str, str]] = []
    for key in obj.unwrap:
        cell = cells[key]
        checks.append((f"coalesce({cell}[1:1] IN ('[', '{{'), false)", ENVELOPE))
    for path, allowed in obj.expect:
        cell = cells[path]
        values = ", ".join(literal(v) for v in allowed)
        checks.append((f"coalesce({cell} NOT IN ({values}), false)", "error body"))
    return checks


def path_list(paths: Sequence[str]) -> str:
    return "[" + ", ".join(literal(json_path(path_parts(p))) for p in paths) + "]"


def null_patch(paths: Sequence[str]) -> str:
    """A JSON merge patch that removes the given paths; a path above another one wins."""
    tree: dict[str, object] = {}
    for path in sorted(paths, key=lambda p: len(path_parts(p))):
        node: dict[str, object] = tree
        *parents, leaf = path_parts(path)
        for part in parents:
            below = node.setdefault(part, {})
            if not isinstance(below, dict):
                break
            node = below
        else:
            node[leaf] = None
    return literal(json.dumps(tree)) + "::JSON"


def without_empty_objects(text: str, known: Sequence[str]) -> str:
    """SQL for what a merge patch left, without the objects above `known` paths of which nothing is left, NULL when
    that is all.

    Inside a JSON string every quote is escaped, so the pattern cannot begin and end there; the cast is the guard for
    keys that hold an escaped quote.
    """
    above = sorted({part for path in known for part in path_parts(path)[:-1]})
    if not above:
        return f"nullif({text}, '{{}}')"
    cleaned = text
    empty = f'"({"|".join(re.escape(name) for name in above)})":\\{{\\}}'
    for _ in range(max(len(path_parts(path)) - 1 for path in known)):
        for pattern, left in ((f",{empty}", ""), (rf"\{{{empty},", "{"), (rf"\{{{empty}\}}", "{}")):
            cleaned = f"regexp_replace({cleaned}, {literal(pattern)}, {literal(left)}, 'g')"
    safe = f"coalesce(TRY_CAST({cleaned} AS JSON)::VARCHAR, {text})"
    return f"nullif(CASE WHEN contains({text}, ':{{}}') THEN {safe} ELSE {text} END, '{{}}')"


def is_plain_object_line(line: str) -> bool:
    """Is this text one complete JSON object?"""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def is_values_line(line: str) -> bool:
    """Is this text several complete JSON objects one after another?"""
    decode, at, found = json.JSONDecoder().raw_decode, 0, 0
    line = line.strip()
    try:
        while at < len(line):
            value, at = decode(line, at)
            found += 1
            if not isinstance(value, dict):
                return False
            while line[at : at + 1].isspace():
                at += 1
    except (ValueError, RecursionError):
        return False
    return found > 1


# An archive of X is a script: window.YTD.tweets.part0 = [ … ]
ASSIGNMENT = re.compile(r"[A-Za-z][\w.$]*\s*=\s*")
_FIRST_LINE = re.compile(r"\s*([^\n]*)\n?")


def looks_like_document(head: str, *, whole: bool, fmt: str, unwrap: Sequence[str]) -> bool:
    """Is a JSON file, by its beginning, something other than one record per line? `whole`: `head` is all of it."""
    found = _FIRST_LINE.match(head)
    first = found.group(1) if found else ""
    complete = whole or (found is not None and found.end() < len(head))
    if first.startswith("[") or (fmt == "json" and ASSIGNMENT.match(first)):
        return True
    if not first.startswith("{"):
        return False
    if not complete:
        return fmt == "json"
    if is_plain_object_line(first):
        return bool(unwrap) and any(key.partition(".")[0] in json.loads(first) for key in unwrap)
    if is_values_line(first):
        return True
    return fmt == "json" or first.strip() == "{"
