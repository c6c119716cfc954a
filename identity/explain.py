"""Why two records are (or are not) one person: the path of edges between them, each with its field-by-field weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import numpy as np

from identity.clustering import conflict_sql, level_sql
from identity.errors import IdentityInputError
from identity.model import Model, load_model


@dataclass(frozen=True)
class Contribution:
    """One comparison's outcome. Weights in bits: for the same person against strangers, and against a household."""

    comparison: str
    outcome: str
    against_strangers: float
    against_household: float


@dataclass(frozen=True)
class Step:
    """One edge of the path, or the direct comparison of two unlinked records."""

    record_id_l: str
    record_id_r: str
    kind: str
    rule: str
    match_weight: float | None
    match_probability: float | None
    is_conflict: bool
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class Explanation:
    """`linked` tells whether a path of edges joins the two records; `steps` is that path or the direct comparison."""

    record_id_l: str
    record_id_r: str
    linked: bool
    steps: tuple[Step, ...]

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def as_text(self) -> str:
        """Readable text; names levels and weights, never the compared values."""
        head = "are linked" if self.linked else "are not linked"
        lines = [f"{self.record_id_l} and {self.record_id_r} {head}"]
        for number, step in enumerate(self.steps, start=1):
            score = "" if step.match_probability is None else f", probability {step.match_probability:.4f}"
            lines.append(f"{number}. {step.record_id_l} — {step.record_id_r}: {step.kind} ({step.rule}{score})")
            if step.is_conflict:
                lines.append("   cannot be one person by the conflict rules (docs/identity.md)")
            lines += [
                f"   {c.comparison:<14} {c.outcome:<34} {c.against_strangers:+7.2f} bits against strangers,"
                f" {c.against_household:+7.2f} against the same household"
                for c in step.contributions
            ]
        return "\n".join(lines)


def explain(
    con: duckdb.DuckDBPyConnection, features: str, edges: str, model: Model, record_a: str, record_b: str
) -> Explanation:
    """Find the path with the fewest edges between two records of table `features` over table `edges`.

    Raises `IdentityInputError` if a record is unknown. Without a path, the two are compared directly.
    """
    for record in (record_a, record_b):
        [(known,)] = con.execute(f"select count(*) from {features} where record_id = ?", [record]).fetchall()
        if not known:
            raise IdentityInputError(f"record {record} is unknown")
    path = _shortest_path(con, edges, record_a, record_b)
    if path:
        steps = [_step(con, features, edges, model, left, right) for left, right in path]
        return Explanation(record_a, record_b, True, tuple(steps))
    return Explanation(record_a, record_b, False, (_step(con, features, edges, model, record_a, record_b),))


def _shortest_path(con: duckdb.DuckDBPyConnection, edges: str, start: str, goal: str) -> list[tuple[str, str]]:
    """Breadth-first, one query per ring: clusters are small, the edge table is not."""
    came_from: dict[str, str] = {start: start}
    ring = [start]
    while ring and goal not in came_from:
        rows = con.execute(
            f"""select record_id_l, record_id_r from {edges} where record_id_l in (select unnest(?)) 
            union all select record_id_r, record_id_l from {edges} where record_id_r in (select unnest(?))
            order by all""",
            [ring, ring],
        ).fetchall()
        ring = []
        for known, reached in rows:
            if reached not in came_from:
                came_from[reached] = known
                ring.append(reached)
    if goal not in came_from or goal == start:
        return []
    path = []
    node = goal
    while node != start:
        path.append((came_from[node], node))
        node = came_from[node]
    return path[::-1]


def _step(con: duckdb.DuckDBPyConnection, features: str, edges: str, model: Model, left: str, right: str) -> Step:
    chosen = model.chosen()
    outcomes = ", ".join(level_sql(c) for c in chosen) or "1"
    [row] = con.execute(
        f"select {conflict_sql()}, {outcomes} from {features} l, {features} r where l.record_id = ? and "
        f"r.record_id = ?",
        [left, right],
    ).fetchall()
    edge = con.execute(
        f"""select kind, rule, match_weight, match_probability from {edges}
        where (record_id_l = ? and record_id_r = ?) or (record_id_l = ? and record_id_r = ?)""",
        [left, right, right, left],
    ).fetchall()
    kind, rule, weight, probability = edge[0] if edge else ("none", "no edge", None, None)
    contributions = []
    for comparison, level in zip(chosen, row[1:], strict=False):
        if level is None:
            contributions.append(Contribution(comparison.name, "not comparable", 0.0, 0.0))
            continue
        m, h, u = (p[comparison.name][level] for p in (model.trained.m, model.trained.h, model.trained.u))
        contributions.append(
            Contribution(comparison.name, comparison.levels[level].name, float(np.log2(m / u)), float(np.log2(m / h)))
        )
    return Step(left, right, kind, rule, weight, probability, bool(row[0]), tuple(contributions))


def explain_folder(identity: Path, models: Path, record_a: str, record_b: str) -> Explanation:
    """Explain two records of the last run, from its Parquet under `identity` and the current model under `models`."""
    model = load_model(models)
    if model is None or not (identity / "features" / "part-0.parquet").exists():
        raise IdentityInputError(f"{identity}: nothing has been resolved here yet; run `cdp run` first")
    with duckdb.connect() as con:
        for table in ("features", "edges"):
            con.execute(f"create view {table} as select * from read_parquet('{identity / table}/*.parquet')")
        return explain(con, "features", "edges", model, record_a, record_b)
