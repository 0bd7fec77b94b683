"""A volunteer's purse: what they can spend, and what keeps them from spending it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from creditbank.core.errors import CreditbankError
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import accounts, chart, lots, statements
from creditbank.people import members
from creditbank.people.members import Status
from creditbank.recognition import standings
from creditbank.schemes import scheme, spending

SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Held:
    """What a member has of an asset; ``owed`` is still to earn back."""

    asset: Asset
    available: int
    held: int
    owed: int

    @property
    def total(self) -> int:
        """Available and held together, as the statement counts."""
        return self.available + self.held


@dataclass(frozen=True, slots=True)
class Expiring:
    """Points whose last day is near; ``day`` is the first of them."""

    asset: Asset
    units: int
    day: date


def held(view: View, member_id: str) -> list[Held]:
    """Return what a member has of everything that can be spent, zeros included."""
    found = {one.asset: one for one in statements.balances(view, chart.member(member_id))}
    none = statements.Balance("", 0, 0, 0)
    return [
        Held(asset, of.available, of.held, of.owed)
        for code, asset in accounts.every_asset(view).items()
        if asset.kind is AssetKind.SPENDABLE
        for of in [found.get(code, none)]
    ]


def expiring(view: View, member_id: str, purse: Sequence[Held]) -> list[Expiring]:
    """Return what of a purse is lost within a month unless it is used, and the first day of it."""
    last = view.today + timedelta(days=SOON_DAYS)
    found = []
    for one in purse:
        lost = [
            lot
            for lot in (
                lots.lots(view, chart.member(member_id), one.asset.code) if one.available else ()
            )
            if lot.expires_on is not None and view.today <= lot.expires_on <= last
        ]
        if lost:
            first = min(lot.expires_on for lot in lost if lot.expires_on is not None)
            found.append(Expiring(one.asset, sum(lot.units for lot in lost), first))
    return found


def hindrance(
    view: View, member_id: str, purse: Sequence[Held]
) -> CreditbankError | tuple[str, str] | None:
    """Return why a member has nothing to pay with now: a refusal of the scheme, or words."""
    if members.find(view, member_id).status is Status.APPLIED:
        return (
            "您的加入申请正在审核，通过后就可以使用积分。",
            "Your wish to join is being looked at; points can be used once you are in.",
        )
    if not any(one.available and not one.owed for one in purse):
        owing = [one for one in purse if one.owed]
        if owing:
            zh = "、".join(f"{one.owed} {one.asset.name}" for one in owing)
            en = ", ".join(f"{one.owed} {one.asset.name}" for one in owing)
            return (
                f"有 {zh}尚待服务补回，补回之前不能使用。继续参加服务，新得的积分会先补上。",
                f"Still to earn back: {en}. What you earn next pays it; then you can spend again.",
            )
        return (
            "您现在没有可用的积分。参加一次服务，审核通过后积分就会到账。",
            "You have no points yet. Take part in a service: once it is approved they come in.",
        )
    rules = scheme.current(view)
    first = next(one.asset.code for one in purse if one.available and not one.owed)
    try:
        spending.require(
            view,
            member_id,
            rules,
            known_ages=spending.ages_asked(view, [member_id], rules),
            lifetime=lambda: standings.lifetime(view, member_id, first),
        )
    except CreditbankError as error:
        return error
    return None
