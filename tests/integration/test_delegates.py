"""Delegates: somebody pays for a member, within a cap, in plain sight, until either ends it."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.people import delegates, members
from creditbank.people.delegates import DelegateState
from creditbank.people.errors import (
    DelegateEnded,
    DelegateExists,
    DelegateNotFound,
    DelegateSelf,
    DelegateTooNew,
    MemberNotFound,
    MemberSuspended,
    NotYours,
    OtherCommunity,
)
from merchants import checkout, codes, delegations, receipts, scans
from merchants.errors import CodeStopped, OwnCode, PinNeeded, PointsTooMany
from merchants.offers import Reason
from merchants.redemptions import State
from tests import web
from tests.books import made_up
from tests.merchant_builders import outcomes, till_actor
from tests.payers import OFFICE, Payers
from tests.web import Web


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Payers:
    """A shop with the offer of FACTS A."""
    return Payers(database, clock)


@pytest.fixture
def ann(street: Payers) -> str:
    """A member with points."""
    return street.member(1000)


@pytest.fixture
def son(street: Payers) -> str:
    """A member without points, whom Ann trusts."""
    return street.member(0)


def told(street: Payers, member_id: str) -> list[str]:
    """The kinds of a member's notices, in no order."""
    of = notices.notices
    rows = street.see(
        lambda view: view.rows(
            select(of.c.kind).where(of.c.bank_id == view.bank_id, of.c.member_id == member_id)
        )
    )
    return sorted(row.kind for row in rows)


def test_a_delegate_pays_with_the_points_of_another(street: Payers, ann: str, son: str) -> None:
    """The son shows a code on his phone; the points are Ann's, and she is told."""
    made = street.delegate(ann, son)
    assert (50, DelegateState.ACTIVE) == (made.points_day, made.state)
    paid = street.pay(street.delegated(son, ann), 3000)
    assert (3, True) == (paid.points, paid.by_delegate)
    assert (997, 0) == (street.balance(ann).available, street.balance(son).available)
    assert ["delegate-added", "delegate-paid"] == told(street, ann)
    assert ["delegate-of"] == told(street, son)
    for one in (ann, son):
        assert [made] == street.see(partial(delegates.listing, member_id=one))
    assert [] == street.faults()


def test_a_delegate_pays_within_their_cap(street: Payers, ann: str, son: str) -> None:
    """Over the cap nothing is usable; a void gives it back; the next day it starts over."""
    street.delegate(ann, son, 20)
    first = street.pay(street.delegated(son, ann), 100_000, points=15).redemption_id
    scanned = street.scan(street.delegated(son, ann), 100_000)
    assert 5 == scanned.points_most
    with pytest.raises(PointsTooMany):
        street.redeem(scanned.redemption_id, 6)
    assert 5 == street.redeem(scanned.redemption_id).points
    over = street.pay(street.delegated(son, ann), 100_000)
    assert (State.DECLINED, 0, Reason.OWN_LIMIT) == (over.state, over.points, over.reason)
    assert 20 == street.pay(street.code(ann), 100_000, points=20).points
    street.void(first)
    assert 15 == street.scan(street.delegated(son, ann), 100_000).points_most
    street.clock.advance(days=1)
    assert 20 == street.scan(street.delegated(son, ann), 100_000).points_most
    assert [] == street.faults()


def test_the_cap_holds_in_parallel_and_over_a_new_naming(
    street: Payers, ann: str, son: str
) -> None:
    """Neither many tills nor naming the same one again makes it more."""
    made = street.delegate(ann, son, 20)
    tills = [street.till() for _ in range(4)]
    opened = [
        street.scan(street.delegated(son, ann), 100_000, till_id=till_id).redemption_id
        for till_id in tills
    ]
    found = outcomes(
        [
            street.submit(
                till_id,
                partial(checkout.redeem, redemption_id=one, points=12, key=f"redeem-{till_id}"),
            )
            for till_id, one in zip(tills, opened, strict=True)
        ]
    )
    assert 3 == found.count(PointsTooMany)
    street.end_delegate(made.delegation_id, ann)
    street.delegate(ann, son, 20)
    assert 8 == street.scan(street.delegated(son, ann), 100_000).points_most
    assert 988 == street.balance(ann).available
    assert [] == street.faults()


@pytest.mark.parametrize("who", ["member", "delegate", "office"])
def test_an_ended_delegate_pays_nothing(street: Payers, ann: str, son: str, who: str) -> None:
    """Either of the two or the office ends it: codes are dead, scans cancelled, 0 points."""
    made = street.delegate(ann, son)
    scanned = street.scan(street.delegated(son, ann), 3000).redemption_id
    code, own = street.delegated(son, ann), street.code(ann)
    if who == "office":
        street.at_office(
            lambda unit: delegations.revoke(
                unit, member_id=ann, delegation_id=made.delegation_id, key="k" * 16
            )
        )
    else:
        street.end_delegate(made.delegation_id, ann if who == "member" else son)
    with pytest.raises(CodeStopped):
        street.scan(code, 3000)
    with pytest.raises(StateConflict):
        street.redeem(scanned)
    with pytest.raises(DelegateEnded):
        street.delegated(son, ann)
    assert 1000 == street.balance(ann).available
    assert 3 == street.pay(own, 3000).points
    assert "delegate-ended" in told(street, ann)
    assert "delegate-ended" in told(street, son)
    again = street.end_delegate(made.delegation_id, ann)
    assert DelegateState.ENDED == again.state


def test_a_suspended_delegate_pays_nothing(street: Payers, ann: str, son: str) -> None:
    """What was shown or scanned before is worth nothing while the delegate is suspended."""
    street.delegate(ann, son)
    scanned = street.scan(street.delegated(son, ann), 3000).redemption_id
    code = street.delegated(son, ann)
    street.do(lambda unit: members.suspend(unit, member_id=son, key="suspend-the-son-1"))
    with pytest.raises(MemberSuspended):
        street.redeem(scanned)
    with pytest.raises(MemberSuspended):
        street.scan(code, 3000)
    assert 1000 == street.balance(ann).available


def test_the_member_sees_which_delegate_paid(street: Payers, ann: str, son: str) -> None:
    """The shop sees that it was a delegate, the member sees who."""
    street.delegate(ann, son)
    one = street.pay(street.delegated(son, ann), 3000).redemption_id
    assert (True, None) == (street.receipt(one).by_delegate, street.receipt(one).delegate_id)
    seen = street.see(lambda view: receipts.receipt(view, one, member_id=ann))
    assert son == seen.delegate_id


def test_an_end_races_with_a_payment(street: Payers, ann: str, son: str) -> None:
    """Whichever is first settles it; after the end no point is taken."""
    for n in range(4):
        made = street.delegate(ann, son)
        scanned = street.scan(street.delegated(son, ann), 3000).redemption_id
        before = street.balance(ann).available
        pay = street.submit(
            street.till_id,
            partial(checkout.redeem, redemption_id=scanned, key=f"redeem-in-a-race-{n}"),
        )
        end = street.database.writer.submit(
            street.bank_id,
            Actor(ann, "member", ann),
            partial(
                delegations.revoke,
                member_id=ann,
                delegation_id=made.delegation_id,
                key=f"ending-in-a-race-{n}",
            ),
        )
        assert DelegateState.ENDED == outcomes([pay, end])[1].state
        state, after = street.receipt(scanned).state, street.balance(ann).available
        assert (state, before - after) in {(State.PAID, 3), (State.CANCELLED, 0)}
    assert [] == street.faults()


def test_above_the_limits_the_delegates_own_pin_is_wanted(
    street: Payers, ann: str, son: str
) -> None:
    """Whoever shows the code confirms it on the phone in their hand."""
    street.delegate(ann, son, 80)
    with pytest.raises(PinNeeded) as caught:
        street.pay(street.delegated(son, ann), 100_000, points=60)
    one = caught.value.redemption_id
    assert [] == street.waiting(ann)
    assert [ann] == [request.member_id for request in street.waiting(son)]
    street.confirm(son, one, 60)
    assert 60 == street.redeem(one, 60).points
    assert [] == street.faults()


def test_a_delegate_named_on_a_new_device_waits_a_day(street: Payers, ann: str, son: str) -> None:
    """Whoever took over a phone cannot send somebody at once; the member hears of it."""
    street.device(ann)
    street.clock.advance(hours=1)
    made = street.delegate(ann, son, via=street.device(ann))
    assert timedelta(hours=24) == made.pays_from - street.clock.now()
    with pytest.raises(DelegateTooNew):
        street.delegated(son, ann)
    assert "delegate-added" in told(street, ann)
    street.clock.advance(hours=24)
    assert 3 == street.pay(street.delegated(son, ann), 3000).points


def test_the_office_names_a_delegate_for_a_member(street: Payers, ann: str, son: str) -> None:
    """Within its communities, and never the one who sits there, nor the same person."""

    def name(actor: Actor, delegate_id: str = son) -> delegates.Delegation:
        key = street.name()
        return street.at_office(
            lambda unit: delegations.name(
                unit, member_id=ann, delegate_member_id=delegate_id, points_day=10, key=key
            ),
            actor,
        )

    with pytest.raises(OtherCommunity):
        name(Actor("stf_far", "organiser", communities=("com_elsewhere",)))
    clerk, twin = street.member(0), street.member(0)
    street.documented(clerk, twin)
    for barred in (clerk, twin):
        with pytest.raises(DelegateSelf):
            name(Actor("stf_clerk", "organiser", clerk), barred)
    assert son == name(OFFICE).delegate_member_id


def test_nobody_names_what_is_not_theirs(street: Payers, ann: str, son: str) -> None:
    """Not for another, oneself, a stranger or the suspended, not twice, not above the bound."""
    key = street.name()
    with pytest.raises(NotYours):
        street.as_member(
            son,
            lambda unit: delegations.name(
                unit, member_id=ann, delegate_member_id=son, points_day=10, key=key
            ),
        )
    twin, gone = street.member(0), street.member(0)
    street.documented(ann, twin)
    for barred in (ann, twin):
        with pytest.raises(DelegateSelf):
            street.delegate(ann, barred)
    for points_day in (0, -1, 101):
        with pytest.raises(BadField):
            street.delegate(ann, son, points_day)
    with pytest.raises(MemberNotFound):
        street.delegate(ann, made_up("mem", 9))
    street.do(lambda unit: members.suspend(unit, member_id=gone, key="suspend-a-member"))
    with pytest.raises(MemberSuspended):
        street.delegate(ann, gone)
    made = street.delegate(ann, son)
    with pytest.raises(DelegateExists):
        street.delegate(ann, son, 60)
    with pytest.raises(DelegateNotFound):
        street.end_delegate(made.delegation_id, street.member(0))


def test_nobody_shows_a_code_for_a_stranger(street: Payers, ann: str, son: str) -> None:
    """Without a delegation there is no code, and staff get none."""
    with pytest.raises(DelegateEnded):
        street.delegated(son, ann)
    street.delegate(ann, son)
    with pytest.raises(DelegateEnded):
        street.delegated(ann, son)
    with pytest.raises(NotYours):
        street.do(lambda unit: codes.issue_delegated(unit, member_id=ann, key="k" * 16))
    street.do(lambda unit: members.suspend(unit, member_id=son, key="suspend-the-son-1"))
    with pytest.raises(MemberSuspended):
        street.delegated(son, ann)


def test_codes_of_member_and_delegate_do_not_meddle(street: Payers, ann: str, son: str) -> None:
    """Each has live codes of their own; a scan of one leaves the other's alone."""
    street.delegate(ann, son)
    own = street.code(ann)
    shown = street.delegated(son, ann)
    street.clock.advance(seconds=30)
    assert len({own, shown, street.delegated(son, ann)}) == 3
    assert 3 == street.scan(shown, 3000).points_most
    assert 3 == street.scan(own, 3000).points_most


def test_a_cashier_who_is_member_or_delegate_takes_nothing(
    street: Payers, ann: str, son: str
) -> None:
    """Law 7: the same person by row or by document number, at scan, refund and void."""
    street.delegate(ann, son)
    twin = street.member(0)
    street.documented(son, twin)
    for cashier in (ann, son, twin):
        code, key = street.delegated(son, ann), street.name()
        with pytest.raises(OwnCode):
            street.database.write(
                street.bank_id,
                till_actor(street.till_id, cashier),
                partial(scans.scan, code=code, cart_fen=3000, key=key),
            )
    paid = street.pay(street.delegated(son, ann), 3000).redemption_id
    for actor in (till_actor(street.till_id, twin), Actor(son, "treasurer")):
        with pytest.raises(OwnCode):
            street.void(paid, actor)
    assert 997 == street.balance(ann).available


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def test_a_delegate_over_the_api(api: Web) -> None:
    """Named, listed with masked names on both sides, a code shown and drawn, paid, ended."""
    ann, ann_token = api.earned(200)
    son, son_token = api.member("李小明")
    path = f"/members/{ann}/delegates"
    body = {"delegate_member_id": son, "points_day": 5}
    made = api.made(path, ann_token, body)
    assert ("李*", 5, "active") == (made["delegate_name"], made["points_day"], made["state"])
    for place, token in ((path, ann_token), (f"/members/{son}/delegates", son_token)):
        assert [made] == api.get(place, token).json()["items"]
    assert [made] == api.get(path, api.organiser).json()["items"]
    assert 404 == api.get(path, son_token).status_code
    assert 404 == api.post(path, son_token, body).status_code

    codes_path = f"/members/{ann}/delegated-pay-codes"
    shown = api.made(codes_path, son_token)
    drawn = f"{codes_path}/{shown['pay_code_id']}.svg"
    assert (200, 404) == (
        api.get(drawn, son_token).status_code,
        api.get(drawn, ann_token).status_code,
    )
    assert (
        404
        == api.get(f"/members/{ann}/pay-codes/{shown['pay_code_id']}.svg", ann_token).status_code
    )
    _, _, till = api.shop()
    receipt = api.made("/scan-and-redeem", till, {"code": shown["digits"], "cart_fen": 9000})
    assert (5, True) == (receipt["points"], receipt["by_delegate"])
    revoke = f"/members/{son}/delegates/{made['delegation_id']}/revoke"
    assert "ended" == api.made(revoke, son_token)["state"]
    refused = api.post(codes_path, son_token)
    assert (409, "delegate-ended") == (
        refused.status_code,
        refused.json()["type"].rsplit("/")[-1],
    )
    assert 201 == api.post(path, api.organiser, body).status_code
