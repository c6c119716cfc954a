"""Entity resolution as a library: plain tables in, plain tables out. The only package that imports Splink."""

from __future__ import annotations

from identity.errors import IdentityInputError
from identity.evaluate import Evaluation, evaluate_files
from identity.explain import Explanation, explain_folder
from identity.files import Resolved, explain_store, resolve_files
from identity.linking import Judgement
from identity.model import Model, accept_model, list_models
from identity.pipeline import IdentityResult, run_pipeline, train_model
from identity.roles import Roles, load_roles

__all__ = [
    "Evaluation",
    "Explanation",
    "IdentityInputError",
    "IdentityResult",
    "Judgement",
    "Model",
    "Resolved",
    "Roles",
    "accept_model",
    "evaluate_files",
    "explain_folder",
    "explain_store",
    "list_models",
    "load_roles",
    "resolve_files",
    "run_pipeline",
    "train_model",
]
