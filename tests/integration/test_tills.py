"""Tills and partners: who may take points, and the lock after too many wrong codes."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import AssetNotFound, BadField, CreditbankError, NotSpendable
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.people.errors import CommunityNotFound
from merchants import code_digits, offer_book, partners, scans, tills
from merchants.errors import (
    CodeScrambled,
    CodeUnknown,
    MerchantNotFound,
    MerchantSuspended,
    OfferInvalid,
    OfferNotFound,
    OfferUnclear,
    TillLocked,
    TillNotFound,
    TillSuspended,
)
from merchants.partners import MerchantState
from merchants.redemptions import State
from merchants.scans import Scanned
from tests.books import POINTS, STARS, made_up
from tests.merchant_builders import ITEM, STEP, Street, outcomes, step

STRANGE = code_digits.complete("000000000000000")


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop with the offer of FACTS A."""
    return Street(database, clock)


def wrong(street: Street, times: int, code: str = STRANGE) -> list[type[CreditbankError]]:
    """What so many wrong codes were answered with."""
    found = []
    for _ in range(times):
        with pytest.raises(CreditbankError) as caught:
            street.scan(code)
        found.append(caught.type)
    return found


def test_ten_wrong_codes_lock_the_till(street: Street) -> None:
    """Unknown, scrambled and foreign codes count; the eleventh finds the till locked."""
    ann = street.member()
    wrong(street, 3)
    wrong(street, 3, "7")
    wrong(street, 4, "134567890123456789")
    assert [TillLocked] == wrong(street, 1)
    code = street.code(ann)
    with pytest.raises(TillLocked):
        street.scan(code)
    assert 3 == street.scan(code, till_id=street.till()).points_most
    street.clock.advance(seconds=1799)
    assert [TillLocked] == wrong(street, 1)
    street.clock.advance(seconds=1)
    assert 3 == street.scan(street.code(ann)).points_most


def test_nine_wrong_codes_and_a_good_one_do_not_lock(street: Street) -> None:
    """Below the limit the till goes on."""
    ann = street.member()
    wrong(street, 9)
    assert 3 == street.scan(street.code(ann)).points_most
    assert [CodeUnknown, TillLocked] == wrong(street, 2)


def test_wrong_codes_are_forgotten_after_ten_minutes(street: Street) -> None:
    """Only wrong codes of the last ten minutes count, wherever the ten minutes begin."""
    for _ in range(12):
        wrong(street, 1)
        street.clock.advance(seconds=67)
    assert [CodeUnknown, CodeUnknown, TillLocked] == wrong(street, 3)


def test_the_owner_unlocks(street: Street) -> None:
    """An unlocked till scans at once and counts from zero."""
    wrong(street, 10)
    street.do(lambda unit: tills.unlock(unit, till_id=street.till_id, key="unlock-0000000001"))
    assert [CodeUnknown] * 10 == wrong(street, 10)
    assert [TillLocked] == wrong(street, 1)


def test_a_wrong_code_is_counted_once_per_request(street: Street) -> None:
    """The same request again gives the first refusal and counts nothing."""
    for _ in range(20):
        with pytest.raises(CodeScrambled):
            street.scan("7", key="the-same-request-1")
    assert [CodeUnknown] == wrong(street, 1)


def test_a_parallel_burst_counts_exactly(street: Street) -> None:
    """Of thirty wrong codes at once ten are answered as wrong and twenty find the lock."""

    def one(key: str) -> Future[Scanned]:
        return street.submit(
            street.till_id, lambda unit: scans.scan(unit, code="7", cart_fen=3000, key=key)
        )

    found = outcomes([one(street.name()) for _ in range(30)])
    assert (10, 20) == (found.count(CodeScrambled), found.count(TillLocked))


def test_the_limit_is_the_schemes(street: Street) -> None:
    """Another programme locks sooner."""
    street.rules(wrong_codes_most=2, till_lock_s=60)
    assert [CodeUnknown, CodeUnknown, TillLocked] == wrong(street, 3)
    street.clock.advance(seconds=60)
    assert [CodeUnknown] == wrong(street, 1)


def test_suspended_tills_and_merchants_take_nothing(street: Street) -> None:
    """A suspended till or merchant refuses; reinstated it goes on, and the code was not burned."""
    ann = street.member()
    code = street.code(ann)
    till_id, shop_id = street.till_id, street.shop_id
    street.do(lambda unit: tills.suspend(unit, till_id=till_id, key="k" * 16))
    with pytest.raises(TillSuspended):
        street.pay(code)
    street.do(lambda unit: tills.reinstate(unit, till_id=till_id, key="k" * 16))
    street.do(lambda unit: partners.suspend(unit, merchant_id=shop_id, key="k" * 16))
    with pytest.raises(MerchantSuspended):
        street.pay(code)
    with pytest.raises(StateConflict):
        street.do(lambda unit: partners.suspend(unit, merchant_id=shop_id, key="l" * 16))
    state = street.do(lambda unit: partners.reinstate(unit, merchant_id=shop_id, key="k" * 16))
    assert MerchantState.ACTIVE == state
    assert 3 == street.pay(code).points


def test_a_till_that_is_suspended_in_between_takes_nothing(street: Street) -> None:
    """What was scanned before is not paid at a till that was taken out of use."""
    redemption_id = street.scanned(street.member())
    street.do(lambda unit: tills.suspend(unit, till_id=street.till_id, key="k" * 16))
    with pytest.raises(TillSuspended):
        street.redeem(redemption_id)
    assert 0 == street.taken()


def test_a_suspended_till_gives_and_takes_nothing_back(street: Street) -> None:
    """It refunds, voids and captures nothing, nor does one of a suspended shop; it may cancel."""
    ann = street.member()
    paid, held = street.pay(street.code(ann)).redemption_id, street.scanned(ann)
    street.authorise(held)
    verbs: list[Callable[[str], object]] = [street.refund, street.void]
    tries = [partial(verb, paid) for verb in verbs] + [partial(street.capture, held)]
    street.do(lambda unit: tills.suspend(unit, till_id=street.till_id, key="k" * 16))
    for one in tries:
        with pytest.raises(TillSuspended):
            one()
    street.do(lambda unit: tills.reinstate(unit, till_id=street.till_id, key="k" * 16))
    street.do(lambda unit: partners.suspend(unit, merchant_id=street.shop_id, key="k" * 16))
    for one in tries:
        with pytest.raises(MerchantSuspended):
            one()
    assert (94, 3, 0) == street.holding(ann)
    assert State.VOIDED == street.cancel_scanned(held).state
    assert 3 == street.void(paid, Actor("stf_treasurer", "treasurer")).points
    assert (100, 0, 0) == street.holding(ann)


def test_what_does_not_exist_is_named(street: Street, clock: ManualClock) -> None:
    """Tills, merchants, offers and communities of nowhere, or of another bank, are not found."""
    code = street.code(street.member())
    elsewhere = Street(street.database, clock, slug="other")
    for till_id in (made_up("til", 1), "stf_nobody", elsewhere.till_id):
        with pytest.raises(TillNotFound):
            street.scan(code, till_id=till_id)
    for offer_id in (made_up("ofr", 1), elsewhere.offer_id, "", "x" * 300):
        with pytest.raises(OfferNotFound):
            street.scan(code, offer_id=offer_id)
    with pytest.raises(MerchantNotFound):
        street.till(elsewhere.shop_id)
    with pytest.raises(MerchantNotFound):
        street.adopt(STEP, elsewhere.shop_id)
    with pytest.raises(CommunityNotFound):
        street.do(
            lambda unit: partners.register(
                unit,
                name="x",
                trade="x",
                asset=POINTS,
                community_id=elsewhere.community_id,
                key="k" * 16,
            )
        )
    assert 3 == street.scan(code).points_most


def test_a_merchant_takes_spendable_points_only(street: Street) -> None:
    """Honour assets are not for shops, and an asset must exist."""
    with pytest.raises(NotSpendable):
        street.shop(STARS)
    with pytest.raises(AssetNotFound):
        street.shop("NONE")
    with pytest.raises(BadField):
        street.do(
            lambda unit: partners.register(unit, name=" ", trade="x", asset=POINTS, key="k" * 16)
        )
    assert [street.shop_id] == [one.merchant_id for one in street.see(partners.listing)]


def test_a_bad_offer_is_not_adopted(street: Street) -> None:
    """A file with a fault leaves the book as it was."""
    with pytest.raises(OfferInvalid) as caught:
        street.adopt(step(stock=3))
    assert "stock" == caught.value.parameter
    book = street.see(lambda view: offer_book.in_force(view, street.shop_id, view.today))
    assert [street.offer_id] == [one.offer_id for one in book]


def test_the_till_names_one_of_several_offers(street: Street) -> None:
    """Bill and offer must say together what is meant; nothing is burned while they don't."""
    umbrella = street.adopt(ITEM)
    code = street.code(street.member())
    with pytest.raises(OfferUnclear) as caught:
        street.scan(code, None)
    assert {street.offer_id, umbrella} == set(caught.value.offers)
    with pytest.raises(BadField):
        street.scan(code, 3000, offer_id=umbrella)
    second = street.adopt(step(most_per_order=9))
    with pytest.raises(OfferUnclear):
        street.scan(code, 3000)
    assert second == street.scan(code, 3000, offer_id=second).offer_id


def test_a_withdrawn_offer_is_made_to_nobody(street: Street) -> None:
    """New scans don't find it; what was scanned before is still paid."""
    ann = street.member()
    redemption_id = street.scanned(ann)
    offer_id = street.offer_id
    street.do(lambda unit: offer_book.withdraw(unit, offer_id=offer_id, key="k" * 16))
    assert 3 == street.redeem(redemption_id).points
    with pytest.raises(OfferNotFound):
        street.scan(street.code(ann))
