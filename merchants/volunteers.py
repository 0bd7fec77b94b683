"""Volunteers whom a shop puts down: it may where the operator lets it; the community admits them.

The shop's owner has the person before them, who agrees on paper. The phone is not proven by that:
its owner takes the row over with a code, once they are admitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select, update

from creditbank.core.keys import keyed
from creditbank.core.units import Unit, View
from creditbank.identity import joining
from creditbank.people import trail
from creditbank.people.members import MemberKind, Registered
from merchants import partners
from merchants.errors import MerchantNotFound, MerchantSuspended, NotRegistering
from merchants.partners import MerchantState, merchants


@keyed
def let(unit: Unit, *, merchant_id: str, allowed: bool, key: str) -> bool:  # noqa: ARG001
    """Let a shop put volunteers down, or no longer.

    Raises:
        MerchantNotFound: this bank has none of this id.
    """
    before = may(unit, merchant_id)
    unit.run(
        update(merchants)
        .where(merchants.c.bank_id == unit.bank_id, merchants.c.merchant_id == merchant_id)
        .values(registers_volunteers=allowed)
    )
    trail.record(
        unit,
        "merchant.registering-set",
        merchant_id,
        before={"allowed": before},
        after={"allowed": allowed},
    )
    return allowed


def may(view: View, merchant_id: str) -> bool:
    """Tell whether a shop may put volunteers down.

    Raises:
        MerchantNotFound: this bank has none of this id.
    """
    row = view.row(
        select(merchants.c.registers_volunteers).where(
            merchants.c.bank_id == view.bank_id, merchants.c.merchant_id == merchant_id
        )
    )
    if row is None:
        raise MerchantNotFound(merchant_id)
    return bool(row.registers_volunteers)


@keyed
def register(
    unit: Unit,
    *,
    merchant_id: str,
    name: str,
    phone: str,
    community_id: str,
    purposes: Sequence[str],
    key: str,  # noqa: ARG001 - the key is @keyed's
    born_on: date | None = None,
    kind: MemberKind = MemberKind.RESIDENT,
) -> Registered:
    """Put a person down who stands in the shop; a community worker admits or refuses them.

    Raises:
        BadField: the name, the phone or a purpose is unusable.
        MerchantNotFound: this bank has no such shop, or it is somebody else's.
        NotRegistering: the shop may not put volunteers down.
        MerchantSuspended: the shop is suspended.
        CommunityNotFound: this bank has no such community.
        ConsentMissing: the needed purpose is not agreed to.
        GuardianNeeded: the person is under 14.
    """
    partners.require_own(unit.actor, merchant_id)
    if not may(unit, merchant_id):
        raise NotRegistering(merchant_id)
    if partners.find(unit, merchant_id).state is not MerchantState.ACTIVE:
        raise MerchantSuspended(merchant_id)
    return joining.put_down(
        unit,
        name=name,
        phone=phone,
        community_id=community_id,
        purposes=purposes,
        born_on=born_on,
        kind=kind,
    )
