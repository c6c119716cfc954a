"""The HTTP API: profiles, features, segments and timelines of the current snapshot, behind keys with scopes.

`create_app` makes the application; everything it works with is in its `AppContext`, which the console gets too.
"""

from __future__ import annotations

from profiles.api.app import create_app
from profiles.api.context import ApiSettings, AppContext, Ports
from profiles.api.security import Caller, authorise, require

__all__ = ["ApiSettings", "AppContext", "Caller", "Ports", "authorise", "create_app", "require"]
