"""The web app: everything wired once, nothing decided here."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import openapi, problems, schema
from api.errors import BodyTooLarge
from api.installation import version
from api.routes import (
    banks,
    communities,
    imports,
    jobs,
    ledger,
    members,
    merchants,
    pay_codes,
    rankings,
    receipts,
    redemptions,
    reviews,
    service,
    tasks,
)
from api.settings import BODY_BYTES_MOST, UPLOAD_BYTES_MOST, Settings
from creditbank.core.database import Database

_GC_THRESHOLD = 50_000
ROUTERS = tuple(
    noun.router
    for noun in (
        *(service, banks, communities, members, pay_codes, tasks, reviews, merchants),
        *(redemptions, receipts, rankings, ledger, jobs, imports),
    )
)
Background = Callable[[Database], AbstractContextManager[None]]


class BodyLimit:
    """Refuses a body that is too large, before it is read as a whole."""

    def __init__(self, app: ASGIApp, most_bytes: int, upload_bytes_most: int) -> None:
        """Wrap an app; uploads of journals have a bound of their own."""
        self._app = app
        self._most = most_bytes
        self._upload_most = upload_bytes_most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._upload_most if scope["path"].endswith("/imports") else self._most
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if said.isdigit() and int(said) > most:
            await problems.answer(BodyTooLarge(most), scope["path"])(scope, receive, send)
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


def create_app(
    database: Database | None = None,
    *,
    settings: Settings | None = None,
    background: Background | None = None,
) -> FastAPI:
    """Return the web app on an open database, or on that of the settings once it starts.

    ``background`` is what runs beside it, such as the scheduler. The app closes its database
    when it stops.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        held = ExitStack()
        if app.state.database is None:
            app.state.database = await asyncio.to_thread(_open, settings or Settings())
        held.callback(app.state.database.close)
        try:
            if background is not None:
                running = background(app.state.database)
                await asyncio.to_thread(held.enter_context, running)
            gc.collect()
            gc.freeze()
            gc.set_threshold(_GC_THRESHOLD)
            yield
        finally:
            await asyncio.to_thread(held.close)

    app = FastAPI(
        title="creditbank",
        version=version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_named,
    )
    app.state.database = database
    app.state.bank_ids = {}
    app.add_middleware(
        BodyLimit,
        most_bytes=settings.body_bytes_most if settings else BODY_BYTES_MOST,
        upload_bytes_most=settings.upload_bytes_most if settings else UPLOAD_BYTES_MOST,
    )
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    openapi.install(app)
    return app


def _open(settings: Settings) -> Database:
    schema.check(settings.database)
    return Database(settings.database)


def _named(route: Any) -> str:
    """Return the operation's id: the noun's tag and the verb of its function."""
    tag = str(route.tags[0]) if route.tags else "service"
    return f"{tag}.{route.name}"
