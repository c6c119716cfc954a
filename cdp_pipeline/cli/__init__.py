"""The ``cdp`` command: parsing, exit codes and output. Each module of this package is one group of commands."""

from __future__ import annotations

from cdp_pipeline.cli._main import main

__all__ = ["main"]
