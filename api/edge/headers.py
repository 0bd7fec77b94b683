"""Headers that every answer carries, also refusals and faults.

No page of another origin may read, frame or script ours: there is no CORS header at all, and the
policy lets a page load only what its own route allows. A route that needs more (the style of a
page, its camera) says so in its own answer; what a route has set is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
HSTS = "max-age=31536000"
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_OF_BANKS = ("/v1/", "/b/")


def _written(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """Return headers as they are sent."""
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


_ALWAYS = _written(ALWAYS)
_NOT_KEPT = _written({"Cache-Control": "no-store"})
_TLS_ONLY = _written({"Strict-Transport-Security": HSTS})


class SecurityHeaders:
    """Adds the headers to every answer that passes."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app, its error answers included."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; complete the head of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                known = {name for name, _ in headers}
                of_bank = scope["path"].startswith(_OF_BANKS)
                tls = scope["scheme"] == "https"
                wanted = _ALWAYS + _NOT_KEPT * of_bank + _TLS_ONLY * tls
                message["headers"] = headers + [one for one in wanted if one[0] not in known]
            await send(message)

        await self._app(scope, receive, complete)
