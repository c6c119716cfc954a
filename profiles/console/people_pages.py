"""Pages on people: the search, and one profile. Every look at a person goes into the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import Response

from profiles.console.graph import MOST_RECORDS, identity_graph
from profiles.console.queries import people, search
from profiles.console.visit import Handler, PostHandler, Refused, Visit, see_other
from profiles.snapshot_provider import OpenSnapshot


async def show_search(visit: Visit) -> Response:
    """The empty form."""
    return await visit.page("search.html", found=None, cards=[])


async def find(visit: Visit, form: Mapping[str, str]) -> Response:
    """Profiles that the posted text names. What was typed appears in no address, no log and not on the page."""
    context, kept = visit.console.context, visit.console.kept
    clear = visit.may("pii:read")

    def work(snapshot: OpenSnapshot) -> search.Found:
        return search.search(
            snapshot,
            lambda kind, value, namespace: context.snapshots.lookup(snapshot, kind, value, namespace),
            form.get("q", ""),
            names=clear,
            namespaces=lambda: kept.get(snapshot, "namespaces", lambda: search.kinds_and_namespaces(snapshot)),
            regions=lambda: kept.get(snapshot, "regions", lambda: search.common_regions(snapshot)),
            simplified=context.ports.simplified,
        )

    key = visit.session.key
    wait = context.limits.misses_left(key.key_id, per_minute=key.misses_per_minute)
    if wait:
        raise Refused(429, "error.slow", "error.slow_text")
    found = await visit.read(work)
    await visit.looked("search", profiles=len(found.profile_ids))
    if not found.profile_ids:
        context.limits.miss(key.key_id, per_minute=key.misses_per_minute)
    if found.is_exact and len(found.profile_ids) == 1:
        return see_other(f"/console/profiles/{quote(found.profile_ids[0], safe='')}")
    cards = await visit.read(lambda snapshot: search.cards(snapshot, found.profile_ids, clear=clear))
    return await visit.page("search.html", found=found, cards=cards)


async def show_profile(visit: Visit) -> Response:
    """One profile: golden record, timeline, identity graph, segments, consents, features."""
    requested = str(visit.request.path_params["profile_id"])
    clear = visit.may("pii:read")
    channel, offset = visit.argument("channel"), visit.number("from")

    def work(snapshot: OpenSnapshot) -> tuple[people.Profile, people.Timeline] | None:
        living = search.living_id(snapshot, requested)
        profile = None if living is None else people.profile(snapshot, living, clear=clear)
        if profile is None:
            return None
        return profile, people.timeline(snapshot, profile.profile_id, channel=channel, offset=offset)

    found = await visit.read(work)
    if found is None:
        raise Refused(404, "error.missing", "error.missing_profile")
    profile, line = found
    await visit.looked("profile_clear" if clear else "profile", profile_id=profile.profile_id)
    names = {value.name: value.value for value in profile.golden}
    name = names.get("full_name") or names.get("native_name") or names.get("organisation") or names.get("initials")
    return await visit.page(
        "profile.html",
        p=profile,
        name=name,
        requested=requested,
        line=line,
        channel=channel,
        offset=offset,
        most_records=MOST_RECORDS,
        graph=identity_graph(
            visit.t("profile.graph", records=len(profile.members), edges=len(profile.edges)),
            profile.members,
            profile.edges,
        ),
    )


SHOWN: tuple[tuple[str, str, Handler], ...] = (
    ("/profiles", "profiles", show_search),
    # where a list of hits stands: loaded anew from the address bar it is the form
    ("/profiles/search", "profiles", show_search),
    ("/profiles/{profile_id}", "profiles", show_profile),
)
POSTED: tuple[tuple[str, str, PostHandler], ...] = (("/profiles/search", "profiles", find),)
