"""The address of the server itself: programs are told where to go on, people see its banks."""

from __future__ import annotations

import asyncio

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from api.edge.forms import Shown
from api.edge.routes import Routes
from api.edge.wiring import database_of
from api.installation import version
from api.pages.public import banks as pages
from creditbank.core import banks

router = Routes(tags=["service"])


class Index(Shown):
    """Where to go on."""

    name: str = "creditbank"
    version: str
    docs: str = "/docs"
    openapi: str = "/openapi.json"
    problems: str = "/problems"


@router.get("/", summary="Where to go on", response_model=Index)
async def index(request: Request, response: Response) -> Index | Response:
    """Tell what this is, and where its description is; a browser is led to the bank."""
    response.headers["Vary"] = "Accept"
    if "text/html" not in request.headers.get("accept", ""):
        return Index(version=version())
    look = database_of(request).reader.submit_install(banks.every)
    known = await asyncio.wrap_future(look)
    if len(known) == 1:
        return RedirectResponse(f"/b/{known[0].slug}", 303, {"Vary": "Accept"})
    return pages.shown(request, known)
