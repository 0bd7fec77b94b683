"""A line to one bank's API with one token: sends a request once and gives back what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2

ANSWER_WITHIN_S = 5.0
_SERVER_FAULT = 500


class Problem(Exception):
    """The server said no, and why: ``slug`` names the problem, ``figures`` are its fields.

    ``status`` is the HTTP status. ``final`` says that the same request will be told the same for
    ever; otherwise (busy, limited, out of service) sending it again with its key is safe.
    """

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        """Keep what the problem details say."""
        super().__init__(str(body.get("detail", status)))
        self.status = status
        self.slug = str(body.get("type", "")).removeprefix("/problems/")
        self.title = str(body.get("title", ""))
        self.title_en = str(body.get("title_en", ""))
        self.figures = dict(body)

    @property
    def final(self) -> bool:
        """Whether asking again is no use."""
        return self.status < _SERVER_FAULT and self.slug not in {"busy", "rate-limited"}


class Unanswered(Exception):
    """No answer came: whether the request was carried out is not known."""


class Line:
    """A connection to one bank, with the token of a till, a member or someone in office."""

    def __init__(
        self, server: str, bank: str, token: str, *, answer_within_s: float = ANSWER_WITHIN_S
    ) -> None:
        """Name the server (``https://…``), the bank's slug and the token; nothing is sent yet."""
        self._http = httpx2.Client(
            base_url=f"{server.rstrip('/')}/v1/b/{bank}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=answer_within_s,
            follow_redirects=False,
        )

    def get(self, path: str, **query: str | int) -> Any:
        """Ask for something and return its JSON.

        Raises:
            Problem: the server said no.
            Unanswered: no answer came.
        """
        return self._send("GET", path, params=query or None)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str) -> Any:
        """Write something once and return the answer's JSON; ``key`` names this write for ever.

        Raises:
            Problem: the server said no.
            Unanswered: no answer came; send the same with the same key, or ask.
        """
        return self._send("POST", path, json=body, headers={"Idempotency-Key": key})

    def _send(self, method: str, path: str, **what: Any) -> Any:
        try:
            answer = self._http.request(method, quote(path, safe="/"), **what)
            body = answer.json() if answer.content else None
        except (httpx2.TransportError, ValueError) as error:
            raise Unanswered(method, path) from error
        if answer.is_success:
            return body
        if isinstance(body, dict) and "type" in body:
            raise Problem(answer.status_code, body)
        raise Unanswered(method, path)  # a proxy or the network's sign-in page said it

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def __enter__(self) -> Self:
        """Use as a context that hangs up by itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self.close()
