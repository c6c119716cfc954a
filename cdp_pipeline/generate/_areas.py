"""The areas in the order in which their files are written."""

from __future__ import annotations

from cdp_pipeline.generate._area import Area
from cdp_pipeline.generate._china import CHINA
from cdp_pipeline.generate._commerce import COMMERCE
from cdp_pipeline.generate._conversations import CONVERSATIONS
from cdp_pipeline.generate._online import ONLINE

AREAS: tuple[Area, ...] = (ONLINE, CHINA, COMMERCE, CONVERSATIONS)
