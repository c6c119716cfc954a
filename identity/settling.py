"""Links that an erasure settled: whoever stays is in the profile that he was in.

Records that are erased take part of what is decided over all records with them: a contact is used under one name less,
a block falls below its bound, a rival for an edge is gone. Left alone, that would join or part people who have nothing
to do with the request. So the pass after an erasure holds each record that stays, and did not change, to its cluster of
the pass before, and writes down what that took: table ``settled`` of the store.

A settled pair is input to every later pass, full or not, as a judgement is. It holds as long as both records are as
they were; news about one of them lets it lapse. What a person judges goes before it.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from identity.errors import IdentityInputError
from identity.sql_text import literal
from identity.store import SCHEMA, tables
from identity.values import unique_id_sql

# Each round settles what the last one brought to light.
MAX_ROUNDS = 20
_COLUMNS = "record_id_l, record_id_r, hash_l, hash_r, is_kept, kind"


def show_settled(con: duckdb.DuckDBPyConnection) -> None:
    """Create temp table ``settled`` (unique_id_l < unique_id_r, record_id_l, record_id_r, hash_l, hash_r, is_kept,
    kind): the settled pairs that hold. `is_kept`: an edge that stays, of that kind; otherwise one that joins nobody.
    Reads ``link_hashes``."""
    con.execute(
        f"""create or replace temp table settled as
        select {unique_id_sql("s.record_id_l")} as unique_id_l, {unique_id_sql("s.record_id_r")} as unique_id_r, s.*
        from {SCHEMA}.settled s
        join link_hashes l on l.record_id = s.record_id_l and l.row_hash = s.hash_l
        join link_hashes r on r.record_id = s.record_id_r and r.row_hash = s.hash_r"""
    )


def save_settled(con: duckdb.DuckDBPyConnection) -> None:
    """Write ``settled`` to the store; what has lapsed is forgotten."""
    con.execute(f"delete from {SCHEMA}.settled")
    con.execute(f"insert into {SCHEMA}.settled by name select {_COLUMNS} from settled")


def copy_settled(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Take the settled pairs of the store at `path` over into the one attached to `con`; `path` is only read.

    Raises `IdentityInputError` if it cannot be read.
    """
    try:
        con.execute(f"attach {literal(path)} as settled_before (read_only)")
    except duckdb.Error as error:
        raise IdentityInputError(
            f"{path}: cannot be read now; wait until the run that has it open has finished"
        ) from error
    known = con.execute(
        "select 1 from duckdb_tables() where database_name = 'settled_before' and table_name = 'settled'"
    ).fetchone()
    if known:
        con.execute(f"insert into {SCHEMA}.settled by name select {_COLUMNS} from settled_before.settled")
    con.execute("detach settled_before")


def settle(con: duckdb.DuckDBPyConnection) -> int:
    """Add to ``settled`` what keeps the records in their clusters of the last pass; returns the number of pairs added.

    Compares ``new_clusters`` (``new_left_out``, ``accepted``) with the store's tables of that pass. Records that are
    new or changed are left to the rules, and so are clusters that lost a record.
    """
    if not {"clusters", "accepted", "left_out"} <= tables(con):
        return 0
    con.execute(
        f"""create or replace temp table stayed as
        select c.unique_id, c.cluster_id as was, n.cluster_id as becomes, h.record_id, h.row_hash
        from {SCHEMA}.clusters c join new_clusters n using (unique_id) join features f using (unique_id)
        join link_hashes h on h.record_id = f.record_id
        where h.record_id not in (select record_id from replaced)"""
    )
    [(before,)] = con.execute("select count(*) from settled").fetchall()
    con.execute(
        f"""insert into settled by name
        select e.unique_id_l, e.unique_id_r, l.record_id as record_id_l, r.record_id as record_id_r,
            l.row_hash as hash_l, r.row_hash as hash_r, false as is_kept, e.kind
        from accepted e join stayed l on l.unique_id = e.unique_id_l join stayed r on r.unique_id = e.unique_id_r
        where l.was <> r.was and l.becomes = r.becomes and e.rank > 0
            and (e.unique_id_l, e.unique_id_r) not in (select (unique_id_l, unique_id_r) from settled)
        union all by name
        -- of a cluster that came apart, the edges that held it together
        select e.unique_id_l, e.unique_id_r, l.record_id as record_id_l, r.record_id as record_id_r,
            l.row_hash as hash_l, r.row_hash as hash_r, true as is_kept, e.kind
        from {SCHEMA}.accepted e anti join {SCHEMA}.left_out using (unique_id_l, unique_id_r)
        join stayed l on l.unique_id = e.unique_id_l join stayed r on r.unique_id = e.unique_id_r
        where l.was = r.was and l.becomes <> r.becomes and e.rank > 0
            and l.was not in (
                select cluster_id from {SCHEMA}.clusters
                where unique_id in (select {unique_id_sql("record_id")} from replaced))
            and not exists (
                select 1 from new_clusters n
                where n.unique_id in (select {unique_id_sql("record_id")} from changed)
                    and n.cluster_id in (l.becomes, r.becomes))
            and (e.unique_id_l, e.unique_id_r) not in (select (unique_id_l, unique_id_r) from settled)"""
    )
    [(after,)] = con.execute("select count(*) from settled").fetchall()
    con.execute("drop table stayed")
    return int(after - before)
