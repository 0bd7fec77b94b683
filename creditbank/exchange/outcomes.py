"""Outcomes of services: both confirm and it is paid, or it is disputed, decided, or lapses.

What one of the two confirmed is never simply over: when its time is, or one of them leaves, the
office decides. Nobody decides for somebody close (law 7).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount, Posting
from creditbank.exchange import services
from creditbank.exchange.errors import OwnBenefit
from creditbank.exchange.services import LINK, Service
from creditbank.exchange.states import SERVICE, ServiceState
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, post
from creditbank.people import communities, kin, members, trail
from creditbank.schemes import rewards, scheme


@keyed
def confirm(unit: Unit, *, member_id: str, service_id: str, key: str) -> Service:  # noqa: ARG001
    """Say that a service was done; when both have, it is paid.

    Raises:
        ServiceNotFound, NotOnService: the member is none of the two.
        StateConflict: it is not agreed, was confirmed by this member, or is over.
        InsufficientPoints: the hold ran out, and the receiver has not enough any more.
    """
    one = services.of_both(unit, member_id, service_id)
    if one.state is ServiceState.TOLD and one.told_by == member_id:
        raise SERVICE.conflict(one.state, "tell")
    if one.state is ServiceState.TOLD:
        state = ServiceState(SERVICE.after(one.state, "finish"))
        return _paid(unit, one, state)
    state = ServiceState(SERVICE.after(one.state, "tell"))
    others = [told for told in one.both if told != member_id]
    notices.tell_all(unit, others, "service-told", link=LINK)
    return services.store(unit, one, state=state, told_by=member_id)


@keyed
def dispute(unit: Unit, *, member_id: str, service_id: str, key: str) -> Service:  # noqa: ARG001
    """Say that a service was not done as agreed; the office decides.

    Raises:
        ServiceNotFound, NotOnService: the member is none of the two.
        StateConflict: there is nothing to dispute.
    """
    one = services.of_both(unit, member_id, service_id)
    state = ServiceState(SERVICE.after(one.state, "dispute"))
    notices.tell_all(unit, one.both, "service-disputed", link=LINK)
    return services.store(unit, one, state=state)


@keyed
def decide(unit: Unit, *, service_id: str, paid: bool, key: str) -> Service:  # noqa: ARG001
    """Decide a dispute, by somebody of the office who is close to neither.

    It is the office's where whoever posted it lives.

    Raises:
        ServiceNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold there.
        OwnBenefit: the actor is one of the two, or close to one of them.
        StateConflict: it is not disputed.
        InsufficientPoints: it is to be paid, and the receiver has not enough any more.
    """
    seen = services.find(unit, service_id)
    communities.require_within(unit.actor, members.find(unit, seen.author_id).community_id)
    if kin.of_actor(unit, unit.actor) & set(seen.both):
        raise OwnBenefit
    one = services.lock(unit, service_id)
    state = ServiceState(SERVICE.after(one.state, "award" if paid else "dismiss"))
    trail.record(unit, "service.decided", service_id, after={"paid": paid})
    if paid:
        return _paid(unit, one, state)
    services.release(unit, one)
    notices.tell_all(unit, one.both, "service-cancelled", link=LINK)
    return services.store(unit, one, state=state)


def _paid(unit: Unit, one: Service, state: ServiceState) -> Service:
    """Let the receiver's points go to the giver, with the validity of points that come in now."""
    assert one.units is not None, "what is confirmed was agreed"
    assert one.giver_id is not None, "what is confirmed has a giver"
    assert one.receiver_id is not None, "what is confirmed has a receiver"
    services.release(unit, one, pays=one.giver_id)
    months = scheme.current(unit).of_asset(one.asset_code).validity_months
    moved = Posting(
        chart.member(one.receiver_id),
        chart.member(one.giver_id),
        Amount(one.units, one.asset_code),
        rewards.expires_on(unit.today, months),
    )
    key = f"service/{one.service_id}"
    done = post(unit, Draft(Kind.SERVICE, key, unit.now, (moved,), one.service_id))
    units = {one.asset_code: one.units}
    notices.tell(unit, one.giver_id, "service-paid", link="/me/statement", units=units)
    return services.store(unit, one, state=state, transfer_id=done.transfer_id)


_TIMED = (ServiceState.OPEN, ServiceState.ANSWERED, ServiceState.AGREED, ServiceState.TOLD)


def lapse_next(unit: Unit) -> bool:
    """Let the next service lapse whose time is over; what one of the two confirmed is disputed.

    One a slice, because the holds of two would take their locks out of order.
    """
    row = unit.row(_due(unit).with_for_update(key_share=True))
    if row is None:
        return False
    one = services.service(row)
    state = ServiceState(SERVICE.after(one.state, "lapse"))
    if state is ServiceState.LAPSED:
        services.release(unit, one)
    kind = "service-disputed" if state is ServiceState.DISPUTED else "service-lapsed"
    notices.tell_all(unit, one.both, kind, link=LINK)
    services.store(unit, one, state=state)
    return True


def any_due(view: View) -> bool:
    """Tell whether the time of a service is over."""
    return view.row(_due(view)) is not None


def _due(view: View) -> Any:
    of = services.services.c
    return (
        select(*services.COLUMNS)
        .where(of.bank_id == view.bank_id, of.state.in_(_TIMED), of.ends_at <= view.now)
        .order_by(of.ends_at, of.service_id)
        .limit(1)
    )


def end_all(unit: Unit, member_id: str) -> None:
    """Cancel what a member who leaves has open, and let the rest be over now.

    The member is locked by this unit. Where points are on hold, the job of due work gives them
    back in a unit of its own, or lets the office decide what is half confirmed: a unit that closes
    a membership locks no accounts of others.
    """
    rows = unit.rows(
        select(*services.COLUMNS)
        .where(*services.of_either(unit, member_id), services.services.c.state.in_(_TIMED))
        .order_by(services.services.c.service_id)
        .with_for_update(key_share=True)
    )
    for one in map(services.service, rows):
        if one.hold_id is None:
            services.call_off(unit, one, but=member_id)
        else:
            services.store(unit, one, ends_at=unit.now)
