"""The shapes of requests and answers, as the OpenAPI document describes them.

Requests are validated by these models. Answers are not built from them, which would cost more than the reads: a test
holds real answers against the published document instead.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ProfileId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Open = ConfigDict(extra="allow")


class LookupRequest(BaseModel):
    """An identifier, which never travels in a URL."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "customer_no", "namespace": "company", "value": "C8982352"}]},
    )
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")] = Field(
        description="email, phone, customer_no, loyalty_id, wechat_unionid …"
    )
    value: Annotated[str, StringConstraints(min_length=1, max_length=512)] = Field(
        description="as the customer writes it; a phone number with + and country code"
    )
    namespace: Annotated[str, StringConstraints(max_length=256)] = Field(
        "", description="'company' for customer_no, the system for external_id …; '' where the kind has none"
    )
    include: list[Literal["features"]] = Field(
        [], max_length=1, description="features: with the features in the answer"
    )


class BatchGetRequest(BaseModel):
    """Several profiles by id, all from one snapshot."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"profile_ids": ["8f14e45fceea167a"]}]})
    profile_ids: list[ProfileId] = Field(min_length=1, max_length=10_000)
    view: Literal["features", "profile"] = Field("features", description="features, or the masked profile")
    fields: list[Annotated[str, StringConstraints(max_length=128)]] | None = Field(
        None, max_length=1000, description="only these features"
    )


class Snapshot(BaseModel):
    """The snapshot that an answer comes from; also in the headers Snapshot-Version and Snapshot-Age."""

    version: str = Field(examples=["20250301-000001"])
    as_of: date = Field(description="the day at whose end the data stood")
    created_at: datetime
    age_seconds: int = Field(ge=0)


class Consent(BaseModel):
    """What the person said about one purpose; what was never said is no row and means no."""

    model_config = Open
    purpose: str
    channel: str | None = Field(description="null: every channel")
    state: Literal["granted", "denied"]


class FeatureSet(BaseModel):
    """Features and consent of one profile."""

    profile_id: str
    features: dict[str, Any] = Field(
        description="columns of features.profile_features; dates as YYYY-MM-DD, times in UTC, null where not known"
    )
    consent: list[Consent]


class FeaturesAnswer(FeatureSet):
    """Features of one profile."""

    snapshot: Snapshot


class BatchEntry(BaseModel):
    """One of a batch, with `features` and `consent` or with `profile`, as the view asks."""

    profile_id: str = Field(description="the living id")
    requested_id: str = Field(description="the id that was asked for; another one after a merge")
    features: dict[str, Any] | None = None
    consent: list[Consent] | None = None
    profile: dict[str, Any] | None = None


class BatchAnswer(BaseModel):
    """All profiles of a batch that there are, in the order asked for."""

    profiles: list[BatchEntry]
    not_found: list[str]
    erased: list[str]
    snapshot: Snapshot


class LookupAnswer(BaseModel):
    """The profile that the identifier belongs to."""

    profile_id: str
    features: dict[str, Any] | None = None
    consent: list[Consent] | None = None
    snapshot: Snapshot


class Provenance(BaseModel):
    """Where a golden value comes from."""

    model_config = Open
    attribute: str
    record_id: str | None
    source: str | None
    rule: str | None


class Member(BaseModel):
    """A record of the profile."""

    model_config = Open
    record_id: str
    since: date | None


class StatedConsent(BaseModel):
    """A consent with its source and time."""

    model_config = Open
    purpose: str
    channel: str | None
    state: str


class Identifier(BaseModel):
    """An identifier in clear."""

    kind: str
    namespace: str | None
    value: str | None
    is_trusted: bool | None


class ProfileAnswer(BaseModel):
    """One profile; names and contacts masked. `golden_record` and `identifiers` are there with the scope pii:read."""

    profile_id: str
    profile: dict[str, Any] = Field(description="columns of profiles.customer_profile")
    provenance: list[Provenance]
    members: list[Member]
    retired_ids: list[str]
    consents: list[StatedConsent]
    golden_record: dict[str, Any] | None = None
    identifiers: list[Identifier] | None = None
    snapshot: Snapshot


class Interaction(BaseModel):
    """One interaction on any channel."""

    model_config = Open
    interaction_id: str
    occurred_at: datetime | None
    channel: str | None


class TimelineAnswer(BaseModel):
    """A page of interactions, newest first."""

    profile_id: str
    interactions: list[Interaction]
    next_cursor: str | None = Field(description="for the next page; null at the end")
    snapshot: Snapshot


class Membership(BaseModel):
    """One stay in a segment; `exited_at` is null where it lasts."""

    model_config = Open
    segment: str
    entered_at: date | datetime | None
    exited_at: date | datetime | None


class ProfileSegmentsAnswer(BaseModel):
    """Segments of one profile, present ones first."""

    profile_id: str
    segments: list[Membership]
    snapshot: Snapshot


class Segment(BaseModel):
    """A segment with its definition and size."""

    model_config = Open
    segment: str
    members: int | None


class SegmentsAnswer(BaseModel):
    """All segments."""

    segments: list[Segment]
    snapshot: Snapshot


class SegmentMember(BaseModel):
    """A present member."""

    profile_id: str
    entered_at: date | datetime | None


class MembersAnswer(BaseModel):
    """A page of members by profile id."""

    segment: str
    members: list[SegmentMember]
    next_cursor: str | None
    snapshot: Snapshot


class RedirectAnswer(BaseModel):
    """The living id behind a retired one."""

    profile_id: str
    requested_id: str
    snapshot: Snapshot


class HealthAnswer(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class ReadyAnswer(BaseModel):
    """A snapshot can be read."""

    status: Literal["ready"]
    snapshot: Snapshot


class ProblemDetails(BaseModel):
    """An error (RFC 9457)."""

    model_config = Open
    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None
