"""The roles file: which column of a user's files plays which part. Parsed, checked, and applied to the files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from identity.errors import IdentityInputError

SINGLE_ROLES = (
    "entity_type", "given_name", "middle_name", "family_name", "full_name", "native_name", "organisation",
    "birth_date", "gender", "address", "street", "unit", "locality", "region", "postcode", "country",
)  # fmt: skip
LIST_ROLES = ("email", "phone")
ROLES = (*SINGLE_ROLES, *LIST_ROLES, "identifiers", "attributes")
_TOP_LEVEL = ("record_id", "source", "default_region", "roles")


@dataclass(frozen=True)
class Roles:
    """Columns by role. A single role with several columns is joined with a blank; lists are alternatives."""

    record_id: str
    source: str | None = None
    default_region: str = "US"
    single: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()

    def columns(self) -> set[str]:
        """Every column that is named."""
        named = {self.record_id, *self.identifiers.values(), *self.attributes}
        named |= {c for columns in (*self.single.values(), *self.lists.values()) for c in columns}
        return named | ({self.source} if self.source else set())


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def load_roles(path: Path) -> Roles:
    """Read and check a roles file. Raises `IdentityInputError` that names the file and the role."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise IdentityInputError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise IdentityInputError(f"{path}: is not UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise IdentityInputError(f"{path}{where}: is not valid YAML") from error
    if not isinstance(content, dict):
        raise IdentityInputError(f"{path}: must hold record_id and roles")
    for key in content:
        if key not in _TOP_LEVEL:
            raise IdentityInputError(f"{path}: unknown key {key}{_nearest(str(key), _TOP_LEVEL)}")
    record_id = content.get("record_id")
    if not isinstance(record_id, str):
        # YAML reads no, yes, on and off as true or false
        hint = "; put the name in quotes" if isinstance(record_id, bool) else ""
        raise IdentityInputError(f"{path}: record_id must name one column{hint}")
    roles = content.get("roles")
    if not isinstance(roles, dict) or not roles:
        raise IdentityInputError(f"{path}: roles must map at least one role to a column")
    single: dict[str, tuple[str, ...]] = {}
    lists: dict[str, tuple[str, ...]] = {}
    identifiers: dict[str, str] = {}
    attributes: tuple[str, ...] = ()
    for role, value in roles.items():
        if role not in ROLES:
            raise IdentityInputError(f"{path}: unknown role {role}{_nearest(str(role), ROLES)}")
        if role == "identifiers":
            if not isinstance(value, dict):
                raise IdentityInputError(f"{path}: identifiers must map a kind to a column")
            identifiers = {str(k): _one_column(path, str(k), v) for k, v in value.items()}
        elif role == "attributes":
            attributes = _columns(path, role, value)
        elif role in LIST_ROLES:
            lists[role] = _columns(path, role, value)
        else:
            single[role] = _columns(path, role, value)
    source = content.get("source")
    if source is not None and not isinstance(source, str):
        raise IdentityInputError(f"{path}: source must name one column")
    return Roles(record_id, source, str(content.get("default_region", "US")), single, lists, identifiers, attributes)


def _columns(path: Path, role: str, value: Any) -> tuple[str, ...]:
    columns = [value] if isinstance(value, str) else value
    if not isinstance(columns, list) or not columns or not all(isinstance(c, str) for c in columns):
        raise IdentityInputError(f"{path}: role {role} must name a column or a list of columns")
    if len(set(columns)) < len(columns):
        raise IdentityInputError(f"{path}: role {role} names a column twice")
    return tuple(columns)


def _one_column(path: Path, role: str, value: Any) -> str:
    if not isinstance(value, str):
        raise IdentityInputError(f"{path}: identifier {role} must name one column")
    return value


def read_inputs(con: duckdb.DuckDBPyConnection, inputs: Sequence[Path], roles: Roles) -> None:
    """Read the files into tables ``input_records`` and ``input_identifiers`` in the shape `identity.normalise` takes.

    The platform's record id is ``<source>|<record id>``. Raises `IdentityInputError` for a file that cannot be read, a
    named column that no input has, an empty or repeated record id, and invalid UTF-8, each with file and place.
    """
    seen: set[str] = set()
    parts: list[str] = []
    for number, path in enumerate(inputs):
        columns = _load(con, path, f"file_{number}")
        seen |= set(columns)
        if roles.record_id not in columns:
            raise IdentityInputError(
                f"{path}: column {roles.record_id} (record_id) is missing{_nearest(roles.record_id, columns)}"
            )
        parts.append(_select(f"file_{number}", set(columns), path.name.split(".")[0], roles))
    for column in sorted(roles.columns()):
        if column not in seen:
            raise IdentityInputError(f"column {column} is in none of the inputs{_nearest(column, seen)}")
    con.execute(f"create or replace table delivered as {' union all by name '.join(parts)}")
    [(empty,)] = con.execute("select count(*) from delivered where native_id is null").fetchall()
    if empty:
        raise IdentityInputError(f"{empty} rows have no {roles.record_id}: every row needs a record id")
    twice = con.execute(
        "select record_id, count(*) from delivered group by 1 having count(*) > 1 order by 1 limit 1"
    ).fetchall()
    if twice:
        [(total,)] = con.execute("select count(*) - count(distinct record_id) from delivered").fetchall()
        raise IdentityInputError(f"{total} rows repeat a record id; (source, {roles.record_id}) must be unique")
    _shape(con, roles)


def _load(con: duckdb.DuckDBPyConnection, path: Path, table: str) -> list[str]:
    if not path.exists():
        raise IdentityInputError(f"{path}: no such file")
    literal = str(path).replace("'", "''")
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    if name.endswith(".csv") or name.endswith(".tsv"):
        reader = f"read_csv('{literal}', all_varchar=true, header=true, null_padding=true)"
    elif name.endswith(".jsonl") or name.endswith(".ndjson") or name.endswith(".json"):
        reader = f"read_json_auto('{literal}', convert_strings_to_integers=false)"
    elif name.endswith(".parquet"):
        reader = f"read_parquet('{literal}')"
    else:
        raise IdentityInputError(f"{path}: unknown file type; use .csv, .tsv, .jsonl or .parquet")
    if path.stat().st_size == 0:
        raise IdentityInputError(f"{path}: is empty")
    try:
        con.execute(f"create or replace temp table {table} as select * from {reader}")
    except duckdb.Error as error:
        problem = "invalid UTF-8" if "utf" in str(error).lower() else "cannot be parsed"
        raise IdentityInputError(f"{path}: {problem}") from error
    rows = con.execute(f"describe {table}").fetchall()
    renames = {row[0]: row[0].strip() for row in rows if row[0] != row[0].strip()}
    for old, new in renames.items():  # headers such as "rec_id, given_name" carry blanks
        con.execute(f'alter table {table} rename column "{old}" to "{new}"')
    return [row[0].strip() for row in rows]


def _text(column: str) -> str:
    return f"nullif(trim(\"{column.replace(chr(34), chr(34) * 2)}\"::varchar), '')"


def _select(table: str, have: set[str], file_name: str, roles: Roles) -> str:
    source = _text(roles.source) if roles.source in have else f"'{file_name.replace(chr(39), chr(39) * 2)}'"
    chosen = [f"{source} as source", f"{_text(roles.record_id)} as native_id"]
    chosen.append(f"{source} || '|' || {_text(roles.record_id)} as record_id")
    for role in SINGLE_ROLES:
        columns = [c for c in roles.single.get(role, ()) if c in have]
        joined = f"nullif(concat_ws(' ', {', '.join(_text(c) for c in columns)}), '')" if columns else "null::varchar"
        chosen.append(f"{joined} as {role}")
    for role in LIST_ROLES:
        columns = [c for c in roles.lists.get(role, ()) if c in have]
        listed = f"[{', '.join(_text(c) for c in columns)}]" if columns else "[]"
        chosen.append(f"{listed}::varchar[] as {role}")
    for i, column in enumerate(roles.identifiers.values()):
        chosen.append(f"{_text(column) if column in have else 'null::varchar'} as identifier_{i}")
    for i, column in enumerate(roles.attributes):
        chosen.append(f"{_text(column) if column in have else 'null::varchar'} as attribute_{i}")
    return f"select {', '.join(chosen)} from {table}"


def _shape(con: duckdb.DuckDBPyConnection, roles: Roles) -> None:
    attributes = "".join(f", attribute_{i}" for i in range(len(roles.attributes)))
    con.execute(
        f"""create or replace table input_records as
        select record_id, source, native_id, {", ".join(SINGLE_ROLES)}, ? as default_region,
            null::timestamp as created_at{attributes}
        from delivered""",
        [roles.default_region],
    )
    parts = [f"select record_id, '{role}' as kind, unnest({role}) as value_raw from delivered" for role in LIST_ROLES]
    parts += [
        f"select record_id, '{kind.replace(chr(39), chr(39) * 2)}' as kind, identifier_{i} as value_raw from delivered"
        for i, kind in enumerate(roles.identifiers)
    ]
    con.execute(
        f"""create or replace table input_identifiers as
        select distinct record_id, kind, '' as namespace, value_raw, true as is_trusted, null::varchar as reason,
            ?::varchar as default_region, null::timestamp as first_seen_at, null::timestamp as last_seen_at
        from ({" union all ".join(parts)}) where value_raw is not null""",
        [roles.default_region],
    )
