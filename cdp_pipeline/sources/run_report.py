"""What one run took in: files, rows, refusals, new fields and drift, object by object, from the log of runs.

Here: adding up. Not here: writing the log (``ops.py``), printing (``cli/quarantine.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cdp_pipeline.ops import LogEntry
from cdp_pipeline.sources.drift import OWN_FIELDS, shown_name

_DRIFT = re.compile(r"field .+: not an? .+|missing (key|required) .+|(line 1: )?header has no column .+")


@dataclass(frozen=True)
class ObjectReport:
    """One object in one run. Rows: delivered = loaded + quarantined. `new_fields` are unknown fields that no earlier
    run saw at this object, with rows; `drift` has a line for each kind of fault in a field that no earlier run had.
    """

    source: str
    object: str
    files: int
    delivered: int
    loaded: int
    quarantined: int
    failed: int
    over_budget: int
    duplicates: int
    reasons: Mapping[str, int]
    new_fields: Mapping[str, int]
    drift: Sequence[str]
    attention: Sequence[str]
    seconds: float


@dataclass(frozen=True)
class RunReport:
    """One run, its objects in order of name. `finished_at` is UTC, ISO 8601."""

    run_id: str
    finished_at: str
    objects: Sequence[ObjectReport] = field(default_factory=tuple)

    def total(self, name: str) -> int:
        """Sum of a count over all objects."""
        return sum(int(getattr(one, name)) for one in self.objects)

    @property
    def reasons(self) -> dict[str, int]:
        """Rows refused by reason over all objects, most frequent first."""
        return _added(one.reasons for one in self.objects)

    @property
    def news(self) -> list[str]:
        """Lines on what is new in the shape of what was delivered: new fields, drift."""
        lines = []
        for one in self.objects:
            place = f"{one.source}/{one.object}"
            lines += [
                f"{place}: new field {name} in {rows:,} rows, kept in _extra" for name, rows in one.new_fields.items()
            ]
            lines += [f"{place}: {text}" for text in one.drift]
        return lines

    @property
    def attention(self) -> list[str]:
        """Lines on files that failed, are empty or over their error budget."""
        return [line for one in self.objects for line in one.attention]


def run_reports(log: Iterable[LogEntry]) -> list[RunReport]:
    """A report for each run of the log (in order of doing), oldest first."""
    by_run: dict[str, list[LogEntry]] = {}
    for entry in log:
        by_run.setdefault(entry.receipt.run_id, []).append(entry)
    known: dict[tuple[str, str], set[str]] = {}
    reports = []
    for run_id, entries in by_run.items():
        by_object: dict[tuple[str, str], list[LogEntry]] = {}
        for entry in entries:
            by_object.setdefault((entry.receipt.source, entry.receipt.object), []).append(entry)
        objects = [_object(name, own, known.setdefault(name, set())) for name, own in sorted(by_object.items())]
        reports.append(RunReport(run_id, max(e.finished_at for e in entries), tuple(objects)))
    return reports


def _object(name: tuple[str, str], entries: Sequence[LogEntry], known: set[str]) -> ObjectReport:
    """Add up one object of one run; `known` are the unknown fields and faults of earlier runs and grows by these."""
    receipts = [entry.receipt for entry in entries]
    reasons = _added(r.reasons for r in receipts)
    extra = {k: v for k, v in _added(r.extra_fields for r in receipts).items() if k not in OWN_FIELDS}
    faults = {text: f"{text} in {rows:,} rows" for text, rows in reasons.items() if _DRIFT.fullmatch(text)}
    # The rest of such a message holds counts, which would make it new at every file.
    faults |= {m.partition(";")[0]: m for r in receipts if r.status == "failed" and _DRIFT.fullmatch(m := r.message)}
    report = ObjectReport(
        source=name[0],
        object=name[1],
        files=len(receipts),
        delivered=sum(r.delivered for r in receipts),
        loaded=sum(r.loaded for r in receipts),
        quarantined=sum(r.quarantined for r in receipts),
        failed=sum(r.status == "failed" for r in receipts),
        over_budget=sum(r.status == "over_budget" for r in receipts),
        duplicates=sum(r.status == "duplicate" for r in receipts),
        reasons=reasons,
        new_fields={shown_name(k): v for k, v in extra.items() if f"new {k}" not in known},
        drift=[f"{text} (no earlier run had this)" for key, text in faults.items() if key not in known],
        attention=[f"{r.file}: {r.message}" for r in receipts if r.message and r.status != "duplicate"],
        seconds=round(sum(entry.seconds for entry in entries), 3),
    )
    known |= {f"new {k}" for k in extra} | set(faults)
    return report


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for name, number in one.items():
            total[name] = total.get(name, 0) + number
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


__all__ = ["ObjectReport", "RunReport", "run_reports"]
