"""The stream that tells a screen to look again: one a page, by server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.edge.bells import Bells
from api.edge.forms import TaskId
from api.edge.routes import Routes
from api.pages.page import KnownPage, Page, page_for
from creditbank.identity.roles import Right
from creditbank.tasks import tasks

router = Routes(prefix="/b/{slug}", include_in_schema=False)

RETRY_MS = 3000


@router.get("/live")
@router.get("/till/live")
async def live(request: Request, page: KnownPage) -> Response:
    """Say `look` whenever something of this caller's changed, and every few seconds anyway.

    Nothing else is ever said here: what changed is asked for by a request of its own.
    """
    return _stream(request, page, page.whole.principal.holder_id)


def _stream(request: Request, page: Page, holder_id: str) -> Response:
    bells: Bells = request.app.state.bells
    stream = _said(bells, page.caller.bank_id, holder_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get("/office/needs/{task_id}/live")
async def of_task(
    request: Request, page: Annotated[Page, page_for(Right.SEE_MEMBERS)], task_id: TaskId
) -> Response:
    """Say `look` whenever somebody came to a task, left it, or claimed it."""
    await page.read(lambda view: tasks.find(view, task_id))
    return _stream(request, page, task_id)


async def _said(bells: Bells, bank_id: int, holder_id: str) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    async for rung in bells.listen(bank_id, holder_id):
        yield "event: look\ndata: now\n\n" if rung else "event: look\ndata: quiet\n\n"
