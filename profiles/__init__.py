"""What happens to a resolved person: publishing snapshots, and reading profiles and features from them.

Paths come in as arguments; nothing here knows Dagster, dbt, Splink or how identity is resolved.
"""

from __future__ import annotations

from profiles.consent import ConsentFlags
from profiles.errors import (
    AmbiguousIdentifier,
    GateFailed,
    LookupKeyMissing,
    NoSnapshot,
    ProfileErased,
    ProfilesError,
    PublishError,
)
from profiles.features import Erased, FeatureReader, FeatureRow, SnapshotInfo
from profiles.gate import GateBounds
from profiles.lookup import ProfileView, format_profile, show_profile
from profiles.manifest import Manifest
from profiles.publish import PublishResult, publish
from profiles.snapshots import SnapshotVersion, current_manifest, list_versions, newest_manifest, rollback

__all__ = [
    "AmbiguousIdentifier",
    "ConsentFlags",
    "Erased",
    "FeatureReader",
    "FeatureRow",
    "GateBounds",
    "GateFailed",
    "LookupKeyMissing",
    "Manifest",
    "NoSnapshot",
    "ProfileErased",
    "ProfileView",
    "ProfilesError",
    "PublishError",
    "PublishResult",
    "SnapshotInfo",
    "SnapshotVersion",
    "current_manifest",
    "format_profile",
    "list_versions",
    "newest_manifest",
    "publish",
    "rollback",
    "show_profile",
]
