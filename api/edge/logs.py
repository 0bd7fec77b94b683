"""Logs: one line of JSON per event, with the id of its request and without anybody's data.

A line tells the route's template, never the path or the query that was asked; an error's type
and place, never its words (a database's may quote a row). What looks like a phone number, a
document number, a pay code, a token or a cookie is masked wherever it turns up.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.edge import metrics
from creditbank.core.clock import SystemClock

MASKED = "[masked]"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DIGITS = re.compile(r"\+?\d(?:[ .-]?\d){10,}[Xx]?")
_SECRETS = re.compile(
    r"cbt_[\w-]+|Bearer\s+\S+|(?<=__Host-)[^\r\n;,]+|(?<=__Secure-)[^\r\n;,]+"
    r"|(?<=cookie:)[^\r\n]+|(?<=cookie=)[^\r\n]+|(?<=authorization:)[^\r\n]+",
    re.IGNORECASE,
)
_SHORTEST_PHONE = 10**10
_NO_DIGITS = str.maketrans("0123456789", "ghjkmnpqrs")
_NEVER = re.compile(
    r"(cookie|authorization|password|passwd|secret|token|pin|phone|code|name|document|body)s?$",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return a text without numbers and secrets of people."""
    return _DIGITS.sub(MASKED, _SECRETS.sub(MASKED, text))


def _clean(value: Any) -> Any:
    """Mask a value of any shape."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < _SHORTEST_PHONE else MASKED
    if isinstance(value, Mapping):
        return {masked(str(name)): _kept(str(name), one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(one) for one in value]
    if isinstance(value, bytes | bytearray):
        return masked(bytes(value).decode("utf-8", "replace"))
    return masked(str(value))


def _kept(name: str, value: Any) -> Any:
    return MASKED if _NEVER.search(name) and value is not None else _clean(value)


def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every value of an event, whatever its name."""
    cleaned: dict[str, Any] = _clean(event)
    return cleaned


def placed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Tell an error by its type and where it was raised, not by its words."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["where"] = "".join(traceback.format_tb(error.__traceback__))
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    placed,
]


def logger(name: str) -> Any:
    """Return a logger whose events carry named values: ``log.info("request", status=200)``.

    It speaks through the standard library, so a program that configures nothing hears warnings
    only.
    """
    return structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


_requests = logging.getLogger("api.requests")


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Writes a request's line at once; all others pass the whole chain."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line."""
        if record.name == _requests.name:
            return record.getMessage()
        return super().format(record)


def _note(
    *, request_id: str, caller: str | None, method: str, route: str, status: int, seconds: float
) -> None:
    """Log what became of a request: as `logger` would, at a tenth of its cost.

    Only the client's own id and the caller's can hold what is not ours; both are masked.
    """
    if not _requests.isEnabledFor(logging.INFO):
        return
    line = _encode(
        {
            "caller": caller and masked(caller),
            "duration_us": int(seconds * 1_000_000),
            "event": "request",
            "level": "info",
            "logger": _requests.name,
            "method": method,
            "request_id": masked(request_id),
            "route": route,
            "status": status,
            "timestamp": SystemClock().now().isoformat().replace("+00:00", "Z"),
        }
    )
    _requests.handle(logging.LogRecord(_requests.name, logging.INFO, __file__, 0, line, None, None))


_encode = json.JSONEncoder().encode


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Let everything that is logged in this process leave as masked lines of JSON (stderr)."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                mask,
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("alembic", "apscheduler", "asyncio", "httpx2"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))


def request_id_of(said: bytes | None) -> str:
    """Return the client's own id if it has the form of one, or a new one."""
    text = (said or b"").decode("latin-1")
    if _REQUEST_ID.fullmatch(text):
        return text
    return f"req_{secrets.token_hex(12).translate(_NO_DIGITS)}"  # digits could look like a phone's


class RequestLog:
    """Gives each request its id, and notes what became of it: a line, and the figures."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app; to be the outermost, so that it sees every answer."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; note it when its answer has been sent."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(dict(scope["headers"]).get(b"x-request-id"))
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status, began = 500, time.monotonic()

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, told)
            finally:
                seconds = time.monotonic() - began
                method = scope["method"] if scope["method"] in METHODS else "OTHER"
                route = getattr(scope.get("route"), "path", UNMATCHED)
                metrics.note(method=method, route=route, status=status, seconds=seconds)
                _note(
                    request_id=request_id,
                    caller=state.get("caller_id"),
                    method=method,
                    route=route,
                    status=status,
                    seconds=seconds,
                )
