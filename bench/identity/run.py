"""What identity resolution must show, in one command: accuracy on labelled sets, names in Han and pinyin, speed.

usage: python bench/identity/run.py [--records N] [--labelled DIR] [--share S ...] [--docs]
    --records   size of the speed part (default 100000; 0 leaves it out)
    --share     increments to measure (default .01; several allowed)
    --labelled  folder of public labelled sets (default: shared/data beside the checkout); what is absent is left out
    --limit     seconds after which bare Splink is stopped (default: none; 5M records were not done in 25 minutes)
    --docs      write the table into docs/identity-benchmarks.md as well
prints the table in Markdown.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
from pathlib import Path

from labelled import FLAT, made_up, senzing_stages, sets
from labelled import measure as measure_set
from names import verdicts
from speed import Speed, make_records
from speed import measure as measure_speed

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample" / "truth" / "records.parquet"
PAGE = ROOT / "docs" / "identity-benchmarks.md"


def accuracy_table(labelled: Path) -> list[str]:
    """One line per labelled set, and one per staged load."""
    lines = ["| set | records | precision | recall | F1 | target |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as scratch:
        for one in (*sets(labelled, SAMPLE), *made_up(Path(scratch))):
            e = measure_set(one, Path(scratch))
            target = f"F1 ≥ {one.target:.3f}" + (f", P ≥ {one.target_precision}" if one.target_precision else "")
            met = e.pairwise_f1 >= one.target and e.pairwise_precision >= one.target_precision
            lines.append(_line(one.name, e.records, e.pairwise_precision, e.pairwise_recall, e.pairwise_f1,
                               f"{target}: {'met' if met else 'missed'}"))  # fmt: skip
        if (labelled / "senzing_truthset").exists():
            for number, stage in enumerate(senzing_stages(labelled / "senzing_truthset", Path(scratch)), start=1):
                e, made, true = stage.evaluation, stage.events, stage.true_events
                note = f"merged {made[0]} (truth {true[0]}), split {made[1]} (truth {true[1]})" if number > 1 else ""
                lines.append(_line(f"Senzing, load {number} (+ {stage.added}) into one store", e.records,
                                   e.pairwise_precision, e.pairwise_recall, e.pairwise_f1, note))  # fmt: skip
    return lines


def _line(name: str, records: int, precision: float, recall: float, f1: float, note: str) -> str:
    return f"| {name} | {records:,} | {precision:.4f} | {recall:.4f} | {f1:.4f} | {note} |"


def names_table() -> list[str]:
    """Hand-made pairs of names by kind."""
    lines = ["| pairs of names | right | of |", "|---|---|---|"]
    kinds = verdicts()
    lines += [f"| {kind} | {right} | {total} |" for kind, (right, total) in sorted(kinds.items())]
    right, total = (sum(v[i] for v in kinds.values()) for i in (0, 1))
    return [*lines, f"| all | {right} | {total} ({right / total:.3f}) |"]


def speed_table(done: Speed) -> list[str]:
    """Seconds, peak memory and ratios to bare Splink."""
    lines = [
        f"| {done.records:,} records | seconds | of bare Splink's | peak GB | precision | recall | F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    bare, full = done.bare, done.full
    for name, child, quality in (("bare Splink", bare, done.bare_quality), ("`cdp resolve`, full", full, done.quality)):
        measures = " | ".join(f"{quality[m]:.4f}" if quality else "–" for m in ("precision", "recall", "f1"))
        ratio = child.seconds / bare.seconds
        unfinished = "> " if child.stopped else ""
        least = "< " if bare.stopped and child is not bare else ""
        lines.append(
            f"| {name} | {unfinished}{child.seconds:.1f} | {least}{ratio:.2f} | {child.peak_gb:.2f} | {measures} |"
        )
    rows = [(f"`cdp resolve`, increment of {share:.1%}", child) for share, child in done.increments.items()]
    for name, child in [*rows, ("`cdp explain`, one linked pair", done.explain)]:
        ratio = child.seconds / bare.seconds
        least = "< " if bare.stopped else ""
        lines.append(f"| {name} | {child.seconds:.1f} | {least}{ratio:.3f} | {child.peak_gb:.2f} | | | |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--labelled", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--share", type=float, action="append")
    parser.add_argument("--limit", type=float)
    parser.add_argument("--docs", action="store_true")
    args = parser.parse_args()
    lines = [*accuracy_table(args.labelled), "", *names_table()]
    if args.records:
        with tempfile.TemporaryDirectory() as scratch:
            records = Path(scratch, "records.parquet")
            make_records(records, args.records)
            lines += [
                "",
                *speed_table(measure_speed(records, FLAT, tuple(args.share or (0.01,)), Path(scratch), args.limit)),
            ]
    print("\n".join(lines))
    if args.docs:
        head = (
            "# Identity: what it reaches\n\n"
            f"Made by `python bench/identity/run.py --docs --records {args.records}"
            f"{''.join(f' --share {share:g}' for share in args.share or ())}` with the default model; "
            f"seconds are of one machine ({platform.machine()}, 2 cores), ratios of one run.\n\n"
        )
        PAGE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
