"""Cases of the service: a whole redemption, from the pay code to the receipt, without HTTP.

One request in a hundred is a copy of an answered one with its key, and must bring the very same
receipt; one in a hundred must be declined: more points than usable, a code that was used, or a
member who has none.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import driving
from benchmarks.cases import HOT, SERVICE, SPREAD, Case, Opened, Slice, Wanted
from benchmarks.core import ANCHORS
from benchmarks.driving import Request, Tally
from benchmarks.errors import CaseFailed
from benchmarks.society import CART_FEN, POINTS, Codes, Till
from creditbank.core.errors import CreditbankError
from merchants.checkout import ScanAndRedeem
from merchants.errors import CodeUsed, PointsTooMany
from merchants.offers import Reason
from merchants.receipts import Receipt

REDEMPTION = "redemption"
EVERY = 100
_KEPT_MOST = 64
_MATTER = ((SPREAD, 1), (SPREAD, 8), (SPREAD, 32), (HOT, 32))


def redeeming(code: str, key: str, points: int | None = None) -> ScanAndRedeem:
    """Return how a till asks for a redemption of its bill."""
    return ScanAndRedeem(code=code, cart_fen=CART_FEN, key=key, points=points)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a till asked for, to be asked again."""

    till: Till
    code: str
    key: str


class Counter:
    """The society's tills and the codes that are shown at them; all cases share it."""

    def __init__(self, opened: Opened) -> None:
        """Stand at the tills of an engine's place."""
        self.opened = opened
        society = opened.place.society
        self.codes = Codes(opened.place.url, society, society.member_ids)
        self.poor = Codes(opened.place.url, society, society.poor_ids)
        opened.held.callback(self.codes.close)
        opened.held.callback(self.poor.close)
        self._numbers = itertools.count()

    def prepare(self, _seconds: float) -> None:
        """Put fresh codes on all phones."""
        self.codes.refill()
        self.poor.refill()

    def key(self) -> str:
        """Return a fresh request id."""
        return f"bench/till/{next(self._numbers):012d}"

    def submit(self, asked: Asked, points: int | None = None) -> Future[Any]:
        """Ask for a redemption."""
        return self.opened.database.writer.submit(
            self.opened.place.society.bank_id,
            asked.till.actor,
            redeeming(asked.code, asked.key, points),
        )


class Redeems:
    """One case: redemptions at the tills of a load, from so many clients."""

    def __init__(self, counter: Counter, load: str, clients: int) -> None:
        """Say where; codes are made by the counter."""
        self._counter, self._clients = counter, clients
        self.name = f"{counter.opened.engine} {SERVICE} {load}"
        society = counter.opened.place.society
        self._tills = society.hot_tills if load == HOT else society.tills
        self._dice = random.Random(load)
        self._answers: deque[tuple[Asked, Receipt]] = deque(maxlen=_KEPT_MOST)
        self._nth = 0
        self._tally = Tally()
        self._declines = itertools.cycle((self._too_many, self._used_code, self._without_points))

    def work(self, seconds: float) -> Slice:
        """Redeem for so many seconds, or until all codes are used up."""
        self._tally = Tally()
        return driving.closed_loop(self._following, self._clients, seconds, self._tally)

    def _following(self) -> Request | None:
        place = self._nth % EVERY
        self._nth += 1
        special: Request | None = None
        if place == EVERY // 2 and self._answers:
            special = self._again()
        elif place == EVERY - 1:
            special = next(self._declines)()
        return special or self._ordinary()

    def _ordinary(self) -> Request | None:
        code = self._counter.codes.take()
        if code is None:
            return None
        asked = self._asked(code)
        return Request(partial(self._counter.submit, asked), partial(self._paid, asked))

    def _asked(self, code: str) -> Asked:
        return Asked(self._dice.choice(self._tills), code, self._counter.key())

    def _paid(self, asked: Asked, future: Future[Any]) -> int:
        receipt: Receipt = future.result()
        if receipt.points != POINTS or receipt.transfer_id is None:
            raise CaseFailed(self.name, f"{receipt.points} points, wanted {POINTS}")
        self._counter.opened.place.acknowledged.redemptions.add(receipt.redemption_id)
        self._answers.append((asked, receipt))
        return 1

    # Copies ---------------------------------------------------------------------------------

    def _again(self) -> Request:
        asked, receipt = self._dice.choice(self._answers)
        return Request(partial(self._counter.submit, asked), partial(self._same, receipt))

    def _same(self, receipt: Receipt, future: Future[Any]) -> int:
        found = future.result()
        if found != receipt:
            raise CaseFailed(self.name, f"a copy brought {found}, the first was {receipt}")
        self._tally.replayed += 1
        return 1

    # Declines -------------------------------------------------------------------------------

    def _too_many(self) -> Request | None:
        code = self._counter.codes.take()
        if code is None:
            return None
        ask = partial(self._counter.submit, self._asked(code), points=POINTS + 1)
        return Request(ask, partial(self._declined, PointsTooMany))

    def _used_code(self) -> Request | None:
        if not self._answers:
            return None
        used = self._dice.choice(self._answers)[0].code
        ask = partial(self._counter.submit, self._asked(used))
        return Request(ask, partial(self._declined, CodeUsed))

    def _without_points(self) -> Request | None:
        code = self._counter.poor.take()
        if code is None:
            return None
        return Request(partial(self._counter.submit, self._asked(code)), self._nothing_usable)

    def _declined(self, wanted: type[CreditbankError], future: Future[Any]) -> int:
        error = future.exception()
        if not isinstance(error, wanted):
            raise CaseFailed(self.name, f"{error or 'paid'}, wanted {wanted.slug}") from error
        self._tally.declined += 1
        return 1

    def _nothing_usable(self, future: Future[Any]) -> int:
        receipt: Receipt = future.result()
        if receipt.points or receipt.reason != Reason.NO_BALANCE:
            raise CaseFailed(self.name, f"{receipt.points} points of a member who has none")
        self._tally.declined += 1
        return 1


def cases(opened: Opened, wanted: Wanted) -> list[Case]:
    """Return the cases of the service that are wanted on an engine."""
    counter = Counter(opened)
    found = []
    for load, clients in _chosen(wanted):
        redeems = Redeems(counter, load, clients)
        case = Case(
            opened.engine,
            SERVICE,
            REDEMPTION,
            redeems.work,
            clients,
            load,
            against=ANCHORS[opened.engine],
            prepare=counter.prepare,
        )
        if wanted.of(case):
            found.append(case)
    return found


def _chosen(wanted: Wanted) -> list[tuple[str, int]]:
    if not (wanted.clients or wanted.loads):
        return list(_MATTER)
    return [
        (load, clients)
        for load in wanted.loads or (SPREAD,)
        for clients in wanted.clients or (1, 8, 32)
    ]
