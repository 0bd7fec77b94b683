"""Welcome: the credits that a programme gives whoever comes in, once per person.

A second row of the same person, told by the document number, gets none, nor does the row that an
old one was merged into. Welcome credits count to no period: nobody is ranked for having joined.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    return give_all(unit, [member_id]).get(member_id)


def give_all(unit: Unit, member_ids: Sequence[str]) -> dict[str, str]:
    """Give several new members what the scheme of today gives; return their transfers."""
    rules = scheme.current(unit)
    given = [one for one in rules.assets if one.welcome]
    if not given:
        return {}
    same = _same(unit, member_ids)
    rows = {one: counters.for_ever(_WELCOMED, one) for ids in same.values() for one in ids}
    known = counters.lock(unit, rows.values())
    welcomed = {one for one, counter in rows.items() if known[counter]}
    fresh: list[str] = []
    for member_id in member_ids:
        if not same[member_id] & welcomed:
            welcomed.add(member_id)
            fresh.append(member_id)
    counters.add(unit, {rows[one]: 1 for one in fresh})
    earned = [
        (one.welcome, one.asset, rewards.expires_on(unit.today, validity))
        for one in given
        for validity in [rules.of_asset(one.asset).validity_months]
    ]
    done = issues.issue_many(
        unit,
        [
            issues.Issue(
                tuple(
                    issues.Earned(member_id, Amount(units, asset), last)
                    for units, asset, last in earned
                ),
                f"welcome/{member_id}",
                unit.now,
                member_id,
                None,
            )
            for member_id in fresh
        ],
    )
    return {member_id: one.transfer_id for member_id, one in zip(fresh, done, strict=True)}


def _same(view: View, member_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return every row of each person, as far as documents and merges tell."""
    known = documents.same_persons(view, member_ids)
    of = members.members.c
    rows = view.rows(
        select(of.member_id, of.merged_into).where(
            of.bank_id == view.bank_id,
            of.merged_into.in_(sorted({one for ids in known.values() for one in ids})),
        )
    )
    return {
        member_id: ids | {row.member_id for row in rows if row.merged_into in ids}
        for member_id, ids in known.items()
    }
