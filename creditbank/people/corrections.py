"""Corrections: personal data that is changed, by the member or at the office, with a trail.

A member keeps their own address and notes. A name, a document or a birth date is changed at the
office, which has seen the paper and says why. A phone to sign in with has its own room
(`creditbank.identity.phones`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.people import communities, kin, members, persons, trail
from creditbank.people.errors import OwnCorrection

OWN_FIELDS = ("address", "notes")
OFFICE_FIELDS = ("name", "document", "born_on", *OWN_FIELDS)

_REASON_MOST = 200


@keyed
def keep_own(
    unit: Unit,
    *,
    member_id: str,
    values: Mapping[str, str | None],
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> str:
    """Change a member's own address or notes; None takes one out. Returns the member's id.

    Raises:
        NotYours: it is somebody else's.
        MemberNotFound: this bank has none of this id.
        PersonNotFound: the member was erased.
        BadField: a value is unusable.
    """
    members.require_own(unit.actor, member_id)
    _refuse_others(values, OWN_FIELDS)
    members.lock(unit, [member_id])
    return _change(unit, member_id, values, None)


@keyed
def correct(
    unit: Unit,
    *,
    member_id: str,
    values: Mapping[str, str | date | None],
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> str:
    """Correct a member's data at the office, which says why. Returns the member's id.

    Raises:
        MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnCorrection: it is the actor's own, or that of somebody close.
        PersonNotFound: the member was erased.
        BadField: a value or the reason is unusable, or the name is taken out.
    """
    _refuse_others(values, OFFICE_FIELDS)
    if values.get("name", "") is None:
        raise BadField("name", "somebody has one / 姓名不能为空")
    said = line("reason", reason, _REASON_MOST)
    member = members.lock(unit, [member_id])[member_id]
    communities.require_within(unit.actor, member.community_id)
    if member_id in kin.of_actor(unit, unit.actor):
        raise OwnCorrection
    return _change(unit, member_id, values, said)


def _refuse_others(values: Mapping[str, object], allowed: tuple[str, ...]) -> None:
    if not values or values.keys() - set(allowed):
        raise BadField("values", ", ".join(allowed))


def _change(
    unit: Unit, member_id: str, values: Mapping[str, str | date | None], reason: str | None
) -> str:
    """Change a locked member's data and write down what was before and after."""
    before = persons.find(unit, member_id)
    persons.change(unit, holder_id=member_id, **values)
    after = persons.find(unit, member_id)
    trail.record(
        unit,
        "person.corrected",
        member_id,
        subject_id=member_id,
        before={one: getattr(before, one) for one in values},
        after={one: getattr(after, one) for one in values} | ({"reason": reason} if reason else {}),
    )
    return member_id
