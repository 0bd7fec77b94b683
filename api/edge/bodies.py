"""Bodies of requests: bounded while they arrive, and JSON without any second meaning.

A body that two readers could read in two ways is refused before anything looks at it: a key
twice, NaN or a number without end, text that is no UTF-8, half a surrogate, lists in lists
without end, another content type. A route that takes no body is sent none.
"""

import json
import math
from collections.abc import Mapping
from email.message import Message as Headers
from typing import Any, NoReturn

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.edge import problems
from api.errors import BodyKind, BodyTooLarge, BodyUnreadable, BodyUnusable
from api.papers import photos

DEPTH_MOST = 20
JSON = "application/json"
_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


class BodyLimit:
    """Refuses a body that is too large, before it is read as a whole."""

    def __init__(self, app: ASGIApp, most_bytes: int, upload_bytes_most: int) -> None:
        """Wrap an app; uploads of journals have a bound of their own, and so have photos."""
        self._app = app
        self._most = most_bytes
        self._of_uploads = {"imports": upload_bytes_most, "photos": photos.BYTES_MOST}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._of_uploads.get(scope["path"].rpartition("/")[2], self._most)
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if said.isdigit() and int(said[:20]) > most:
            told = await problems.answered(Request(scope), BodyTooLarge(most))
            await told(scope, receive, send)
            return
        come = 0

        async def counted() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > most:
                raise BodyTooLarge(most)
            return message

        await self._app(scope, counted, send)


class _Ambiguous(ValueError):
    """JSON that is well written and can still be read in two ways."""


def loads(body: bytes) -> Any:
    """Return what a JSON body says.

    Raises:
        BodyUnreadable: it is no JSON, or no JSON that everyone reads alike.
    """
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_without_doubles,
            parse_constant=_refuse,
            parse_float=_finite,
        )
        _look_through(value)
    except (ValueError, RecursionError) as error:  # a UnicodeError is a ValueError, too
        raise BodyUnreadable from error
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _refuse("a key twice")
    return found


def _refuse(what: str) -> NoReturn:
    raise _Ambiguous(what)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _refuse(text)
    return number


def _look_through(value: Any) -> None:
    """See that nothing is deeper than the bound, and that every text can be written down."""
    level = [value]
    for _ in range(DEPTH_MOST + 1):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, str):
                one.encode()
            elif isinstance(one, Mapping):
                inner += [*one.keys(), *one.values()]
            elif isinstance(one, list):
                inner += one
        if not inner:
            return
        level = inner
    _refuse("too deep")


async def strict(request: Request) -> None:
    """Refuse a body that its route would misread; a dependency of every route of the app.

    Raises:
        BodyKind: the content type is another one than the route takes.
        BodyUnreadable: it is no JSON that everyone reads alike.
        BodyUnusable: the route takes none.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if request.scope["path"].startswith(problems.PAGES):
        _require_form(request.headers)
        return
    streamed = _streamed(request.scope["route"])
    if streamed is not None:  # read by its route as it arrives
        if not _is_of(request.headers.get("content-type", ""), streamed):
            raise BodyKind(streamed)
        return
    field = getattr(request.scope["route"], "body_field", None)
    wanted = JSON if field is None else getattr(field.field_info, "media_type", JSON)
    if wanted in _FORMS:  # these are read part by part, and by one parser only
        return
    body = await request.body()
    if not body:
        return
    if not _is_of(request.headers.get("content-type", ""), wanted):
        raise BodyKind(wanted)
    if wanted == JSON and loads(body) != {} and field is None:
        raise BodyUnusable


def _streamed(route: object) -> str | None:
    """Return the content type of a route that reads its body itself; None if it does not."""
    said = (getattr(route, "openapi_extra", None) or {}).get("requestBody", {}).get("content", {})
    return next(iter(said), None)


def _require_form(headers: Mapping[str, str]) -> None:
    """See that a page's write is a form, as pages send them."""
    said = headers.get("content-type", "")
    if not any(_is_of(said, one) for one in sorted(_FORMS)):
        raise BodyKind(min(_FORMS))


def _is_of(said: str, wanted: str) -> bool:
    """Tell whether a content type is the wanted one; JSON is always UTF-8."""
    headers = Headers()
    headers["content-type"] = said
    found = headers.get_content_type() if said else ""
    if wanted != JSON:
        return found == wanted
    charset = str(headers.get_param("charset", "utf-8")).lower()
    return found == JSON and charset in {"utf-8", "utf8", "us-ascii"}
