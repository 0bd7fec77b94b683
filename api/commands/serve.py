"""``creditbank serve`` and ``creditbank worker``."""

from __future__ import annotations

import functools
import signal
import threading
from typing import Annotated

import typer

from api.commands.options import DatabaseUrl, opened, url_of


def serve(
    database: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
) -> None:
    """启动服务。 Serve the API, and wake the jobs."""
    import uvicorn  # noqa: PLC0415 - slow, as are the others

    from api import scheduler, schema  # noqa: PLC0415
    from api.app import create_app  # noqa: PLC0415
    from api.settings import Settings  # noqa: PLC0415
    from creditbank.core.database import Database  # noqa: PLC0415

    settings = Settings()
    told = {"database": url_of(database), "host": host, "port": port}
    settings = settings.model_copy(
        update={name: value for name, value in told.items() if value is not None}
    )
    schema.check(settings.database)
    app = create_app(
        Database(settings.database),
        settings=settings,
        background=functools.partial(scheduler.running, settings=settings),
    )
    typer.echo(f"http://{settings.host}:{settings.port}/docs")
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=settings.stop_grace_s,
        log_level="warning",
        server_header=False,
    )


def worker(
    database: DatabaseUrl = None,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now, say what was done, and stop.")
    ] = False,
) -> None:
    """运行定时作业。 Wake the jobs without serving (PostgreSQL; SQLite lets one program write)."""
    from api import scheduler  # noqa: PLC0415 - slow
    from api.settings import Settings  # noqa: PLC0415

    with opened(database, writing=True) as it:
        if once:
            for ran in scheduler.run_due(it, scheduler.new_owner()):
                typer.echo(f"{ran.bank}\t{ran.kind}\t{ran.period or '-'}\t{ran.slices}")
            return
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
