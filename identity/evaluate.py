"""How right a partition is against a truth: pairwise and B-cubed precision, recall and F1."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from identity.errors import IdentityInputError


@dataclass(frozen=True)
class Evaluation:
    """Measures over the records that both files hold; `missing` counts truth records without a cluster."""

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

    def as_dict(self) -> dict[str, float | int]:
        """Field names and values, for JSON."""
        return asdict(self)


def evaluate(con: duckdb.DuckDBPyConnection, clusters: str, truth: str) -> Evaluation:
    """Compare table `clusters` (key, cluster) with table `truth` (key, entity).

    Pairwise: over pairs of records put together. B-cubed (Bagga and Baldwin 1998): averaged over records. A record
    without a cluster counts as one of its own, so that leaving records out cannot raise recall.
    """
    con.execute(
        f"""create or replace temp table __judged as
        select t.key, t.entity, coalesce(c.cluster::varchar, 'missing:' || t.key) as cluster, c.key is null as missing
        from {truth} t left join {clusters} c on c.key = t.key"""
    )
    con.execute(
        "create or replace temp table __cell as select cluster, entity, count(*) as n from __judged group by all"
    )
    [row] = con.execute(
        """
        with c as (select cluster, sum(n) as n from __cell group by all),
        e as (select entity, sum(n) as n from __cell group by all)
        select
            (select count(*) from __judged), (select count(*) from __judged where missing),
            (select count(*) from c), (select count(*) from e),
            (select coalesce(sum(n * (n - 1) / 2), 0) from __cell),
            (select coalesce(sum(n * (n - 1) / 2), 0) from c), (select coalesce(sum(n * (n - 1) / 2), 0) from e),
            (select coalesce(sum(cell.n * cell.n / c.n), 0) from __cell cell join c using (cluster)),
            (select coalesce(sum(cell.n * cell.n / e.n), 0) from __cell cell join e using (entity))
        """
    ).fetchall()
    records, missing, n_clusters, n_entities, both, together, same, b_precision, b_recall = row
    precision = both / together if together else 1.0
    recall = both / same if same else 1.0
    bp, br = (b_precision / records, b_recall / records) if records else (1.0, 1.0)
    return Evaluation(
        int(records), int(missing), int(n_clusters), int(n_entities),
        float(precision), float(recall), _f1(precision, recall), float(bp), float(br), _f1(bp, br),
    )  # fmt: skip


def _f1(precision: float, recall: float) -> float:
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def evaluate_files(clusters: Path, truth: Path) -> Evaluation:
    """Compare an output of ``cdp resolve`` (or ``profile_members``) with a truth file.

    `clusters`: record_id, profile_id [, source]; `truth`: [source,] record_id, entity_id. Where both files have
    ``source``, the key is (source, record_id). Raises `IdentityInputError` naming the file and the missing column.
    """
    with duckdb.connect() as con:
        left, left_columns = _read(con, clusters, ("record_id", "profile_id"))
        right, right_columns = _read(con, truth, ("record_id", "entity_id"))
        with_source = "source" in left_columns and "source" in right_columns
        key = "coalesce(source::varchar, '') || '|' || record_id::varchar" if with_source else "record_id::varchar"
        con.execute(f"create table c as select {key} as key, profile_id as cluster from {left}")
        con.execute(f"create table t as select {key} as key, entity_id as entity from {right}")
        for table, path in (("c", clusters), ("t", truth)):
            [(twice,)] = con.execute(f"select count(*) - count(distinct key) from {table}").fetchall()
            if twice:
                raise IdentityInputError(f"{path}: {twice} record ids occur more than once")
        return evaluate(con, "c", "t")


def _read(con: duckdb.DuckDBPyConnection, path: Path, columns: tuple[str, ...]) -> tuple[str, list[str]]:
    if not path.exists():
        raise IdentityInputError(f"{path}: no such file")
    literal = str(path).replace("'", "''")
    reader = f"read_csv('{literal}', all_varchar=true)" if path.suffix == ".csv" else f"read_parquet('{literal}')"
    try:
        have = [row[0] for row in con.execute(f"describe select * from {reader}").fetchall()]
    except duckdb.Error as error:
        raise IdentityInputError(f"{path}: cannot be read as {path.suffix or 'Parquet'}") from error
    for column in columns:
        if column not in have:
            raise IdentityInputError(f"{path}: column {column} is missing; it has {', '.join(have)}")
    return reader, have
