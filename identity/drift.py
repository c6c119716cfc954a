"""Drift: do today's records and links still look like those the model was trained on?

Every measure compares counts with the training report that lies beside the model. Distributions are compared by the
population stability index (PSI), the sum over classes of (now - trained) · ln(now / trained), with the usual bands:
below .10 no change worth a look, up to .25 some, above that another population (Siddiqi, Credit Risk Scorecards, 2006).
On few observations the index is large by chance: about (1/n + 1/m) times a chi-square variable with classes - 1 degrees
of freedom (Yurdakul, Statistical Properties of Population Stability Index, 2018). A band therefore only counts where
the index also exceeds the 99th percentile of that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import log, log2, sqrt
from pathlib import Path
from typing import Literal

import duckdb

from identity.model import Model
from identity.training_report import DataStatistics, TrainingReport, data_statistics

Verdict = Literal["ok", "watch", "retrain"]
WATCH_PSI, RETRAIN_PSI = 0.1, 0.25
# The share of matches among all pairs falls as records are added, and it is frozen with the model: at x times the
# records it is wrong by log2(x) bits.
WATCH_BITS, RETRAIN_BITS = 1.0, 2.0
# Fewer pairs than this are no rate to speak of.
FEW_PAIRS = 100
_ORDER: dict[str, int] = {"retrain": 0, "watch": 1, "ok": 2}
_NAMED = 3

DRIFT_COLUMNS = "model_version varchar, measure varchar, trained double, now double, psi double, verdict varchar"


@dataclass(frozen=True)
class Measure:
    """One measure at training and now; None where it does not apply.

    ``records``: number of records. ``match_rate``: share of records in a pair from the threshold up.
    ``pairs_per_record``: such pairs, divided by the records.
    ``completeness:<field>``: share of records that fill it. ``covered:<column>``: share of filled records whose value
    has a frozen term frequency. ``outcomes:<comparison>``: mean weight in bits of the pairs from the threshold up, the
    index being taken over the levels; ``candidates:<comparison>``: the same over all candidate pairs, where asked.
    ``definition:<comparison>``: its levels are no longer what they were.
    """

    measure: str
    trained: float | None
    now: float | None
    psi: float | None
    verdict: Verdict


@dataclass(frozen=True)
class DriftReport:
    """All measures of one run against the model it used."""

    model_version: str
    measures: tuple[Measure, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of any measure."""
        return min((m.verdict for m in self.measures), key=lambda v: _ORDER[v], default="ok")

    @property
    def advice(self) -> str:
        """One line: what to do."""
        if not self.measures:
            return "nothing was measured: the model was saved without what its training saw; `cdp model train`"
        moved = sorted((m for m in self.measures if m.verdict != "ok"), key=_worst_first)
        if not moved:
            return "records and links look as they did at training"
        named = ", ".join(m.measure for m in moved[:_NAMED])
        more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
        if self.verdict == "retrain":
            return f"far from training: {named}{more}: `cdp model train`, then look at `cdp model diff`"
        return f"moved since training: {named}{more}: keep an eye on it"

    def as_json(self) -> str:
        """One line of JSON with verdict and advice."""
        return json.dumps(asdict(self) | {"verdict": self.verdict, "advice": self.advice})

    def as_text(self) -> str:
        """One line per measure, the worst first."""
        lines = [f"model {self.model_version}: {self.verdict}: {self.advice}"]
        if self.measures:
            lines += ["", f"{'measure':<34}{'trained':>12}{'now':>12}{'PSI':>8}  verdict"]
        for m in sorted(self.measures, key=_worst_first):
            psi = "" if m.psi is None else f"{m.psi:.3f}"
            lines.append(f"{m.measure:<34}{_shown(m, m.trained):>12}{_shown(m, m.now):>12}{psi:>8}  {m.verdict}")
        return "\n".join(lines)


def _worst_first(measure: Measure) -> tuple[int, float, str]:
    return (_ORDER[measure.verdict], -(measure.psi or 0.0), measure.measure)


def _shown(measure: Measure, value: float | None) -> str:
    if value is None:
        return ""
    if measure.measure == "records":
        return f"{value:,.0f}"
    if measure.measure == "pairs_per_record":
        return f"{value:.3f}"
    in_bits = measure.measure.startswith(("outcomes:", "candidates:"))
    return f"{value:.2f} bits" if in_bits else f"{value:.1%}"


def population_stability(trained: Sequence[float], now: Sequence[float]) -> float:
    """PSI of two lists of counts over the same classes; 0 if either is empty. A class seen on one side only counts as
    half an observation on the other, so that the index stays finite."""
    n, m = sum(trained), sum(now)
    if not n or not m:
        return 0.0
    index = 0.0
    for before, after in zip(trained, now, strict=True):
        if before or after:
            p, q = max(before, 0.5) / n, max(after, 0.5) / m
            index += (q - p) * log(q / p)
    return index


def chance_level(trained: Sequence[float], now: Sequence[float]) -> float:
    """What the index exceeds in one of a hundred samples of unchanged data, given how many observations there are."""
    n, m = sum(trained), sum(now)
    freedom = sum(1 for before, after in zip(trained, now, strict=True) if before or after) - 1
    if not n or not m or freedom < 1:
        return 0.0
    # Wilson and Hilferty 1931: 99th percentile of chi-square
    quantile = freedom * (1 - 2 / (9 * freedom) + 2.3263 * sqrt(2 / (9 * freedom))) ** 3
    return float((1 / n + 1 / m) * quantile)


def judge(trained: Sequence[float], now: Sequence[float]) -> tuple[float, Verdict]:
    """PSI of two lists of counts and its verdict."""
    index = population_stability(trained, now)
    if index <= chance_level(trained, now):
        return index, "ok"
    return index, "retrain" if index >= RETRAIN_PSI else "watch" if index >= WATCH_PSI else "ok"


def measure_drift(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    report: TrainingReport | None,
    *,
    features: str = "features",
    scored: str = "scored",
    frequencies: str | None = "frozen_frequencies",
    candidates: bool = False,
) -> DriftReport:
    """Compare the current records and scored pairs on `con` with what the training of `model` saw (`report`).

    Tables as `training_report.data_statistics` takes them: `features` of all current records; `scored` with every pair
    from the threshold up; `candidates` also looks at the weaker ones, which then must all be there. Without `report`
    only the growth is measured.
    """
    trained = report.statistics if report else None
    now = data_statistics(
        con,
        model.chosen(),
        trained.threshold if trained else model.threshold,
        features=features,
        scored=scored,
        frequencies=frequencies,
        candidates=candidates,
    )
    return compare(model, trained, now)


def compare(model: Model, trained: DataStatistics | None, now: DataStatistics) -> DriftReport:
    """The drift between two counts of the same kind, `trained` being the one of `model`'s training."""
    measures = [_growth(model.trained_records, now.records)]
    measures += [Measure(f"definition:{name}", None, None, None, "watch") for name in model.redefined()]
    if trained is not None:
        measures += _shares(trained, now)
        measures += _links(trained, now)
        for kind, before_by_name, after_by_name in (
            ("outcomes", trained.outcomes, now.outcomes),
            ("candidates", trained.candidates, now.candidates),
        ):
            for name in model.comparisons:
                before, after = before_by_name.get(name, []), after_by_name.get(name, [])
                if len(before) == len(after) == len(model.trained.m[name]) + 1 and any(before) and any(after):
                    bits = (_mean_bits(model, name, before), _mean_bits(model, name, after))
                    measures.append(Measure(f"{kind}:{name}", *bits, *judge(before, after)))
    return DriftReport(model.version, tuple(measures))


def _links(trained: DataStatistics, now: DataStatistics) -> Iterable[Measure]:
    """Pairs per record may rise while the share of matched records stands still: a value that many came to share."""
    if min(trained.matched_pairs, now.matched_pairs) >= FEW_PAIRS and trained.records and now.records:
        before, after = trained.matched_pairs / trained.records, now.matched_pairs / now.records
        yield Measure("pairs_per_record", before, after, None, _by_bits(log2(after / before)))


def _growth(trained: int, now: int) -> Measure:
    return Measure("records", float(trained), float(now), None, _by_bits(log2(max(now, 1) / max(trained, 1))))


def _by_bits(bits: float) -> Verdict:
    return "retrain" if abs(bits) >= RETRAIN_BITS else "watch" if abs(bits) >= WATCH_BITS else "ok"


def _shares(trained: DataStatistics, now: DataStatistics) -> Iterable[Measure]:
    """Measures that are one share: (observations with, observations in all) at training and now."""
    pairs = {
        "match_rate": ((trained.matched_records, trained.matched_of), (now.matched_records, now.matched_of)),
        **{
            f"completeness:{name}": ((count, trained.records), (now.filled[name], now.records))
            for name, count in trained.filled.items()
            if name in now.filled
        },
        **{
            f"covered:{column}": ((counts[0], counts[1]), (now.covered[column][0], now.covered[column][1]))
            for column, counts in trained.covered.items()
            if column in now.covered
        },
    }
    for name, ((before, before_all), (after, after_all)) in pairs.items():
        if before_all and after_all:
            index, verdict = judge((before, before_all - before), (after, after_all - after))
            yield Measure(name, before / before_all, after / after_all, index, verdict)


def _mean_bits(model: Model, comparison: str, outcomes: Sequence[int]) -> float:
    m, u = model.trained.m[comparison], model.trained.u[comparison]
    return sum(n * log2(a / b) for n, a, b in zip(outcomes, m, u, strict=False)) / sum(outcomes)


def drift_table(con: duckdb.DuckDBPyConnection, report: DriftReport, *, out: str = "model_drift") -> None:
    """Write table `out` with `DRIFT_COLUMNS`, one row per measure; typed also when empty."""
    con.execute(f"create or replace table {out} ({DRIFT_COLUMNS})")
    if report.measures:
        con.executemany(
            f"insert into {out} values (?, ?, ?, ?, ?, ?)",
            [[report.model_version, m.measure, m.trained, m.now, m.psi, m.verdict] for m in report.measures],
        )


def read_drift(identity: Path) -> DriftReport | None:
    """What the last run measured, from ``<identity>/model_drift/*.parquet``; None if no run has."""
    files = sorted((identity / "model_drift").glob("*.parquet"))
    if not files:
        return None
    with duckdb.connect() as con:
        rows = con.execute(
            "select model_version, measure, trained, now, psi, verdict from read_parquet(?) order by measure",
            [[str(path) for path in files]],
        ).fetchall()
    version = str(rows[0][0]) if rows else ""
    return DriftReport(version, tuple(Measure(*row[1:]) for row in rows))
