"""Sets when something fails: refusals, locked tills, lost races and connections, a writer's end."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, bindparam, event, func, select, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError

from creditbank.core import counters, writer
from creditbank.core.bulk import insert_new, update_all
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import AlreadyReversed, BadField, Busy, DatabaseUnavailable
from creditbank.core.keys import keys
from creditbank.core.prepared import Prepared
from creditbank.core.units import Unit, View
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft
from creditbank.ledger.posts import Post
from merchants import checkout, sales, tills
from merchants.receipts import Receipt
from tests.books import OPERATOR, moved
from tests.integration.test_sets import gathering, sets_seen, told
from tests.merchant_builders import Street, step
from tests.statements import Watch

SQLITE = pytest.mark.parametrize("backend", ["sqlite"])
POSTGRES = pytest.mark.parametrize("backend", ["postgres"])
WRONG = "281934605512837466"


def asked(n: int, code: str, points: int | None = None) -> checkout.ScanAndRedeem:
    """The payment of a code, under a key of its own."""
    return checkout.ScanAndRedeem(code, 3000, f"faulty-{n:010d}", points=points)


def together(street: Street, asks: Sequence[tuple[str, Any]]) -> list[Future[Any]]:
    """Do asks as one set, each at its till."""
    with gathering(street.database):
        return [street.submit(till_id, ask) for till_id, ask in asks]


def one_by_one(street: Street, asks: Sequence[tuple[str, Any]]) -> list[Future[Any]]:
    """Do asks, each alone."""
    waiting = []
    for till_id, ask in asks:
        waiting.append(street.submit(till_id, ask))
        waiting[-1].exception()
    return waiting


WAYS = pytest.mark.parametrize("way", [together, one_by_one])


def outcomes_kept(street: Street, operation: str) -> list[str]:
    """What is remembered under the keys of an operation, in their order."""
    rows = street.see(
        lambda view: view.rows(
            select(keys.c.outcome)
            .where(keys.c.bank_id == view.bank_id, keys.c.operation == operation)
            .order_by(keys.c.key)
        )
    )
    return [row.outcome for row in rows]


@WAYS
def test_a_final_refusal_is_remembered_alone_as_in_a_set(
    database: Database, clock: ManualClock, way: Callable[..., list[Future[Any]]]
) -> None:
    """A cancelled request and an id that is none are outcomes of their keys."""
    street = Street(database, clock)
    digits = [street.code(street.member()) for _ in range(2)]
    for n in range(2):
        street.cancel(f"faulty-{n:010d}")
    asks = [(street.till_id, asked(n, code)) for n, code in enumerate(digits)]
    assert [("request-cancelled",)] * 2 == [told(one) for one in way(street, asks)]
    assert ["request-cancelled"] * 2 == outcomes_kept(street, "checkout.scan_and_redeem")
    other = [(till_id, replace(ask, cart_fen=9000)) for till_id, ask in asks]
    assert [("key-reused",)] * 2 == [told(one) for one in way(street, other)]
    none = [
        (street.till_id, checkout.Redeem(redemption_id="nothing", key=street.name()))
        for _ in range(2)
    ]
    assert [("redemption-not-found",)] * 2 == [told(one) for one in way(street, none)]
    assert ["redemption-not-found"] * 2 == outcomes_kept(street, "checkout.redeem")


@WAYS
def test_behind_the_wrong_code_that_locks_its_till_nothing_is_read(
    database: Database, clock: ManualClock, way: Callable[..., list[Future[Any]]]
) -> None:
    """In a set, too: a good code that follows is not burned; another till goes on."""
    street = Street(database, clock)
    street.rules(wrong_codes_most=2)
    other = street.till()
    people = [street.member() for _ in range(3)]
    first, late, elsewhere = (street.code(one) for one in people)
    said = [(street.till_id, first), *[(street.till_id, WRONG)] * 2, (street.till_id, late)]
    said += [(other, WRONG), (other, elsewhere), (street.till_id, WRONG)]
    found = way(street, [(till_id, asked(n, code)) for n, (till_id, code) in enumerate(said)])
    expected = ["paid", "code-foreign", "code-foreign", "till-locked", "code-foreign", "paid"]
    assert [*expected, "till-locked"] == [told(one)[0] for one in found]
    assert 6 == street.taken()
    street.do(lambda unit: tills.unlock(unit, till_id=street.till_id, key="a-key-to-unlock-it"))
    assert 3 == street.pay(late).points


@POSTGRES
def test_the_tills_of_wrong_codes_are_locked_in_order(
    database: Database, clock: ManualClock
) -> None:
    """Two sets that count wrong codes at the same tills cannot wait for each other."""
    street = Street(database, clock)
    four = [street.till() for _ in range(4)]
    locked: list[str] = []

    def before(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if "FROM till \n" in statement and "FOR NO KEY UPDATE" in statement:
            locked.extend(one for one in dict(values).values() if str(one).startswith("til_"))

    event.listen(Engine, "before_cursor_execute", before)
    try:
        asks = [(one, asked(n, WRONG)) for n, one in enumerate(sorted(four, reverse=True))]
        assert [("code-foreign",)] * 4 == [told(one) for one in together(street, asks)]
    finally:
        event.remove(Engine, "before_cursor_execute", before)
    assert sorted(four) == locked


def test_a_set_of_new_asks_and_of_replays_does_what_is_new(
    database: Database, clock: ManualClock
) -> None:
    """Some keys of a set are known: the others are claimed, each once."""
    street = Street(database, clock)
    asks = [(street.till_id, asked(n, street.code(street.member()))) for n in range(8)]
    first = plain(one_by_one(street, asks[2:4]))
    found = plain(together(street, asks))
    assert first == found[2:4]
    assert [3] * 8 == [one.points for one in found]
    assert (24, []) == (street.taken(), street.faults())


def test_an_error_of_form_behind_the_burn_undoes_the_burn(
    database: Database, clock: ManualClock
) -> None:
    """The bill is missing, which is seen when the points are counted: nothing has happened."""
    street = Street(database, clock)
    asks = [(street.till_id, asked(n, street.code(street.member()))) for n in range(3)]
    unbilled = (street.till_id, replace(asks[1][1], cart_fen=None))
    found = plain(together(street, [asks[0], unbilled, asks[2]]))
    assert ([3, 3], BadField) == ([found[0].points, found[2].points], found[1][0])
    assert 3 == street.submit(*asks[1]).result().points
    assert (9, []) == (street.taken(), street.faults())


def test_who_pays_twice_in_a_set_pays_the_second_time_from_what_is_left(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five points, two bills of three: three, then two, then nothing."""
    street = Street(database, clock)
    ann = street.member(5)
    scanned = [street.scanned(ann) for _ in range(3)]
    asks = [(street.till_id, checkout.Redeem(one, street.name())) for one in scanned]
    with sets_seen(monkeypatch) as seen:
        found = plain(together(street, asks))
    assert [(3, 2), (2, 0), (0, 0)] == [(one.points, one.balance_after) for one in found]
    assert [3] == seen
    assert (5, []) == (street.taken(), street.faults())


def test_the_units_of_a_set_share_one_instant(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the clock goes on while they are begun."""
    street = Street(database, clock)
    asks = [(street.till_id, asked(n, street.code(street.member()))) for n in range(4)]
    instants: list[datetime] = []
    whole = sales.pay

    def pay(going: Sequence[sales.Sale]) -> None:
        instants.extend(one.unit.now for one in going)
        whole(going)

    def ticking() -> datetime:
        clock.advance(seconds=1)
        return first()

    first = clock.now
    monkeypatch.setattr(sales, "pay", pay)
    monkeypatch.setattr(clock, "now", ticking)
    assert [3] * 4 == [one.result().points for one in together(street, asks)]
    assert (4, 1) == (len(instants), len(set(instants)))


@SQLITE
def test_a_fault_while_rows_are_fetched_is_typed(database: Database, clock: ManualClock) -> None:
    """SQLite reads row by row, so that a damaged page may show up after the first of them."""
    street = Street(database, clock)
    query = Prepared(select(func.breaks(keys.c.key)).where(keys.c.bank_id == bindparam("bank_id")))
    calls = []

    def breaks(one: str) -> str:
        calls.append(one)
        if len(calls) % 2 == 0:
            raise ZeroDivisionError
        return one

    def look(view: View) -> list[Any]:
        raw: Any = view.connection.connection.dbapi_connection
        raw.create_function("breaks", 1, breaks)
        return query.rows(view, bank_id=view.bank_id)

    with pytest.raises(DatabaseUnavailable):
        street.see(look)
    with pytest.raises(DatabaseUnavailable):
        street.do(look)
    assert 3 == street.pay(street.code(street.member())).points


def test_a_second_reversal_is_told_as_such_in_a_set(database: Database, clock: ManualClock) -> None:
    """Also where the points are gone by now."""
    street = Street(database, clock)
    ann, ben = street.member(3), street.member(0)

    def posted(*drafts: Draft) -> list[Future[Any]]:
        with gathering(database):
            return [database.writer.submit(street.bank_id, OPERATOR, Post(one)) for one in drafts]

    def draft(key: str, source: str, destination: str, **more: Any) -> Draft:
        points = (moved(chart.member(source), chart.member(destination), 3),)
        return Draft(Kind.GIFT, key, clock.now(), points, **more)

    (first,) = posted(draft("rev/1", ann, ben))
    mended = first.result().transfer_id
    back = draft("rev/2", ben, ann, reverses=mended)
    assert [None] == [one.exception() for one in posted(back)]
    again = [draft(f"rev/{n}", ben, ann, reverses=mended) for n in (3, 4)]
    assert [AlreadyReversed] * 2 == [type(one.exception()) for one in posted(*again)]


@POSTGRES
@pytest.mark.parametrize("fault", ["deadlock", "serialization", "lock", "gone", "gone-after"])
@pytest.mark.usefixtures("_no_watch_over_rollbacks")
def test_a_set_that_loses_a_race_is_done_one_by_one_as_the_same_units(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Same ids and instants, one effect for each, one answer for each."""
    street = Street(database, clock)
    digits = [street.code(street.member()) for _ in range(5)]
    tries: list[list[tuple[str, str, datetime]]] = []
    whole = sales.pay
    states = {"deadlock": "40P01", "serialization": "40001", "lock": "55P03"}

    def pay(going: Sequence[sales.Sale]) -> None:
        tries.append([(one.request_id, one.redemption_id, one.unit.now) for one in going])
        if fault == "gone-after":
            whole(going)
        if len(tries) == 1:
            clock.advance(seconds=1)
            _fail(database, going[0].unit, states.get(fault))
        if fault != "gone-after":
            whole(going)

    monkeypatch.setattr(sales, "pay", pay)
    found = together(street, [(street.till_id, asked(n, one)) for n, one in enumerate(digits)])
    receipts: list[Receipt] = [one.result(30) for one in found]
    assert [3] * 5 == [one.points for one in receipts]
    assert [5, 1, 1, 1, 1, 1] == [len(one) for one in tries]
    assert tries[0] == [one[0] for one in tries[1:]]
    assert 15 == street.taken()
    assert [] == street.faults()


def _fail(database: Database, unit: Unit, state: str | None) -> None:
    if state is not None:
        unit.run(text(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{state}'; END $$"))
        return
    backend = unit.row(text("SELECT pg_backend_pid()"))
    assert backend is not None
    _end_backend(database, backend[0])
    unit.row(text("SELECT 1"))


def _end_backend(database: Database, pid: object) -> None:
    url = make_url(database.url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])


@POSTGRES
def test_the_asks_of_a_set_that_failed_keep_several_writers_busy(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When one of them has waited for a lock in vain, the others wait no longer one by one."""
    street = Street(database, clock)
    digits = [street.code(street.member()) for _ in range(4)]
    side_by_side = threading.Barrier(3)
    whole = sales.pay

    def pay(going: Sequence[sales.Sale]) -> None:
        if going[0].request_id == waiting_in_vain:
            _fail(database, going[0].unit, "55P03")
        side_by_side.wait(10)
        whole(going)

    monkeypatch.setattr(sales, "pay", pay)
    asks = [asked(n, one) for n, one in enumerate(digits)]
    waiting_in_vain = asks[0].key
    found = together(street, [(street.till_id, ask) for ask in asks])
    assert isinstance(found[0].exception(30), Busy)
    assert [3] * 3 == [one.result(30).points for one in found[1:]]
    assert 9 == street.taken()
    assert (0, []) == (database.writer.pulse()[0], street.faults())


@POSTGRES
@pytest.mark.usefixtures("_no_watch_over_rollbacks")
def test_a_connection_that_is_lost_at_the_commit_of_a_set_costs_nothing(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set is not stored, and each of it is stored alone, once."""
    street = Street(database, clock)
    digits = [street.code(street.member()) for _ in range(4)]
    whole, paid = writer._refuse_aborted, sales.pay
    sizes: list[int] = []
    lost: list[Connection] = []

    def pay(going: Sequence[sales.Sale]) -> None:
        paid(going)
        sizes.append(len(going))

    def refuse_aborted(connection: Connection) -> None:
        whole(connection)
        if sizes == [4] and not lost:
            lost.append(connection)
            _end_backend(database, connection.exec_driver_sql("SELECT pg_backend_pid()").scalar())

    with gathering(database):
        waiting = [street.submit(street.till_id, asked(n, one)) for n, one in enumerate(digits)]
        monkeypatch.setattr(sales, "pay", pay)
        monkeypatch.setattr(writer, "_refuse_aborted", refuse_aborted)
    assert [3] * 4 == [one.result(30).points for one in waiting]
    assert (1, [4, 1, 1, 1, 1]) == (len(lost), sizes)
    assert (12, []) == (street.taken(), street.faults())


def test_a_set_that_was_stored_but_never_confirmed_is_answered_by_its_keys(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit reached the disk, its answer did not come: one effect, the first receipts."""
    street = Street(database, clock)
    people = [street.member() for _ in range(4)]
    digits = [street.code(one) for one in people]
    whole = writer._Line.begin
    unheard: list[int] = []

    @contextmanager
    def begin(line: writer._Line) -> Iterator[Connection]:
        with whole(line) as connection:
            yield connection
        if not unheard:
            unheard.append(1)
            raise OperationalError("COMMIT", {}, OSError("gone"), connection_invalidated=True)

    with gathering(database):
        waiting = [street.submit(street.till_id, asked(n, one)) for n, one in enumerate(digits)]
    with gathering(database):
        posts = [
            street.database.writer.submit(
                street.bank_id,
                OPERATOR,
                Post(
                    Draft(
                        Kind.GIFT,
                        f"unheard/{one}",
                        clock.now(),
                        (moved(chart.member(one), chart.member(people[0]), 1),),
                    )
                ),
            )
            for one in people[1:]
        ]
        monkeypatch.setattr(writer._Line, "begin", begin)
    assert [3] * 4 == [one.result(30).points for one in waiting]
    assert [True] * 3 == [one.result(30).replayed for one in posts]
    assert [1] == unheard
    unheard.clear()
    monkeypatch.undo()
    digits = [street.code(one) for one in people]
    with gathering(database):
        waiting = [street.submit(street.till_id, asked(n, one)) for n, one in enumerate(digits, 9)]
        monkeypatch.setattr(writer._Line, "begin", begin)
    assert 4 == len({one.result(30).transfer_id for one in waiting})
    assert [1] == unheard
    assert (24, [100 - 6 + 3, 93, 93, 93]) == (
        street.taken(),
        [street.holding(one)[0] for one in people],
    )
    assert [] == street.faults()


@SQLITE
def test_a_set_beside_a_unit_that_fills_the_disk_is_stored(
    database: Database, clock: ManualClock
) -> None:
    """SQLite ends the whole batch by itself; the set is done again, and the full one says so."""
    street = Street(database, clock)
    digits = [street.code(street.member()) for _ in range(4)]

    def narrow(unit: Unit) -> None:
        pages = unit.row(text("PRAGMA page_count"))
        assert pages is not None
        unit.run(text(f"PRAGMA max_page_count={pages[0] + 20}"))

    def fill(unit: Unit) -> None:
        counters.lock(unit, [counters.for_ever("x" * 40, f"{n:090d}") for n in range(5000)])

    street.do(narrow)
    with gathering(database):
        full = street.submit(street.till_id, fill)
        waiting = [street.submit(street.till_id, asked(n, one)) for n, one in enumerate(digits)]
        full_again = street.submit(street.till_id, fill)
    assert [3] * 4 == [one.result(30).points for one in waiting]
    assert [DatabaseUnavailable] * 2 == [type(one.exception()) for one in (full, full_again)]
    assert (12, []) == (street.taken(), street.faults())


@pytest.fixture
def _no_watch_over_rollbacks(watch: Watch) -> Any:
    """A connection that is gone rolls nothing back, so the watch would wait for it."""
    event.remove(Engine, "rollback", watch._forget)
    yield
    event.listen(Engine, "rollback", watch._forget)


def test_a_writer_that_is_closed_finishes_the_sets_that_wait(
    database: Database, clock: ManualClock
) -> None:
    """More than one set: each ask is paid and answered; whoever comes later is sent away."""
    street = Street(database, clock, step())
    people = [street.member() for _ in range(5)]
    good = [street.code(one) for one in people]
    closing = threading.Thread(target=database.writer.close)
    with gathering(database):
        waiting = [street.submit(street.till_id, asked(n, one)) for n, one in enumerate(good)]
        waiting += [street.submit(street.till_id, asked(n, WRONG)) for n in range(100, 230)]
        closing.start()
        while not database.writer._waiting._closed:
            closing.join(0.01)
        with pytest.raises(DatabaseUnavailable):
            street.submit(street.till_id, asked(999, good[0]))
    closing.join(30)
    assert not closing.is_alive()
    assert all(one.done() for one in waiting)
    assert [3] * 5 == [one.result().points for one in waiting[:5]]
    assert 15 == street.taken()


def plain(found: Sequence[Future[Any]]) -> list[Any]:
    """What asks came to: receipts, and refusals with their figures."""
    return [
        one.result() if error is None else (type(error), vars(error))
        for one in found
        for error in (one.exception(),)
    ]


def test_first_answers_are_given_again_after_a_restart(
    database_url: str, clock: ManualClock
) -> None:
    """Receipts and refusals that a set has kept are read back the same, in a set and alone."""
    with Database(database_url, clock=clock) as database:
        street = Street(database, clock)
        digits = [street.code(street.member(points)) for points in (100, 5, 2, 0)]
        asks = [
            (street.till_id, asked(n, one)) for n, one in enumerate([*digits, WRONG, digits[0]])
        ]
        asks.append((street.till_id, asked(20, street.code(street.member()), points=50)))
        first = plain(together(street, asks))
        assert 4 == sum(isinstance(one, Receipt) for one in first)
        assert 8 == street.taken()
    with Database(database_url, clock=clock) as street.database:
        assert first == plain(one_by_one(street, asks))
        assert first == plain(together(street, asks))
        assert first == plain(together(street, list(reversed(asks))))[::-1]
        assert 8 == street.taken()


AWKWARD = [
    'it\'s "so" \\ said',
    "a\tb\nc\r\x01\x7f",
    "信义贝 🪙 \u2028 \ufeff",
    "null",
    "{}",
    "%s %(a)s :b",
]


def test_awkward_values_are_kept_by_many_as_by_one(database: Database, clock: ManualClock) -> None:
    """Quotes, controls, emoji, the largest number, None, and JSON that looks like rows."""
    street = Street(database, clock)
    figures: list[Any] = [
        *([{"n": 2**63 - 1, "none": None, "text": one}] for one in AWKWARD),
        [[{"a": 1}, {"a": 2}]],
        {"zh": "🪙", "of": [None, True, -(2**63)]},
        [None],
        None,
    ]
    names = [*AWKWARD, "ordinary", "plain", "one", "two"]

    def rows(caller: str) -> list[dict[str, Any]]:
        return [
            {
                "bank_id": street.bank_id,
                "caller": caller,
                "operation": "awkward.do",
                "key": name,
                "content_hash": "",
                "outcome": "ok",
                "answer": None,
                "recorded_at": clock.now(),
            }
            for name in names
        ]

    def write(unit: Unit) -> None:
        changes = [
            {name: row[name] for name in ("bank_id", "caller", "operation", "key")}
            | {"outcome": row["key"], "answer": answer}
            for row, answer in zip(rows("many"), figures, strict=True)
        ]
        assert set(names) == insert_new(unit, keys, rows("many"), telling=("key",))
        assert set() == insert_new(unit, keys, rows("many"), telling=("key",))
        update_all(unit, keys, changes)
        for row, change in zip(rows("alone"), changes, strict=True):
            assert {row["key"]} == insert_new(unit, keys, [row], telling=("key",))
            update_all(unit, keys, [change | {"caller": "alone"}])

    street.do(write)
    kept: dict[str, list[Any]] = {"many": [], "alone": []}
    for row in street.see(
        lambda view: view.rows(
            select(keys.c.caller, keys.c.key, keys.c.outcome, keys.c.answer, keys.c.recorded_at)
            .where(keys.c.bank_id == view.bank_id, keys.c.operation == "awkward.do")
            .order_by(keys.c.key)
        )
    ):
        kept[row.caller].append(row)
    assert {name: (name, answer) for name, answer in zip(names, figures, strict=True)} == {
        row.key: (row.outcome, row.answer) for row in kept["many"]
    }
    assert [tuple(row[1:]) for row in kept["alone"]] == [tuple(row[1:]) for row in kept["many"]]


def test_two_sets_that_make_the_same_counters_agree_when_one_rolls_back(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shop's points of the day are given out exactly, by two writers and through a fault."""
    street = Street(database, clock, step(most_per_merchant_day=30))
    monkeypatch.setattr(database.writer._waiting, "_sets_at_once", 2)
    digits = [street.code(street.member()) for _ in range(30)]
    whole = sales._move
    broken: list[int] = []

    def move(paying: Any, locked: Any) -> None:
        whole(paying, locked)
        if len(paying) > 1 and not broken:
            broken.append(len(paying))
            raise ZeroDivisionError

    monkeypatch.setattr(sales, "_move", move)
    with gathering(database):
        waiting = [street.submit(street.till_id, asked(n, one)) for n, one in enumerate(digits)]
    found = [told(one) for one in waiting]
    assert 1 == len(broken)
    assert 10 == sum(one[:2] == ("paid", 3) for one in found)
    assert 30 == street.taken()
    used = street.see(
        lambda view: view.rows(
            select(counters.counters.c.used).where(
                counters.counters.c.bank_id == view.bank_id,
                counters.counters.c.what == "offer-day",
            )
        )
    )
    assert [30] == [row.used for row in used]
    assert [] == street.faults()
