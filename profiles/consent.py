"""Consent as readers see it: a denial wins over a grant, and what was never said is a no."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

GRANTED, UNKNOWN, DENIED = 1, 0, -1

EVERY_CHANNEL = ""


@dataclass(frozen=True)
class ConsentFlags:
    """Stated consents of one profile: (purpose, channel) → granted (1) or denied (-1); channel '' means every one."""

    stated: Mapping[tuple[str, str], int]

    def allows(self, purpose: str, channel: str = EVERY_CHANNEL) -> bool:
        """Whether the profile may be used for `purpose` over `channel`.

        True only where consent was granted for the channel or for every channel, and denied for neither.
        """
        states = (self.stated.get((purpose, channel), UNKNOWN), self.stated.get((purpose, EVERY_CHANNEL), UNKNOWN))
        return GRANTED in states and DENIED not in states

    def granted(self) -> list[tuple[str, str]]:
        """The (purpose, channel) pairs that are allowed, sorted."""
        return sorted(pair for pair in self.stated if self.allows(*pair))

    @cached_property
    def as_json(self) -> bytes:
        """The stated consents as a JSON array; one object serves all profiles that stated the same."""
        stated = [
            {"purpose": purpose, "channel": channel or None, "state": "granted" if state > 0 else "denied"}
            for (purpose, channel), state in self.stated.items()
        ]
        return json.dumps(stated, ensure_ascii=False, separators=(",", ":")).encode()
