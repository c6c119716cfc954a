"""``python -m cdp_pipeline.segments``: compile the segments; the same as ``cdp segment compile``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cdp_pipeline.segments import PROJECT, SegmentError, outdated, write_models


def main(argv: Sequence[str] | None = None) -> int:
    """Write the models, or with ``--check`` compare only. Returns 0, 1 for models out of date, 2 for a wrong file."""
    parser = argparse.ArgumentParser(prog="python -m cdp_pipeline.segments", description="compile segment definitions")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--project", type=Path, default=PROJECT, metavar="DIR", help="dbt project (default: this one)")
    arguments = parser.parse_args(argv)
    try:
        paths = list(outdated(arguments.project)) if arguments.check else write_models(arguments.project)
    except SegmentError as error:
        print(error, file=sys.stderr)
        return 2
    for path in paths:
        print(f"{'out of date' if arguments.check else 'written'}: {path.relative_to(arguments.project)}")
    return 1 if arguments.check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
