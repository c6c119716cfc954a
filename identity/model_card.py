"""The model card: what a model learnt, from what, what each field contributes and what stayed at its default and why.

`model_card` gives one JSON document, ``card.json``; `card_text` and `card_html` show it. It holds parameters and counts
only, and no clock: the same training writes the same card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2
from typing import TYPE_CHECKING, Any

from identity.comparison import Comparison
from identity.training import PRIOR_PAIRS
from identity.training_report import DataStatistics, TrainingReport

if TYPE_CHECKING:
    from identity.model import Model

CARD_FORMAT = 1
# A level that fewer accepted pairs than this show is told by its prior more than by the data.
FEW_PAIRS = int(PRIOR_PAIRS)


def model_card(model: Model, report: TrainingReport | None) -> dict[str, Any]:
    """The card of `model` as plain JSON values; without `report` only what the parameters tell.

    Weights are in bits. Per comparison, `information_bits` is the sum over its levels of m · log2(m / u): what one
    comparable pair of the same person tells on average against strangers (Kullback-Leibler divergence);
    `household_information_bits` is the same against two members of one household; `mean_weight_bits` is the mean of
    |log2(m / u)| over the accepted pairs of the training data, pairs that cannot be compared counting 0.
    """
    seen = report.statistics if report else None
    return {
        "card_format": CARD_FORMAT,
        "version": model.version,
        "base_version": model.base_version or model.version,
        "overridden": list(model.overridden),
        "trained_records": model.trained_records,
        "seed": report.seed if report else None,
        "classes": _classes(model),
        "threshold": _threshold(model, report),
        "comparisons": [_comparison(c, model, seen) for c in model.chosen()],
        "left_out": _left_out(model, seen),
        "fields": _fields(report),
        "pairs": {
            "candidates": report.candidate_pairs if report else None,
            "from_threshold": seen.matched_pairs if seen else None,
            "matched_records": seen.matched_records if seen else None,
        },
        "blocking": report.as_dict()["blocking"] if report else [],
        "over_shared_values": dict(report.over_shared) if report else {},
        "term_frequencies": _term_frequencies(report),
        "report": report.as_dict() if report else None,
    }


def _classes(model: Model) -> dict[str, float | int]:
    t = model.trained
    return {
        "same_person_share": t.match_share,
        "household_share": t.household_share,
        "stranger_share": 1 - t.match_share - t.household_share,
        "pairs_seen": t.pairs_seen,
    }


def _threshold(model: Model, report: TrainingReport | None) -> dict[str, Any]:
    curve = [
        {"threshold": t, "pairs": n, "expected_wrong": w, "expected_wrong_share": w / n if n else 0.0}
        for t, n, w in (report.calibration if report else ())
    ]
    return {
        "value": model.threshold,
        "how": _how(model, report),
        "tolerated_wrong_share": report.tolerated_wrong if report else None,
        "curve": curve,
    }


def _how(model: Model, report: TrainingReport | None) -> str:
    if any(text.startswith("threshold:") for text in model.overridden):
        return "set by the rules"
    if report is None:
        return "not told: the model was saved without what its training saw"
    low, high = report.threshold_range
    text = (
        f"calibrated on the training data: the least probability between {low:g} and {high:g} from which the model "
        f"itself expects at most {report.tolerated_wrong:.1%} of the accepted pairs to be wrong"
    )
    if model.threshold <= low:
        return f"{text}; it stands at the lower bound, where still fewer are expected"
    if model.threshold >= high:
        return f"{text}; it stands at the upper bound"
    return text


def _comparison(comparison: Comparison, model: Model, seen: DataStatistics | None) -> dict[str, Any]:
    name, t = comparison.name, model.trained
    m, h, u = t.m[name], t.h[name], t.u[name]
    accepted = (seen.outcomes if seen else {}).get(name)
    candidates = (seen.candidates if seen else {}).get(name)
    levels = []
    for i, level in enumerate(comparison.levels):
        reasons = untrained(comparison, i, accepted, t.pairs_seen)
        levels.append(
            {
                "name": level.name,
                "m": m[i],
                "h": h[i],
                "u": u[i],
                "weight_bits": log2(m[i] / u[i]),
                "household_weight_bits": log2(m[i] / h[i]),
                "term_frequency": level.tf,
                "accepted_pairs": accepted[i] if accepted else None,
                "candidate_pairs": candidates[i] if candidates else None,
                "untrained": reasons,
                # h of personal evidence is never trained, which is no news on any single level
                "is_default": any(not reason.startswith("h stays") for reason in reasons),
            }
        )
    weights = [abs(log2(a / b)) for a, b in zip(m, u, strict=True)]
    mean = None
    if accepted and sum(accepted):
        mean = sum(w * n for w, n in zip(weights, accepted, strict=False)) / sum(accepted)
    return {
        "name": name,
        "evidence": comparison.scope,
        "definition": model.definitions.get(name),
        "information_bits": _information(m, u),
        "household_information_bits": _information(m, h),
        "mean_weight_bits": mean,
        "accepted_not_comparable": accepted[-1] if accepted else None,
        "levels": levels,
    }


def _information(m: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * log2(a / b) for a, b in zip(m, other, strict=True))


def untrained(comparison: Comparison, number: int, accepted: Sequence[int] | None, pairs_seen: int) -> list[str]:
    """Why parameters of level `number` were not measured on the data; empty if all were."""
    level = comparison.levels[number]
    reasons = []
    if pairs_seen == 0:
        reasons.append("m, h, u: no pair to train on, all stay at their defaults")
        return reasons
    if level.rare and not level.covered:
        reasons.append(
            "u stays at its default: strangers practically never agree so, random pairs show matches instead"
        )
    if comparison.scope == "personal":
        reasons.append("h stays at its default: it tells relatives apart, and left free the class collects slips")
    if accepted is not None and accepted[number] < FEW_PAIRS:
        reasons.append(f"m is held by its prior: {accepted[number]} accepted pairs show it, fewer than {FEW_PAIRS}")
    return reasons


def _left_out(model: Model, seen: DataStatistics | None) -> list[dict[str, Any]]:
    from identity.model import offered_comparisons

    off = {text.removesuffix(": off") for text in model.overridden if text.endswith(": off")}
    rows = []
    for comparison in offered_comparisons(model.attributes):
        if comparison.name in model.comparisons:
            continue
        filled = min((seen.filled.get(need, 0) for need in comparison.needs), default=0) if seen else None
        if comparison.name in off:
            reason = "switched off by the rules"
        elif filled is not None and filled >= 2:
            reason = "not chosen at training"
        else:
            reason = "fewer than two records fill it"
        rows.append({"comparison": comparison.name, "filled_records": filled, "reason": reason})
    return rows


def _fields(report: TrainingReport | None) -> list[dict[str, Any]]:
    if report is None:
        return []
    total = report.statistics.records if report.statistics else 0
    filled = report.statistics.filled if report.statistics else {}
    return [
        {
            "name": f.name,
            "completeness": filled.get(f.name, 0) / total if total else 0.0,
            "distinct_values": f.distinct,
            "of_records": f.records,
            "most_frequent_share": f.most_frequent / f.filled if f.filled else 0.0,
            "chance_agreement": f.agreement,
        }
        for f in report.fields
    ]


def _term_frequencies(report: TrainingReport | None) -> list[dict[str, Any]]:
    covered = report.statistics.covered if report and report.statistics else {}
    kept = report.kept_values if report else {}
    return [
        {
            "column": column,
            "values_kept": values,
            "covered_share": covered[column][0] / covered[column][1] if covered.get(column, [0, 0])[1] else None,
        }
        for column, values in kept.items()
    ]


def card_text(card: Mapping[str, Any]) -> str:
    """The card for a terminal."""
    classes, threshold, pairs = card["classes"], card["threshold"], card["pairs"]
    seed = "" if card["seed"] is None else f", seed {card['seed']}"
    lines = [
        f"model {card['version']}: trained on {card['trained_records']:,} records and {classes['pairs_seen']:,} "
        f"candidate pairs{seed}",
        f"shares of pairs of one country: same person {classes['same_person_share']:.2e}, one household "
        f"{classes['household_share']:.2e}",
        f"threshold {threshold['value']:.3f}: {threshold['how']}",
    ]
    if pairs["from_threshold"] is not None:
        lines.append(
            f"pairs from the threshold up: {pairs['from_threshold']:,} on {pairs['matched_records']:,} records"
        )
    lines += [f"overridden by rules: {text}" for text in card["overridden"]]
    lines += ["", "what each comparison contributes, in bits (sum of m·log2(m/u) for one pair of the same person)", ""]
    lines.append(f"{'comparison':<16}{'evidence':<10}{'strangers':>10}{'household':>11}{'mean |w|':>10}")
    for c in sorted(card["comparisons"], key=lambda c: -c["information_bits"]):
        mean = "–" if c["mean_weight_bits"] is None else f"{c['mean_weight_bits']:.2f}"
        lines.append(
            f"{c['name']:<16}{c['evidence']:<10}{c['information_bits']:>10.2f}"
            f"{c['household_information_bits']:>11.2f}{mean:>10}"
        )
    for c in card["comparisons"]:
        lines += ["", f"{c['name']:<42}{'m':>10}{'h':>10}{'u':>10}{'bits':>8}{'vs. home':>10}"]
        for level in c["levels"]:
            star = " *" if level["is_default"] else ""
            lines.append(
                f"  {level['name']:<40}{_p(level['m']):>10}{_p(level['h']):>10}{_p(level['u']):>10}"
                f"{level['weight_bits']:>8.1f}{level['household_weight_bits']:>10.1f}{star}"
            )
    lines += ["", "* m or u was not measured on this data; the reasons: `cdp model show --html FILE`"]
    for left in card["left_out"]:
        lines.append(f"left out: {left['comparison']} ({left['reason']})")
    if card["fields"]:
        lines += ["", f"{'field':<16}{'filled':>8}{'values':>10}{'top value':>11}{'agree by chance':>17}"]
        lines += [
            f"{f['name']:<16}{f['completeness']:>8.1%}{f['distinct_values']:>10,}{f['most_frequent_share']:>11.1%}"
            f"{f['chance_agreement']:>17.2e}"
            for f in card["fields"]
        ]
    return "\n".join(lines)


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.001 else f"{value:.1e}"


def card_html(card: Mapping[str, Any]) -> str:
    """The card as one HTML file with inline pictures and nothing to load."""
    from identity.model_card_html import card_page

    return card_page(card)
