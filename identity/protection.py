"""Protection against wrong merges: what one profile may hold, and the repair of components that hold more.

A component breaks a rule if it holds records that cannot be one person (`conflicts`), that a person judged to be
different, two values of a kind of which a person has one, too many values or records, or two groups that share nothing
of their own. Finding such components is set-based; only their edges pass through Python (`repair`).

Works on the temporary tables of `clustering.cluster`: ``__live`` (edges), ``__member`` (component, unique_id and what
is compared at once) of the components of two or more records, ``__conflict``, ``__broken`` (component).
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from itertools import groupby
from operator import itemgetter

import duckdb
import pyarrow as pa

from identity.components import label_components
from identity.conflicts import own_contact_sql
from identity.repair import Component, Edge, Group
from identity.rules import Rules
from identity.sql_text import literals

# rows fetched at once, which bounds the Python objects alive
_BATCH = 50_000


def over_limit(con: duckdb.DuckDBPyConnection, features: str, identifiers: str, rules: Rules) -> None:
    """Fill ``__limited`` (component, unique_id, reason, scope, value, most) with what records hold of the kinds with a
    limit, and add the components over a limit to ``__broken``."""
    for kind, rule in sorted(rules.identifiers.items()):
        limits = [("unique", "i.namespace", "i.value", 1)] if rule.unique_per_profile else []
        limits += [("cap", "''", "i.namespace || chr(31) || i.value", rule.max_values)] if rule.max_values else []
        for name, scope, value, most in limits:
            if kind in ("email", "phone") and not _any_holds_more(con, kind, most):
                continue
            con.execute(
                f"""insert into __limited
                with held as (
                    select m.component, m.unique_id, coalesce({scope}, '') as scope, {value} as value
                    from {identifiers} i join {features} f using (record_id) join __member m using (unique_id)
                    where i.kind in ({literals([kind])}) and i.is_trusted and i.value is not null
                )
                select component, unique_id, {literals([f"{name}:{kind}"])}, scope, value, {most} from held
                where (component, scope) in (
                    select (component, scope) from held group by component, scope having count(*) > {most})"""
            )
    con.execute(
        f"""insert into __broken
        select component from __limited group by component, reason, scope having count(distinct value) > any_value(most)
        union
        select component from __member group by component having count(*) > {rules.max_records}"""
    )


def _any_holds_more(con: duckdb.DuckDBPyConnection, kind: str, most: int) -> bool:
    """Whether any component may hold more than `most` e-mails or phones, as the features count them."""
    return bool(
        con.execute(f"select 1 from __member group by component having sum(n_{kind}s) > {most} limit 1").fetchall()
    )


def namesakes(con: duckdb.DuckDBPyConnection, features: str) -> None:
    """Add to ``__broken`` the components that may hold two groups as `repair.are_namesakes` tells them apart.

    The groups are what identifiers and own contacts hold together. Dates are compared for equality here: `repair`
    decides, and leaves together what only differs by a slip.
    """
    con.execute(
        f"""
        create or replace temp table __several as
        with several as (
            select component from __member group by component
            having (coalesce(min(own_email) <> max(own_email), false)::integer
                + coalesce(min(own_phone) <> max(own_phone), false)::integer
                + coalesce(min(dob) <> max(dob), false)::integer) >= 2
        )
        select m.component, m.unique_id, f.own_emails, f.own_phones, f.emails, f.phones, f.dob
        from several join __member m using (component) join {features} f using (unique_id)
        where f.own_emails is not null or f.own_phones is not null or f.dob is not null
        """
    )
    con.execute(
        """
        create or replace temp table __held as
        select e.unique_id_l, e.unique_id_r
        from __live e join __several l on l.unique_id = e.unique_id_l join __several r on r.unique_id = e.unique_id_r
        where e.rank < 2 or list_has_any(l.own_emails, r.own_emails) or list_has_any(l.own_phones, r.own_phones)
        """
    )
    label_components(con, "__several", "__held", out="__atom")
    con.execute(
        """
        insert into __broken
        with atom as (
            select any_value(s.component) as component, a.component as atom, count(*) as size,
                flatten(list(s.emails)) as emails, flatten(list(s.phones)) as phones,
                list(s.dob) filter (s.dob is not null) as dobs,
                count(s.own_emails) > 0 as has_email, count(s.own_phones) > 0 as has_phone
            from __atom a join __several s using (unique_id)
            group by a.component
        ),
        pair as (
            select l.component, least(l.size, r.size) as size,
                (l.has_email and r.has_email)::integer + (l.has_phone and r.has_phone)::integer
                + (l.dobs is not null and r.dobs is not null)::integer as differences
            from atom l join atom r on l.component = r.component and l.atom < r.atom
            where not coalesce(list_has_any(l.emails, r.emails), false)
                and not coalesce(list_has_any(l.phones, r.phones), false)
                and not coalesce(list_has_any(l.dobs, r.dobs), false)
        )
        select distinct component from pair where differences >= case when size > 1 then 2 else 3 end
        """
    )
    for table in ("__several", "__held", "__atom"):
        con.execute(f"drop table {table}")


def repair(
    con: duckdb.DuckDBPyConnection, features: str, rules: Rules, dropped: str, weighed: Set[str] = frozenset()
) -> None:
    """Repair the components of ``__broken``: table ``__repaired`` (unique_id, cluster_id) for their records; edges left
    out move from ``__live`` to table `dropped` with their reason. `weighed`: kinds that the scores compare."""
    con.execute("create or replace temp table __repaired (unique_id bigint, cluster_id bigint)")
    left_out: list[tuple[int, int, str]] = []
    clusters: list[tuple[int, int]] = []
    facts = _Facts(con, features, frozenset(f"unique:{kind}" for kind in weighed))
    typed = frozenset(f"unique:{kind}" for kind, rule in rules.identifiers.items() if rule.typed)
    for component, rows in groupby(_broken_edges(con, features), itemgetter(0)):
        edges = [Edge(rank, -weight, left, right) for _, rank, weight, left, right in rows]
        group, out = Component(
            edges, facts.conflicts.get(component, {}), facts.judged_apart.get(component, {}), facts.records,
            facts.limits, rules.max_records, typed, facts.weighed.get(component, {}), rules.conflicts.namesakes,
        ).resolve()  # fmt: skip
        left_out += [(edge.left, edge.right, reason) for edge, reason in out.items()]
        names: dict[int, int] = {}
        for node, of in group.items():
            if id(of) not in names:
                names[id(of)] = min(of.members)
            clusters.append((node, names[id(of)]))
    if clusters:
        nodes, ids = zip(*clusters, strict=True)
        _insert(con, "__repaired", {"unique_id": pa.array(nodes, pa.int64()), "cluster_id": pa.array(ids, pa.int64())})
    if left_out:
        left, right, reasons = zip(*left_out, strict=True)
        columns = {"unique_id_l": pa.array(left, pa.int64()), "unique_id_r": pa.array(right, pa.int64())}
        _insert(con, dropped, columns | {"reason": pa.array(reasons, pa.string())})
        con.execute(
            f"""delete from __live e using {dropped} x
            where e.unique_id_l = x.unique_id_l and e.unique_id_r = x.unique_id_r"""
        )


def _insert(con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, pa.Array]) -> None:
    con.register("__incoming", pa.table(columns))
    con.execute(f"insert into {table} select * from __incoming")
    con.unregister("__incoming")


def _broken_edges(con: duckdb.DuckDBPyConnection, features: str) -> Iterator[tuple[int, int, float, int, int]]:
    """(component, rank, match_weight, left, right) of the broken components, each strongest edge first.

    Rank 3 is a score without a contact of one's own in common: two well-held groups are built before a likeness of name
    and address can join records across them.
    """
    cursor = con.execute(
        f"""select m.component, e.rank + (e.rank = 2 and not {own_contact_sql()})::integer as strength, e.match_weight,
            e.unique_id_l, e.unique_id_r
        from __live e join __member m on m.unique_id = e.unique_id_l
        join {features} l on l.unique_id = e.unique_id_l join {features} r on r.unique_id = e.unique_id_r
        where m.component in (select component from __broken)
        order by m.component, strength, e.match_weight desc, e.unique_id_l, e.unique_id_r"""
    )
    while rows := cursor.fetchmany(_BATCH):
        yield from rows


class _Facts:
    """What `repair` needs to know of the records in broken components."""

    def __init__(self, con: duckdb.DuckDBPyConnection, features: str, weighed: Set[str]) -> None:
        self.conflicts: dict[int, dict[int, set[int]]] = {}
        self.judged_apart: dict[int, dict[int, set[int]]] = {}
        self.records: dict[int, Group] = {}
        self.limits: dict[str, int] = {}
        self.weighed: dict[int, dict[tuple[str, str], set[tuple[str, str]]]] = {}
        for component, left, right, reason in con.execute("select * from __conflict").fetchall():
            pairs = (self.conflicts if reason == "conflict" else self.judged_apart).setdefault(component, {})
            pairs.setdefault(left, set()).add(right)
            pairs.setdefault(right, set()).add(left)
        broken = "component in (select component from __broken)"
        for node, reason, scope, value, most in con.execute(
            f"select unique_id, reason, scope, value, most from __limited where {broken}"
        ).fetchall():
            self.limits[reason] = most
            self.records.setdefault(node, Group()).limited.setdefault((reason, scope), set()).add(value)
        # an identifier edge may also have a score; below 0 bits that score spoke against it
        for component, reason, scope, left, right in con.execute(
            f"""select distinct l.component, l.reason, l.scope, l.value, r.value
            from __live e join __limited l on l.unique_id = e.unique_id_l join __limited r
                on r.unique_id = e.unique_id_r and r.reason = l.reason and r.scope = l.scope and r.value <> l.value
            where (e.rank <> 1 or e.match_weight > 0) and l.reason in ({literals(weighed)})"""
            if weighed
            else "select 0, '', '', '', '' where false"
        ).fetchall():
            self.weighed.setdefault(component, {}).setdefault((reason, scope), set()).add((left, right))
        for node, own_emails, own_phones, emails, phones, dob in con.execute(
            f"""select unique_id, f.own_emails, f.own_phones, f.emails, f.phones, f.dob
            from __member join {features} f using (unique_id)
            where {broken} and (f.emails is not null or f.phones is not null or f.dob is not null)"""
        ).fetchall():
            group = self.records.setdefault(node, Group())
            group.own = (set(own_emails or ()), set(own_phones or ()))
            group.contacts = (set(emails or ()), set(phones or ()))
            group.birth_dates = {dob} if dob else set()
