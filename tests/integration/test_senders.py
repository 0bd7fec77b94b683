"""Senders: a file for trying out, and a gateway on a real port, with its faults."""

import json
import logging
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api import senders
from api.errors import SenderMissing, SendingFailed, SettingUnusable
from api.senders import GatewaySender, NoSender, OutboxSender
from api.settings import Settings
from creditbank.core.clock import ManualClock

SIGNED_WITH = "made up for this test"
PHONE = "+8613800000001"
TEXT = '【社】验证码 123456，"五"分钟。\n{}$&'


class Provider(ThreadingHTTPServer):
    """A provider that answers as it is told, and keeps what came in."""

    def __init__(self, answers: list[int], late_s: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self.answers = answers
        self.late_s = late_s
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.over = threading.Event()

    def url(self, path: str = "/send") -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Desk(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        """Take a request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append((self.path, headers, body))
        if self.server.late_s:
            self.server.over.wait(self.server.late_s)
            return
        self.send_response(self.server.answers.pop(0))
        self.send_header("Content-Length", "0")
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def provider(*answers: int, late_s: int = 0) -> Iterator[Provider]:
    """A provider for the length of a with block."""
    with Provider(list(answers), late_s) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def settings(**said: object) -> Settings:
    """Settings of an installation."""
    return Settings.model_validate(said)


# The outbox ------------------------------------------------------------------------------------


def test_an_outbox_keeps_a_line_per_text(tmp_path: Path) -> None:
    """Lines of JSON in a file that only its owner reads, even if it lay open before."""
    path = tmp_path / "box" / "outbox.jsonl"
    path.parent.mkdir()
    path.touch(0o644)
    box = OutboxSender(path)
    box.send(PHONE, TEXT)
    box.send(PHONE, "二")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [{"phone": PHONE, "text": TEXT}, {"phone": PHONE, "text": "二"}] == lines
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_an_outbox_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A typed error, without phone or text."""
    with pytest.raises(SendingFailed) as failed:
        OutboxSender(tmp_path).send(PHONE, TEXT)
    assert {} == failed.value.figures


def test_the_console_shows_texts_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And only then."""
    for console in (False, True):
        OutboxSender(tmp_path / "outbox.jsonl", console=console).send(PHONE, "一")
        assert (f"{PHONE}: 一\n" if console else "") == capsys.readouterr().out


# What an installation has ----------------------------------------------------------------------


def test_settings_choose_the_sender(tmp_path: Path) -> None:
    """An outbox while trying out, the gateway if there is one, and no pretence in production."""
    chosen = [
        senders.of(settings()),
        senders.of(settings(outbox=tmp_path / "box")),
        senders.of(settings(sms_url="https://sms.example/send")),
        senders.of(settings(production=True, sms_url="https://sms.example/send")),
        senders.of(settings(production=True)),
    ]
    kinds = [OutboxSender, OutboxSender, GatewaySender, GatewaySender, NoSender]
    assert kinds == [type(one) for one in chosen]
    with pytest.raises(SenderMissing):
        chosen[-1].send(PHONE, TEXT)


@pytest.mark.parametrize(
    "said",
    [
        {"production": True, "outbox": "/tmp/outbox"},  # noqa: S108 - never written
        {"production": True, "outbox_console": True},
        {"production": True, "outbox_console": True, "sms_url": "https://sms.example"},
        {"sms_url": "http://sms.example/send"},
        {"sms_url": "ftp://sms.example/send"},
        {"sms_url": "https://$phone.example/send"},
        {"sms_url": "https://sms.example", "sms_body": "$who"},
        {"sms_url": "https://sms.example", "sms_body": "100 $"},
        {"sms_url": "https://sms.example", "sms_headers": {"X-To": "$phone"}},
    ],
)
def test_unusable_settings_are_named_at_the_start(said: dict[str, object]) -> None:
    """No outbox in production, no gateway without TLS, no place that nothing fills."""
    with pytest.raises(SettingUnusable):
        senders.of(settings(**said))


# The gateway -----------------------------------------------------------------------------------


def test_a_gateway_gets_what_the_templates_say(clock: ManualClock) -> None:
    """URL, headers and body are filled and escaped, and the body is signed with the time."""
    with provider(200) as desk:
        said = settings(
            sms_url=desk.url("/v2/send?to=$phone&ref=$id"),
            sms_headers={"X-Api-Key": "abc", "X-Ref": "ref-$id"},
            sms_body='{"to": ["$phone"], "content": "$text", "at": $timestamp}',
            sms_secret=SIGNED_WITH,
        )
        GatewaySender(said, clock).send(PHONE, TEXT)
    ((path, headers, body),) = desk.got
    at, message_id = int(clock.now().timestamp()), headers["x-message-id"]
    assert f"/v2/send?to=%2B8613800000001&ref={message_id}" == path
    assert {"to": [PHONE], "content": TEXT, "at": at} == json.loads(body)
    assert ("abc", f"ref-{message_id}") == (headers["x-api-key"], headers["x-ref"])
    assert ("application/json", str(at)) == (headers["content-type"], headers["x-timestamp"])
    expected = senders.signature(SIGNED_WITH.encode(), str(at), body)
    assert expected == headers["x-signature"]
    assert 64 == len(expected)


def test_a_form_is_escaped_as_a_form(clock: ManualClock) -> None:
    """The content type of the headers says how the body is escaped; unsigned without a secret."""
    with provider(204) as desk:
        kind = "application/x-www-form-urlencoded"
        said = settings(
            sms_url=desk.url(), sms_headers={"Content-Type": kind}, sms_body="to=$phone&t=$text"
        )
        GatewaySender(said, clock).send(PHONE, "a&b=五")
    ((_, headers, body),) = desk.got
    assert b"to=%2B8613800000001&t=a%26b%3D%E4%BA%94" == body
    assert (kind, False) == (headers["content-type"], "x-signature" in headers)


def test_a_gateway_is_tried_again_with_the_same_id(clock: ManualClock) -> None:
    """A provider that stumbles twice is asked three times about one text."""
    with provider(500, 429, 200) as desk:
        GatewaySender(settings(sms_url=desk.url(), sms_tries=3), clock).send(PHONE, TEXT)
    assert (3, 1) == (len(desk.got), len({headers["x-message-id"] for _, headers, _ in desk.got}))


@pytest.mark.parametrize(("answers", "asked"), [([500, 502, 503], 3), ([400], 1), ([302], 1)])
def test_a_gateway_that_refuses_fails_by_type(
    clock: ManualClock, caplog: pytest.LogCaptureFixture, answers: list[int], asked: int
) -> None:
    """Its own faults are tried to the end, refusals and redirects once; logs name nobody."""
    with provider(*answers) as desk, caplog.at_level(logging.WARNING):
        sender = GatewaySender(settings(sms_url=desk.url("/s?to=$phone")), clock)
        with pytest.raises(SendingFailed) as failed:
            sender.send(PHONE, TEXT)
    assert asked == len(desk.got)
    said = caplog.text + str(failed.value) + repr(failed.value.__cause__)
    assert str(answers[-1]) in caplog.text
    assert not [secret for secret in (PHONE, PHONE[1:], "123456") if secret in said]


def test_a_gateway_that_does_not_answer_fails_in_time(clock: ManualClock) -> None:
    """The timeout of the settings ends each try."""
    with provider(late_s=30) as desk:
        said = settings(sms_url=desk.url(), sms_timeout_s=1, sms_tries=2)
        with pytest.raises(SendingFailed):
            GatewaySender(said, clock).send(PHONE, TEXT)
    assert 2 == len(desk.got)


def test_a_gateway_that_is_not_there_fails(clock: ManualClock) -> None:
    """Nobody listens: a typed error."""
    with provider() as desk:
        url = desk.url()
    with pytest.raises(SendingFailed):
        GatewaySender(settings(sms_url=url, sms_tries=1), clock).send(PHONE, TEXT)
