"""A labelled sample: pairs drawn by stratum for clerks, and how right the profiles are by their answers.

The population is every pair of records in one profile (strata ``T``, together) and every scored pair of records in two
profiles whose match probability is at least `review.SCORED_FROM` (strata ``A``, apart), each cut into bands of that
probability; of a profile of more than MOST_RECORDS, so many count. So precision is that of the profiles, pairs that
only other records join included; recall is measured among the pairs that blocking proposed and the model gave a
chance, and says nothing of matches that neither saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import numpy as np

from identity.errors import IdentityInputError
from identity.review import SCORED_FROM
from identity.sql_text import literal

# Upper ends of the bands of the match probability. A pair in one profile without a score of its own is in band 0.
BANDS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999, 1.0)
# A profile of more records is sampled by so many of them: the pairs of a guest of 10,000 orders are 50 million.
MOST_RECORDS = 1_000
# Fewer labels than this say next to nothing of a stratum: all of five alike leave a Wilson interval of .57 to 1.
MIN_PER_STRATUM = 5
# 97.5% quantile of the standard normal distribution: two-sided intervals of 95%.
Z = 1.959963984540054


@dataclass(frozen=True)
class SampledPair:
    """A pair to label. `weight`: how many pairs of the population it stands for."""

    record_id_l: str
    record_id_r: str
    stratum: str
    weight: float


@dataclass(frozen=True)
class Label:
    """A labelled pair of the sample; `judgement` is '' where the clerk left it open. Strata ``T…`` are together."""

    stratum: str
    weight: float
    judgement: str


@dataclass(frozen=True)
class Estimate:
    """Precision and recall over pairs of records, with 95% intervals; None where no label says anything.

    `labelled` and `unsure` count pairs; `covered` is the share of the population whose strata hold at least one label
    that says yes or no: the others are left out.
    """

    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    labelled: int
    unsure: int
    covered: float

    def as_dict(self) -> dict[str, float | int | None]:
        """Field names and values, for JSON."""
        return asdict(self)


def draw_sample(
    con: duckdb.DuckDBPyConnection, members: str, scored: str, size: int, seed: int = 1
) -> list[SampledPair]:
    """Draw about `size` pairs from table `members` (record_id, profile_id) and table `scored` (record_id_l,
    record_id_r, match_probability), in random order. The same seed and tables give the same pairs.

    Every stratum gets MIN_PER_STRATUM pairs (fewer where `size` is too small for that, but one) or all it has; the rest
    is shared out in proportion to pairs times the standard deviation of a label (Neyman allocation, with the mean match
    probability as the guess of the share of matches, at least .02 from either end). With fewer pairs than `size` all
    are drawn.
    """
    arms = " ".join(f"when p < {upper} then {i}" for i, upper in enumerate(BANDS[:-1], start=1))
    con.execute(
        f"""create or replace temp table __population as
        with score as (
            select least(record_id_l, record_id_r) as a, greatest(record_id_l, record_id_r) as b,
                max(match_probability) as p
            from {scored} group by all
        ),
        large as (select profile_id from {members} group by profile_id having count(*) > {MOST_RECORDS}),
        member as (
            select * from {members} anti join large using (profile_id)
            union all by name
            select * from {members} semi join large using (profile_id)
            qualify row_number() over (partition by profile_id order by md5(record_id), record_id) <= {MOST_RECORDS}
        ),
        together as (
            select l.record_id as a, r.record_id as b
            from member l join member r on l.profile_id = r.profile_id and l.record_id < r.record_id
        ),
        pair as (
            select a, b, 'T' as side, p from together left join score using (a, b)
            union all
            select a, b, 'A', p from score
            join {members} l on l.record_id = a join {members} r on r.record_id = b
            where l.profile_id <> r.profile_id and p >= {SCORED_FROM}
        )
        select a, b, coalesce(p, 0.5) as p,
            side || case when p is null then 0 {arms} else {len(BANDS)} end as stratum from pair"""
    )
    strata = con.execute(
        "select stratum, count(*), avg(p) from __population group by stratum order by stratum"
    ).fetchall()
    wanted = allocate([int(n) for _, n, _ in strata], [float(p) for _, _, p in strata], size)
    con.execute("create or replace temp table __wanted (stratum varchar, n bigint, weight double)")
    if strata:
        con.executemany(
            "insert into __wanted values (?, ?, ?)",
            [(s, take, n / take) for (s, n, _), take in zip(strata, wanted, strict=True) if take],
        )
    rows = con.execute(
        """with shuffled as (select *, md5($seed || '|' || a || '|' || b) as draw from __population)
        select a, b, stratum, weight from shuffled join __wanted using (stratum)
        qualify row_number() over (partition by stratum order by draw, a, b) <= n
        order by draw, a, b""",
        {"seed": str(seed)},
    ).fetchall()
    for table in ("__population", "__wanted"):
        con.execute(f"drop table {table}")
    return [SampledPair(*row) for row in rows]


def allocate(sizes: Sequence[int], shares: Sequence[float], total: int) -> list[int]:
    """How many of `total` pairs each stratum gives: `sizes` in pairs, `shares` the guessed share of matches."""
    least = max(1, min(MIN_PER_STRATUM, total // max(1, len(sizes))))
    taken = [min(n, least) for n in sizes]
    spread = [n * np.sqrt(p * (1 - p)) for n, p in zip(sizes, np.clip(shares, 0.02, 0.98), strict=True)]
    while (left := total - sum(taken)) > 0:
        open_strata = [i for i, n in enumerate(sizes) if taken[i] < n]
        weight = sum(spread[i] for i in open_strata)
        if not open_strata:
            break
        exact = {i: left * spread[i] / weight for i in open_strata}
        add = {i: min(int(exact[i]), sizes[i] - taken[i]) for i in open_strata}
        if not any(add.values()):
            # fewer left than strata: the largest remainders get them
            for i in sorted(open_strata, key=lambda i: (-exact[i], i))[:left]:
                taken[i] += 1
            break
        for i, n in add.items():
            taken[i] += n
    return taken


def estimate(labels: Iterable[Label]) -> Estimate:
    """Precision and recall of the profiles from the labelled pairs of one sample.

    A stratum's pairs are its drawn pairs times their weight; its share of matches is that of its yes and no labels.
    Intervals add the squared distances of the strata's Wilson limits (Newcombe 1998; Zou and Donner 2008), which holds
    where every label of a stratum agrees, too.
    """
    pairs: dict[str, float] = {}
    answers: dict[str, list[int]] = {}
    labelled = unsure = 0
    for label in labels:
        pairs[label.stratum] = pairs.get(label.stratum, 0.0) + label.weight
        if label.judgement == "unsure":
            unsure += 1
        elif label.judgement:
            labelled += 1
            answers.setdefault(label.stratum, []).append(label.judgement == "positive")
    used = sorted(answers)
    together = _Total([(pairs[s], answers[s]) for s in used if s.startswith("T")])
    apart = _Total([(pairs[s], answers[s]) for s in used if s.startswith("A")])
    everything = sum(pairs.values())
    precision = together.point / together.pairs if together.pairs else None
    recall = recall_low = recall_high = None
    if together.point + apart.point > 0:
        recall = _recall(together.point, apart.point)
        down = np.hypot(recall - _recall(together.low, apart.point), recall - _recall(together.point, apart.high))
        up = np.hypot(_recall(together.high, apart.point) - recall, _recall(together.point, apart.low) - recall)
        recall_low, recall_high = max(0.0, recall - float(down)), min(1.0, recall + float(up))
    return Estimate(
        precision,
        together.low / together.pairs if together.pairs else None,
        together.high / together.pairs if together.pairs else None,
        recall, recall_low, recall_high, labelled, unsure,
        sum(pairs[s] for s in used) / everything if everything else 0.0,
    )  # fmt: skip


def _recall(together: float, apart: float) -> float:
    return together / (together + apart) if together + apart > 0 else 1.0


class _Total:
    """Matches in several strata: `point` and 95% limits, out of `pairs`."""

    def __init__(self, strata: Sequence[tuple[float, Sequence[int]]]) -> None:
        self.pairs = sum(size for size, _ in strata)
        self.point = sum(size * sum(a) / len(a) for size, a in strata)
        down = up = 0.0
        for size, answers in strata:
            share = sum(answers) / len(answers)
            low, high = wilson(sum(answers), len(answers))
            down += (size * (share - low)) ** 2
            up += (size * (high - share)) ** 2
        self.low = max(0.0, self.point - float(np.sqrt(down)))
        self.high = min(self.pairs, self.point + float(np.sqrt(up)))


def wilson(successes: int, n: int, z: float = Z) -> tuple[float, float]:
    """Limits of a share by Wilson's score interval (Wilson 1927); `n` > 0."""
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


CLERK_COLUMNS = (
    "source", "name", "native_name", "organisation", "birth_date", "gender", "address", "emails", "phones",
)  # fmt: skip


def sample_rows(core: Path, identity: Path, size: int, seed: int = 1) -> tuple[list[str], list[tuple[str, ...]]]:
    """Columns and rows of a sheet for clerks, from the core and identity tables of the last run.

    Holds personal data: what the two records say of the person, each value beside the other record's; nothing of
    orders or behaviour. The cell ``judgement`` is empty and the stratum's number says little, so that the score does
    not decide for the clerk. Raises `IdentityInputError` before the first run.
    """
    for table in ("scored_pairs", "profile_members", "features"):
        if not (identity / table / "part-0.parquet").exists():
            raise IdentityInputError(f"{identity}: table {table} is missing; run `cdp run` first")
    with duckdb.connect() as con:
        for name, path in (
            ("scored_ids", identity / "scored_pairs"), ("members", identity / "profile_members"),
            ("features", identity / "features"), ("records", core / "customer_records"),
            ("identifiers", core / "record_identifiers"),
        ):  # fmt: skip
            con.execute(f"create view {name} as select * from read_parquet({literal(path / '*.parquet')})")
        con.execute(
            """create view scored as
            select l.record_id as record_id_l, r.record_id as record_id_r, s.match_probability
            from scored_ids s
            join features l on l.unique_id = s.unique_id_l join features r on r.unique_id = s.unique_id_r"""
        )
        drawn = draw_sample(con, "members", "scored", size, seed)
        con.execute(
            "create temp table drawn (number bigint, record_id_l varchar, record_id_r varchar, stratum varchar, "
            "weight double)"
        )
        if drawn:
            con.executemany(
                "insert into drawn values (?, ?, ?, ?, ?)",
                [(i, p.record_id_l, p.record_id_r, p.stratum, p.weight) for i, p in enumerate(drawn)],
            )
        con.execute(
            """create temp table side as
            with asked as (select record_id_l as record_id from drawn union select record_id_r from drawn),
            contact as (
                select record_id, string_agg(distinct value, '; ' order by value) filter (kind = 'email') as emails,
                    string_agg(distinct value, '; ' order by value) filter (kind = 'phone') as phones
                from identifiers semi join asked using (record_id) group by record_id
            )
            select r.record_id, r.source,
                coalesce(r.full_name, nullif(concat_ws(' ', r.given_name, r.middle_name, r.family_name), '')) as name,
                r.native_name, r.organisation, r.birth_date, r.gender,
                nullif(concat_ws(', ', r.unit, r.street, r.postcode, r.locality, r.region, r.country), '') as address,
                c.emails, c.phones
            from records r semi join asked using (record_id) left join contact c using (record_id)"""
        )
        sides = ", ".join(f"coalesce(l.{c}::varchar, ''), coalesce(r.{c}::varchar, '')" for c in CLERK_COLUMNS)
        rows = con.execute(
            f"""select d.record_id_l, d.record_id_r, '' as judgement, '' as reason, {sides}, d.stratum,
                d.weight::varchar
            from drawn d left join side l on l.record_id = d.record_id_l
            left join side r on r.record_id = d.record_id_r order by d.number"""
        ).fetchall()
    named = [f"{column}_{side}" for column in CLERK_COLUMNS for side in ("l", "r")]
    return ["record_id_l", "record_id_r", "judgement", "reason", *named, "stratum", "weight"], rows
