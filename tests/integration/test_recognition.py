"""Ranking: ties, tiers, the frozen list that never changes, and a year that closes in slices."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.units import Actor, Unit
from creditbank.core.values import Amount
from creditbank.ledger import chart, issues
from creditbank.ledger.chart import Kind
from creditbank.people.members import members
from creditbank.recognition import closing, periods, ranking, standings
from creditbank.recognition.closing import GraceNotOver
from creditbank.recognition.periods import PeriodNotFound, PeriodState
from creditbank.recognition.ranking import Place, RankingNotFound
from creditbank.schemes import parameters, scheme
from creditbank.schemes.parameters import Scheme
from tests.books import POINTS, SHOP, STARS, made_up, moved
from tests.society import ORGANISER, Society

WORKER = Actor("job_close_year", "job")
AFTER_GRACE = datetime.fromisoformat("2027-01-16T00:00:00+08:00")
GOLD, SILVER, BRONZE = "gold", "silver", "bronze"


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _adopt(society: Society, **parameters: Any) -> None:
    key = society.name()
    society.by(
        ORGANISER,
        lambda u: scheme.adopt(u, parameters=parameters, effective_from=u.today, key=key),
    )


def _medals(by: str, *values: int) -> list[dict[str, object]]:
    tiers = (GOLD, SILVER, BRONZE)
    return [
        {"tier": tier, "by": by, "value": value} for tier, value in zip(tiers, values, strict=False)
    ]


def _earn(society: Society, units: Iterable[int], asset: str = POINTS) -> list[str]:
    """Let members earn so many units each, this year, and return their ids."""
    wanted = list(units)
    people = [made_up("mem", 100 + n) for n in range(len(wanted))]

    def issue(unit: Unit) -> None:
        known = {
            row.member_id
            for row in unit.rows(
                select(members.c.member_id).where(
                    members.c.bank_id == unit.bank_id, members.c.member_id.in_(people)
                )
            )
        }
        rows = [
            {
                "bank_id": unit.bank_id,
                "member_id": one,
                "number": one[-6:],
                "community_id": society.community_id,
                "status": "active",
                "joined_on": unit.today,
                "merged_into": None,
            }
            for one in people
            if one not in known
        ]
        if rows:
            unit.run(insert(members), rows)
        period_id = periods.for_service(unit, unit.now)
        moves = [(one, asset, count) for one, count in zip(people, wanted, strict=True) if count]
        standings.add(unit, period_id, moves)
        issues.issue(
            unit,
            earned=[issues.Earned(one, Amount(count, asset)) for one, _, count in moves],
            key=society.key(),
            occurred_at=unit.now,
            refers_to="test",
            period_id=period_id,
        )

    society.by(ORGANISER, issue)
    return people


def _close(society: Society, name: str = "2026") -> int:
    """Close a year and return in how many slices."""
    lease = society.by(
        WORKER, lambda u: jobs.take(u, kind=closing.KIND, period=name, owner="worker")
    )
    assert lease is not None
    slices = 1
    while not society.by(WORKER, lambda u: closing.run_slice(u, lease)):
        slices += 1
    return slices


def _period_id(society: Society, name: str = "2026") -> str:
    return society.see(lambda v: periods.by_name(v, name)).period_id


def _rows(society: Society, asset: str = POINTS) -> list[Place]:
    period_id = _period_id(society)
    return society.see(lambda v: ranking.rows(v, period_id, asset, limit=500))


def _said(rows: Iterable[Place]) -> list[tuple[int, int, int, str | None, bool]]:
    return [(row.place, row.rank, row.units, row.tier, row.at_edge) for row in rows]


@pytest.mark.parametrize(
    ("medals", "units", "expected"),
    [
        (
            _medals("count", 1, 1, 1),
            (50, 40, 30, 20),
            [
                (1, 1, 50, GOLD, False),
                (2, 2, 40, SILVER, False),
                (3, 3, 30, BRONZE, False),
                (4, 4, 20, None, False),
            ],
        ),
        (
            _medals("count", 1, 1, 1),
            (50, 50, 30, 20),
            [
                (1, 1, 50, GOLD, True),
                (2, 1, 50, GOLD, True),
                (3, 3, 30, BRONZE, False),
                (4, 4, 20, None, False),
            ],
        ),
        (
            _medals("count", 2, 1),
            (50, 40, 40, 40, 30),
            [
                (1, 1, 50, GOLD, False),
                (2, 2, 40, GOLD, True),
                (3, 2, 40, GOLD, True),
                (4, 2, 40, GOLD, True),
                (5, 5, 30, None, False),
            ],
        ),
        (
            _medals("count", 2, 1),
            (50, 50, 40, 40),
            [
                (1, 1, 50, GOLD, False),
                (2, 1, 50, GOLD, False),
                (3, 3, 40, SILVER, True),
                (4, 3, 40, SILVER, True),
            ],
        ),
        (
            _medals("share_percent", 10, 20),
            (9, 8, 7, 6, 5),
            [
                (1, 1, 9, GOLD, False),
                (2, 2, 8, SILVER, False),
                (3, 3, 7, None, False),
                (4, 4, 6, None, False),
                (5, 5, 5, None, False),
            ],
        ),
        (
            _medals("threshold", 50, 30, 20),
            (60, 50, 49, 30, 19),
            [
                (1, 1, 60, GOLD, False),
                (2, 2, 50, GOLD, False),
                (3, 3, 49, SILVER, False),
                (4, 4, 30, SILVER, False),
                (5, 5, 19, None, False),
            ],
        ),
        (_medals("count", 3, 3, 3), (7, 0), [(1, 1, 7, GOLD, False)]),
        ([], (7, 7), [(1, 1, 7, None, False), (2, 1, 7, None, False)]),
    ],
)
def test_ranks_and_tiers(
    society: Society,
    medals: list[dict[str, object]],
    units: tuple[int, ...],
    expected: list[tuple[int, int, int, str | None, bool]],
) -> None:
    """Ties share the best rank; a tie at the edge of a tier is in the better one and says so."""
    _adopt(society, medals=medals)
    _earn(society, units)
    society.clock.set(AFTER_GRACE)
    _close(society)
    assert expected == _said(_rows(society))
    assert [] == society.findings()


def test_only_what_was_earned_counts(society: Society) -> None:
    """Gifts, spending, welcome credits and opening balances neither add nor subtract."""
    first, second = _earn(society, (10, 8))
    society.earn(second, 100)
    society.post(moved(chart.ISSUANCE, chart.member(second), 50), kind=Kind.OPENING)
    society.post(moved(chart.member(second), chart.member(first), 20))
    society.post(moved(chart.member(first), SHOP, 9), kind=Kind.REDEEM)
    society.clock.set(AFTER_GRACE)
    _close(society)
    assert [(first, 10), (second, 8)] == [(one.member_id, one.units) for one in _rows(society)]


def test_every_earned_asset_is_ranked_unless_the_scheme_names_some(society: Society) -> None:
    """Each list has its own places and hash; a named asset is ranked even if nobody earned it."""
    _earn(society, (3, 2, 1))
    _earn(society, (1, 5), STARS)
    society.clock.set(AFTER_GRACE)
    _close(society)
    assert [5, 1] == [one.units for one in _rows(society, STARS)]
    period_id = _period_id(society)
    heads = society.see(lambda v: ranking.frozen(v, period_id))
    assert [(STARS, 2), (POINTS, 3)] == [(one.asset, one.members) for one in heads]
    assert 2 == len({one.hash for one in heads})

    _adopt(society, ranked_assets=[STARS])
    _earn(society, (1,))
    society.clock.set(datetime.fromisoformat("2028-01-16T00:00:00+08:00"))
    _close(society, "2027")
    next_id = _period_id(society, "2027")
    later = society.see(lambda v: ranking.frozen(v, next_id))
    assert [(STARS, 0)] == [(one.asset, one.members) for one in later]


def test_a_list_of_many_slices_is_whole(society: Society, monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions of any size give the same rows and the same hash, ties across their borders too."""
    monkeypatch.setattr(closing, "ROWS_PER_SLICE", 7)
    _earn(society, [n // 3 + 1 for n in range(50)])
    society.clock.set(AFTER_GRACE)
    assert 10 == _close(society)
    rows = _rows(society)
    assert list(range(1, 51)) == [one.place for one in rows]
    assert sorted((one.units for one in rows), reverse=True) == [one.units for one in rows]
    assert all(one.rank == 1 + sum(other.units > one.units for other in rows) for one in rows)
    period_id = _period_id(society)
    preview = society.see(lambda v: ranking.top(v, period_id, POINTS, limit=50))
    assert [(one.place, one.rank, one.member_id) for one in preview] == [
        (one.place, one.rank, one.member_id) for one in rows
    ]
    head = society.see(lambda v: ranking.find(v, period_id, POINTS))
    assert head.hash == ranking.hash_after(ranking.hash_header("2026", POINTS), rows)
    assert [] == society.findings()


def test_a_frozen_list_never_changes(society: Society) -> None:
    """A second run does nothing, and what is posted later counts elsewhere."""
    _earn(society, (5, 4, 3))
    society.clock.set(AFTER_GRACE)
    _close(society)
    before, period_id = _rows(society), _period_id(society)
    head = society.see(lambda v: ranking.find(v, period_id, POINTS))
    assert (
        society.by(WORKER, lambda u: jobs.take(u, kind=closing.KIND, period="2026", owner="b"))
        is None
    )
    society.do(
        lambda u: u.run(
            update(jobs.jobs)
            .where(jobs.jobs.c.bank_id == u.bank_id)
            .values(state="free", cursor={})
        )
    )
    _close(society)
    _earn(society, (9, 9, 9))
    assert before == _rows(society)
    assert head == society.see(lambda v: ranking.find(v, period_id, POINTS))
    assert [] == society.see(closing.due)
    assert [] == society.findings()


def test_a_year_is_not_closed_before_its_grace_ends(society: Society) -> None:
    """Open, closing, frozen: the state follows the calendar, and closing too early is refused."""
    _earn(society, (5,))
    period_id = _period_id(society)
    seen = []
    for instant in ("2026-12-31T23:59:59+08:00", "2027-01-01T00:00:00+08:00"):
        society.clock.set(datetime.fromisoformat(instant))
        seen.append(society.see(lambda v: periods.find(v, period_id).state(v.today)))
    society.clock.set(datetime.fromisoformat("2027-01-15T23:59:59+08:00"))
    assert [] == society.see(closing.due)
    lease = society.by(WORKER, lambda u: jobs.take(u, kind=closing.KIND, period="2026", owner="a"))
    assert lease is not None
    with pytest.raises(GraceNotOver, match="2027-01-16"):
        society.by(WORKER, lambda u: closing.run_slice(u, lease))
    assert society.see(lambda v: periods.find(v, period_id)).sealed_at is None
    society.clock.set(AFTER_GRACE)
    assert ["2026"] == society.see(closing.due)
    _close_with(society, lease)
    seen.append(society.see(lambda v: periods.find(v, period_id).state(v.today)))
    assert [PeriodState.OPEN, PeriodState.CLOSING, PeriodState.FROZEN] == seen


def _close_with(society: Society, lease: jobs.Lease) -> None:
    while not society.by(WORKER, lambda u: closing.run_slice(u, lease)):
        pass


def test_all_missed_years_are_due_in_order(society: Society) -> None:
    """A machine that was off for years closes them one after the other, each once."""
    for _ in range(3):
        _earn(society, (2, 1))
        society.clock.advance(days=365)
    assert ["2026", "2027", "2028"] == society.see(closing.due)
    for name in ("2026", "2027", "2028"):
        assert name == society.see(closing.due)[0]
        _close(society, name)
    assert [] == society.see(closing.due)
    assert [] == society.findings()


def test_what_is_not_frozen_is_not_found(society: Society) -> None:
    """Rows and heads exist only once the period is frozen, and periods only in their bank."""
    _earn(society, (1,))
    period_id = _period_id(society)
    for look in (ranking.find, ranking.rows):
        with pytest.raises(RankingNotFound):
            society.see(partial(look, period_id=period_id, asset=POINTS))
    other = Society(society.database, society.clock, "other")
    with pytest.raises(PeriodNotFound):
        other.see(lambda v: periods.find(v, period_id))
    with pytest.raises(PeriodNotFound):
        other.see(lambda v: periods.by_name(v, "2026"))


@pytest.mark.parametrize(
    ("table", "values", "proof"),
    [
        (standings.standings, {"units": 6}, "standings are what the books say"),
        (standings.standings, {"units": 6}, "frozen rankings are complete"),
        (ranking.places, {"units": 6}, "frozen rankings are unchanged"),
        (ranking.places, {"tier": None}, "frozen rankings are unchanged"),
        (ranking.rankings, {"members": 7}, "frozen rankings are unchanged"),
    ],
)
def test_the_audit_sees_a_change(
    society: Society, table: Any, values: dict[str, object], proof: str
) -> None:
    """A standing or a frozen row that somebody changed by hand is found, by its proof."""
    _earn(society, (5, 4))
    society.clock.set(AFTER_GRACE)
    _close(society)
    assert [] == society.findings()
    society.do(lambda u: u.run(update(table).where(table.c.bank_id == u.bank_id).values(**values)))
    assert proof in "\n".join(society.findings())


def test_the_defaults_are_a_scheme(society: Society) -> None:
    """A bank that adopted nothing has the defaults."""
    assert Scheme() == society.see(scheme.current)
    assert (60, 30, 2, 180) == (
        Scheme().code_ttl_s,
        Scheme().code_period_s,
        Scheme().live_codes_most,
        Scheme().scan_ttl_s,
    )


def test_a_bad_parameter_is_not_adopted(society: Society) -> None:
    """The error names the parameter, and nothing is kept."""
    with pytest.raises(BadField, match="no_pin_points_most"):
        _adopt(society, no_pin_points_most=101)
    assert 0 == society.count(scheme.schemes)


def test_a_scheme_holds_from_its_day_on(society: Society) -> None:
    """A later version of the same day wins; a day that is past cannot be chosen."""
    today, keys = society.see(lambda v: v.today), [society.name() for _ in range(4)]
    tomorrow = today.replace(day=today.day + 1)

    def adopt(days: int, key: str, ttl: int) -> object:
        day = today.replace(day=today.day + days) if days >= 0 else today.replace(year=2025)
        return society.by(
            ORGANISER,
            lambda u: scheme.adopt(u, parameters={"code_ttl_s": ttl}, effective_from=day, key=key),
        )

    adopt(1, keys[0], 90)
    adopt(0, keys[1], 70)
    adopt(1, keys[2], 80)
    with pytest.raises(BadField, match="effective_from"):
        adopt(-1, keys[3], 50)
    assert (70, 80) == (
        society.see(scheme.current).code_ttl_s,
        society.see(lambda v: scheme.in_force(v, tomorrow)).code_ttl_s,
    )
    with pytest.raises(AssetNotFound):
        _adopt(society, ranked_assets=["NONE"])


def test_every_parameter_survives_its_storage(society: Society) -> None:
    """What is adopted comes back equal, medals, rounding and all."""
    wanted = {
        "validity_months": 24,
        "rounding": "minutes_exact",
        "ranked_assets": [POINTS, STARS],
        "medals": _medals("threshold", 100, 50, 10),
        "grace_days": 20,
    }
    _adopt(society, **wanted)
    assert parameters.read(wanted) == society.see(scheme.current)
