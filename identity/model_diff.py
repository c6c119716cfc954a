"""What would change if another model were accepted: its parameters, and who would merge and split on the data of today.

Nothing here touches the registry, the outputs of a run or the accepted model: both models link all current records in
connections of their own, and only the two results are compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import log2
from pathlib import Path

import duckdb

from identity.errors import IdentityInputError
from identity.judgements import Judgement
from identity.model import Model, load_model, model_home, newest_candidate
from identity.partition_diff import PartitionDiff, diff_text, partition_diff
from identity.rules import Rules
from identity.sql_text import literal

LEVELS_SHOWN = 15


@dataclass(frozen=True)
class LevelChange:
    """Weights of one level in bits, old and new: `weight` = log2(m / u), `household` = log2(m / h)."""

    comparison: str
    level: str
    old_weight: float
    new_weight: float
    old_household: float
    new_household: float

    @property
    def size(self) -> float:
        """The larger of the two changes in bits."""
        return max(abs(self.new_weight - self.old_weight), abs(self.new_household - self.old_household))


@dataclass(frozen=True)
class ParameterDiff:
    """Parameters of two models. `levels`: every level that both have and whose weights differ, largest change first.

    `relevelled`: comparisons that both make, but with other levels.
    """

    old_threshold: float
    new_threshold: float
    old_records: int
    new_records: int
    comparisons_in: tuple[str, ...]
    comparisons_out: tuple[str, ...]
    relevelled: tuple[str, ...]
    prior_change_bits: float
    levels: tuple[LevelChange, ...]


@dataclass(frozen=True)
class Effect:
    """What accepting would do to the records of today.

    `against`: ``model`` if the current model linked the same records for comparison, ``last run`` if it can no longer
    be used and the profiles of the last run stand for it (then `links_*` and `review_old` are 0).
    """

    against: str
    partition: PartitionDiff
    links_old: int
    links_new: int
    links_gained: int
    links_lost: int
    review_old: int
    review_new: int


@dataclass(frozen=True)
class ModelDiff:
    """`parameters` is None where the current model cannot be read by this version, `effect` where it was not asked."""

    old_version: str
    new_version: str
    parameters: ParameterDiff | None
    effect: Effect | None

    def as_json(self) -> str:
        """One line of JSON."""
        content = asdict(self)
        if self.effect is not None:
            content["effect"]["partition"] = self.effect.partition.as_dict()
        return json.dumps(content)

    def as_text(self) -> str:
        """Parameters first, then the effect, then what to do next."""
        lines = [f"model {self.new_version} instead of {self.old_version}"]
        if self.parameters is None:
            lines.append(f"parameters   {self.old_version} was trained by another version and cannot be compared")
        else:
            lines += _parameter_lines(self.parameters)
        if self.effect is not None:
            lines += _effect_lines(self.effect)
        lines.append(f"accept it with: cdp model accept {self.new_version}")
        return "\n".join(lines)


def _parameter_lines(p: ParameterDiff) -> list[str]:
    lines = [
        f"trained on   {p.new_records:,} records instead of {p.old_records:,}",
        f"threshold    {p.old_threshold:.3f} → {p.new_threshold:.3f}",
        f"prior        {p.prior_change_bits:+.2f} bits for every pair",
    ]
    for label, names in (
        ("compares", p.comparisons_in),
        ("leaves out", p.comparisons_out),
        ("relevelled", p.relevelled),
    ):
        if names:
            lines.append(f"{label:<12} {', '.join(names)}")
    if p.levels:
        lines.append(f"weights      {len(p.levels)} levels differ, in bits against strangers (against a household):")
    for c in p.levels[:LEVELS_SHOWN]:
        lines.append(
            f"  {c.comparison + ' / ' + c.level:<46} {c.old_weight:+7.2f} → {c.new_weight:+7.2f}"
            f"   ({c.old_household:+.2f} → {c.new_household:+.2f})"
        )
    return lines


def _effect_lines(e: Effect) -> list[str]:
    if e.against == "model":
        head = [
            f"links        {e.links_old:,} → {e.links_new:,}: {e.links_gained:,} gained, {e.links_lost:,} lost",
            f"to review    {e.review_old:,} → {e.review_new:,} ({e.review_new - e.review_old:+,})",
        ]
    else:
        head = ["compared with the profiles of the last run, since the current model cannot be used by this version"]
    return [*head, diff_text(e.partition, old="with the current model", new="with the other")]


def compare_parameters(old: Model, new: Model) -> ParameterDiff:
    """Compare what two models learnt; levels are matched by name."""
    both = [name for name in new.comparisons if name in old.comparisons]
    before, after = _level_names(old), _level_names(new)
    levels = []
    for name in both:
        for j, level in enumerate(after[name]):
            if level in before[name]:
                change = LevelChange(name, level, *_bits(old, new, name, before[name].index(level), j))
                if change.size > 1e-9:
                    levels.append(change)
    levels.sort(key=lambda c: (-c.size, c.comparison, c.level))
    return ParameterDiff(
        old_threshold=old.threshold,
        new_threshold=new.threshold,
        old_records=old.trained_records,
        new_records=new.trained_records,
        comparisons_in=tuple(n for n in new.comparisons if n not in old.comparisons),
        comparisons_out=tuple(n for n in old.comparisons if n not in new.comparisons),
        relevelled=tuple(n for n in both if before[n] != after[n]),
        prior_change_bits=log2(new.trained.match_share / old.trained.match_share),
        levels=tuple(levels),
    )


def _level_names(model: Model) -> dict[str, list[str]]:
    """As trained; a model of an earlier version does not tell, and is read with this version's."""
    return model.levels or {c.name: [level.name for level in c.levels] for c in model.chosen()}


def _bits(old: Model, new: Model, name: str, i: int, j: int) -> tuple[float, float, float, float]:
    a, b = old.trained, new.trained
    return (
        log2(a.m[name][i] / a.u[name][i]),
        log2(b.m[name][j] / b.u[name][j]),
        log2(a.m[name][i] / a.h[name][i]),
        log2(b.m[name][j] / b.h[name][j]),
    )


def model_diff(
    core: Path,
    models: Path,
    version: str | None = None,
    *,
    identity: Path | None = None,
    store: Path | None = None,
    judgements: Sequence[Judgement] = (),
    rules: Rules | None = None,
    effect: bool = True,
    progress: Callable[[str], None] = lambda step: None,
) -> ModelDiff:
    """Compare `version` (default: the one trained last that is not accepted) with the current model under `models`.

    With `effect`, both link the records of the core tables under `core`, with `judgements` and `rules`. `identity`: the
    folder of the last run's identity tables; profiles are then called by their permanent ids (an old profile by the id
    that most of its records carry). `store`: that run's store; what erasures settled in it binds both models, as it
    binds a run. Raises `IdentityInputError` if there is nothing to compare, a version is unknown, or the store is in
    use.
    """
    current = (models / "current").read_text().strip() if (models / "current").exists() else ""
    if not current:
        raise IdentityInputError(f"{models}: there is no current model to compare with; the first `cdp run` trains one")
    wanted = version or newest_candidate(models)
    if wanted is None:
        raise IdentityInputError(f"{models}: {current} is the only model; `cdp model train` makes another one")
    new = load_model(model_home(models, wanted))
    try:
        old = load_model(models / current)
    except IdentityInputError:
        old = None  # trained by another version of the platform: retraining is then the only way on
    if new is None or (old is None and not _has_members(identity)):
        raise IdentityInputError(
            f"{models}: the current model {current} cannot be used, and no run is there to compare"
        )
    found = None
    if effect:
        with duckdb.connect() as con:
            if old is not None:
                progress(f"linking with {current}")
                _link_into(con, "old", core, models / current, store, judgements, rules, progress)
            progress(f"linking with {wanted}")
            _link_into(con, "new", core, models / wanted, store, judgements, rules, progress)
            found = _effect(con, identity if _has_members(identity) else None, has_old=old is not None)
    return ModelDiff(current, wanted, compare_parameters(old, new) if old else None, found)


def _has_members(identity: Path | None) -> bool:
    return identity is not None and any((identity / "profile_members").glob("*.parquet"))


def _link_into(
    con: duckdb.DuckDBPyConnection,
    side: str,
    core: Path,
    model: Path,
    store: Path | None,
    judgements: Sequence[Judgement],
    rules: Rules | None,
    progress: Callable[[str], None],
) -> None:
    """Link with the model in folder `model` and what `store` has settled; tables ``<side>_members`` (record_id,
    cluster), ``<side>_links`` (record_id_l, record_id_r) and ``<side>_review`` (n) on `con`. The same code path as a
    run, in a connection of its own, so that nothing of one model's pass is left for the other's."""
    from identity.changes import find_changes
    from identity.linking import link
    from identity.outputs import build_edges
    from identity.pipeline import _check_core, _load
    from identity.review import build_review_queue
    from identity.settling import copy_settled
    from identity.store import attach_store

    _check_core(core)
    with duckdb.connect() as work:
        work.execute("set preserve_insertion_order = false")
        attach_store(work, None)
        if store is not None and store.exists():
            copy_settled(work, store)
        source = _load(work, core)
        find_changes(work, source)
        linked = link(
            work, source, models=model, judgements=judgements, rules=rules, learning=False,
            progress=lambda step: progress(f"  {step}"),
        )  # fmt: skip
        build_edges(work, linked.model.version)
        build_review_queue(work, linked.model.chosen(), (rules or Rules()).review_from)
        queries = {
            "members": "select f.record_id, c.cluster_id as cluster from clusters c join features f using (unique_id)",
            "links": "select record_id_l, record_id_r from edges",
            "review": "select count(*) as n from review_queue",
        }
        for name, sql in queries.items():
            con.register("incoming", work.sql(sql).to_arrow_table())
            con.execute(f"create table {side}_{name} as select * from incoming")
            con.unregister("incoming")


def _effect(con: duckdb.DuckDBPyConnection, identity: Path | None, *, has_old: bool) -> Effect:
    if identity is not None:
        files = literal(identity / "profile_members" / "*.parquet")
        con.execute(f"create table last_members as select record_id, profile_id from read_parquet({files})")
    if not has_old:
        partition = partition_diff(con, "last_members", "new_members", old_column="profile_id")
        [(links, review)] = con.execute(
            "select (select count(*) from new_links), (select n from new_review)"
        ).fetchall()
        return Effect("last run", partition, 0, int(links), 0, 0, 0, int(review))
    for side in ("old", "new"):
        _name_clusters(con, side, has_ids=identity is not None)
    partition = partition_diff(con, "old_named", "new_named")
    [(old, new, kept, review_old, review_new)] = con.execute(
        """select (select count(*) from old_links), (select count(*) from new_links),
            (select count(*) from old_links join new_links using (record_id_l, record_id_r)),
            (select n from old_review), (select n from new_review)"""
    ).fetchall()
    return Effect(
        "model", partition, int(old), int(new), int(new - kept), int(old - kept), int(review_old), int(review_new)
    )


def _name_clusters(con: duckdb.DuckDBPyConnection, side: str, *, has_ids: bool) -> None:
    """Table ``<side>_named`` (record_id, cluster): clusters called by the profile id that most of their records carry,
    or by their least record id. A profile id goes to one cluster only, the one with most of its records."""
    if not has_ids:
        con.execute(
            f"""create table {side}_named as
            select record_id, 'record ' || min(record_id) over (partition by cluster) as cluster from {side}_members"""
        )
        return
    con.execute(
        f"""create table {side}_named as
        with votes as (
            select m.cluster, p.profile_id, count(*) as n
            from {side}_members m join last_members p using (record_id) group by all
        ),
        wish as (
            select * from votes
            qualify row_number() over (partition by cluster order by n desc, profile_id) = 1
        ),
        won as (
            select w.cluster, w.profile_id from wish w
            join (select cluster, min(record_id) as least from {side}_members group by cluster) c using (cluster)
            qualify row_number() over (partition by w.profile_id order by w.n desc, c.least) = 1
        )
        select m.record_id,
            coalesce(w.profile_id, 'record ' || min(m.record_id) over (partition by m.cluster)) as cluster
        from {side}_members m left join won w using (cluster)"""
    )
