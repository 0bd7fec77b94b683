"""Lists of newcomers taken in by sets: as if one by one, each once, and who cannot be is told."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from api.edge.callers import Principal
from api.edge.wiring import Caller
from api.papers import arriving, member_files
from api.papers.member_files import Checked, Ground
from api.papers.spreadsheets import Row, Sheet
from api.scheduler import WORKS, run_due
from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.pace import Pace
from creditbank.core.units import Actor, Unit, View
from creditbank.identity import arrival_parts, arrival_slices, arrivals, openings
from creditbank.identity.arrival_states import ArrivalState
from creditbank.identity.arrivals import Newcomer
from creditbank.identity.roles import Grant, Role
from creditbank.leaving import closings
from creditbank.ledger import chart, statements
from creditbank.people import consents, members, persons, trail
from creditbank.schemes import scheme
from tests.society import ORGANISER, Society

ARRIVE = [one for one in WORKS if one.kind == arrival_slices.KIND]
SECOND = Actor("stf_second", "reviewer")


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def people(society: Society, count: int) -> list[Newcomer]:
    """So many people with all that a line can say."""
    return [
        Newcomer(
            n + 2,
            f"人{n}",
            society.community_id,
            number=f"OLD-{n:04d}" if n % 3 == 0 else None,
            phone=f"1380000{n:04d}",
            document=f"1101051949{n:08d}" if n % 2 else None,
            born_on=date(1950, 1, 1),
            address="桥西一号",
            purposes=(consents.SERVICE,),
            openings=(("XYB", n + 1),),
        )
        for n in range(count)
    ]


def begun(society: Society, who: list[Newcomer]) -> str:
    """A list of these people that the job is to write."""
    digest, key = society.name().ljust(64, "0")[:64], society.name()

    def uploaded(unit: Unit) -> str:
        made = str(arrivals.announce(unit, digest=digest, written_as="XLSX", key=key))
        arrival_parts.store(unit, arrival_id=made, first=0, newcomers=who)
        arrivals.make_ready(
            unit,
            arrival_id=made,
            rows=len(who),
            community_ids=[society.community_id],
            totals={"XYB": sum(units for one in who for _, units in one.openings)},
        )
        arrivals.begin(unit, arrival_id=made, key=f"begin-{made}")
        return made

    return str(society.by(ORGANISER, uploaded))


def run(society: Society) -> None:
    """What the scheduler does."""
    run_due(society.database, "worker", ARRIVE)


def see(society: Society, arrival_id: str) -> arrivals.Arrival:
    """How far a list is."""
    return society.see(lambda view: arrivals.find(view, arrival_id))


def refused(society: Society, arrival_id: str) -> list[tuple[int, str]]:
    """The lines that could not be written."""
    return society.see(lambda view: arrivals.refused_lines(view, arrival_id))


def named(society: Society, name: str) -> str:
    """The member of a name."""
    [member_id] = society.see(lambda view: persons.looked_up(view, persons.NAME, name))
    return member_id


def test_everything_of_a_line_is_written(society: Society) -> None:
    """Names, phones, documents, numbers, consents and deeds of a set are those of one by one."""
    made = begun(society, people(society, 30))
    run(society)
    one = see(society, made)
    assert (30, 0, ArrivalState.AWAITING) == (one.rows_done, one.rows_refused, one.state)

    def look(view: View) -> None:
        for n in (0, 1, 29):
            member_id = named(society, f"人{n}")
            person, member = persons.find(view, member_id), members.find(view, member_id)
            assert f"1380000{n:04d}" == person.phone
            assert (date(1950, 1, 1), "桥西一号") == (person.born_on, person.address)
            assert (person.document is None) == (n % 2 == 0)
            assert consents.in_force(view, member_id, consents.SERVICE)
            assert member.number.startswith("OLD-" if n % 3 == 0 else "M")
            deeds = trail.listing(view, subject_id=member_id).deeds
            assert {"member.taken-in", "consent.given"} == {one.what for one in deeds}
        of = members.members.c
        count = select(func.count(func.distinct(of.number))).where(
            of.bank_id == view.bank_id, of.joined_on == view.today
        )
        assert 30 <= view.connection.execute(count).scalar_one()

    society.see(look)


def test_a_line_that_cannot_be_written_is_found(
    society: Society, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One child among thirty is told with its line; all others come in, and nothing twice."""
    monkeypatch.setattr(arrival_slices, "PACE", Pace(30, most=30))
    who = people(society, 30)
    who[17] = replace(who[17], born_on=society.see(lambda view: view.today - timedelta(days=400)))
    who[4] = replace(who[4], number="OLD-0000")  # that of the first line
    made = begun(society, who)
    run(society)
    assert [(6, "number-taken"), (19, "guardian-needed")] == refused(society, made)
    one = see(society, made)
    assert (30, 2) == (one.rows_done, one.rows_refused)


def test_welcomes_of_a_set_are_given_once_a_person(society: Society) -> None:
    """Each newcomer gets the welcome, but not a second row of somebody who had it before."""
    society.by(
        ORGANISER,
        lambda unit: scheme.adopt(
            unit,
            parameters={"assets": [{"asset": "XYB", "welcome": 7, "reward_most": 50}]},
            effective_from=unit.today + timedelta(days=1),
            key="welcome-scheme-01",
        ),
    )
    society.clock.advance(days=1)
    first = people(society, 4)
    begun(society, first)
    run(society)
    again = replace(first[1], line=9, name="又来", phone="13911110001", number=None)
    begun(society, [again])
    run(society)

    def has(name: str) -> int:
        address = chart.member(named(society, name))
        return sum(one.available for one in society.see(lambda v: statements.balances(v, address)))

    assert [7, 7, 7, 7, 0] == [has(name) for name in ("人0", "人1", "人2", "人3", "又来")]


def test_points_are_posted_once_in_sets(society: Society, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of any size post every opening once; a lost slice is done again."""
    monkeypatch.setattr(openings, "PACE", Pace(4, most=4))
    made = begun(society, people(society, 10))
    run(society)
    confirm = lambda unit: openings.confirm(  # noqa: E731 - one word for one deed
        unit, arrival_id=made, totals={"XYB": 55}, key="confirm-the-totals"
    )
    society.by(SECOND, confirm)
    worker = Actor(f"job/{arrival_slices.KIND}", "job")

    def lost(unit: Unit) -> None:
        lease = jobs.take(unit, kind=arrival_slices.KIND, owner="first")
        assert lease is not None
        arrival_slices.run_slice(unit, lease)
        raise RuntimeError("the machine stopped")

    failed = society.database.writer.submit(society.bank_id, worker, lost)
    assert isinstance(failed.exception(), RuntimeError)
    run(society)
    run(society)

    def total(view: View) -> int:
        return sum(
            each.available
            for n in range(10)
            for each in statements.balances(view, chart.member(named(society, f"人{n}")))
        )

    assert (55, ArrivalState.WRITTEN) == (society.see(total), see(society, made).state)


def test_points_follow_who_was_merged_twice(society: Society) -> None:
    """They go to the row at the end, however many rows were merged into the next."""
    made = begun(society, people(society, 3))
    run(society)
    ids = [named(society, f"人{n}") for n in range(3)]
    for old, kept in pairwise(ids):

        def merge(unit: Unit, old: str = old, kept: str = kept) -> None:
            closings.lock(unit, old, kept)
            closings.close(unit, old, kept_id=kept)

        society.by(ORGANISER, merge)
    confirm = partial(openings.confirm, arrival_id=made, totals={"XYB": 6}, key=society.name())
    society.by(SECOND, confirm)
    run(society)
    assert [(0, 0, 0), (0, 0, 0), (6, 0, 0)] == [society.holding(one) for one in ids]


def test_a_list_is_read_as_it_is_asked_for() -> None:
    """No row is pulled from a file before the ones ahead of it were taken."""
    pulled = 0

    def rows() -> Iterator[Row]:
        nonlocal pulled
        yield Row(1, ("姓名", "社区"))
        for n in range(2, 10_000):
            pulled += 1
            yield Row(n, ("张三", "桥西"))

    made = Checked()
    ground = Ground({"桥西": "com_1"}, (), date(2026, 11, 23))
    reading = member_files.read(Sheet("CSV", rows()), ground, made)
    for n in range(1, arriving.STORED_AT_ONCE):
        next(reading)
        assert (n, n) == (pulled, made.rows)


class Slow(io.BytesIO):
    """A file that is read four times; something happens as the last reading begins."""

    def __init__(self, content: bytes, meanwhile: Callable[[], None]) -> None:
        super().__init__(content)
        self._left, self._meanwhile = 4, meanwhile

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go back to the beginning."""
        self._left -= 1
        if self._left == 0:
            self._meanwhile()
        return super().seek(offset, whence)


def test_an_upload_sent_twice_takes_nothing_from_the_list(society: Society) -> None:
    """The first sending finds a fault after the second was stored as a whole: that one counts."""
    who = Principal(ORGANISER.id, (Grant(Role.ORGANISER),), "tok_1")
    caller = Caller(society.database, society.bank_id, who)
    many, key = arriving.STORED_AT_ONCE + 30, society.name()
    rows = [f"人{n},红枫社区,{'' if n < many - 9 else f'1380000{n:04d}'}" for n in range(many)]
    content = "\n".join(["姓名,社区,手机号", *rows]).encode()

    def meanwhile() -> None:
        arriving._take_in(caller, io.BytesIO(content), key)
        taken = society.member()
        phone = f"1380000{many - 1:04d}"
        society.by(ORGANISER, lambda unit: persons.change(unit, holder_id=taken, phone=phone))

    made = arriving._take_in(caller, Slow(content, meanwhile), key)
    assert (ArrivalState.CHECKED, many) == ((one := see(society, made)).state, one.rows)
    society.by(ORGANISER, lambda unit: arrivals.begin(unit, arrival_id=made, key=society.name()))
    run(society)
    one = see(society, made)
    assert (many, 1, ArrivalState.WRITTEN) == (one.rows_done, one.rows_refused, one.state)
