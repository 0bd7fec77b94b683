"""Requests handed straight to the app, on one event loop: for tests that make thousands."""

import asyncio
import json as json_text
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlencode

from starlette.types import ASGIApp, Message

R = TypeVar("R")

_STREAM = b"text/event-stream; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    url: str
    status_code: int
    text: str
    location: str = ""


class Direct:
    """An app that is running, and the loop it runs on."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        """Hand requests to an app whose lifespan has begun."""
        self._app = app
        self._loop = loop

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        json: object = None,
        content: str | bytes | None = None,
    ) -> Answer:
        """Send one request and wait for its whole answer."""
        body = b""
        sent = {"host": "testserver", **headers}
        if json is not None:
            body = json_text.dumps(json).encode()
            sent["Content-Type"] = "application/json"
        elif content is not None:
            body = content.encode() if isinstance(content, str) else content
        if body:
            sent["Content-Length"] = str(len(body))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(url),
            "raw_path": url.encode(),
            "query_string": urlencode(params or {}).encode(),
            "headers": [(one.lower().encode(), sent[one].encode()) for one in sent],
            "client": ("testclient", 50000),
            "server": ("testserver", 80),
            "state": {},
        }
        return self._loop.run_until_complete(self._answer(scope, body))

    async def _answer(self, scope: dict[str, Any], body: bytes) -> Answer:
        said = [{"type": "http.request", "body": body, "more_body": False}]
        got: list[Message] = []
        streams = asyncio.Event()

        async def receive() -> Message:
            if said:
                return said.pop()
            await streams.wait()  # nobody hangs up, but on what would never end
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            got.append(message)
            if (b"content-type", _STREAM) in message.get("headers", ()):
                streams.set()

        await self._app(scope, receive, send)
        text = b"".join(one.get("body", b"") for one in got[1:])
        headers = {name.decode(): value.decode() for name, value in got[0]["headers"]}
        where = headers.get("location") or headers.get("hx-redirect", "")
        return Answer(scope["path"], got[0]["status"], text.decode("utf-8", "replace"), where)


@contextmanager
def running(app: Any) -> Iterator[Direct]:
    """An app between its start and its end."""
    loop = asyncio.new_event_loop()

    def wait(work: Coroutine[Any, Any, R]) -> R:
        return loop.run_until_complete(work)

    life = app.router.lifespan_context(app)
    wait(life.__aenter__())
    try:
        yield Direct(app, loop)
    finally:
        wait(life.__aexit__(None, None, None))
        wait(loop.shutdown_default_executor())
        loop.close()
