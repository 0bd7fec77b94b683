"""Welcome: the credits that a programme gives whoever comes in, once per person.

A second row of the same person, told by the document number, gets none, nor does the row that an
old one was merged into. Welcome credits count to no period: nobody is ranked for having joined.
"""

from __future__ import annotations

from sqlalchemy import select

from creditbank.core import counters
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount
from creditbank.ledger import issues
from creditbank.people import documents, members
from creditbank.schemes import rewards, scheme

_WELCOMED = "welcomed"


def give(unit: Unit, member_id: str) -> str | None:
    """Give a new member what the scheme of today gives, and return the transfer, if there is one.

    Whoever calls has locked the member.
    """
    rules = scheme.current(unit)
    given = [one for one in rules.assets if one.welcome]
    if not given:
        return None
    rows = {one: counters.for_ever(_WELCOMED, one) for one in _same(unit, member_id)}
    known = counters.lock(unit, rows.values())
    if any(known.values()):
        return None
    counters.add(unit, {rows[member_id]: 1})
    transfer = issues.issue(
        unit,
        earned=[
            issues.Earned(
                member_id,
                Amount(one.welcome, one.asset),
                rewards.expires_on(unit.today, rules.of_asset(one.asset).validity_months),
            )
            for one in given
        ],
        key=f"welcome/{member_id}",
        occurred_at=unit.now,
        refers_to=member_id,
        period_id=None,
    )
    return transfer.transfer_id


def _same(view: View, member_id: str) -> frozenset[str]:
    """Return every row of the same person, as far as documents and merges tell."""
    known = documents.same_person(view, [member_id])
    of = members.members.c
    rows = view.rows(
        select(of.member_id).where(of.bank_id == view.bank_id, of.merged_into.in_(sorted(known)))
    )
    return known | {row.member_id for row in rows}
