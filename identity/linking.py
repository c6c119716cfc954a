"""One pass of linking: normalised input → scored pairs → edges → clusters, on one DuckDB connection with its store.

A pass starts from the tables that the last one left in the store and works only on what changed:

    changed records ─ normalise ─► verdicts on their values ─► features of the records concerned ─► their block keys
      ─► pairs of the blocks they are in ─ Splink ─► scored ─► accepted ─► clusters of the components they touch

Every stage is a pure function of the current records, the model, the rules and the judgements, so that a *full* pass,
which starts from nothing, ends in the same tables. What is decided over all records (over-shared values, names per
contact, sizes of blocks) is decided again for the values and blocks that changed, and whatever hangs on it is redone.

After `link`, these can be read on the connection: ``features``, ``normal_identifiers``, ``scored`` (unique_id_l,
unique_id_r, match_weight: log2 odds of the same person, its two sides stranger_weight and household_weight,
match_probability, gammas), ``accepted``, ``refused``, ``left_out``, ``clusters``, ``judged``, ``forbidden``. Nothing is
written to the store until `Linked.save`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from identity import blocking, clustering, features, repeats, settling, values
from identity.accepting import accept
from identity.changes import Source, find_stale, find_touched_values, has_changes
from identity.code_version import code_version
from identity.comparisons import term_frequency_columns
from identity.components import find_components
from identity.engine import bound_memory
from identity.errors import IdentityInputError
from identity.judgements import Judgement, load_judgements
from identity.layers import Layer, touches, within
from identity.learning import Learnt, complete_model, keep_model, learn
from identity.model import Model, discard_model, model_in_use, read_frozen
from identity.model_overrides import apply_overrides
from identity.name_order import count_name_use, turn_swapped_names
from identity.normalise import normalise
from identity.rules import Rules
from identity.store import SCHEMA, tables
from identity.threshold import relaxed_conflicts
from identity.weighing import PairScorer, score_candidates


@dataclass(frozen=True)
class Linked:
    """What a pass did: counts, and seconds per step.

    `pairs` are the candidate pairs compared; `touched` names the table (record_id) of records whose profile may have
    changed, None where that may be any.
    """

    model: Model
    was_trained: bool
    is_full: bool
    records: int
    changed: int
    pairs: int
    over_shared_values: int
    threshold: float
    touched: str | None
    seconds: dict[str, float]
    layers: tuple[Layer, ...] = field(repr=False)
    state: dict[str, str] = field(repr=False)

    def save(self, con: duckdb.DuckDBPyConnection) -> None:
        """Write the pass to the store, inside the caller's transaction."""
        for layer in self.layers:
            layer.save(con)
        settling.save_settled(con)
        con.execute(f"delete from {SCHEMA}.link_state")
        con.executemany(f"insert into {SCHEMA}.link_state values (?, ?)", list(self.state.items()))


def link(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    *,
    models: Path | None,
    attributes: int = 0,
    judgements: Sequence[Judgement] = (),
    rules: Rules | None = None,
    threshold: float | None = None,
    full: bool = False,
    learning: bool = True,
    retrain: bool = False,
    is_erasure: bool = False,
    seed: int = 1,
    scorer: PairScorer | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Linked:
    """Bring the links in the store attached to `con` up to `source`, whose changes `find_changes` has found.

    The model is the current one under `models`; if there is none, it is trained and, where `models` is a folder, saved.
    While `learning`, a model trained on few records is trained again when they change. `threshold` overrides the
    model's and the rules'. `full` starts from nothing; so does a pass whose model, rules or code are not those of the
    last one. `retrain` trains a model whatever there is, and saves it without accepting it. `is_erasure`: the records
    that are gone were erased; no model is trained where there is one, and whoever stays keeps his cluster (`settling`)
    unless rules or code are others, too. `scorer` compares pairs on another engine.
    """
    [(n_current,)] = con.execute(f"select count(*) from {source.records}").fetchall()
    bound_memory(con, int(n_current))
    work = _Pass(con, source, rules or Rules(), attributes, progress)
    model = None if retrain or models is None else model_in_use(models, learning=learning)
    state = _read_state(con)
    # a call that was killed may have left a model of records that the store never took
    is_unknown = model is not None and not state.get("fingerprint", "").startswith(model.version)
    is_learning = model is not None and learning and model.is_learning(int(n_current)) and not is_erasure
    outdated = model if is_learning and (is_unknown or has_changes(con)) else None
    if outdated is not None:
        model = None
    was_trained = model is None
    if model is not None and model.attributes > attributes:
        raise IdentityInputError(
            f"model {model.version}: was trained with {model.attributes} attributes, the roles name {attributes}; "
            "name the same ones or train a new model"
        )
    if model is not None:
        model = apply_overrides(model, work.rules)
    fingerprint = _fingerprint(model, work.rules, attributes)
    work.is_full = was_trained or full or state.get("fingerprint") != fingerprint
    if model is not None and models is not None:
        read_frozen(con, models, model)

    work.normalise(is_frozen=not was_trained)
    learnt = None
    if model is None:
        learnt = learn(con, work.rules, attributes, work.n_new, seed, learning=learning, records="input_now")
        columns = term_frequency_columns(learnt.draft.chosen())
        work.lap("train")
    else:
        columns = term_frequency_columns(model.chosen())
        features.add_term_frequencies(con, "new_features", columns, "frozen_frequencies")
    work.show_features()
    load_judgements(con, judgements)
    draft = model or apply_overrides(_drafted(learnt), work.rules)
    pairs = work.score(draft, scorer)
    if learnt is not None:
        model = complete_model(con, learnt)
        if models is not None:
            keep_model(con, models, model, learnt, accept=not retrain)
            if outdated is not None and outdated.version != model.version:
                discard_model(models, outdated.version)
        model = apply_overrides(model, work.rules)
    if model is None:
        raise AssertionError("a pass has a model")
    used = model.threshold if threshold is None else threshold
    is_same = state.get("threshold") == repr(used)
    work.accept(model, used, is_same=is_same)
    work.cluster(model)
    if is_erasure and is_same and state.get("fingerprint") == fingerprint:
        for _ in range(settling.MAX_ROUNDS):
            if not settling.settle(con):
                break
            work.accept(model, used, is_same=is_same)
            work.cluster(model)
    [(n_records, n_changed, over_shared)] = con.execute(
        """select (select count(*) from features), (select count(*) from replaced),
        (select count(*) from link_flags where reason = 'over_shared')"""
    ).fetchall()
    return Linked(
        model, was_trained, work.is_full, int(n_records), int(n_changed), pairs, int(over_shared), used,
        "touched" if work.reclusters is not None else None, work.seconds, tuple(work.layers),
        {
            "fingerprint": _fingerprint(model, work.rules, attributes), "threshold": repr(used),
            "rules": work.rules.as_json(),
        },
    )  # fmt: skip


def _drafted(learnt: Learnt | None) -> Model:
    if learnt is None:
        raise AssertionError("a pass without a model has learnt one")
    return learnt.draft


def _fingerprint(model: Model | None, rules: Rules, attributes: int) -> str:
    version = model.version if model else ""
    return f"{version}|{rules.fingerprint()}|{attributes}|{code_version()}"


def _read_state(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(con.execute(f"select key, value from {SCHEMA}.link_state").fetchall())


class _Pass:
    """The stages of one pass, in the order of the diagram above. `is_full` starts every stage from nothing."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        source: Source,
        rules: Rules,
        attributes: int,
        progress: Callable[[str], None],
    ) -> None:
        self.con = con
        self.source = source
        self.rules = rules
        self.attributes = attributes
        self.is_full = True
        self.layers: list[Layer] = []
        self.seconds: dict[str, float] = {}
        self.reclusters: str | None = None
        self.n_new = 0
        self._progress = progress
        self._started = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(self.seconds.get(step, 0.0) + now - self._started, 3)
        self._started = now
        self._progress(step)

    def _layer(self, name: str, gone: str) -> None:
        self._put(Layer(name, None if self.is_full else gone))

    def _put(self, layer: Layer) -> None:
        """Show the layer, and save it at the end in place of an earlier one of its table."""
        layer.show(self.con)
        self.layers = [*(other for other in self.layers if other.name != layer.name), layer]

    def normalise(self, *, is_frozen: bool) -> None:
        """Tables ``new_features`` and ``new_block_keys`` of the records that changed, and of those on whose values the
        verdict changed; views over records, identifiers, flags and keys."""
        con = self.con
        source = self.source
        if self.is_full:
            con.execute(f"create or replace temp view input_now as select * from {source.records}")
            con.execute(f"create or replace temp view input_identifiers_now as select * from {source.identifiers}")
        else:
            con.execute(
                f"create or replace temp view input_now as "
                f"select * from {source.delivered_records} where {within('changed', 'record_id')}"
            )
            con.execute(
                f"create or replace temp view input_identifiers_now as "
                f"select * from {source.delivered_identifiers} where {within('changed', 'record_id')}"
            )
        normalise(
            con, "input_now", "input_identifiers_now",
            out_records="new_link_records", out_identifiers="new_link_identifiers",
        )  # fmt: skip
        for column in ("first_seen_at", "last_seen_at"):
            con.execute(f"alter table new_link_identifiers drop column {column}")
        if self.attributes:
            names = ", ".join(f"lower(trim(r.attribute_{i})) as attribute_{i}" for i in range(self.attributes))
            con.execute(
                f"create or replace table new_link_records as select n.*, {names} "
                f"from new_link_records n join input_now r using (record_id)"
            )
        if not is_frozen:
            count_name_use(con, "new_link_records", out="name_use")
        turn_swapped_names(con, "new_link_records", "name_use")
        repeats.add_contents(con, "new_link_records", "new_link_identifiers", self.rules)
        # what `find_changes` found are changes, also for a full pass
        hashes = Layer("link_hashes", within("replaced", "record_id") if "link_hashes" in tables(con) else None)
        hashes.show(con)
        self.layers.append(hashes)
        settling.show_settled(con)
        self._layer("link_records", within("replaced", "record_id"))
        self._layer("link_identifiers", within("replaced", "record_id"))
        self._judge_values()
        con.execute(
            "create or replace temp view normal_identifiers as "
            + values.judged_identifiers_sql("link_identifiers", "link_flags")
        )
        self._find_repeats()
        features.build_features(
            con, "link_records", "normal_identifiers", self.rules, attributes=self.attributes, flags="link_flags",
            out="new_features",
            only=None if self.is_full else "stale",
        )  # fmt: skip
        [(self.n_new,)] = con.execute("select count(*) from new_features").fetchall()
        self.lap("normalise")
        con.execute(
            f"""create or replace temp view blocked_features as
            select * from new_features where not ({within("repeats")})"""
        )
        blocking.build_block_keys(con, "blocked_features", "normal_identifiers", self.rules, out="new_block_keys")
        self._layer("block_keys", within("stale"))
        self.lap("block")

    def _judge_values(self) -> None:
        con = self.con
        values.blocked_values(con, self.rules, self.source.identifiers, out="blocked_values")
        con.execute(
            f"create or replace temp view link_values as {values.values_sql('link_records', 'link_identifiers')}"
        )
        judged = ("link_records", "link_values", "blocked_values", self.rules)
        if self.is_full:
            values.value_flags(con, *judged, out="new_link_flags")
            self._layer("link_flags", "")
            return
        find_touched_values(con)
        values.value_flags(con, *judged, out="new_link_flags", only="touched_values")
        self._layer("link_flags", "(kind, namespace, value) in (select (kind, namespace, value) from touched_values)")

    def _find_repeats(self) -> None:
        """The layer ``repeats`` and, but in a full pass, table ``stale``: whose features and keys are to be built."""
        if self.is_full:
            repeats.find_repeats(self.con)
            self._layer("repeats", "")
            return
        find_stale(self.con)
        repeats.find_touched_contents(self.con)
        repeats.find_repeats(self.con, only="touched_contents")
        repeats.add_stale(self.con)
        self._layer("repeats", within("touched_contents", "content"))

    def show_features(self) -> None:
        """View ``features``: all current records, with the term frequencies of the model."""
        self._layer("features", within("stale"))
        [(n, distinct)] = self.con.execute("select count(*), count(distinct unique_id) from new_features").fetchall()
        if n != distinct:
            raise AssertionError("two record ids have the same hash")

    def score(self, model: Model, scorer: PairScorer | None) -> int:
        """Table ``new_scored`` over the blocks of the records concerned; returns the number of pairs compared.

        Besides stale records these are the members of blocks that crossed the bound on size, and both ends of pairs
        whose judgement is another one.
        """
        con = self.con
        con.execute("create or replace table new_link_judged as select * from judged")
        if not self.is_full:
            con.execute(
                f"""create or replace temp table touched_keys as
                select block_key from {SCHEMA}.block_keys where {within("stale")}
                union select block_key from new_block_keys"""
            )
            bound = blocking.bound_sql(self.rules, model.max_block, model.block_bounds)
            blocking.find_crossing(con, f"{SCHEMA}.block_keys", "block_keys", "touched_keys", bound, out="crossing")
            con.execute(
                f"""create or replace temp table rescored as
                with other as (
                    (select * from {SCHEMA}.link_judged except select * from judged)
                    union (select * from judged except select * from {SCHEMA}.link_judged)
                )
                select unique_id from stale union select unique_id from crossing
                union select unique_id_l from other union select unique_id_r from other"""
            )
        only = None if self.is_full else "rescored"
        pairs = score_candidates(con, model, self.rules, only=only, scorer=scorer)
        self._layer("link_judged", "true")
        self._layer("scored", touches("rescored"))
        self.lap("score")
        return pairs

    def accept(self, model: Model, threshold: float, *, is_same: bool) -> None:
        """Tables ``new_accepted`` and ``new_refused``; all of them where the threshold is another one."""
        self.reclusters = "nodes" if is_same and not self.is_full else None
        accept(
            self.con, self.rules, threshold, model.chosen(), out="new_accepted", refused="new_refused",
            only="rescored" if self.reclusters else None,
        )  # fmt: skip
        for name in ("accepted", "refused"):
            self._put(Layer(name, touches("rescored") if self.reclusters else None))

    def cluster(self, model: Model) -> None:
        """Tables ``new_clusters`` and ``new_left_out`` of every component that an edge was added to or taken from."""
        con = self.con
        repeats.find_followers(con, "accepted")
        kind, of_nodes, of_left, identifiers = "temp view", "true", "true", "normal_identifiers"
        if self.reclusters:
            find_components(con)
            kind, of_nodes, identifiers = "temp table", within("nodes"), "node_identifiers"
            of_left = "unique_id_l in (select unique_id from nodes)"
        con.execute(
            f"""create or replace {kind} node_features as select * from features
            where {of_nodes} and not ({within("followers")})"""
        )
        con.execute(
            f"""create or replace {kind} node_accepted as select * from accepted
            where {of_left} and not ({touches("followers")})"""
        )
        if self.reclusters:
            con.execute(
                f"""create or replace temp table node_identifiers as select * from normal_identifiers
                where {within("node_features", "record_id")}"""
            )
        rules = replace(self.rules, conflicts=relaxed_conflicts(self.rules.conflicts, model.trained))
        weighed = frozenset(c.name.removeprefix("id_") for c in model.chosen() if c.name.startswith("id_"))
        clustering.cluster(
            con, "node_features", "node_accepted", "forbidden", identifiers, rules,
            out="new_clusters", dropped="new_left_out", weighed=weighed, settled="settled",
        )  # fmt: skip
        of_followers = f"where {within('nodes')}" if self.reclusters else ""
        con.execute(
            f"""insert into new_clusters
            select f.unique_id, c.cluster_id
            from (select * from followers {of_followers}) f join new_clusters c on c.unique_id = f.first_id"""
        )
        for name, gone in (("clusters", within("nodes")), ("left_out", touches("nodes"))):
            self._put(Layer(name, gone if self.reclusters else None))
        self.lap("cluster")
