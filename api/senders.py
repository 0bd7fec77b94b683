"""Senders: how a text reaches a phone. An outbox while trying out, a gateway in earnest.

Sending is slow and may fail: it happens after the commit, in a thread, never inside a unit.
What is sent stands in no log and in no error, neither the phone nor the text.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Protocol, cast
from urllib.parse import quote, urlsplit

from fastapi import Request

from api.errors import SenderMissing, SendingFailed, SettingUnusable
from api.settings import Settings, data_home
from creditbank.core.clock import Clock, SystemClock
from creditbank.core.ids import IdSource

_WAIT_S = 0.25
_NEAR = {"localhost", "127.0.0.1", "::1"}
_TRY_AGAIN = {408, 425, 429}
_SERVERS_FAULT = 500
_REFUSED = 300
_log = logging.getLogger(__name__)


class Sender(Protocol):
    """Something that brings a text to a phone."""

    def send(self, phone: str, text: str) -> None:
        """Send a text, and wait until it was taken over.

        Raises:
            SendingFailed: it was not.
            SenderMissing: this installation has no sender.
        """


class OutboxSender:
    """Writes what would be sent to a file of JSON lines, and to the console if asked."""

    def __init__(self, path: Path, *, console: bool = False) -> None:
        """Name the file; it is made when the first text is sent, readable by its owner only."""
        self._path = path
        self._console = console

    def send(self, phone: str, text: str) -> None:
        """Write a text down.

        Raises:
            SendingFailed: the file cannot be written.
        """
        line = json.dumps({"phone": phone, "text": text}, ensure_ascii=False) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.fchmod(descriptor, 0o600)
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise SendingFailed from error
        if self._console:
            sys.stdout.write(f"{phone}: {text}\n")
            sys.stdout.flush()


class GatewaySender:
    """Hands texts to a provider over HTTP, as the settings say.

    ``sms_url``, ``sms_headers`` and ``sms_body`` are templates with ``$phone``, ``$text``, ``$id``
    and ``$timestamp`` (headers: ``$id`` and ``$timestamp``), escaped for where they stand. With
    ``sms_secret`` a request is signed: ``X-Signature`` is the HMAC-SHA256 (hex) of the timestamp,
    a full stop and the body, ``X-Timestamp`` the seconds since 1970. ``X-Message-Id`` is the same
    for all tries of one text, so that a provider that knows it sends once.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Read the templates.

        Raises:
            SettingUnusable: one of them cannot be used.
        """
        self._url = Template(settings.sms_url or "")
        self._headers = {name: Template(value) for name, value in settings.sms_headers.items()}
        self._body = Template(settings.sms_body)
        self._secret = settings.sms_secret.get_secret_value().encode()
        self._timeout_s = settings.sms_timeout_s
        self._tries = settings.sms_tries
        self._clock = clock or SystemClock()
        said = {name.lower(): value for name, value in settings.sms_headers.items()}
        self._kind = said.get("content-type", "application/json")
        self._refuse_unusable()

    def _refuse_unusable(self) -> None:
        place = urlsplit(self._url.template)
        if place.scheme != "https" and not (place.scheme == "http" and place.hostname in _NEAR):
            raise SettingUnusable("sms_url", "https://… / 应以 https:// 开头")
        if "$" in place.netloc:
            raise SettingUnusable("sms_url", "no $ in the host / 主机名不能含占位符")
        try:
            self._filled("13800000000", "text", "id", "0")
        except (KeyError, ValueError) as error:
            raise SettingUnusable("sms_…", "$phone, $text, $id, $timestamp") from error

    def send(self, phone: str, text: str) -> None:
        """Hand a text over, trying again while the provider cannot be reached.

        Raises:
            SendingFailed: it was refused, or never answered.
        """
        clock, outcome = self._clock, ""
        message_id = IdSource().prefixed("msg", clock.now())
        import httpx2  # noqa: PLC0415 - slow, and only for a gateway

        with httpx2.Client(timeout=self._timeout_s, follow_redirects=False) as client:
            for tried in range(1, self._tries + 1):
                timestamp = str(int(clock.now().timestamp()))
                url, headers, body = self._filled(phone, text, message_id, timestamp)
                try:
                    status = client.post(url, headers=headers, content=body).status_code
                except httpx2.HTTPError as error:
                    outcome = type(error).__name__
                else:
                    if status < _REFUSED:
                        return
                    outcome = str(status)
                    if status < _SERVERS_FAULT and status not in _TRY_AGAIN:
                        break
                if tried < self._tries:
                    threading.Event().wait(_WAIT_S * 2**tried)
        _log.warning("gateway %s %s", message_id, outcome)
        raise SendingFailed

    def _filled(
        self, phone: str, text: str, message_id: str, timestamp: str
    ) -> tuple[str, dict[str, str], bytes]:
        """Return URL, headers and body of one try."""
        said = {"phone": phone, "text": text, "id": message_id, "timestamp": timestamp}
        quoted = {name: quote(value, safe="") for name, value in said.items()}
        inside = quoted if "form" in self._kind else _in_json(said)
        body = self._body.substitute(inside).encode()
        headers = {
            name: value.substitute(id=message_id, timestamp=timestamp)
            for name, value in self._headers.items()
        }
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = self._kind
        headers |= {"X-Message-Id": message_id, "X-Timestamp": timestamp}
        if self._secret:
            headers["X-Signature"] = signature(self._secret, timestamp, body)
        return self._url.substitute(quoted), headers, body


def _in_json(said: Mapping[str, str]) -> dict[str, str]:
    return {name: json.dumps(value, ensure_ascii=False)[1:-1] for name, value in said.items()}


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return how a request to a gateway is signed, for whoever checks it."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class NoSender:
    """Sends nothing and says so: production without a gateway."""

    def send(self, phone: str, text: str) -> None:  # noqa: ARG002 - a Sender's
        """Refuse.

        Raises:
            SenderMissing: always.
        """
        raise SenderMissing


def of(settings: Settings) -> Sender:
    """Return the sender of an installation: its gateway, else an outbox, but none in production.

    Raises:
        SettingUnusable: the gateway's settings, or an outbox in production.
    """
    if settings.production and (settings.outbox is not None or settings.outbox_console):
        raise SettingUnusable("outbox", "not in production / 正式环境不能使用")
    if settings.sms_url is not None:
        return GatewaySender(settings)
    if settings.production:
        return NoSender()
    path = settings.outbox or data_home() / "outbox.jsonl"
    return OutboxSender(path, console=settings.outbox_console)


async def deliver(request: Request, phone: str, text: str) -> None:
    """Send a text in a thread; only after the commit of what it is about.

    Raises:
        SendingFailed: it was not taken over.
        SenderMissing: this installation has no sender.
    """
    sender = cast("Sender", request.app.state.sender)
    await asyncio.to_thread(sender.send, phone, text)


async def try_to_deliver(request: Request, phone: str, text: str) -> None:
    """Send a text that nobody waits for: what it is about stands, whether or not it arrives."""
    with contextlib.suppress(SendingFailed, SenderMissing):
        await deliver(request, phone, text)
