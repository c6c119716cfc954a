"""How right a partition is against a truth: measures with intervals, by source pair, by threshold, by kind of fault.

Pairwise: over pairs of records put together. B-cubed (Bagga and Baldwin 1998): averaged over records. Cluster: share
of clusters equal to an entity and of entities equal to a cluster (Huang, Ertekin and Giles 2006). Closest cluster:
mean over clusters of the greatest Jaccard coefficient with an entity, and the reverse (Benjelloun et al. 2009).
Variation of information: H(entity | cluster) + H(cluster | entity) in bits (Meilă 2007). See Menestrina, Whang and
Garcia-Molina (2010) on how far these can disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from identity.components import label_components
from identity.errors import IdentityInputError
from identity.evaluate_intervals import COLUMNS, intervals, measures
from identity.reading import read_file
from identity.sql_text import file_literal

if TYPE_CHECKING:
    from identity.evaluate_evidence import Evidence


@dataclass(frozen=True)
class Evaluation:
    """Measures over the records of the truth; `missing` counts those without a cluster, each a cluster of its own.

    `merged_clusters` hold records of several entities, `split_entities` lie in several clusters; `intervals` maps a
    measure to its 95% interval. The lists are empty unless asked for.
    """

    records: int
    missing: int
    clusters: int
    entities: int
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    cluster_precision: float = 1.0
    cluster_recall: float = 1.0
    cluster_f1: float = 1.0
    closest_cluster_precision: float = 1.0
    closest_cluster_recall: float = 1.0
    closest_cluster_f1: float = 1.0
    variation_of_information: float = 0.0
    merged_clusters: int = 0
    split_entities: int = 0
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    by_source: tuple[dict[str, Any], ...] = ()
    thresholds: tuple[dict[str, Any], ...] = ()
    faults: tuple[dict[str, Any], ...] = ()
    examples: tuple[dict[str, Any], ...] = ()

    @staticmethod
    def measure_names() -> tuple[str, ...]:
        """Names of the fields that lie between 0 and 1 and have an interval."""
        families = ("pairwise", "bcubed", "cluster", "closest_cluster")
        return tuple(f"{family}_{part}" for family in families for part in ("precision", "recall", "f1"))

    def as_dict(self) -> dict[str, Any]:
        """Field names and values, for JSON; lists that were not asked for are left out."""
        content = asdict(self)
        return {name: value for name, value in content.items() if not (isinstance(value, tuple) and not value)}


def evaluate(con: duckdb.DuckDBPyConnection, clusters: str, truth: str, *, seed: int = 1) -> Evaluation:
    """Compare table `clusters` (key, cluster) with table `truth` (key, entity).

    A record without a cluster counts as one of its own, so that leaving records out cannot raise recall. Leaves temp
    tables ``__judged`` (key, entity, cluster, missing) and ``__cell`` (cluster, entity, n, c, e, grp) on `con`.
    """
    con.execute(
        f"""create or replace temp table __judged as
        select t.key, t.entity::varchar as entity, coalesce(c.cluster::varchar, 'missing:' || t.key) as cluster,
            c.key is null as missing
        from {truth} t left join {clusters} c on c.key = t.key"""
    )
    _group_cells(con)
    [(records, missing)] = con.execute("select count(*), count(*) filter (missing) from __judged").fetchall()
    shapes, counts = _shapes(con)
    totals = (counts[:, None] * shapes).sum(axis=0)
    sums = {name: np.asarray([total]) for name, total in zip(COLUMNS, totals, strict=True)}
    found = {name: float(value[0]) for name, value in measures(sums).items()}
    [(merged, split)] = con.execute(
        """select (select count(*) from (select cluster from __cell group by all having count(*) > 1)),
            (select count(*) from (select entity from __cell group by all having count(*) > 1))"""
    ).fetchall()
    values: dict[str, Any] = dict(found)
    return Evaluation(
        records=int(records), missing=int(missing), clusters=int(sums["clusters"][0]),
        entities=int(sums["entities"][0]), merged_clusters=int(merged), split_entities=int(split),
        intervals=intervals(COLUMNS, shapes, counts, seed=seed), **values,
    )  # fmt: skip


def _group_cells(con: duckdb.DuckDBPyConnection) -> None:
    """Temp table ``__cell``: records per cluster and entity, both sizes, and the connected group of the two."""
    con.execute(
        """create or replace temp table __cell as
        select cluster, entity, count(*) as n, sum(count(*)) over (partition by cluster) as c,
            sum(count(*)) over (partition by entity) as e, 0::bigint as grp
        from __judged group by cluster, entity"""
    )
    # A cluster equal to its entity is a group by itself; only the others need to be followed.
    con.execute(
        """create or replace temp table __mixed as
        select cluster, entity, 2 * dense_rank() over (order by cluster) as unique_id_l,
            2 * dense_rank() over (order by entity) + 1 as unique_id_r
        from __cell where n < c or n < e"""
    )
    con.execute("create or replace temp table __node as select unique_id_l as unique_id from __mixed union select "
                "unique_id_r from __mixed")  # fmt: skip
    label_components(con, "__node", "__mixed", out="__mixed_group")
    con.execute(
        """create or replace temp table __cell as
        select cell.* replace (coalesce(-g.component, row_number() over ()) as grp)
        from __cell cell left join __mixed m using (cluster, entity)
        left join __mixed_group g on g.unique_id = m.unique_id_l"""
    )
    for table in ("__mixed", "__node", "__mixed_group"):
        con.execute(f"drop table {table}")


def _shapes(con: duckdb.DuckDBPyConnection) -> tuple[Any, Any]:
    """Distinct groups: an array (shapes × COLUMNS) of sums and an array (shapes,) of how many groups have each."""
    rows = con.execute(
        """
        with jaccard as (
            select *, n / (c + e - n) as j,
                row_number() over (partition by cluster order by n / (c + e - n) desc) as nth_of_cluster,
                row_number() over (partition by entity order by n / (c + e - n) desc) as nth_of_entity
            from __cell
        ),
        summed as (
            select grp, sum(n * (n - 1) / 2) as agreed,
                coalesce(sum(c * (c - 1) / 2) filter (nth_of_cluster = 1), 0) as together,
                coalesce(sum(e * (e - 1) / 2) filter (nth_of_entity = 1), 0) as same,
                sum(n * n / c) as b_precision, sum(n * n / e) as b_recall, sum(n) as records,
                count(*) filter (nth_of_cluster = 1) as clusters, count(*) filter (nth_of_entity = 1) as entities,
                count(*) filter (n = c and n = e) as exact,
                coalesce(sum(j) filter (nth_of_cluster = 1), 0) as closest_clusters,
                coalesce(sum(j) filter (nth_of_entity = 1), 0) as closest_entities,
                -- rounded, so that sums of the same terms in another order are one shape
                sum(n * (log2(c / n) + log2(e / n))) as information
            from jaccard group by grp
        )
        select round(agreed, 9)::double as agreed, together::double as together, same::double as same,
            round(b_precision, 9)::double as b_precision, round(b_recall, 9)::double as b_recall,
            records::double as records, clusters::double as clusters, entities::double as entities,
            exact::double as exact, round(closest_clusters, 9)::double as closest_clusters,
            round(closest_entities, 9)::double as closest_entities, round(information, 9)::double as information,
            count(*) as groups
        from summed group by all order by all"""
    ).fetchnumpy()
    shapes = np.stack([np.asarray(rows[name], dtype=np.float64) for name in COLUMNS], axis=1)
    return shapes, np.asarray(rows["groups"], dtype=np.int64)


def evaluate_by_source(con: duckdb.DuckDBPyConnection, *, seed: int = 1) -> tuple[dict[str, Any], ...]:
    """Pairwise measures for every pair of sources that share an entity or a cluster, after `evaluate`.

    Needs a column ``source`` in ``__judged``. Each row: source_l <= source_r, pairs right, put together and truly
    same, pairwise measures and their intervals.
    """
    con.execute(
        """create or replace temp table __source_cell as
        select j.cluster, j.entity, coalesce(j.source, '') as source, cell.grp, count(*) as n
        from __judged j join __cell cell on cell.cluster = j.cluster and cell.entity = j.entity
        group by all"""
    )
    parts = {"agreed": "cluster, entity", "together": "cluster", "same": "entity"}
    counted = " union all by name ".join(_source_pairs(name, by) for name, by in parts.items())
    rows = con.execute(
        f"""
        with by_group as (
            select grp, source_l, source_r, coalesce(sum(agreed), 0) as agreed,
                coalesce(sum(together), 0) as together, coalesce(sum(same), 0) as same
            from ({counted}) group by all
        )
        select source_l, source_r, agreed::double, together::double, same::double, count(*)
        from by_group group by all order by all"""
    ).fetchall()
    by_pair: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for left, right, *numbers in rows:
        by_pair.setdefault((left, right), []).append(tuple(numbers))
    columns = ("agreed", "together", "same")
    found = []
    for (left, right), shapes in by_pair.items():
        table = np.asarray(shapes, dtype=np.float64)
        counts = table[:, 3].astype(np.int64)
        totals = (counts[:, None] * table[:, :3]).sum(axis=0)
        if not totals.any():
            continue
        values = measures({name: np.asarray([t]) for name, t in zip(columns, totals, strict=True)})
        row: dict[str, Any] = {"source_l": left, "source_r": right}
        row |= {"pairs_right": int(totals[0]), "pairs_together": int(totals[1]), "pairs_same": int(totals[2])}
        row |= {name: float(value[0]) for name, value in values.items()}
        found.append(row | {"intervals": intervals(columns, table[:, :3], counts, seed=seed)})
    return tuple(found)


def _source_pairs(name: str, by: str) -> str:
    """Query (grp, source_l, source_r, `name`): pairs of records in one part of the partition by columns `by`."""
    return f"""select l.grp, l.source as source_l, r.source as source_r,
            case when l.source = r.source then l.n * (l.n - 1) / 2 else l.n * r.n end as "{name}"
        from (select {by}, source, min(grp) as grp, sum(n) as n from __source_cell group by {by}, source) l
        join (select {by}, source, sum(n) as n from __source_cell group by {by}, source) r using ({by})
        where l.source <= r.source"""


def evaluate_files(
    clusters: Path,
    truth: Path,
    *,
    by_source: bool = False,
    edges: Path | None = None,
    evidence: Evidence | None = None,
    faults: bool = False,
    errors: Path | None = None,
    examples: int = 0,
    seed: int = 1,
) -> Evaluation:
    """Compare an output of ``cdp resolve`` (or ``profile_members``) with a truth file.

    `clusters`: record_id, profile_id [, source]; `truth`: [source,] record_id, entity_id [, household_id]. Where both
    files have ``source``, the key is (source, record_id). `by_source` adds the measures per pair of sources; `edges`
    (as ``cdp resolve --edges`` writes them) the measures by threshold; `faults` the kinds of fault, explained as far as
    `evidence` reaches; `errors` writes each fault as CSV and `examples` returns that many of the costliest. Raises
    `IdentityInputError` naming the file and what it lacks.
    """
    with duckdb.connect() as con:
        left, left_columns = _read(con, clusters, ("record_id", "profile_id"), "__clusters_file")
        right, right_columns = _read(con, truth, ("record_id", "entity_id"), "__truth_file")
        with_source = "source" in left_columns and "source" in right_columns
        full = f"coalesce({_text('source')}, '') || '|' || {_text('record_id')}"
        key = full if with_source else _text("record_id")
        source_l = _text("source") if "source" in left_columns else "null::varchar"
        source_r = _text("source") if "source" in right_columns else "null::varchar"
        household = _text("household_id") if "household_id" in right_columns else "null::varchar"
        full_l = full if "source" in left_columns else _text("record_id")
        con.execute(
            f"create table c as select {key} as key, profile_id as cluster, {source_l} as source, "
            f"{full_l} as full_id from {left}"
        )
        con.execute(
            f"create table t as select {key} as key, {_text('entity_id')} as entity, {source_r} as source, "
            f"{household} as household from {right}"
        )
        [(unlabelled,)] = con.execute("select count(*) from t where entity is null").fetchall()
        if unlabelled:
            # together they would count as one entity
            raise IdentityInputError(f"{truth}: {unlabelled} rows have no entity_id; leave out what is not known")
        for table, path in (("c", clusters), ("t", truth)):
            [(empty, twice)] = con.execute(
                f"select count(*) - count(key), count(key) - count(distinct key) from {table}"
            ).fetchall()
            if empty:
                raise IdentityInputError(f"{path}: {empty} rows have no record_id")
            if twice:
                several = "source" in left_columns and not with_source
                hint = f"; {truth} needs a column source, too" if several else ""
                raise IdentityInputError(f"{path}: {twice} record ids occur more than once{hint}")
        result = evaluate(con, "c", "t", seed=seed)
        con.execute(
            """create or replace temp table __judged as
            select j.*, coalesce(c.source, t.source) as source, t.household, coalesce(c.full_id, j.key) as record_id
            from __judged j join t using (key) left join c using (key)"""
        )
        if by_source:
            if not {"source"} & {*left_columns, *right_columns}:
                raise IdentityInputError(f"{clusters}: measures by source need a column source in it or in {truth}")
            result = replace(result, by_source=evaluate_by_source(con, seed=seed))
        if edges is not None:
            _read_edges(con, edges)
        elif evidence is not None:
            evidence.load_edges(con)
        if edges is not None or evidence is not None:
            from identity.evaluate_curve import by_threshold

            result = replace(result, thresholds=by_threshold(con, "__edges", result))
        if faults or errors is not None or evidence is not None:
            from identity.evaluate_faults import find_faults, worst, write_errors

            result = replace(result, faults=find_faults(con, evidence, with_edges=edges is not None))
            if examples:
                result = replace(result, examples=worst(con, examples))
            if errors is not None:
                write_errors(con, errors)
        return result


def _read_edges(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    columns = ("record_id_l", "record_id_r", "match_probability", "kind")
    reader, _ = _read(con, path, columns, "__edges_file")
    con.execute(
        f"""create or replace temp table __edges as
        select record_id_l::varchar as record_id_l, record_id_r::varchar as record_id_r,
            try_cast(match_probability as double) as match_probability, kind from {reader}"""
    )
    [(edges, known)] = con.execute(
        "select count(*), count(j.record_id) from __edges e left join __judged j on j.record_id = e.record_id_l"
    ).fetchall()
    if edges and not known:
        raise IdentityInputError(f"{path}: none of its record ids is in the clusters file")


def _text(column: str) -> str:
    """SQL for a column as text without outer blanks, as `cdp resolve` reads record ids; NULL where it is empty."""
    return f"nullif(trim({column}::varchar), '')"


def _read(con: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str], table: str) -> tuple[str, list[str]]:
    """A relation with the file's rows and its columns; text files are read into temp table `table`."""
    if not path.exists():
        raise IdentityInputError(f"{path}: no such file")
    name = path.name.removesuffix(".gz").removesuffix(".zst").lower()
    if path.is_file() and name.endswith((".csv", ".tsv", ".jsonl", ".ndjson", ".json")):
        reader, have = table, read_file(con, path, table)
    else:
        reader = f"read_parquet({file_literal(path)})"
        try:
            have = [row[0] for row in con.execute(f"describe select * from {reader}").fetchall()]
        except duckdb.Error as error:
            raise IdentityInputError(f"{path}: cannot be read as {path.suffix or 'Parquet'}") from error
    for column in columns:
        if column not in have:
            raise IdentityInputError(f"{path}: column {column} is missing; it has {', '.join(have)}")
    return reader, have
