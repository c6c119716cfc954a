"""The web console: pages for marketers, agents and stewards, rendered on the server from the published snapshot.

`mount` adds it to the application of `profiles.api`. What only the pipeline can do (explaining a pair, recording a
judgement) comes in through the application's ports.
"""

from __future__ import annotations

from profiles.console.site import mount

__all__ = ["mount"]
