"""Donations: members and teams give to the fund, or directly to whoever is next in need.

The order is the scheme's, so nobody picks whom they favour, and the donor is not told who it was.
A direct donation passes over the donor and those close to them, and keeps the days of its lots;
what is in a fund does not expire. Teams may only donate what they earned, by their leader.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.units import Unit
from creditbank.core.values import Amount, Posting
from creditbank.exchange import giving, needy
from creditbank.exchange.errors import (
    DonationsOff,
    DonationTooLarge,
    NobodyInNeed,
    NotTeamLeader,
)
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, post
from creditbank.people import kin, teams
from creditbank.schemes import scheme
from creditbank.schemes.parameters import Scheme

FUND = "donations"


@dataclass(frozen=True, slots=True)
class Donated:
    """What was donated; to the fund, or to somebody in need who is not named."""

    transfer_id: str
    asset: str
    units: int
    to_fund: bool


@keyed
def to_fund(unit: Unit, *, member_id: str, asset: str, units: int, key: str) -> Donated:
    """Donate a member's points to the fund; the PIN was typed for this request.

    Raises:
        BadAmount: it is no whole number, or too many.
        AssetNotFound, MemberNotFound: this bank has none of this id.
        NotSpendable: it is an honour.
        DonationsOff: the scheme knows no donations.
        NotYours, MemberSuspended, ChildCannotGive: the member may not give.
        PinUnproven: the PIN was not typed for this request.
        InDebt: the member has something to earn back.
        InsufficientPoints: there is not enough available.
    """
    rules = _rules(unit)
    amount = giving.require_amount(unit, units, asset)
    giving.lock(unit, member_id)
    giving.refuse_child(unit, member_id, rules)
    giving.require_pin(unit, member_id, key)
    source, debt = giving.giver(member_id)
    return _to_fund(unit, source, amount, key=f"donation/{member_id}/{key}", debt=debt)


@keyed
def of_team(unit: Unit, *, team_id: str, asset: str, units: int, key: str) -> Donated:
    """Donate what a team earned to the fund, by its leader, whose PIN was typed for this request.

    Raises:
        BadAmount: it is no whole number, or too many.
        AssetNotFound, TeamNotFound: this bank has none of this id.
        NotSpendable: it is an honour.
        DonationsOff: the scheme knows no donations.
        NotTeamLeader: the actor does not lead the team.
        MemberSuspended: the leader may not act now.
        PinUnproven: the PIN was not typed for this request.
        InsufficientPoints: the team has not enough.
    """
    _rules(unit)
    amount = giving.require_amount(unit, units, asset)
    leader_id = unit.actor.member_id
    if leader_id is None or leader_id not in teams.find(unit, team_id).leader_ids:
        raise NotTeamLeader
    giving.lock(unit, leader_id)
    if leader_id not in teams.find(unit, team_id).leader_ids:
        raise NotTeamLeader
    giving.require_pin(unit, leader_id, key)
    return _to_fund(unit, chart.team(team_id), amount, key=f"donation/{leader_id}/{key}")


@keyed
def directly(unit: Unit, *, member_id: str, asset: str, units: int, key: str) -> Donated:
    """Donate to the next in need by the scheme's order; the PIN was typed for this request.

    Raises:
        BadAmount: it is no whole number, or too many.
        AssetNotFound, MemberNotFound: this bank has none of this id.
        NotSpendable: it is an honour.
        DonationsOff: the scheme knows no donations.
        DonationTooLarge: it is more than one person receives at a time.
        NobodyInNeed: there is nobody on the register to whom this member may give.
        NotYours, MemberSuspended, ChildCannotGive: the member may not give.
        PinUnproven: the PIN was not typed for this request.
        InDebt: the member has something to earn back.
        InsufficientPoints: there is not enough available.
    """
    rules = _rules(unit)
    amount = giving.require_amount(unit, units, asset)
    if units > rules.donation_units_most:
        raise DonationTooLarge(rules.donation_units_most)
    barred = kin.close_to(unit, (member_id,))
    order = needy.in_order(unit, rules.donation_order, asset)
    following = next((one for one in order if one not in barred), None)
    if following is None:
        raise NobodyInNeed
    giving.lock(unit, member_id, [following])
    giving.refuse_child(unit, member_id, rules)
    giving.require_pin(unit, member_id, key)
    source, debt = giving.giver(member_id)
    giving.require_funds(unit, source, amount, to=[chart.member(following)], debt=debt)
    postings = giving.by_lots(unit, source, chart.member(following), amount)
    done = _post(unit, f"donation/{member_id}/{key}", postings, amount)
    notices.tell(unit, following, "donation-received", link="/me/statement", units={asset: units})
    return Donated(done, asset, units, to_fund=False)


def _rules(unit: Unit) -> Scheme:
    rules = scheme.current(unit)
    if not rules.donations:
        raise DonationsOff
    return rules


def _to_fund(
    unit: Unit, source: str, amount: Amount, *, key: str, debt: str | None = None
) -> Donated:
    giving.require_funds(unit, source, amount, to=[chart.fund(FUND)], debt=debt)
    done = _post(unit, key, (Posting(source, chart.fund(FUND), amount),), amount)
    return Donated(done, amount.asset, amount.units, to_fund=True)


def _post(unit: Unit, key: str, postings: tuple[Posting, ...], amount: Amount) -> str:
    said = (amount.units, amount.asset)
    return post(unit, Draft(Kind.DONATE, key, unit.now, postings, said=said)).transfer_id
