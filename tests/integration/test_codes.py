"""Pay codes: issued, fresh, burned, stopped; every age and every wrong one."""

import pytest
from sqlalchemy import select

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError
from creditbank.core.keys import keys
from creditbank.core.units import Actor
from creditbank.people import members
from creditbank.people.errors import MemberNotFound, MemberSuspended, NotYours
from merchants import cancellations, code_digits, codes
from merchants.cancellations import Stopped
from merchants.errors import (
    CodeExpired,
    CodeForeign,
    CodeNotFound,
    CodeScrambled,
    CodeStopped,
    CodeUnknown,
    CodeUsed,
)
from merchants.redemptions import State
from tests.books import made_up
from tests.merchant_builders import Street

STRANGE = code_digits.complete("000000000000000")


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop with the offer of FACTS A."""
    return Street(database, clock)


def stop(street: Street, member_id: str) -> Stopped:
    """Let a member stop what they show."""
    key = street.name()
    return street.database.write(
        street.bank_id,
        Actor(member_id, "member", member_id),
        lambda unit: cancellations.stop(unit, member_id=member_id, key=key),
    )


@pytest.mark.parametrize(("age", "taken"), [(0, True), (29, True), (59, True), (60, False)])
def test_a_code_is_taken_until_its_minute_is_over(street: Street, age: int, taken: bool) -> None:
    """A code is accepted for 60 s after its issue by the server's clock."""
    code = street.code(street.member())
    street.clock.advance(seconds=age)
    if taken:
        assert 3 == street.scan(code).points_most
    else:
        with pytest.raises(CodeExpired):
            street.scan(code)
        assert [] == street.faults()


def test_a_code_of_61_seconds_is_too_old(street: Street) -> None:
    """Too old is its own error, and no wrong code."""
    code = street.code(street.member())
    street.clock.advance(seconds=61)
    for _ in range(12):
        with pytest.raises(CodeExpired):
            street.scan(code)


def test_a_fresh_code_comes_every_30_seconds(street: Street) -> None:
    """Within the period the same code is shown again; then a second one lives beside it."""
    ann = street.member()
    first = street.issued(ann)
    street.clock.advance(seconds=29)
    assert first == street.issued(ann)
    assert 30 == (first.refresh_at - first.issued_at).seconds
    assert 60 == (first.ends_at - first.issued_at).seconds
    street.clock.advance(seconds=1)
    second = street.issued(ann)
    assert first.pay_code_id != second.pay_code_id
    old = street.see(lambda view: codes.digits(view, first.pay_code_id))
    assert 3 == street.scan(old).points_most


def test_a_third_code_kills_the_first(street: Street) -> None:
    """At most two codes of a member live at once."""
    street.rules(code_ttl_s=90)
    ann = street.member()
    shown = []
    for _ in range(3):
        shown.append(street.code(ann))
        street.clock.advance(seconds=30)
    assert 3 == len(set(shown))
    street.clock.advance(seconds=-5)
    with pytest.raises(CodeExpired):
        street.scan(shown[0])
    assert 3 == street.scan(shown[1]).points_most


def test_a_scan_burns_all_codes_of_the_member(street: Street) -> None:
    """After a scan neither code works again, at any till; a new one is given at once."""
    ann, other = street.member(), street.till()
    first = street.code(ann)
    street.clock.advance(seconds=30)
    second = street.code(ann)
    street.scan(first)
    for code in (first, second):
        with pytest.raises(CodeUsed):
            street.scan(code, till_id=other)
    assert 3 == street.scan(street.code(ann), till_id=other).points_most
    assert [] == street.faults()


def test_digits_may_be_typed_with_spaces(street: Street) -> None:
    """A clerk types the digits in groups."""
    code = street.code(street.member())
    assert 3 == street.scan(f" {code[:6]} {code[6:12]} {code[12:]} ").points_most


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (STRANGE, CodeUnknown),
        (STRANGE[:-1] + str((int(STRANGE[-1]) + 1) % 10), CodeScrambled),
        (STRANGE[:-1], CodeScrambled),
        ("", CodeScrambled),
        ("134567890123456789", CodeForeign),
    ],
)
def test_a_wrong_code_has_its_own_error(
    street: Street, code: str, expected: type[CreditbankError]
) -> None:
    """Scrambled, foreign and unknown codes are told apart and open nothing."""
    with pytest.raises(expected):
        street.scan(code)
    assert [] == street.faults()


def test_a_code_of_another_bank_is_unknown(street: Street, clock: ManualClock) -> None:
    """Codes stay within their bank."""
    ann = street.member()
    code = street.code(ann)
    elsewhere = Street(street.database, clock, slug="other")
    with pytest.raises(CodeUnknown):
        elsewhere.scan(code)
    with pytest.raises(CodeNotFound):
        elsewhere.see(lambda view: codes.digits(view, made_up("pcd", 1)))


def test_stop_kills_codes_and_scanned_redemptions(street: Street) -> None:
    """Stopping ends what is shown and what is scanned, and nothing that is paid."""
    ann = street.member()
    paid = street.pay(street.code(ann)).redemption_id
    scanned = street.scanned(ann)
    first = street.code(ann)
    assert Stopped(1, 1) == stop(street, ann)
    with pytest.raises(CodeStopped):
        street.scan(first)
    states = [street.receipt(one).state for one in (paid, scanned)]
    assert [State.PAID, State.CANCELLED] == states
    assert Stopped(0, 0) == stop(street, ann)
    assert [] == street.faults()


def test_nobody_gets_or_stops_the_code_of_another(street: Street) -> None:
    """A member acts for oneself; staff may help."""
    ann, ben = street.member(), street.member()
    me = Actor(ben, "member", ben)
    with pytest.raises(NotYours):
        street.database.write(
            street.bank_id, me, lambda unit: codes.issue(unit, member_id=ann, key="k" * 16)
        )
    with pytest.raises(NotYours):
        street.database.write(
            street.bank_id, me, lambda unit: cancellations.stop(unit, member_id=ann, key="k" * 16)
        )
    street.do(lambda unit: codes.issue(unit, member_id=ann, key="k" * 16))


def test_suspended_and_unknown_members_get_none(street: Street) -> None:
    """Only a member who may act gets a code; one that was out already is burned and refused."""
    ann = street.member()
    code = street.code(ann)
    street.do(lambda unit: members.suspend(unit, member_id=ann, key="suspend-ann-00001"))
    with pytest.raises(MemberSuspended):
        street.issued(ann)
    with pytest.raises(MemberSuspended):
        street.scan(code)
    with pytest.raises(CodeUsed):
        street.scan(code)
    with pytest.raises(MemberNotFound):
        street.do(lambda unit: codes.issue(unit, member_id=made_up("mem", 7), key="k" * 16))


def test_kept_answers_hold_no_digits(street: Street) -> None:
    """The digits of a code are in no stored answer."""
    code = street.code(street.member())
    street.scan(code)
    rows = street.see(
        lambda view: view.rows(select(keys.c.answer).where(keys.c.bank_id == view.bank_id))
    )
    assert rows
    assert not [row for row in rows if code in str(row.answer)]


def test_the_same_key_gives_the_same_code(street: Street) -> None:
    """A repeated request for a code changes nothing, however late."""
    ann = street.member()
    actor = Actor(ann, "member", ann)

    def issue() -> codes.CodeIssued:
        return street.database.write(
            street.bank_id, actor, lambda unit: codes.issue(unit, member_id=ann, key="k" * 16)
        )

    first = issue()
    street.clock.advance(minutes=10)
    assert first == issue()
