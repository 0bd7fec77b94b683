"""Who moved away or died: two workers, one registered member of the family, or nothing is left."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.core.values import Amount
from creditbank.identity.roles import Role
from creditbank.ledger import audit, chart, issues, lots, posting, statements
from creditbank.ledger.chart import Kind
from creditbank.ledger.lots import Lot
from creditbank.people import delegates
from creditbank.people.delegates import DelegateState
from creditbank.tasks import claims
from creditbank.tasks.states import ClaimState
from merchants import audit as shop_audit
from tests.books import POINTS, moved
from tests.office import Desks
from tests.web import OPERATOR, Web, opened

SOON, LATER = date(2027, 1, 1), date(2028, 1, 1)
DOCUMENT = "11010119900101001X"


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as opened_web:
        yield opened_web


def slug_of(answer: Any) -> str:
    """What went wrong."""
    return str(answer.json()["type"].rsplit("/", 1)[-1])


def person(web: Web, document: str | None = None) -> str:
    """Take someone in at the office."""
    body = {"name": "张三", "community_id": web.community(), "document": document}
    return str(web.made("/members", web.organiser, body)["member_id"])


def given(web: Web, member_id: str, units: int, day: date | None = None) -> None:
    """Let a member have points that expire on a day."""
    move = moved(chart.ISSUANCE, chart.member(member_id), units, expires_on=day)
    web.database.write(
        web.bank.bank_id,
        OPERATOR,
        lambda unit: posting.post(
            unit,
            posting.Draft(Kind.OPENING, f"open/{unit.new_id('tst')}", unit.now, (move,)),
        ),
    )


def available(web: Web, member_id: str) -> int:
    """What a member can spend."""
    rows = web.get(f"/members/{member_id}/balances", web.auditor).json()
    return sum(int(row["available"]) for row in rows if row["asset"] == POINTS)


def lots_of(web: Web, member_id: str) -> list[Lot]:
    """What a member has, by day of expiry."""
    place = chart.member(member_id)
    return web.database.read(web.bank.bank_id, lambda view: lots.lots(view, place, POINTS))


def clean(web: Web) -> bool:
    """Whether the proofs of books and shops find nothing."""
    proofs = [*audit.PROOFS, *shop_audit.PROOFS]
    return not any(web.database.read(web.bank.bank_id, proof) for proof in proofs)


def proposed(web: Web, body: dict[str, Any], token: str | None = None) -> str:
    """Propose a departure."""
    whole = {"cause": "moved", "reason": "迁往外地"} | body
    return str(web.made("/departures", token or web.treasurer, whole)["departure_id"])


def second(web: Web, **bound: str) -> str:
    """A second worker who may settle departures."""
    return web.token(Role.COMMUNITY_HEAD, **bound)


def test_points_go_to_a_relative_by_two_workers(web: Web) -> None:
    """The second worker moves all lots with their days by one gift, and the membership closes."""
    who, heir = person(web), person(web, DOCUMENT)
    token = web.token(Role.MEMBER, member_id=who)
    given(web, who, 10, SOON)
    given(web, who, 5, LATER)
    path = {"member_id": who, "to_member_id": heir, "relation": "relative", "document": DOCUMENT}
    departure = proposed(web, path)
    assert (15, 0) == (available(web, who), available(web, heir))
    waits = web.get("/departures", second(web)).json()
    assert [departure] == [one["departure_id"] for one in waits]
    done = web.made(f"/departures/{departure}/approve", second(web))
    assert "settled" == done["state"]
    assert (0, 15) == (available(web, who), available(web, heir))
    assert [Lot(SOON, 10), Lot(LATER, 5)] == lots_of(web, heir)
    assert "closed" == web.get(f"/members/{who}", web.auditor).json()["status"]
    assert 403 == web.get(f"/members/{who}", token).status_code
    assert [] == web.get("/departures", second(web)).json()
    assert clean(web)


def test_who_is_in_office_leaves_it_first(web: Web) -> None:
    """A membership does not end under somebody who can still sign in and approve."""
    who = person(web)
    departure = proposed(web, {"member_id": who})
    Desks(web).clerk(Role.TREASURER, member=who)
    for path, body in (
        ("/departures", {"member_id": who, "cause": "died", "reason": "病故"}),
        (f"/departures/{departure}/approve", None),
    ):
        refused = web.post(path, second(web), body)
        assert (409, "in-office") == (refused.status_code, slug_of(refused))
    assert "active" == web.get(f"/members/{who}", web.auditor).json()["status"]


def test_who_left_is_nobodys_delegate_any_more(web: Web) -> None:
    """Delegations end on both sides: whoever named them sees that they are over."""
    who, other = person(web), person(web)
    for payer, delegate in ((other, who), (who, other)):
        web.database.write(
            web.bank.bank_id,
            Actor(payer, "member", payer),
            lambda unit, of=payer, to=delegate: delegates.add(  # type: ignore[misc]
                unit, member_id=of, delegate_member_id=to, points_day=10, pays_from=unit.now
            ),
        )
    departure = proposed(web, {"member_id": who})
    web.made(f"/departures/{departure}/approve", second(web))
    found = web.database.read(web.bank.bank_id, lambda view: delegates.listing(view, other))
    assert [DelegateState.ENDED] * 2 == [one.state for one in found]


def test_without_family_the_points_expire(web: Web) -> None:
    """Nobody to receive: what is left expires by one transfer."""
    who = person(web)
    given(web, who, 7)
    departure = proposed(web, {"member_id": who, "cause": "died"})
    done = web.made(f"/departures/{departure}/approve", second(web))
    assert 0 == available(web, who)
    transfer = web.database.read(
        web.bank.bank_id, lambda view: posting.find(view, done["transfer_id"])
    )
    assert (Kind.EXPIRE, chart.EXPIRED) == (transfer.kind, transfer.postings[0].destination)
    assert clean(web)


def test_nobody_proposes_and_approves(web: Web) -> None:
    """The proposer's own second call is refused, and so is that of a second account."""
    who, me, also_me = person(web), person(web, DOCUMENT), person(web, DOCUMENT)
    given(web, who, 7)
    first = second(web, member_id=me)
    departure = proposed(web, {"member_id": who}, first)
    for token in (first, second(web, member_id=also_me)):
        answer = web.post(f"/departures/{departure}/approve", token)
        assert (403, "second-worker-needed") == (answer.status_code, slug_of(answer))
    assert 7 == available(web, who)


def test_who_gains_neither_proposes_nor_approves(web: Web) -> None:
    """Law 7 holds for the one who receives and everyone with the same document."""
    who, heir, also_heir = person(web), person(web, DOCUMENT), person(web, DOCUMENT)
    body = {"member_id": who, "to_member_id": heir, "relation": "relative", "document": DOCUMENT}
    whole = body | {"cause": "moved", "reason": "迁往外地"}
    for own in (heir, also_heir, who):
        answer = web.post("/departures", second(web, member_id=own), whole)
        assert (403, "involved") == (answer.status_code, slug_of(answer))
    departure = proposed(web, body)
    for own in (heir, also_heir, who):
        answer = web.post(f"/departures/{departure}/approve", second(web, member_id=own))
        assert (403, "involved") == (answer.status_code, slug_of(answer))


def test_the_family_is_registered(web: Web) -> None:
    """A relative by the document that was shown, or a delegate in force; nobody else."""
    who, heir, stranger = person(web), person(web, DOCUMENT), person(web, "X9876543")
    body = {"member_id": who, "cause": "moved", "reason": "迁往外地"}

    def tried(**said: str) -> str:
        return slug_of(web.post("/departures", web.treasurer, body | said))

    relative = {"relation": "relative", "document": DOCUMENT}
    assert "not-family" == tried(to_member_id=stranger, **relative)
    assert "bad-field" == tried(to_member_id=heir, relation="relative")
    assert "bad-field" == tried(to_member_id=heir)
    assert "bad-field" == tried(relation="relative")
    assert "not-family" == tried(to_member_id=heir, relation="delegate")
    assert "not-family" == tried(to_member_id=heir, relation="guardian")
    web.database.write(
        web.bank.bank_id,
        Actor(who, "member", who),
        lambda unit: delegates.add(
            unit,
            member_id=who,
            delegate_member_id=heir,
            points_day=10,
            pays_from=unit.now,
        ),
    )
    web.made("/departures", web.treasurer, body | {"to_member_id": heir, "relation": "delegate"})


def test_a_guardian_receives_what_a_child_had(web: Web) -> None:
    """The guardian who agreed for a child under 14 is family."""
    community = web.community()
    child, guardian = (
        str(
            web.made(
                "/members",
                web.organiser,
                {"name": "李四", "community_id": community, "born_on": born},
            )["member_id"]
        )
        for born in ("2016-01-01", "1985-01-01")
    )
    web.made(
        f"/members/{child}/consents",
        web.organiser,
        {"purposes": ["service"], "guardian_id": guardian},
    )
    given(web, child, 3)
    body = {"member_id": child, "to_member_id": guardian, "relation": "guardian"}
    web.made(f"/departures/{proposed(web, body)}/approve", second(web))
    assert 3 == available(web, guardian)


def test_who_owes_gives_nothing_away(web: Web) -> None:
    """A debt refuses the gift by name and leaves everything as it was; expiring is possible."""
    who, heir = person(web), person(web, DOCUMENT)
    web.database.write(
        web.bank.bank_id,
        OPERATOR,
        lambda unit: (
            issues.issue(
                unit,
                earned=[issues.Earned(who, Amount(5, POINTS))],
                key="issue/tst_1",
                occurred_at=unit.now,
                refers_to="tst_1",
                period_id=None,
            ).transfer_id
        ),
    )
    shop = chart.merchant("mer_" + "0" * 26)
    web.database.write(
        web.bank.bank_id,
        OPERATOR,
        lambda unit: posting.post(
            unit,
            posting.Draft(Kind.REDEEM, "pay/1", unit.now, (moved(chart.member(who), shop, 5),)),
        ),
    )
    web.database.write(web.bank.bank_id, OPERATOR, _withdrawn)
    given(web, who, 2)
    body = {"member_id": who, "to_member_id": heir, "relation": "relative", "document": DOCUMENT}
    departure = proposed(web, body)
    answer = web.post(f"/departures/{departure}/approve", second(web))
    assert (409, "in-debt") == (answer.status_code, slug_of(answer))
    assert "active" == web.get(f"/members/{who}", web.auditor).json()["status"]
    web.made(f"/departures/{departure}/cancel", web.treasurer)
    web.made(f"/departures/{proposed(web, {'member_id': who})}/approve", second(web))
    assert (0, 0) == (available(web, who), available(web, heir))
    assert clean(web)


def _withdrawn(unit: Any) -> None:
    issued = statements.issued_about(unit, "tst_1")[0]
    issues.withdraw(unit, transfer_id=issued, key="undo/1", period_id=None)


def test_a_service_to_be_reviewed_comes_first(web: Web) -> None:
    """Claims to come give their places back; a service that waits for review holds it up."""
    who, token = web.member()
    claim = web.served(token)
    task = web.publish()
    placed = str(web.made(f"/tasks/{task}/claims", token, {})["claim_id"])
    departure = proposed(web, {"member_id": who})
    answer = web.post(f"/departures/{departure}/approve", second(web))
    assert (409, "claims-in-flight") == (answer.status_code, slug_of(answer))
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    web.made(f"/departures/{departure}/approve", second(web))
    kept = web.database.read(web.bank.bank_id, lambda view: claims.find(view, placed))
    assert ClaimState.WITHDRAWN == kept.state
    assert 0 == web.get(f"/tasks/{task}", web.organiser).json()["placed"]
    assert 0 == available(web, who)


def test_a_departure_is_settled_once(web: Web) -> None:
    """Approving again, or two proposals about one member, move nothing more."""
    who = person(web)
    given(web, who, 7)
    one, two = proposed(web, {"member_id": who}), proposed(web, {"member_id": who})
    web.made(f"/departures/{one}/approve", second(web))
    assert "member-suspended" == slug_of(web.post(f"/departures/{one}/approve", second(web)))
    assert "member-suspended" == slug_of(web.post(f"/departures/{two}/approve", second(web)))
    web.made(f"/departures/{two}/cancel", web.treasurer)


def test_reasons_and_documents_are_not_kept_in_plain(web: Web) -> None:
    """The reason lies sealed, the document is compared and not kept."""
    who, heir = person(web), person(web, DOCUMENT)
    body = {"member_id": who, "to_member_id": heir, "relation": "relative", "document": DOCUMENT}
    proposed(web, body | {"reason": "金丝雀原因"})

    def rows(view: Any) -> str:
        tables = ("departure", "deed", "idempotency_key", "notice", "person")
        found = [
            view.connection.execute(
                text(f"SELECT * FROM {one} WHERE bank_id = :bank_id"), {"bank_id": view.bank_id}
            ).all()
            for one in tables
        ]
        assert all(found[:3])
        return str(found)

    kept = web.database.read(web.bank.bank_id, rows)
    assert "金丝雀" not in kept
    assert DOCUMENT not in kept


def test_a_head_settles_in_their_own_community(web: Web) -> None:
    """A role that holds elsewhere settles nothing here and sees nothing."""
    who = person(web)
    elsewhere = second(web, community_id=web.community())
    departure = proposed(web, {"member_id": who})
    assert 403 == web.post(f"/departures/{departure}/approve", elsewhere).status_code
    assert [] == web.get("/departures", elsewhere).json()


def test_nothing_is_paid_after_the_closing(web: Web) -> None:
    """A scan that is open and a code that is shown take nothing from a closed membership."""
    who, token = web.earned(10)
    _, _, till = web.shop()
    code = web.pay_code(who, token)
    scanned = web.made("/scans", till, {"code": code, "cart_fen": 6000})
    later = web.pay_code(who, token)
    web.made(f"/departures/{proposed(web, {'member_id': who})}/approve", second(web))
    answer = web.post(f"/redemptions/{scanned['redemption_id']}/redeem", till, {})
    assert (409, "member-suspended") == (answer.status_code, slug_of(answer))
    answer = web.post("/scans", till, {"code": later, "cart_fen": 6000})
    assert (409, "member-suspended") == (answer.status_code, slug_of(answer))
    assert 0 == available(web, who)
    assert clean(web)
