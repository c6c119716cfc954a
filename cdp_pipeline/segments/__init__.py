"""Segments as code: ``dbt_project/segments/<name>.yml`` compiled into dbt models, and looked at before they are saved.

The compiled models are committed, so that dbt and its readers see plain SQL; a test holds them against the YAML.
``cdp segment compile`` (or ``python -m cdp_pipeline.segments``) writes them anew, ``--check`` only compares.
The grammar is in docs/segments.md. Not here: history and events, which are dbt models (``models/marts/segments``).
"""

from __future__ import annotations

from cdp_pipeline.segments._compile import (
    compile_segments,
    evaluations_sql,
    model_paths,
    models_of,
    outdated,
    render,
    write_models,
)
from cdp_pipeline.segments._definition import Bounds, Segment, parse_segment, read_segment
from cdp_pipeline.segments._errors import SegmentError, nearest
from cdp_pipeline.segments._preview import Overlap, Preview, WarehouseBusy, preview, preview_all
from cdp_pipeline.segments._project import (
    PROJECT,
    check_segments,
    feature_columns,
    in_order,
    load_segments,
    needed,
    with_versions,
)
from cdp_pipeline.segments._scaffold import draft, locate

__all__ = [
    "PROJECT",
    "Bounds",
    "Overlap",
    "Preview",
    "Segment",
    "SegmentError",
    "WarehouseBusy",
    "check_segments",
    "compile_segments",
    "draft",
    "evaluations_sql",
    "feature_columns",
    "in_order",
    "load_segments",
    "locate",
    "model_paths",
    "models_of",
    "nearest",
    "needed",
    "outdated",
    "parse_segment",
    "preview",
    "preview_all",
    "read_segment",
    "render",
    "with_versions",
    "write_models",
]
