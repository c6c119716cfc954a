"""What can go wrong between an audience and its receiver."""

from __future__ import annotations

from profiles.errors import ProfilesError


class DestinationError(ProfilesError):
    """``destinations.yml`` or a secret cannot be used; the text is one line that names the place."""


class DeliveryError(ProfilesError):
    """A receiver could not be reached, or still failed after all tries; the next sync goes on from there."""
