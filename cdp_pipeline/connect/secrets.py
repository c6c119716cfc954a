"""Secrets of a connection: from the environment, or from a file that only its owner may read. Never shown.

``CDP_CONNECT_<NAME>_TOKEN`` (and so on) goes before ``<home>/secrets/<name>``, which holds the bare token or lines
``key: value``. Tokens that the API renewed are kept in ``<home>/secrets/<name>.renewed`` and hold for as long as the
refresh token that was given stays the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

import yaml

from cdp_pipeline.connect.config import Connection
from cdp_pipeline.connect.errors import ConnectConfigError, ConnectError
from cdp_pipeline.home import Home

KEYS = ("token", "access_token", "refresh_token", "client_id", "client_secret")
# What a connection must have, by its kind of authentication: one complete group is enough.
NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "token": (("token",),),
    "api_token": (("token",),),
    "oauth": (("refresh_token", "client_id", "client_secret"), ("access_token",)),
}
# Anything else would be a header that `requests` refuses with an error that quotes it.
_SAFE = re.compile(r"[\x21-\x7e]+")


class Secrets:
    """The secret values of one connection; neither `repr` nor `str` shows them."""

    def __init__(self, connection: Connection, home: Home, given: Mapping[str, str]) -> None:
        self._connection, self._home = connection, home
        self._given = dict(given)
        self._renewed = _read_renewed(self._renewed_path, given.get("refresh_token", ""), connection.name)

    @property
    def _renewed_path(self) -> Path:
        return self._home.secrets / f"{self._connection.name}.renewed"

    def __repr__(self) -> str:
        return f"Secrets({self._connection.name})"

    def get(self, key: str) -> str:
        """The value in force, '' when there is none."""
        return self._renewed.get(key) or self._given.get(key, "")

    def renew(self, access_token: str, refresh_token: str) -> None:
        """Keep tokens that the API handed out, on disk before they are used: the old ones are dead from now on.

        Raises ConnectError for values that cannot be sent, OSError when the file cannot be written.
        """
        if not (_SAFE.fullmatch(access_token) and _SAFE.fullmatch(refresh_token)):
            raise ConnectError(f"{self._connection.name}: the renewed token has characters that no header may have")
        self._renewed = {"access_token": access_token, "refresh_token": refresh_token}
        folder = self._home.secrets
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        document = {**self._renewed, "from": _fingerprint(self._given.get("refresh_token", ""))}
        part = folder / f".{self._connection.name}.renewed.part"
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(document, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(self._renewed_path)


def load_secrets(connection: Connection, home: Home, env: Mapping[str, str]) -> Secrets:
    """What authenticates a connection. Raises ConnectConfigError, in one line that quotes no value."""
    given = _from_file(home.secrets / connection.name, connection.name)
    for key in KEYS:
        text = env.get(variable(connection.name, key), "").strip()
        if text:
            given[key] = text
    for key, value in given.items():
        if not _SAFE.fullmatch(value):
            raise ConnectConfigError(f"{connection.name}: {key} holds blanks or characters that no header may have")
    groups = NEEDED[connection.auth]
    if not any(all(given.get(key) for key in group) for group in groups):
        nearest = max(groups, key=lambda group: sum(bool(given.get(key)) for key in group))
        missing = [key for key in nearest if not given.get(key)]
        names = ", ".join(variable(connection.name, key) for key in missing)
        raise ConnectConfigError(
            f"{connection.name}: no {', '.join(missing)}: set {names}, or write {home.secrets / connection.name}"
        )
    return Secrets(connection, home, given)


def variable(name: str, key: str) -> str:
    """The environment variable of one secret of one connection."""
    return f"CDP_CONNECT_{name.upper()}_{key.upper()}"


def _from_file(path: Path, name: str) -> dict[str, str]:
    text = _read_closed(path, f"{name}: {path}")
    if text is None:
        return {}
    stripped = text.strip()
    if _SAFE.fullmatch(stripped) and not stripped.startswith(tuple(f"{key}:" for key in KEYS)):
        return {"token": stripped}
    try:
        document = yaml.load(stripped, Loader=yaml.BaseLoader)  # noqa: S506 (every value stays text)
    except yaml.YAMLError:
        document = None
    if not isinstance(document, dict) or not document:
        raise ConnectConfigError(f"{name}: {path}: expected the bare token, or lines `key: value`")
    unknown = [str(key) for key in document if key not in KEYS]
    if unknown:
        raise ConnectConfigError(f"{name}: {path}: {len(unknown)} unknown keys; known are {', '.join(KEYS)}")
    return {str(key): value.strip() for key, value in document.items() if isinstance(value, str) and value.strip()}


def _read_closed(path: Path, what: str) -> str | None:
    """Text of a file that nobody but its owner may read, None when there is none. Raises ConnectConfigError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConnectConfigError(f"{what}: cannot be read ({type(error).__name__}); no link, a plain file") from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise ConnectConfigError(f"{what}: must be a plain file")
    with os.fdopen(handle, "rb") as stream:
        if status.st_mode & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise ConnectConfigError(f"{what}: is open to others (mode {mode:o}): run `chmod 600` on it")
        try:
            return stream.read(64 << 10).decode("utf-8")
        except UnicodeDecodeError:
            raise ConnectConfigError(f"{what}: is not UTF-8 text") from None


def _read_renewed(path: Path, refresh_token: str, name: str) -> dict[str, str]:
    text = _read_closed(path, f"{name}: {path}")
    if text is None:
        return {}
    try:
        document = json.loads(text)
        if document["from"] != _fingerprint(refresh_token):
            return {}
        return {key: str(document[key]) for key in ("access_token", "refresh_token")}
    except (ValueError, KeyError, TypeError):
        raise ConnectConfigError(f"{name}: {path}: damaged; remove it and give a new refresh token") from None


def _fingerprint(refresh_token: str) -> str:
    return hashlib.sha256(f"cdp refresh token|{refresh_token}".encode()).hexdigest()
