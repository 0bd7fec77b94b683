"""Hand-outs: what the office gives from a fund to people in need, by two people (law 7).

The first proposes how many receive how much; who they are is by the scheme's order. The second
confirms, and then the points move in one transfer, with the validity of points that come in that
day. Nobody has a say who would benefit, or is close to who would. A proposal that nobody confirms
lapses. Funds are the one that members donate to, and any that caps overflow into.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Row, insert, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount, Posting, whole_units
from creditbank.exchange import giving, needy
from creditbank.exchange.errors import (
    DonationTooLarge,
    HandoutNotFound,
    HandoutStale,
    NobodyInNeed,
    OtherPersonNeeded,
    OwnBenefit,
)
from creditbank.exchange.states import HANDOUT, HandoutState
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, post
from creditbank.people import kin, members, trail
from creditbank.schemes import rewards, scheme

PEOPLE_MOST = 100
LAPSES_AFTER = timedelta(days=30)


class HandoutRow(OfBank, table=True):
    """One hand-out from a fund; who receives stands in `handout_share`."""

    __tablename__ = "handout"
    __table_args__ = (
        within_bank(["asset_code"], "asset", ["code"]),
        within_bank(["transfer_id"], "transfer", ["transfer_id"]),
        CheckConstraint("units_each > 0", name="units"),
        Index("ix_handout_state", "bank_id", "state", "ends_at"),
    )

    handout_id: str = Field(primary_key=True, max_length=40)
    fund: str = Field(max_length=80)
    asset_code: str = Field(max_length=16)
    units_each: int = Field(sa_type=BigInteger)
    state: str = Field(max_length=16)
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    proposed_by: str = Field(max_length=64)
    proposed_by_member: str | None = Field(max_length=40)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(sa_type=UtcDateTime)
    decided_by: str | None = Field(max_length=64)
    transfer_id: str | None = Field(max_length=40)


class HandoutShareRow(OfBank, table=True):
    """One member who receives of a hand-out."""

    __tablename__ = "handout_share"
    __table_args__ = (
        within_bank(["handout_id"], "handout", ["handout_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_handout_share_member", "bank_id", "member_id"),
    )

    handout_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(primary_key=True, max_length=40)


handouts = table(HandoutRow)
shares = table(HandoutShareRow)


@dataclass(frozen=True, slots=True)
class Handout:
    """Where a hand-out stands, and who receives ``units_each``."""

    handout_id: str
    fund: str
    asset: str
    units_each: int
    member_ids: tuple[str, ...]
    state: HandoutState
    proposed_at: datetime
    ends_at: datetime
    decided_at: datetime | None
    transfer_id: str | None


@keyed
def propose(
    unit: Unit,
    *,
    fund: str,
    asset: str,
    units_each: int,
    people: int,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Handout:
    """Propose that the next so many people in need receive so much each.

    Raises:
        BadAmount: the units are no whole number, or too many.
        BadField: so many people are not handed out to at once.
        AssetNotFound: the bank has no such asset.
        NotSpendable: it is an honour.
        DonationTooLarge: it is more than one person receives at a time.
        NobodyInNeed: there is nobody on the register.
        OwnBenefit: the actor would receive, or is close to somebody who would.
    """
    rules = scheme.current(unit)
    giving.require_amount(unit, units_each, asset)
    whole_units(people)
    if people > PEOPLE_MOST:
        raise BadField("people", f"1–{PEOPLE_MOST}")
    if units_each > rules.donation_units_most:
        raise DonationTooLarge(rules.donation_units_most)
    chosen = needy.in_order(unit, rules.donation_order, asset)[:people]
    if not chosen:
        raise NobodyInNeed
    _require_apart(unit, chosen)
    handout_id = unit.new_id("hdo")
    unit.run(
        insert(handouts),
        {
            "bank_id": unit.bank_id,
            "handout_id": handout_id,
            "fund": fund,
            "asset_code": asset,
            "units_each": units_each,
            "state": HandoutState.PROPOSED,
            "proposed_at": unit.now,
            "proposed_by": unit.actor.id,
            "proposed_by_member": unit.actor.member_id,
            "ends_at": unit.now + LAPSES_AFTER,
            "decided_at": None,
            "decided_by": None,
            "transfer_id": None,
        },
    )
    share = {"bank_id": unit.bank_id, "handout_id": handout_id}
    unit.run(insert(shares), [share | {"member_id": one} for one in chosen])
    trail.record(unit, "handout.proposed", handout_id)
    return find(unit, handout_id)


@keyed
def confirm(unit: Unit, *, handout_id: str, key: str) -> Handout:  # noqa: ARG001
    """Confirm a hand-out as the second person; the points move.

    Raises:
        HandoutNotFound: this bank has none of this id.
        OtherPersonNeeded: the actor proposed it, or is close to who did.
        OwnBenefit: the actor would receive, or is close to somebody who would.
        StateConflict: it was decided, or has lapsed.
        HandoutStale: somebody of it is not in need any more, or has left.
        InsufficientPoints: the fund has not enough.
    """
    row = _row(unit, handout_id)
    seen = find(unit, handout_id)
    if kin.of_actor(unit, unit.actor) & kin.close_to(
        unit, (row.proposed_by, row.proposed_by_member)
    ):
        raise OtherPersonNeeded
    _require_apart(unit, seen.member_ids)
    members.lock(unit, seen.member_ids)
    one = _lock(unit, handout_id)
    if one.state is HandoutState.PROPOSED and unit.now >= one.ends_at:
        raise HANDOUT.conflict(HandoutState.LAPSED, "confirm")
    state = HandoutState(HANDOUT.after(one.state, "confirm"))
    rules = scheme.current(unit)
    in_need = needy.in_order(unit, rules.donation_order, one.asset)
    if not set(one.member_ids) <= set(in_need):
        raise HandoutStale
    until = rewards.expires_on(unit.today, rules.of_asset(one.asset).validity_months)
    amount = Amount(one.units_each, one.asset)
    postings = tuple(
        Posting(chart.fund(one.fund), chart.member(member_id), amount, until)
        for member_id in one.member_ids
    )
    key_of = f"handout/{handout_id}"
    done = post(unit, Draft(Kind.DONATE, key_of, unit.now, postings, handout_id))
    _decide(unit, handout_id, state, transfer_id=done.transfer_id)
    units = {one.asset: one.units_each}
    notices.tell_all(unit, one.member_ids, "donation-received", link="/me/statement", units=units)
    trail.record(unit, "handout.confirmed", handout_id)
    return find(unit, handout_id)


@keyed
def withdraw(unit: Unit, *, handout_id: str, key: str) -> Handout:  # noqa: ARG001
    """Withdraw a hand-out that is not confirmed yet.

    Raises:
        HandoutNotFound: this bank has none of this id.
        StateConflict: it was decided, or has lapsed.
    """
    one = _lock(unit, handout_id)
    _decide(unit, handout_id, HandoutState(HANDOUT.after(one.state, "withdraw")))
    trail.record(unit, "handout.withdrawn", handout_id)
    return find(unit, handout_id)


def lapse_due(unit: Unit, limit: int) -> int:
    """Let the next hand-outs lapse that nobody confirmed in time; return how many did."""
    rows = unit.rows(
        select(handouts.c.handout_id, handouts.c.state)
        .where(
            handouts.c.bank_id == unit.bank_id,
            handouts.c.state == HandoutState.PROPOSED,
            handouts.c.ends_at <= unit.now,
        )
        .order_by(handouts.c.handout_id)
        .limit(limit)
        .with_for_update(key_share=True)
    )
    for row in rows:
        _decide(unit, row.handout_id, HandoutState(HANDOUT.after(row.state, "lapse")))
    return len(rows)


def any_due(view: View) -> bool:
    """Tell whether a hand-out is to lapse."""
    of = handouts.c
    query = select(of.handout_id).where(
        of.bank_id == view.bank_id, of.state == HandoutState.PROPOSED, of.ends_at <= view.now
    )
    return view.row(query.limit(1)) is not None


def _require_apart(unit: Unit, member_ids: tuple[str, ...] | list[str]) -> None:
    if kin.of_actor(unit, unit.actor) & set(member_ids):
        raise OwnBenefit


def _decide(
    unit: Unit, handout_id: str, state: HandoutState, transfer_id: str | None = None
) -> None:
    unit.run(
        update(handouts)
        .where(handouts.c.bank_id == unit.bank_id, handouts.c.handout_id == handout_id)
        .values(state=state, decided_at=unit.now, decided_by=unit.actor.id, transfer_id=transfer_id)
    )


def _lock(unit: Unit, handout_id: str) -> Handout:
    return _handout(unit, _row(unit, handout_id, lock=True))


def find(view: View, handout_id: str) -> Handout:
    """Return a hand-out.

    Raises:
        HandoutNotFound: this bank has none of this id.
    """
    return _handout(view, _row(view, handout_id))


def listing(view: View, limit: int = 100) -> list[Handout]:
    """Return the latest hand-outs, the latest first."""
    rows = view.rows(
        select(handouts)
        .where(handouts.c.bank_id == view.bank_id)
        .order_by(handouts.c.proposed_at.desc(), handouts.c.handout_id.desc())
        .limit(limit)
    )
    return [_handout(view, row) for row in rows]


def _row(view: View, handout_id: str, *, lock: bool = False) -> Row[Any]:
    query = select(handouts).where(
        handouts.c.bank_id == view.bank_id, handouts.c.handout_id == handout_id
    )
    row = view.row(query.with_for_update(key_share=True) if lock else query)
    if row is None:
        raise HandoutNotFound(handout_id)
    return row


def _handout(view: View, row: Row[Any]) -> Handout:
    theirs = view.rows(
        select(shares.c.member_id)
        .where(shares.c.bank_id == view.bank_id, shares.c.handout_id == row.handout_id)
        .order_by(shares.c.member_id)
    )
    return Handout(
        row.handout_id,
        row.fund,
        row.asset_code,
        row.units_each,
        tuple(one.member_id for one in theirs),
        HandoutState(row.state),
        row.proposed_at,
        row.ends_at,
        row.decided_at,
        row.transfer_id,
    )
