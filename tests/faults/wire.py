"""The wire between till and server: it passes requests on, and loses some of what it carries.

A fate is drawn for each request: it passes; its answer is lost on the way back; it is lost before
it arrives; or it is held up and arrives after the till has given it up.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PASSED_ON = ("Authorization", "Content-Type", "Idempotency-Key")


class Fate(StrEnum):
    """What becomes of a request and its answer; only the first reaches the till."""

    PASSES = "passes"
    ANSWER_LOST = "answer lost"
    REQUEST_LOST = "request lost"
    LATE = "late"


class Wire:
    """A port that leads to a server's port; ``fate`` is asked with path and key."""

    def __init__(
        self, server_port: int, fate: Callable[[str, str], Fate], late_by_s: float
    ) -> None:
        self._server_port = server_port
        self._fate = fate
        self._late_by_s = late_by_s
        self._late: list[threading.Thread] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            """One request and its fate; no answer means that the connection is just closed."""

            def handle_any(self) -> None:
                """Pass it on, or not."""
                wire._carry(self)

            do_GET = do_POST = handle_any  # noqa: N815 - named by the standard library

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._proxy.server_address[1])
        self._thread = threading.Thread(target=self._proxy.serve_forever, daemon=True)

    @contextlib.contextmanager
    def open(self) -> Iterator[Wire]:
        """Carry requests for the length of a with block; what was held up arrives by its end."""
        self._thread.start()
        try:
            yield self
            for one in self._late:
                one.join()
        finally:
            self._proxy.shutdown()
            self._proxy.server_close()
            self._thread.join()

    def _carry(self, caller: BaseHTTPRequestHandler) -> None:
        body = caller.rfile.read(int(caller.headers.get("Content-Length", 0))) or None
        fate = self._fate(caller.path, caller.headers.get("Idempotency-Key", ""))
        headers = {
            name: caller.headers[name] for name in _PASSED_ON if caller.headers[name] is not None
        }
        request = (caller.command, caller.path, body, headers)
        if fate is Fate.LATE:
            late = threading.Thread(target=self._after_a_while, args=request)
            self._late.append(late)
            late.start()
        elif fate is not Fate.REQUEST_LOST:
            status, content = self._send(*request)
            if fate is Fate.PASSES:
                caller.send_response(status)
                caller.send_header("Content-Length", str(len(content)))
                caller.end_headers()
                caller.wfile.write(content)

    def _after_a_while(self, *request: Any) -> None:
        time.sleep(self._late_by_s)
        self._send(*request)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self._server_port, timeout=60)
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()
