"""My family: who lives with me, who is related to me, and whose guardian I am."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.forms import HouseholdRef
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent
from api.pages.member.family_words import RELATIONS, STANDINGS
from api.pages.page import MemberPage
from creditbank.core.units import View
from creditbank.people import guardians, households, persons, relatives, stays
from creditbank.people.households import Household
from creditbank.people.relatives import Related, Relation
from creditbank.people.stays import Standing, Stay

router = Routes(prefix="/b/{slug}/me/family", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Housemate:
    """Somebody of the household, by a masked name; what they are to who asks, if registered."""

    stay: Stay
    name: str
    relation: Relation | None
    is_me: bool


@dataclass(frozen=True, slots=True)
class Relative:
    """A registered relation that holds; ``is_ward``: who asks is their guardian."""

    related: Related
    name: str
    is_ward: bool


@dataclass(frozen=True, slots=True)
class Family:
    """A member's household and relatives."""

    household: Household | None
    people: list[Housemate]
    relatives: list[Relative]
    wards: list[str]
    guardians: list[str]

    @property
    def may_leave(self) -> bool:
        """Whether who asks is no child here, and not alone."""
        own = [one for one in self.people if one.is_me]
        return bool(own) and own[0].stay.standing is not Standing.CHILD


class LeaveForm(Sent):
    """Which household is left."""

    household_id: HouseholdRef


@router.get("")
async def show(page: MemberPage) -> Response:
    """Show a member's family."""
    family = await page.read(lambda view: _family(view, page.member_id))
    return page.show("member/family.html", family=family, relations=RELATIONS, standings=STANDINGS)


def _family(view: View, member_id: str) -> Family:
    home = stays.current_of(view, [member_id]).get(member_id)
    household = None if home is None else households.find(view, home)
    people = () if household is None else household.stays
    known = [one for one in relatives.history(view, member_id) if one.ended_at is None]
    mates = [one.member_id for one in people if one.member_id != member_id]
    kin = {one.relative_id for one in known}
    charges = guardians.of_all(view, {*mates, *kin})
    wards = sorted(one for one, theirs in charges.items() if member_id in theirs)
    over = sorted(guardians.of(view, member_id))
    names = persons.masked_names(view, {*mates, *kin, *over, member_id})
    relation = {one.relative_id: one.relation for one in known}
    return Family(
        household,
        [
            Housemate(
                one,
                names[one.member_id],
                relation.get(one.member_id),
                one.member_id == member_id,
            )
            for one in people
        ],
        [Relative(one, names[one.relative_id], one.relative_id in wards) for one in known],
        [names[one] for one in wards],
        [names[one] for one in over],
    )


@router.post("/leave")
async def leave(page: MemberPage, key: FormKey, form: Annotated[LeaveForm, Form()]) -> Response:
    """Leave the household, by oneself."""
    await page.write(
        lambda unit: households.leave(
            unit, key=key, member_id=page.member_id, household_id=form.household_id
        )
    )
    return page.go("/me/family", "family-left")
