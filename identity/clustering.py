"""From edges to clusters that hold one person each.

Connected components alone over-merge: one record without a given name joins a couple. So each component is searched
for what one person cannot have (`conflicts`, and the rules about identifiers and sizes in `protection`), and a
component that breaks a rule is built up again from its strongest edge to its weakest, leaving out what would break it.
Left-out edges are kept with their reason. What happens in one component depends on that component alone: on weights
and unique ids, never on row order. Components that break no rule never leave the database engine.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import duckdb

from identity.components import label_components
from identity.conflicts import DIFFERENCES, FIRM, conflict_rule_sql, own_contact_sql
from identity.conflicts import conflict_sql as conflict_sql
from identity.conflicts import level_sql as level_sql
from identity.protection import namesakes, over_limit, repair
from identity.rules import Rules

# A component larger than this is first thinned by raising the weight it takes, since conflicts are pairwise.
MAX_COMPONENT = 400
# A component larger than this is not compared in pairs at all, but held to the cap on records first.
MOST_PAIRED = 5000
# One weak edge between two groups that are each well held together by themselves is more often a namesake in the family
# than the same person. Measured on the committed sample at threshold .95: three such edges were the only wrong ones.
STRONG_BITS = 10.0
MIN_GROUP = 3


def cluster(
    con: duckdb.DuckDBPyConnection,
    features: str,
    edges: str,
    forbidden: str,
    identifiers: str,
    rules: Rules,
    *,
    out: str,
    dropped: str,
    weighed: Set[str] = frozenset(),
    settled: str | None = None,
) -> None:
    """Write tables `out` (unique_id, cluster_id: the cluster's least unique_id) and `dropped`.

    All tables may be restricted to the connected components of `edges` that are to be clustered again; unique_id is a
    BIGINT. `edges`: unique_id_l < unique_id_r, rank (smaller is stronger: 0 a person's judgement, 1 an identifier, 2 a
    score), match_weight (bits). `forbidden`: unique_id_l, unique_id_r that a person judged to be different.
    `identifiers`: record_id, kind, namespace, value, is_trusted of the records in `features`. `weighed`: kinds of
    identifiers that the model compares; where it accepted a pair with two typed values of such a kind, these count as
    one. `settled` (unique_id_l, unique_id_r, is_kept): edges that join whatever the rules say, and edges that do not,
    but for those of a judgement.

    `dropped`: unique_id_l, unique_id_r, reason. Reasons: ``judged_apart``, ``conflict`` (see `conflict_rule_sql`),
    ``unique:<kind>``, ``cap:<kind>``, ``cap:records``, ``namesakes``, ``undecided``, ``bridge``, ``size``, ``settled``.
    """
    con.execute(
        f"""create or replace temp table __live as
        select unique_id_l::bigint as unique_id_l, unique_id_r::bigint as unique_id_r, rank, match_weight
        from {edges}"""
    )
    con.execute(f"create or replace table {dropped} (unique_id_l bigint, unique_id_r bigint, reason varchar)")
    con.execute(
        """create or replace temp table __conflict
        (component bigint, unique_id_l bigint, unique_id_r bigint, reason varchar)"""
    )
    con.execute(
        """create or replace temp table __limited
        (component bigint, unique_id bigint, reason varchar, scope varchar, value varchar, most integer)"""
    )
    if settled:
        _apply_settled(con, settled, dropped)
    label_components(con, features, "__live", out="__component")
    _thin_large_components(con, max(MAX_COMPONENT, rules.max_records), dropped)
    _cut_endless_components(con, features, rules, dropped)
    _drop_lone_bridges(con, dropped)
    con.execute(
        f"""create or replace temp table __member as
        select c.component, f.unique_id, f.given, f.dob, f.suffix, f.gender, f.entity_type,
            f.own_emails[1] as own_email, f.own_phones[1] as own_phone,
            coalesce(len(f.emails), 0) as n_emails, coalesce(len(f.phones), 0) as n_phones
        from {features} f join (
            select * from __component qualify count(*) over (partition by component) > 1) c using (unique_id)"""
    )
    _conflicts(con, features, forbidden, rules)
    con.execute("create or replace temp table __broken as select distinct component from __conflict")
    over_limit(con, features, identifiers, rules)
    if rules.conflicts.namesakes:
        namesakes(con, features)
    repair(con, features, rules, dropped, weighed)
    con.execute(
        f"""create or replace table {out} as
        select c.unique_id, coalesce(r.cluster_id, c.component) as cluster_id
        from __component c left join __repaired r using (unique_id)"""
    )
    # an edge whose ends came together by others is no dropped edge
    con.execute(
        f"""delete from {dropped} x using {out} l, {out} r
        where l.unique_id = x.unique_id_l and r.unique_id = x.unique_id_r and l.cluster_id = r.cluster_id"""
    )
    for table in ("__live", "__component", "__member", "__conflict", "__broken", "__limited", "__repaired"):
        con.execute(f"drop table if exists {table}")


def _conflicts(con: duckdb.DuckDBPyConnection, features: str, forbidden: str, rules: Rules) -> None:
    """Table ``__conflict`` (component, unique_id_l, unique_id_r, reason): pairs in one component that must not meet."""
    con.execute(
        f"""
        create or replace temp table __differing as
        with differing as (
            select l.component, l.unique_id as unique_id_l, r.unique_id as unique_id_r
            from __member l join __member r on l.component = r.component and l.unique_id < r.unique_id
            where {" or ".join(f"coalesce(l.{column} <> r.{column}, false)" for column in DIFFERENCES)}
        )
        select d.*, {conflict_rule_sql(rules=rules.conflicts)} as rule
        from differing d join {features} l on l.unique_id = d.unique_id_l
        join {features} r on r.unique_id = d.unique_id_r
        """
    )
    con.execute(
        f"""
        create or replace temp table __found as
        select d.*, e.rank,
            -- A person's judgement beats the conflict it names. So does a score that weighed the same difference and
            -- still accepted the pair, which happens where the data is full of slips and knows no households. So does
            -- a contact of one's own beside another given name: no list holds every short form.
            rule not in {FIRM} and (coalesce(e.rank <> 1 or e.match_weight > 0, false)
                or (rule = 'given_name' and {own_contact_sql()})) as is_weighed
        from __differing d join {features} l on l.unique_id = d.unique_id_l
        join {features} r on r.unique_id = d.unique_id_r
        left join __live e on e.unique_id_l = d.unique_id_l and e.unique_id_r = d.unique_id_r
        where rule is not null
        """
    )
    con.execute(
        f"""
        insert into __conflict
        with weighed as (
            select unique_id_l as a, unique_id_r as c, rule from __found where is_weighed
            union all select unique_id_r, unique_id_l, rule from __found where is_weighed
        ),
        both_ways as (
            select unique_id_l as a, unique_id_r as b from __found
            union all select unique_id_r, unique_id_l from __found
        ),
        -- a was accepted with c in spite of a difference in which c agrees with b: that difference is weighed, too
        excused as (
            select f.unique_id_l, f.unique_id_r
            from __found f join weighed w on w.rule = f.rule and w.a in (f.unique_id_l, f.unique_id_r)
            where not f.is_weighed and f.rule not in {FIRM} and not exists (
                select 1 from both_ways x
                where x.a = w.c and x.b = case when w.a = f.unique_id_l then f.unique_id_r else f.unique_id_l end)
        )
        select component, unique_id_l, unique_id_r, 'conflict' as reason
        from __found f
        where not is_weighed and coalesce(rank, 9) <> 0 and not exists (
            select 1 from excused e where e.unique_id_l = f.unique_id_l and e.unique_id_r = f.unique_id_r)
        union
        select l.component, least(l.unique_id, r.unique_id), greatest(l.unique_id, r.unique_id), 'judged_apart'
        from {forbidden} j
        join __member l on l.unique_id = j.unique_id_l
        join __member r on r.unique_id = j.unique_id_r and r.component = l.component
        """
    )
    for table in ("__differing", "__found"):
        con.execute(f"drop table {table}")


def _apply_settled(con: duckdb.DuckDBPyConnection, settled: str, dropped: str) -> None:
    """Take the edges that `settled` holds apart from ``__live``, and give those that it keeps a judgement's rank."""
    con.execute(
        f"""create or replace temp table __apart as
        select unique_id_l, unique_id_r from __live e
        semi join (select * from {settled} where not is_kept) using (unique_id_l, unique_id_r) where e.rank > 0"""
    )
    _drop(con, "__apart", "settled", dropped)
    con.execute("drop table __apart")
    con.execute(
        f"""update __live e set rank = 0 from {settled} s
        where s.is_kept and s.unique_id_l = e.unique_id_l and s.unique_id_r = e.unique_id_r"""
    )


def _drop_lone_bridges(con: duckdb.DuckDBPyConnection, dropped: str) -> None:
    """Drop a scored edge under STRONG_BITS that is the only one between two groups of MIN_GROUP or more records, the
    groups being what stronger edges hold together."""
    weak = f"rank >= 2 and match_weight < {STRONG_BITS}"
    con.execute(
        f"""create or replace temp table __bridged as
        select unique_id from __component where component in (
            select c.component from __live e join __component c on c.unique_id = e.unique_id_l where {weak})
        qualify count(*) over (partition by component) >= {2 * MIN_GROUP}"""
    )
    con.execute(
        f"""create or replace temp table __strong as
        select e.* from __live e join __bridged b on b.unique_id = e.unique_id_l where not ({weak})"""
    )
    label_components(con, "__bridged", "__strong", out="__group")
    con.execute(
        f"""
        create or replace temp table __bridge as
        with grouped as (select unique_id, component, count(*) over (partition by component) as size from __group),
        crossing as (
            select e.unique_id_l, e.unique_id_r, l.size as size_l, r.size as size_r,
                count(*) over (partition by least(l.component, r.component), greatest(l.component, r.component)) as n
            from __live e join grouped l on l.unique_id = e.unique_id_l join grouped r on r.unique_id = e.unique_id_r
            where l.component <> r.component
        )
        select unique_id_l, unique_id_r from crossing where n = 1 and least(size_l, size_r) >= {MIN_GROUP}
        """
    )
    _drop(con, "__bridge", "bridge", dropped)
    con.execute(
        """create or replace temp table __bridged as
        select c.unique_id from __component c where c.component in (
            select o.component from __bridge b join __component o on o.unique_id = b.unique_id_l)"""
    )
    _relabel(con, "__bridged")
    for table in ("__bridged", "__strong", "__group", "__bridge"):
        con.execute(f"drop table {table}")


def _relabel(con: duckdb.DuckDBPyConnection, nodes: str) -> None:
    """Find the components again among the records of table `nodes`, which hold whole components."""
    con.execute(
        f"""create or replace temp table __within as
        select e.* from __live e join {nodes} n on n.unique_id = e.unique_id_l"""
    )
    label_components(con, nodes, "__within", out="__relabelled")
    con.execute(
        """update __component c set component = r.component from __relabelled r
        where r.unique_id = c.unique_id and r.component <> c.component"""
    )
    for table in ("__within", "__relabelled"):
        con.execute(f"drop table {table}")


def _drop(con: duckdb.DuckDBPyConnection, edges: str, reason: str, dropped: str) -> None:
    """Move the edges of table `edges` (unique_id_l, unique_id_r) from ``__live`` to table `dropped`."""
    con.execute(f"insert into {dropped} select unique_id_l, unique_id_r, '{reason}' from {edges}")
    con.execute(
        f"delete from __live e using {edges} x where e.unique_id_l = x.unique_id_l and e.unique_id_r = x.unique_id_r"
    )


def _thin_large_components(con: duckdb.DuckDBPyConnection, bound: int, dropped: str) -> None:
    """Drop, in components over `bound` records only, scored edges below a weight that rises in steps of two bits."""
    for step in range(1, 40):
        con.execute(
            f"""create or replace temp table __large as
            select unique_id from __component qualify count(*) over (partition by component) > {bound}"""
        )
        con.execute(
            """create or replace temp table __within as
            select e.* from __live e join __large l on l.unique_id = e.unique_id_l where e.rank = 2"""
        )
        [(left,)] = con.execute("select count(*) from __within").fetchall()
        if not left:
            break
        con.execute(f"create or replace temp table __thin as select * from __within where match_weight < {2.0 * step}")
        _drop(con, "__thin", "size", dropped)
        _relabel(con, "__large")
    for table in ("__large", "__within", "__thin"):
        con.execute(f"drop table if exists {table}")


def _cut_endless_components(con: duckdb.DuckDBPyConnection, features: str, rules: Rules, dropped: str) -> None:
    """Hold components over MOST_PAIRED records to the cap on records first: they are too large to compare in pairs."""
    con.execute(
        f"""create or replace temp table __broken as
        select component from __component group by component having count(*) > {MOST_PAIRED}"""
    )
    [(count,)] = con.execute("select count(*) from __broken").fetchall()
    if not count:
        return
    con.execute("create or replace temp table __member as select * from __component")
    repair(con, features, replace(rules, conflicts=replace(rules.conflicts, namesakes=False)), dropped)
    con.execute("update __component c set component = r.cluster_id from __repaired r where r.unique_id = c.unique_id")
