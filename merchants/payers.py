"""Payers: who stands behind a payment, and that nobody takes or gives back their own points.

The payer is the member, or a delegate who shows a code for them. Law 7 knows persons, not rows:
the rows of one person are one (`creditbank.people.kin`).
"""

from __future__ import annotations

from collections.abc import Mapping

from creditbank import notices
from creditbank.core.ids import is_id
from creditbank.core.units import Unit, View
from creditbank.people import delegates, guardians, kin
from creditbank.recognition import standings
from creditbank.schemes import spending
from creditbank.schemes.parameters import Scheme
from merchants import cashiers, tills
from merchants.errors import OwnCode
from merchants.redemptions import Redemption


def points_day(view: View, one: Redemption) -> int:
    """Return how many points a day the delegate of a redemption may use; 0 without a delegate.

    Raises:
        DelegateEnded, DelegateTooNew: whoever showed the code may not pay now.
    """
    if one.delegate_id is None:
        return 0
    return delegates.require(view, one.member_id, one.delegate_id).points_day


def guarded(
    view: View, one: Redemption, rules: Scheme, known_ages: Mapping[str, int | None]
) -> bool:
    """See that a member may spend; tell whether a guardian has to confirm it.

    Raises:
        TooYoungToSpend, LifetimeTooLow, GuardianMissing: they may not.
    """
    return spending.require(
        view,
        one.member_id,
        rules,
        known_ages=known_ages,
        lifetime=lambda: standings.lifetime(view, one.member_id, one.asset_code),
    )


def confirming(view: View, one: Redemption) -> frozenset[str]:
    """Return on whose phones a payment is confirmed: the payer's, for a child the guardians'."""
    if one.guarded:
        return guardians.of(view, one.member_id)
    return frozenset({one.payer_id} if one.card_id is None else ())


def tell(unit: Unit, one: Redemption, points: int) -> None:
    """Tell a member what their delegate paid."""
    if one.delegate_id is not None:
        notices.tell(unit, one.member_id, "delegate-paid", points=points)


def refuse_own(unit: Unit, *payer_ids: str | None) -> None:
    """See that whoever acts is none of these members.

    Raises:
        OwnCode: it is one of them, or the same person by another row.
    """
    actor = unit.actor
    behind = {actor.member_id} if is_id(actor.id, "til") else {actor.id, actor.member_id}
    if kin.close_to(unit, behind) & set(payer_ids):
        raise OwnCode


def same_cashier(unit: Unit, one: Redemption) -> bool:
    """Tell whether the actor is the person who took the points of a redemption.

    A till is taken for one person, unless it is known whose turn it was and whose it is.
    """
    actor = unit.actor
    serving = tills.find(unit, actor.id).cashier_id if is_id(actor.id, "til") else None
    if actor.id == one.till_id and None in {serving, one.cashier_id}:
        return True
    acting = cashiers.people_behind(unit, (serving, actor.member_id))
    took = cashiers.people_behind(unit, (one.cashier_id,))
    return bool(kin.close_to(unit, acting) & took)
