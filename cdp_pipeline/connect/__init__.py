"""Live pulls from the APIs of source systems into landing files; needs the extra ``connect``.

Belongs here: talking to the APIs. Not here: what a record means (that is the contract's matter: a pulled file is read
like a dropped one) and when to pull (``defs/connect.py``, ``cli/connect.py``).
"""

from __future__ import annotations

from cdp_pipeline.connect.config import Connection, connection_of, load_connections
from cdp_pipeline.connect.errors import ConnectConfigError, ConnectError

__all__ = ["ConnectConfigError", "ConnectError", "Connection", "connection_of", "load_connections"]
