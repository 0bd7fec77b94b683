"""Ready accounts of every role, so that a demonstration can be tried from every side.

Everything here is known to everyone: such accounts are made in a demonstration only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from creditbank.core.units import Actor, Unit, View
from creditbank.identity import (
    appointments,
    grants,
    passwords,
    phones,
    pin_digits,
    pins,
    second_factors,
)
from creditbank.identity.roles import (
    OF_COMMUNITY,
    OF_MERCHANT,
    RIGHTS,
    SECOND_FACTOR,
    STAFF,
    Grant,
    Role,
)
from creditbank.ledger import chart, statements
from creditbank.people import members, persons
from merchants import cashiers, tills
from seeds import guests, moving_in
from seeds.chronicle import Year

PASSWORD = "for demonstration only"  # noqa: S105 - printed for everyone
PIN = moving_in.PIN
_OFFICE = Actor("stf_demo_office", Role.COMMUNITY_HEAD)
_NAMES = {
    Role.ORGANISER: "示范组织者",
    Role.REVIEWER: "示范审核员",
    Role.COMMUNITY_HEAD: "示范社区负责人",
    Role.TREASURER: "示范财务",
    Role.AUDITOR: "示范审计",
    Role.OPERATOR: "示范管理员",
    Role.SHOP_OWNER: "示范店主",
}


@dataclass(frozen=True, slots=True)
class StaffAccount:
    """Somebody who signs in with a password; ``secret`` is the second factor's, where needed."""

    role: Role
    login: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class ResidentAccount:
    """Somebody who signs in with a phone and the code that is sent to it."""

    member_id: str
    phone: str


def bound(year: Year, role: Role) -> Grant:
    """Return a role where it holds in the demonstration: the first community, the first shop."""
    return Grant(
        role,
        community_id=next(iter(year.community_ids.values())) if role in OF_COMMUNITY else None,
        merchant_id=year.merchant_ids[0] if role in OF_MERCHANT else None,
    )


def open_staff(year: Year) -> list[StaffAccount]:
    """Put one person into every office, all with the same password."""
    made: list[StaffAccount] = []
    for role in sorted(STAFF, key=list(RIGHTS).index):
        login = guests.login_of(role)
        secret = second_factors.new_secret() if role in SECOND_FACTOR else None
        year.do(
            _OFFICE,
            partial(
                appointments.install,
                name=_NAMES[role],
                login=login,
                roles=[bound(year, role)],
                password_hash=passwords.hashed(PASSWORD),
                secret=secret,
                key=year.key("staff", role),
            ),
        )
        made.append(StaffAccount(role, login, secret))
    return made


def richest(year: Year, count: int) -> list[str]:
    """Return the residents of age who have the most to spend, most first."""
    minors = {year.member_ids[one] for one in year.plan.people.minors}

    def look(view: View) -> list[str]:
        has = {
            member_id: statements.balance(view, chart.member(member_id), "XYB").available
            for member_id in year.member_ids
            if member_id not in minors
        }
        return sorted(has, key=lambda member_id: -has[member_id])[:count]

    return year.database.read(year.bank.bank_id, look)


def open_residents(year: Year, count: int = 2) -> list[ResidentAccount]:
    """Give the residents with the most points a phone to sign in with and a payment PIN."""
    made: list[ResidentAccount] = []
    for number, member_id in enumerate(richest(year, count), start=1):
        phone = f"1380000{number:04d}"
        year.do(_OFFICE, partial(_give_phone, member_id=member_id, phone=phone))
        key = year.key("pin", member_id)
        year.do(
            _OFFICE,
            partial(
                pins.set_at_office,
                member_id=member_id,
                pin_hash=pin_digits.hashed(year.database.vault, PIN, whose=member_id, key=key),
                reason="示范",
                identity="known_personally",
                key=key,
            ),
        )
        made.append(ResidentAccount(member_id, phone))
    return made


def _give_phone(unit: Unit, *, member_id: str, phone: str) -> None:
    members.lock(unit, [member_id])
    persons.change(unit, holder_id=member_id, phone=phone)
    phones.link(unit, member_id=member_id, phone=phone)


@dataclass(frozen=True, slots=True)
class CashierAccount:
    """Somebody who signs in at a paired till by PIN; the till's shop has no other cashier."""

    cashier_id: str
    till_id: str


def open_cashier(year: Year) -> CashierAccount:
    """Give the second shop a cashier; the first goes on without, as a shop of one person does."""
    cashier_id = year.do(
        _OFFICE,
        partial(
            cashiers.add,
            merchant_id=year.merchant_ids[1],
            name="示范收银员",
            pin=PIN,
            pin_hash=passwords.hashed(PIN),
            key=year.key("cashier", 1),
        ),
    )
    return CashierAccount(cashier_id, year.till_ids[1])


def open_till(year: Year) -> str:
    """Give the first shop, which has no cashiers, another till, for guests."""
    return year.do(
        _OFFICE,
        partial(
            tills.register,
            merchant_id=year.merchant_ids[0],
            name=guests.TILL_NAME,
            key=year.key("till of guests"),
        ),
    )


def appoint_leader(year: Year, member_id: str) -> None:
    """Let a resident lead a team of the first community."""
    grant = Grant(Role.TEAM_LEADER, community_id=next(iter(year.community_ids.values())))
    year.do(_OFFICE, lambda unit: grants.give(unit, member_id, grant))
