"""One published company, one server and one Chromium for all browser tests.

Without a system Chromium or axe-core the tests are skipped, and fail where CDP_REQUIRE_SYSTEM=1 says that the set-up
step must have brought them (``.ci/setup``).
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from console_company import build_company, send_audiences
from console_site import Reader, Site, lacking, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STEWARD = ("profiles:read", "pii:read", "segments:read", "steward:write")
MASKED = ("profiles:read", "segments:read", "steward:write")
NARROW = ("segments:read",)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The company behind ``cdp serve``'s application, with the pipeline's own ports."""
    import uvicorn

    from cdp_pipeline.home import Home
    from cdp_pipeline.ports import build_ports
    from profiles.api import ApiSettings, create_app
    from profiles.keys import KeyStore
    from profiles.ops import ops_path

    home = tmp_path_factory.mktemp("console")
    build_company(home)
    send_audiences(home)
    keys = {}
    with KeyStore(ops_path(home)) as store:
        for kind, scopes in (("steward", STEWARD), ("masked", MASKED), ("narrow", NARROW)):
            keys[kind], _ = store.new(kind, scopes, created_by="test")
    app = create_app(home, ApiSettings(failed_logins_per_minute=1000), build_ports(Home(home)))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", home, keys)
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless. Ends with the module: while it is there, an event loop counts as running, and tests
    of other folders in the same process start loops of their own."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        lacking("no chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Containers give Chromium no sandbox of its own, and only pages of this server are opened.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def steward(browser: Browser, site: Site) -> Iterator[Reader]:
    """A steward at a desk, who may see everything."""
    reader = sign_in(browser, site, "steward")
    yield reader
    reader.context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, from where ``.ci/setup`` puts it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    script = cache / "cdp" / "axe-core" / "package" / "axe.min.js"
    if not script.exists():
        if shutil.which("npm") is None:
            pytest.skip("no axe-core: it comes by npm, which is not here")
        lacking("no axe-core")
    return script.read_text(encoding="utf-8")
