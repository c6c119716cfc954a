"""Entity resolution as a library: plain tables in, plain tables out. The only package that imports Splink."""

from __future__ import annotations

from identity.errors import IdentityInputError
from identity.evaluate import Evaluation, evaluate_files
from identity.explain import Explanation, explain_folder
from identity.files import Resolved, resolve_files
from identity.linking import Judgement
from identity.pipeline import IdentityResult, committed_generation, run_pipeline
from identity.roles import Roles, load_roles

__all__ = [
    "Evaluation",
    "Explanation",
    "IdentityInputError",
    "IdentityResult",
    "Judgement",
    "Resolved",
    "Roles",
    "committed_generation",
    "evaluate_files",
    "explain_folder",
    "load_roles",
    "resolve_files",
    "run_pipeline",
]
