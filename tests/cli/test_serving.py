"""``cdp key`` and ``cdp serve`` as a person uses them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from cdp_pipeline.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def cdp(home: Path, capsys: Capture) -> Callable[..., tuple[int, str, str]]:
    """Runs a command on the home: exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--home", str(home)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_keys_are_made_listed_and_revoked(cdp: Callable[..., tuple[int, str, str]]) -> None:
    assert cdp("key", "list")[1] == "no keys; `cdp key new` makes one\n"
    code, out, _ = cdp("key", "new", "--name", "shop", "--scope", "features:read", "--expires", "30")
    token, told = out.splitlines()
    assert code == 0 and re.fullmatch(r"cdp_[0-9a-f]{12}_[\w-]{43}", token)
    assert "features:read" in told and "shown this once" in told
    made = json.loads(
        cdp("key", "new", "--name", "crm", "--scope", "pii:read", "--scope", "profiles:read", "--json")[1]
    )
    assert made["scopes"] == ["profiles:read", "pii:read"] and made["token"].startswith(f"cdp_{made['key_id']}_")
    listed = cdp("key", "list")[1]
    assert "shop" in listed and "live" in listed and token[17:] not in listed
    assert cdp("key", "revoke", made["key_id"])[0] == 0
    states = {key["name"]: key["state"] for key in json.loads(cdp("key", "list", "--json")[1])}
    assert states == {"shop": "live", "crm": "revoked"}


def test_bad_input_is_one_line_and_exit_code_two(cdp: Callable[..., tuple[int, str, str]]) -> None:
    for arguments, message in (
        (("key", "new", "--name", "x", "--scope", "features:write"), "features:write"),
        (("key", "new", "--name", "x", "--scope", "pii:read", "--expires", "2020-01-01"), "expired already"),
        (("key", "new", "--name", "x", "--scope", "pii:read", "--expires", "soon"), "YYYY-MM-DD"),
        (("key", "revoke", "nobody"), "no key of this id"),
        (("serve", "--host", "192.0.2.1"), "will not listen on 192.0.2.1 without a key"),
        (("serve", "--host", "no.such.host.example"), "will not listen"),
        (("serve", "--port", "99999"), "not a port"),
    ):
        code, out, err = cdp(*arguments)
        assert (code, out) == (2, "") and message in err and err.count("\n") == 1


def test_a_revoked_key_does_not_open_the_house(cdp: Callable[..., tuple[int, str, str]]) -> None:
    made = json.loads(cdp("key", "new", "--name", "x", "--scope", "pii:read", "--json")[1])
    cdp("key", "revoke", made["key_id"])
    assert "without a key" in cdp("serve", "--host", "::")[2]


def test_serve_answers_and_stops_on_a_signal(home: Path, cdp: Callable[..., tuple[int, str, str]]) -> None:
    token = cdp("key", "new", "--name", "shop", "--scope", "features:read")[1].splitlines()[0]
    command = [sys.executable, "-m", "cdp_pipeline", "serve", "--port", "0", "--home", str(home)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as served:
        assert served.stdout is not None and served.stderr is not None
        try:
            line = served.stdout.readline()
            url = re.search(r"on (http://127\.0\.0\.1:\d+) ", line)
            assert url, line
            with httpx.Client(base_url=url[1], timeout=60, trust_env=False) as client:
                assert client.get("/healthz").json() == {"status": "ok"}
                headers = {"Authorization": f"Bearer {token}"}
                assert client.get("/v1/profiles/p1/features", headers=headers).status_code == 503
                assert client.get("/v1/profiles/p1/features").status_code == 401
        finally:
            served.send_signal(signal.SIGTERM)
        assert served.wait(60) == 0
        logged = served.stderr.read()
    assert '"route":"/v1/profiles/{profile_id}/features","status":503' in logged
    assert token[17:] not in logged and "Traceback" not in logged
    assert "leaked" not in logged, "what a library says at the end of a process that froze its objects"
