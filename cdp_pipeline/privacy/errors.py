"""Errors of this package; the text is one line."""

from __future__ import annotations


class SubjectError(ValueError):
    """Whom a request means cannot be told: nobody, or more than one."""


class ErasureFailed(RuntimeError):
    """An erasure could not be finished; it is kept, and the next call goes on with it."""
