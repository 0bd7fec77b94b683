"""The service itself: where things are, whether it works, and what each problem means."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import text

from api import docs, problems
from api.errors import PathUnknown
from api.forms import Shown
from api.installation import version
from api.openapi import refusals
from api.wiring import database_of
from creditbank.core import errors

router = APIRouter(tags=["service"])


class Index(Shown):
    """Where to go on."""

    name: str = "creditbank"
    version: str
    docs: str = "/docs"
    openapi: str = "/openapi.json"
    problems: str = "/problems"


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


@router.get("/", summary="Where to go on")
async def index() -> Index:
    """Tell what this is, and where its description is."""
    return Index(version=version())


@router.get("/docs", include_in_schema=False)
async def description(request: Request) -> HTMLResponse:
    """Show the description of the API as a page."""
    return HTMLResponse(await asyncio.to_thread(docs.page, request.app.openapi()))


@router.get("/healthz", summary="Whether the process lives")
async def alive() -> Health:
    """Answer without asking the database."""
    return Health()


@router.get(
    "/readyz",
    summary="Whether the database answers",
    responses=refusals(errors.DatabaseUnavailable),
)
async def ready(request: Request) -> Health:
    """Answer after one look into the database."""
    look = database_of(request).reader.submit_install(lambda c: c.execute(text("SELECT 1")).all())
    await asyncio.wrap_future(look)
    return Health()


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
