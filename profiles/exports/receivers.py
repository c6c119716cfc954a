"""What is known of the receivers of a segment, for people to look at: rules, numbers, and when it was last sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from profiles.exports.destinations import Destination, load_destinations
from profiles.exports.errors import DestinationError
from profiles.exports.log import ExportRecord, history

_VARIANT = "variant:"


@dataclass(frozen=True)
class Receiver:
    """One destination of a segment. `destination` is None where it is not declared any more or its file cannot be read;
    `last` is None before the first export."""

    name: str
    segment: str
    destination: Destination | None
    last: ExportRecord | None

    @property
    def variants(self) -> list[tuple[str, float | None, int | None]]:
        """Name, declared share in percent, and people sent by the last export."""
        shares = dict(self.destination.variants) if self.destination else {}
        sent = {k.removeprefix(_VARIANT): n for k, n in self._counts.items() if k.startswith(_VARIANT)}
        return [(name, shares.get(name), sent.get(name)) for name in {**shares, **sent}]

    @property
    def not_sent(self) -> dict[str, int]:
        """Members of the segment whom the last export left out, by why (`audience.STATES`)."""
        return {k: n for k, n in self._counts.items() if n and k != "sent" and not k.startswith(_VARIANT)}

    @property
    def exported_at(self) -> datetime | None:
        """When the last export was delivered."""
        return self.last.exported_at if self.last else None

    @property
    def _counts(self) -> Mapping[str, int]:
        return self.last.counts if self.last else {}


def receivers(home: Path, segment: str | None = None) -> list[Receiver]:
    """Receivers of `segment` (None: of all), as declared and then as logged."""
    try:
        declared = load_destinations(home)
    except DestinationError:
        declared = {}
    last = {(e.destination, e.segment): e for e in reversed(history(home, segment=segment))}
    pairs = [(d.name, name) for d in declared.values() for name in d.segments if segment in (None, name)]
    return [Receiver(name, of, declared.get(name), last.get((name, of))) for name, of in dict.fromkeys([*pairs, *last])]
