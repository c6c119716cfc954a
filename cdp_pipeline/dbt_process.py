"""dbt with arguments of its own, as ``python -P -m cdp_pipeline.dbt_process``: what `dbt` does, in less time."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """The command line of dbt; ends the process."""
    # The project as dbt parses it is some millions of objects that stay until its end. By default Python looks through
    # all of them for garbage each time their number has grown by a quarter; what is young is still looked through.
    gc.set_threshold(50_000, 20, 1_000)
    sys.argv[0] = "dbt"
    from dbt.cli.main import cli

    cli()


if __name__ == "__main__":
    main()
