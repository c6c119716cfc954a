"""What two names alone say about whether their bearers are one person, by the levels the matcher itself uses.

The verdict follows from the default probabilities of the levels in `comparisons.py`, not from a trained model: it says
what the names prove, before anything else about the two records is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import duckdb
import pyarrow as pa

from identity.comparison import Comparison
from identity.comparisons_of_names import FAMILY, GIVEN
from identity.conflicts import level_sql
from identity.features import build_features
from identity.normalise import normalise
from identity.rules import Rules

Verdict = Literal["same", "compatible", "different"]
NAME_FIELDS = ("given_name", "middle_name", "family_name", "full_name", "native_name")
_RECORD_FIELDS = (
    "record_id", "source", "entity_type", *NAME_FIELDS, "organisation", "birth_date", "gender", "street", "unit",
    "locality", "region", "postcode", "country", "address", "default_region",
)  # fmt: skip
# Bits. A given name must be at least 11 times likelier for one person than for strangers and for relatives; what is
# nearly three times likelier for others contradicts.
SAME_BITS = 3.5
CONTRADICTION_BITS = -1.5


def _bits(comparison: Comparison) -> list[float]:
    """Evidence of each level for one person, in bits: a given name must beat relatives as well as strangers."""
    personal = comparison.scope == "personal"
    return [math.log2(lv.m / max(lv.u, lv.h if personal else 0.0)) for lv in comparison.levels]


def _bits_sql(comparison: Comparison, left: str, right: str) -> str:
    arms = " ".join(f"when {number} then {bits}" for number, bits in enumerate(_bits(comparison)))
    return f"(case {level_sql(comparison, left, right)} {arms} end)"


def name_verdict_sql(left: str = "l", right: str = "r") -> str:
    """SQL for the verdict (`same`, `compatible`, `different`) over rows `left` and `right` of table `features`.

    `different`: the given or the family name contradicts. `same`: the given name speaks for one person against both
    strangers and relatives, and the family name agrees in some spelling, or both are exchanged. Otherwise
    `compatible`: a name is missing or abbreviated, or an English given name stands beside a Chinese one.
    """
    given, family = _bits_sql(GIVEN, left, right), _bits_sql(FAMILY, left, right)
    both = f"{left}.family is not null and {right}.family is not null"
    return f"""case
        when least({given}, {family}) <= {CONTRADICTION_BITS} then 'different'
        when {given} >= {SAME_BITS} and ({family} > 0 or ({family} is null and {both})) then 'same'
        else 'compatible' end"""


def compare_names(pairs: Sequence[tuple[dict[str, str | None], dict[str, str | None]]]) -> list[Verdict]:
    """The verdict on each pair of names, in order.

    A name is a dictionary of any of NAME_FIELDS, as a source delivers them. Both go through `normalise`,
    `build_features` and the levels of the comparisons, as in every run.
    """
    rows = [
        {"record_id": f"{number}-{side}", **{f: name.get(f) for f in NAME_FIELDS}}
        for number, pair in enumerate(pairs)
        for side, name in zip("lr", pair, strict=True)
    ]
    records = pa.Table.from_pylist(rows, schema=pa.schema([(f, pa.string()) for f in _RECORD_FIELDS]))
    with duckdb.connect() as con:
        con.register("delivered", records)
        con.execute("create table people as select *, null::timestamp as created_at from delivered")
        con.execute(
            """create table contacts (record_id varchar, kind varchar, namespace varchar, value_raw varchar,
            is_trusted boolean, reason varchar, default_region varchar, first_seen_at timestamp, last_seen_at timestamp)
            """
        )
        normalise(con, "people", "contacts", out_records="normal", out_identifiers="normal_contacts")
        con.execute("create table judged_contacts as select *, 1 as n_names from normal_contacts")  # there are none
        build_features(con, "normal", "judged_contacts", Rules())
        found = con.execute(
            f"""select {name_verdict_sql()} from features l join features r
            on split_part(l.record_id, '-', 1) = split_part(r.record_id, '-', 1)
            where ends_with(l.record_id, 'l') and ends_with(r.record_id, 'r')
            order by split_part(l.record_id, '-', 1)::integer"""
        ).fetchall()
    return [verdict for (verdict,) in found]
