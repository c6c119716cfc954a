"""What training saw, as counts: completeness and skew of the fields, outcomes of the pairs, the calibration curve.

Everything is counted in the engine from the tables that linking leaves behind, and nothing here is a value of a
person: fields, levels, kinds and numbers only. The report lies beside the model (inside ``card.json``); the model card
shows it and drift is measured against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

from identity.blocking import bound_sql, key_rules
from identity.comparison import Comparison
from identity.comparisons import term_frequency_columns
from identity.rules import Rules
from identity.threshold import THRESHOLD_RANGE, TOLERATED_WRONG

if TYPE_CHECKING:
    from identity.model import Model

# Aspect (as in `Comparison.needs`) → the columns of `features` of which any one fills it.
FIELD_COLUMNS: dict[str, tuple[str, ...]] = {
    "given": ("given",),
    "family": ("family",),
    "birthday": ("dob", "birthday", "birth_year"),
    "email": ("email",),
    "phone": ("phone",),
    "address": ("street", "postcode", "locality"),
    "gender": ("gender",),
    "middle": ("middle",),
    "suffix": ("suffix",),
    "organisation": ("organisation",),
}
# Where shares are estimated, they are taken on about this many records or pairs: a share of one half is then known to
# 0.2 percentage points (standard error).
SAMPLE = 100_000
MOST_KEYS = 2_000_000
CURVE_FROM, CURVE_STEP = 0.5, 0.01


@dataclass(frozen=True)
class FieldStatistics:
    """One field over `records` sampled records: how many fill it, with how many values, how often the most frequent
    one, and the chance that two filled records agree on it (sum of squared shares)."""

    name: str
    records: int
    filled: int
    distinct: int
    most_frequent: int
    agreement: float


@dataclass(frozen=True)
class DataStatistics:
    """Counts that are comparable between training and any later run, with the same model.

    `matched_pairs` reach the threshold; `matched_records` of `matched_of` records are in one of them. `outcomes` and
    `candidates`: comparison → pairs per level (most agreement first), the last entry being pairs that cannot be
    compared; `outcomes` over the pairs from the threshold up, `candidates` over every scored pair. `covered`:
    term-frequency column → (records whose value is in the frozen table, records that fill it). At training all but
    `covered` is counted on everything, later on samples of SAMPLE records and pairs.
    """

    records: int
    matched_pairs: int
    matched_records: int
    matched_of: int
    threshold: float
    filled: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, list[int]] = field(default_factory=dict)
    candidates: dict[str, list[int]] = field(default_factory=dict)
    covered: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class BlockingRule:
    """One blocking rule: how many blocks of two or more records, how many of those over the bound `max_block` and so
    left out with how many records, and the pairs that the others give (a pair may come from several rules). Estimated
    from one in `one_in` blocks."""

    name: str
    max_block: int
    blocks: int
    too_large: int
    left_out_records: int
    pairs: int
    one_in: int = 1


@dataclass(frozen=True)
class TrainingReport:
    """What training saw; every part may be missing, for a model of an earlier version or a data set without pairs.

    `calibration`: (threshold, pairs from it up, pairs the model expects to be wrong among them), descending.
    `over_shared`: identifier kind → values that lost trust. `kept_values`: term-frequency column → values kept.
    `tolerated_wrong` and `threshold_range`: what the threshold was calibrated to, and within which bounds.
    """

    seed: int | None = None
    statistics: DataStatistics | None = None
    fields: tuple[FieldStatistics, ...] = ()
    calibration: tuple[tuple[float, int, float], ...] = ()
    blocking: tuple[BlockingRule, ...] = ()
    candidate_pairs: int | None = None
    over_shared: dict[str, int] = field(default_factory=dict)
    kept_values: dict[str, int] = field(default_factory=dict)
    tolerated_wrong: float = TOLERATED_WRONG
    threshold_range: tuple[float, float] = THRESHOLD_RANGE

    def as_dict(self) -> dict[str, Any]:
        """Plain lists and dictionaries, as `report_from` reads them."""
        return asdict(self)


def report_from(content: Mapping[str, Any]) -> TrainingReport:
    """The report that `TrainingReport.as_dict` wrote. Raises TypeError or KeyError on anything else."""
    known = dict(content)
    statistics = known.pop("statistics", None)
    low, high = known.pop("threshold_range", THRESHOLD_RANGE)
    return TrainingReport(
        threshold_range=(float(low), float(high)),
        statistics=DataStatistics(**statistics) if statistics else None,
        fields=tuple(FieldStatistics(**f) for f in known.pop("fields", ())),
        calibration=tuple((float(t), int(n), float(w)) for t, n, w in known.pop("calibration", ())),
        blocking=tuple(BlockingRule(**b) for b in known.pop("blocking", ())),
        **known,
    )


def training_report(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    *,
    seed: int | None = None,
    features: str = "features",
    scored: str = "scored",
    frequencies: str = "frozen_frequencies",
    identifiers: str | None = "normal_identifiers",
    block_keys: str | None = None,
    rules: Rules | None = None,
    tolerated_wrong: float = TOLERATED_WRONG,
) -> TrainingReport:
    """Count what the training of `model` saw, from the tables that linking left on `con`.

    `block_keys` adds the blocking, with the `rules` that made them. `tolerated_wrong`: what the threshold was
    calibrated to.
    """
    chosen = model.chosen()
    statistics = data_statistics(
        con,
        chosen,
        model.threshold,
        features=features,
        scored=scored,
        frequencies=frequencies,
        exact=True,
        candidates=True,
    )
    [(pairs,)] = con.execute(f"select count(*) from {scored}").fetchall()
    return TrainingReport(
        seed=seed,
        statistics=statistics,
        fields=field_statistics(con, features, chosen),
        calibration=calibration_curve(con, scored),
        blocking=blocking_statistics(con, block_keys, rules or Rules(), model.max_block, model.block_bounds)
        if block_keys
        else (),
        candidate_pairs=int(pairs),
        over_shared=over_shared_values(con, identifiers) if identifiers else {},
        kept_values=_kept_values(con, frequencies),
        tolerated_wrong=tolerated_wrong,
    )


def data_statistics(
    con: duckdb.DuckDBPyConnection,
    comparisons: Sequence[Comparison],
    threshold: float,
    *,
    features: str = "features",
    scored: str = "scored",
    frequencies: str | None = "frozen_frequencies",
    exact: bool = False,
    candidates: bool = False,
) -> DataStatistics:
    """Count the current records and scored pairs.

    `features` and `frequencies` as `features.py` writes them. `scored`: unique_id_l, unique_id_r, match_probability and
    the ``gamma_<comparison>`` columns; comparisons without such a column are left out. `exact` counts all records and
    pairs instead of samples. `candidates` also counts the outcomes of every row of `scored`, which compares between two
    runs only where both keep all candidate pairs there.
    """
    fields = _present_fields(con, features, comparisons)
    counts = "".join(f", count({sql})" for sql in fields.values())
    [row] = con.execute(f"select count(*){counts} from {features}").fetchall()
    [(pairs,)] = con.execute(f"select count(*) from {scored} where match_probability >= {threshold}").fetchall()
    records, linked = (1, 1) if exact else (_every(int(row[0])), _every(int(pairs)))
    [(matched, matched_of)] = con.execute(
        f"""with linked as (select unique_id_l, unique_id_r from {scored} where match_probability >= {threshold})
        select count(*) filter (unique_id in (
                select unique_id_l from linked where {_kept("unique_id_l::bigint", records)}
                union all select unique_id_r from linked where {_kept("unique_id_r::bigint", records)})), count(*)
        from {features} where {_kept("unique_id::bigint", records)}"""
    ).fetchall()
    columns = _columns(con, scored)
    counted = [c for c in comparisons if c.gamma in columns]
    gammas = "".join(f", {c.gamma}" for c in counted)
    con.execute(
        f"""create or replace temp table tr_linked as select 1 as one{gammas} from {scored}
        where match_probability >= {threshold} and {_kept("unique_id_l::bigint", linked)}"""
    )
    statistics = DataStatistics(
        records=int(row[0]),
        matched_pairs=int(pairs),
        matched_records=int(matched),
        matched_of=int(matched_of),
        threshold=threshold,
        filled={name: int(n) for name, n in zip(fields, row[1:], strict=True)},
        outcomes=_outcomes(con, counted, "tr_linked"),
        candidates=_outcomes(con, counted, scored) if candidates else {},
        covered=_covered(con, term_frequency_columns(comparisons), features, frequencies, int(row[0]))
        if frequencies
        else {},
    )
    con.execute("drop table tr_linked")
    return statistics


def field_statistics(
    con: duckdb.DuckDBPyConnection, features: str, comparisons: Sequence[Comparison] = ()
) -> tuple[FieldStatistics, ...]:
    """Completeness, cardinality and skew of every field that `features` has, on about SAMPLE records; of the
    identifier kinds those that `comparisons` make."""
    [(total,)] = con.execute(f"select count(*) from {features}").fetchall()
    fields = _present_fields(con, features, comparisons)
    found = []
    for name, sql in fields.items():
        [(records, filled, distinct, most, squares)] = con.execute(
            f"""with counted as (
                select ({sql})::varchar as value, count(*) as n from {features}
                where {_sampled(int(total))} group by all
            )
            select coalesce(sum(n), 0), coalesce(sum(n) filter (value is not null), 0), count(value),
                coalesce(max(n) filter (value is not null), 0),
                coalesce(sum(n::double * n) filter (value is not null), 0)
            from counted"""
        ).fetchall()
        agreement = float(squares) / float(filled) ** 2 if filled else 0.0
        found.append(FieldStatistics(name, int(records), int(filled), int(distinct), int(most), agreement))
    return tuple(found)


def calibration_curve(con: duckdb.DuckDBPyConnection, scored: str) -> tuple[tuple[float, int, float], ...]:
    """(threshold, pairs from it up, expected wrong ones among them) from 1 down to CURVE_FROM, where pairs are.

    A pair of match probability p is wrong with 1 - p, by the model's own account.
    """
    rows = con.execute(
        f"""select bucket / {round(1 / CURVE_STEP)}.0, sum(n) over w, sum(wrong) over w from (
            select floor(match_probability * {round(1 / CURVE_STEP)})::integer as bucket, count(*) as n,
                sum(1 - match_probability) as wrong
            from {scored} where match_probability >= {CURVE_FROM} group by all
        ) window w as (order by bucket desc) order by bucket desc"""
    ).fetchall()
    return tuple((float(t), int(n), round(float(w), 6)) for t, n, w in rows)


def blocking_statistics(
    con: duckdb.DuckDBPyConnection, block_keys: str, rules: Rules, max_block: int, bounds: Mapping[str, int]
) -> tuple[BlockingRule, ...]:
    """Blocks and pairs per rule of `block_keys` (as `blocking.build_block_keys` writes it), most pairs first.

    `max_block` and `bounds` as `Model` has them. Of many keys only one in so many blocks is counted, each in full, that
    about MOST_KEYS rows are.
    """
    [(keys,)] = con.execute(f"select count(*) from {block_keys}").fetchall()
    one_in = max(1, int(keys) // MOST_KEYS)
    names = key_rules(rules)
    found = []
    rows = con.execute(
        f"""with block as (
            select rule, count(*) as n, {bound_sql(rules, max_block, bounds)} as bound from {block_keys}
            where {_kept("block_key", one_in)} group by rule, block_key having count(*) > 1
        )
        select rule, count(*), count(*) filter (n > bound), coalesce(sum(n) filter (n > bound), 0),
            coalesce(sum(n * (n - 1) // 2) filter (n <= bound), 0)
        from block group by rule"""
    ).fetchall()
    for rule, *counts in rows:
        blocks, too_large, left_out, pairs = (int(count) * one_in for count in counts)
        name = names[rule]
        found.append(BlockingRule(name, bounds.get(name, max_block), blocks, too_large, left_out, pairs, one_in))
    return tuple(sorted(found, key=lambda r: (-r.pairs, r.name)))


def over_shared_values(con: duckdb.DuckDBPyConnection, identifiers: str) -> dict[str, int]:
    """Identifier kind → how many of its values lost trust because too many records or names share them."""
    rows = con.execute(
        f"""select kind, count(distinct (namespace, value)) from {identifiers} where reason = 'over_shared'
        group by kind order by kind"""
    ).fetchall()
    return {str(kind): int(n) for kind, n in rows}


def _kept_values(con: duckdb.DuckDBPyConnection, frequencies: str) -> dict[str, int]:
    rows = con.execute(f"select column_name, count(value) from {frequencies} group by all order by all").fetchall()
    return {str(column): int(n) for column, n in rows}


def _outcomes(con: duckdb.DuckDBPyConnection, comparisons: Sequence[Comparison], pairs: str) -> dict[str, list[int]]:
    counts = {c.name: [0] * (len(c.levels) + 1) for c in comparisons}
    if not comparisons:
        return counts
    rows = con.execute(
        " union all ".join(
            f"select {i}, {c.gamma}::integer, count(*) from {pairs} group by all" for i, c in enumerate(comparisons)
        )
    ).fetchall()
    for i, gamma, n in rows:
        levels = counts[comparisons[i].name]
        # Splink numbers levels from the last one (0) up, -1 being not comparable; here the first is most agreement
        levels[len(levels) - 2 - gamma if gamma is not None and gamma >= 0 else -1] += int(n)
    return counts


def _covered(
    con: duckdb.DuckDBPyConnection, columns: Iterable[str], features: str, frequencies: str, records: int
) -> dict[str, list[int]]:
    have = _columns(con, features)
    covered = {}
    for column in columns:
        if column not in have:
            continue
        [(known, filled)] = con.execute(
            f"""select coalesce(sum(n) filter (t.value is not null), 0), coalesce(sum(n), 0) from (
                select {column}::varchar as value, count(*) as n from {features}
                where {column} is not null and {_sampled(records)} group by all
            ) f left join (
                select value from {frequencies} where column_name = '{column}' and value is not null
            ) t on t.value = f.value"""
        ).fetchall()
        covered[column] = [int(known), int(filled)]
    return covered


def _present_fields(con: duckdb.DuckDBPyConnection, features: str, comparisons: Sequence[Comparison]) -> dict[str, str]:
    """Field → SQL: `FIELD_COLUMNS`, the declared attributes and the identifier kinds of `comparisons`, as far as
    `features` has their columns."""
    columns = _columns(con, features)
    found = {}
    for name, listed in FIELD_COLUMNS.items():
        present = [f"{column}::varchar" for column in listed if column in columns]
        if present:
            found[name] = f"coalesce({', '.join(present)})" if len(present) > 1 else present[0]
    found |= {column: column for column in sorted(columns) if column.startswith("attribute_") and column[10:].isdigit()}
    if "ids" in columns:
        kinds = [c.name for c in comparisons if c.name.startswith("id_")]
        found |= {kind: f"ids['{kind.removeprefix('id_')}'][1]" for kind in kinds}
    return found


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    return {str(row[0]) for row in con.execute(f"describe {table}").fetchall()}


def _sampled(records: int) -> str:
    return _kept("unique_id::bigint", _every(records))


def _every(count: int) -> int:
    return max(1, count // SAMPLE)


def _kept(key: str, every: int) -> str:
    """SQL condition that keeps one in `every` rows by the hash of `key`: the same ones whatever their order.

    The hash depends on the type, so ids are cast to one."""
    return f"hash({key}) % {every} = 0" if every > 1 else "true"
