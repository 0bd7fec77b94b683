"""Reveals: masked personal data shown whole, to staff, for a reason, a few people a day.

Who looked at whom, at which fields and why is written in the trail before anything is shown, the
reason sealed with the key of whom it is about; the member sees it. The data of someone under 18
is revealed to a community head only, who answers for it. What a key remembers is that something
was revealed and when, never what; asking again with the same key works for a few minutes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from creditbank.core import counters
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.identity.errors import MinorsData, RevealOver, RevealsUsedUp
from creditbank.identity.roles import Right, Role, may
from creditbank.people import ages, communities, members, persons, trail
from creditbank.schemes import scheme

DEED = "person.revealed"
FIELDS = ("name", "phone", "document", "born_on", "address")
SHOWN_MINUTES = 10

_REASON_MOST = 200
_COUNTED = "reveals"


@dataclass(frozen=True, slots=True)
class Reveal:
    """That something was revealed: whose, which fields, until when it may be looked at."""

    member_id: str
    fields: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Revealed:
    """Who looked at a member's data: when, in which role, at what, and why, if still known."""

    revealed_at: datetime
    actor_id: str
    role: str
    fields: tuple[str, ...]
    reason: str | None


@keyed
def reveal(
    unit: Unit,
    *,
    member_id: str,
    fields: Collection[str],
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Reveal:
    """Note that a member of staff looks at a member's data; `shown` then gives it.

    Raises:
        BadField: a field or the reason is unusable.
        MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        PersonNotFound: the member was erased.
        MinorsData: the member is under 18, and the actor is no community head.
        RevealsUsedUp: this member of staff has looked at too many people today.
    """
    return note(unit, member_id=member_id, fields=fields, reason=reason)


def note(unit: Unit, *, member_id: str, fields: Collection[str], reason: str) -> Reveal:
    """Note a look for a function that has a key of its own; otherwise as `reveal`."""
    wanted = tuple(one for one in FIELDS if one in fields)
    if not wanted or set(fields) - set(FIELDS):
        raise BadField("fields", ", ".join(FIELDS))
    said = line("reason", reason, _REASON_MOST)
    communities.require_within(unit.actor, members.find(unit, member_id).community_id)
    if ages.is_minor(unit, member_id) and not may(Role(unit.actor.role), Right.REVEAL_MINORS):
        raise MinorsData
    _count(unit)
    after = {"fields": wanted, "reason": said}
    trail.record(unit, DEED, member_id, subject_id=member_id, after=after)
    return Reveal(member_id, wanted, unit.now + timedelta(minutes=SHOWN_MINUTES))


def _count(unit: Unit) -> None:
    """Count one look of this actor's today, under the counter's lock.

    Raises:
        RevealsUsedUp: that would be one too many.
    """
    most = scheme.current(unit).reveals_day
    of_today = counters.of_day(_COUNTED, unit.actor.id, unit.today)
    if counters.lock(unit, [of_today])[of_today] >= most:
        raise RevealsUsedUp(most)
    counters.add(unit, {of_today: 1})


def shown(view: View, noted: Reveal) -> dict[str, str | date | None]:
    """Return what was revealed, by field; only while it may be looked at.

    Raises:
        RevealOver: the time for that is over.
        PersonNotFound: the member was erased since.
    """
    if view.now > noted.until:
        raise RevealOver(SHOWN_MINUTES)
    found = persons.find(view, noted.member_id)
    return {one: getattr(found, one) for one in noted.fields}


def of_member(
    view: View, member_id: str, *, older_than: str | None = None, limit: int = 50
) -> tuple[tuple[Revealed, ...], str | None]:
    """Return who looked at a member's data, newest first, and where the next page begins."""
    page = trail.listing(view, what=DEED, subject_id=member_id, older_than=older_than, limit=limit)
    return tuple(
        Revealed(
            deed.done_at,
            deed.actor_id,
            deed.role,
            tuple((deed.change or {}).get("after", {}).get("fields", ())),
            (deed.change or {}).get("after", {}).get("reason"),
        )
        for deed in page.deeds
    ), page.older_than
