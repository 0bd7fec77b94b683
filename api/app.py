"""The web app: everything wired once, nothing decided here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from api import index, schema, senders
from api.edge import openapi, problems
from api.edge.bells import Bells
from api.edge.bodies import BodyLimit
from api.edge.finding import Index
from api.edge.headers import SecurityHeaders
from api.edge.limits import Limits
from api.edge.logs import RequestLog
from api.edge.lookups import Lookups
from api.edge.proxies import Proxies
from api.installation import version
from api.pages import every, faults
from api.routes import (
    afterwards,
    assists,
    attendance,
    banks,
    bulk_reviews,
    call_list,
    cards,
    cashiers,
    claims,
    communities,
    consents,
    delegates,
    departures,
    devices,
    disputes,
    erasures,
    evidence,
    gifts,
    households,
    imports,
    invitations,
    jobs,
    joining,
    ledger,
    lists,
    members,
    merchants,
    merges,
    needy,
    notices,
    pairings,
    pairs,
    pay_codes,
    personal_data,
    phones,
    pin_requests,
    pins,
    rankings,
    receipts,
    redemptions,
    relatives,
    reviews,
    rota,
    scheme,
    second_looks,
    series,
    service,
    services,
    sign_in,
    skills,
    staff,
    staff_sign_in,
    task_changes,
    task_texts,
    tasks,
    teams,
    thanks,
    tokens,
    trail,
    waitlist,
)
from api.settings import Settings
from api.vaults import vault_of
from creditbank.core.database import Database

ROUTERS = tuple(
    noun.router
    for noun in (
        *(
            index,
            service,
            banks,
            scheme,
            communities,
            members,
            consents,
            notices,
            call_list,
            personal_data,
            erasures,
            pay_codes,
            tasks,
            task_changes,
            claims,
            waitlist,
            attendance,
            evidence,
            afterwards,
        ),
        *(sign_in, devices, phones, pins, cards, delegates, pin_requests),
        *(staff_sign_in, invitations, staff, tokens, trail),
        *(reviews, bulk_reviews, disputes, second_looks),
        *(merchants, pairings, cashiers, assists, redemptions, receipts),
        *(task_texts, series, pairs, lists, rota),
        *(rankings, ledger, jobs, imports),
        *(joining, merges, departures),
        *(households, teams, relatives, skills, thanks),
        *(gifts, needy, services),
        *every.PAGES,
    )
)
Background = Callable[[Database], AbstractContextManager[None]]


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
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        held = ExitStack()
        if app.state.database is None:
            app.state.database = await asyncio.to_thread(_open, settings)
        held.callback(app.state.database.close)
        try:
            app.state.bells = bells = Bells()
            app.state.database.writer.on_commit = bells.ring
            if background is not None:
                running = background(app.state.database)
                await asyncio.to_thread(held.enter_context, running)
            yield
        finally:
            await asyncio.to_thread(held.close)

    app = FastAPI(
        title="creditbank",
        version=version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.database = database
    app.state.settings = settings
    app.state.bank_ids = {}
    app.state.limits = Limits()
    app.state.lookups = Lookups()
    app.state.sender = senders.of(settings)
    _wrap(app, settings)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    app.router.routes.insert(0, Index(app.router.routes))
    openapi.install(app)
    return app


def _wrap(app: FastAPI, settings: Settings) -> None:
    """Put what every request passes around the app; the last one here is the outermost."""
    app.add_middleware(
        BodyLimit,
        most_bytes=settings.body_bytes_most,
        upload_bytes_most=settings.upload_bytes_most,
    )
    problems.install(app, faults.answer)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)
    app.add_middleware(Proxies, trusted=settings.trusted_proxies, ends_tls=settings.behind_proxy)


def _open(settings: Settings) -> Database:
    schema.check(settings.database)
    return Database(settings.database, vault=vault_of(settings.database))
