"""The client's line: only the server's own words count; whoever stands between says nothing."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api.client.line import Line, Problem, Unanswered


class Between(BaseHTTPRequestHandler):
    """Answers what the path names: a status, and a body after it."""

    def do_POST(self) -> None:
        """Answer without having asked anybody."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.path.rsplit("/", 1)[-1].split("-")
        said = {"empty": b"", "page": b"<html>", "object": b"{}", "list": b"[]"}.get(
            body, b'{"type": "/problems/in-debt", "status": 409}'
        )
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def line() -> Iterator[Line]:
    """A line that ends at somebody between."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with Line(f"http://127.0.0.1:{server.server_port}", "trust", "token") as one:
        yield one
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "said", ["302-empty", "302-page", "200-page", "403-object", "404-page", "408-empty", "502-list"]
)
def test_what_is_not_the_servers_is_no_answer(line: Line, said: str) -> None:
    """A sign-in page of the network or a proxy's refusal leaves open what became of a request."""
    with pytest.raises(Unanswered):
        line.post(f"/{said}", {}, key="key-0123456789abcdef")


def test_a_problem_is_the_servers(line: Line) -> None:
    """Problem details are told apart by their type."""
    with pytest.raises(Problem) as caught:
        line.post("/409-problem", {}, key="key-0123456789abcdef")
    assert ("in-debt", True) == (caught.value.slug, caught.value.final)
