"""A main street where people give PINs, carry cards and send somebody."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from creditbank.core.units import Actor, Declined, Unit
from creditbank.identity import pins, sittings
from creditbank.identity.roles import Role
from creditbank.people import persons
from creditbank.people.delegates import Delegation
from merchants import cards, codes, delegations, pin_requests, redemptions
from merchants.cards import Card
from merchants.pin_requests import PinAnswer, PinRequest
from tests.merchant_builders import Street

R = TypeVar("R")

OFFICE = Actor("stf_office", Role.ORGANISER)


class Payers(Street):
    """A street with short words for those who pay."""

    def as_member(
        self, member_id: str, work: Callable[[Unit], R | Declined], *, via: str | None = None
    ) -> R:
        """Run one unit as a member, on a device if one is named."""
        actor = Actor(member_id, Role.MEMBER, member_id, via=via)
        return self.database.write(self.bank_id, actor, work)

    def at_office(self, work: Callable[[Unit], R | Declined], actor: Actor = OFFICE) -> R:
        """Run one unit as someone at the office."""
        return self.database.write(self.bank_id, actor, work)

    def device(self, member_id: str) -> str:
        """Sign a member in on another device; returns its sitting."""
        secret = sittings.new_secret()
        return self.do(
            lambda unit: sittings.begin(
                unit,
                holder_id=member_id,
                secret_hash=sittings.hashed(secret),
                device="phone",
                staff=False,
                second_factor=False,
            )
        )

    def documented(self, *holder_ids: str, number: str = "110101195001010011") -> None:
        """Write down that these rows are one person."""
        for one in holder_ids:
            self.do(partial(persons.change, holder_id=one, document=number))

    def code_on(self, member_id: str, via: str | None) -> str:
        """The digits of a pay code that a member's device shows."""
        key = self.name()
        issued = self.as_member(
            member_id, lambda unit: codes.issue(unit, member_id=member_id, key=key), via=via
        )
        return self.see(lambda view: codes.digits(view, issued.pay_code_id))

    def waiting(self, payer_id: str) -> list[PinRequest]:
        """What waits for a payer's PIN."""
        return self.see(lambda view: pin_requests.listing(view, payer_id))

    def typed(self, member_id: str, key: str) -> None:
        """Let a member set a PIN, if there is none, and type it right for a request."""
        if not self.see(lambda view: pins.state(view, member_id)).is_set:
            named = self.name()
            self.at_office(
                lambda unit: pins.set_at_office(
                    unit, member_id=member_id, pin_hash="?", reason="?", identity="?", key=named
                )
            )
        self.do(lambda unit: pins.begin_try(unit, member_id))
        self.do(lambda unit: pins.settle(unit, member_id, right=True, key=key))

    def confirm(
        self, payer_id: str, redemption_id: str, points: int, key: str | None = None
    ) -> PinAnswer:
        """Let a payer type their PIN on their phone."""
        key = key or self.name()
        self.typed(payer_id, key)
        return self.as_member(
            payer_id,
            lambda unit: pin_requests.confirm(
                unit, payer_id=payer_id, redemption_id=redemption_id, points=points, key=key
            ),
        )

    def refuse(self, payer_id: str, redemption_id: str) -> PinAnswer:
        """Let a payer refuse."""
        key = self.name()
        return self.as_member(
            payer_id,
            lambda unit: pin_requests.refuse(
                unit, payer_id=payer_id, redemption_id=redemption_id, key=key
            ),
        )

    def confirm_at_till(self, redemption_id: str, till_id: str | None = None) -> PinAnswer:
        """Let the holder of a card type their PIN at the till."""
        key = self.name()
        self.typed(self.see(lambda view: redemptions.find(view, redemption_id)).member_id, key)
        return self.by(
            till_id or self.till_id,
            lambda unit: pin_requests.confirm_at_till(unit, redemption_id=redemption_id, key=key),
        )

    def card(self, member_id: str, actor: Actor = OFFICE) -> tuple[Card, str]:
        """Make a card; returns it with its digits."""
        key, digits = self.name(), cards.new_digits()

        def work(unit: Unit) -> Card | Declined:
            made = cards.make(unit, member_id=member_id, key=key)
            if isinstance(made, Card):
                assert cards.arm(unit, made.card_id, digits)
            return made

        return self.at_office(work, actor), digits

    def revoke_card(self, card: Card, actor: Actor = OFFICE) -> Card:
        """Stop a card."""
        key = self.name()
        return self.at_office(
            lambda unit: cards.revoke(
                unit, member_id=card.member_id, card_id=card.card_id, key=key
            ),
            actor,
        )

    def delegate(
        self, member_id: str, delegate_id: str, points_day: int = 50, **named: Any
    ) -> Delegation:
        """Let one member name another as delegate."""
        key = self.name()
        return self.as_member(
            member_id,
            lambda unit: delegations.name(
                unit,
                member_id=member_id,
                delegate_member_id=delegate_id,
                points_day=points_day,
                key=key,
            ),
            **named,
        )

    def end_delegate(self, delegation_id: str, by: str) -> Delegation:
        """End a delegation."""
        key = self.name()
        return self.as_member(
            by,
            lambda unit: delegations.revoke(
                unit, member_id=by, delegation_id=delegation_id, key=key
            ),
        )

    def delegated(self, delegate_id: str, member_id: str, via: str | None = None) -> str:
        """The digits of a code that a delegate shows for a member."""
        key = self.name()
        issued = self.as_member(
            delegate_id,
            lambda unit: codes.issue_delegated(unit, member_id=member_id, key=key),
            via=via,
        )
        return self.see(lambda view: codes.digits(view, issued.pay_code_id))
