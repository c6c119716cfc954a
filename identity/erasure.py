"""Taking people out of an identity store for good: their records and ids, in every generation, and in the bytes.

An erased id stays known as erased, so that nobody takes it for one that never was; everything that said whose it was
goes. Deleting a row in a database file leaves its bytes there, so the store is written anew.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from identity.engine import connect
from identity.sql_text import literal
from identity.store import SCHEMA, attach_store

REASON = "erased at the person's request"


@dataclass(frozen=True)
class ErasedIds:
    """What was taken out of the registry: memberships in all generations, and the ids that now stand for nobody."""

    memberships: int
    profile_ids: tuple[str, ...]


def erase_from_store(
    store: Path, record_ids: Sequence[str], profile_ids: Sequence[str], *, as_of: date, run_id: str
) -> ErasedIds:
    """Remove these records from every table of the store, and mark these ids and their aliases as erased.

    Called again it changes nothing. The links of the last pass keep the records until the next pass finds them gone;
    after that pass `rewrite_store` takes the bytes away. Raises `IdentityInputError` where the store cannot be used.
    """
    if not store.exists():
        return ErasedIds(0, ())
    with connect(store.parent) as con:
        attach_store(con, store)
        return erase_attached(con, record_ids, profile_ids, as_of=as_of, run_id=run_id)


def erase_attached(
    con: duckdb.DuckDBPyConnection,
    record_ids: Sequence[str],
    profile_ids: Sequence[str],
    *,
    as_of: date,
    run_id: str,
) -> ErasedIds:
    """`erase_from_store` for the store attached to `con`, in one transaction."""
    con.execute(
        "create or replace temp table e_record as select unnest($r::varchar[]) as record_id", {"r": list(record_ids)}
    )
    con.execute(
        f"""create or replace temp table e_id as
        with given as (select unnest($p::varchar[]) as profile_id)
        select profile_id from given
        union select alias_profile_id from {SCHEMA}.aliases where profile_id in (select profile_id from given)""",
        {"p": list(profile_ids)},
    )
    con.execute("begin")
    [(memberships,)] = con.execute(
        f"select count(*) from {SCHEMA}.members where record_id in (select record_id from e_record)"
    ).fetchall()
    for table, column in con.execute(
        f"""select table_name, column_name from duckdb_columns()
        where database_name = '{SCHEMA}' and column_name in ('record_id', 'record_id_l', 'record_id_r')
        and data_type = 'VARCHAR'"""
    ).fetchall():
        if table not in _OF_THE_CACHE:
            con.execute(f"delete from {SCHEMA}.{table} where {column} in (select record_id from e_record)")
    con.execute(
        f"""update {SCHEMA}.ids set state = 'erased'
        where profile_id in (select profile_id from e_id) and state <> 'erased'"""
    )
    con.execute(f"delete from {SCHEMA}.aliases where alias_profile_id in (select profile_id from e_id)")
    con.execute(
        f"""insert into {SCHEMA}.aliases by name
        select profile_id as alias_profile_id, null::varchar as profile_id, min(valid_from) as valid_from,
            null::integer as valid_to
        from {SCHEMA}.ids where profile_id in (select profile_id from e_id) group by profile_id"""
    )
    con.execute(
        f"""insert into {SCHEMA}.events by name
        select min(valid_from) as generation, 'e' || left(sha256('erased|' || profile_id), 20) as event_id,
            $as_of::date as as_of, $run_id as run_id, 'erased' as event, profile_id,
            null::varchar as related_profile_id, {literal(REASON)} as reason
        from {SCHEMA}.ids i where profile_id in (select profile_id from e_id)
            and not exists (
                select 1 from {SCHEMA}.events e where e.event = 'erased' and e.profile_id = i.profile_id)
        group by profile_id""",
        {"as_of": as_of, "run_id": run_id},
    )
    erased = con.execute(f"select profile_id from e_id semi join {SCHEMA}.ids using (profile_id) order by 1").fetchall()
    con.execute("commit")
    return ErasedIds(int(memberships), tuple(profile_id for (profile_id,) in erased))


# The next pass compares these with what is delivered to find out what is gone; they are rewritten by it.
_OF_THE_CACHE = frozenset(
    {"link_hashes", "link_records", "link_identifiers", "link_judged", "features", "block_keys", "scored", "accepted",
     "refused", "clusters", "left_out", "repeats"}
)  # fmt: skip


def rewrite_store(store: Path) -> None:
    """Copy a store into a new file that takes its place: the bytes of deleted rows stay behind."""
    if not store.exists():
        return
    draft = store.with_name(f".{store.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    try:
        with duckdb.connect() as con:
            con.execute(f"attach {literal(store)} as old")
            # without this the write-ahead log would keep what the last writer did
            con.execute("checkpoint old")
            con.execute(f"attach {literal(draft)} as new")
            con.execute("copy from database old to new")
            con.execute("checkpoint new")
        draft.replace(store)
        store.with_name(f"{store.name}.wal").unlink(missing_ok=True)
    finally:
        draft.unlink(missing_ok=True)
