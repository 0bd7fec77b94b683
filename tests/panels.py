"""Panels: reviewers in office of a community, so that its reviews are not the bank's."""

from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.identity import grants, staff
from creditbank.identity.roles import Grant, Role
from creditbank.identity.staff import StaffState

CONSOLE = Actor("console", "operator")


def seat(
    database: Database,
    bank_id: int,
    community_id: str,
    count: int = 2,
    *,
    role: Role = Role.REVIEWER,
    member_id: str | None = None,
) -> list[str]:
    """Put people in office who may review in a community, and return their ids."""

    def work(unit: Unit) -> list[str]:
        seated = [staff.enrol(unit, name="审核员", member_id=member_id) for _ in range(count)]
        for staff_id in seated:
            staff.store(unit, staff_id, state=StaffState.ACTIVE)
            grants.give(unit, staff_id, Grant(role, community_id))
        return seated

    return database.write(bank_id, CONSOLE, work)
