"""A real server with one bank, for browsers; its clock runs, and can be set forward."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx2
import uvicorn

from api.app import create_app
from api.serving import Server
from creditbank.core.clock import Clock
from creditbank.core.database import Database
from tests.web import Web

STOPS_WITHIN_S = 10


class RunningClock(Clock):
    """The machine's clock, so many seconds ahead: what takes minutes need not be waited for."""

    def __init__(self, starts_at: datetime | None = None) -> None:
        self._ahead = timedelta(0) if starts_at is None else starts_at - datetime.now(UTC)

    def now(self) -> datetime:
        """Return the instant."""
        return datetime.now(UTC) + self._ahead

    def advance(self, **by: float) -> None:
        """Set it forward."""
        self._ahead += timedelta(**by)


class Site(Web):
    """One bank as browsers and programs find it; ``url`` is the address of its pages."""

    def __init__(self, client: httpx2.Client, database: Database, clock: RunningClock) -> None:
        super().__init__(client, database, clock)  # type: ignore[arg-type]
        self.origin = str(client.base_url).rstrip("/")
        self.url = f"{self.origin}/b/trust"
        self.stop: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Served:
    """A server that runs: where, and how it is told to stop."""

    origin: str
    stop: Callable[[], None]


@contextmanager
def serving(database: Database) -> Iterator[Served]:
    """Serve a database for the length of a with block."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        app = create_app(database)
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1, lifespan="on")
        server = Server(config, app)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)

        def stop() -> None:
            server.handle_exit(signal.SIGTERM, None)

        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", stop)
        stop()
        thread.join(STOPS_WITHIN_S)
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def running(database: Database, clock: RunningClock) -> Iterator[Site]:
    """Serve a fresh database, with a bank in it, for the length of a with block."""
    with (
        serving(database) as served,
        httpx2.Client(base_url=served.origin, timeout=30) as client,
    ):
        site = Site(client, database, clock)
        site.stop = served.stop
        yield site
