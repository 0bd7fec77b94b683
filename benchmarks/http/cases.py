"""What the table measures by HTTP: a redemption at the tills, and the null route it is divided by.

The server runs in a process of its own, on a database of its own with the same society. A slice
is one run of the load generator, with its plan written before; the two share the processors with
everything else, so only ratios of one run mean something.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from benchmarks.cases import HOT, HTTP, SPREAD, Case, Opened, Place, Slice, Wanted
from benchmarks.http import runs
from benchmarks.http.children import Child
from benchmarks.http.customers import Customers
from benchmarks.http.plan import DECLINED, REPLAYED, Ask
from benchmarks.http.runs import Ran

CLIENTS = (1, 8, 32)
HOT_CLIENTS = 32
NULL, REDEMPTION = "null route", "redemption"
# Requests that are planned for a second: more than the server can do.
_NULLS_A_SECOND = 12_000
_REDEMPTIONS_A_SECOND = 4_000
# Before the first slice: so many redemptions, or so long.
_WARMING, _WARMING_S = 20, 5.0


def cases(opened: Opened, wanted: Wanted) -> list[Case]:
    """Return what is measured by HTTP on one engine; the server starts when the first is run."""
    at = _Bench(opened)
    found: list[Case] = []
    for clients in CLIENTS:
        null = at.case(NULL, clients, at.nulls)
        spread = at.case(REDEMPTION, clients, at.redemptions, SPREAD, against=null.name)
        found += [null, spread]
        if clients == HOT_CLIENTS:
            found.append(at.case(REDEMPTION, clients, at.redemptions, HOT, against=spread.name))
    return [one for one in found if wanted.of(one)]


@dataclass(slots=True)
class _Bench:
    """The server of one engine's cases, from the first case that is run."""

    opened: Opened
    planned: list[Ask] = field(default_factory=list)
    _place: Place | None = None
    _server: Child | None = None
    _port: int = 0
    _customers: Customers | None = None

    def case(
        self,
        what: str,
        clients: int,
        plan: Callable[..., None],
        load: str = "",
        *,
        against: str = "",
    ) -> Case:
        """Return the case of one kind of request; its plan is written outside the time."""
        return Case(
            self.opened.engine,
            HTTP,
            what,
            partial(self._work, clients=clients),
            clients,
            load,
            against,
            prepare=partial(plan, hot=load == HOT),
        )

    def nulls(self, seconds: float, *, hot: bool) -> None:  # noqa: ARG002 - as `redemptions`
        """Plan requests to the null route."""
        count = int(seconds * _NULLS_A_SECOND) + 1
        self.planned = list(self._there().orders.nulls(count))

    def redemptions(self, seconds: float, *, hot: bool) -> None:
        """Plan redemptions, as many as could be done or as there are people with a code."""
        count = int(seconds * _REDEMPTIONS_A_SECOND) + 1
        self.planned = self._there().plan(count, hot=hot)

    def _there(self) -> Customers:
        if self._customers is None:
            self._place = self.opened.another("http")
            serving = runs.serving(self._place.url, self.opened.folder, keys=self._place.keys)
            self._server, self._port = self.opened.held.enter_context(serving)
            self._customers = Customers(self._port, self._place.society)
            self._warm_up(self._customers)
        return self._customers

    def _warm_up(self, customers: Customers) -> None:
        """Have everything read that the first request of a kind reads; it is not measured."""
        for planned in (list(customers.orders.nulls(1)), customers.plan(_WARMING, hot=False)):
            self.planned = planned
            self._ran(_WARMING_S, clients=1)

    def _work(self, seconds: float, *, clients: int) -> Slice:
        ran = self._ran(seconds, clients)
        kinds = ran.result.kinds
        return Slice(
            ran.result.answered,
            ran.result.seconds,
            ran.latencies_us,
            declined=kinds.get(DECLINED, 0),
            replayed=kinds.get(REPLAYED, 0),
        )

    def _ran(self, seconds: float, clients: int) -> Ran:
        customers = self._there()
        assert self._place is not None, "there is a server"
        ran = runs.load(
            self.opened.folder, self._port, self.planned, clients=clients, seconds=seconds
        )
        customers.asked(self.planned, ran.result.answered)
        self._place.acknowledged.redemptions.update(ran.redemptions)
        return ran
