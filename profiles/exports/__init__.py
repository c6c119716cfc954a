"""Audiences to the outside: segments sent to other systems, with consent, without doubles, and taken back.

`load_destinations` reads what an installation sends where, `sync` brings one destination up to date with the published
snapshot, `history` tells what was sent.
"""

from __future__ import annotations

from profiles.exports.arms import folder as arms_folder
from profiles.exports.destinations import DeliveryError, Destination, DestinationError, load_destinations
from profiles.exports.forget import Recipient, forget
from profiles.exports.log import ExportRecord, history
from profiles.exports.received import Received, received
from profiles.exports.receivers import Receiver, receivers
from profiles.exports.sync import SyncResult, plan, remove, sync

__all__ = [
    "DeliveryError",
    "Destination",
    "DestinationError",
    "ExportRecord",
    "Received",
    "Receiver",
    "Recipient",
    "SyncResult",
    "arms_folder",
    "forget",
    "history",
    "load_destinations",
    "plan",
    "received",
    "receivers",
    "remove",
    "sync",
]
