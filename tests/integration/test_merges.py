"""Two rows that prove to be one person: who merges them, what moves, and what stays."""

from datetime import date, timedelta
from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.core.values import Amount
from creditbank.identity import phones, sittings
from creditbank.leaving import erasures, merges
from creditbank.leaving.erasures import Goes
from creditbank.leaving.errors import (
    ClaimsInFlight,
    ErasureAsked,
    Involved,
    SecondWorkerNeeded,
)
from creditbank.leaving.merges import Merged, MergeState
from creditbank.ledger import audit, chart, estates, holds, issues, lots, payments, statements
from creditbank.ledger.chart import Kind
from creditbank.ledger.estates import HoldsOpen
from creditbank.ledger.lots import Lot
from creditbank.people import kin, members, persons
from creditbank.people.errors import MemberSuspended, OtherCommunity
from creditbank.people.members import Status
from creditbank.recognition import standings
from creditbank.tasks import claiming
from merchants import audit as shop_audit
from tests.books import POINTS, SHOP, STARS, moved
from tests.society import ORGANISER, REVIEWER, Society, as_member, outcomes

DOCUMENT = "11010119900101001X"
SOON, LATER = date(2027, 1, 1), date(2028, 1, 1)
SECOND_WORKER = Actor("stf_second_worker", "organiser")


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def person(society: Society, document: str | None = None, phone: str | None = None) -> str:
    """Register someone with a document."""
    key = society.name()
    return society.by(
        ORGANISER,
        lambda unit: members.register(
            unit,
            name="张三",
            community_id=society.community_id,
            document=document,
            phone=phone,
            key=key,
        ),
    ).member_id


def propose(
    society: Society, old: str, kept: str, *, actor: Actor = ORGANISER, reason: str | None = None
) -> Merged:
    """Propose to merge two rows."""
    key = society.name()
    return society.by(
        actor,
        lambda unit: merges.propose(unit, old_id=old, kept_id=kept, reason=reason, key=key),
    )


def confirm(society: Society, merge_id: str, actor: Actor = SECOND_WORKER) -> Merged:
    """Confirm a merging."""
    key = society.name()
    return society.by(actor, lambda unit: merges.confirm(unit, merge_id=merge_id, key=key))


def findings(society: Society) -> list[str]:
    """What any proof finds, but for issues that tests made without a claim."""
    proofs = [*audit.PROOFS, *shop_audit.PROOFS]
    found = society.findings() + [str(one) for proof in proofs for one in society.see(proof)]
    return [one for one in found if "clm_test" not in one]


def lots_of(society: Society, member_id: str, asset: str = POINTS) -> list[Lot]:
    """What a member has, by day of expiry."""
    return society.see(lambda view: lots.lots(view, chart.member(member_id), asset))


def status_of(society: Society, member_id: str) -> tuple[Status, str | None]:
    """A member's status, and the row they go on with."""
    found = society.see(lambda view: members.find(view, member_id))
    return found.status, found.merged_into


def test_lots_are_used_in_order_of_their_day(society: Society) -> None:
    """What is spent comes from the earliest day, and what has none is used last."""
    who = person(society)
    for units, day in ((5, None), (5, LATER), (5, SOON)):
        society.earn(who, units, day)
    assert [Lot(SOON, 5), Lot(LATER, 5), Lot(None, 5)] == lots_of(society, who)
    society.post(moved(chart.member(who), SHOP, 7), kind=Kind.REDEEM)
    assert [Lot(LATER, 3), Lot(None, 5)] == lots_of(society, who)


def test_what_comes_back_keeps_its_day(society: Society) -> None:
    """Holds, refunds and reversals move no day: what they return is as it was."""
    who = person(society)
    society.earn(who, 5, SOON)
    society.earn(who, 5, LATER)
    before = lots_of(society, who)
    hold = society.do(
        lambda u: holds.authorise(u, member_id=who, amount=Amount(4, POINTS), ttl_s=60)
    )
    assert [Lot(SOON, 1), Lot(LATER, 5)] == lots_of(society, who)
    society.do(lambda u: holds.void(u, hold_id=hold.hold_id))
    assert before == lots_of(society, who)
    paid = {"member_id": who, "amount": Amount(7, POINTS), "refers_to": "tst_1"}
    society.do(lambda u: payments.pay(u, destination=SHOP, key="pay/1", **paid))
    society.do(lambda u: payments.pay_back(u, source=SHOP, key="back/1", **paid))
    assert before == lots_of(society, who)


def test_a_withdrawn_issue_takes_its_own_lot_back(society: Society) -> None:
    """An approval that is withdrawn undoes the points that it gave, not the earliest ones."""
    who = person(society)
    society.earn(who, 5, SOON)
    later = society.earn(who, 5, LATER)
    society.do(
        lambda u: issues.withdraw(u, transfer_id=later.transfer_id, key="undo/1", period_id=None)
    )
    assert [Lot(SOON, 5)] == lots_of(society, who)


def test_one_document_merges_two_rows_in_one_transfer(society: Society) -> None:
    """Every asset and the debt move, each lot with its day; the old row leads to the kept one."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    undone = society.earn(old, 6, SOON)
    society.post(moved(chart.member(old), SHOP, 6), kind=Kind.REDEEM)
    society.do(
        lambda u: issues.withdraw(u, transfer_id=undone.transfer_id, key="undo/1", period_id=None)
    )
    society.post(
        moved(chart.ISSUANCE, chart.member(old), 10, expires_on=SOON),
        moved(chart.ISSUANCE, chart.member(old), 20, expires_on=LATER),
        moved(chart.ISSUANCE, chart.member(old), 7, STARS),
        moved(chart.ISSUANCE, chart.member(kept), 5, expires_on=LATER),
        kind=Kind.OPENING,
    )
    done = propose(society, old, kept)
    assert MergeState.DONE == done.state
    assert (Status.CLOSED, kept) == status_of(society, old)
    assert (0, 0, 0) == society.holding(old)
    assert (35, 0, 6) == society.holding(kept)
    assert [Lot(SOON, 10), Lot(LATER, 25)] == lots_of(society, kept)
    assert 7 == society.balance(kept, STARS).available
    line = society.see(lambda v: statements.history(v, chart.member(kept), POINTS)).lines[0]
    assert (Kind.MERGE, done.merge_id) == (line.kind, line.refers_to)
    assert [] == findings(society)


def test_an_honour_below_zero_moves_too(society: Society) -> None:
    """What a correction left below zero is subtracted from the kept row."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    society.post(moved(chart.member(old), chart.ISSUANCE, 4, STARS), kind=Kind.OPENING)
    society.post(moved(chart.ISSUANCE, chart.member(kept), 10, STARS), kind=Kind.OPENING)
    propose(society, old, kept)
    assert [0, 6] == [society.balance(one, STARS).available for one in (old, kept)]
    assert [] == findings(society)


def test_standings_stay_with_the_row_that_earned_them(society: Society) -> None:
    """A merging moves points, never what a period counted; the proofs still hold."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    claim_id = society.served(old)
    society.approve(claim_id)
    period_id = society.claim_of(claim_id).period_id
    propose(society, old, kept)
    for who, units in ((old, {POINTS: 5}), (kept, {})):
        assert units == society.see(partial(_standing, period_id=str(period_id), who=who))
    assert 5 == society.points(kept)
    assert [] == findings(society)


def _standing(view: object, *, period_id: str, who: str) -> dict[str, int]:
    return standings.of_member(view, period_id, who)  # type: ignore[arg-type]


def test_without_a_document_a_reason_is_needed(society: Society) -> None:
    """Staff's word counts with a reason, which is kept sealed."""
    old, kept = person(society), person(society)
    with pytest.raises(BadField, match="reason"):
        propose(society, old, kept)
    assert MergeState.DONE == propose(society, old, kept, reason="同一人，旧名册重复").state
    rows = society.see(lambda v: v.rows(merges.merges.select().where(_of_bank(v.bank_id))))
    assert "旧名册" not in str([tuple(row) for row in rows])
    assert not rows[0].by_document


def _of_bank(bank_id: int) -> object:
    return merges.merges.c.bank_id == bank_id


def test_above_a_hundred_a_second_worker_confirms(society: Society) -> None:
    """Nothing moves before somebody else confirms, and it is confirmed once."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    society.earn(old, 101)
    proposed = propose(society, old, kept)
    assert (MergeState.PROPOSED, None) == (proposed.state, proposed.transfer_id)
    assert (101, 0) == (society.points(old), society.points(kept))
    assert [proposed.merge_id] == [one.merge_id for one in society.see(merges.waiting)]
    with pytest.raises(SecondWorkerNeeded):
        confirm(society, proposed.merge_id, ORGANISER)
    assert MergeState.DONE == confirm(society, proposed.merge_id).state
    assert (0, 101) == (society.points(old), society.points(kept))
    with pytest.raises(StateConflict):
        confirm(society, proposed.merge_id)
    assert [] == society.see(merges.waiting)
    assert [] == findings(society)


def test_a_hundred_needs_no_second(society: Society) -> None:
    """The bound itself is still one worker's."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    society.earn(old, 100)
    assert MergeState.DONE == propose(society, old, kept).state


def test_a_second_account_of_the_proposer_confirms_nothing(society: Society) -> None:
    """Law 7 holds through the document: the second worker is another person."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    society.earn(old, 101)
    first, same = person(society, "A1234567"), person(society, "A1234567")
    merge_id = propose(society, old, kept, actor=Actor("stf_a", "organiser", first)).merge_id
    with pytest.raises(SecondWorkerNeeded):
        confirm(society, merge_id, Actor("stf_b", "organiser", same))
    confirm(society, merge_id, Actor("stf_c", "organiser", person(society, "B1234567")))


def test_nobody_merges_rows_of_their_own(society: Society) -> None:
    """Who is that person, by any row, neither proposes nor confirms."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    third = person(society, DOCUMENT)
    for own in (old, kept, third):
        with pytest.raises(Involved):
            propose(society, old, kept, actor=Actor("stf_own", "organiser", own))


def test_a_worker_of_another_community_merges_nothing(society: Society) -> None:
    """Both rows have to be where the role holds."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    elsewhere = Actor("stf_far", "organiser", None, ("com_elsewhere",))
    with pytest.raises(OtherCommunity):
        propose(society, old, kept, actor=elsewhere)


def test_claims_in_flight_are_ended_first(society: Society) -> None:
    """A claim to come, or a service to be reviewed, keeps the old row open by name."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    claim_id = society.claim(society.publish(), old).claim_id
    with pytest.raises(ClaimsInFlight):
        propose(society, old, kept)
    society.withdraw(claim_id)
    served = society.served(old)
    with pytest.raises(ClaimsInFlight):
        propose(society, old, kept)
    society.approve(served)
    assert MergeState.DONE == propose(society, old, kept).state
    assert [] == findings(society)


def test_open_holds_are_ended_first(society: Society) -> None:
    """What a till has on hold is over before rows are merged; nothing is half done."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    society.earn(old, 10)
    hold = society.do(
        lambda u: holds.authorise(u, member_id=old, amount=Amount(4, POINTS), ttl_s=60)
    )
    with pytest.raises(HoldsOpen):
        propose(society, old, kept)
    assert (Status.ACTIVE, None) == status_of(society, old)
    assert 0 == society.count(merges.merges)
    society.do(lambda u: holds.void(u, hold_id=hold.hold_id))
    propose(society, old, kept)
    assert 10 == society.points(kept)


def test_a_suspended_row_is_not_merged_away(society: Society) -> None:
    """A suspension is settled first, on either side."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    for who in (old, kept):
        key, again = society.name(), society.name()
        society.by(ORGANISER, partial(members.suspend, member_id=who, key=key))
        with pytest.raises(MemberSuspended):
            propose(society, old, kept)
        society.by(ORGANISER, partial(members.reinstate, member_id=who, key=again))


def test_what_comes_in_later_moves_by_merging_once_more(society: Society) -> None:
    """A refund to the old row is brought over; no other row takes it."""
    old, kept, other = (person(society, DOCUMENT) for _ in range(3))
    society.earn(old, 10, SOON)
    paid = {"member_id": old, "amount": Amount(4, POINTS), "refers_to": "tst_1"}
    society.do(lambda u: payments.pay(u, destination=SHOP, key="pay/1", **paid))
    propose(society, old, kept)
    society.do(lambda u: payments.pay_back(u, source=SHOP, key="back/1", **paid))
    with pytest.raises(MemberSuspended):
        propose(society, old, other)
    assert MergeState.DONE == propose(society, old, kept).state
    assert [Lot(SOON, 10)] == lots_of(society, kept)
    assert [] == findings(society)


def test_sign_in_goes_on_with_the_kept_row(society: Society) -> None:
    """The old row's devices are signed out, and the phone of both signs in as the kept row."""
    old, kept = (person(society, DOCUMENT, "13800000001") for _ in range(2))
    society.do(lambda u: phones.link(u, member_id=old, phone="13800000001"))
    secret = sittings.new_secret()
    society.do(
        lambda u: sittings.begin(
            u,
            holder_id=old,
            secret_hash=sittings.hashed(secret),
            device="phone",
            staff=False,
            second_factor=False,
        )
    )
    propose(society, old, kept)
    assert [] == society.see(lambda view: sittings.listing(view, old))
    assert kept == society.see(lambda view: phones.member_of(view, "13800000001"))
    assert "13800000001" == society.see(lambda view: persons.find(view, kept)).phone
    assert {old, kept} <= society.see(lambda view: kin.close_to(view, [kept]))


def test_many_confirmations_at_once_move_once(society: Society) -> None:
    """Ten workers confirm the same merging together: one does it, the others are told."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    society.earn(old, 200)
    merge_id = propose(society, old, kept).merge_id
    futures = [
        society.submit(
            Actor(f"stf_worker_{n}", "organiser"),
            partial(merges.confirm, merge_id=merge_id, key=society.name()),
        )
        for n in range(10)
    ]
    done, refused = outcomes(futures)
    assert (1, {StateConflict}) == (len(done), {type(one) for one in refused})
    assert (0, 200) == (society.points(old), society.points(kept))
    assert [] == findings(society)


def test_a_claim_and_a_merging_at_once_never_both_happen(society: Society) -> None:
    """Claims of the old row and its merging race: no claim is left on a closed row."""
    for _ in range(5):
        old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
        task_id = society.publish(starts_in=timedelta(hours=3))
        racing = society.submit(
            Actor(old, "member", old),
            partial(claiming.claim, task_id=task_id, key=society.name()),
        )
        merging = society.submit(
            ORGANISER, partial(merges.propose, old_id=old, kept_id=kept, key=society.name())
        )
        done, refused = outcomes([racing, merging])
        assert (1, 1) == (len(done), len(refused))
    assert [] == findings(society)


def test_a_proposal_is_cancelled(society: Society) -> None:
    """A proposal that is refused moves nothing, and is not confirmed afterwards."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    society.earn(old, 500)
    merge_id = propose(society, old, kept).merge_id
    key = society.name()
    done = society.by(SECOND_WORKER, lambda u: merges.cancel(u, merge_id=merge_id, key=key))
    assert MergeState.CANCELLED == done.state
    with pytest.raises(StateConflict):
        confirm(society, merge_id, REVIEWER)
    assert 500 == society.points(old)


def test_who_has_asked_to_be_erased_is_not_merged(society: Society) -> None:
    """The wish would be carried out on an empty row, and its person go on unforgotten."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    key = society.name()
    wish = society.by(
        as_member(old), lambda u: erasures.ask(u, member_id=old, goes=Goes.EXPIRE, key=key)
    )
    with pytest.raises(ErasureAsked):
        propose(society, old, kept)
    assert (Status.ACTIVE, None) == status_of(society, old)
    society.by(
        as_member(old), lambda u: erasures.cancel(u, erasure_id=wish.erasure_id, key=f"{key}-back")
    )
    assert MergeState.DONE == propose(society, old, kept).state


def test_an_estate_of_nothing_moves_nothing(society: Society) -> None:
    """Rows without balances are merged without a transfer."""
    old, kept = person(society, DOCUMENT), person(society, DOCUMENT)
    assert propose(society, old, kept).transfer_id is None
    assert 0 == society.see(lambda view: estates.largest(view, kept))
    assert "张三" == society.see(lambda view: persons.names(view, [old]))[old]
