"""Tills under load at a server that is killed again and again, and the reckoning afterwards.

Each client keeps a log of its own on disk, synced before it goes on: what it sent and what it was
answered. A request without an answer is sent again with its key until it has one. Afterwards the
books must say exactly what the answers said: nothing acknowledged is lost, nothing is doubled.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import market, program
from tests.faults.market import Answer, Holder, Line, Market, Unanswered

_CARTS = (2999, 3000, 5999, 6000, 12_000)
_POINTS_EACH = 1_000_000
_AGAIN = 3
_GIVE_UP_S = 120
_UNKNOWN = {"busy", "database-unavailable", "server-fault"}


@dataclass(slots=True)
class Reckoning:
    """What came of it: how much was done, and every way in which answers and books differ."""

    acknowledged: int = 0
    paid: int = 0
    resent: int = 0
    asked_again: int = 0
    kills: int = 0
    wrong: list[str] = field(default_factory=list)


class _Client(threading.Thread):
    """One till with one customer at a time, who pay, set aside, void and refund."""

    def __init__(self, shop: Market, n: int, port: int, log: Path, seed: int) -> None:
        super().__init__(name=f"client-{n}", daemon=True)
        self.till, self.customer = shop.tills[n], shop.customers[n]
        self.port, self.log = port, log
        self.dice = random.Random(f"{seed}/{n}")
        self.stopping = threading.Event()
        self.acknowledged = self.resent = self.asked_again = 0
        self.wrong: list[str] = []
        self._sent = 0
        self._last: list[tuple[str, Holder, str, Mapping[str, Any] | None, Answer]] = []
        self._line = Line(port)

    def run(self) -> None:
        """Go on until told to stop; end what was begun."""
        with self.log.open("ab") as self._book:
            try:
                while not self.stopping.is_set():
                    self._one_customer()
            except Exception as error:  # noqa: BLE001 - told in the reckoning
                self.wrong.append(f"{self.name} stopped: {error!r}")
            finally:
                self._line.close()

    def _one_customer(self) -> None:
        path = f"/members/{self.customer.id}/pay-codes"
        code = self._post(path, self.customer, None).body["digits"]
        scanned = {"code": code, "cart_fen": self.dice.choice(_CARTS)}
        way = self.dice.random()
        if way < 0.5:
            paid = self._post("/scan-and-redeem", self.till, scanned)
        else:
            opened = self._post("/scans", self.till, scanned).body
            at = f"/redemptions/{opened['redemption_id']}"
            if way < 0.75 or not opened["points_most"]:
                paid = self._post(f"{at}/redeem", self.till, {})
            else:
                aside = self._post(f"{at}/authorise", self.till, {}).body
                part = self.dice.randint(1, aside["points"])
                paid = self._post(f"{at}/capture", self.till, {"points": part})
        receipt = paid.body
        if receipt["state"] != "paid":
            return
        at, after = f"/redemptions/{receipt['redemption_id']}", self.dice.random()
        if after < 0.1:
            self._post(f"{at}/void", self.till, None)
        elif after < 0.3:
            part = self.dice.randint(1, receipt["points"])
            self._post(f"{at}/refunds", self.till, {"points": part})

    def _post(self, path: str, holder: Holder, body: Mapping[str, Any] | None) -> Answer:
        """Send until there is an answer; an unexpected one is told and ends the client."""
        self._sent += 1
        key = f"kill-{self.name}-{self._sent:06d}"
        self._note(kind="sent", key=key, path=path)
        broken = False
        deadline = time.monotonic() + _GIVE_UP_S
        while True:
            try:
                answer = self._line.ask("POST", path, holder, key, body)
                if answer.slug not in _UNKNOWN:
                    break
            except Unanswered:
                broken = True
            assert time.monotonic() < deadline, f"no answer to {path} {key}"
            self.resent += 1
            time.sleep(0.05)
        self._note(kind="answered", key=key, path=path, status=answer.status, body=answer.body)
        self.acknowledged += 1
        assert answer.status in {200, 201}, f"{path}: {answer}"
        if broken:
            self._ask_again()
        self._last = [*self._last, (path, holder, key, body, answer)][-_AGAIN:]
        return answer

    def _ask_again(self) -> None:
        """After a break: what was acknowledged before it is answered in the same words."""
        for path, holder, key, body, before in self._last:
            try:
                now = self._line.ask("POST", path, holder, key, body)
            except Unanswered:
                return
            self.asked_again += 1
            if now != before and now.slug not in _UNKNOWN:
                self.wrong.append(f"{path} {key}: first {before}, again {now}")

    def _note(self, **what: Any) -> None:
        """Write a line to the log, and see it on the disk before going on."""
        self._book.write(json.dumps(what).encode() + b"\n")
        self._book.flush()
        os.fsync(self._book.fileno())


def endure(
    url: str, folder: Path, *, kills: int, clients: int, seed: int, between_s: float = 1.5
) -> Reckoning:
    """Run clients at a server, kill it at random moments, and reckon."""
    shop = market.build(url, tills=clients, customers=clients, points_each=_POINTS_EACH)
    port, dice = program.free_port(), random.Random(seed)
    server = program.serve(url, port, folder / "server.log")
    at_work = [_Client(shop, n, port, folder / f"client-{n}.log", seed) for n in range(clients)]
    done = Reckoning()
    try:
        for one in at_work:
            one.start()
        for _ in range(kills):
            _until_some_work(at_work)
            time.sleep(dice.uniform(0.05, between_s))
            server.kill()
            done.kills += 1
            server = program.serve(url, port, folder / "server.log")
        _until_some_work(at_work)
        for one in at_work:
            one.stopping.set()
        for one in at_work:
            one.join(_GIVE_UP_S)
            assert not one.is_alive(), f"{one.name} hangs"
    finally:
        for one in at_work:
            one.stopping.set()
        server.stop()
    _reckon(shop, at_work, done)
    return done


def _until_some_work(at_work: list[_Client], each: int = 5) -> None:
    """Wait until every client has had some more answers."""
    before = [one.acknowledged for one in at_work]
    deadline = time.monotonic() + _GIVE_UP_S
    while any(
        one.acknowledged < was + each and one.is_alive()
        for one, was in zip(at_work, before, strict=True)
    ):
        assert time.monotonic() < deadline, "the clients get no answers"
        time.sleep(0.02)


def _reckon(shop: Market, at_work: list[_Client], done: Reckoning) -> None:
    """Compare the logs with the books."""
    books = market.ledger(shop)
    done.wrong += books.wrong
    moved: dict[str, int] = {}
    for one in at_work:
        done.acknowledged += one.acknowledged
        done.resent += one.resent
        done.asked_again += one.asked_again
        done.wrong += one.wrong
        spent = 0
        for transfer_id, units in _moves(one.log):
            if transfer_id in moved:
                done.wrong.append(f"{transfer_id} answers two requests")
            moved[transfer_id] = units
            spent += units
            done.paid += units > 0
        kept = books.balances[one.customer.id]
        if kept != shop.points_each - spent:
            done.wrong.append(f"{one.name}: books {kept}, answers {shop.points_each - spent}")
    done.wrong += [f"acknowledged and lost: {one}" for one in moved.keys() - books.transfers]
    done.wrong += [f"nobody was told of: {one}" for one in books.transfers - moved.keys()]
    if books.held:
        done.wrong.append(f"{books.held} points are still set aside")
    if books.shop != sum(moved.values()):
        done.wrong.append(f"the shop has {books.shop}, the answers say {sum(moved.values())}")


def _moves(log: Path) -> Iterator[tuple[str, int]]:
    """What the answers of a log say was moved to the shop (below zero: back)."""
    sent: set[str] = set()
    for line in log.read_bytes().splitlines():
        note = json.loads(line)
        if note["kind"] == "sent":
            assert note["key"] not in sent, "a key names one request"
            sent.add(note["key"])
            continue
        body, verb = note["body"], note["path"].rsplit("/", 1)[1]
        if verb in {"scan-and-redeem", "redeem", "capture"} and body["state"] == "paid":
            yield body["transfer_id"], body["points"]
        elif verb in {"void", "refunds"}:
            yield body["transfer_id"], -body["points"]
