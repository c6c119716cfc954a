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
from identity.normalise import normalise_country
from identity.reading import read_file, without_ending
from identity.rules import Rules, load_rules, rules_from
from identity.sql_text import literal

SINGLE_ROLES = (
    "entity_type", "given_name", "middle_name", "family_name", "full_name", "native_name", "organisation",
    "birth_date", "gender", "address", "street", "unit", "locality", "region", "postcode", "country",
)  # fmt: skip
LIST_ROLES = ("email", "phone")
ROLES = (*SINGLE_ROLES, *LIST_ROLES, "identifiers", "attributes")
# A value is read up to here.
MOST_LETTERS = 1000
_TOP_LEVEL = ("record_id", "source", "default_region", "roles", "rules")


@dataclass(frozen=True)
class Roles:
    """Columns by role. A single role with several columns is joined with a blank; lists are alternatives.

    `default_region` is the country of rows that name none; `file` is the one that they were read from.
    """

    record_id: str
    source: str | None = None
    default_region: str = "US"
    single: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)
    file: Path | None = field(default=None, compare=False)

    def columns(self) -> set[str]:
        """Every column that is named."""
        named = {self.record_id, *self.identifiers.values(), *self.attributes}
        named |= {c for columns in (*self.single.values(), *self.lists.values()) for c in columns}
        return named | ({self.source} if self.source else set())


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


class _KeyTwice(Exception):
    """A key that is there twice; YAML would take the last one."""


class _UniqueKeys(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # a list as a key: the loader says so
            if key.value in found:
                raise _KeyTwice(f" line {key.start_mark.line + 1}: {key.value} is there twice")
            found.add(key.value)
        return super().construct_mapping(node, deep)


def load_roles(path: Path) -> Roles:
    """Read and check a roles file. Raises `IdentityInputError` that names the file and the role."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_UniqueKeys)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError as error:
        raise IdentityInputError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise IdentityInputError(f"{path}: is not UTF-8 text") from error
    except OSError as error:
        raise IdentityInputError(f"{path}: cannot be read as a file") from error
    except _KeyTwice as error:
        raise IdentityInputError(f"{path}{error}") from error
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
    return Roles(
        record_id, source, _region(path, content.get("default_region", "US")), single, lists, identifiers, attributes,
        _rules(path, content.get("rules")), path,
    )  # fmt: skip


def _region(path: Path, value: Any) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    region = str(value).upper()
    if region not in SUPPORTED_REGIONS:
        # YAML reads NO as false
        hint = "; put NO in quotes" if value is False else ""
        raise IdentityInputError(f"{path}: default_region must be a country code such as US or CN{hint}")
    return region


def _rules(path: Path, value: Any) -> Rules:
    """The rules that stand in the roles file itself or in the file it names."""
    if value is None:
        return Rules()
    if isinstance(value, str):
        return load_rules(path.parent / value)
    if not isinstance(value, dict):
        raise IdentityInputError(f"{path}: rules must be a mapping, or the path of a YAML file")
    return rules_from(value, f"{path} rules", path.parent)


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

    The platform's record id is ``<source>|<record id>``; table ``delivered`` (record_id) names the rows read. Raises
    `IdentityInputError` for a file that cannot be read, a named column that no input has, an empty source, an empty or
    repeated record id, and invalid UTF-8, each with file and place.
    """
    seen: set[str] = set()
    parts: list[str] = []
    for number, path in enumerate(inputs):
        columns = read_file(con, path, f"file_{number}")
        seen |= set(columns)
        if roles.record_id not in columns:
            raise IdentityInputError(
                f"{path}: column {roles.record_id} (record_id) is missing{_nearest(roles.record_id, columns)}"
            )
        parts.append(_select(f"file_{number}", number, set(columns), without_ending(path), roles))
    for column in sorted(roles.columns()):
        if column not in seen:
            raise IdentityInputError(f"column {column} is in none of the inputs{_nearest(column, seen)}")
    con.execute(f"create or replace table delivered as {' union all by name '.join(parts)}")
    _check_keys(con, inputs, roles)
    _shape(con, roles)
    con.execute("create or replace temp table delivered_ids as select record_id from delivered")
    con.execute("drop table delivered")
    con.execute("alter table delivered_ids rename to delivered")
    for number in range(len(inputs)):
        con.execute(f"drop table file_{number}")


def _check_keys(con: duckdb.DuckDBPyConnection, inputs: Sequence[Path], roles: Roles) -> None:
    """Refuse rows of ``delivered`` without a record id or a source, and keys that are repeated or too long."""
    unusable = [
        ("native_id is null", f"have no {roles.record_id}: every row needs a record id"),
        ("source is null", f"have no {roles.source}: every row needs a source where a column for it is named"),
        # source a|b with record c would be the record of source a with record b|c
        ("contains(source, '|')", "are of a source with a |, which parts source and record id: name it without"),
        (f"length(record_id) > {MOST_LETTERS}", f"have a {roles.record_id} of more than {MOST_LETTERS} letters"),
    ]
    for condition, problem in unusable:
        found = con.execute(
            f"select file, count(*) from delivered where {condition} group by file order by file limit 1"
        ).fetchall()
        if found:
            raise IdentityInputError(f"{inputs[found[0][0]]}: {found[0][1]} rows {problem}")
    [(total,)] = con.execute("select count(*) - count(distinct record_id) from delivered").fetchall()
    if total:
        files = con.execute(
            """select distinct file from delivered where record_id in (
                select record_id from delivered group by record_id having count(*) > 1) order by file"""
        ).fetchall()
        named = " and ".join(str(inputs[file]) for (file,) in files[:2])
        raise IdentityInputError(
            f"{named}: {total} rows repeat a record id; (source, {roles.record_id}) must be unique"
        )


def _text(column: str) -> str:
    return f"nullif(trim(\"{column.replace(chr(34), chr(34) * 2)}\"), '')"


def _value(column: str) -> str:
    # what is longer is no name, address or number, and comparing it takes time by the square of its length
    return f"left({_text(column)}, {MOST_LETTERS})"


def _select(table: str, number: int, have: set[str], file_name: str, roles: Roles) -> str:
    source = _text(roles.source) if roles.source in have else f"'{file_name.replace(chr(39), chr(39) * 2)}'"
    chosen = [f"{number} as file", f"{source} as source", f"{_text(roles.record_id)} as native_id"]
    chosen.append(f"{source} || '|' || {_text(roles.record_id)} as record_id")
    for role in SINGLE_ROLES:
        columns = [c for c in roles.single.get(role, ()) if c in have]
        joined = f"nullif(concat_ws(' ', {', '.join(_value(c) for c in columns)}), '')" if columns else "null::varchar"
        chosen.append(f"{joined} as {role}")
    for role in LIST_ROLES:
        columns = [c for c in roles.lists.get(role, ()) if c in have]
        listed = f"[{', '.join(_value(c) for c in columns)}]" if columns else "[]"
        chosen.append(f"{listed}::varchar[] as {role}")
    for i, column in enumerate(roles.identifiers.values()):
        chosen.append(f"{_value(column) if column in have else 'null::varchar'} as identifier_{i}")
    for i, column in enumerate(roles.attributes):
        chosen.append(f"{_value(column) if column in have else 'null::varchar'} as attribute_{i}")
    return f"select {', '.join(chosen)} from {table}"


def _shape(con: duckdb.DuckDBPyConnection, roles: Roles) -> None:
    attributes = "".join(f", attribute_{i}" for i in range(len(roles.attributes)))
    con.execute("create or replace temp table named_regions (country varchar, region varchar)")
    named = con.execute("select distinct country from delivered where country is not null").fetchall()
    known = [(country, region) for (country,) in named if (region := _named_region(country))]
    if known:
        con.executemany("insert into named_regions values (?, ?)", known)
    con.execute(
        f"""create or replace temp view placed as
        select delivered.*, coalesce(n.region, {literal(roles.default_region)}) as default_region
        from delivered left join named_regions n using (country)"""
    )
    con.execute(
        f"""create or replace table input_records as
        select record_id, source, native_id, {", ".join(SINGLE_ROLES)}, default_region,
            null::timestamp as created_at{attributes}
        from placed"""
    )
    kinds = [(literal(role), f"unnest({role})") for role in LIST_ROLES]
    kinds += [(literal(kind), f"identifier_{i}") for i, kind in enumerate(roles.identifiers)]
    parts = [
        f"select record_id, default_region, {kind} as kind, {values} as value_raw from placed" for kind, values in kinds
    ]
    con.execute(
        f"""create or replace table input_identifiers as
        select distinct record_id, kind, '' as namespace, value_raw, true as is_trusted, null::varchar as reason,
            default_region, null::timestamp as first_seen_at, null::timestamp as last_seen_at
        from ({" union all ".join(parts)}) where value_raw is not null"""
    )
    con.execute("drop view placed")
    con.execute("drop table named_regions")


def _named_region(country: str) -> str | None:
    code = normalise_country(country)
    # NA stands for "not available" far more often than for Namibia.
    return None if code == "NA" else code
