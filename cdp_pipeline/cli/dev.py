"""``cdp dev``: Dagster's UI and daemon over this home."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cdp_pipeline.cli._common import CommandError, Subparsers, add_home, home_of, port


def register(commands: Subparsers) -> None:
    """Add the command to the parser."""
    dev = commands.add_parser("dev", help="Dagster UI and daemon: graph, history, backfills, schedule and sensor")
    add_home(dev)
    dev.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    dev.add_argument("--port", type=port, default=3000, metavar="N", help="port (default 3000)")
    dev.add_argument(
        "--prepare",
        action="store_true",
        help="only put Dagster's settings into the home, for services that start Dagster themselves",
    )
    dev.set_defaults(run=_dev)


def _dev(arguments: argparse.Namespace) -> int:
    from cdp_pipeline import steps
    from cdp_pipeline.defs.launch import prepare_instance
    from cdp_pipeline.inputs import ROOT
    from cdp_pipeline.settings import Settings

    # Dagster would start all the same, with a page of an error where the graph should be.
    Settings.from_env()
    home = home_of(arguments, must_exist=False)
    prepare_instance(home)
    if arguments.prepare:
        return 0
    steps.ensure_manifest()
    dagster = Path(sys.executable).parent / "dagster"
    if not dagster.exists():
        raise CommandError(f"no dagster beside {sys.executable}: run `make setup`")
    command = [str(dagster), "dev", "-w", str(ROOT / "workspace.yaml"), "-h", arguments.host, "-p", str(arguments.port)]
    env = {**os.environ, "DAGSTER_HOME": str(home.dagster), "CDP_HOME": str(home.root)}
    print(f"Dagster on http://{arguments.host}:{arguments.port} for {home.root} (Ctrl-C stops it)", flush=True)
    # In place of this process, so that whatever stops it (a terminal, systemd, a container) reaches Dagster, which ends
    # its servers; as its parent this process died of a TERM alone and they stayed.
    os.chdir(ROOT)
    os.execve(command[0], command, env)  # noqa: S606 - no shell
