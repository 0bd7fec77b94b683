"""``creditbank serve`` and ``creditbank worker``."""

from __future__ import annotations

import functools
import gc
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import DatabaseUrl, opened, url_of

if TYPE_CHECKING:
    from fastapi import APIRouter

    from api.settings import Settings

_GC_THRESHOLD = 50_000


def serve(
    database: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
    domain: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name people find it by.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TLS certificate with its chain, PEM.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key, PEM.")] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="NETWORK", help="A proxy whose X-Forwarded-For is believed."),
    ] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A trusted proxy speaks TLS for this server.")
    ] = False,
) -> None:
    """启动服务。 Serve the API, and wake the jobs."""
    from api import settings as of_deployment  # noqa: PLC0415 - slow

    run(
        of_deployment.read(
            database=url_of(database),
            host=host,
            port=port,
            domain=domain,
            tls_certificate=certificate,
            tls_key=key,
            trusted_proxies=trusted_proxy or None,
            behind_proxy=behind_proxy or None,
        )
    )


def collect_seldom() -> None:
    """Keep what is there now out of all collections of garbage, and have fewer of them."""
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage while a server starts: what it makes then is there to stay.

    To look through it again and again took a fifth of the start, and found next to nothing.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def run(settings: Settings, *, beside: Sequence[APIRouter] = ()) -> None:
    """Serve until told to stop; ``beside`` are routes of whoever measures the server."""
    with _uncollected():
        import uvicorn  # noqa: PLC0415 - slow, as are the others

        from api import listening, scheduler, schema, serving  # noqa: PLC0415
        from api.app import create_app  # noqa: PLC0415
        from api.edge import logs  # noqa: PLC0415
        from api.vaults import vault_of  # noqa: PLC0415
        from creditbank.core.database import Database  # noqa: PLC0415

        context = listening.tls(settings)
        schema.check(settings.database)
        logs.configure()
        opened_for_it = Database(settings.database, vault=vault_of(settings.database))
        opened_for_it.vault.require()
        app = create_app(
            opened_for_it,
            settings=settings,
            background=functools.partial(scheduler.running, settings=settings),
        )
    for router in beside:
        app.include_router(router)
    typer.echo(listening.address(settings))
    collect_seldom()
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=settings.stop_grace_s,
        ssl_context_factory=(lambda _config, _default: context) if context else None,
        proxy_headers=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
    )
    serving.Server(config, app).run()


def worker(
    database: DatabaseUrl = None,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now, say what was done, and stop.")
    ] = False,
) -> None:
    """运行定时作业。 Wake the jobs without serving (PostgreSQL; SQLite lets one program write)."""
    from api import scheduler, senders  # noqa: PLC0415 - slow
    from api.edge import logs  # noqa: PLC0415 - slow
    from api.settings import Settings  # noqa: PLC0415

    with opened(database, writing=True) as it:
        if once:
            works = scheduler.with_sender(senders.of(Settings()))
            for ran in scheduler.run_due(it, scheduler.new_owner(), works):
                typer.echo(f"{ran.bank}\t{ran.kind}\t{ran.period or '-'}\t{ran.slices}")
            return
        logs.configure()
        stop = threading.Event()
        _on_signals(stop)
        with scheduler.running(it, Settings(), what="worker"):
            stop.wait()


def _on_signals(stop: threading.Event) -> None:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stop.set())


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(serve)
    app.command()(worker)
