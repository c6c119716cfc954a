"""Alerts arrive at a real HTTP and a real SMTP server on this machine, once, and never stop a run."""

from __future__ import annotations

import email
import http.server
import json
import socketserver
import threading
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
        super().__init__(("127.0.0.1", 0), _Chat)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?token=hunter2"


class _Chat(http.server.BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.script.pop(0) if self.server.script else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Mail(socketserver.ThreadingTCPServer):
    """As much of SMTP as a client needs to hand over a message."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
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
    assert message["Subject"] == "[cdp] The run failed; readers see what they saw before"
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes) and "运行失败: dbt_marts" in body.decode()


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
