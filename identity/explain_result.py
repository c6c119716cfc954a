"""What an explanation holds, and its text and JSON. No record's values unless the caller asked for them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

CONFLICT_TEXT = {
    "entity_type": "a person and an organisation",
    "given_name": "other given names, and birth dates that do not agree",
    "generation": "birth years a generation apart",
    "suffix": "other generation suffixes",
    "birth_date": "other birth dates, other e-mails and other phones",
    "gender": "other gender and given name in one family",
    "twins": "one birth date and home, other given names and contacts",
}


def conflict_text(rule: str | None) -> str:
    """What the conflict rule `rule` (`rules.ConflictRules`) says of the two records."""
    return CONFLICT_TEXT.get(rule or "", f"by the rule {rule}")


@dataclass(frozen=True)
class Contribution:
    """One comparison's outcome, in bits: for the same person against strangers and against one household, and what
    the frequency of the agreeing value adds to the former. The values are None unless asked for."""

    comparison: str
    outcome: str
    against_strangers: float
    against_household: float
    term_frequency: float = 0.0
    value_l: str | None = None
    value_r: str | None = None


@dataclass(frozen=True)
class Step:
    """One edge of the path, or the direct comparison of two records that are apart.

    `match_weight` and `match_probability` are the stored edge's (None without one or where only a rule joins);
    `prior_strangers` plus the contributions is `stranger_weight`, `prior_household` plus the contributions is
    `household_weight`, and `weight` is what both leave: -log2(2^-stranger_weight + 2^-household_weight).
    """

    record_id_l: str
    record_id_r: str
    kind: str
    rule: str
    match_weight: float | None
    match_probability: float | None
    is_conflict: bool
    contributions: tuple[Contribution, ...]
    conflict_rule: str | None = None
    prior_strangers: float = 0.0
    prior_household: float = 0.0
    stranger_weight: float = 0.0
    household_weight: float = 0.0
    weight: float = 0.0
    probability: float = 0.0

    def changed(self) -> str:
        """A sentence where the stored weight is not the one computed now, else nothing."""
        if self.kind != "probabilistic" or self.match_weight is None or abs(self.match_weight - self.weight) < 0.005:
            return ""
        return f"The edge was stored with {self.match_weight:+.2f} bits: its model or its records have changed since."


@dataclass(frozen=True)
class Apart:
    """One reason that keeps two records apart: a code for programs and a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """`linked` tells whether a path of edges joins the two records; `steps` is that path or the direct comparison;
    `reasons` tells what keeps the two apart, the decisive reason first. `threshold` as probability and in bits."""

    record_id_l: str
    record_id_r: str
    linked: bool
    steps: tuple[Step, ...]
    reasons: tuple[Apart, ...]
    model_version: str
    threshold: float
    threshold_bits: float
    with_values: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; the keys of values are there only where they were asked for."""
        content = asdict(self)
        for step in content["steps"]:
            for contribution in step["contributions"]:
                if not self.with_values:
                    del contribution["value_l"], contribution["value_r"]
        return content

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.as_dict(), ensure_ascii=False)

    def headline(self) -> str:
        """One line with the verdict."""
        return f"{self.record_id_l} and {self.record_id_r} are {'' if self.linked else 'not '}linked"

    def as_text(self) -> str:
        """Readable text; names levels and weights, and values only where they were asked for."""
        lines = [self.headline()]
        lines += [f"  {'because' if i == 0 else 'also'}: {reason.text}" for i, reason in enumerate(self.reasons)]
        for number, step in enumerate(self.steps, start=1):
            score = "" if step.match_probability is None else f", probability {step.match_probability:.4f}"
            lines.append(f"{number}. {step.record_id_l} — {step.record_id_r}: {step.kind} ({step.rule}{score})")
            if step.is_conflict:
                lines.append(f"   cannot be one person: {conflict_text(step.conflict_rule)}")
            lines.append(f"   {'bits for the same person':<50} {'strangers':>10} {'household':>10}")
            lines.append(_row("prior", "", step.prior_strangers, step.prior_household))
            for c in step.contributions:
                if c.outcome == "not comparable":
                    lines.append(f"   {c.comparison:<14} {c.outcome:<35} {'·':>10} {'·':>10}")
                    continue
                lines.append(_row(c.comparison, c.outcome, c.against_strangers, c.against_household))
                if c.term_frequency:
                    lines.append(_row("", "how common the value is", c.term_frequency, None))
                if c.value_l is not None or c.value_r is not None:
                    lines.append(f"   {'':<14} {c.value_l or '—'} | {c.value_r or '—'}")
            lines.append(_row("sum", "", step.stranger_weight, step.household_weight))
            lines.append(
                f"   both together {step.weight:+.2f} bits, probability {step.probability:.4f}; "
                f"linked from {self.threshold_bits:+.2f} bits ({self.threshold:.4f})"
            )
            if step.changed():
                lines.append(f"   {step.changed()}")
        return "\n".join(lines)


def _row(name: str, outcome: str, strangers: float, household: float | None) -> str:
    against = "" if household is None else f"{household:+10.2f}"
    return f"   {name:<14} {outcome:<35} {strangers:+10.2f} {against}".rstrip()
