"""Alerts arrive at a real HTTP and a real SMTP server on this machine, once, and never stop a run."""

from __future__ import annotations

import email
import http.server
import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cdp_pipeline import alerts
from cdp_pipeline.alerts import Alert, AlertsError, load_receivers, notify, of_failure
from cdp_pipeline.cli import main
from cdp_pipeline.home import Home

WRONG = Alert("failed", "The run failed", ("identity: out of bounds",))
RIGHT = Alert("recovered", "Runs succeed again")


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Chat(http.server.ThreadingHTTPServer):
    """Keeps what it is told; answers with the statuses of `script`, then 200."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.script: list[int] = []
        self.body, self.retry_after = b"", "0"
        super().__init__(("127.0.0.1", 0), _Chat)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?token=hunter2"


class _Chat(http.server.BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.script.pop(0) if self.server.script else 200)
        self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Mail(socketserver.ThreadingTCPServer):
    """As much of SMTP as a client needs to hand over a message."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.unknown = b""
        self.greeting = b"250 well\r\n"
        super().__init__(("127.0.0.1", 0), _Mail)


class _Mail(socketserver.StreamRequestHandler):
    server: Mail

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        for line in self.rfile:
            verb = line.split()[0].upper() if line.strip() else b""
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part
                self.server.messages.append(body)
            if verb == b"RCPT" and self.server.unknown and self.server.unknown in line:
                self.wfile.write(b"550 nobody of this name\r\n")
                continue
            if verb == b"EHLO":
                self.wfile.write(self.server.greeting)
                continue
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 well\r\n")
            if verb == b"QUIT":
                return


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def chat(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    with Chat() as server, serving(server):
        monkeypatch.setenv("CDP_ALERT_OPS_URL", server.url)
        declare(home, "ops: {kind: webhook}")
        yield server


def declare(home: Home, *receivers: str) -> None:
    home.root.mkdir(exist_ok=True)
    text = "receivers:\n" + "".join(f"  {receiver}\n" for receiver in receivers)
    (home.root / "alerts.yml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("style", "body"),
    [
        ("slack", {"text": "The run failed\nidentity: out of bounds"}),
        ("wecom", {"msgtype": "text", "text": {"content": "The run failed\nidentity: out of bounds"}}),
        ("feishu", {"msg_type": "text", "content": {"text": "The run failed\nidentity: out of bounds"}}),
        (
            "plain",
            {
                "text": "The run failed\nidentity: out of bounds",
                "event": "failed",
                "title": "The run failed",
                "lines": ["identity: out of bounds"],
            },
        ),
    ],
)
def test_each_chat_gets_its_own_shape(home: Home, chat: Chat, style: str, body: dict[str, Any]) -> None:
    declare(home, f"ops: {{kind: webhook, style: {style}}}")
    assert notify(home, WRONG) == []
    assert chat.told == [body]


def test_a_recovery_is_told_once_and_only_after_a_failure(home: Home, chat: Chat) -> None:
    notify(home, RIGHT)
    assert chat.told == []
    for alert in (WRONG, WRONG, RIGHT, RIGHT):
        notify(home, alert)
    assert [told["event"] for told in chat.told] == ["failed", "failed", "recovered"]


def test_a_receiver_is_told_of_what_it_wants(home: Home, chat: Chat) -> None:
    declare(home, "ops: {kind: webhook, events: [attention]}")
    notify(home, WRONG)
    notify(home, Alert("attention", "look"))
    assert [told["event"] for told in chat.told] == ["attention"]


def test_a_busy_receiver_is_told_again_and_a_broken_one_is_one_line(home: Home, chat: Chat) -> None:
    chat.script = [503, 429, 200]
    assert notify(home, WRONG) == []
    assert len(chat.told) == 3
    chat.script = [404]
    [line] = notify(home, WRONG)
    assert line == "ops: could not be told (status 404)"
    chat.script = [500] * alerts.TRIES
    [line] = notify(home, WRONG)
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("style", "answer", "said"),
    [
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url: identity: out of bounds"}, "errcode 93000"),
        ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}, "errcode 310000"),
        ("feishu", {"code": 19001, "msg": "param invalid", "data": {}}, "code 19001"),
        ("wecom", {"errcode": 0, "errmsg": "ok"}, ""),
        ("feishu", {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}, ""),
        ("plain", {"code": 3, "errcode": 4}, ""),
        ("wecom", ["ok"], ""),
    ],
)
def test_chats_that_refuse_with_status_200(home: Home, chat: Chat, style: str, answer: object, said: str) -> None:
    declare(home, f"ops: {{kind: webhook, style: {style}}}")
    chat.body = json.dumps(answer).encode()
    assert notify(home, WRONG) == ([f"ops: could not be told ({said})"] if said else [])
    assert len(chat.told) == 1


def test_a_chat_that_asks_for_a_day_holds_up_no_run(home: Home, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "LONGEST_WAIT_SECONDS", 0.1)
    chat.script, chat.retry_after = [429] * alerts.TRIES, "86400"
    started = time.monotonic()
    assert notify(home, WRONG) == ["ops: could not be told (status 429)"]
    assert time.monotonic() - started < 30


def test_mail(home: Home) -> None:
    with Mail() as server, serving(server):
        port = server.server_address[1]
        declare(
            home,
            "team: {kind: email, to: [data@example.com, 数据@example.com], sender: cdp@example.com,"
            f" host: 127.0.0.1, port: {port}, starttls: false}}".replace("数据@", "night@"),
        )
        assert notify(home, of_failure(home.root, "运行失败: dbt_marts")) == []
    [message] = [email.message_from_bytes(raw) for raw in server.messages]
    assert message["To"] == "data@example.com, night@example.com"
    assert message["Date"] and message["Message-ID"].endswith("@example.com>"), (
        "a server may refuse a mail without them"
    )
    assert message["Subject"] == "[cdp] The run failed; readers see what they saw before"
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes) and "运行失败: dbt_marts" in body.decode()


def test_an_address_that_the_mail_server_refuses_is_told_as_a_count(home: Home) -> None:
    with Mail() as server, serving(server):
        server.unknown = b"gone@example.com"
        declare(
            home,
            "team: {kind: email, to: [data@example.com, gone@example.com], sender: cdp@example.com, host: 127.0.0.1,"
            f" port: {server.server_address[1]}, starttls: false}}",
        )
        assert notify(home, WRONG) == ["team: 1 of 2 addresses were refused"]
        assert len(server.messages) == 1


def test_a_password_that_the_protocol_cannot_carry_is_one_line(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ALERT_TEAM_PASSWORD", "密码")
    with Mail() as server, serving(server):
        server.greeting = b"250-well\r\n250 AUTH LOGIN PLAIN\r\n"
        declare(
            home,
            "team: {kind: email, to: [data@example.com], sender: cdp@example.com, host: 127.0.0.1, user: cdp,"
            f" port: {server.server_address[1]}, starttls: false}}",
        )
        assert notify(home, WRONG) == ["team: could not be told (UnicodeEncodeError)"]


def test_the_port_of_tls_is_spoken_to_in_tls_from_the_first_byte(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(alerts, "_PORT_OF_TLS", port)
        declare(home, f"team: {{kind: email, to: [a@b.example], sender: c@b.example, host: 127.0.0.1, port: {port}}}")
        heard: list[bytes] = []

        def listen() -> None:
            with server.accept()[0] as connection:
                heard.append(connection.recv(1))

        thread = threading.Thread(target=listen)
        thread.start()
        [line] = notify(home, WRONG)
        thread.join()
    assert heard == [b"\x16"], "the record type of a TLS handshake"
    assert line.startswith("team: could not be told (")


def test_a_test_message_names_who_could_not_be_told(home: Home, chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    declare(home, "ops: {kind: webhook}", "night: {kind: webhook}")
    assert main(["alert", "test", "--home", str(home.root)]) == 1
    out, err = capsys.readouterr()
    assert out == "ops: told\n"
    assert err.startswith("cdp: night: no secret: set CDP_ALERT_NIGHT_URL or write ")


@pytest.mark.parametrize(
    ("receiver", "said"),
    [
        ("ops: {kind: pager}", "kind must be webhook or email"),
        ("ops: {kind: webhook, style: teams}", "style must be one of plain, slack, wecom, dingtalk, feishu"),
        ("ops: {kind: webhook, events: [fire]}", "unknown event 'fire'"),
        ("ops: {kind: webhook, url: 'https://example.com'}", "'url' is not a setting of webhook"),
        ("ops: {kind: email, to: [a@example.com]}", "e-mail needs to, sender and host"),
    ],
)
def test_settings_that_cannot_be_used(home: Home, receiver: str, said: str) -> None:
    declare(home, receiver)
    with pytest.raises(AlertsError) as caught:
        load_receivers(home)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert notify(home, WRONG) == [str(caught.value)], "a run goes on"


@pytest.mark.parametrize("command", [["run"], ["backfill", "--from", "2025-03-01", "--to", "2025-03-02"]])
def test_a_failed_run_is_told(command: list[str], home: Home, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    from cdp_pipeline import run

    def failing(*_: object, **__: object) -> None:
        raise run.RunFailed("run 1234 failed, readers see what they saw before: publish: gate")

    monkeypatch.setattr(run, "run", failing)
    assert main([*command, "--home", str(home.root)]) == 1
    assert chat.told[0]["lines"][0] == "run 1234 failed, readers see what they saw before: publish: gate"


def test_a_run_that_a_file_of_the_home_stops_is_told(home: Home, chat: Chat) -> None:
    day = home.landed("erp", "orders") / "dt=2025-03-01"
    day.mkdir(parents=True)
    (day / "orders.csv").write_text("order_no\n1\n", encoding="utf-8")
    home.identity_rules.write_text("revue_from: 0.1\n", encoding="utf-8")
    assert main(["run", "--home", str(home.root)]) == 2
    (told,) = chat.told
    assert told["event"] == "failed" and "unknown key" in told["lines"][0]
    home.identity_rules.unlink()
    assert main(["run", "--out", str(home.root), "--home", str(home.root)]) == 2
    assert len(chat.told) == 1, "arguments are told to who gave them"


def test_an_unforeseen_error_is_told_without_its_text(home: Home, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    from cdp_pipeline import run

    def failing(*_: object, **__: object) -> None:
        raise KeyError("ada@mail.example")

    monkeypatch.setattr(run, "run", failing)
    assert main(["run", "--home", str(home.root)]) == 1
    assert chat.told[0]["lines"][0] == "unexpected KeyError"
