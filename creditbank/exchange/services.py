"""Services between members: an offer or a request, agreed minutes, and points when both confirm.

This is the time bank's own trade: the receiver's points go to the giver, by the scheme's units an
hour and its rounding; nothing is priced, and no money moves (law 14). From the agreement the
points are on hold for a week. Both say that it was done, and then it is paid; who disagrees
disputes it, and the office decides. What is said about it beyond a title is sealed with the key
of who said it. Members are locked first, then the PIN, the service, the hold, the accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Row, or_, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.core.values import whole_units
from creditbank.exchange.errors import (
    NotOnService,
    ServiceNotFound,
    ServicesOff,
    ServiceWorthless,
)
from creditbank.exchange.states import SERVICE, ServiceState
from creditbank.ledger import accounts, chart, holds
from creditbank.ledger.holds import HoldState
from creditbank.people import members, persons
from creditbank.schemes import rewards, scheme
from creditbank.schemes.parameters import Scheme
from creditbank.schemes.rewards import Per, Reward

TITLE_MOST = 60
CATEGORY_MOST = 20
DETAILS_MOST = 500
_SEALED = 2000
AGREED_FOR = timedelta(days=7)
LINK = "/me/services"


class ServiceKind(StrEnum):
    """Whether who posted it gives or wants the service."""

    OFFER = "offer"
    REQUEST = "request"


class ServiceRow(OfBank, table=True):
    """One offer or request; ``partner_id`` is who answered, ``told_by`` who confirmed first."""

    __tablename__ = "service"
    __table_args__ = (
        within_bank(["author_id"], "member", ["member_id"]),
        within_bank(["partner_id"], "member", ["member_id"]),
        within_bank(["asset_code"], "asset", ["code"]),
        within_bank(["hold_id"], "hold", ["hold_id"]),
        within_bank(["transfer_id"], "transfer", ["transfer_id"]),
        CheckConstraint("minutes > 0", name="minutes"),
        Index("ix_service_due", "bank_id", "state", "ends_at"),
        Index("ix_service_author", "bank_id", "author_id", "state"),
        Index("ix_service_partner", "bank_id", "partner_id", "state"),
    )

    service_id: str = Field(primary_key=True, max_length=40)
    kind: str = Field(max_length=16)
    author_id: str = Field(max_length=40)
    partner_id: str | None = Field(max_length=40)
    title: str = Field(max_length=TITLE_MOST)
    category: str = Field(max_length=CATEGORY_MOST)
    details: str | None = Field(max_length=_SEALED)
    minutes: int
    asset_code: str = Field(max_length=16)
    units: int | None = Field(sa_type=BigInteger)
    state: str = Field(max_length=16)
    posted_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    told_by: str | None = Field(max_length=40)
    hold_id: str | None = Field(max_length=40)
    transfer_id: str | None = Field(max_length=40)


services = table(ServiceRow)


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service stands; ``units`` is what it costs its receiver once agreed."""

    service_id: str
    kind: ServiceKind
    author_id: str
    partner_id: str | None
    minutes: int
    asset_code: str
    units: int | None
    state: ServiceState
    posted_at: datetime
    ends_at: datetime
    told_by: str | None
    hold_id: str | None
    transfer_id: str | None

    @property
    def giver_id(self) -> str | None:
        """Who does the service."""
        return self.author_id if self.kind is ServiceKind.OFFER else self.partner_id

    @property
    def receiver_id(self) -> str | None:
        """Who receives it, and pays."""
        return self.partner_id if self.kind is ServiceKind.OFFER else self.author_id

    @property
    def both(self) -> tuple[str, ...]:
        """Who posted it, and who answered."""
        return tuple(one for one in (self.author_id, self.partner_id) if one is not None)


@dataclass(frozen=True, slots=True)
class Posted:
    """A service with what is said about it."""

    service: Service
    title: str
    category: str
    details: str | None


COLUMNS = [services.c[one] for one in Service.__slots__]


def service(row: Row[Any]) -> Service:
    """Read a row."""
    one = Service(*(getattr(row, name) for name in Service.__slots__))
    return replace(one, kind=ServiceKind(one.kind), state=ServiceState(one.state))


def call_off(unit: Unit, one: Service, *, but: str) -> Service:
    """Cancel a service that is locked, and tell the other one than ``but``.

    Raises:
        StateConflict: it is too late.
    """
    state = ServiceState(SERVICE.after(one.state, "cancel"))
    release(unit, one)
    others = [told for told in one.both if told != but]
    notices.tell_all(unit, others, "service-cancelled", link=LINK)
    return store(unit, one, state=state)


def release(unit: Unit, one: Service, *, pays: str | None = None) -> None:
    """Give back what is on hold for a service, if its time has not done that already.

    ``pays`` is who is paid afterwards: that account is locked together with the others.
    """
    if one.hold_id is None:
        return
    hold = holds.find(unit, one.hold_id, lock=True)
    if hold.state is HoldState.AUTHORISED:
        members = {hold.member_id} if pays is None else {hold.member_id, pays}
        places = {(chart.member(who), one.asset_code) for who in members}
        accounts.lock(unit, places | {(chart.held(hold.member_id), one.asset_code)})
        holds.give_back(unit, hold)


def of_either(view: View, member_id: str) -> tuple[Any, ...]:
    """Return what tells the services that a member posted or answered."""
    of = services.c
    return of.bank_id == view.bank_id, or_(of.author_id == member_id, of.partner_id == member_id)


# Finding ---------------------------------------------------------------------------------------


def find(view: View, service_id: str) -> Service:
    """Return a service.

    Raises:
        ServiceNotFound: this bank has none of this id.
    """
    row = view.row(_one(view, service_id))
    if row is None:
        raise ServiceNotFound(service_id)
    return service(row)


def _one(view: View, service_id: str) -> Any:
    return select(*COLUMNS).where(
        services.c.bank_id == view.bank_id, services.c.service_id == service_id
    )


def lock(unit: Unit, service_id: str) -> Service:
    """Lock a service and return it.

    Raises:
        ServiceNotFound: this bank has none of this id.
    """
    row = unit.row(_one(unit, service_id).with_for_update(key_share=True))
    if row is None:
        raise ServiceNotFound(service_id)
    return service(row)


def of_author(unit: Unit, member_id: str, service_id: str) -> Service:
    """Return a service that the actor posted.

    Raises:
        ServiceNotFound: this bank has none of this id.
        NotOnService: somebody else posted it.
    """
    _require_actor(unit, member_id)
    seen = find(unit, service_id)
    if seen.author_id != member_id:
        raise NotOnService
    return seen


def of_both(unit: Unit, member_id: str, service_id: str) -> Service:
    """Lock a service of which the actor is one of the two.

    Raises:
        ServiceNotFound: this bank has none of this id.
        NotOnService: it is of two others.
    """
    _require_actor(unit, member_id)
    one = lock(unit, service_id)
    if member_id not in one.both:
        raise NotOnService
    return one


def _require_actor(unit: Unit, member_id: str) -> None:
    if unit.actor.member_id != member_id:
        raise NotOnService


def store(unit: Unit, one: Service, **changes: Any) -> Service:
    """Write changes of a service that this unit has locked, and return it as it is now."""
    unit.run(
        update(services)
        .where(services.c.bank_id == unit.bank_id, services.c.service_id == one.service_id)
        .values(**changes)
    )
    return replace(one, **changes)


def rules_now(view: View) -> tuple[Scheme, str]:
    """Return the scheme and the asset that services are paid in.

    Raises:
        ServicesOff: the scheme names none.
    """
    rules = scheme.current(view)
    if rules.exchange_asset is None:
        raise ServicesOff
    return rules, rules.exchange_asset


def worth(rules: Scheme, asset: str, minutes: int) -> int:
    """Return what so many minutes cost their receiver.

    Raises:
        BadAmount: the minutes are no whole number of a day.
        ServiceWorthless: it is less than one point.
    """
    whole_units(minutes, rules.minutes_day_most)
    reward = Reward(asset, rules.exchange_units_hour, Per.HOUR)
    units = rewards.earned(reward, minutes, rules.rounding)
    if not units:
        raise ServiceWorthless
    return units


def board(view: View, limit: int = 100) -> list[Posted]:
    """Return what is open for an answer now, the latest first."""
    of = services.c
    return _posted(view, [of.state == ServiceState.OPEN, of.ends_at > view.now], limit)


def of_member(view: View, member_id: str, limit: int = 100) -> list[Posted]:
    """Return the services that a member posted or answered, the latest first."""
    return _posted(view, of_either(view, member_id), limit)


def disputed(view: View, within: Sequence[str] | None = None, limit: int = 100) -> list[Posted]:
    """Return what the office has to decide, the earliest first.

    ``within`` are the communities of who posted it, None all of them.
    """
    of = services.c
    where = [of.state == ServiceState.DISPUTED]
    if within is not None:
        where.append(members.is_within(view, of.author_id, within))
    return _posted(view, where, limit, of.posted_at, of.service_id)


def _posted(view: View, where: Sequence[Any], limit: int, *order: Any) -> list[Posted]:
    latest = (services.c.posted_at.desc(), services.c.service_id.desc())
    rows = view.rows(
        select(services)
        .where(services.c.bank_id == view.bank_id, *where)
        .order_by(*(order or latest))
        .limit(limit)
    )
    return [
        Posted(
            service(row),
            row.title,
            row.category,
            persons.unseal(view, row.author_id, "service-details", row.details),
        )
        for row in rows
    ]
