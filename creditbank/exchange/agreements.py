"""Agreements: an offer or a request is posted, answered, and accepted or declined.

Who would receive the service types the PIN, for it is their points; those are set aside when the
answer is accepted. Members are locked first, then the PIN, the service, the hold, the accounts.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.core.values import Amount
from creditbank.exchange import giving, services
from creditbank.exchange.errors import SamePerson, ServiceChanged
from creditbank.exchange.services import (
    AGREED_FOR,
    CATEGORY_MOST,
    DETAILS_MOST,
    LINK,
    TITLE_MOST,
    Service,
    ServiceKind,
)
from creditbank.exchange.states import SERVICE, ServiceState
from creditbank.ledger import holds
from creditbank.ledger.issues import refuse_debtor
from creditbank.people import kin, persons

OPEN_FOR = timedelta(days=30)
ANSWERED_FOR = timedelta(days=3)


@keyed
def publish(
    unit: Unit,
    *,
    member_id: str,
    kind: ServiceKind,
    title: str,
    category: str,
    minutes: int,
    key: str,  # noqa: ARG001 - the key is @keyed's
    details: str | None = None,
) -> Service:
    """Post an offer or a request for so many minutes.

    Raises:
        BadField, BadAmount: a word or the minutes are unusable.
        ServicesOff: the scheme names no asset for services.
        ServiceWorthless: so few minutes are worth no point.
        MemberNotFound, NotYours, MemberSuspended, ChildCannotGive: the member may not post.
    """
    rules, asset = services.rules_now(unit)
    giving.lock(unit, member_id)
    giving.refuse_child(unit, member_id, rules)
    services.worth(rules, asset, minutes)
    made = Service(
        service_id=unit.new_id("svc"),
        kind=kind,
        author_id=member_id,
        partner_id=None,
        minutes=minutes,
        asset_code=asset,
        units=None,
        state=ServiceState.OPEN,
        posted_at=unit.now,
        ends_at=unit.now + OPEN_FOR,
        told_by=None,
        hold_id=None,
        transfer_id=None,
    )
    said = None
    if details is not None:
        text = line("details", details, DETAILS_MOST)
        said = persons.seal(unit, member_id, "service-details", text)
    words = {
        "title": line("title", title, TITLE_MOST),
        "category": line("category", category, CATEGORY_MOST),
        "details": said,
    }
    row = {one: getattr(made, one) for one in Service.__slots__}
    unit.run(insert(services.services), {"bank_id": unit.bank_id} | row | words)
    return made


@keyed
def answer(unit: Unit, *, member_id: str, service_id: str, minutes: int, key: str) -> Service:
    """Answer an offer or a request with the minutes one has in mind.

    Who would receive the service types the PIN for this request, for it is their points.

    Raises:
        ServiceNotFound: this bank has none of this id.
        ServicesOff: the scheme names no asset for services.
        BadAmount: the minutes are no whole number of a day.
        ServiceWorthless: so few minutes are worth no point.
        SamePerson: it is the member's own.
        MemberNotFound, NotYours, MemberSuspended, ChildCannotGive: the member may not answer.
        StateConflict: it was answered already, or is over.
        PinUnproven: the PIN was not typed for this request.
        InDebt: who would receive it has something to earn back.
    """
    rules, asset = services.rules_now(unit)
    services.worth(rules, asset, minutes)
    seen = services.find(unit, service_id)
    if seen.author_id in kin.same(unit, member_id):
        raise SamePerson
    giving.lock(unit, member_id)
    giving.refuse_child(unit, member_id, rules)
    if seen.kind is ServiceKind.OFFER:
        giving.require_pin(unit, member_id, key)
        refuse_debtor(unit, member_id, asset)
    one = services.lock(unit, service_id)
    state = ServiceState(SERVICE.after(one.state, "answer"))
    if unit.now >= one.ends_at:
        raise SERVICE.conflict(ServiceState.LAPSED, "answer")
    notices.tell(unit, one.author_id, "service-answered", link=LINK, minutes=minutes)
    return services.store(
        unit,
        one,
        state=state,
        partner_id=member_id,
        minutes=minutes,
        ends_at=unit.now + ANSWERED_FOR,
    )


@keyed
def accept(unit: Unit, *, member_id: str, service_id: str, minutes: int, key: str) -> Service:
    """Accept the answer to one's offer or request; the receiver's points are set aside.

    Raises:
        ServiceNotFound, NotOnService: it is not this member's.
        ServicesOff: the scheme names no asset for services.
        MemberNotFound, NotYours, MemberSuspended: one of the two may not agree now.
        StateConflict: it has no answer, or is over.
        ServiceChanged: the minutes are others than the member saw.
        PinUnproven: the author pays, and the PIN was not typed for this request.
        InDebt, InsufficientPoints: the receiver cannot pay.
    """
    rules, _ = services.rules_now(unit)
    seen = services.of_author(unit, member_id, service_id)
    giving.lock(unit, member_id, [] if seen.partner_id is None else [seen.partner_id])
    if seen.kind is ServiceKind.REQUEST:
        giving.require_pin(unit, member_id, key)
    one = services.lock(unit, service_id)
    state = ServiceState(SERVICE.after(one.state, "accept"))
    if one.partner_id != seen.partner_id or one.minutes != minutes:
        raise ServiceChanged(one.minutes)
    if unit.now >= one.ends_at:
        raise SERVICE.conflict(ServiceState.LAPSED, "accept")
    assert one.partner_id is not None, "what was answered has a partner"
    assert one.receiver_id is not None, "what was answered has a receiver"
    refuse_debtor(unit, one.receiver_id, one.asset_code)
    units = services.worth(rules, one.asset_code, one.minutes)
    hold = holds.authorise(
        unit,
        member_id=one.receiver_id,
        amount=Amount(units, one.asset_code),
        ttl_s=AGREED_FOR.days * 24 * 3600,
        refers_to=service_id,
    )
    notices.tell(unit, one.partner_id, "service-agreed", link=LINK, minutes=minutes)
    return services.store(
        unit,
        one,
        state=state,
        units=units,
        hold_id=hold.hold_id,
        ends_at=unit.now + AGREED_FOR,
    )


@keyed
def decline(unit: Unit, *, member_id: str, service_id: str, key: str) -> Service:  # noqa: ARG001
    """Decline an answer; the offer or request is open again.

    Raises:
        ServiceNotFound, NotOnService: it is not this member's.
        StateConflict: it has no answer.
    """
    services.of_author(unit, member_id, service_id)
    one = services.lock(unit, service_id)
    state = ServiceState(SERVICE.after(one.state, "decline"))
    assert one.partner_id is not None, "what was answered has a partner"
    notices.tell(unit, one.partner_id, "service-declined", link=LINK)
    return services.store(unit, one, state=state, partner_id=None, ends_at=unit.now + OPEN_FOR)


@keyed
def cancel(unit: Unit, *, member_id: str, service_id: str, key: str) -> Service:  # noqa: ARG001
    """Cancel a service before anybody said that it was done.

    Raises:
        ServiceNotFound, NotOnService: the member is none of the two.
        StateConflict: it is too late.
    """
    one = services.of_both(unit, member_id, service_id)
    return services.call_off(unit, one, but=member_id)
