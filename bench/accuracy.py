"""Our matcher beside bare Splink on the same flat records: accuracy, time and memory, each in a process of its own.

usage: python bench/accuracy.py [RECORDS.parquet | PEOPLE]     (default: data/sample/truth/records.parquet)
A number makes that many people with the generator first. Both see the same columns (names, birth date, postcode,
street, phone, e-mail); the platform's own runs also have the systems' identifiers, and score higher.
prints one JSON object; `ratio` is ours over bare Splink's.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample" / "truth" / "records.parquet"


def resolve(records: Path) -> dict[str, float | int]:
    """One full resolve with the default model: normalisation, training, scoring, clustering, registry, output."""
    import duckdb

    from identity import Roles, evaluate_files, resolve_files

    roles = Roles(
        "record_id",
        single={
            "given_name": ("first_name",),
            "family_name": ("last_name",),
            "birth_date": ("dob",),
            "postcode": ("zip",),
            "street": ("street",),
        },
        lists={"phone": ("phone",), "email": ("email",)},
    )
    with tempfile.TemporaryDirectory() as scratch:
        out, truth = Path(scratch, "out.parquet"), Path(scratch, "truth.csv")
        started = time.monotonic()
        done = resolve_files([records], roles, out)
        seconds = time.monotonic() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        duckdb.execute(f"copy (select record_id, person_id as entity_id from '{records}') to '{truth}' (header)")
        measured = evaluate_files(out, truth)
    return {
        "seconds": round(seconds, 1),
        **{f"seconds_{step}": round(lap, 1) for step, lap in done.seconds.items()},
        "peak_gb": round(peak, 2),
        "records": done.records,
        "clusters": done.profiles,
        "pairs": done.pairs,
        "precision": round(measured.pairwise_precision, 4),
        "recall": round(measured.pairwise_recall, 4),
        "f1": round(measured.pairwise_f1, 4),
    }


def compare(records: Path) -> dict[str, object]:
    """Both on `records`, one after the other."""

    def of(*command: str) -> dict[str, float]:
        done = subprocess.run([sys.executable, *command, str(records)], capture_output=True, text=True, check=True)
        answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return answer

    bare = of(str(ROOT / "bench" / "yardstick.py"))
    ours = of(__file__, "--ours")
    return {
        "ours": ours,
        "bare_splink": bare,
        "ratio": {
            "seconds": round(ours["seconds"] / bare["seconds"], 2),
            "peak_gb": round(ours["peak_gb"] / bare["peak_gb"], 2),
            "error": round((1 - ours["f1"]) / (1 - bare["f1"]), 2),
        },
    }


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--ours"]:
        print(json.dumps(resolve(Path(arguments[1]))))
    elif arguments and arguments[0].isdigit():
        from cdp_pipeline.generate import generate

        with tempfile.TemporaryDirectory() as scratch:
            generate(Path(scratch), profiles=int(arguments[0]))
            print(json.dumps(compare(Path(scratch, "truth", "records.parquet")), indent=1))
    else:
        print(json.dumps(compare(Path(arguments[0]) if arguments else SAMPLE), indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
