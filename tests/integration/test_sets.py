"""What waits together is done as a set: as one by one, and nobody is disturbed."""

import queue
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.engine import Engine

from creditbank.core import counters
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError, InsufficientPoints, KeyReused
from creditbank.core.keys import keys
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, Transfer
from creditbank.ledger.posts import Post
from creditbank.people import members
from merchants import checkout, codes, redemptions, sales
from merchants.receipts import Receipt
from merchants.requests import till_requests
from tests.books import OPERATOR, POINTS, moved
from tests.merchant_builders import ITEM, Street, step, till_actor

NOW = datetime.fromisoformat("2026-03-01T10:00:00+08:00")


@contextmanager
def gathering(database: Database) -> Iterator[None]:
    """Keep every writer thread busy, so that asks submitted meanwhile are done as one set."""
    threads = database.writer._threads
    release, busy = threading.Event(), threading.Barrier(len(threads) + 1)

    def wait(_connection: Connection, _now: datetime) -> None:
        busy.wait(10)
        release.wait(10)

    waiting = [database.writer.submit_install(wait) for _ in threads]
    busy.wait(10)
    try:
        yield
    finally:
        release.set()
        for one in waiting:
            one.result()


@contextmanager
def sets_seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The sizes of the sets that were paid."""
    seen: list[int] = []
    whole = sales.pay

    def pay(going: Sequence[sales.Sale]) -> None:
        seen.append(len(going))
        whole(going)

    with monkeypatch.context() as patch:
        patch.setattr(sales, "pay", pay)
        yield seen


@dataclass(frozen=True)
class Said:
    """One ask, by the numbers of its code and of its till, so that any street can do it."""

    code: int
    till: int
    ask: checkout.ScanAndRedeem


def told(future: Future[Any]) -> tuple[Any, ...]:
    """What an ask came to, without the ids that differ from street to street."""
    try:
        got: Receipt = future.result()
    except CreditbankError as error:
        return (error.slug,)
    return got.state, got.points, got.discount_fen, got.reason, got.balance_after, got.pin


class Twin:
    """A street with members, codes and tills that its twin has, too."""

    def __init__(self, database: Database, clock: ManualClock, slug: str, seed: int) -> None:
        drawn = random.Random(seed)
        caps = {"most_per_member_day": 9, "most_per_merchant_day": 60}
        self.street = Street(database, clock, step(**caps), slug)
        self.tills = [self.street.till_id, self.street.till()]
        other = self.street.shop()
        self.street.adopt(ITEM, other)
        self.street.adopt(step(most_per_order=6), other)
        self.tills.append(self.street.till(other))
        self.members = [self.street.member(drawn.choice((0, 2, 5, 40))) for _ in range(8)]
        self.codes = [self.street.code(one) for one in self.members]
        self.street.do(
            lambda unit: members.suspend(
                unit, member_id=self.members[0], key="street-suspension-of-one"
            )
        )

    def submit(self, said: Said) -> Future[Receipt]:
        """Queue one ask."""
        digits = "281934605512837466" if said.code < 0 else self.codes[said.code]
        actor = till_actor(self.tills[said.till])
        ask = replace(said.ask, code=digits)
        return self.street.database.writer.submit(self.street.bank_id, actor, ask)

    def left(self) -> dict[str, Any]:
        """What the asks left behind, by the numbers of the members."""
        street = self.street
        place = {one: n for n, one in enumerate(self.members)}

        def rows(table: Any, *columns: str) -> list[tuple[Any, ...]]:
            found = street.see(
                lambda view: view.rows(
                    select(*(table.c[one] for one in columns)).where(
                        table.c.bank_id == street.bank_id
                    )
                )
            )
            return sorted(
                ((place.get(one[0], one[0]), *one[1:]) for one in map(tuple, found)), key=str
            )

        return {
            "balances": [street.holding(one) for one in self.members],
            "codes": rows(codes.pay_codes, "member_id", "state"),
            "redemptions": rows(
                redemptions.redemptions, "member_id", "state", "points", "discount_fen"
            ),
            "requests": rows(till_requests, "request_id", "state"),
            "keys": [
                one for one in rows(keys, "key", "outcome") if str(one[0]).startswith("set-key")
            ],
            "used": sorted(
                (what, used)
                for what, used in rows(counters.counters, "what", "used")
                if what != "member-number"
            ),
            "faults": street.faults(),
        }


def drawn_asks(seed: int, count: int) -> list[Said]:
    """Asks of every kind: good ones, twins, replays, other content, wrong codes, missing bills."""
    drawn = random.Random(seed)
    asks: list[Said] = []
    for n in range(count):
        said = Said(
            drawn.choice((*range(8), -1)),
            drawn.choice((0, 0, 1, 2)),
            checkout.ScanAndRedeem(
                code="",
                cart_fen=drawn.choice((2999, 3000, 6100, 9000, None)),
                key=f"set-key-{n:012d}",
                points=drawn.choice((None, None, None, 1, 3, 50)),
            ),
        )
        if asks and drawn.random() < 0.2:
            before = drawn.choice(asks)
            said = before
            if drawn.random() < 0.3:
                said = replace(before, ask=replace(before.ask, cart_fen=12_000))
        asks.append(said)
    return asks


@pytest.mark.parametrize("seed", range(4))
def test_a_set_comes_to_what_its_asks_come_to_one_by_one(
    database: Database, clock: ManualClock, seed: int
) -> None:
    """Outcomes, balances, codes, counters, requests and keys are those of the asks one by one."""
    alone = Twin(database, clock, "alone", seed)
    together = Twin(database, clock, "together", seed)
    asks = drawn_asks(seed, 24)
    expected = []
    for said in asks:
        one = alone.submit(said)
        one.exception()
        expected.append(told(one))
    with gathering(database):
        waiting = [together.submit(said) for said in asks]
    assert expected == [told(one) for one in waiting]
    assert alone.left() == together.left()
    assert [] == together.street.faults()


def test_asks_that_wait_together_share_one_set(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty payments at two shops are one set, with one statement for each thing to be done."""
    street = Street(database, clock)
    other = street.shop()
    street.adopt(step(), other)
    shops = [street.till_id, street.till(other)]
    members_ = [street.member() for _ in range(20)]
    digits = [street.code(one) for one in members_]
    sent: list[str] = []

    def before(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if threading.current_thread().name.startswith("writer"):
            sent.append(statement)

    with sets_seen(monkeypatch) as seen:
        with gathering(database):
            waiting = [
                street.submit(
                    shops[n % 2],
                    checkout.ScanAndRedeem(code=code, cart_fen=3000, key=f"together-{n:010d}"),
                )
                for n, code in enumerate(digits)
            ]
            event.listen(Engine, "before_cursor_execute", before)
        found = [one.result() for one in waiting]
        event.remove(Engine, "before_cursor_execute", before)
    assert [20] == seen
    assert [3] * 20 == [one.points for one in found]
    assert 20 == len({one.transfer_id for one in found})
    most = 30 if database.url.get_backend_name() == "postgresql" else 150
    assert len(sent) <= most, len(sent)


def test_a_quota_holds_within_one_set(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten payments of 3 in one set, a shop's quota of 10 takes 3, 3, 3, 1 and refuses six."""
    street = Street(database, clock, step(most_per_merchant_day=10))
    digits = [street.code(street.member()) for _ in range(10)]
    with sets_seen(monkeypatch) as seen:
        with gathering(database):
            waiting = [
                street.submit(
                    street.till_id,
                    checkout.ScanAndRedeem(code=code, cart_fen=3000, key=street.name()),
                )
                for code in digits
            ]
        found = [told(one) for one in waiting]
    assert [10] == seen
    assert [3, 3, 3, 1] == [one[1] for one in found[:4]]
    assert [("quota-used",)] * 6 == found[4:]
    assert 10 == street.taken()
    assert [] == street.faults()


def test_the_answers_of_a_set_exist_only_after_its_commit(
    database: Database, clock: ManualClock
) -> None:
    """When the first answer is there, another connection sees all that the set has paid."""
    street = Street(database, clock)
    digits = [street.code(street.member()) for _ in range(5)]
    seen: queue.SimpleQueue[int] = queue.SimpleQueue()
    with gathering(database):
        waiting = [
            street.submit(
                street.till_id,
                checkout.ScanAndRedeem(code=code, cart_fen=3000, key=street.name()),
            )
            for code in digits
        ]
        for one in waiting:
            one.add_done_callback(lambda _: seen.put(street.taken()))
    assert [3] * 5 == [one.result().points for one in waiting]
    assert [15] * 5 == [seen.get(timeout=10) for _ in waiting]


def test_an_ask_that_breaks_is_done_alone_and_its_neighbours_never_notice(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault while one of a set is decided: that one fails, the others are paid exactly once."""
    street = Street(database, clock)
    people = [street.member() for _ in range(6)]
    digits = [street.code(one) for one in people]
    whole = sales._draft

    def draft(one: sales.Sale, *rest: Any) -> Draft:
        if one.redemption is not None and one.redemption.member_id == people[3]:
            raise ZeroDivisionError
        return whole(one, *rest)

    monkeypatch.setattr(sales, "_draft", draft)
    with gathering(database):
        waiting = [
            street.submit(
                street.till_id,
                checkout.ScanAndRedeem(code=code, cart_fen=3000, key=f"poisoned-{n:010d}"),
            )
            for n, code in enumerate(digits)
        ]
    assert isinstance(waiting[3].exception(), ZeroDivisionError)
    assert [3] * 5 == [one.result().points for n, one in enumerate(waiting) if n != 3]
    assert 15 == street.taken()
    assert (100, 0, 0) == street.holding(people[3])
    monkeypatch.undo()
    again = street.submit(
        street.till_id,
        checkout.ScanAndRedeem(code=digits[3], cart_fen=3000, key="poisoned-0000000003"),
    )
    assert 3 == again.result().points
    assert [] == street.faults()


def test_an_ask_whose_client_left_before_its_turn_is_not_done(
    database: Database, clock: ManualClock
) -> None:
    """A cancelled ask leaves nothing; what waits beside it is paid."""
    street = Street(database, clock)
    people = [street.member() for _ in range(3)]
    digits = [street.code(one) for one in people]
    with gathering(database):
        waiting = [
            street.submit(
                street.till_id,
                checkout.ScanAndRedeem(code=code, cart_fen=3000, key=f"cancelled-{n:09d}"),
            )
            for n, code in enumerate(digits)
        ]
        assert waiting[1].cancel()
    assert [3, 3] == [waiting[0].result().points, waiting[2].result().points]
    assert (100, 0, 0) == street.holding(people[1])
    assert 6 == street.taken()


def test_the_asks_of_two_banks_never_share_a_set(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for two banks is done as two sets, each in its own bank."""
    streets = [Street(database, clock, slug=slug) for slug in ("one", "two")]
    digits = [[street.code(street.member()) for _ in range(3)] for street in streets]
    with sets_seen(monkeypatch) as seen:
        with gathering(database):
            waiting = [
                street.submit(
                    street.till_id,
                    checkout.ScanAndRedeem(code=code, cart_fen=3000, key=f"of-banks-{n:010d}"),
                )
                for street, of in zip(streets, digits, strict=True)
                for n, code in enumerate(of)
            ]
        assert [3] * 6 == [one.result().points for one in waiting]
    assert [9, 9] == [street.taken() for street in streets]
    assert [3, 3] == seen


def test_scanned_redemptions_are_redeemed_as_a_set(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second half of the slow way, too; a redemption that is asked for twice is paid once."""
    street = Street(database, clock)
    open_ones = [street.scanned(street.member()) for _ in range(4)]
    wanted = [*open_ones, open_ones[0], "red_" + "0" * 26]

    def together(redemption_ids: Sequence[str]) -> list[tuple[Any, ...]]:
        with gathering(database):
            waiting = [
                street.submit(
                    street.till_id,
                    checkout.Redeem(redemption_id=one, key=street.name()),
                )
                for one in redemption_ids
            ]
        return [told(one) for one in waiting]

    with sets_seen(monkeypatch) as seen:
        found = together(wanted)
        assert [("paid", 3)] * 4 == [one[:2] for one in found[:4]]
        assert [("state-conflict",), ("redemption-not-found",)] == found[4:]
        assert [1, 1, 1, 1, 1, 1] == seen
        fresh = [street.scanned(street.member()) for _ in range(4)]
        assert [("paid", 3)] * 4 == [one[:2] for one in together(fresh)]
        assert 4 == seen[-1]
    assert 24 == street.taken()
    assert [] == street.faults()


def drafts(count: int, source: str, start: int = 0) -> list[Draft]:
    """Transfers of one point each from a member to others."""
    return [
        Draft(
            Kind.GIFT,
            f"set/{n}",
            NOW,
            (moved(f"member/{source}", f"member/mem_{n:026d}", 1),),
        )
        for n in range(start, start + count)
    ]


def test_posts_that_wait_together_are_recorded_in_order_as_far_as_the_points_go(
    database: Database, clock: ManualClock
) -> None:
    """Twenty posts of a member with twelve points: twelve recorded, eight refused."""
    street = Street(database, clock)
    ann = street.member(12)
    asks = [Post(draft) for draft in drafts(20, ann)]
    replay, other = asks[3], Post(replace(asks[4].draft, refers_to="something else"))

    def submit(ask: Post) -> Future[Transfer]:
        return street.database.writer.submit(street.bank_id, OPERATOR, ask)

    with gathering(database):
        waiting = [submit(ask) for ask in (*asks, replay, other)]
    found = [type(one.exception()) for one in waiting]
    assert [type(None)] * 12 + [InsufficientPoints] * 8 + [type(None), KeyReused] == found
    assert waiting[3].result().transfer_id == waiting[20].result().transfer_id
    assert waiting[20].result().replayed
    assert (0, 0, 0) == street.holding(ann)
    assert [] == street.faults()
    assert 12 == sum(
        row.key.startswith("set/")
        for row in street.see(
            lambda view: view.rows(
                select(transfers.c.key).where(transfers.c.bank_id == view.bank_id)
            )
        )
    )


def test_two_writers_with_crossing_sets_never_deadlock(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sets whose members and shops cross, beside single units of the same: all are paid once."""
    street = Street(database, clock)
    people = [street.member(1000) for _ in range(10)]
    monkeypatch.setattr(database.writer._waiting, "_sets_at_once", 2)

    def crossing(n: int) -> Post:
        one, two = people[n % 10], people[(n * 7 + 3) % 10]
        if one == two:
            two = people[(n + 1) % 10]
        return Post(
            Draft(Kind.GIFT, f"cross/{n}", NOW, (moved(f"member/{one}", f"member/{two}", 1),))
        )

    works: list[Callable[..., Any]] = [crossing(n) for n in range(200)]
    singles = [crossing(n) for n in range(200, 260)]
    waiting = [street.database.writer.submit(street.bank_id, OPERATOR, one) for one in works]
    waiting += [
        street.database.writer.submit(street.bank_id, OPERATOR, lambda unit, ask=one: ask(unit))
        for one in singles
    ]
    assert 260 == len({one.result().transfer_id for one in waiting})
    assert 10_000 == sum(street.holding(one)[0] for one in people)
    assert [] == street.faults()
    assert POINTS
