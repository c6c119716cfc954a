"""What became of landed files: of one file, of a delivery day, and of all receipts held against the lake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cdp_pipeline.sources.drift import Drift


@dataclass(frozen=True)
class FileResult:
    """What became of one file. delivered = loaded + quarantined (rows, after unwrapping envelopes).

    `status` is ok, over_budget (loaded, but more rows refused than the contract's error budget), empty, duplicate,
    failed (nothing loaded, `message` says why) or deferred (changed while it was read; the next run takes it).
    """

    file: str
    status: str
    delivered: int = 0
    loaded: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] | None = None
    extra_fields: Mapping[str, int] | None = None
    message: str = ""
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True)
class IngestResult:
    """Outcome of one delivery day of one object."""

    source: str
    obj: str
    dt: date
    files: tuple[FileResult, ...]

    @property
    def delivered(self) -> int:
        return sum(f.delivered for f in self.files)

    @property
    def loaded(self) -> int:
        return sum(f.loaded for f in self.files)

    @property
    def quarantined(self) -> int:
        return sum(f.quarantined for f in self.files)

    @property
    def reasons(self) -> dict[str, int]:
        """Rows refused by their first reason, most frequent first."""
        return _add_up(f.reasons or {} for f in self.files)

    @property
    def extra_fields(self) -> dict[str, int]:
        """Rows by unknown top-level field, most frequent first."""
        return _add_up(f.extra_fields or {} for f in self.files)

    @property
    def drift(self) -> tuple[Drift, ...]:
        """Fields that are not as declared, once each, and new ones."""
        return tuple(dict.fromkeys(d for f in self.files for d in f.drift))

    @property
    def failed_budget(self) -> bool:
        """A file refused more rows than its error budget allows; its good rows are in raw all the same."""
        return any(f.status == "over_budget" for f in self.files)

    @property
    def failed_files(self) -> tuple[FileResult, ...]:
        return tuple(f for f in self.files if f.status == "failed")

    @property
    def message(self) -> str:
        """One line per file that needs attention; empty when all is well."""
        return "\n".join(f"{f.file}: {f.message}" for f in self.files if f.message and f.status != "duplicate")


@dataclass(frozen=True)
class Reconciliation:
    """Receipts held against the lake. Every list holds one-line messages; all empty means that all is well."""

    delivered: int
    loaded: int
    quarantined: int
    mismatches: tuple[str, ...]
    disappeared: tuple[str, ...]
    over_budget: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Rows add up: nothing lost and nothing doubled. Failed files and gone files do not count against it."""
        return not self.mismatches


def _add_up(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for name, number in one.items():
            total[name] = total.get(name, 0) + number
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


__all__ = ["FileResult", "IngestResult", "Reconciliation"]
