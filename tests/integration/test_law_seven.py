"""Law 7: who creates never approves, who benefits never approves, also under a second row."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import update

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.identity import face_to_face, pins, staff
from creditbank.identity.errors import OwnRole
from creditbank.identity.sign_in_errors import OwnService
from creditbank.people import delegates, kin, members, persons
from creditbank.people.errors import DelegateSelf, OwnReturn
from creditbank.service import attendance
from creditbank.tasks import claiming
from creditbank.tasks.errors import OwnWork, SecondPersonNeeded
from creditbank.tasks.states import ClaimState
from merchants import payers
from merchants.errors import OwnCode
from tests.society import ORGANISER, REVIEWER, Society, as_member

DOCUMENT = "11010519491231002X"


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _registered(society: Society, document: str | None = None, phone: str | None = None) -> str:
    """Take somebody in."""
    key = society.name()
    made = society.by(
        ORGANISER,
        lambda u: members.register(
            u,
            name="李四",
            community_id=society.community_id,
            document=document,
            phone=phone,
            key=key,
        ),
    )
    return made.member_id


def _same_document(society: Society) -> tuple[str, str]:
    """Two rows with one document number, written in two ways."""
    return _registered(society, DOCUMENT), _registered(society, "110105 19491231 002x")


def _merged(society: Society) -> tuple[str, str]:
    """Two rows of which the first goes on as the second."""
    first, second = _registered(society), _registered(society)
    _merge(society, first, second)
    return first, second


def _merge(society: Society, old: str, new: str) -> None:
    of = members.members
    society.do(
        lambda u: u.run(
            update(of)
            .where(of.c.bank_id == u.bank_id, of.c.member_id == old)
            .values(merged_into=new)
        )
    )


def _merged_back(society: Society) -> tuple[str, str]:
    """Two rows of which the second went on as the first."""
    first, second = _merged(society)
    return second, first


def _through_a_third(society: Society) -> tuple[str, str]:
    """One row merged into a second, whose document a third has."""
    first, second = _merged(society)
    third = _registered(society, DOCUMENT)
    society.do(lambda u: persons.change(u, holder_id=second, document=DOCUMENT))
    return first, third


SECOND_ROWS = [_same_document, _merged, _merged_back, _through_a_third]
Rows = Callable[[Society], tuple[str, str]]


def _refused(society: Society, claim_id: str, actor: Actor) -> None:
    """Neither approve nor reject."""
    for verb in (society.approve, society.reject):
        with pytest.raises(OwnWork):
            verb(claim_id, actor=actor)


@pytest.mark.parametrize("rows", SECOND_ROWS)
def test_nobody_approves_their_own_hours_through_a_second_row(society: Society, rows: Rows) -> None:
    """Served under one row, an office role under the other: refused; a stranger approves."""
    served, office = rows(society)
    claim_id = society.served(served)
    _refused(society, claim_id, Actor("stf_office", "reviewer", office))
    assert (ClaimState.SIGNED_OUT, 0) == (society.claim_of(claim_id).state, society.points(served))
    assert ClaimState.APPROVED == society.approve(claim_id).state


@pytest.mark.parametrize("rows", SECOND_ROWS)
def test_who_published_under_a_second_row_does_not_approve(society: Society, rows: Rows) -> None:
    """The creator's member is another row of the reviewer's."""
    creator, office = rows(society)
    task_id = society.publish(actor=Actor("stf_publisher", "organiser", creator))
    claim_id = society.served(_registered(society), task_id)
    _refused(society, claim_id, Actor("stf_office", "reviewer", office))
    assert ClaimState.APPROVED == society.approve(claim_id).state


@pytest.mark.parametrize("verb", ["claim", "sign_in", "sign_out"])
def test_who_noted_attendance_under_a_second_row_does_not_approve(
    society: Society, verb: str
) -> None:
    """Whichever part was noted by the other row."""
    clerk_row, office = _same_document(society)
    clerk = Actor("stf_clerk", "organiser", clerk_row)
    by = {one: clerk if one == verb else ORGANISER for one in ("claim", "sign_in", "sign_out")}
    who, task_id, keys = _registered(society), society.publish(), [society.name() for _ in "123"]
    claim_id = society.by(
        by["claim"], lambda u: claiming.claim(u, task_id=task_id, member_id=who, key=keys[0])
    ).claim_id
    society.clock.advance(hours=1)
    society.by(by["sign_in"], lambda u: attendance.sign_in(u, claim_id=claim_id, key=keys[1]))
    society.clock.advance(hours=1)
    society.by(by["sign_out"], lambda u: attendance.sign_out(u, claim_id=claim_id, key=keys[2]))
    _refused(society, claim_id, Actor("stf_office", "reviewer", office))
    assert ClaimState.APPROVED == society.approve(claim_id).state


@pytest.mark.parametrize("rows", SECOND_ROWS)
def test_nobody_takes_their_own_points_through_a_second_row(society: Society, rows: Rows) -> None:
    """Who serves at a shop under one row takes no points from the other."""
    payer, serving = rows(society)
    with pytest.raises(OwnCode):
        society.by(Actor("stf_owner", "shop_owner", serving), lambda u: payers.refuse_own(u, payer))


@pytest.mark.parametrize("rows", SECOND_ROWS)
def test_nobody_acts_for_themselves_in_office(society: Society, rows: Rows) -> None:
    """Neither a role for one's own other row, nor admission at one's own desk."""
    one, other = rows(society)
    actor = Actor("stf_office", "operator", other)
    staff_id = society.do(lambda u: staff.enrol(u, name="李四", member_id=one))
    with pytest.raises(OwnRole):
        society.by(actor, lambda u: staff.refuse_own(u, staff_id))
    with pytest.raises(OwnService):
        society.by(actor, lambda u: face_to_face.lock(u, one))


@pytest.mark.parametrize("rows", SECOND_ROWS)
def test_a_second_row_is_no_second_person(society: Society, rows: Rows) -> None:
    """An approval is not withdrawn by the approver's or the participant's other row."""
    approver, other = rows(society)
    claim_id = society.served(served := _registered(society, "G12345678"))
    society.approve(claim_id, actor=Actor("stf_first", "reviewer", approver))
    again = _registered(society, "g-1234 5678")
    for row in (approver, other, served, again):
        with pytest.raises(SecondPersonNeeded):
            society.withdraw_approval(claim_id, Actor("stf_second", "reviewer", row))
    assert ClaimState.APPROVED == society.claim_of(claim_id).state
    assert ClaimState.REVOKED == society.withdraw_approval(claim_id).state


def test_someone_in_office_is_known_by_their_own_document(society: Society) -> None:
    """A reviewer without a member behind, whose document a member has, is that person."""
    who = _registered(society, DOCUMENT)
    society.do(lambda u: persons.keep(u, holder_id="stf_office", name="李四", document=DOCUMENT))
    claim_id = society.served(who)
    _refused(society, claim_id, Actor("stf_office", "reviewer"))
    assert ClaimState.APPROVED == society.approve(claim_id, actor=REVIEWER).state


def test_a_shared_phone_is_no_shared_person(society: Society) -> None:
    """Families share a phone: only documents and mergers make one person of two rows."""
    ids = [_registered(society, phone="13800000001") for _ in "12"]
    claim_id = society.served(ids[0])
    state = society.approve(claim_id, actor=Actor("stf_office", "reviewer", ids[1])).state
    assert ClaimState.APPROVED == state


def test_closeness_is_of_one_bank(database: Database, clock: ManualClock) -> None:
    """One document in two banks is two people who do not know of each other."""
    here, there = Society(database, clock), Society(database, clock, "other")
    mine, theirs = _registered(here, DOCUMENT), _registered(there, DOCUMENT)
    assert {mine} == here.see(lambda v: kin.close_to(v, [mine]))
    assert {theirs} == there.see(lambda v: kin.close_to(v, [theirs]))


def test_closeness_is_mutual_and_ends(society: Society) -> None:
    """From each of a ring of rows all the others are found, and nobody else."""
    first, second = _through_a_third(society)
    _merge(society, second, first)
    stranger = _registered(society)
    rings = {_close_to(society, one) for one in (first, second)}
    assert [3] == [len(ring) for ring in rings]
    assert {stranger} == _close_to(society, stranger)
    assert {society.see(lambda v: kin.of_actor(v, as_member(first)))} == rings


def _close_to(society: Society, one: str) -> frozenset[str]:
    return society.see(lambda v: kin.close_to(v, [one, None]))


# At the office -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", SECOND_ROWS)
def test_nobody_serves_their_own_second_row_at_the_office(society: Society, rows: Rows) -> None:
    """No PIN, no role, no delegate and no way back into membership for oneself."""
    theirs, office = rows(society)
    clerk, other = Actor("stf_office", "organiser", office), _registered(society)
    said = {"member_id": theirs, "pin_hash": "?", "reason": "?", "identity": "?"}
    with pytest.raises(OwnService):
        society.by(clerk, partial(pins.set_at_office, key=society.name(), **said))
    with pytest.raises(DelegateSelf):
        society.by(
            clerk,
            partial(
                delegates.add,
                member_id=other,
                delegate_member_id=theirs,
                points_day=10,
                pays_from=society.clock.now(),
            ),
        )
    society.by(ORGANISER, partial(members.suspend, member_id=theirs, key=society.name()))
    with pytest.raises(OwnReturn):
        society.by(clerk, partial(members.reinstate, member_id=theirs, key=society.name()))


@pytest.mark.parametrize("rows", SECOND_ROWS)
def test_nobody_appoints_their_own_second_row(society: Society, rows: Rows) -> None:
    """An operator whose other row holds another office."""
    theirs, office = rows(society)
    second = society.do(partial(staff.enrol, name="李四", member_id=theirs))
    chief = Actor("stf_chief", "operator", office)
    with pytest.raises(OwnRole):
        society.by(chief, partial(staff.refuse_own, staff_id=second))
