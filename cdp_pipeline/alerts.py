"""Tells people when a run needs them: by webhook (a chat's, or any system's) and by e-mail.

``<home>/alerts.yml`` says who is told of what. An alert names steps, files and counts, as the lines of `cdp run` do,
and no person. That it cannot be delivered is said and never makes a run fail.
"""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path
from typing import Any

import yaml

from cdp_pipeline.home import Home
from profiles.secret import SecretError, read_secret

FILE = "alerts.yml"
# failed: readers still see the last snapshot. attention: published, but files or the model need somebody.
# recovered: the first good run after a failed one.
EVENTS = ("failed", "attention", "recovered")
TRIES = 3
TIMEOUT_SECONDS = 15.0
LONGEST_WAIT_SECONDS = 10.0
# Submission over TLS from the first byte (RFC 8314), which several providers offer alone.
_PORT_OF_TLS = 465

# What the body of a webhook looks like at each kind of receiver, made of one text.
STYLES: dict[str, Callable[[str], dict[str, Any]]] = {
    "plain": lambda text: {"text": text},
    "slack": lambda text: {"text": text},
    "wecom": lambda text: {"msgtype": "text", "text": {"content": text}},
    "dingtalk": lambda text: {"msgtype": "text", "text": {"content": text}},
    "feishu": lambda text: {"msg_type": "text", "content": {"text": text}},
}


class AlertsError(ValueError):
    """``alerts.yml`` cannot be used; the text is one line that names the place."""


@dataclass(frozen=True)
class Alert:
    """What people are told. `lines` are facts without personal data."""

    event: str
    title: str
    lines: Sequence[str] = ()

    def text(self) -> str:
        """Title and lines."""
        return "\n".join([self.title, *self.lines])


@dataclass(frozen=True)
class Receiver:
    """One receiver: a webhook (`style`; its address is a secret) or e-mail (`to`, `sender`, `host`, `port`, `user`,
    `starttls`), and the `events` that it is told of."""

    name: str
    kind: str
    events: tuple[str, ...] = EVENTS
    style: str = "plain"
    to: tuple[str, ...] = ()
    sender: str = ""
    host: str = ""
    port: int = 587
    user: str = ""
    starttls: bool = True


_TYPES = {"style": str, "sender": str, "host": str, "user": str, "port": int, "starttls": bool}


def load_receivers(home: Home) -> list[Receiver]:
    """The receivers of this installation; none where there is no file. Raises AlertsError."""
    path = home.root / FILE
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (yaml.YAMLError, UnicodeDecodeError):
        raise AlertsError(f"{path}: not valid YAML") from None
    declared = document.get("receivers") if isinstance(document, dict) and list(document) == ["receivers"] else None
    if not isinstance(declared, dict):
        raise AlertsError(f"{path}: expected one key, receivers, that maps names to settings")
    return [_receiver(f"{path}: {name}", str(name), given) for name, given in declared.items()]


def notify(home: Home, alert: Alert) -> list[str]:
    """Tell every receiver that wants to know; returns a line for each that could not be told.

    A run that recovers is told once, and only after a failure that was told.
    """
    failed_before = home.root / "state" / "alerts.failed"
    if alert.event == "recovered" and not failed_before.exists():
        return []
    try:
        receivers = load_receivers(home)
    except AlertsError as error:
        return [str(error)]
    problems = [
        line for receiver in receivers if alert.event in receiver.events for line in _try(home, receiver, alert)
    ]
    if alert.event == "failed" and receivers:
        failed_before.parent.mkdir(parents=True, exist_ok=True)
        failed_before.touch()
    elif alert.event == "recovered":
        failed_before.unlink(missing_ok=True)
    return problems


def send(home: Home, receiver: Receiver, alert: Alert) -> None:
    """Tell one receiver. Raises AlertsError with one line, without address or password."""
    try:
        if receiver.kind == "email":
            _mail(receiver, _secret(home, receiver, "PASSWORD") if receiver.user else "", alert)
        else:
            _post(receiver, _secret(home, receiver, "URL"), alert)
    except AlertsError:
        raise
    # a ValueError: addresses and passwords that cannot be written as the server takes them
    except (OSError, ValueError, smtplib.SMTPException) as error:
        raise AlertsError(f"{receiver.name}: could not be told ({type(error).__name__})") from None


def _try(home: Home, receiver: Receiver, alert: Alert) -> list[str]:
    try:
        send(home, receiver, alert)
    except AlertsError as error:
        return [str(error)]
    return []


def _receiver(where: str, name: str, given: object) -> Receiver:
    if not isinstance(given, dict) or given.get("kind") not in ("webhook", "email"):
        raise AlertsError(f"{where}: kind must be webhook or email")
    own = {"style"} if given["kind"] == "webhook" else {"to", "sender", "host", "port", "user", "starttls"}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key == "kind":
            continue
        if key in ("events", "to"):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or not value:
                raise AlertsError(f"{where}: {key} must be a list of texts")
            values[key] = tuple(value)
        elif key in own and type(value) is _TYPES[key]:
            values[key] = value
        else:
            raise AlertsError(f"{where}: '{key}' is not a setting of {given['kind']}, or not of the right type")
    receiver = Receiver(name, str(given["kind"]), **values)
    if unknown := set(receiver.events) - set(EVENTS):
        raise AlertsError(f"{where}: unknown event '{min(unknown)}': one of {', '.join(EVENTS)}")
    if receiver.style not in STYLES:
        raise AlertsError(f"{where}: style must be one of {', '.join(STYLES)}")
    if receiver.kind == "email" and not (receiver.to and receiver.sender and receiver.host):
        raise AlertsError(f"{where}: e-mail needs to, sender and host")
    return receiver


def _secret(home: Home, receiver: Receiver, what: str) -> str:
    """``CDP_ALERT_<NAME>_<WHAT>``, else the file ``secrets/alert_<name>``."""
    try:
        return read_secret(f"CDP_ALERT_{receiver.name.upper()}_{what}", home.secrets / f"alert_{receiver.name}")
    except SecretError as error:
        raise AlertsError(f"{receiver.name}: {error}") from None


def _post(receiver: Receiver, url: str, alert: Alert) -> None:
    import urllib3

    from profiles.http_answers import NotAnsweredError, post

    body: dict[str, Any] = STYLES[receiver.style](alert.text())
    if receiver.style == "plain":
        body |= {"event": alert.event, "title": alert.title, "lines": list(alert.lines)}
    try:
        # a run waits for this: a chat that asks for more has its limit for today
        status, said = post(
            urllib3.PoolManager(timeout=TIMEOUT_SECONDS), url, json.dumps(body, ensure_ascii=False).encode(),
            lambda: {"Content-Type": "application/json"}, tries=TRIES, longest_wait=LONGEST_WAIT_SECONDS,
        )  # fmt: skip
        problem = _refusal(receiver.style, said) if status < 300 else f"status {status}"
    except NotAnsweredError as error:
        problem = str(error)
    if problem:
        raise AlertsError(f"{receiver.name}: could not be told ({problem})")


def _refusal(style: str, said: bytes) -> str:
    """What a chat answers with status 200 to a message that it does not take; "" where it took it."""
    member = {"wecom": "errcode", "dingtalk": "errcode", "feishu": "code"}.get(style)
    try:
        document = json.loads(said) if member else None
    except ValueError:
        return ""
    code = document.get(member) if isinstance(document, dict) else None
    # the text beside it can repeat the message
    return f"{member} {code}" if type(code) is int and code != 0 else ""


def _mail(receiver: Receiver, password: str, alert: Alert) -> None:
    message = EmailMessage()
    message["Subject"] = f"[cdp] {alert.title.splitlines()[0]}"
    message["From"] = receiver.sender
    message["To"] = ", ".join(receiver.to)
    # A server that mails come in by may refuse one without these two.
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(receiver.sender)[1].rpartition("@")[2] or None)
    message.set_content(alert.text() + "\n")
    context = ssl.create_default_context()
    where = receiver.host, receiver.port
    is_tls = receiver.port == _PORT_OF_TLS
    with (
        smtplib.SMTP_SSL(*where, timeout=TIMEOUT_SECONDS, context=context)
        if is_tls
        else smtplib.SMTP(*where, timeout=TIMEOUT_SECONDS)
    ) as server:
        if receiver.starttls and not is_tls:
            server.starttls(context=context)
        if receiver.user:
            server.login(receiver.user, password)
        refused = server.send_message(message)
    if refused:
        raise AlertsError(f"{receiver.name}: {len(refused)} of {len(receiver.to)} addresses were refused")


def of_failure(home_root: Path, why: str) -> Alert:
    """The alert of a run that failed; `why` is the line that `cdp run` says."""
    return Alert("failed", "The run failed; readers see what they saw before", (why, f"home: {home_root}"))
