"""From edges to clusters that hold one person each.

Connected components alone over-merge: one record without a given name joins a couple. So each component is searched
for pairs that cannot be one person (`conflicts`), and a component with such pairs is built up again from its
strongest edge to its weakest, leaving out every edge that would put a conflicting pair together. Left-out edges are
kept with their reason. The result depends on weights and record ids only, never on row order.
"""

from __future__ import annotations

import re

import duckdb
import pandas as pd

from identity.comparisons import BIRTH_DATE, GIVEN, Comparison
from identity.components import label_components

# A component larger than this is first thinned by raising the weight it takes, since conflicts are pairwise.
MAX_COMPONENT = 400
# One weak edge between two groups that are each well held together by themselves is more often a namesake in the family
# than the same person. Measured on the committed sample at threshold .95: three such edges were the only wrong ones.
STRONG_BITS = 10.0
MIN_GROUP = 3
# Father and son of one name are apart by a generation; two typing slips in a birth year rarely are.
GENERATION_YEARS = 12


def level_sql(comparison: Comparison, left: str = "l", right: str = "r") -> str:
    """SQL for the number of the level (0 = most agreement, NULL = not comparable) over rows `left` and `right`."""

    def of(sql: str) -> str:
        return re.sub(r"\b([a-z_0-9]+)_(l|r)\b", lambda k: f"{left if k[2] == 'l' else right}.{k[1]}", sql)

    arms = [f"when {of(comparison.null_sql)} then null"]
    arms += [f"when {of(lv.sql)} then {i}" for i, lv in enumerate(comparison.levels) if lv.sql != "else"]
    return f"case {' '.join(arms)} else {len(comparison.levels) - 1} end"


def _number(comparison: Comparison, name: str) -> int:
    return [lv.name for lv in comparison.levels].index(name)


def conflict_sql(left: str = "l", right: str = "r") -> str:
    """SQL condition: the records `left` and `right` of `features` cannot be one person, whatever links them.

    Other given names without one birth date; one name a generation apart; a person and an organisation.
    """
    given, birth = level_sql(GIVEN, left, right), level_sql(BIRTH_DATE, left, right)
    other_given = _number(GIVEN, "different")
    same_birth = _number(BIRTH_DATE, "one digit off")
    other_birth = _number(BIRTH_DATE, "two parts agree")
    return f"""(
        ({given} = {other_given}
            and not coalesce({left}.family is null and {left}.given = {right}.family, false)
            and not coalesce({right}.family is null and {right}.given = {left}.family, false)
            and not coalesce({left}.name_key = {right}.name_key, false)
            and coalesce({birth} > {same_birth}, true))
        or ({birth} >= {other_birth}
            and abs(left({left}.dob, 4)::integer - left({right}.dob, 4)::integer) >= {GENERATION_YEARS})
        or {left}.entity_type <> {right}.entity_type
    )"""


def cluster(
    con: duckdb.DuckDBPyConnection, features: str, edges: str, forbidden: str, *, out: str, dropped: str
) -> None:
    """Write tables `out` (unique_id, cluster_id: the cluster's least unique_id) and `dropped`.

    `edges`: unique_id_l, unique_id_r, rank (smaller is stronger: 0 a person's judgement, 1 an identifier, 2 a score),
    match_weight. `forbidden`: unique_id_l, unique_id_r that a person judged to be different. `dropped`: unique_id_l,
    unique_id_r, reason (``bridge``, ``size`` or ``conflict``).
    """
    con.execute(f"create or replace temp table __live as select * from {edges}")
    con.execute(f"create or replace table {dropped} (unique_id_l integer, unique_id_r integer, reason varchar)")
    _drop_lone_bridges(con, features, dropped)
    label_components(con, features, "__live", out="__component")
    _thin_large_components(con, features, dropped)
    con.execute(
        f"""
        create or replace temp table __conflict as
        with member as (
            select c.component, f.* from __component c join {features} f using (unique_id)
            where c.component in (select component from __component group by component having count(*) > 1)
        )
        select l.component, l.unique_id as unique_id_l, r.unique_id as unique_id_r
        from member l join member r on l.component = r.component and l.unique_id < r.unique_id
        where {conflict_sql()}
        union
        select l.component, least(l.unique_id, r.unique_id), greatest(l.unique_id, r.unique_id)
        from {forbidden} j
        join __component l on l.unique_id = j.unique_id_l
        join __component r on r.unique_id = j.unique_id_r and r.component = l.component
        """
    )
    # A person's judgement beats the conflict it names; so does a score that weighed the same difference and still
    # accepted the pair, which happens where the data is full of slips and knows no households.
    con.execute(
        """delete from __conflict c using __live e where e.rank in (0, 2)
        and c.unique_id_l = e.unique_id_l and c.unique_id_r = e.unique_id_r"""
    )
    _rebuild(con, dropped)
    label_components(con, features, "__live", out="__final")
    con.execute(f"create or replace table {out} as select unique_id, component as cluster_id from __final")
    for table in ("__live", "__component", "__conflict", "__final"):
        con.execute(f"drop table if exists {table}")


def _drop_lone_bridges(con: duckdb.DuckDBPyConnection, features: str, dropped: str) -> None:
    """Drop a scored edge under STRONG_BITS that is the only one between two groups of MIN_GROUP or more records, the
    groups being what stronger edges hold together."""
    con.execute(
        f"create or replace temp table __strong as select * from __live where rank < 2 or match_weight >= {STRONG_BITS}"
    )
    label_components(con, features, "__strong", out="__group")
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
    for table in ("__strong", "__group", "__bridge"):
        con.execute(f"drop table {table}")


def _drop(con: duckdb.DuckDBPyConnection, edges: str, reason: str, dropped: str) -> None:
    """Move the edges of table `edges` (unique_id_l, unique_id_r) from ``__live`` to table `dropped`."""
    con.execute(f"insert into {dropped} select unique_id_l, unique_id_r, '{reason}' from {edges}")
    con.execute(
        f"delete from __live e using {edges} x where e.unique_id_l = x.unique_id_l and e.unique_id_r = x.unique_id_r"
    )


def _thin_large_components(con: duckdb.DuckDBPyConnection, features: str, dropped: str) -> None:
    """Drop, in components over MAX_COMPONENT only, scored edges below a weight that rises in steps of two bits."""
    for step in range(1, 40):
        large = con.execute(
            f"select component from __component group by component having count(*) > {MAX_COMPONENT}"
        ).fetchall()
        if not large:
            return
        con.execute(
            f"""create or replace temp table __thin as
            select e.unique_id_l, e.unique_id_r
                from __live e join __component c on c.unique_id = e.unique_id_l
            join (select component from __component group by component having count(*) > {MAX_COMPONENT})
                using (component)
            where e.rank = 2 and e.match_weight < {2.0 * step}"""
        )
        _drop(con, "__thin", "size", dropped)
        label_components(con, features, "__live", out="__component")


def _rebuild(con: duckdb.DuckDBPyConnection, dropped: str) -> None:
    """Build components with conflicts again, strongest edge first; only their edges pass through Python."""
    conflicts: dict[int, set[int]] = {}
    for left, right in con.execute("select unique_id_l, unique_id_r from __conflict").fetchall():
        conflicts.setdefault(left, set()).add(right)
        conflicts.setdefault(right, set()).add(left)
    edges = con.execute(
        """select e.unique_id_l, e.unique_id_r from __live e join __component c on c.unique_id = e.unique_id_l
        where c.component in (select component from __conflict)
        order by e.rank, e.match_weight desc, e.unique_id_l, e.unique_id_r"""
    ).fetchall()
    root: dict[int, int] = {}
    members: dict[int, set[int]] = {}

    def find(node: int) -> int:
        while root.setdefault(node, node) != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    left_out = []
    for left, right in edges:
        a, b = find(left), find(right)
        if a == b:
            continue
        group_a, group_b = members.setdefault(a, {a}), members.setdefault(b, {b})
        small, large = (group_a, group_b) if len(group_a) <= len(group_b) else (group_b, group_a)
        if any(not large.isdisjoint(conflicts.get(node, ())) for node in small):
            left_out.append((left, right))
            continue
        keep, gone = (a, b) if group_a is large else (b, a)
        root[gone] = keep
        members[keep] |= members.pop(gone)
    if not left_out:
        return
    # An edge left out early stays out even where a later edge joined its ends another way; then it does no harm.
    apart = [(left, right) for left, right in left_out if find(left) != find(right)]
    con.execute("create or replace temp table __out (unique_id_l integer, unique_id_r integer)")
    if apart:
        frame = pd.DataFrame(apart, columns=["unique_id_l", "unique_id_r"])
        con.register("__out_frame", frame)
        con.execute("insert into __out select * from __out_frame")
        con.unregister("__out_frame")
    _drop(con, "__out", "conflict", dropped)
    con.execute("drop table __out")
