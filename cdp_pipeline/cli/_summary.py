"""What a run prints when it is done: counts first, then time, then where to look."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cdp_pipeline.cli._common import table

if TYPE_CHECKING:
    from cdp_pipeline.run import RunSummary

_MOST_NOTES = 12
_MOST_SEGMENTS = 20


def say(line: str) -> None:
    """One progress line on standard error, so that standard output stays the result."""
    print(line, file=sys.stderr, flush=True)


def progress_fd() -> int | None:
    """Descriptor of standard error for lines about finished steps; None where it is no file (inside other programs)."""
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError):
        return None


def format_run(summary: RunSummary) -> str:
    """Rows, identity, segments, time per step, peak memory."""
    parts = [_ingest(summary), _identity(summary), _segments(summary.segments), _time(summary)]
    state = f"published {summary.version}" if summary.published else f"nothing new to publish, {summary.version} stays"
    return "\n\n".join([part for part in parts if part] + [f"{state}, as of {summary.as_of}"])


def format_plan(summary: RunSummary) -> str:
    """What a run would do to profile ids; nothing is published."""
    parts = [_ingest(summary), _identity(summary), _change(summary)]
    held_back = summary.identity.held_back if summary.identity else None
    end = "nothing was published: `cdp run` does it"
    if held_back:
        end = f"nothing was published, and a plain `cdp run` is held back: {held_back}"
    return "\n\n".join([part for part in parts if part] + [end])


def _change(summary: RunSummary) -> str:
    from identity.partition_diff import diff_text

    title = f"plan as of {summary.as_of}"
    change = summary.identity.partition_diff() if summary.identity else None
    if change is None:
        return f"{title}: all profiles are new, nothing has been published yet"
    if not change.changed:
        return f"{title}: no merge and no split\n{diff_text(change, old='published', new='planned')}"
    told = [
        text
        for n, text in (
            (change.merged, f"{change.merged:,} profiles merge into {change.merges:,}"),
            (change.split, f"{change.split:,} split"),
            (change.dissolved, f"{change.dissolved:,} lose all their records"),
        )
        if n
    ]
    return f"{title}: {', '.join(told)}\n{diff_text(change, old='published', new='planned')}"


def _ingest(summary: RunSummary) -> str:
    taken = summary.ingest
    lines = [
        f"rows in      {taken.delivered:,} delivered in {taken.files:,} files:"
        f" {taken.loaded:,} raw, {taken.quarantined:,} quarantined"
    ]
    lines += [f"  {rows:>8,}  {reason}" for reason, rows in taken.reasons.items()]
    if taken.over_budget or taken.failed:
        lines.append(f"  files over their error budget: {taken.over_budget:,}, unreadable: {taken.failed:,}")
    notes = [*summary.notes, *taken.attention, *taken.news]
    lines += [f"  note: {note}" for note in notes[:_MOST_NOTES]]
    if len(notes) > _MOST_NOTES:
        lines.append(f"  … and {len(notes) - _MOST_NOTES} more: cdp quarantine report")
    return "\n".join(lines)


def _identity(summary: RunSummary) -> str:
    run = summary.identity
    if run is None:
        return ""
    work = "everything linked again" if run.is_full else "only what changed was linked again"
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in run.dropped_by_reason.items())
    model = f"model {run.model_version}{', trained now' if run.trained else ''}"
    drift = f"; drift {run.drift}: {run.drift_advice}" if run.drift not in ("", "ok") else ""
    return (
        f"identity     {run.records:,} records → {run.profiles:,} profiles;"
        f" {run.merges:,} merges, {run.splits:,} splits\n"
        f"             {run.changed:,} records changed, {run.pairs:,} pairs compared ({work})\n"
        f"             {run.review:,} pairs to review, {run.dropped_edges:,} links dropped"
        f"{f' ({reasons})' if reasons else ''}, largest profile {run.largest_cluster:,} records\n"
        f"             {model}{drift}"
    )


def _segments(segments: Mapping[str, int]) -> str:
    if not segments:
        return ""
    lines = [table(["segment", "profiles"], list(segments.items())[:_MOST_SEGMENTS])]
    if len(segments) > _MOST_SEGMENTS:
        lines.append(f"… and {len(segments) - _MOST_SEGMENTS} more: cdp segment list")
    return "\n".join(lines)


def _time(summary: RunSummary) -> str:
    rows = sorted(summary.seconds.items(), key=lambda item: -item[1])
    ingest = sum(seconds for step, seconds in rows if step.startswith("raw_"))
    shown = [("ingest", ingest)] if ingest else []
    shown += [(step, seconds) for step, seconds in rows if not step.startswith("raw_") and seconds >= 0.1]
    listed = ", ".join(f"{step} {seconds:.1f}" for step, seconds in sorted(shown, key=lambda item: -item[1]))
    return (
        f"time         {summary.total_seconds:.0f} s ({listed}; rest: start-up)\n"
        f"peak memory  {summary.peak_memory_gb:.2f} GB"
    )
