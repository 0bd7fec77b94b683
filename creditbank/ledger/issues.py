"""Issues: points that are earned, and an approval that is withdrawn.

What a member earns pays what they still have to earn back first. A withdrawn approval takes back
what is there and books the rest as a debt; shops and receivers of gifts are never touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from creditbank.core.errors import InDebt
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount, AssetKind, Posting
from creditbank.ledger import chart
from creditbank.ledger.accounts import Locked, Place, every_asset, lock
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, Transfer, find, post, post_many
from creditbank.ledger.statements import owed


@dataclass(frozen=True, slots=True)
class Earned:
    """What one member is to receive; points brought in expire on ``expires_on`` (None: never)."""

    member_id: str
    amount: Amount
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes elsewhere than to a member: to a team, or to a fund."""

    address: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class Issue:
    """What several members, a team or a fund are to receive in one transfer, under its key."""

    earned: tuple[Earned, ...]
    key: str
    occurred_at: datetime
    refers_to: str
    period_id: str | None
    sent: tuple[Sent, ...] = ()


def issue(
    unit: Unit,
    *,
    earned: Sequence[Earned],
    key: str,
    occurred_at: datetime,
    refers_to: str,
    period_id: str | None,
    sent: Sequence[Sent] = (),
) -> Transfer:
    """Issue what members earned in one transfer; debts are paid first, under the same lock.

    ``sent`` is what members earned for a team, or above a cap for a fund; it pays no debts.

    Raises:
        KeyReused: the key was used for other content.
        AssetNotFound: the bank has no such asset.
    """
    one = Issue(tuple(earned), key, occurred_at, refers_to, period_id, tuple(sent))
    return issue_many(unit, [one])[0]


def issue_many(unit: Unit, several: Sequence[Issue]) -> list[Transfer]:
    """Issue what many earned, a transfer each, all or none: one set for prizes and welcomes.

    A debt that two of them could pay is paid by the first.

    Raises:
        KeyReused: a key was used for other content.
        AssetNotFound: the bank has no such asset.
    """
    if not several:
        return []
    kinds = {code: asset.kind for code, asset in every_asset(unit).items()}
    locked = lock(unit, {place for one in several for place in _places(one, kinds)})
    known = _recorded(unit, [one.key for one in several])
    paid: Counter[Place] = Counter()
    drafts = [_draft(one, locked, Counter() if one.key in known else paid) for one in several]
    return post_many(unit, drafts, held=locked)


def _recorded(view: View, keys: Sequence[str]) -> set[str]:
    """Return which keys are recorded: what these issue has paid its debts before."""
    if len(keys) == 1:
        return set()
    of = transfers.c
    rows = view.rows(select(of.key).where(of.bank_id == view.bank_id, of.key.in_(keys)))
    return {row.key for row in rows}


def _draft(one: Issue, locked: Mapping[Place, Locked], paid: Counter[Place]) -> Draft:
    """Return the transfer of an issue; ``paid`` is what those before it pay of debts."""
    drafted: list[Posting] = []
    for each in one.earned:
        asset, debt = each.amount.asset, chart.debt(each.member_id)
        back = _paid_back(locked, paid, each)
        if back:
            paid[debt, asset] += back
            drafted.append(Posting(chart.ISSUANCE, debt, Amount(back, asset)))
        if each.amount.units > back:
            rest = Amount(each.amount.units - back, asset)
            drafted.append(
                Posting(chart.ISSUANCE, chart.member(each.member_id), rest, each.expires_on)
            )
    drafted += [Posting(chart.ISSUANCE, part.address, part.amount) for part in one.sent]
    said: tuple[object, ...] = (
        *((each.member_id, each.amount.units, each.amount.asset) for each in one.earned),
        *((part.address, part.amount.units, part.amount.asset) for part in one.sent),
    )
    return Draft(
        Kind.ISSUE,
        one.key,
        one.occurred_at,
        tuple(drafted),
        one.refers_to,
        None,
        one.period_id,
        said,
    )


def _places(issue: Issue, kinds: Mapping[str, AssetKind]) -> set[Place]:
    places: set[Place] = set()
    for part in issue.sent:
        places |= {(chart.ISSUANCE, part.amount.asset), (part.address, part.amount.asset)}
    for one in issue.earned:
        asset = one.amount.asset
        places |= {(chart.ISSUANCE, asset), (chart.member(one.member_id), asset)}
        if kinds.get(asset) is AssetKind.SPENDABLE:
            places.add((chart.debt(one.member_id), asset))
    return places


def _paid_back(locked: Mapping[Place, Locked], paid: Counter[Place], one: Earned) -> int:
    """Return how much of this earning pays a debt that earlier ones leave open."""
    place = (chart.debt(one.member_id), one.amount.asset)
    if place not in locked:
        return 0
    return min(-(locked[place].balance or 0) - paid[place], one.amount.units)


def withdraw(
    unit: Unit, *, transfer_id: str, key: str, period_id: str | None, debtor_id: str | None = None
) -> Transfer:
    """Reverse an issue: what is available goes back, the rest becomes the member's debt.

    The total equals the original's. Points on hold stay on hold. What a team or a fund has given
    away meanwhile stays with who received it, and is the debt of ``debtor_id``, by whose service
    it had come in.

    Raises:
        TransferNotFound: this bank has none of this id.
        AlreadyReversed: it was withdrawn before.
    """
    first = find(unit, transfer_id)
    assert first.kind is Kind.ISSUE, "only an issue can be withdrawn"
    gained: dict[Place, int] = {}
    for one in first.postings:
        place = (chart.owner(one.destination), one.amount.asset)
        gained[place] = gained.get(place, 0) + one.amount.units
    kinds = {code: asset.kind for code, asset in every_asset(unit).items()}
    spendable = {place for place in gained if kinds[place[1]] is AssetKind.SPENDABLE}
    debts = {(_debt(address, debtor_id), asset) for address, asset in spendable}
    issuance = {(chart.ISSUANCE, asset) for _, asset in gained}
    locked = lock(unit, gained.keys() | debts | issuance)
    drafted: list[Posting] = []
    for (address, asset), units in gained.items():
        there = locked[address, asset].balance or 0
        back = min(units, max(there, 0)) if (address, asset) in spendable else units
        if back:
            drafted.append(Posting(address, chart.ISSUANCE, Amount(back, asset)))
        if units > back:
            rest = Amount(units - back, asset)
            drafted.append(Posting(_debt(address, debtor_id), chart.ISSUANCE, rest))
    return post(
        unit,
        Draft(
            Kind.REVERSE,
            key,
            first.occurred_at,
            tuple(drafted),
            first.refers_to,
            transfer_id,
            period_id,
            (),
        ),
        held=locked,
    )


def _debt(address: str, debtor_id: str | None) -> str:
    """Return where it is written down that what an address gained is no longer there."""
    if chart.is_members(address):
        return f"{address}/debt"
    assert debtor_id is not None, "what went to a team or a fund came by somebody's service"
    return chart.debt(debtor_id)


def refuse_debtor(view: View, member_id: str, asset: str) -> None:
    """Refuse to let a member spend who still has something to earn back.

    Raises:
        InDebt: there is a debt in this asset.
    """
    units = owed(view, member_id, asset)
    if units:
        raise InDebt(asset, units)
