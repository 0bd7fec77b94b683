"""Cashiers: kept by the owner, signed in by PIN; who took points is a person, not a till."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial

import pytest
from sqlalchemy import update

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError
from creditbank.core.units import Actor, Declined, Unit
from creditbank.identity.passwords import Checked
from creditbank.identity.roles import Role
from creditbank.people import members
from creditbank.people.errors import MemberNotFound
from merchants import cashiers, checkout, redemptions, refunds, tills, turns
from merchants.cashiers import CashierState
from merchants.errors import MerchantNotFound, OwnCode, RefundForbidden
from merchants.receipts import Receipt
from merchants.till_errors import (
    CashierLocked,
    CashierNeeded,
    CashierNotFound,
    CashierPinWrong,
)
from tests.books import made_up
from tests.merchant_builders import Street, outcomes, till_actor
from tests.web import Web, new_key, opened

HASH, PIN, WRONG = "argon2-of-the-pin", "135790", "000000"


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """The API of a bank."""
    with opened(database, clock) as one:
        yield one


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop with a till."""
    return Street(database, clock)


def hire(
    street: Street,
    member_id: str | None = None,
    *,
    merchant_id: str | None = None,
    owner: Actor | None = None,
) -> str:
    """Take a cashier on."""
    named, of = street.name(), merchant_id or street.shop_id
    return street.database.write(
        street.bank_id,
        owner or Actor("stf_owner", "shop_owner", None, merchants=(of,)),
        lambda unit: cashiers.add(
            unit,
            merchant_id=of,
            name="王小丽",
            pin=PIN,
            pin_hash=HASH,
            member_id=member_id,
            key=named,
        ),
    )


def sign_in(
    street: Street, cashier_id: str, *, right: bool = True, till_id: str | None = None
) -> turns.Turn:
    """Begin a turn; ``right`` is what the edge found the PIN to be."""
    named = street.name()
    return street.by(
        till_id or street.till_id,
        lambda unit: turns.sign_in(
            unit, cashier_id=cashier_id, pin=PIN, checked=Checked(HASH, right), key=named
        ),
    )


def refused(act: Callable[[], object]) -> type[CreditbankError]:
    """What an act is refused with."""
    with pytest.raises(CreditbankError) as caught:
        act()
    return caught.type


def refund(street: Street, redemption_id: str, points: int, actor: Actor) -> refunds.Refunded:
    """Give points back, as somebody."""
    named = street.name()
    return street.database.write(
        street.bank_id,
        actor,
        lambda unit: refunds.refund(unit, redemption_id=redemption_id, points=points, key=named),
    )


def pay_30(unit: Unit, code: str) -> Receipt | Declined:
    """Take 30 points at the till that acts."""
    return checkout.scan_and_redeem(unit, code=code, cart_fen=30_000, key="pay-request-00001")


def same_document(street: Street) -> tuple[str, str]:
    """One person with two rows."""
    made = []
    for _ in range(2):
        named = street.name()
        made.append(
            street.do(
                lambda unit, named=named: members.register(
                    unit,
                    name="李四",
                    community_id=street.community_id,
                    document="110101199001011234",
                    key=named,
                )
            ).member_id
        )
    return made[0], made[1]


def test_a_shop_without_cashiers_works_as_before(street: Street) -> None:
    """Nobody need sign in where nobody is kept."""
    assert 3 == street.pay(street.code(street.member())).points


def test_taking_and_giving_back_needs_a_turn(street: Street) -> None:
    """With cashiers a till does nothing to points until one signs in; other shops go on."""
    ann = street.member()
    paid, scanned = street.pay(street.code(ann)).redemption_id, street.scanned(ann)
    held = street.scanned(ann)
    street.authorise(held)
    cashier = hire(street)
    code = street.code(ann)
    acts = [
        partial(street.scan, code),
        partial(street.pay, code),
        partial(street.redeem, scanned),
        partial(street.authorise, scanned),
        partial(street.capture, held),
        partial(street.void, held),
        partial(street.void, paid),
        partial(street.refund, paid, 1),
    ]
    assert [CashierNeeded] * len(acts) == [refused(act) for act in acts]
    sign_in(street, cashier)
    assert 3 == street.redeem(scanned).points
    assert 1 == street.refund(paid, 1).points
    assert 3 == street.capture(held).points
    named = street.name()
    street.by(street.till_id, lambda unit: turns.sign_out(unit, key=named))
    assert CashierNeeded is refused(partial(street.scan, code))


def test_a_turn_ends_by_itself_after_twelve_hours(street: Street) -> None:
    """One second earlier it still holds."""
    ann, cashier = street.member(), hire(street)
    until = sign_in(street, cashier).until
    street.clock.advance(seconds=12 * 3600 - 1)
    assert 3 == street.pay(street.code(ann)).points
    street.clock.advance(seconds=1)
    assert until == street.clock.now()
    assert CashierNeeded is refused(lambda: street.pay(street.code(ann)))


def test_a_till_has_one_turn_and_the_redemption_its_cashier(street: Street) -> None:
    """Who signs in signs the other out; each payment records who took it."""
    first, second = hire(street), hire(street)
    ann = street.member()
    sign_in(street, first)
    paid = street.pay(street.code(ann)).redemption_id
    scanned = street.scanned(ann)
    sign_in(street, second)
    street.redeem(scanned)
    found = street.see(lambda view: [redemptions.find(view, one) for one in (paid, scanned)])
    assert [first, second] == [one.cashier_id for one in found]


def test_whoever_is_suspended_is_off_the_till_at_once(street: Street) -> None:
    """A suspended cashier's turn is over, and does not come back with them."""
    first, second = hire(street), hire(street)
    ann = street.member()
    sign_in(street, first)
    move = {"suspend": cashiers.suspend, "reinstate": cashiers.reinstate}
    for verb, state in (("suspend", CashierState.SUSPENDED), ("reinstate", CashierState.ACTIVE)):
        named = street.name()
        assert state is street.do(
            lambda unit, verb=verb, named=named: move[verb](unit, cashier_id=first, key=named)
        )
        assert CashierNeeded is refused(lambda: street.pay(street.code(ann)))
    sign_in(street, second)
    assert 3 == street.pay(street.code(ann)).points


def test_the_only_cashier_suspended_takes_no_points(street: Street) -> None:
    """A till whose cashiers are all suspended is nobody's; it does not go on without a turn."""
    only, ann = hire(street), street.member()
    sign_in(street, only)
    named = street.name()
    street.do(lambda unit: cashiers.suspend(unit, cashier_id=only, key=named))
    assert CashierNeeded is refused(lambda: street.pay(street.code(ann)))
    sign_in(street, hire(street))
    assert 3 == street.pay(street.code(ann)).points


def test_another_pin_ends_the_turn_and_the_lock(street: Street) -> None:
    """The owner's reset signs the cashier out; the old hash opens nothing, the new one does."""
    cashier, ann = hire(street), street.member()
    sign_in(street, cashier)
    for _ in range(5):
        assert CashierPinWrong is refused(partial(sign_in, street, cashier, right=False))
    assert CashierLocked is refused(partial(sign_in, street, cashier))
    named, other = street.name(), "argon2-of-another"
    street.do(
        lambda unit: cashiers.reset_pin(
            unit, cashier_id=cashier, pin="246802", pin_hash=other, key=named
        )
    )
    assert CashierNeeded is refused(lambda: street.pay(street.code(ann)))
    assert CashierPinWrong is refused(partial(sign_in, street, cashier))
    again = street.name()
    turn = street.by(
        street.till_id,
        lambda unit: turns.sign_in(
            unit, cashier_id=cashier, pin="246802", checked=Checked(other, True), key=again
        ),
    )
    assert cashier == turn.cashier_id


def test_five_wrong_pins_lock_a_cashier_for_half_an_hour(street: Street) -> None:
    """Fifty at once: five are told that they are wrong, the rest find the lock."""
    cashier = hire(street)

    def one(key: str) -> Future[turns.Turn]:
        return street.submit(
            street.till_id,
            lambda unit: turns.sign_in(
                unit, cashier_id=cashier, pin=WRONG, checked=Checked(HASH, False), key=key
            ),
        )

    found = outcomes([one(street.name()) for _ in range(50)])
    assert (5, 45) == (found.count(CashierPinWrong), found.count(CashierLocked))
    street.clock.advance(seconds=30 * 60 - 1)
    assert CashierLocked is refused(partial(sign_in, street, cashier))
    street.clock.advance(seconds=1)
    for _ in range(4):
        assert CashierPinWrong is refused(partial(sign_in, street, cashier, right=False))
    assert cashier == sign_in(street, cashier).cashier_id
    for _ in range(4):
        assert CashierPinWrong is refused(partial(sign_in, street, cashier, right=False))


def test_a_cashier_serves_at_their_own_shop_only(street: Street, clock: ManualClock) -> None:
    """At another shop's till, and in another bank, they are not found."""
    cashier = hire(street)
    other = street.till(street.shop())
    assert CashierNotFound is refused(partial(sign_in, street, cashier, till_id=other))
    elsewhere = Street(street.database, clock, slug="other")
    assert CashierNotFound is refused(partial(sign_in, elsewhere, cashier))
    assert CashierNotFound is refused(partial(sign_in, street, made_up("csh", 1)))


def test_only_the_own_owner_keeps_cashiers(street: Street) -> None:
    """To another shop's owner neither shop nor cashier exists; a member must exist."""
    cashier, stranger = hire(street), Actor("stf_other", "shop_owner", merchants=("mer_x",))
    assert MerchantNotFound is refused(partial(hire, street, owner=stranger))
    assert MemberNotFound is refused(partial(hire, street, made_up("mem", 9)))

    def by_stranger(work: Callable[..., object], **more: str) -> type[CreditbankError]:
        named = street.name()
        return refused(
            lambda: street.database.write(
                street.bank_id,
                stranger,
                lambda unit: work(unit, cashier_id=cashier, key=named, **more),
            )
        )

    assert CashierNotFound is by_stranger(cashiers.suspend)
    assert CashierNotFound is by_stranger(cashiers.reset_pin, pin=PIN, pin_hash="x")
    assert cashier == sign_in(street, cashier).cashier_id


def test_another_cashier_of_the_till_refunds_above_the_limit(street: Street) -> None:
    """Above 20 points: not who took them, nor at the till next door, nor by a second row."""
    one, other_row = same_document(street)
    mine, hers, again = hire(street, one), hire(street), hire(street, other_row)
    ann, till = street.member(), street.till_id
    sign_in(street, mine)
    code = street.code(ann)
    paid = street.database.write(
        street.bank_id,
        till_actor(till, one),
        lambda unit: pay_30(unit, code),
    ).redemption_id
    me, me_again, her = till_actor(till, one), till_actor(till, other_row), till_actor(till)
    assert RefundForbidden is refused(lambda: refund(street, paid, 21, me))
    next_door = street.till()
    sign_in(street, mine, till_id=next_door)
    by_me = till_actor(next_door, one)
    assert RefundForbidden is refused(lambda: refund(street, paid, 21, by_me))
    sign_in(street, again)
    assert RefundForbidden is refused(lambda: refund(street, paid, 21, me_again))
    owner = Actor("stf_owner", "shop_owner", other_row, merchants=(street.shop_id,))
    assert RefundForbidden is refused(lambda: refund(street, paid, 21, owner))
    sign_in(street, hers)
    assert 21 == refund(street, paid, 21, her).points


def test_a_cashier_takes_no_points_of_their_own(street: Street) -> None:
    """Not with their own code, nor with that of their second row; and not on stale knowledge."""
    one, other_row = same_document(street)
    street.earn(other_row, 100)
    cashier, till = hire(street, one), street.till_id
    sign_in(street, cashier)
    code = street.code(other_row)

    def scan(actor: Actor) -> object:
        return street.database.write(street.bank_id, actor, lambda unit: pay_30(unit, code))

    assert OwnCode is refused(lambda: scan(till_actor(till, one)))
    assert CashierNeeded is refused(lambda: scan(till_actor(till)))
    assert 100 == street.balance(other_row).available


def test_a_cashier_goes_on_with_no_scan_of_their_own_code(street: Street) -> None:
    """What a colleague scanned or set aside of theirs is not theirs to take."""
    ann = street.member()
    colleague, hers = hire(street), hire(street, ann)
    sign_in(street, colleague)
    scanned, held, other = street.scanned(ann), street.scanned(ann), street.scanned(ann)
    street.authorise(held)
    sign_in(street, hers)
    her, named = till_actor(street.till_id, ann), [street.name() for _ in "123"]
    acts = [
        partial(checkout.redeem, redemption_id=scanned, key=named[0]),
        partial(checkout.authorise, redemption_id=other, key=named[1]),
        partial(checkout.capture, redemption_id=held, key=named[2]),
    ]
    for act in acts:
        assert OwnCode is refused(partial(street.database.write, street.bank_id, her, act))
    sign_in(street, colleague)
    assert 3 == street.redeem(scanned).points
    assert 3 == street.capture(held).points


def test_a_merged_cashier_is_still_one_person(street: Street) -> None:
    """Whose row goes on as another takes no points of it, and gives back no more alone."""
    old, kept = street.member(), street.member()
    street.rules(refund_alone_points_most=2)
    merge(street, old, kept)
    sign_in(street, hire(street, old))
    code = street.code(kept)
    actor = till_actor(street.till_id, old)
    assert OwnCode is refused(
        lambda: street.database.write(street.bank_id, actor, lambda unit: pay_30(unit, code))
    )
    code, named = street.code(street.member()), street.name()
    paid = street.database.write(
        street.bank_id,
        actor,
        lambda u: checkout.scan_and_redeem(u, code=code, cart_fen=30_000, key=named),
    ).redemption_id
    owner = Actor("stf_owner", "shop_owner", kept, merchants=(street.shop_id,))
    assert RefundForbidden is refused(partial(refund, street, paid, 3, owner))


def merge(street: Street, old: str, kept: str) -> None:
    """Let a row go on as another one, as a merger leaves them."""
    of = members.members
    street.do(
        lambda unit: unit.run(
            update(of)
            .where(of.c.bank_id == unit.bank_id, of.c.member_id == old)
            .values(merged_into=kept)
        )
    )


def test_cashiers_over_the_api(web: Web) -> None:
    """The owner takes a cashier on, who signs in by PIN and takes points, but not their own."""
    merchant, till, token = web.shop()
    owner = web.token(Role.SHOP_OWNER, merchant_id=merchant)
    member, own = web.earned(100)
    body = {"name": "王小丽", "pin": PIN, "member_id": member}
    path = f"/merchants/{merchant}/cashiers"
    key = new_key()
    made = web.post(path, owner, body, key=key)
    cashier = made.json()["cashier_id"]
    assert (201, made.json()) == (made.status_code, web.post(path, owner, body, key=key).json())
    assert ["王小丽"] == [one["name"] for one in web.get(path, owner).json()]
    assert ["王*"] == [one["name"] for one in web.get(path, web.operator).json()]
    stranger = web.token(Role.SHOP_OWNER, merchant_id=web.shop()[0])
    assert 404 == web.get(path, stranger).status_code
    sale = {"code": web.pay_code(*web.earned(100)), "cart_fen": 3000}
    refused = web.post("/scan-and-redeem", token, sale)
    assert (403, "cashier-needed") == (refused.status_code, slug(refused.json()))
    wrong = web.post("/till/cashier", token, {"cashier_id": cashier, "pin": WRONG})
    assert (409, "cashier-pin-wrong") == (wrong.status_code, slug(wrong.json()))
    key = new_key()
    said = {"cashier_id": cashier, "pin": PIN}
    turn = web.post("/till/cashier", token, said, key=key)
    assert (200, cashier, till) == (
        turn.status_code,
        turn.json()["cashier_id"],
        turn.json()["till_id"],
    )
    assert turn.json() == web.post("/till/cashier", token, said, key=key).json()
    expected = [{"cashier_id": cashier, "name": "王*", "serving": True}]
    assert expected == web.get("/till/cashiers", token).json()
    assert 3 == web.made("/scan-and-redeem", token, sale)["points"]
    refused = web.post(
        "/scan-and-redeem", token, {"code": web.pay_code(member, own), "cart_fen": 3000}
    )
    assert "own-code" == slug(refused.json())
    assert {"till_id": till} == web.made("/till/cashier/sign-out", token)
    assert [False] == [one["serving"] for one in web.get("/till/cashiers", token).json()]


def test_pins_are_kept_as_argon2_and_shown_nowhere(web: Web) -> None:
    """Neither the PIN nor its hash is in an answer; the row holds the hash."""
    merchant, _, _ = web.shop()
    body = {"name": "王小丽", "pin": PIN}
    made = web.post(f"/merchants/{merchant}/cashiers", web.operator, body)
    assert PIN not in made.text
    assert "argon2" not in web.get(f"/merchants/{merchant}/cashiers", web.operator).text
    kept = web.database.read(
        web.bank.bank_id, lambda view: cashiers.pin_hash_of(view, made.json()["cashier_id"])
    )
    assert str(kept).startswith("$argon2id$")


def test_a_shut_off_till_has_no_turn(web: Web) -> None:
    """A new device begins without anybody's turn."""
    merchant, till, token = web.shop()
    made = web.made(f"/merchants/{merchant}/cashiers", web.operator, {"name": "王小丽", "pin": PIN})
    web.made("/till/cashier", token, made | {"pin": PIN})
    web.made(f"/tills/{till}/shut-off", web.operator)
    found = web.database.read(web.bank.bank_id, lambda view: tills.find(view, till))
    assert (True, None) == (found.has_cashiers, found.cashier_id)


def slug(problem: dict[str, str]) -> str:
    """Which problem it is."""
    return problem["type"].rsplit("/", 1)[-1]
