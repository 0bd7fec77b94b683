"""A machine that drives the ledger at random, beside a dictionary that knows what must come out.

One bank per example, one database for all. After each step the whole bank is read past our code:
sums, bounds, chains and holds (`tests.books.wrongs_in`), and every balance of the oracle. Whenever
points come back, the dates on which they expire are compared too.
"""

import itertools
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import or_, select
from sqlalchemy.engine import make_url

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import (
    AlreadyReversed,
    CreditbankError,
    HoldClosed,
    HoldExpired,
    InsufficientPoints,
    KeyReused,
)
from creditbank.core.keys import keyed
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount
from creditbank.ledger import chart, expiries, holds, issues, lots, posting
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, Transfer
from tests.books import ANN, BEN, CAN, EVERY_ACCOUNT, POINTS, SHOP, Account, Books, moved, wrongs_in

MEMBERS = (ANN, BEN, CAN)
START = datetime.fromisoformat("2026-03-01T09:00:00+08:00")
LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")

Ask = Callable[[str, int], list[Any]]

members = st.sampled_from(MEMBERS)
units = st.integers(1, 12)
picks = st.integers(0, 30)
dates = st.sampled_from([None, date(2026, 12, 31), date(2027, 12, 31), date(2028, 12, 31)])

_slugs = (f"machine-{number}" for number in itertools.count(1))


@keyed
def give(unit: Unit, *, source: str, to: str, amount: int, key: str) -> str:
    """Give points under an idempotency key."""
    moves = (moved(chart.member(source), chart.member(to), amount),)
    return posting.post(unit, Draft(Kind.GIFT, f"given/{key}", unit.now, moves)).transfer_id


@dataclass
class Brought:
    """What came to and went from one member for good, the first by its date of expiry."""

    came: Counter[date | None] = field(default_factory=Counter)
    gone: int = 0

    def told(self) -> tuple[dict[date | None, int], int]:
        """Both, without zeros."""
        return {day: number for day, number in self.came.items() if number}, self.gone


@dataclass
class Moved:
    """A transfer of the oracle that can be mended: who gave (None: issued), who got, and when."""

    source: str | None
    destination: str
    units: int
    expires_on: date | None
    brought: int = 0  # by an issue, beside what paid a debt
    mended: bool = False
    refunded: int = 0


@dataclass
class Held:
    """A hold of the oracle."""

    member_id: str
    units: int
    ends_at: datetime
    open: bool = True


class LedgerMachine(RuleBasedStateMachine):
    """All kinds of transfer, in any order, against any balance and clock."""

    def __init__(self, database: Database, clock: ManualClock, ask: Ask) -> None:
        super().__init__()
        self.ask = ask
        self.clock = clock
        self.books = Books(database, next(_slugs))
        self.last = LONG_AGO  # nothing was recorded yet
        self.balances: Counter[str] = Counter()
        self.brought: dict[str, Brought] = defaultdict(Brought)
        self.moved: dict[str, Moved] = {}
        self.issued: dict[str, Moved] = {}
        self.held: dict[str, Held] = {}
        self.calls: list[tuple[str, Callable[[int], Callable[[Unit], Transfer]]]] = []
        self.slices = 0
        self.keys: dict[str, tuple[Any, str | type[CreditbankError]]] = {}

    # What the rules share ---------------------------------------------------------------------

    def call(self, make: Callable[[int], Callable[[Unit], Transfer]]) -> Transfer:
        """Run a post and keep it for replays; ``make(1)`` is the same key with other content."""
        done = self.books.do(make(0))
        assert not done.replayed
        assert done.recorded_at == max(self.clock.now(), self.last)
        self.last = done.recorded_at
        self.calls.append((done.transfer_id, make))
        return done

    def post(
        self, kind: Kind, source: str, destination: str, amount: int, expires_on: date | None = None
    ) -> Transfer:
        """Post one movement."""
        key = self.books.key()

        def make(more: int) -> Callable[[Unit], Transfer]:
            move = moved(source, destination, amount + more, expires_on=expires_on)
            return lambda unit: posting.post(unit, Draft(kind, key, START, (move,)))

        done = self.call(make)
        self.balances[source] -= amount
        self.balances[destination] += amount
        return done

    def poor(self, address: str, amount: int, attempt: Callable[[], object]) -> bool:
        """Whether an address has too little; if so, see that the attempt is refused."""
        if self.balances[address] >= amount:
            return False
        with pytest.raises(InsufficientPoints) as caught:
            attempt()
        assert (self.balances[address], amount) == (caught.value.available, caught.value.required)
        return True

    def now(self) -> datetime:
        """The instant of the next unit."""
        return max(self.clock.now(), self.last)

    def dates_stay(self, member_id: str) -> None:
        """See that what came and went for good, and by which dates, is as the oracle says."""
        found = self.books.see(lambda view: brought(view, chart.member(member_id)))
        assert self.brought[member_id].told() == found.told()

    # Rules ------------------------------------------------------------------------------------

    @rule(member_id=members, amount=units, expires_on=dates)
    def issue(self, member_id: str, amount: int, expires_on: date | None) -> None:
        """Earn; a debt is paid first."""
        key = self.books.key()

        def make(more: int) -> Callable[[Unit], Transfer]:
            earned = [issues.Earned(member_id, Amount(amount + more, POINTS), expires_on)]
            return lambda unit: issues.issue(
                unit, earned=earned, key=key, occurred_at=START, refers_to="clm", period_id=None
            )

        done = self.call(make)
        back = min(amount, -self.balances[chart.debt(member_id)])
        self.balances[chart.debt(member_id)] += back
        self.balances[chart.member(member_id)] += amount - back
        self.balances[chart.ISSUANCE] -= amount
        if amount > back:
            self.brought[member_id].came[expires_on] += amount - back
        self.issued[done.transfer_id] = Moved(None, member_id, amount, expires_on, amount - back)

    @rule(member_id=members, amount=units, expires_on=dates)
    def open(self, member_id: str, amount: int, expires_on: date | None) -> None:
        """Bring in an opening balance, which pays no debt."""
        done = self.post(Kind.OPENING, chart.ISSUANCE, chart.member(member_id), amount, expires_on)
        self.brought[member_id].came[expires_on] += amount
        self.moved[done.transfer_id] = Moved(None, member_id, amount, expires_on)

    @rule(source=members, to=members, amount=units, expires_on=dates)
    def gift(self, source: str, to: str, amount: int, expires_on: date | None) -> None:
        """Give to another member, with a date of expiry."""
        if source == to:
            return
        a, b = chart.member(source), chart.member(to)
        if self.poor(a, amount, lambda: self.books.post(moved(a, b, amount))):
            return
        done = self.post(Kind.GIFT, a, b, amount, expires_on)
        self.brought[source].gone += amount
        self.brought[to].came[expires_on] += amount
        self.moved[done.transfer_id] = Moved(source, to, amount, expires_on)

    @rule(source=members, to=members, amount=units)
    def give_by_lots(self, source: str, to: str, amount: int) -> None:
        """Give the earliest lots, each with its day, as a gift to family does."""
        a, b = chart.member(source), chart.member(to)
        if source == to or self.balances[a] < amount:
            return
        wanted, left = [], amount
        for day, there in self.lots_of(source):
            wanted += [(day, min(there, left))] if left else []
            left -= min(there, left)
        found = self.books.see(lambda view: lots.first_of(view, a, POINTS, amount))
        assert wanted == [(lot.expires_on, lot.units) for lot in found]
        moves = [moved(a, b, number, expires_on=day) for day, number in wanted]
        self.last = self.books.post(*moves).recorded_at
        self.balances[a] -= amount
        self.balances[b] += amount
        self.brought[source].gone += amount
        for day, number in wanted:
            self.brought[to].came[day] += number
        self.dates_stay(to)

    def lots_of(self, member_id: str) -> list[tuple[date | None, int]]:
        """What a member has, in the order in which it is used: what came last is left."""
        left, found = self.balances[chart.member(member_id)], []
        came = self.brought[member_id].came
        for day in sorted(came, key=lambda day: (day is None, day), reverse=True):
            if min(came[day], left) > 0:
                found.append((day, min(came[day], left)))
                left -= min(came[day], left)
        return found[::-1]

    @rule(member_id=members, amount=units)
    def donate(self, member_id: str, amount: int) -> None:
        """Donate to a fund; what is there has no day."""
        a, fund = chart.member(member_id), chart.fund("donations")
        if self.poor(a, amount, lambda: self.books.post(moved(a, fund, amount))):
            return
        self.post(Kind.DONATE, a, fund, amount)
        self.brought[member_id].gone += amount

    @rule(day=st.sampled_from([date(2027, 1, 1), date(2028, 1, 1), date(2029, 1, 1)]))
    def expire_points(self, day: date) -> None:
        """Let all lots go that are past their day; what is on hold is gone until it resolves."""
        past = {
            member_id: sum(
                number for last, number in self.lots_of(member_id) if last and last < day
            )
            for member_id in MEMBERS
        }
        self.slices += 1

        def work(unit: Unit) -> int:
            every = [row.account_id for row in unit.rows(_every_account(unit))]
            return expiries.expire(
                unit, account_ids=every, day=day, grace_days=0, slice_no=self.slices
            )

        assert len([one for one in past.values() if one]) == self.books.do(work)
        for member_id, number in past.items():
            self.balances[chart.member(member_id)] -= number
            self.balances[chart.EXPIRED] += number
            self.brought[member_id].gone += number
            if number:
                self.last = self.now()
            self.dates_stay(member_id)

    @rule(member_id=members, amount=units)
    def redeem(self, member_id: str, amount: int) -> None:
        """Pay the shop."""
        a = chart.member(member_id)
        if self.poor(a, amount, lambda: self.books.post(moved(a, SHOP, amount))):
            return
        done = self.post(Kind.REDEEM, a, SHOP, amount)
        self.brought[member_id].gone += amount
        self.moved[done.transfer_id] = Moved(member_id, SHOP, amount, None)

    @precondition(lambda self: self._payments())
    @rule(pick=picks, part=units)
    def refund(self, pick: int, part: int) -> None:
        """The shop gives a part back; dates stay."""
        paid = self._payments()[pick % len(self._payments())]
        part = min(part, paid.units - paid.refunded)
        assert paid.source is not None
        self.post(Kind.REFUND, SHOP, chart.member(paid.source), part)
        paid.refunded += part
        self.brought[paid.source].gone -= part
        self.dates_stay(paid.source)

    def _payments(self) -> list[Moved]:
        return [
            one
            for one in self.moved.values()
            if one.destination == SHOP and not one.mended and one.refunded < one.units
        ]

    @precondition(lambda self: self.moved)
    @rule(pick=picks)
    def reverse(self, pick: int) -> None:
        """Mend a transfer once; dates stay."""
        transfer_id, one = list(self.moved.items())[pick % len(self.moved)]
        if one.refunded:
            return
        key = self.books.key()

        def attempt(unit: Unit) -> Transfer:
            return posting.reverse(unit, transfer_id=transfer_id, key=key)

        if one.mended:
            with pytest.raises(AlreadyReversed):
                self.books.do(attempt)
            return
        got = one.destination if one.destination == SHOP else chart.member(one.destination)
        gave = chart.ISSUANCE if one.source is None else chart.member(one.source)
        if got != SHOP and self.poor(got, one.units, lambda: self.books.do(attempt)):
            return
        self.last = self.books.do(attempt).recorded_at
        one.mended = True
        self.balances[got] -= one.units
        self.balances[gave] += one.units
        if one.source is not None:
            self.brought[one.source].gone -= one.units
        if got != SHOP:
            self.brought[one.destination].came[one.expires_on] -= one.units
        for member_id in {one.source, one.destination} & set(MEMBERS):
            self.dates_stay(str(member_id))

    @precondition(lambda self: self.issued)
    @rule(pick=picks)
    def withdraw(self, pick: int) -> None:
        """Withdraw an approval: what is there goes back, the rest is owed."""
        transfer_id, one = list(self.issued.items())[pick % len(self.issued)]
        key = self.books.key()

        def make(_more: int) -> Callable[[Unit], Transfer]:
            return lambda unit: issues.withdraw(
                unit, transfer_id=transfer_id, key=key, period_id=None
            )

        if one.mended:
            with pytest.raises(AlreadyReversed):
                self.books.do(make(0))
            return
        self.last = self.books.do(make(0)).recorded_at
        assert self.books.do(make(0)).replayed
        one.mended = True
        back = min(one.units, self.balances[chart.member(one.destination)])
        self.balances[chart.member(one.destination)] -= back
        self.balances[chart.debt(one.destination)] -= one.units - back
        self.balances[chart.ISSUANCE] += one.units
        undone = min(back, one.brought)  # what paid a debt then is taken from other points now
        self.brought[one.destination].came[one.expires_on] -= undone
        self.brought[one.destination].gone += back - undone
        self.dates_stay(one.destination)

    @rule(member_id=members, amount=units, ttl_s=st.sampled_from([1, 60, 180, 86_400]))
    def authorise(self, member_id: str, amount: int, ttl_s: int) -> None:
        """Set points aside."""
        a = chart.member(member_id)

        def attempt() -> holds.Hold:
            return self.books.do(
                lambda unit: holds.authorise(
                    unit, member_id=member_id, amount=Amount(amount, POINTS), ttl_s=ttl_s
                )
            )

        if self.poor(a, amount, attempt):
            return
        hold = attempt()
        self.last = self.now()
        assert self.last + timedelta(seconds=ttl_s) == hold.ends_at
        self.balances[a] -= amount
        self.balances[chart.held(member_id)] += amount
        self.held[hold.hold_id] = Held(member_id, amount, hold.ends_at)
        self.dates_stay(member_id)

    @precondition(lambda self: self.held)
    @rule(pick=picks, part=st.integers(1, 12), whole=st.booleans())
    def capture(self, pick: int, part: int, whole: bool) -> None:
        """Pay the shop from a hold, wholly or in part."""
        hold_id, hold = self._hold(pick)
        part = hold.units if whole else min(part, hold.units)

        def attempt() -> Transfer:
            return self.books.do(
                lambda unit: holds.capture(unit, hold_id=hold_id, units=part, destination=SHOP)
            )

        if not hold.open or self.now() >= hold.ends_at:
            with pytest.raises(HoldExpired if hold.open else HoldClosed):
                attempt()
            return
        done = attempt()
        self.last = done.recorded_at
        self._returns(hold)
        self.balances[chart.member(hold.member_id)] -= part
        self.balances[SHOP] += part
        self.brought[hold.member_id].gone += part
        self.moved[done.transfer_id] = Moved(hold.member_id, SHOP, part, None)
        self.dates_stay(hold.member_id)

    @precondition(lambda self: self.held)
    @rule(pick=picks)
    def void(self, pick: int) -> None:
        """Give a hold back; dates stay."""
        hold_id, hold = self._hold(pick)
        if not hold.open:
            with pytest.raises(HoldClosed):
                self.books.do(lambda unit: holds.void(unit, hold_id=hold_id))
            return
        self.last = self.books.do(lambda unit: holds.void(unit, hold_id=hold_id)).recorded_at
        self._returns(hold)
        self.dates_stay(hold.member_id)

    @rule()
    def expire(self) -> None:
        """Do what the job does: end all holds whose time is over, and no other."""
        due = self.books.see(lambda view: holds.due(view, 100))
        over = [one for one, hold in self.held.items() if hold.open and self.now() >= hold.ends_at]
        assert sorted(over) == sorted(due)
        for hold_id in due:
            done = self.books.do(lambda unit, it=hold_id: holds.expire(unit, hold_id=it))  # type: ignore[misc]
            assert done is not None
            self.last = done.recorded_at
            self._returns(self.held[hold_id])
            self.dates_stay(self.held[hold_id].member_id)

    def _hold(self, pick: int) -> tuple[str, Held]:
        return list(self.held.items())[pick % len(self.held)]

    def _returns(self, hold: Held) -> None:
        hold.open = False
        self.balances[chart.held(hold.member_id)] -= hold.units
        self.balances[chart.member(hold.member_id)] += hold.units

    @precondition(lambda self: self.calls)
    @rule(pick=picks)
    def replay(self, pick: int) -> None:
        """The same key with the same content gives the first transfer and changes nothing."""
        transfer_id, make = self.calls[pick % len(self.calls)]
        again = self.books.do(make(0))
        assert (transfer_id, True) == (again.transfer_id, again.replayed)

    @precondition(lambda self: self.calls)
    @rule(pick=picks)
    def replay_otherwise(self, pick: int) -> None:
        """The same key with other content is refused."""
        _, make = self.calls[pick % len(self.calls)]
        with pytest.raises(KeyReused):
            self.books.do(make(1))

    @rule(name=st.sampled_from("abcd"), source=members, to=members, amount=st.integers(1, 3))
    def give_under_a_key(self, name: str, source: str, to: str, amount: int) -> None:
        """One idempotency key: its first outcome, or a refusal of other content, for ever."""
        if source == to:
            return
        key, content = f"idempotency-key-{name}", (source, to, amount)

        def attempt() -> str:
            return self.books.do(
                lambda unit: give(unit, source=source, to=to, amount=amount, key=key)
            )

        if key not in self.keys:
            if self.poor(chart.member(source), amount, attempt):
                self.keys[key] = content, InsufficientPoints
                return
            self.keys[key] = content, attempt()
            self.last = self.now()
            self.balances[chart.member(source)] -= amount
            self.balances[chart.member(to)] += amount
            self.brought[source].gone += amount
            self.brought[to].came[None] += amount
            return
        known, outcome = self.keys[key]
        if known != content or isinstance(outcome, type):
            expected = KeyReused if known != content or isinstance(outcome, str) else outcome
            with pytest.raises(expected):
                attempt()
        else:
            assert outcome == attempt()

    @rule(seconds=st.sampled_from([-3600, -1, 1, 61, 3600, 90_000]))
    def step(self, seconds: int) -> None:
        """Let the clock go on, or step back."""
        self.clock.advance(seconds=seconds)

    # Always -----------------------------------------------------------------------------------

    @invariant()
    def the_books_are_right(self) -> None:
        """Sums, bounds, chains and holds; and every balance is the oracle's."""
        every = [Account._make(row) for row in self.outside(EVERY_ACCOUNT)]
        assert [] == wrongs_in(self.outside, every)
        found = {account.address: account.balance for account in every if account.balance}
        ours = {address: number for address, number in self.balances.items() if number}
        ours.pop(chart.ISSUANCE, None)
        ours.pop(chart.EXPIRED, None)
        assert ours == found

    def outside(self, question: str) -> list[Any]:
        """Ask over a connection that no code of ours opened."""
        return self.ask(question, self.books.bank_id)

    def teardown(self) -> None:
        """At the end, see the dates of everybody."""
        for member_id in MEMBERS:
            self.dates_stay(member_id)


def _every_account(view: View) -> Any:
    return (
        select(accounts.c.account_id)
        .where(accounts.c.bank_id == view.bank_id)
        .order_by(accounts.c.account_id)
    )


def brought(view: View, address: str) -> Brought:
    """Read from the books what came to an address and went from it for good.

    Moves to and from the held account are none. What reverses another transfer undoes it: an
    inflow at the date it had, an outflow at all. What a refund brings was an outflow before.
    """
    mine = view.row(
        select(accounts.c.account_id).where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.address == address,
            accounts.c.asset_code == POINTS,
        )
    )
    if mine is None:
        return Brought()
    rows = view.rows(
        select(postings, transfers.c.kind, transfers.c.reverses, accounts.c.address)
        .join_from(
            postings,
            transfers,
            (transfers.c.bank_id == postings.c.bank_id)
            & (transfers.c.transfer_id == postings.c.transfer_id),
        )
        .join(
            accounts,
            (accounts.c.bank_id == postings.c.bank_id)
            & accounts.c.account_id.in_([postings.c.source_id, postings.c.destination_id])
            & (accounts.c.account_id != mine.account_id),
        )
        .where(
            postings.c.bank_id == view.bank_id,
            or_(
                postings.c.source_id == mine.account_id,
                postings.c.destination_id == mine.account_id,
            ),
        )
    )
    rows = [row for row in rows if not chart.is_held(row.address)]
    first = {row.transfer_id: row for row in rows}
    found = Brought()
    for row in rows:
        comes = row.destination_id == mine.account_id
        undone = first.get(row.reverses)
        if undone is not None and undone.destination_id == mine.account_id:
            cut = min(row.units, undone.units)
            found.came[undone.expires_on] -= cut
            found.gone += row.units - cut
        elif undone is not None or row.kind == Kind.REFUND or not comes:
            found.gone += -row.units if comes else row.units
        else:
            found.came[row.expires_on] += row.units
    return found


@pytest.fixture
def ask(database_url: str) -> Iterator[Ask]:
    """Questions to the database that go past all our code."""
    with asking(database_url) as questions:
        yield questions


@contextmanager
def asking(database_url: str) -> Iterator[Ask]:
    """Questions to a database, for the length of a with block."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database), isolation_level=None)) as file:
            yield lambda question, bank_id: file.execute(question, {"bank_id": bank_id}).fetchall()
    else:
        with psycopg.connect(
            host=str(url.query["host"]), user=url.username, dbname=url.database, autocommit=True
        ) as server:
            yield lambda question, bank_id: server.execute(
                question.replace(":bank_id", "%s").encode(), [bank_id]
            ).fetchall()


def test_the_ledger_follows_its_oracle(
    database: Database, clock: ManualClock, ask: Ask, backend: str
) -> None:
    """Runs of 50 steps; no step leaves anything wrong, and every balance is foreseen.

    50 runs on SQLite; on PostgreSQL, where a step takes twice as long, 25. `make prove` runs 200
    on both.
    """
    follow(database, clock, ask, runs=50 if backend == "sqlite" else 25)


def follow(database: Database, clock: ManualClock, ask: Ask, *, runs: int) -> None:
    """Let so many runs of 50 steps be made up and followed."""
    run_state_machine_as_test(
        lambda: LedgerMachine(database, clock, ask),  # type: ignore[arg-type]  # a factory will do
        settings=settings(
            max_examples=runs,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
