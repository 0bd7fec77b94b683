"""Audiences: whom a task takes, and with whom a child may come.

Each rule that somebody does not meet is an error of its own. A claim is refused with it, and who
waits loses the place in the queue for it: `claims.ClaimRow.lapsed_for` is its slug.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from creditbank.core.clock import day_of
from creditbank.core.errors import Refused
from creditbank.core.units import View
from creditbank.people import ages, consents, guardians, places, relatives, skills, stays
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Member, Status
from creditbank.people.relatives import Relation
from creditbank.schemes import scheme
from creditbank.tasks import overlaps
from creditbank.tasks.claim_errors import (
    AgeUnfit,
    AgeUnknown,
    ChildAlone,
    GuardianConsentMissing,
    NotNeighbour,
    NotOfFamily,
    NotOfTeam,
    NotOpenTo,
    Overlaps,
    SkillsMissing,
)
from creditbank.tasks.claims import claims
from creditbank.tasks.states import PLACELESS, ClaimState
from creditbank.tasks.tasks import Audience, Party, Task

# Who holds a place, and whose place nobody has to answer for any more.
_HELD = tuple(one for one in ClaimState if one not in {*PLACELESS, ClaimState.NO_SHOW})
_SURE = tuple(one for one in _HELD if one is not ClaimState.OFFERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comers:
    """Who comes, and as what; the members are locked."""

    people: tuple[Member, ...]
    kind: Party = Party.PERSON
    household_id: str | None = None
    team_id: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """Their ids, ascending."""
        return tuple(sorted(one.member_id for one in self.people))


def misfit(view: View, task: Task, comers: Comers) -> Refused | None:
    """Return the first rule of a task that somebody does not meet, None if all fit.

    Whether a child would come alone is asked of `alone`: that may change by who claims next.
    """
    old = ages.on(view, comers.ids, _day(view, task))
    return (
        _left(view, comers)
        or _inactive(comers)
        or _unwanted(task, comers)
        or _of_other_age(task.audience, old)
        or _unskilled(view, task.audience, comers)
        or without_consent(view, comers)
        or _elsewhere(view, task, comers)
    )


def _day(view: View, task: Task) -> date:
    return day_of(task.starts_at, view.bank.zone)


def _left(view: View, comers: Comers) -> Refused | None:
    """Find who is not of the family or team (any more)."""
    if comers.household_id is not None:
        now = stays.current_of(view, comers.ids)
        for one in comers.ids:
            if now.get(one) != comers.household_id:
                return NotOfFamily(one, comers.household_id)
    if comers.team_id is not None:
        serving = places.of_members(view, comers.ids)
        for one in comers.ids:
            if comers.team_id not in serving.get(one, ()):
                return NotOfTeam(one, comers.team_id)
    return None


def _inactive(comers: Comers) -> Refused | None:
    for one in comers.people:
        if one.status is not Status.ACTIVE:
            return MemberSuspended(one.member_id, one.status)
    return None


def _unwanted(task: Task, comers: Comers) -> Refused | None:
    if comers.kind not in task.audience.open_to:
        return NotOpenTo(task.task_id, comers.kind)
    if task.audience.neighbours_only:
        for one in comers.people:
            if one.community_id != task.community_id:
                return NotNeighbour(one.member_id)
    return None


def _of_other_age(audience: Audience, old: dict[str, int | None]) -> Refused | None:
    least, below = audience.age_from, audience.age_below
    if least is None and below is None:
        return None
    for member_id, age in old.items():
        if age is None:
            return AgeUnknown(member_id)
        if age < (least or 0) or (below is not None and age >= below):
            zh = [f"满 {least} 周岁"] * (least is not None) + [f"未满 {below} 周岁"] * (
                below is not None
            )
            en = [f"{least} or older"] * (least is not None) + [f"below {below}"] * (
                below is not None
            )
            return AgeUnfit(member_id, "、".join(zh), " and ".join(en))
    return None


def _unskilled(view: View, audience: Audience, comers: Comers) -> Refused | None:
    if not audience.skills:
        return None
    have = skills.of_members(view, comers.ids)
    for one in comers.ids:
        missing = set(audience.skills) - have.get(one, frozenset())
        if missing:
            return SkillsMissing(one, "、".join(sorted(missing)))
    return None


def without_consent(view: View, comers: Comers) -> Refused | None:
    """Find a child for whom no guardian's consent to the service is in force."""
    old = ages.on(view, comers.ids, view.today)
    young = [one for one, age in old.items() if age is not None and age < consents.GUARDED_BELOW]
    agreed = consents.in_force_of(view, young) if young else {}
    for one in young:
        if consents.SERVICE not in agreed[one]:
            return GuardianConsentMissing(one)
    return None


def _elsewhere(view: View, task: Task, comers: Comers) -> Refused | None:
    taken = overlaps.of_task(view, task, comers.ids)
    return next((Overlaps(one, taken[one]) for one in sorted(taken)), None)


# Children ----------------------------------------------------------------------------------------


def children(view: View, task: Task, member_ids: Iterable[str]) -> list[str]:
    """Return who of these comes with an adult only: of an age below the scheme's on the day."""
    below = scheme.current(view).accompanied_below_age
    old = ages.on(view, member_ids, _day(view, task)) if below else {}
    return [one for one, age in old.items() if age is not None and age < below]


def alone(
    view: View, task: Task, member_ids: Iterable[str], beside: Iterable[str] = ()
) -> ChildAlone | None:
    """Return the first child of these that would come alone.

    With a child comes somebody of these, of those ``beside``, or whose place in the task is sure.
    """
    wanted = tuple(member_ids)
    young = children(view, task, wanted)
    if not young:
        return None
    with_whom = guardians.accompanying_all(view, young)
    grown = {*wanted, *beside} - set(young)
    for one in young:
        others = with_whom[one] - grown
        if not with_whom[one] & grown and not _placed(view, task, others, _SURE):
            return ChildAlone(one, scheme.current(view).accompanied_below_age)
    return None


def left_alone(view: View, task: Task, going: frozenset[str]) -> str | None:
    """Return a child that would stay at a task without an adult if these left, if there is one."""
    mates = stays.housemates(view, going)
    theirs = relatives.of_members(view, going, [Relation.CHILD, Relation.WARD])
    family = {*mates, *_wards(view, going), *(one for found in theirs.values() for one in found)}
    young = children(view, task, _placed(view, task, family - going, _HELD))
    if not young:
        return None
    with_whom = guardians.accompanying_all(view, young, leaving=going)
    for one in young:
        if with_whom[one] & going and not _placed(view, task, with_whom[one] - going, _SURE):
            return one
    return None


def _wards(view: View, guardian_ids: Iterable[str]) -> frozenset[str]:
    """Return for whom these have agreed."""
    of = consents.consents.c
    rows = view.rows(
        select(of.member_id)
        .where(
            of.bank_id == view.bank_id,
            of.guardian_id.in_(sorted(set(guardian_ids))),
            of.withdrawn_at.is_(None),
        )
        .distinct()
    )
    return frozenset(row.member_id for row in rows)


def _placed(
    view: View, task: Task, member_ids: Iterable[str], states: Sequence[ClaimState]
) -> frozenset[str]:
    """Return who of these has a place of these states in a task."""
    wanted = sorted(set(member_ids))
    if not wanted:
        return frozenset()
    rows = view.rows(
        select(claims.c.member_id).where(
            claims.c.bank_id == view.bank_id,
            claims.c.task_id == task.task_id,
            claims.c.member_id.in_(wanted),
            claims.c.state.in_(states),
        )
    )
    return frozenset(row.member_id for row in rows)
