"""Metrics: figures of this process for Prometheus. No label holds an id, a name or a path.

Everything that counts itself is here: requests by the template of their route, refusals by slug.
What the writer knows is asked of it when the figures are fetched.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.edge import proxies
from api.settings import Settings
from creditbank.core.errors import CreditbankError, Unauthenticated
from creditbank.core.writer import Writer

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "creditbank_requests",
    "Requests that were answered.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
DURATIONS = Histogram(
    "creditbank_request_seconds",
    "How long answers took.",
    ["method", "route"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
REFUSALS = Counter(
    "creditbank_refusals", "Problems that were answered.", ["slug"], registry=REGISTRY
)
SIGN_IN_FAILURES = Counter(
    "creditbank_sign_in_failures",
    "Callers who were not who they said, by slug.",
    ["slug"],
    registry=REGISTRY,
)


def note(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count an answer; ``route`` is a template."""
    REQUESTS.labels(method, route, str(status)).inc()
    DURATIONS.labels(method, route).observe(seconds)


def refused(error: CreditbankError) -> None:
    """Count a problem that is about to be answered."""
    REFUSALS.labels(error.slug).inc()
    if isinstance(error, Unauthenticated) and error.slug != "token-missing":
        sign_in_failed(error.slug)


def sign_in_failed(slug: str) -> None:
    """Count a failed sign-in whose refusal is of another family than `Unauthenticated`."""
    SIGN_IN_FAILURES.labels(slug).inc()


class _OfWriter(Collector):
    """The writer's own figures, as they are when asked for."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def collect(self) -> Iterator[Metric]:
        """Yield what waits, and what was taken up."""
        waits, taken_up = self._writer.pulse()
        waiting = GaugeMetricFamily("creditbank_writer_queue", "Units that wait for the writer.")
        waiting.add_metric([], waits)
        yield waiting
        taken = CounterMetricFamily("creditbank_units", "Units that the writer has taken up.")
        taken.add_metric([], taken_up)
        yield taken


def page(writer: Writer) -> bytes:
    """Return all figures in the format that Prometheus reads."""
    of_writer = CollectorRegistry()
    of_writer.register(_OfWriter(writer))
    return generate_latest(REGISTRY) + generate_latest(of_writer)


def may_see(request: Request, settings: Settings) -> bool:
    """Tell whether the figures are for this caller: on this machine, listed, or with the token."""
    said = request.headers.get("authorization", "")
    if settings.metrics_token is not None:
        wanted = f"Bearer {settings.metrics_token}"
        if hmac.compare_digest(said.encode(), wanted.encode()):
            return True
    return proxies.is_near(request.scope, settings.trusted_proxies)
