"""Where the explanation of faults comes from: a store of ``cdp resolve``, a home, or the input files themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from identity.errors import IdentityInputError
from identity.explain import attach_store, model_of_run
from identity.model import Model, load_model
from identity.model_overrides import apply_overrides
from identity.rules import ConflictRules, Rules
from identity.sql_text import literal
from identity.threshold import relaxed_conflicts


@dataclass(frozen=True)
class Loaded:
    """Tables on one connection, and what the run went by; what the evidence does not hold is None."""

    features: str
    identifiers: str | None
    dropped: str | None
    model: Model | None
    models: Path | None
    rules: Rules = field(default_factory=Rules)
    used_threshold: float | None = None

    def threshold(self) -> float:
        """The probability from which the run linked; 1 where no model is known."""
        if self.used_threshold is not None:
            return self.used_threshold
        return self.model.threshold if self.model is not None else 1.0

    def conflicts(self) -> ConflictRules:
        """The conflict rules as clustering applied them."""
        if self.model is None:
            return self.rules.conflicts
        return relaxed_conflicts(self.rules.conflicts, self.model.trained)


@dataclass(frozen=True)
class Evidence:
    """Exactly one of `store`, `identity` (a home's lake/identity) and `records` (with `roles`); `models` is the folder
    of trained models, by default the store's own; `rules` those of the home."""

    store: Path | None = None
    identity: Path | None = None
    models: Path | None = None
    records: Sequence[Path] = ()
    roles: Path | None = None
    rules: Rules | None = None

    def load(self, con: duckdb.DuckDBPyConnection) -> Loaded:
        """Make the tables visible on `con`. Raises `IdentityInputError` if there is nothing to load."""
        if self.store is not None:
            return self._load_store(con, self.store)
        if self.identity is not None:
            return self._load_folder(con, self.identity)
        return self._load_records(con)

    def load_edges(self, con: duckdb.DuckDBPyConnection) -> None:
        """Write temp table ``__edges``; empty where only input files are known."""
        columns = "record_id_l, record_id_r, match_probability, kind"
        none = "select ''::varchar as record_id_l, ''::varchar as record_id_r, 0.0::double as match_probability, " \
               "'' as kind where false"  # fmt: skip
        query = none
        if self.store is not None:
            tables = attach_store(con, self.store)
            query = f"select {columns} from {tables.edges}" if tables else none
        elif self.identity is not None and list((self.identity / "edges").glob("*.parquet")):
            query = f"select {columns} from read_parquet({literal(self.identity / 'edges' / '*.parquet')})"
        con.execute(f"create or replace temp table __edges as {query}")

    def _load_store(self, con: duckdb.DuckDBPyConnection, store: Path) -> Loaded:
        tables = attach_store(con, store)
        models = self.models or Path(f"{store}.model")
        if tables is None:
            raise IdentityInputError(f"{store}: nothing has been resolved with this store yet")
        model = load_model(models)
        if model is not None:
            model = apply_overrides(model_of_run(tables, model, models), tables.rules)
        return Loaded(
            tables.features, tables.identifiers, tables.dropped, model, models, tables.rules, tables.threshold
        )

    def _load_folder(self, con: duckdb.DuckDBPyConnection, identity: Path) -> Loaded:
        found: dict[str, str | None] = {}
        for table in ("features", "record_identifiers", "dropped_edges"):
            found[table] = None
            if list((identity / table).glob("*.parquet")):
                con.execute(
                    f"create or replace temp view evidence_{table} as "
                    f"select * from read_parquet({literal(identity / table / '*.parquet')})"
                )
                found[table] = f"evidence_{table}"
        features = found["features"]
        if features is None:
            raise IdentityInputError(f"{identity}: nothing has been resolved here yet; run `cdp run` first")
        rules = self.rules or Rules()
        model = load_model(self.models) if self.models else None
        model = apply_overrides(model, rules) if model is not None else None
        return Loaded(features, found["record_identifiers"], found["dropped_edges"], model, self.models, rules)

    def _load_records(self, con: duckdb.DuckDBPyConnection) -> Loaded:
        from identity.features import build_features
        from identity.name_order import count_name_use, turn_swapped_names
        from identity.normalise import normalise
        from identity.repeats import add_contents
        from identity.roles import load_roles, read_inputs
        from identity.values import blocked_values, judged_identifiers_sql, value_flags

        if self.roles is None:
            raise IdentityInputError("records need a roles file that tells which column plays which role (--roles)")
        roles = load_roles(self.roles)
        read_inputs(con, self.records, roles)
        normalise(
            con,
            "input_records",
            "input_identifiers",
            out_records="normal_records",
            out_identifiers="spelt_identifiers",
        )
        if roles.attributes:
            names = ", ".join(f"lower(trim(r.attribute_{i})) as attribute_{i}" for i in range(len(roles.attributes)))
            con.execute(
                f"create or replace table normal_records as select n.*, {names} "
                "from normal_records n join input_records r using (record_id)"
            )
        count_name_use(con, "normal_records", out="name_use")
        turn_swapped_names(con, "normal_records", "name_use")
        add_contents(con, "normal_records", "spelt_identifiers", roles.rules)
        blocked_values(con, roles.rules, "input_identifiers", out="blocked_values")
        value_flags(con, "normal_records", "spelt_identifiers", "blocked_values", roles.rules, out="flags")
        judged = judged_identifiers_sql("spelt_identifiers", "flags")
        con.execute(f"create or replace table normal_identifiers as {judged}")
        build_features(con, "normal_records", "normal_identifiers", roles.rules, attributes=len(roles.attributes))
        model = load_model(self.models) if self.models else None
        model = apply_overrides(model, roles.rules) if model is not None else None
        return Loaded("features", "normal_identifiers", None, model, self.models, roles.rules)
