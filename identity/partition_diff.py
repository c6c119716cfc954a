"""How two partitions of the records differ: what merges, what splits, whom it concerns. Set-based, ids and counts only.

Used to look at a new model before it is accepted, at a run before it is published, and for the bound on change that
holds an unattended run back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb

MOST_AFFECTED = 20
# Parts named per profile; the rest is told by `parts`.
PARTS_NAMED = 5


@dataclass(frozen=True)
class Affected:
    """One old profile that merges, splits or dissolves.

    `change` is ``merged``, ``split``, ``split and merged`` or ``dissolved`` (none of its records is left). `into`: (new
    profile, records of this one in it), largest first, at most PARTS_NAMED of `parts`. `moved`: records that leave it
    plus records of other old profiles that join it.
    """

    profile_id: str
    size: int
    change: str
    moved: int
    parts: int
    into: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class PartitionDiff:
    """Counts over two partitions; *common* records are those in both.

    Of the old profiles: `unchanged` keep exactly their records; `extended` keep theirs and gain new records only;
    `shrunk` lose records that left the data only; `merged` share a new profile with another old one; `split` have
    common records in two or more new profiles (one may be merged and split); `dissolved` have no common record.
    `merges`: new profiles that hold records of two or more old ones. `created`: new profiles without a common record.

    `records_moved`: common records outside the part in which their old profile lives on, a part being the records that
    one old and one new profile share, and living on where it is the largest part of both (ties: least record id).
    `companions_changed`: common records with another set of common companions. `pairs_gained`, `pairs_lost`: pairs of
    common records together in the new partition only, in the old one only.
    """

    old_profiles: int = 0
    new_profiles: int = 0
    old_records: int = 0
    new_records: int = 0
    common_records: int = 0
    unchanged: int = 0
    extended: int = 0
    shrunk: int = 0
    merged: int = 0
    split: int = 0
    dissolved: int = 0
    merges: int = 0
    created: int = 0
    records_moved: int = 0
    companions_changed: int = 0
    pairs_kept: int = 0
    pairs_gained: int = 0
    pairs_lost: int = 0
    changed: int = 0
    most_affected: tuple[Affected, ...] = field(default=())

    @property
    def share_of_profiles_changed(self) -> float:
        """Old profiles that merge, split or dissolve, as a share of all old profiles (0 where there are none)."""
        return self.changed / self.old_profiles if self.old_profiles else 0.0

    @property
    def merged_share(self) -> float:
        """Old profiles that merge with another, as a share of all old profiles."""
        return self.merged / self.old_profiles if self.old_profiles else 0.0

    @property
    def split_share(self) -> float:
        """Old profiles that split, as a share of all old profiles."""
        return self.split / self.old_profiles if self.old_profiles else 0.0

    @property
    def share_of_records_changed(self) -> float:
        """Common records with other companions, as a share of the common records."""
        return self.companions_changed / self.common_records if self.common_records else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, the shares included."""
        return asdict(self) | {
            "share_of_profiles_changed": self.share_of_profiles_changed,
            "merged_share": self.merged_share,
            "split_share": self.split_share,
            "share_of_records_changed": self.share_of_records_changed,
        }


def partition_diff(
    con: duckdb.DuckDBPyConnection,
    old_table: str,
    new_table: str,
    *,
    old_column: str = "cluster",
    new_column: str = "cluster",
    most: int = MOST_AFFECTED,
) -> PartitionDiff:
    """Compare the partitions of `old_table` and `new_table` (record_id, and the profile in `old_column`, `new_column`).

    Each record is in one profile per table. The ids of the two need not be of one kind: only who is together counts.
    `most` limits `most_affected`, ordered by `moved`, then size, then id.
    """
    # A profile whose id no changed record has on either side holds the same records in both: it is counted and left
    # out, so that the work grows with the change where ids are permanent. Ids of another kind change everywhere.
    con.execute(
        f"""create or replace temp table pd_changed as
        select record_id, o.p as p_old, n.p as p_new
        from (select record_id, {old_column}::varchar as p from {old_table}) o
        full join (select record_id, {new_column}::varchar as p from {new_table}) n using (record_id)
        where o.p is distinct from n.p"""
    )
    con.execute(
        """create or replace temp table pd_touched as
        select p_old as profile_id from pd_changed where p_old is not null
        union select p_new from pd_changed where p_new is not null"""
    )
    for side, table, column in (("o", old_table, old_column), ("n", new_table, new_column)):
        con.execute(
            f"""create or replace temp table pd_rows_{side} as
            select record_id, {column}::varchar as profile_id from {table}
            where {column}::varchar in (select profile_id from pd_touched)"""
        )
        # numbered within this comparison, so that what follows joins integers
        con.execute(
            f"""create or replace temp table pd_{side} as
            select row_number() over (order by profile_id) as k, profile_id, count(*) as size
            from pd_rows_{side} group by profile_id"""
        )
    [(same_profiles, same_records, same_pairs)] = con.execute(
        f"""select count(*), coalesce(sum(size), 0), coalesce(sum(size * (size - 1) // 2), 0) from (
            select count(*) as size from {old_table}
            where {old_column}::varchar not in (select profile_id from pd_touched) group by {old_column})"""
    ).fetchall()
    con.execute(
        """create or replace temp table pd_cell as
        select o.k as o, n.k as n, count(*) as records, min(a.record_id) as least
        from pd_rows_o a join pd_rows_n b on a.record_id = b.record_id
        join pd_o o on o.profile_id = a.profile_id join pd_n n on n.profile_id = b.profile_id
        group by o.k, n.k"""
    )
    con.execute(
        """create or replace temp table pd_part as
        select o, n, records, of_old, of_new, parts_old, parts_new, place_old = 1 and place_new = 1 as lives_on
        from (
            select *,
                sum(records) over (partition by o) as of_old, sum(records) over (partition by n) as of_new,
                count(*) over (partition by o) as parts_old, count(*) over (partition by n) as parts_new,
                row_number() over (partition by o order by records desc, least) as place_old,
                row_number() over (partition by n order by records desc, least) as place_new
            from pd_cell)"""
    )
    con.execute(
        """create or replace temp table pd_old as
        select o.k, o.profile_id, o.size, coalesce(p.common, 0) as common, coalesce(p.parts, 0) as parts,
            coalesce(p.is_merged, false) as is_merged, coalesce(p.parts > 1, false) as is_split, p.new_size,
            coalesce(p.moved, 0) as moved
        from pd_o o left join (
            select p.o, sum(p.records) as common, count(*) as parts, bool_or(p.parts_new > 1) as is_merged,
                max(n.size) as new_size,
                sum(case when p.lives_on then p.of_new - p.records else p.records end) as moved
            from pd_part p join pd_n n on n.k = p.n group by p.o
        ) p on p.o = o.k"""
    )
    [old] = con.execute(
        """select count(*), coalesce(sum(size), 0), coalesce(sum(common), 0),
            count(*) filter (common = 0),
            count(*) filter (common > 0 and is_merged), count(*) filter (common > 0 and is_split),
            count(*) filter (common = 0 or is_merged or is_split),
            count(*) filter (common = size and not is_merged and not is_split and new_size = size),
            count(*) filter (common = size and not is_merged and not is_split and new_size > size),
            count(*) filter (common > 0 and common < size and not is_merged and not is_split)
        from pd_old"""
    ).fetchall()
    [new] = con.execute(
        """select count(*), coalesce(sum(size), 0), count(*) filter (k not in (select n from pd_part)) from pd_n"""
    ).fetchall()
    [part] = con.execute(
        """select coalesce(sum(records) filter (not lives_on), 0),
            coalesce(sum(records) filter (records < of_old or records < of_new), 0),
            coalesce(sum(records * (records - 1) // 2), 0),
            (select count(*) from (select n from pd_part group by n having count(*) > 1)),
            (select coalesce(sum(c * (c - 1) // 2), 0) from (select sum(records) as c from pd_part group by o)),
            (select coalesce(sum(c * (c - 1) // 2), 0) from (select sum(records) as c from pd_part group by n))
        from pd_part"""
    ).fetchall()
    affected = _most_affected(con, most)
    for table in ("changed", "touched", "rows_o", "rows_n", "o", "n", "cell", "part", "old"):
        con.execute(f"drop table pd_{table}")
    same = int(same_profiles)
    return PartitionDiff(
        old_profiles=same + int(old[0]), new_profiles=same + int(new[0]),
        old_records=int(same_records + old[1]), new_records=int(same_records + new[1]),
        common_records=int(same_records + old[2]), unchanged=same + int(old[7]), extended=int(old[8]),
        shrunk=int(old[9]), merged=int(old[4]), split=int(old[5]), dissolved=int(old[3]), merges=int(part[3]),
        created=int(new[2]), records_moved=int(part[0]), companions_changed=int(part[1]),
        pairs_kept=int(same_pairs + part[2]), pairs_gained=int(part[5] - part[2]), pairs_lost=int(part[4] - part[2]),
        changed=int(old[6]), most_affected=affected,
    )  # fmt: skip


def _most_affected(con: duckdb.DuckDBPyConnection, most: int) -> tuple[Affected, ...]:
    rows = con.execute(
        f"""select k, profile_id, size, moved, parts,
            case when common = 0 then 'dissolved' when is_split and is_merged then 'split and merged'
                when is_split then 'split' else 'merged' end
        from pd_old where common = 0 or is_merged or is_split
        order by case when common = 0 then size else moved end desc, size desc, profile_id limit {int(most)}"""
    ).fetchall()
    parts: dict[int, list[tuple[str, int]]] = {}
    for k, profile, records in con.execute(
        f"""select p.o, n.profile_id, p.records from pd_part p join pd_n n on n.k = p.n
        where p.o in (select unnest(?))
        qualify row_number() over (partition by p.o order by p.records desc, n.profile_id) <= {PARTS_NAMED}
        order by p.o, p.records desc, n.profile_id""",
        [[int(row[0]) for row in rows]],
    ).fetchall():
        parts.setdefault(int(k), []).append((str(profile), int(records)))
    return tuple(
        Affected(str(profile), int(size), str(change), int(moved), int(n_parts), tuple(parts.get(int(k), ())))
        for k, profile, size, moved, n_parts, change in rows
    )


def diff_text(diff: PartitionDiff, *, old: str = "now", new: str = "then") -> str:
    """The difference for a terminal; `old` and `new` name the two sides."""
    lines = [
        f"profiles     {diff.old_profiles:,} {old}, {diff.new_profiles:,} {new}: {diff.unchanged:,} unchanged, "
        f"{diff.extended:,} extended, {diff.shrunk:,} shrunk, {diff.created:,} created, {diff.dissolved:,} dissolved",
        f"             {diff.merged:,} merge (into {diff.merges:,}), {diff.split:,} split: "
        f"{diff.share_of_profiles_changed:.2%} of the profiles change",
        f"records      {diff.companions_changed:,} of {diff.common_records:,} get other companions "
        f"({diff.share_of_records_changed:.2%}), {diff.records_moved:,} move",
        f"pairs        {diff.pairs_gained:,} gained, {diff.pairs_lost:,} lost, {diff.pairs_kept:,} kept",
    ]
    if diff.most_affected:
        lines.append("most affected profiles:")
    for a in diff.most_affected:
        into = ", ".join(f"{profile} ({records})" for profile, records in a.into)
        more = f" and {a.parts - len(a.into)} more" if a.parts > len(a.into) else ""
        lines.append(f"  {a.profile_id}  {a.size} records, {a.change}" + (f" into {into}{more}" if into else ""))
    return "\n".join(lines)
