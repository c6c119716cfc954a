"""What the browser tests share: the running site, a signed-in window, and what they do where a program is missing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


def lacking(what: str) -> None:
    """Skip, or fail where the set-up step must have brought `what`."""
    if os.environ.get("CDP_REQUIRE_SYSTEM") == "1":
        pytest.fail(f"{what}: .ci/setup must install it")
    pytest.skip(f"{what}: .ci/setup installs it")


@dataclass(frozen=True)
class Site:
    """A running server: its address, its home, and a key's token by kind (steward, masked, narrow)."""

    url: str
    home: Path
    keys: dict[str, str]


@dataclass(frozen=True)
class Reader:
    """A signed-in browser window. `visit` opens a page of the console and gives it."""

    context: BrowserContext
    page: Page
    site: Site

    def visit(self, path: str) -> Page:
        """Open ``/console`` plus `path`."""
        self.page.goto(f"{self.site.url}/console{path}")
        return self.page


def sign_in(browser: Browser, site: Site, kind: str, **window: object) -> Reader:
    """A window that has signed in with the key `kind`."""
    context = browser.new_context(base_url=site.url, **{"viewport": {"width": 1280, "height": 900}, **window})
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto("/console/login")
    page.fill("#key", site.keys[kind])
    page.click("button.main")
    page.wait_for_url("**/console")
    return Reader(context, page, site)
