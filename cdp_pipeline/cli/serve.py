"""``cdp serve``: the HTTP API, and the console where it is installed."""

from __future__ import annotations

import argparse
import gc
import ipaddress
import logging
import signal
import socket
import sys
from pathlib import Path

from cdp_pipeline.cli._common import Subparsers, UsageError, add_home, home_of, port

_LOOPBACK_NAMES = ("localhost", "ip6-localhost")


def register(commands: Subparsers) -> None:
    """Add the command to the parser."""
    serve = commands.add_parser(
        "serve",
        help="HTTP API and console",
        description="Serves the published snapshot; a new one is picked up without a restart. Listens on this machine "
        "only, unless --host says otherwise and a key exists.",
    )
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default 127.0.0.1)")
    serve.add_argument("--port", type=port, default=8000, metavar="N", help="port (default 8000; 0: any free one)")
    serve.add_argument(
        "--grace", type=_seconds, default=10, metavar="S", help="seconds for open requests when stopped (default 10)"
    )
    serve.add_argument("--no-access-log", action="store_true", help="log errors only")
    add_home(serve)
    serve.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    home = home_of(arguments)
    try:
        import uvicorn

        from cdp_pipeline.ports import build_ports
        from profiles.api import ApiSettings, create_app
    except ModuleNotFoundError as error:
        raise UsageError(f"cdp serve needs {error.name}: pip install 'cdp-platform[serve]'") from None
    if not _is_loopback(arguments.host):
        _need_a_key(home.root, arguments.host)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("profiles.api").setLevel(logging.INFO)
    app = create_app(home.root, ApiSettings(access_log=not arguments.no_access_log), build_ports(home))
    listening = _listen(arguments.host, arguments.port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=arguments.grace,
        timeout_keep_alive=30,
    )
    # uvicorn stops on a signal, and then raises it again for whoever was there before: nobody, or it would be an error.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: None)
    # What is loaded by now stays; a full collection over its 65,000 objects held up all requests for 45 ms.
    gc.collect()
    gc.freeze()
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"serving {home.published} on http://{shown}:{port} (reference at /docs); Ctrl-C stops", flush=True)
    uvicorn.Server(config).run(sockets=[listening])
    gc.unfreeze()  # so that what libraries check at the end of a process can be let go of
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _LOOPBACK_NAMES


def _need_a_key(home: Path, host: str) -> None:
    from profiles.keys import KeyStore
    from profiles.ops import ops_path

    with KeyStore(ops_path(home)) as keys:
        if not keys.has_live_key():
            raise UsageError(
                f"will not listen on {host} without a key: make one with `cdp key new`, or leave --host out to listen"
                " on this machine only"
            )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(f"cannot listen on {host} port {port}: {error.strerror or 'no such address'}") from None


def _seconds(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds")
    return int(text)
