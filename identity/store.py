"""The store of one identity graph: a DuckDB file, attached as ``store``, with two kinds of tables.

*Registry* tables are history and cannot be derived again: ids, members, aliases, homes, events by generation
(`registry.py`). *Link* tables are a cache of the last pass: what the current records look like, which pairs were
scored, which were accepted (`linking.py`). Dropping the cache costs one full pass and changes nothing in the result.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import duckdb

from identity.errors import IdentityInputError

SCHEMA = "store"
STORE_VERSION = 2

# rows are valid from a generation until before another (NULL: still)
VERSIONED = ("members", "ids", "aliases", "homes")
_VALID = "valid_from integer, valid_to integer"
_REGISTRY = {
    "generations": "generation integer, parent integer, as_of date, run_id varchar, model_version varchar",
    "members": f"record_id varchar, profile_id varchar, since date, {_VALID}",
    "ids": f"profile_id varchar, first_generation integer, first_seen date, rank bigint, state varchar, {_VALID}",
    "aliases": f"alias_profile_id varchar, profile_id varchar, {_VALID}",
    "homes": f"record_id varchar, profile_id varchar, {_VALID}",
    "events": "generation integer, event_id varchar, as_of date, run_id varchar, event varchar, profile_id varchar, "
    "related_profile_id varchar, reason varchar",
    "link_state": "key varchar, value varchar",
    # what an erasure settled (settling.py): no cache, though its rows are about links
    "settled": "record_id_l varchar, record_id_r varchar, hash_l ubigint, hash_r ubigint, is_kept boolean, "
    "kind varchar",
}


def attach_store(con: duckdb.DuckDBPyConnection, path: Path | None) -> None:
    """Attach the store at `path` (in memory without one) to `con` as ``store``, and create or upgrade its tables.

    Raises `IdentityInputError` if it is in use, damaged, or written by a newer version.
    """
    if path is None:
        con.execute(f"attach ':memory:' as {SCHEMA}")
    else:
        try:
            _create(path)
            con.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {SCHEMA}")
        except (duckdb.Error, OSError) as error:
            text = str(error).replace(str(path), "").lower()
            if "could not set lock" in text or "conflicting lock" in text:
                raise IdentityInputError(f"{path}: is in use by another process; wait until it has finished") from error
            if isinstance(error, OSError) or "permission denied" in text or "read-only" in text:
                raise IdentityInputError(
                    f"{path}: cannot be opened for writing; check the folder and its rights"
                ) from error
            if "version number" in text or "newer" in text:
                raise IdentityInputError(
                    f"{path}: written by a newer version of the platform; upgrade the platform"
                ) from error
            raise IdentityInputError(f"{path}: is not a store of this platform") from error
    found = tables(con)
    if found and "store_version" not in found:
        raise IdentityInputError(f"{path}: is not a store of this platform")
    con.execute(f"create table if not exists {SCHEMA}.store_version (version integer)")
    versions = [v for (v,) in con.execute(f"select version from {SCHEMA}.store_version").fetchall()]
    version = versions[0] if versions else STORE_VERSION
    if version > STORE_VERSION:
        raise IdentityInputError(
            f"{path}: store has version {version}, this platform reads up to {STORE_VERSION}: upgrade the platform"
        )
    con.execute("begin")
    if version == 1:
        _from_version_1(con)
    for table, columns in _REGISTRY.items():
        con.execute(f"create table if not exists {SCHEMA}.{table} ({columns})")
    con.execute(f"delete from {SCHEMA}.store_version")
    con.execute(f"insert into {SCHEMA}.store_version values ({STORE_VERSION})")
    con.execute("commit")


def at(table: str, generation: int) -> str:
    """SQL for the rows of a versioned table of the store that are valid in `generation`."""
    return (
        f"(select * from {SCHEMA}.{table} where valid_from <= {generation} "
        f"and (valid_to is null or valid_to > {generation}))"
    )


def _create(path: Path) -> None:
    """Make a new store appear whole: a process that is killed while it creates one leaves none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size == 0:
        path.unlink()
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    try:
        duckdb.connect(str(draft)).close()
        # not a rename: that would take the place of a store that another process has made meanwhile
        with suppress(FileExistsError):
            os.link(draft, path)
    except PermissionError:
        if not os.access(path.parent, os.W_OK):
            raise  # otherwise a file system without hard links: the engine creates the store itself
    finally:
        draft.unlink(missing_ok=True)


def _from_version_1(con: duckdb.DuckDBPyConnection) -> None:
    """Version 1 kept whole generations (the base and its candidate) and the links of `cdp resolve` as ``kept_…``."""
    for table in ("members", "ids", "aliases"):
        con.execute(f"alter table {SCHEMA}.{table} rename to {table}_1")
        columns = _REGISTRY[table].removesuffix(f", {_VALID}")
        names = ", ".join(column.split()[0] for column in columns.split(", "))
        con.execute(f"create table {SCHEMA}.{table} ({_REGISTRY[table]})")
        # a row that stands unchanged in the following generation goes on
        con.execute(
            f"""insert into {SCHEMA}.{table}
            with run as (
                select *, generation - dense_rank() over (partition by {names} order by generation) as island
                from {SCHEMA}.{table}_1
            )
            select {names}, min(generation), nullif(max(generation) + 1, (
                select max(generation) + 1 from {SCHEMA}.generations))
            from run group by {names}, island"""
        )
        con.execute(f"drop table {SCHEMA}.{table}_1")
    con.execute(f"alter table {SCHEMA}.homes rename to homes_1")
    con.execute(f"create table {SCHEMA}.homes ({_REGISTRY['homes']})")
    con.execute(f"insert into {SCHEMA}.homes select record_id, profile_id, generation, null from {SCHEMA}.homes_1")
    con.execute(f"drop table {SCHEMA}.homes_1")
    for table in ("features", "edges"):
        con.execute(f"drop table if exists {SCHEMA}.kept_{table}")


def tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Names of the tables in the store."""
    rows = con.execute(f"select table_name from information_schema.tables where table_catalog = '{SCHEMA}'").fetchall()
    return {name for (name,) in rows}
