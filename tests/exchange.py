"""A street whose members give to each other: short words for gifts, donations and services."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from creditbank.core.units import Actor
from creditbank.exchange import (
    agreements,
    audit,
    donations,
    gifts,
    handouts,
    needy,
    outcomes,
    services,
)
from creditbank.exchange.donations import Donated
from creditbank.exchange.gifts import Given
from creditbank.exchange.handouts import Handout
from creditbank.exchange.needy import Needy
from creditbank.exchange.services import Service, ServiceKind
from creditbank.ledger import chart, statements
from creditbank.people import persons, relatives
from creditbank.people.relatives import Relation
from tests.books import POINTS
from tests.payers import Payers

FIRST, SECOND = Actor("stf_first", "community_head"), Actor("stf_second", "treasurer")
NAMER = Actor("stf_namer", "organiser")


class Neighbours(Payers):
    """Members who are related, in need, or do something for each other."""

    def born(self, member_id: str, born_on: date) -> None:
        """Write a birth date down."""
        self.do(partial(persons.change, holder_id=member_id, born_on=born_on))

    def related(self, member_id: str, other: str, relation: Relation = Relation.CHILD) -> None:
        """Register two as family: what the other is to the member."""
        key = self.name()
        self.at_office(
            lambda unit: relatives.register(
                unit, member_id=member_id, relative_id=other, relation=relation, key=key
            ),
            FIRST,
        )

    def give(
        self, member_id: str, to: str, units: int, *, asset: str = POINTS, pin: bool = True
    ) -> Given:
        """Give, with the PIN typed unless told otherwise."""
        key = self.name()
        if pin:
            self.typed(member_id, key)
        return self.as_member(
            member_id,
            lambda unit: gifts.give(
                unit, member_id=member_id, to=to, asset=asset, units=units, key=key
            ),
        )

    def donate(self, member_id: str, units: int, *, directly: bool = False) -> Donated:
        """Donate to the fund, or to the next in need."""
        key = self.name()
        self.typed(member_id, key)
        verb = donations.directly if directly else donations.to_fund
        return self.as_member(
            member_id,
            lambda unit: verb(unit, member_id=member_id, asset=POINTS, units=units, key=key),
        )

    def named(self, member_id: str, by: Actor = NAMER) -> Needy:
        """Propose somebody for the register."""
        key = self.name()
        return self.at_office(
            lambda unit: needy.name(unit, member_id=member_id, reason="独居，低保", key=key), by
        )

    def in_need(self, *member_ids: str) -> None:
        """Put members on the register, one after the other."""
        for one in member_ids:
            entry = self.named(one)
            self.confirm_need(entry.needy_id)
            self.clock.advance(seconds=1)

    def confirm_need(self, needy_id: str, by: Actor = FIRST) -> Needy:
        """Confirm an entry of the register."""
        key = self.name()
        return self.at_office(lambda unit: needy.confirm(unit, needy_id=needy_id, key=key), by)

    def order(self, order: Any) -> list[str]:
        """Who is next."""
        return self.see(lambda view: needy.in_order(view, order, POINTS))

    def proposed(self, units_each: int, people: int, by: Actor = FIRST) -> Handout:
        """Propose a hand-out from the fund of donations."""
        key = self.name()
        return self.at_office(
            lambda unit: handouts.propose(
                unit,
                fund=donations.FUND,
                asset=POINTS,
                units_each=units_each,
                people=people,
                key=key,
            ),
            by,
        )

    def confirmed(self, handout_id: str, by: Actor = SECOND) -> Handout:
        """Confirm a hand-out."""
        key = self.name()
        return self.at_office(
            lambda unit: handouts.confirm(unit, handout_id=handout_id, key=key), by
        )

    def fund(self) -> int:
        """What lies in the fund of donations."""
        address = chart.fund(donations.FUND)
        return self.see(lambda view: statements.balance(view, address, POINTS).available)

    def posted(self, author_id: str, kind: ServiceKind, minutes: int = 60) -> str:
        """Post an offer or a request."""
        key = self.name()
        return self.as_member(
            author_id,
            lambda unit: agreements.publish(
                unit,
                member_id=author_id,
                kind=kind,
                title="陪同看病",
                category="陪护",
                minutes=minutes,
                details="周三上午去人民医院",
                key=key,
            ),
        ).service_id

    def answered(self, member_id: str, service_id: str, minutes: int = 60) -> Service:
        """Answer, with the PIN typed."""
        key = self.name()
        self.typed(member_id, key)
        return self.as_member(
            member_id,
            lambda unit: agreements.answer(
                unit, member_id=member_id, service_id=service_id, minutes=minutes, key=key
            ),
        )

    def accepted(self, member_id: str, service_id: str, minutes: int = 60) -> Service:
        """Accept an answer, with the PIN typed."""
        key = self.name()
        self.typed(member_id, key)
        return self.as_member(
            member_id,
            lambda unit: agreements.accept(
                unit, member_id=member_id, service_id=service_id, minutes=minutes, key=key
            ),
        )

    def agreed(self, giver: str, receiver: str, minutes: int = 60) -> str:
        """A request of the receiver that the giver answered."""
        service_id = self.posted(receiver, ServiceKind.REQUEST, minutes)
        self.answered(giver, service_id, minutes)
        return self.accepted(receiver, service_id, minutes).service_id

    def says(self, verb: Any, member_id: str, service_id: str) -> Service:
        """Let one of the two confirm, dispute, cancel or decline."""
        key = self.name()
        found: Service = self.as_member(
            member_id,
            lambda unit: verb(unit, member_id=member_id, service_id=service_id, key=key),
        )
        return found

    def decided(self, service_id: str, *, paid: bool, by: Actor = FIRST) -> Service:
        """Let the office decide."""
        key = self.name()
        return self.at_office(
            lambda unit: outcomes.decide(unit, service_id=service_id, paid=paid, key=key), by
        )

    def service(self, service_id: str) -> Service:
        """A service as it stands."""
        return self.see(lambda view: services.find(view, service_id))

    def findings(self) -> Sequence[Any]:
        """What the proofs of the exchange, of the books and of the shops find."""
        more = self.see(lambda view: [one for ask in audit.PROOFS for one in ask(view)])
        return self.faults() + more
