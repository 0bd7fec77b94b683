"""No-shows: places that were left empty, and how that counts, the same for everybody.

Who had a place and did not come has missed once, when the attendance is closed; who gave the place
back after the cut-off has, too, from that moment on. Nothing is counted at a task that was
cancelled, or whose time or place changed after the claim. Whoever missed so often within so many
days as the scheme says waits behind all others for a while, and is told so. The organiser excuses
with a reason; nobody excuses themselves or somebody close (law 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import kin, persons, trail
from creditbank.schemes import scheme
from creditbank.schemes.parameters import Scheme
from creditbank.tasks import claims, parties, tasks
from creditbank.tasks.claim_errors import NothingMissed, OwnAbsence
from creditbank.tasks.claims import Claim, Claimed
from creditbank.tasks.states import CLAIM, PLACELESS, ClaimState
from creditbank.tasks.tasks import REASON_MOST, Task

_DAY = timedelta(days=1)
_COUNTED = (*PLACELESS, ClaimState.NO_SHOW)


@dataclass(frozen=True, slots=True)
class Rest:
    """For how many days somebody waits behind all others, and for what."""

    member_id: str
    missed: int
    window_days: int
    days: int


def rests_until(missed: Iterable[datetime], rules: Scheme) -> datetime | None:
    """Return until when somebody with these absences waits behind all others, if at all. Pure."""
    ordered, most = sorted(missed), rules.no_shows_most
    for last in range(len(ordered) - 1, most - 2, -1):
        if ordered[last] - ordered[last - most + 1] <= rules.no_show_window_days * _DAY:
            return ordered[last] + rules.no_show_rest_days * _DAY
    return None


def rest(view: View, member_ids: Iterable[str]) -> Rest | None:
    """Return that one of these waits behind all others, if one does."""
    found = resting(view, member_ids)
    return found[min(found)] if found else None


def resting(view: View, member_ids: Iterable[str]) -> dict[str, Rest]:
    """Return who of these waits behind all others now."""
    rules, wanted = scheme.current(view), sorted(set(member_ids))
    if not rules.no_show_rest_days:
        return {}
    found: dict[str, Rest] = {}
    for one, missed in _missed(view, wanted, rules).items():
        until = rests_until(missed, rules)
        if until is not None and until > view.now:
            left = -((view.now - until) // _DAY)
            found[one] = Rest(one, len(missed), rules.no_show_window_days, left)
    return found


def _missed(view: View, wanted: Sequence[str], rules: Scheme) -> dict[str, list[datetime]]:
    """Return since when each of these persons' absences count, whichever of their rows has them."""
    known = view.now - (rules.no_show_window_days + rules.no_show_rest_days) * _DAY
    everyone = kin.rows_of(view, frozenset(wanted))
    rows = view.rows(
        select(claims.claims.c.member_id, claims.claims.c.missed_at).where(
            claims.claims.c.bank_id == view.bank_id,
            claims.claims.c.member_id.in_(sorted(everyone)),
            claims.claims.c.missed_at > known,
            claims.claims.c.state.in_(_COUNTED),
        )
    )
    counted: dict[str, list[datetime]] = {}
    for row in rows:
        counted.setdefault(row.member_id, []).append(row.missed_at)
    found = {one: list(counted.get(one, ())) for one in wanted}
    for other in sorted(counted.keys() - found.keys()):
        for one in kin.same(view, other) & found.keys():
            found[one] += counted[other]
    return found


def record(unit: Unit, task: Task, several: Sequence[Claim]) -> None:
    """Note who had a place (``placed``) in a task, which this unit closes, and did not come.

    Who claimed it at another time or place is not to blame: their claim ends as withdrawn.
    """
    blamed = [one for one in several if one.changed_at is None]
    excused = [one for one in several if one.changed_at is not None]
    parties.free(unit, task, excused)
    missed = CLAIM.after(ClaimState.PLACED, "close")
    claims.store_all(unit, blamed, state=missed, missed_at=task.ends_at)
    claims.store_all(unit, excused, state=CLAIM.after(missed, "excuse"))
    tell(unit, task, [one.member_id for one in blamed], "no-show")


def tell(unit: Unit, task: Task, member_ids: Sequence[str], kind: str) -> None:
    """Tell people that a place was left empty, and who waits behind all others for it now."""
    if not member_ids:
        return
    link = f"/tasks/{task.task_id}"
    notices.tell_all(unit, member_ids, kind, link=link, task=task.task_id)
    for one in resting(unit, member_ids).values():
        notices.tell(unit, one.member_id, "no-show-rest", days=one.days, missed=one.missed)


@keyed
def excuse(
    unit: Unit,
    *,
    claim_id: str,
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Claimed:
    """Let an absence, or a late withdrawal, not count; the reason stays with the claim.

    Raises:
        BadField: the reason is unusable.
        ClaimNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the task is.
        OwnAbsence: the actor is this member, or close to them.
        NothingMissed: nothing counts against the member.
        PersonNotFound: the member was forgotten.
    """
    said = line("reason", reason, REASON_MOST)
    task = tasks.lock_own(unit, claims.find(unit, claim_id).task_id)
    found = claims.lock(unit, claim_id)
    if found.member_id in kin.of_actor(unit, unit.actor):
        raise OwnAbsence(claim_id)
    state = found.state
    if state is ClaimState.NO_SHOW:
        state = ClaimState(CLAIM.after(state, "excuse"))
        parties.free(unit, task, [found])
    elif found.missed_at is None or state not in _COUNTED:
        raise NothingMissed(claim_id)
    claims.store(
        unit,
        claim_id,
        state=state,
        missed_at=None,
        excused_at=unit.now,
        excused_by=unit.actor.id,
        reason=persons.seal(unit, found.member_id, claims.REASON, said),
    )
    trail.record(unit, "claim.excused", claim_id, subject_id=found.member_id)
    link = f"/tasks/{task.task_id}"
    notices.tell(unit, found.member_id, "no-show-excused", link=link, task=task.task_id)
    return Claimed(claim_id, state)
