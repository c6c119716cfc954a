"""Pages of an API through dlt's REST client, with the checks it leaves out.

dlt's client takes a page without the expected key for an empty one, follows a next link to any host, and goes round
in circles with a server that does. Here each of these is an error of one line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import simplejson
from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    BaseReferencePaginator,
    HeaderLinkPaginator,
    JSONLinkPaginator,
)

from cdp_pipeline.connect.errors import ConnectError
from cdp_pipeline.connect.http import PatientSession, decode

Record = dict[str, Any]

# An API may hand out a few pages without anything new (records that left the filter, a page sent twice); a longer
# stretch is a server that does not get on.
MAX_IDLE_PAGES = 10


@dataclass(frozen=True)
class Page:
    """One answer: its document, the records under the asked key, and where the next page is (None at the end).

    `next` is a path with its query, or a cursor. `is_repeat`: the same records as the page before.
    """

    document: Record
    records: list[Record]
    next: str | None
    is_repeat: bool
    server_time: datetime | None


class LinkHeader(HeaderLinkPaginator):
    """Shopify: the next page is the ``Link`` header with rel next."""


class LinksInBody(JSONLinkPaginator):
    """Zendesk's lists: ``links.next``, for as long as ``meta.has_more``; ``next_page`` where a list knows no cursor."""

    def __init__(self) -> None:
        super().__init__("links.next")

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        document = response.json()
        if "meta" not in document and "next_page" in document:
            self._next_reference = document["next_page"]
            return
        meta = document.get("meta")
        more = meta.get("has_more") if isinstance(meta, dict) else None
        if not isinstance(more, bool):
            raise ConnectError("the page has no meta.has_more")
        links = document.get("links")
        following = links.get("next") if isinstance(links, dict) else None
        if more and not isinstance(following, str):
            raise ConnectError("the page has more behind it but no links.next")
        self._next_reference = following if more else None


class ExportCursor(BaseReferencePaginator):
    """Zendesk's incremental exports: ``after_cursor`` until ``end_of_stream``; it goes on from there next time."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__()
        self._params = {key: value for key, value in params.items() if key not in ("start_time", "cursor")}

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        document = response.json()
        ended = document.get("end_of_stream")
        if not isinstance(ended, bool):
            raise ConnectError("the page has no end_of_stream")
        if not ended and not isinstance(document.get("after_cursor"), str):
            raise ConnectError("the page has more behind it but no after_cursor")
        self._next_reference = None if ended else document["after_cursor"]

    def update_request(self, request: requests.Request) -> None:
        request.params = {**self._params, "cursor": self._next_reference}


class Api:
    """The API of one connection: documents and pages. Numbers keep every digit they were sent with."""

    def __init__(self, name: str, base_url: str, session: PatientSession) -> None:
        self.name, self.base_url, self.session = name, base_url, session
        # A configuration of our own: dlt would look for one in the environment and in .dlt folders.
        self._client = RESTClient(base_url, session=session, config=RuntimeConfiguration())

    def document(self, path: str, params: Mapping[str, Any] | None = None) -> Record:
        """One answer that is not paged. Raises ConnectError."""
        return _decoded(self._client.get(path, params=dict(params or {})))

    def pages(self, path: str, params: Mapping[str, Any], key: str, paginator: BasePaginator) -> Iterator[Page]:
        """Pages from `path` on, which may be a `Page.next` that is a path. Raises ConnectError."""
        where = f"{self.name}: {urlsplit(path).path}"
        seen = {_digest(str(params.get("cursor") or path))}
        last, idle, number = "", 0, 0
        given = self._client.paginate(
            path, params=dict(params), data_selector="$", paginator=paginator, hooks={"response": []}
        )
        while True:
            number += 1
            try:
                page = next(given, None)
            except ConnectError as error:
                text = str(error)
                raise (error if text.startswith(f"{self.name}:") else ConnectError(f"{where}: {text}")) from None
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                # A document of an unforeseen shape; the error's text could quote it.
                raise ConnectError(f"{where}: page {number} cannot be understood ({type(error).__name__})") from None
            if page is None:
                return
            document = _decoded(page.response)
            records = document.get(key)
            if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
                raise ConnectError(f"{where}: page {number} has no list of records under '{key}'")
            following = paginator._next_reference if isinstance(paginator, BaseReferencePaginator) else None
            if following is not None:
                if not isinstance(paginator, ExportCursor):
                    following = self._own(following, where)
                mark = _digest(following)
                if mark in seen:
                    raise ConnectError(f"{where}: page {number} leads back to a page already read")
                seen.add(mark)
            content = _digest(repr(records)) if records else ""
            repeated = bool(records) and content == last
            last = content or last
            idle = idle + 1 if repeated or not records else 0
            if idle > MAX_IDLE_PAGES and following is not None:
                raise ConnectError(f"{where}: {idle} pages in a row brought nothing new, and there is no end")
            yield Page(document, records, following, repeated, self.session.server_time)

    def _own(self, link: str, where: str) -> str:
        """Path and query of a next link. Raises ConnectError when it leads to another host: the token stays here."""
        target, ours = urlsplit(urljoin(self.base_url + "/", link)), urlsplit(self.base_url)
        if (target.scheme, target.netloc) != (ours.scheme, ours.netloc):
            raise ConnectError(f"{where}: the next page is said to be on another host; not followed")
        return target.path + (f"?{target.query}" if target.query else "")


def encode(record: Record) -> str:
    """One record as one line of JSON: every number with the digits it came with, ASCII, so that nothing is lost."""
    return simplejson.dumps(record, use_decimal=True, separators=(",", ":"))  # type: ignore[no-any-return]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _decoded(response: requests.Response) -> Record:
    document: Record = decode(response.content)
    return document
