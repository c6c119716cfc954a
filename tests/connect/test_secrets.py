"""Where secrets come from, who may read them, and that they show up nowhere else."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from api_server import FakeApi, Fault
from pull_home import configure
from test_shopify_pull import at, customer
from test_zendesk_pull import user

from cdp_pipeline.connect import ConnectConfigError, connection_of
from cdp_pipeline.connect.pull import PullResult
from cdp_pipeline.connect.secrets import load_secrets
from cdp_pipeline.home import Home

Pulled = Callable[..., PullResult]


def put(home: Home, name: str, text: str, mode: int = 0o600) -> Path:
    home.secrets.mkdir(mode=0o700, exist_ok=True)
    path = home.secrets / name
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_file_or_the_environment_the_latter_first(home: Home) -> None:
    shop = connection_of(home, "shop")
    put(home, "shop", "from-the-file\n")
    assert load_secrets(shop, home, {}).get("token") == "from-the-file"
    assert load_secrets(shop, home, {"CDP_CONNECT_SHOP_TOKEN": " from-env "}).get("token") == "from-env"
    put(home, "desk", "refresh_token: r1\nclient_id: '007'\nclient_secret: 0123\n")
    desk = load_secrets(connection_of(home, "desk"), home, {"CDP_CONNECT_DESK_REFRESH_TOKEN": "r2"})
    assert [desk.get(k) for k in ("refresh_token", "client_id", "client_secret", "access_token")] == [
        "r2",
        "007",
        "0123",
        "",
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_file_that_others_may_open_is_refused(home: Home, mode: int) -> None:
    path = put(home, "shop", "hush-hush", mode)
    with pytest.raises(ConnectConfigError) as caught:
        load_secrets(connection_of(home, "shop"), home, {"CDP_CONNECT_SHOP_TOKEN": "x"})
    assert str(caught.value) == f"shop: {path}: is open to others (mode {mode:o}): run `chmod 600` on it"


def test_links_folders_and_nonsense_are_refused_without_quoting_them(home: Home) -> None:
    shop = connection_of(home, "shop")
    real = put(home, "other", "hush-hush")
    (home.secrets / "shop").symlink_to(real)
    with pytest.raises(ConnectConfigError, match="no link, a plain file"):
        load_secrets(shop, home, {})
    (home.secrets / "shop").unlink()
    (home.secrets / "shop").mkdir()
    with pytest.raises(ConnectConfigError, match="plain file"):
        load_secrets(shop, home, {})
    (home.secrets / "shop").rmdir()
    for text in ("two words", "token:hush-hush", "pass: hush-hush", "", "- a\n- b", "token: [hush-hush"):
        put(home, "shop", text)
        with pytest.raises(ConnectConfigError) as caught:
            load_secrets(shop, home, {})
        assert "hush" not in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(ConnectConfigError, match="token holds blanks") as caught:
        put(home, "shop", "x")
        load_secrets(shop, home, {"CDP_CONNECT_SHOP_TOKEN": "hush\nhush"})
    assert "hush" not in str(caught.value)


def test_missing_secrets_are_named(home: Home) -> None:
    with pytest.raises(ConnectConfigError) as caught:
        load_secrets(connection_of(home, "desk"), home, {"CDP_CONNECT_DESK_REFRESH_TOKEN": "r"})
    assert str(caught.value) == (
        "desk: no client_id, client_secret: set CDP_CONNECT_DESK_CLIENT_ID, CDP_CONNECT_DESK_CLIENT_SECRET,"
        f" or write {home.secrets / 'desk'}"
    )
    assert repr(load_secrets(connection_of(home, "shop"), home, {"CDP_CONNECT_SHOP_TOKEN": "r"})) != "r"


TOKENS = {
    "CDP_CONNECT_SHOP_TOKEN": "shpat-7Kq2vN9xW4",
    "CDP_CONNECT_DESK_REFRESH_TOKEN": "rfr-5Tz8mB3yL6",
    "CDP_CONNECT_DESK_CLIENT_ID": "client-01",
    "CDP_CONNECT_DESK_CLIENT_SECRET": "cls-1Hd6jP0cR7-secret-01",
    "CDP_CONNECT_HELP_TOKEN": "zat-4Gs9kF2nQ8",
}


def test_no_secret_in_any_byte_of_the_home_or_of_the_output(home: Home, api: FakeApi, tmp_path: Path) -> None:
    """Pulls that succeed and pulls that fail in every way, with every log on that dlt and we know."""
    configure(home, api, "page_size: 2, attempts: 2, max_wait: 1s", "attempts: 2")
    with (home.root / "connect.yml").open("a", encoding="utf-8") as stream:
        stream.write(f"help: {{type: zendesk, base_url: {api.url}, auth: api_token, user: agent@example.com}}\n")
    api.tokens = {TOKENS["CDP_CONNECT_SHOP_TOKEN"], TOKENS["CDP_CONNECT_HELP_TOKEN"]}
    api.refresh_tokens = {TOKENS["CDP_CONNECT_DESK_REFRESH_TOKEN"]}
    api.lists = {"customers": [customer(n, at(n)) for n in range(1, 6)], "users": [user(1)]}
    loud = {"CDP_TRACEBACK": "1", "RUNTIME__LOG_LEVEL": "DEBUG", "PYTHONFAULTHANDLER": "1", "HOME": str(tmp_path)}
    heard = b""

    def pulls(*wanted: tuple[str, str]) -> list[int]:
        """Exit codes of several pulls in one process."""
        nonlocal heard
        commands = [["connect", "pull", *one, "--home", str(home.root)] for one in wanted]
        code = f"from cdp_pipeline.cli import main\nprint('codes', *[main(c) for c in {commands!r}])"
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=False,
            env={**os.environ, **TOKENS, **loud},
            cwd=tmp_path,
        )
        heard += done.stdout + done.stderr
        return [int(c) for c in done.stdout.decode().rpartition("codes")[2].split()]

    assert pulls(("shop", "customers"), ("help", "users"), ("desk", "users")) == [0, 0, 0]
    renewed = [*api.tokens, *api.refresh_tokens]
    assert sorted(renewed) == ["access-0002", "refresh-0002"]
    for path in ("customers", "incremental"):
        api.faults += [
            Fault(path, status=401),
            Fault(path, reset=True, times=2),
            Fault(path, status=429, headers={"Retry-After": "99999"}),
            Fault(path, status=200, body="<html>", times=2),
            Fault(path, status=302, headers={"Location": "/login"}),
        ]
    assert pulls(*[("shop", "customers")] * 5, *[("help", "users")] * 5) == [1] * 10
    assert all(fault.times == 0 for fault in api.faults)
    assert heard.count(b"Traceback") == 0
    pair = base64.b64encode(f"agent@example.com/token:{TOKENS['CDP_CONNECT_HELP_TOKEN']}".encode())
    needles = [t.encode() for k, t in TOKENS.items() if not k.endswith("CLIENT_ID")]
    needles += [base64.b64encode(n) for n in needles] + [pair] + [r.encode() for r in renewed]
    places = [p for p in tmp_path.rglob("*") if p.is_file() and p.parent != home.secrets]
    assert len(places) >= 4, "landing files, connect.yml and the state are there to be searched"
    for needle in needles:
        assert needle not in heard
        assert [p.name for p in places if needle in p.read_bytes()] == []
    assert [p.name for p in home.secrets.iterdir()] == ["desk.renewed"]
    kept = (home.secrets / "desk.renewed").read_bytes()
    assert all(token.encode() in kept for token in renewed), "the search would find them"
    assert home.secrets.stat().st_mode & 0o077 == 0
