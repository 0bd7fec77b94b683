"""The rota: which partner organisation is on duty in a week, in a community or the whole bank.

A week begins on a Monday and has one organisation at most. Whoever changes the rota holds its
counter, so that no week is given twice; a week that nobody would take is named, unless it was said
that there may be one. Where a community's own rota does not reach, the bank's holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Index, func, insert, select, update
from sqlmodel import Field

from creditbank.core import counters
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.lists import organisations
from creditbank.lists.entry_errors import OrganisationOnDuty, WeekFree, WeekGap, WeekTaken
from creditbank.lists.organisations import OrganisationState
from creditbank.people import communities, trail
from creditbank.tasks.repeats import require_monday

WEEKS_MOST = 106
WHOLE_BANK = "bank"

_WEEK = timedelta(days=7)
_CHANGES = counters.for_ever("rota")


class DutyWeekRow(OfBank, table=True):
    """One week of the rota; ``scope`` is a community's id, or "bank"."""

    __tablename__ = "duty_week"
    __table_args__ = (
        within_bank(["organisation_id"], "organisation", ["organisation_id"]),
        Index("ix_duty_week_organisation", "bank_id", "organisation_id", "week_on"),
    )

    scope: str = Field(primary_key=True, max_length=40)
    week_on: date = Field(primary_key=True)
    organisation_id: str = Field(max_length=40)
    given_at: datetime = Field(sa_type=UtcDateTime)
    given_by: str = Field(max_length=64)


weeks_of = table(DutyWeekRow)


@dataclass(frozen=True, slots=True)
class Duty:
    """A week and who is on duty in it, None if nobody is."""

    week_on: date
    organisation_id: str | None


@dataclass(frozen=True, slots=True)
class Given:
    """What writing the rota answers: from which week to which, and how many."""

    first_week: date
    last_week: date
    weeks: int


@keyed
def generate(
    unit: Unit,
    *,
    first_week: date,
    weeks: int,
    key: str,  # noqa: ARG001 - the key is @keyed's
    community_id: str | None = None,
    organisation_ids: Sequence[str] = (),
    leave_gap: bool = False,
) -> Given:
    """Give weeks in turn to organisations: those named, in their order, else all that are active.

    It goes on after whoever has the last week before.

    Raises:
        BadField: no Monday, too many weeks, an organisation named twice, or there is none.
        CommunityNotFound, OrganisationNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold there.
        OrganisationRetired: one that is named takes no more turns.
        WeekTaken: one of the weeks is given already.
        WeekGap: weeks between would stay free, and ``leave_gap`` does not allow it.
    """
    scope = _scope(unit, community_id)
    require_monday("first_week", first_week)
    if not 1 <= weeks <= WEEKS_MOST:
        raise BadField("weeks", f"1–{WEEKS_MOST}")
    counters.lock(unit, [_CHANGES])
    ring = _ring(unit, organisation_ids)
    wanted = [first_week + number * _WEEK for number in range(weeks)]
    given = _given(unit, scope, wanted[0], wanted[-1])
    if given:
        raise WeekTaken(min(given).isoformat())
    before = _nearest(unit, scope, first_week, earlier=True)
    if not leave_gap:
        _require_joined(before, _nearest(unit, scope, first_week, earlier=False), wanted)
    begin = 0
    if before is not None and before.organisation_id in ring:
        begin = ring.index(before.organisation_id) + 1
    unit.run(
        insert(weeks_of),
        [
            _row(unit, scope, week_on, ring[(begin + number) % len(ring)])
            for number, week_on in enumerate(wanted)
        ],
    )
    trail.record(unit, "rota.generated", scope, after={"from": first_week, "weeks": weeks})
    return Given(wanted[0], wanted[-1], weeks)


def _scope(unit: Unit, community_id: str | None) -> str:
    """Return where a rota is, having seen that the actor's role holds there."""
    if community_id is not None:
        community_id = communities.find(unit, community_id).community_id
    communities.require_within(unit.actor, community_id)
    return community_id or WHOLE_BANK


def _ring(view: View, organisation_ids: Sequence[str]) -> list[str]:
    """Return who takes turns, in order.

    Raises:
        BadField: one is named twice, or there is nobody.
        OrganisationNotFound: this bank has none of this id.
        OrganisationRetired: one takes no more turns.
    """
    if len(set(organisation_ids)) < len(organisation_ids):
        raise BadField("organisation_ids", "each once / 不能重复")
    for one in organisation_ids:
        organisations.require_active(view, one)
    if organisation_ids:
        return list(organisation_ids)
    known = organisations.every(view)
    ring = [one.organisation_id for one in known if one.state is OrganisationState.ACTIVE]
    if not ring:
        raise BadField("organisation_ids", "there is none yet / 还没有共建单位")
    return ring


def _require_joined(before: Duty | None, later: Duty | None, wanted: Sequence[date]) -> None:
    if before is not None and before.week_on + _WEEK < wanted[0]:
        raise WeekGap((before.week_on + _WEEK).isoformat())
    if later is not None and wanted[-1] + _WEEK < later.week_on:
        raise WeekGap((wanted[-1] + _WEEK).isoformat())


def _row(unit: Unit, scope: str, week_on: date, organisation_id: str) -> dict[str, Any]:
    return {
        "bank_id": unit.bank_id,
        "scope": scope,
        "week_on": week_on,
        "organisation_id": organisation_id,
        "given_at": unit.now,
        "given_by": unit.actor.id,
    }


@keyed
def swap(
    unit: Unit,
    *,
    week_on: date,
    other_week_on: date,
    key: str,  # noqa: ARG001 - the key is @keyed's
    community_id: str | None = None,
) -> Given:
    """Let the organisations of two weeks change places.

    Raises:
        BadField: a day is no Monday, a week is over, or it is one week.
        CommunityNotFound: this bank has no such community.
        OtherCommunity: the actor's role does not hold there.
        WeekFree: the rota does not reach one of them.
    """
    scope = _scope(unit, community_id)
    first, last = sorted((week_on, other_week_on))
    for name, day in (("week_on", week_on), ("other_week_on", other_week_on)):
        _require_to_come(unit, name, day)
    if first == last:
        raise BadField("other_week_on", "another week / 须为另一周")
    counters.lock(unit, [_CHANGES])
    given = _given(unit, scope, first, last)
    for day in (first, last):
        if day not in given:
            raise WeekFree(day.isoformat())
    _give(unit, scope, first, given[last])
    _give(unit, scope, last, given[first])
    trail.record(unit, "rota.swapped", scope, after={"weeks": [first, last]})
    return Given(first, last, 2)


@keyed
def assign(
    unit: Unit,
    *,
    week_on: date,
    organisation_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    community_id: str | None = None,
) -> Given:
    """Give a week of the rota to another organisation.

    Raises:
        BadField: the day is no Monday, or the week is over.
        CommunityNotFound, OrganisationNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold there.
        OrganisationRetired: it takes no more turns.
        WeekFree: the rota does not reach the week.
    """
    scope = _scope(unit, community_id)
    _require_to_come(unit, "week_on", week_on)
    counters.lock(unit, [_CHANGES])
    organisations.require_active(unit, organisation_id)
    if not _given(unit, scope, week_on, week_on):
        raise WeekFree(week_on.isoformat())
    _give(unit, scope, week_on, organisation_id)
    trail.record(unit, "rota.assigned", scope, after={"week": week_on, "to": organisation_id})
    return Given(week_on, week_on, 1)


@keyed
def retire(unit: Unit, *, organisation_id: str, key: str) -> OrganisationState:  # noqa: ARG001
    """Let an organisation that has no more weeks to come take no more turns.

    Raises:
        OrganisationNotFound: this bank has none of this id.
        StateConflict: it has retired already.
        OrganisationOnDuty: weeks to come are its own still.
    """
    counters.lock(unit, [_CHANGES])
    of = weeks_of.c
    row = unit.row(
        select(func.count().label("weeks"), func.min(of.week_on).label("first")).where(
            of.bank_id == unit.bank_id,
            of.organisation_id == organisation_id,
            of.week_on >= monday_of(unit.today),
        )
    )
    if row is not None and row.weeks:
        raise OrganisationOnDuty(organisation_id, row.weeks, row.first.isoformat())
    return organisations.move(unit, organisation_id, "retire")


def _require_to_come(unit: Unit, name: str, day: date) -> None:
    require_monday(name, day)
    if day < monday_of(unit.today):
        raise BadField(name, "the week is over / 该周已过")


def _give(unit: Unit, scope: str, week_on: date, organisation_id: str) -> None:
    of = weeks_of.c
    unit.run(
        update(weeks_of)
        .where(of.bank_id == unit.bank_id, of.scope == scope, of.week_on == week_on)
        .values(organisation_id=organisation_id, given_at=unit.now, given_by=unit.actor.id)
    )


def monday_of(day: date) -> date:
    """Return the day on which a day's week begins."""
    return day - timedelta(days=day.weekday())


def _given(view: View, scope: str, first: date, last: date) -> dict[date, str]:
    of = weeks_of.c
    rows = view.rows(
        select(of.week_on, of.organisation_id).where(
            of.bank_id == view.bank_id, of.scope == scope, of.week_on.between(first, last)
        )
    )
    return {row.week_on: row.organisation_id for row in rows}


def _nearest(view: View, scope: str, week_on: date, *, earlier: bool) -> Duty | None:
    """Return the last week given before another one, or the first after it."""
    of = weeks_of.c
    side = of.week_on < week_on if earlier else of.week_on > week_on
    row = view.row(
        select(of.week_on, of.organisation_id)
        .where(of.bank_id == view.bank_id, of.scope == scope, side)
        .order_by(of.week_on.desc() if earlier else of.week_on)
        .limit(1)
    )
    return None if row is None else Duty(row.week_on, row.organisation_id)


def listing(view: View, *, first_week: date, weeks: int, community_id: str | None) -> list[Duty]:
    """Return weeks with who is on duty, None where nobody is.

    Raises:
        BadField: no Monday, or too many weeks.
    """
    require_monday("first_week", first_week)
    if not 1 <= weeks <= WEEKS_MOST:
        raise BadField("weeks", f"1–{WEEKS_MOST}")
    asked = [first_week + number * _WEEK for number in range(weeks)]
    given = _given(view, community_id or WHOLE_BANK, asked[0], asked[-1])
    return [Duty(one, given.get(one)) for one in asked]


def on_duty(view: View, community_id: str | None, day: date) -> Duty:
    """Return who is on duty on a day: by the community's rota, or else by the bank's."""
    week_on = monday_of(day)
    found = None
    for scope in [community_id, WHOLE_BANK] if community_id else [WHOLE_BANK]:
        found = found or _given(view, scope, week_on, week_on).get(week_on)
    return Duty(week_on, found)
