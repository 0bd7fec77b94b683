"""Intakes: many people of a list taken in at once, in about as many statements as one of them.

The rules are those of `creditbank.identity.joining.take_in`; a table is written once for all.
"""

from __future__ import annotations

from collections.abc import Sequence

from creditbank.core.units import Unit
from creditbank.identity import openings
from creditbank.identity.arrivals import Newcomer
from creditbank.people import consents, newcomers, persons, trail
from creditbank.schemes import welcome


def take_in(unit: Unit, *, arrival_id: str, people: Sequence[Newcomer]) -> list[str]:
    """Take people of a list in, admitted at once, all or none; return their ids in order.

    Their communities are there: whoever calls has seen to it.

    Raises:
        BadField: something about one of them is unusable.
        NumberTaken: another member has the number of one of them.
        GuardianNeeded: one of them is under 14.
    """
    made = newcomers.enrol_all(unit, [(one.community_id, one.number) for one in people])
    ids = [one.member_id for one in made]
    of = dict(zip(ids, people, strict=True))
    persons.keep_all(
        unit,
        {
            member_id: {
                "name": one.name,
                "phone": one.phone,
                "document": one.document,
                "born_on": one.born_on,
                "address": one.address,
            }
            for member_id, one in of.items()
        },
    )
    consents.put_down_all(unit, {member_id: one.purposes for member_id, one in of.items()})
    welcome.give_all(unit, ids)
    trail.record_each(unit, "member.taken-in", dict.fromkeys(ids))
    openings.put_down(unit, arrival_id=arrival_id, newcomers=of)
    return ids
