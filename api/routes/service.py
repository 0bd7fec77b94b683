"""The service itself: where things are, whether it works, and what each problem means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api import docs, schema
from api.edge import insiders, metrics, problems
from api.edge.forms import Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import database_of
from api.errors import NotReady, PathUnknown
from creditbank.core import errors

READY_S_MOST = 5
R = TypeVar("R")

router = Routes(tags=["service"])


class Health(Shown):
    """That the service works."""

    status: str = "ok"


class ProblemKind(Shown):
    """One kind of problem: what it is called, its status and its sentences."""

    type: str
    slug: str
    status: int
    family: str
    title: str
    title_en: str
    description: str


@router.get("/docs", include_in_schema=False, dependencies=[Depends(insiders.admit)])
async def description(request: Request) -> HTMLResponse:
    """Show the description of the API as a page."""
    text = await asyncio.to_thread(docs.page, request.app.openapi())
    return HTMLResponse(text, headers={"Content-Security-Policy": docs.POLICY})


@router.get("/openapi.json", include_in_schema=False, dependencies=[Depends(insiders.admit)])
async def contract(request: Request) -> JSONResponse:
    """Give the description of the API to programs."""
    return JSONResponse(request.app.openapi())


@router.get("/metrics", include_in_schema=False)
async def figures(request: Request) -> Response:
    """Give this process's figures to who watches over it; to others they do not exist."""
    if not metrics.may_see(request, request.app.state.settings):
        raise PathUnknown
    return Response(metrics.page(database_of(request).writer), media_type=metrics.MEDIA_TYPE)


@router.get("/healthz", summary="Whether the process lives")
async def alive() -> Health:
    """Answer without asking the database."""
    return Health()


@router.get(
    "/readyz",
    summary="Whether it can serve",
    responses=refusals(NotReady, errors.DatabaseUnavailable),
)
async def ready(request: Request) -> Health:
    """Answer after a look into the database and at its version, and an empty unit of the writer."""
    database = database_of(request)
    look = database.reader.submit_install(lambda c: (schema.version(c), schema.head()))
    found, wanted = await _in_time("database", asyncio.wrap_future(look))
    if found != wanted:
        raise NotReady("schema", f"{found} ≠ {wanted}")
    beat = asyncio.wrap_future(database.writer.submit_install(lambda _connection, _now: None))
    await _in_time("writer", beat)
    return Health()


async def _in_time(part: str, answer: Awaitable[R]) -> R:
    try:
        return await asyncio.wait_for(answer, READY_S_MOST)
    except TimeoutError as error:
        raise NotReady(part, f"no answer within {READY_S_MOST} s / 没有按时答复") from error


def _kind(kind: type[errors.CreditbankError]) -> ProblemKind:
    return ProblemKind(
        type=f"/problems/{kind.slug}",
        slug=kind.slug,
        status=problems.status_of(kind),
        family=kind.__bases__[0].__name__,
        title=kind.zh,
        title_en=kind.en,
        description=(kind.__doc__ or "").strip(),
    )


@router.get("/problems", summary="Every kind of problem")
async def kinds() -> list[ProblemKind]:
    """List what can go wrong. Words in braces are filled with the figures of a case."""
    return [_kind(one) for one in problems.leaves().values()]


@router.get("/problems/{kind}", summary="What a problem means", responses=refusals(PathUnknown))
async def kind(
    kind: Annotated[str, Path(pattern=r"^[a-z-]{1,60}$", description="The slug of its `type`.")],
) -> ProblemKind:
    """Explain one kind of problem."""
    found = problems.leaves().get(kind)
    if found is None:
        raise PathUnknown
    return _kind(found)
