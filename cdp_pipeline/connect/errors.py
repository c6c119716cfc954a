"""What can go wrong with a pull. Every text is one line of ours: no token, no answer's body, no personal data."""

from __future__ import annotations


class ConnectError(RuntimeError):
    """A pull cannot go on. What was landed before stays, and the next pull continues behind it."""


class ConnectConfigError(ValueError):
    """``connect.yml`` or a secret cannot be used; the line says which and why."""


class Refused(ConnectError):
    """The API answered with a status that a retry does not change (400, 403, 404 …)."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status
