"""Races of the ledger at any size: each returns what came out, for a test to judge.

The races go through the writer with as many callers as asked for; every caller is a thread that
waits for its own answer, as a server's callers do.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from creditbank.core.errors import HoldClosed, HoldExpired, InsufficientPoints
from creditbank.core.keys import keyed
from creditbank.core.units import Unit
from creditbank.core.values import Amount
from creditbank.ledger import chart, holds, posting
from creditbank.ledger.books import holds as hold_table
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from tests.books import ANN, POINTS, SHOP, Books, made_up, moved


@dataclass(frozen=True, slots=True)
class Effect:
    """What a keyed effect of these races answers."""

    transfer_id: str


@keyed
def pay(unit: Unit, *, member_id: str, units: int, key: str) -> Effect:
    """Pay the shop under an idempotency key; a second run would post a second time."""
    draft = posting.Draft(
        Kind.REDEEM,
        f"{key}/{unit.new_id('run')}",
        unit.now,
        (moved(chart.member(member_id), SHOP, units),),
    )
    return Effect(posting.post(unit, draft).transfer_id)


def together(jobs: Sequence[Callable[[], object]], threads: int) -> list[object]:
    """Run jobs in threads that start together; an error is an outcome too."""
    start = threading.Barrier(min(threads, len(jobs)))
    local = threading.local()

    def run(job: Callable[[], object]) -> object:
        if not hasattr(local, "started"):
            local.started = True
            start.wait(30)
        try:
            return job()
        except Exception as error:  # noqa: BLE001 - the outcome of this caller
            return error

    with ThreadPoolExecutor(min(threads, len(jobs))) as pool:
        return list(pool.map(run, jobs))


def kinds(outcomes: Sequence[object]) -> Counter[str]:
    """Count outcomes by the name of their type."""
    return Counter(type(one).__name__ for one in outcomes)


def spend_it_all(books: Books, *, units: int, threads: int, posts: int) -> Counter[str]:
    """One account, many threads that each post 1 again and again; what came out, by type."""
    books.earn(ANN, units)

    def spender(thread: int) -> Callable[[], object]:
        def run() -> object:
            found: Counter[str] = Counter()
            for number in range(posts):
                key = f"race/{thread}/{number}"
                try:
                    done = books.post(moved(chart.member(ANN), SHOP, 1), key=key)
                    found["Replayed" if done.replayed else "Transfer"] += 1
                except InsufficientPoints:
                    found["InsufficientPoints"] += 1
            return found

        return run

    total: Counter[str] = Counter()
    for found in together([spender(thread) for thread in range(threads)], threads):
        assert isinstance(found, Counter), found
        total += found
    return total


def copies_of_keys(books: Books, *, keys: int, copies: int, threads: int) -> tuple[int, int, int]:
    """Copies of keyed calls in parallel; answers per key that differ, effects, and wrong ones."""
    books.earn(ANN, keys)

    def call(key: str) -> Callable[[], object]:
        return lambda: books.do(lambda unit: pay(unit, member_id=ANN, units=1, key=key))

    names = [f"idempotency-key-{number:04d}" for number in range(keys)]
    before = books.count(transfers)
    outcomes = together([call(name) for name in names for _ in range(copies)], threads)
    answers: dict[str, set[object]] = {}
    for place, outcome in enumerate(outcomes):
        answers.setdefault(names[place // copies], set()).add(outcome)
    different = sum(len(found) - 1 for found in answers.values())
    wrong = sum(not isinstance(one, Effect) for one in outcomes)
    return different, books.count(transfers) - before, wrong


def resolve_holds(books: Books, *, count: int, threads: int) -> Counter[str]:
    """Holds at the edge of their time, each raced by capture, void and expiry; states and wrongs.

    Every third hold is overdue, every third is young, and the others have no rival in time.
    """
    members = [made_up("mem", 100 + number % 20) for number in range(count)]
    for member_id in sorted(set(members)):
        books.earn(member_id, 3 * count)
    made = [
        books.do(
            lambda unit, who=who, ttl_s=ttl_s: holds.authorise(  # type: ignore[misc]
                unit, member_id=who, amount=Amount(3, POINTS), ttl_s=ttl_s
            )
        )
        for who, ttl_s in zip(members, [10, 3600] * count, strict=False)
    ]
    clock = books.database.clock
    clock.advance(seconds=10)  # type: ignore[attr-defined]

    def verbs(hold_id: str) -> list[Callable[[], object]]:
        return [
            lambda: books.do(
                lambda unit: holds.capture(unit, hold_id=hold_id, units=2, destination=SHOP)
            ),
            lambda: books.do(lambda unit: holds.void(unit, hold_id=hold_id)),
            lambda: books.do(lambda unit: holds.expire(unit, hold_id=hold_id)),
        ]

    outcomes = together([verb for hold in made for verb in verbs(hold.hold_id)], threads)
    found: Counter[str] = Counter()
    captured = 0
    for place, hold in enumerate(made):
        mine = outcomes[3 * place : 3 * place + 3]
        won = [one for one in mine if isinstance(one, posting.Transfer)]
        lost = [one for one in mine if one is None or isinstance(one, HoldClosed | HoldExpired)]
        state = books.see(lambda view, it=hold.hold_id: holds.find(view, it)).state  # type: ignore[misc]
        fits = {
            holds.HoldState.CAPTURED: 0,
            holds.HoldState.VOIDED: 1,
            holds.HoldState.EXPIRED: 2,
        }
        single = len(won) == 1 and len(lost) == 2 and state in fits and mine[fits[state]] is won[0]
        found["single" if single else "wrong"] += 1
        found[str(state)] += 1
        captured += 2 * (state is holds.HoldState.CAPTURED)
    assert captured == sum(
        one.units
        for one in books.see(
            lambda view: view.rows(
                hold_table.select()
                .with_only_columns(hold_table.c.captured_units.label("units"))
                .where(hold_table.c.bank_id == view.bank_id)
            )
        )
    )
    return found
