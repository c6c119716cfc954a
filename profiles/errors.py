"""What can go wrong in publishing and reading. Messages hold counts, keys and file names, never personal values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class ProfilesError(Exception):
    """Base of every error this package raises on purpose."""


class PublishError(ProfilesError):
    """The warehouse or the request cannot be published; nothing was changed."""


class GateFailed(PublishError):
    """The snapshot was refused; `reasons` holds one line per failed check."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("publish gate failed: " + "; ".join(self.reasons))


class NoSnapshot(ProfilesError):
    """Nothing has been published yet, or the version asked for is not there."""


class LookupKeyMissing(ProfilesError):
    """Identifiers cannot be looked up because the key file beside the snapshots is absent."""


class AmbiguousIdentifier(ProfilesError):
    """The value belongs to several profiles, so it names none of them."""

    def __init__(self, profiles: int) -> None:
        self.profiles = profiles
        super().__init__(f"the identifier belongs to {profiles} profiles")


class ProfileErased(ProfilesError):
    """The profile was erased at the person's request."""

    def __init__(self, profile_id: str) -> None:
        self.profile_id = profile_id
        super().__init__(f"profile {profile_id} was erased")


class StateTooNew(ProfilesError):
    """``state/ops.sqlite`` was written by a newer version of the platform."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(f"{path} has version {version}, this platform reads up to {known}: upgrade the platform")
