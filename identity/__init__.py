"""Entity resolution as a library: plain tables in, plain tables out. The only package that imports Splink.

Names are loaded on first use, so that `cdp explain` does not wait for what only a run needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from identity.errors import IdentityInputError
    from identity.evaluate import Evaluation, evaluate_files
    from identity.explain import Explanation, explain_folder, explain_store
    from identity.files import Resolved, resolve_files
    from identity.judgements import Judgement
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

_MODULES = {
    "errors": ("IdentityInputError",),
    "evaluate": ("Evaluation", "evaluate_files"),
    "explain": ("Explanation", "explain_folder", "explain_store"),
    "files": ("Resolved", "resolve_files"),
    "judgements": ("Judgement",),
    "model": ("Model", "accept_model", "list_models"),
    "pipeline": ("IdentityResult", "run_pipeline", "train_model"),
    "roles": ("Roles", "load_roles"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"identity.{module}"), name)
    raise AttributeError(f"module 'identity' has no attribute {name!r}")
