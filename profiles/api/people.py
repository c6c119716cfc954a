"""Routes of one person: profile, features, timeline, segments; and the lookups that name several."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

import pydantic
from starlette.requests import Request
from starlette.responses import Response

from profiles.api import answers, queries
from profiles.api.problems import Problem, erased, invalid, not_found, too_many
from profiles.api.schema import BatchGetRequest, LookupRequest
from profiles.api.security import Caller, authorise, context_of
from profiles.errors import LookupKeyMissing, NoSnapshot, ProfileErased
from profiles.exports.destinations import CHANNELS
from profiles.features import Erased, FeatureRow
from profiles.snapshot_provider import OpenSnapshot

M = TypeVar("M", bound=pydantic.BaseModel)

_LONGEST_ID = 128
# What has the look of a contact is refused before it is looked up, and said aloud: it would be in every proxy's log.
_PERSONAL = re.compile(r"@|^\+?[\d ()./-]{7,}$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def features(request: Request) -> Response:
    """Features of one profile."""
    caller = authorise(request, "features:read")
    context = context_of(request)
    snapshot = await context.snapshot()
    row = _row(request, caller, snapshot)
    if isinstance(row, Response):
        return row
    await context.count_looks(caller.actor, "features", purpose=caller.purpose, snapshot=snapshot.version)
    wanted = _wanted(request, row)
    same = answers.not_modified(request, snapshot)
    return same or answers.answer_encoded(request, snapshot, _features(row, wanted))


async def batch_get(request: Request) -> Response:
    """Features, or masked profiles, of several ids."""
    caller = authorise(request, "features:read", "profiles:read")
    context = context_of(request)
    asked = await _body(request, BatchGetRequest)
    scope = "features:read" if asked.view == "features" else "profiles:read"
    if scope not in caller.key.scopes:
        raise Problem(403, "forbidden", f"view {asked.view} needs a key with the scope {scope}")
    if len(asked.profile_ids) > context.settings.max_batch:
        raise invalid(f"a batch has at most {context.settings.max_batch} ids")
    _check_misses(request, caller)
    ids = list(dict.fromkeys(asked.profile_ids))
    snapshot = await context.snapshot()
    found = snapshot.features.rows(ids)
    _count_misses(request, caller, sum(row is None for row in found.values()))
    living = [row for row in found.values() if isinstance(row, FeatureRow)]
    missing = {
        "not_found": [profile_id for profile_id, row in found.items() if row is None],
        "erased": [profile_id for profile_id, row in found.items() if isinstance(row, Erased)],
    }
    if asked.view == "features":
        unknown = sorted(set(asked.fields or ()) - set(snapshot.features.feature_names))
        if unknown:
            raise invalid("fields names features that there are not; leave it out to see all")
        await context.count_looks(
            caller.actor, "features", purpose=caller.purpose, snapshot=snapshot.version, profiles=len(living)
        )
        members = [b'{"profiles":[']
        for row in living:
            members += _features(row, asked.fields)
            members += (b',"requested_id":', answers.encode(row.requested_id), b"},")
        if living:
            members[-1] = b"}"
        members += (b"],", answers.encode(missing)[1:-1])
        return answers.answer_encoded(request, snapshot, members)

    def read() -> list[dict[str, object]]:
        masked = queries.masked_profiles(snapshot, {row.profile_id for row in living})
        for row in living:
            context.audit.record(
                caller.actor,
                "profile",
                profile_id=row.profile_id,
                purpose=caller.purpose,
                snapshot=snapshot.version,
                detail="batch",
            )
        return [
            {
                "profile_id": row.profile_id,
                "requested_id": row.requested_id,
                "profile": masked[row.profile_id],
            }
            for row in living
        ]

    return answers.answer(request, snapshot, {"profiles": await context.run(read), **missing})


async def lookup(request: Request) -> Response:
    """The profile that an identifier belongs to, with its features where they are asked for."""
    caller = authorise(request, "features:read", "profiles:read")
    context = context_of(request)
    asked = await _body(request, LookupRequest)
    if "features" in asked.include and "features:read" not in caller.key.scopes:
        raise Problem(403, "forbidden", "features need a key with the scope features:read")
    _check_misses(request, caller)
    snapshot = await context.snapshot()
    try:
        profile_id = context.snapshots.lookup(snapshot, asked.kind, asked.value, asked.namespace)
    except LookupKeyMissing:
        raise Problem(503, "no-lookup-key", "identifiers cannot be looked up: the key file is missing") from None
    row = None if profile_id is None else snapshot.features.row(profile_id)
    if row is None:
        _count_misses(request, caller)
        raise not_found("identifier, or it belongs to several profiles")
    await context.count_looks(caller.actor, "lookup", purpose=caller.purpose, snapshot=snapshot.version)
    with_features = "features" in asked.include
    document = _features(row, None) if with_features else [answers.encode({"profile_id": row.profile_id})[:-1]]
    return answers.answer_encoded(request, snapshot, document, headers={"Cache-Control": "no-store"})


async def profile(request: Request) -> Response:
    """The profile: masked, or with personal values in clear where the key may see them."""
    caller = authorise(request, "profiles:read")
    context = context_of(request)
    snapshot = await context.snapshot()
    answers.query_parameters(request, ())
    row = _row(request, caller, snapshot)
    if isinstance(row, Response):
        return row
    clear = caller.sees_personal_values
    variant = answers.CLEAR if clear else answers.MASKED
    same = answers.not_modified(request, snapshot, variant)
    if same:
        return same

    def read(chosen: OpenSnapshot) -> Response:
        document = queries.profile(chosen, row.profile_id, clear=clear)
        if document is None:
            raise not_found("profile")
        _audit(request, caller, chosen, "profile_clear" if clear else "profile", row.profile_id)
        return answers.answer(request, chosen, document, variant=variant)

    return await context.read(read)


async def timeline(request: Request) -> Response:
    """Interactions of one profile over all channels, newest first."""
    caller = authorise(request, "profiles:read")
    context = context_of(request)
    parameters = answers.query_parameters(request, ("cursor", "limit", "channel", "since", "until"))
    limit = answers.limit_of(parameters, context.settings.max_page)
    since, until = (_instant(parameters, name) for name in ("since", "until"))
    channel = parameters.get("channel")
    if channel is not None and channel not in CHANNELS:
        raise invalid(f"channel takes one of {', '.join(CHANNELS)}")
    snapshot = await context.snapshot()
    cursor_given = parameters.get("cursor")
    row = _row(request, caller, snapshot)
    if isinstance(row, Response):
        # A listing that began before the merge goes on in its version, where the id was alive. The living profile's own
        # cursor is redirected with the rest.
        profile_id = str(request.path_params["profile_id"])
        if cursor_given is None or not answers.is_cursor_of(cursor_given, f"timeline:{profile_id}"):
            return row
    else:
        profile_id = row.profile_id
    kind = f"timeline:{profile_id}"
    after: tuple[int, str] | None = None
    pinned: OpenSnapshot | None = None
    if cursor_given is not None:
        version, (at, interaction_id) = answers.read_cursor(cursor_given, kind, (int, str))
        pinned, after = await _version(request, version), (int(str(at)), str(interaction_id))
    same = answers.not_modified(request, pinned or snapshot)
    if same:
        return same

    def read(chosen: OpenSnapshot) -> Response:
        rows = queries.timeline(chosen, profile_id, limit + 1, after=after, channel=channel, since=since, until=until)
        cursor = None
        for number, one in enumerate(rows):
            at = one.pop("_at")
            if number == limit - 1 and len(rows) > limit:
                cursor = answers.cursor_of(kind, chosen.version, at, one["interaction_id"])
        _audit(request, caller, chosen, "timeline", profile_id)
        document = {"profile_id": profile_id, "interactions": rows[:limit], "next_cursor": cursor}
        return answers.answer(request, chosen, document)

    return await context.read(read, pinned)


async def segments(request: Request) -> Response:
    """Segments that the profile is in, and was in."""
    caller = authorise(request, "segments:read")
    context = context_of(request)
    answers.query_parameters(request, ())
    snapshot = await context.snapshot()
    row = _row(request, caller, snapshot)
    if isinstance(row, Response):
        return row
    same = answers.not_modified(request, snapshot)
    if same:
        return same

    def read(chosen: OpenSnapshot) -> Response:
        document = {"profile_id": row.profile_id, "segments": queries.segments_of(chosen, row.profile_id)}
        _audit(request, caller, chosen, "segments", row.profile_id)
        return answers.answer(request, chosen, document)

    return await context.read(read)


def _row(request: Request, caller: Caller, snapshot: OpenSnapshot) -> FeatureRow | Response:
    """The living profile of the path, or the redirect to it. Raises Problem where there is none."""
    request.scope["cdp.snapshot"] = snapshot.version
    _check_misses(request, caller)
    wanted = str(request.path_params["profile_id"])
    if _PERSONAL.search(wanted):
        raise Problem(
            400,
            "identifier-in-url",
            "this is no profile id; personal identifiers never travel in a URL, use POST /v1/profiles:lookup",
        )
    try:
        row = snapshot.features.row(wanted) if len(wanted) <= _LONGEST_ID else None
    except ProfileErased:
        raise erased() from None
    if row is None:
        _count_misses(request, caller)
        raise not_found("profile")
    if row.profile_id == row.requested_id:
        return row
    # Permanent by its number, so that every method keeps its body; but a split may give the id back to its owner, so
    # nobody may keep the answer.
    path = request.scope["route"].path.replace("{profile_id}", quote(row.profile_id, safe=""))
    query = request.scope["query_string"].decode("latin-1")
    location = f"{path}?{query}" if query else path
    return answers.answer(
        request,
        snapshot,
        {"profile_id": row.profile_id, "requested_id": wanted},
        status=308,
        headers={"Location": location, "Cache-Control": "no-store"},
    )


def _features(row: FeatureRow, wanted: Sequence[str] | None) -> list[bytes]:
    """`FeatureSet` as pieces of JSON, without its closing brace."""
    values = row.as_dict() if wanted is None else {name: row[name] for name in wanted}
    return [
        b'{"profile_id":',
        answers.encode(row.profile_id),
        b',"features":',
        answers.encode(values),
        b',"consent":',
        row.consent.as_json,
    ]


def _wanted(request: Request, row: FeatureRow) -> list[str] | None:
    """Features named in the query; None for all."""
    names = answers.query_parameters(request, ("fields",)).get("fields")
    if names is None:
        return None
    wanted = list(dict.fromkeys(names.split(",")))
    if not all(name in row for name in wanted):
        raise invalid("fields names features that there are not; leave it out to see all")
    return wanted


def _check_misses(request: Request, caller: Caller) -> None:
    key = caller.key
    wait = context_of(request).limits.misses_left(key.key_id, per_minute=key.misses_per_minute)
    if wait:
        raise too_many("this key asked for too many ids that nobody has", wait, "enumeration-limited")


def _count_misses(request: Request, caller: Caller, misses: int = 1) -> None:
    key = caller.key
    context_of(request).limits.miss(key.key_id, misses, per_minute=key.misses_per_minute)


async def _body(request: Request, model: type[M]) -> M:
    """The JSON body as `model`. Raises Problem with places and reasons, and no values."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != answers.JSON:
        raise Problem(415, "unsupported-media-type", "send application/json")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem(
            415,
            "unsupported-media-type",
            "send the body without content encoding",
            headers={"Accept-Encoding": "identity"},
        )
    try:
        return model.model_validate_json(await request.body())
    except pydantic.ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        places = [{"place": [str(part) for part in one["loc"]], "reason": one["type"]} for one in found]
        # A member's name comes from the caller: only names that the schema knows are given back.
        known = set(model.model_fields)
        for place in places:
            place["place"] = [part if part in known or part.isdigit() else "?" for part in place["place"]]
        raise invalid("the body is not as the schema says", places) from None


async def _version(request: Request, version: str) -> OpenSnapshot:
    context = context_of(request)
    try:
        return await context.run(lambda: context.snapshots.at(version))
    except NoSnapshot:
        raise Problem(410, "cursor-expired", "the snapshot of this cursor is gone; begin without one") from None


def _instant(parameters: Mapping[str, str], name: str) -> int | None:
    """Microseconds since 1970 of a day or an ISO 8601 time (UTC where it has no zone). Raises Problem."""
    text = parameters.get(name)
    if text is None:
        return None
    try:
        if len(text) == 10:
            at = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        else:
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    except ValueError:
        raise invalid(f"{name} takes a day or a time in ISO 8601") from None
    return (at - _EPOCH) // timedelta(microseconds=1)


def _audit(request: Request, caller: Caller, snapshot: OpenSnapshot, action: str, profile_id: str) -> None:
    context_of(request).audit.record(
        caller.actor, action, profile_id=profile_id, purpose=caller.purpose, snapshot=snapshot.version
    )
