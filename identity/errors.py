"""Errors that a user can act on; the message is one line that says what and where."""

from __future__ import annotations


class IdentityInputError(ValueError):
    """Bad input or bad usage: a role, a file, a column or a store that cannot be used as given."""
