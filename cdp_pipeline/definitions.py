"""The code location that ``workspace.yaml`` names. Definitions are built when Dagster asks for them, not at import."""

from __future__ import annotations

import dagster as dg

from cdp_pipeline.defs.build import build_defs


@dg.definitions
def defs() -> dg.Definitions:
    return build_defs()
