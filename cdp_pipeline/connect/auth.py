"""How each API wants its requests signed, and how a token is renewed."""

from __future__ import annotations

import base64
from typing import Any

import requests

from cdp_pipeline.connect.config import Connection
from cdp_pipeline.connect.errors import ConnectConfigError, ConnectError, Refused
from cdp_pipeline.connect.http import Clock, Credentials, SystemClock, decode, unsigned
from cdp_pipeline.connect.secrets import Secrets

RENEWAL_ATTEMPTS = 3
_MAX_ANSWER = 1 << 20


class ShopifyToken:
    """The access token of a custom app; it does not expire."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def sign(self, headers: Any) -> None:
        headers["X-Shopify-Access-Token"] = self._secrets.get("token")

    def renew(self) -> bool:
        return False


class ZendeskApiToken:
    """An API token with the e-mail address of its agent."""

    def __init__(self, secrets: Secrets, user: str) -> None:
        self._secrets, self._user = secrets, user

    def sign(self, headers: Any) -> None:
        pair = f"{self._user}/token:{self._secrets.get('token')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"

    def renew(self) -> bool:
        return False


class ZendeskOAuth:
    """A bearer token that expires. A refresh gives a new pair and kills the old one, so the new one is kept at once."""

    def __init__(self, connection: Connection, secrets: Secrets, clock: Clock | None = None) -> None:
        self._connection, self._secrets, self._clock = connection, secrets, clock or SystemClock()

    def sign(self, headers: Any) -> None:
        if not self._secrets.get("access_token"):
            self.renew()
        headers["Authorization"] = f"Bearer {self._secrets.get('access_token')}"

    def renew(self) -> bool:
        if not all(self._secrets.get(key) for key in ("refresh_token", "client_id", "client_secret")):
            return False
        document = self._ask()
        pair = [document.get(key) for key in ("access_token", "refresh_token")]
        if not all(isinstance(value, str) and value for value in pair):
            raise ConnectError(f"{self._connection.name}: the refresh brought no access_token and refresh_token")
        try:
            self._secrets.renew(str(pair[0]), str(pair[1]))
        except OSError as error:
            raise ConnectError(
                f"{self._connection.name}: the renewed token cannot be kept under secrets/ ({type(error).__name__});"
                " the old one is dead: authorise the account again"
            ) from None
        return True

    def _ask(self) -> dict[str, Any]:
        """The answer to a refresh. Raises ConnectError: refused for good, or not to be had now."""
        name = self._connection.name
        body = {key: self._secrets.get(key) for key in ("refresh_token", "client_id", "client_secret")}
        problem = ""
        for attempt in range(RENEWAL_ATTEMPTS):
            if attempt:
                self._clock.sleep(2.0**attempt)
            try:
                with requests.post(
                    f"{self._connection.base_url}/oauth/tokens",
                    auth=unsigned,
                    json={"grant_type": "refresh_token", **body},
                    timeout=(10, self._connection.timeout),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    content = next(response.iter_content(_MAX_ANSWER), b"")
            except (requests.RequestException, OSError) as error:
                problem = f"no answer ({type(error).__name__})"
                continue
            if response.status_code == 200:
                try:
                    document = decode(content)
                except (ValueError, RecursionError):
                    document = None
                if isinstance(document, dict):
                    return document
                problem = "an answer that is no JSON object"
            elif response.status_code in (429, 408) or response.status_code >= 500:
                problem = f"status {response.status_code}"
            else:
                text = f"status {response.status_code}, the refresh token was refused: authorise the account again"
                raise Refused(f"{name}: {text}", 401)
        raise ConnectError(f"{name}: the token could not be renewed: {problem}, {RENEWAL_ATTEMPTS} times")


def credentials_of(connection: Connection, secrets: Secrets, clock: Clock | None = None) -> Credentials:
    """What signs the requests of a connection."""
    if connection.type == "shopify":
        return ShopifyToken(secrets)
    if connection.auth == "api_token":
        return ZendeskApiToken(secrets, connection.user)
    if connection.auth == "oauth":
        return ZendeskOAuth(connection, secrets, clock)
    raise ConnectConfigError(f"{connection.name}: no way to sign requests for auth {connection.auth}")
