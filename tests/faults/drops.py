"""Tills with good manners while answers are lost, and the books that must agree at the end.

The tills are the product's own client, `api.client.till`: whatever it says is final. Afterwards
the till's own book, the server's answer about each request, the statements of the members and
the ledger say the same.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from api.client import line as client
from api.client.till import Book, NotTaken, Till
from tests.faults import market, program
from tests.faults.market import Answer, Holder, Line, Market
from tests.faults.wire import Fate, Wire

_CARTS = (2999, 3000, 6000, 9000)
_POINTS_EACH = 100_000
_ASK_EVERY_S = 0.02
_ASK_MOST = 10
_LATE_BY_S = 0.03
_ALSO_LOST = 0.2
_GIVE_UP_S = 300


@dataclass(slots=True)
class Agreement:
    """How many payments, what became of them, and every way in which the books differ."""

    payments: int = 0
    lost: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a till's own book says of one request, once it is sure."""

    till: Holder
    customer: Holder
    state: str
    points: int
    transfer_id: str | None


class _Till(threading.Thread):
    """One till with its customers, and its own book of what became of each request."""

    def __init__(
        self,
        till: Holder,
        customer: Holder,
        ids: list[str],
        ports: tuple[int, int],
        folder: Path,
    ) -> None:
        super().__init__(name=f"till-{till.id}", daemon=True)
        self.till, self.customer, self.ids = till, customer, ids
        self.book: dict[str, _Entry] = {}
        self.wrong: list[str] = []
        self._wire = client.Line(f"http://127.0.0.1:{ports[0]}", "demo", till.token)
        self._phone = Line(ports[1])
        self._hand = Till(
            self._wire,
            book=Book(folder.joinpath(f"{till.id}.open")),
            ask_every_s=_ASK_EVERY_S,
            ask_for_s=_ASK_EVERY_S * _ASK_MOST,
        )
        self._dice = random.Random(ids[0])

    def run(self) -> None:
        """Serve one customer after the other."""
        try:
            for request_id in self.ids:
                self._serve(request_id)
        except Exception as error:  # noqa: BLE001 - told in the agreement
            self.wrong.append(f"{self.name} stopped: {error!r}")
        finally:
            self._wire.close()
            self._phone.close()

    def _serve(self, request_id: str) -> None:
        shown = market.fresh_code(self._phone, self.customer, f"code-for-{request_id}")
        cart_fen = self._dice.choice(_CARTS)
        state, points, transfer_id = "", 0, None
        try:
            got = self._hand.take(shown.body["digits"], cart_fen, request_id=request_id)
            state, points, transfer_id = got.state, got.points, got.transfer_id
        except NotTaken as told:
            state = told.slug
        assert [] == list(self._hand.book), "what is known is struck out of the till's book"
        self.book[request_id] = _Entry(self.till, self.customer, state, points, transfer_id)


def suffer(url: str, folder: Path, *, payments: int, lost: int, tills: int, seed: int) -> Agreement:
    """Let tills take payments over a wire that loses some answers, and compare the books."""
    assert payments % tills == 0, "every till serves as many"
    shop = market.build(url, tills=tills, customers=tills, points_each=_POINTS_EACH)
    dice = random.Random(seed)
    ids = [f"payment-number-{n:05d}" for n in range(payments)]
    fates = dict(zip(dice.sample(ids, lost), _fates(lost), strict=True))
    done = Agreement(payments, lost, Counter(fates.values()))

    def fate(path: str, key: str) -> Fate:
        if path.endswith("/scan-and-redeem"):
            return fates.get(key, Fate.PASSES)
        return Fate.ANSWER_LOST if dice.random() < _ALSO_LOST else Fate.PASSES

    with program.serving(url, folder) as port, Wire(port, fate, _LATE_BY_S).open() as wire:
        at_work = [
            _Till(till, customer, ids[n::tills], (wire.port, port), folder)
            for n, (till, customer) in enumerate(zip(shop.tills, shop.customers, strict=True))
        ]
        for one in at_work:
            one.start()
        for one in at_work:
            one.join(_GIVE_UP_S)
            assert not one.is_alive(), f"{one.name} hangs"
            done.wrong += one.wrong
        for late in wire._late:
            late.join()
        book = {request_id: entry for one in at_work for request_id, entry in one.book.items()}
        _compare(shop, book, port, done)
    return done


def _fates(lost: int) -> list[Fate]:
    """Two thirds of what is lost are answers; of the rest half never arrives, half too late."""
    other = lost // 6
    return (
        [Fate.REQUEST_LOST] * other + [Fate.LATE] * other + [Fate.ANSWER_LOST] * (lost - 2 * other)
    )


def _compare(shop: Market, book: dict[str, _Entry], port: int, done: Agreement) -> None:
    """Compare the tills' books with the server's answers, the statements and the ledger."""
    done.outcomes = Counter(entry.state for entry in book.values())
    if len(book) != done.payments:
        done.wrong.append(f"the tills are sure of {len(book)} of {done.payments} requests")
    line = Line(port)
    try:
        for request_id, entry in book.items():
            answer = line.ask("GET", market.request_path(request_id), entry.till)
            if _told(answer) != (entry.state, entry.points, entry.transfer_id):
                done.wrong.append(f"{request_id}: the till has {entry}, the server {answer}")
        statements = {one.id: market.statement(line, one) for one in shop.customers}
    finally:
        line.close()
    books = market.ledger(shop)
    done.wrong += books.wrong
    taken = {entry.transfer_id: entry for entry in book.values() if entry.transfer_id}
    if books.transfers != taken.keys():
        done.wrong.append(f"only in one: {books.transfers ^ taken.keys()}")
    for one in shop.customers:
        own = {
            transfer_id: -entry.points
            for transfer_id, entry in taken.items()
            if entry.customer == one
        }
        seen = {name: units for name, units in statements[one.id].items() if units < 0}
        if seen != own:
            done.wrong.append(f"{one.id}: the statement shows {seen}, the till took {own}")
        if books.balances[one.id] != shop.points_each + sum(own.values()):
            done.wrong.append(f"{one.id}: the ledger has {books.balances[one.id]}")
    if books.shop != sum(entry.points for entry in taken.values()):
        done.wrong.append(f"the ledger gives the shop {books.shop}")


def _told(answer: Answer) -> tuple[str, int, str | None]:
    """What the server says of a request: state, points and transfer."""
    receipt = answer.body.get("receipt")
    points = receipt["points"] if receipt else 0
    return answer.body.get("state", answer.slug), points, receipt["transfer_id"] if points else None
