"""Visits: what a pair is for; each is a light task, published and claimed in one call.

The visitors sign in and out themselves, and somebody else reviews, as with any task. The place
only says that it is at home: where that is, the pair tells its visitors. In a month a pair visits
so often as the scheme says, a part of it in the month in which it began; of one day, one counts.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from creditbank.core.clock import day_of, start_of_day
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.units import Unit, View
from creditbank.people import communities, members, trail
from creditbank.schemes import scheme
from creditbank.tasks import claiming, claims, pairs, publishing, tasks
from creditbank.tasks.audiences import Comers
from creditbank.tasks.pair_errors import PairNotFound
from creditbank.tasks.pairs import Pair
from creditbank.tasks.publishing import New
from creditbank.tasks.states import ClaimState, TaskState
from creditbank.tasks.tasks import Audience, Party, TaskKind, Terms

TITLE = "结对探访"
PLACE = "家中"
MINUTES_MOST = 8 * 60
AHEAD_MOST = timedelta(days=92)

_DONE = frozenset(
    {
        ClaimState.SIGNED_OUT,
        ClaimState.FORCED_OUT,
        ClaimState.APPROVED,
        ClaimState.DISPUTED,
    }
)
_PLANNED = frozenset({ClaimState.PLACED, ClaimState.SIGNED_IN})


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning answers: the visit, and the claims of the visitors in their order."""

    task_id: str
    claim_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """How a pair stands in a month; ``wanted`` is its quota, ``days_left`` counts today."""

    pair: Pair
    wanted: int
    done: int
    planned: int
    days_left: int

    @property
    def missing(self) -> int:
        """How many visits are not done yet."""
        return max(self.wanted - self.done, 0)


@keyed
def plan(
    unit: Unit,
    *,
    pair_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    visitor_ids: Sequence[str] = (),
    starts_at: datetime | None = None,
    lasts_minutes: int = 60,
) -> Planned:
    """Plan a visit for now or later; a member who names nobody comes alone.

    Raises:
        BadField: the time or the visitors are unusable.
        PairNotFound: this bank has none of this id, or it is not the member's.
        OtherCommunity: the actor's role does not hold where the pair is.
        StateConflict: the pair is ended.
        MemberSuspended: the elder or a visitor may not act now.
        NotOfPair: somebody named does not visit for this pair.
        OwnElder: a visitor is close to the elder.
        Refused: a visitor does not fit, such as a child alone or who is elsewhere (`claim_errors`).
    """
    found = pairs.find(unit, pair_id)
    own = unit.actor.member_id
    coming = tuple(sorted(set(visitor_ids))) or ((own,) if own is not None else ())
    if not coming:
        raise BadField("visitor_ids", "is missing / 未填写")
    _require_right(unit, found)
    people = pairs.lock_active(unit, {found.elder_id, *coming})
    found = pairs.find(unit, pair_id)
    pairs.require_visitors(unit, pair_id, coming)
    task_id = _publish(unit, found, len(coming), starts_at or unit.now, lasts_minutes)
    comers = Comers(
        people=tuple(people[one] for one in coming),
        kind=_party_of(found),
        household_id=found.household_id,
    )
    made = claiming.take(unit, task_id, comers, None, or_wait=False)
    trail.record(unit, "visit.planned", task_id, subject_id=found.elder_id)
    return Planned(task_id, made.claim_ids)


def _require_right(unit: Unit, found: Pair) -> None:
    """See that the actor visits for the pair, or is in office where it is."""
    if unit.actor.role != members.MEMBER_ROLE:
        communities.require_within(unit.actor, found.community_id)
    elif unit.actor.member_id not in pairs.visitors(unit, found.volunteer_id, found.household_id):
        raise PairNotFound(found.pair_id)


def _publish(unit: Unit, found: Pair, many: int, starts_at: datetime, lasts_minutes: int) -> str:
    """Publish a visit that only these visitors claim: as many places, and no waitlist."""
    if not 1 <= lasts_minutes <= MINUTES_MOST:
        raise BadField("lasts_minutes", f"1–{MINUTES_MOST}")
    if starts_at.tzinfo is None or not unit.now <= starts_at <= unit.now + AHEAD_MOST:
        raise BadField("starts_at", f"from now, within {AHEAD_MOST.days} days / 须在此后三个月内")
    return publishing.write(
        unit,
        New(
            title=TITLE,
            category=found.category,
            community_id=found.community_id,
            place=PLACE,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=lasts_minutes),
            capacity=many,
            rewards=found.rewards,
            kind=TaskKind.VISIT,
            audience=Audience(open_to=(_party_of(found),)),
            terms=Terms(waitlist_most=0),
            beneficiary_id=found.elder_id,
            pair_id=found.pair_id,
        ),
        TaskState.OPEN,
    )


def _party_of(found: Pair) -> Party:
    return Party.PERSON if found.household_id is None else Party.FAMILY


def first_of_month(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def last_of_month(day: date) -> date:
    """Return the last day of a day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def in_month(view: View, several: Sequence[Pair], day: date) -> list[Month]:
    """Return how pairs stand in the month of a day, in their order."""
    done, planned = _visits(view, [one.pair_id for one in several], day)
    least = scheme.in_force(view, last_of_month(day)).visits_month_least
    left = max((last_of_month(day) - max(view.today, first_of_month(day))).days + 1, 0)
    found = []
    for one in several:
        came = done.get(one.pair_id, set())
        still = planned.get(one.pair_id, set()) - came
        wanted = _wanted(one, day, least, view.bank.zone)
        found.append(Month(one, wanted, len(came), len(still), left))
    return found


def _wanted(one: Pair, day: date, least: int, zone: str) -> int:
    """Return the quota of a month: in the one in which the pair began, by the days that were left.

    A part of a visit is none.
    """
    first, last = first_of_month(day), last_of_month(day)
    begun = max(day_of(one.paired_at, zone), first)
    return least * max((last - begun).days + 1, 0) // last.day


def _visits(
    view: View, pair_ids: Sequence[str], day: date
) -> tuple[dict[str, set[date]], dict[str, set[date]]]:
    """Return, by pair, on which days of a month there was a visit, and is one to come."""
    of, who, zone = tasks.tasks.c, claims.claims.c, view.bank.zone
    rows = view.rows(
        select(of.pair_id, of.starts_at, of.ends_at, who.state)
        .join(claims.claims, (who.bank_id == of.bank_id) & (who.task_id == of.task_id))
        .where(
            of.bank_id == view.bank_id,
            who.bank_id == view.bank_id,
            of.pair_id.in_(pair_ids),
            of.starts_at >= start_of_day(first_of_month(day), zone),
            of.starts_at < start_of_day(last_of_month(day) + timedelta(days=1), zone),
        )
    )
    done: dict[str, set[date]] = {}
    planned: dict[str, set[date]] = {}
    for row in rows:
        on = day_of(row.starts_at, zone)
        if row.state in _DONE:
            done.setdefault(row.pair_id, set()).add(on)
        elif row.state in _PLANNED and row.ends_at > view.now:
            planned.setdefault(row.pair_id, set()).add(on)
    return done, planned


@dataclass(frozen=True, slots=True)
class Short:
    """Pairs that are short in a month; ``after`` asks for the next page, None on the last one."""

    months: tuple[Month, ...]
    after: str | None


def short(
    view: View,
    *,
    day: date,
    within: tuple[str, ...] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Short:
    """Return which running pairs have not done their visits of the month of a day.

    Each page looks at so many pairs, and may show fewer of them.
    """
    page = pairs.listing(view, within=within, after=after, limit=limit)
    months = in_month(view, page.pairs, day)
    return Short(tuple(one for one in months if one.missing), page.after)
