"""Test clients that hand a request to the app at once, and take its answer whole.

Starlette's client goes from the test's thread to the app's loop and back ten times a request, so
that an answer can be read while it is made, and starts a loop for each request of a client that is
not entered. That took longer than most of our routes. Here a request goes there and back once;
clients that are not entered share one loop. What streams without end is tried on a real server.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import httpx2
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette import testclient
from starlette.types import Message, Scope

_PORTS = {"http": 80, "https": 443}
_loops: WeakKeyDictionary[BlockingPortal, asyncio.AbstractEventLoop] = WeakKeyDictionary()


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Let every test client work like this, for the length of a with block."""
    with start_blocking_portal() as shared, pytest.MonkeyPatch.context() as patch:

        @contextlib.contextmanager
        def portal_of(client: testclient.TestClient) -> Iterator[BlockingPortal]:
            yield client.portal or shared

        patch.setattr(testclient.TestClient, "_portal_factory", portal_of)
        patch.setattr(testclient._TestClientTransport, "handle_request", _handle)
        yield


def _handle(transport: Any, request: httpx2.Request) -> httpx2.Response:
    """Do what the transport's own method does, for an answer that has an end."""
    got: list[Message] = []
    work = _answer(transport.app, _scope(transport, request), request.read(), got)
    with transport.portal_factory() as portal:
        future = asyncio.run_coroutine_threadsafe(work, _loop_of(portal))
        try:
            future.result()
        except Exception:
            if transport.raise_server_exceptions:
                raise
    if not got:
        return httpx2.Response(500, request=request)
    body = b"" if request.method == "HEAD" else b"".join(one.get("body", b"") for one in got[1:])
    return httpx2.Response(
        got[0]["status"],
        headers=[(name.decode(), value.decode()) for name, value in got[0].get("headers", [])],
        stream=httpx2.ByteStream(body),
        request=request,
    )


def _loop_of(portal: BlockingPortal) -> asyncio.AbstractEventLoop:
    if portal not in _loops:
        _loops[portal] = portal.call(asyncio.get_running_loop)
    return _loops[portal]


async def _answer(app: Any, scope: Scope, body: bytes, got: list[Message]) -> None:
    said: list[Message] = [{"type": "http.request", "body": body}]
    over = asyncio.Event()

    async def receive() -> Message:
        if said:
            return said.pop()
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        got.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            over.set()

    await app(scope, receive, send)


def _scope(transport: Any, request: httpx2.Request) -> Scope:
    url = request.url
    headers = [
        (name.lower().encode(), value.encode()) for name, value in request.headers.multi_items()
    ]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "path": unquote(url.path),
        "raw_path": url.raw_path.partition(b"?")[0],
        "root_path": transport.root_path,
        "scheme": url.scheme,
        "query_string": url.query,
        "headers": headers,
        "client": transport.client,
        "server": [url.host, url.port or _PORTS[url.scheme]],
        "extensions": {},
        "state": transport.app_state.copy(),
    }
