"""What keeps two records apart: judgements, conflicts, dropped edges, a score below the threshold, no comparison."""

from __future__ import annotations

from collections.abc import Set

import duckdb

from identity.conflicts import conflict_sql
from identity.engine import unoptimised
from identity.explain_blocks import FEW, bound_of, is_bounded, shared_keys
from identity.explain_result import Apart, Step, conflict_text
from identity.explain_weights import threshold_bits
from identity.model import Model
from identity.rules import ConflictRules, Rules
from identity.sql_text import literals

# Conflicts are looked for pair by pair, which a profile of thousands of records would make slow.
MAX_CROSS = 40_000

DROPPED_TEXT = {
    "conflict": "an edge was left out because it would have joined records that cannot be one person",
    "bridge": "an edge was left out because it was the only, weak one between two groups",
    "size": "an edge was left out because the group had grown too large",
    "namesakes": "an edge was left out because it joined what looks like two people of one name",
    "undecided": "an edge was left out because the group cannot be decided without a person",
    "settled": "an edge was left out because it held nothing together before somebody beside the two was erased",
    "thin_evidence": "only a given name and a birth date agree, other fields speak against it: too little without more",
    "judged_apart": "an edge was left out because a person judged records of the two profiles to be different",
    "identifier_of_another_person": "a shared identifier was refused: its holders cannot be one person",
}


def dropped_text(reason: str) -> str:
    """What a reason in ``dropped_edges`` means."""
    kind = reason.partition(":")[2]
    if reason.startswith("unique:"):
        return f"an edge was left out because one person has only one {kind}"
    if reason == "cap:records":
        return "an edge was left out because the profile would have had too many records"
    if reason.startswith("cap:"):
        return f"an edge was left out because the profile would have had too many values of {kind}"
    return DROPPED_TEXT.get(reason, f"an edge was left out ({reason})")


def find_reasons(
    con: duckdb.DuckDBPyConnection,
    rows: str,
    features: str,
    dropped: str | None,
    identifiers: str | None,
    judgements: str | None,
    block_keys: str | None,
    pair: tuple[str, str],
    clusters: tuple[Set[str], Set[str]],
    step: Step,
    threshold: float,
    model: Model,
    rules: Rules,
) -> tuple[Apart, ...]:
    """Every reason that keeps `pair` apart, the decisive one first.

    `rows` holds the rows of `features` of both profiles, unless these have more than `MAX_CROSS` pairs.
    `clusters` are the record ids of the two profiles, `step` the direct comparison of the pair; `threshold`,
    `model` and `rules` those of the run. Expects on `con` the temp tables ``__asked`` (the pair) and
    ``__side`` (its two rows of `features`).
    """
    con.execute("create or replace temp table __profile_ids (side integer, record_id varchar)")
    con.execute(
        """insert into __profile_ids
        select 0, unnest(?::varchar[]) union all select 1, unnest(?::varchar[])""",
        [sorted(clusters[0]), sorted(clusters[1])],
    )
    left_out, was_scored = _dropped(con, dropped, pair)
    reasons = [*_judged(con, judgements), *left_out]
    if step.is_conflict:
        reasons.append(Apart("conflict", f"the two cannot be one person: {conflict_text(step.conflict_rule)}"))
    elif any(reason.code == "dropped_conflict" for reason in reasons):
        reasons += _conflict_between(con, rows, clusters, rules.conflicts)
    missing = threshold_bits(threshold) - step.weight
    if was_scored:
        reasons.append(_compared(missing))
    else:
        reasons.append(_score(con, features, identifiers, block_keys, missing, model, rules))
    return tuple(reasons)


def _between(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """The rows of `table` that run between the two profiles."""
    ids = [r for (r,) in con.execute(f"select record_id from __profile_ids limit {FEW + 1}").fetchall()]
    few = f"and e.record_id_l in ({literals(ids)}) and e.record_id_r in ({literals(ids)})" if len(ids) <= FEW else ""
    return f"""from {table} e
        join __profile_ids a on a.record_id = e.record_id_l join __profile_ids b on b.record_id = e.record_id_r
        where a.side <> b.side {few}"""


def _judged(con: duckdb.DuckDBPyConnection, judgements: str | None) -> list[Apart]:
    if judgements is None:
        return []
    columns = [row[0] for row in con.execute(f"describe {judgements}").fetchall()]
    live = "and e.revoked_at is null" if "revoked_at" in columns else ""
    rows = con.execute(
        f"""select e.record_id_l, e.record_id_r {_between(con, judgements)} and e.judgement = 'negative' {live}
        order by all"""
    ).fetchall()
    return [Apart("judgement", f"a person judged {left} and {right} to be different") for left, right in rows[:1]]


def _conflict_between(
    con: duckdb.DuckDBPyConnection,
    rows: str,
    clusters: tuple[Set[str], Set[str]],
    conflicts: ConflictRules,
) -> list[Apart]:
    """Two other records of the profiles that cannot be one person, which is why an edge of the pair was left out."""
    if len(clusters[0]) * len(clusters[1]) > MAX_CROSS:
        return []
    con.execute(f"create or replace temp table __profiles as select * from {rows} join __profile_ids using (record_id)")
    with unoptimised(con):
        found = con.execute(
            f"""select l.record_id, r.record_id
            from (select * from __profiles where side = 0) l cross join (select * from __profiles where side = 1) r
            where {conflict_sql(rules=conflicts)} order by all limit 1"""
        ).fetchall()
    text = "their profiles hold records that cannot be one person by the conflict rules: {} and {}"
    return [Apart("conflict_of_profiles", text.format(*row)) for row in found]


def _dropped(con: duckdb.DuckDBPyConnection, dropped: str | None, pair: tuple[str, str]) -> tuple[list[Apart], bool]:
    """Left-out edges between the two profiles, the pair's own first, then the strongest; one per reason. And whether
    the pair itself was scored for one of them."""
    if dropped is None:
        return [], False
    rows = con.execute(
        f"""select e.reason, e.record_id_l, e.record_id_r, e.match_weight, e.kind, e.rule {_between(con, dropped)}
        order by (e.record_id_l in (?, ?) and e.record_id_r in (?, ?)) desc, e.match_weight desc, 2, 3, 1""",
        [*pair, *pair],
    ).fetchall()
    seen: dict[str, Apart] = {}
    for reason, left, right, weight, kind, rule in rows:
        what = dropped_text(reason)
        bits = "" if kind != "probabilistic" else f", {weight:+.2f} bits"
        seen.setdefault(reason, Apart(f"dropped_{reason}", f"{what}: {left} — {right} ({kind}, {rule}{bits})"))
    own = {*pair}
    return list(seen.values()), any(kind == "probabilistic" and {a, b} == own for _, a, b, _, kind, _ in rows)


def _score(
    con: duckdb.DuckDBPyConnection,
    features: str,
    identifiers: str | None,
    block_keys: str | None,
    missing: float,
    model: Model,
    rules: Rules,
) -> Apart:
    """Not compared, and why; else how far the score stays below the threshold: by `missing` bits."""
    shared_keys(
        con, "__asked", features, "__side", identifiers, out="__shared", rules=rules, until_bounded=model,
        block_keys=block_keys,
    )  # fmt: skip
    keys = con.execute(
        f"""select split_part(block_key, ':', 1) as rule, min(size), any_value({bound_of(model)}),
            coalesce(bool_or({is_bounded(model)}), false)
        from __shared group by all order by all"""
    ).fetchall()
    far = _far(missing)
    if not keys:
        return Apart("no_shared_block_key", f"they were never compared: they share no block key (would be {far})")
    if not any(bounded for _, _, _, bounded in keys):
        names = ", ".join(f"{rule} ({size} records, bound {bound})" for rule, size, bound, _ in keys)
        return Apart(
            "block_too_large",
            f"they were never compared: every block key they share is on too many records: {names} (would be {far})",
        )
    return _compared(missing)


def _compared(missing: float) -> Apart:
    if missing > 0:
        return Apart("below_threshold", f"their score is {_far(missing)}")
    return Apart("above_threshold", f"their score alone is {_far(missing)}")


def _far(missing: float) -> str:
    return f"{abs(missing):.2f} bits {'below' if missing > 0 else 'above'} the threshold"
