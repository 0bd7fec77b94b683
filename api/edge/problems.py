"""Errors as problem details (RFC 9457): one table from family to status, one shape of answer.

The engine knows no HTTP; this is the only place that gives its errors a status. A leaf may stand
in the table before its family. A page under ``/problems/{slug}`` tells what each one means.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_jsonable_python
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors as edge
from api.edge import metrics
from creditbank.core import errors, tags
from creditbank.core.clock import SystemClock
from creditbank.core.engines import sqlstate
from creditbank.core.errors import CreditbankError
from creditbank.core.ids import IdSource

MEDIA_TYPE = "application/problem+json"
PAGES = "/b/"
RETRY_AFTER_S = 3
_log = logging.getLogger(__name__)

STATUSES: Mapping[type[CreditbankError], int] = {
    errors.KeyMissing: 400,
    edge.BodyUnreadable: 400,
    edge.MethodUnknown: 405,
    edge.BodyTooLarge: 413,
    tags.PreconditionFailed: 412,
    edge.BodyKind: 415,
    edge.RateLimited: 429,
    edge.ServerFault: 500,
    errors.Malformed: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Refused: 409,
    errors.Gone: 410,
    errors.Unavailable: 503,
    errors.Broken: 503,
}


class FieldProblem(BaseModel):
    """One field that is not usable."""

    pointer: str = Field(description="Where it is, as a JSON pointer or `query:name`.")
    detail: str


class Problem(BaseModel):
    """What went wrong, for a person and for a program. Figures of the error stand beside these."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/insufficient-points"])
    title: str = Field(description="中文")
    title_en: str = Field(description="English")
    status: int
    detail: str = Field(description="中文 / English, with the figures of this case.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[FieldProblem] | None = None


AsPage = Callable[[Request, CreditbankError, Sequence[FieldProblem]], Awaitable[Response]]


def status_of(error: type[CreditbankError] | CreditbankError) -> int:
    """Return the HTTP status of an error, from the nearest of its classes in the table."""
    kind = error if isinstance(error, type) else type(error)
    return next(STATUSES[each] for each in kind.__mro__ if each in STATUSES)


def leaves() -> dict[str, type[CreditbankError]]:
    """Return every error that can be shown, by slug."""
    return dict(sorted(CreditbankError.by_slug.items()))


def body_of(
    error: CreditbankError, path: str, fields: Sequence[FieldProblem] = ()
) -> dict[str, Any]:
    """Return the problem details of an error. A figure never hides a member of the standard."""
    chinese, english = error.sentence("zh"), error.sentence("en")
    figures = {name: value for name, value in error.figures.items() if name != "instance"}
    standard: dict[str, Any] = {
        "type": f"/problems/{error.slug}",
        "title": chinese,
        "title_en": english,
        "status": status_of(error),
        "detail": f"{chinese} / {english}",
        "instance": path,
    }
    if fields:
        standard["errors"] = [one.model_dump() for one in fields]
    whole: dict[str, Any] = to_jsonable_python(figures | standard)
    return whole


def answer(error: CreditbankError, path: str, fields: Sequence[FieldProblem] = ()) -> JSONResponse:
    """Return the response that tells an error."""
    metrics.refused(error)
    status = status_of(error)
    headers = {"Cache-Control": "no-store"}
    if status == 401:  # noqa: PLR2004 - the status that asks for a token
        headers["WWW-Authenticate"] = 'Bearer realm="creditbank"'
    if isinstance(error, edge.RateLimited):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.Unavailable | errors.Busy) and status != 500:  # noqa: PLR2004
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(error, edge.BodyTooLarge):
        headers["Connection"] = "close"
    return JSONResponse(body_of(error, path, fields), status, headers, MEDIA_TYPE)


def _fields(error: RequestValidationError) -> list[FieldProblem]:
    """Name what is wrong, and never repeat what was sent."""
    return [FieldProblem(pointer=_pointer(one["loc"]), detail=one["msg"]) for one in error.errors()]


def _pointer(place: Sequence[str | int]) -> str:
    where, *rest = place or ("body",)
    if where == "body":
        return "".join(f"/{part}" for part in rest) or "/"
    return f"{where}:{'/'.join(str(part) for part in rest)}"


async def answered(
    request: Request, error: CreditbankError, fields: Sequence[FieldProblem] = ()
) -> Response:
    """Return what tells an error: a page to who asked for one, else problem details."""
    if request.url.path.startswith(PAGES):
        as_page: AsPage = request.app.state.problem_page
        return await as_page(request, error, fields)
    return answer(error, request.url.path, fields)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, CreditbankError)
    return await answered(request, error)


async def _unusable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return await answered(request, edge.BodyUnreadable())
    return await answered(request, edge.BodyUnusable(), _fields(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, CreditbankError):  # one of ours, met while reading the body
        return await answered(request, error.__cause__)
    known: dict[int, CreditbankError] = {
        404: edge.PathUnknown(),
        405: edge.MethodUnknown(),
    }
    told = await answered(request, known.get(error.status_code, edge.BodyUnreadable()))
    told.headers.update(error.headers or {})
    return told


class Faults:
    """Answers what nobody foresaw, so that no server prints the error's own words."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app; to be the outermost of what is wrapped around it."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer for it if it fails before it was answered."""
        started = False

        async def seen(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, seen)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            request = Request(scope, receive)
            told = await answered(request, _fault(request, error))
            await told(scope, receive, send)


def _fault(request: Request, error: Exception) -> edge.ServerFault:
    """Tell nothing of the inside; the log keeps where it was, under an id.

    Not the error's own words: a database's may quote a row, and rows hold names and codes. Not
    the path either, only its template.
    """
    incident = IdSource().prefixed("inc", SystemClock().now())
    where = "".join(traceback.format_tb(error.__traceback__))
    said = f"{type(error).__name__} {sqlstate(error)}".strip()
    route = getattr(request.scope.get("route"), "path", "unmatched")
    _log.error("%s %s %s %s\n%s", incident, request.method, route, said, where)
    return edge.ServerFault(incident)


def install(app: FastAPI, as_page: AsPage) -> None:
    """Let the app answer every error as a problem, under the pages' addresses as a page."""
    app.state.problem_page = as_page
    app.add_exception_handler(CreditbankError, _told)
    app.add_exception_handler(RequestValidationError, _unusable)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Faults)
