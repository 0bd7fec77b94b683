"""Holders: under which ids the personal data of a member lies, and whether one is in office.

A person may have several rows: merged ones, whose names lie under their own ids, and the row of
an office. What wings above know of further rows is for `api.privacy.holders` to add.
"""

from __future__ import annotations

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.identity.staff import StaffState, staff
from creditbank.leaving.errors import InOffice
from creditbank.people.members import members


def of_member(view: View, member_id: str) -> list[str]:
    """Return under which ids a member's personal data lies: own, merged rows', offices'."""
    known = _rows(view, member_id)
    offices = view.rows(
        select(staff.c.staff_id).where(
            staff.c.bank_id == view.bank_id, staff.c.member_id.in_(sorted(known))
        )
    )
    return sorted(known | {row.staff_id for row in offices})


def require_out_of_office(view: View, member_id: str) -> None:
    """See that a member is not in office any more, under no row of theirs.

    Raises:
        InOffice: they are.
    """
    row = view.row(
        select(staff.c.staff_id)
        .where(
            staff.c.bank_id == view.bank_id,
            staff.c.member_id.in_(sorted(_rows(view, member_id))),
            staff.c.state == StaffState.ACTIVE,
        )
        .limit(1)
    )
    if row is not None:
        raise InOffice(member_id)


def _rows(view: View, member_id: str) -> set[str]:
    """Return a member's own id, and those of all rows that were merged into it."""
    found, fresh = {member_id}, {member_id}
    while fresh:
        rows = view.rows(
            select(members.c.member_id).where(
                members.c.bank_id == view.bank_id, members.c.merged_into.in_(sorted(fresh))
            )
        )
        fresh = {row.member_id for row in rows} - found
        found |= fresh
    return found
