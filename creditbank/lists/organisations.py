"""Partner organisations (共建单位): who takes turns on duty for the lists. Names only, no people.

They have no sign-in of their own: the office writes in their name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, UniqueConstraint, select, update
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, UtcDateTime, insert_or_skip, table, to_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.lists.entry_errors import (
    OrganisationExists,
    OrganisationNotFound,
    OrganisationRetired,
)
from creditbank.people import trail

NAME_MOST = 60


class OrganisationState(StrEnum):
    """Whether an organisation takes turns."""

    ACTIVE = "active"
    RETIRED = "retired"


PARTNERSHIP = Machine(
    thing="organisation",
    thing_zh="共建单位",
    states={OrganisationState.ACTIVE: "合作中", OrganisationState.RETIRED: "已退出"},
    verbs={
        "retire": Verb("退出", "retire it", "工作人员", "staff"),
        "return": Verb("恢复合作", "take it back", "工作人员", "staff"),
    },
    moves={
        (OrganisationState.ACTIVE, "retire"): OrganisationState.RETIRED,
        (OrganisationState.RETIRED, "return"): OrganisationState.ACTIVE,
    },
)


class OrganisationRow(OfBank, table=True):
    """A partner organisation."""

    __tablename__ = "organisation"
    __table_args__ = (to_bank(), UniqueConstraint("bank_id", "name"))

    organisation_id: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=NAME_MOST)
    state: str = Field(max_length=16)
    joined_at: datetime = Field(sa_type=UtcDateTime)


organisations = table(OrganisationRow)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A partner organisation."""

    organisation_id: str
    name: str
    state: OrganisationState


@keyed
def add(unit: Unit, *, name: str, key: str) -> str:  # noqa: ARG001 - the key is @keyed's
    """Take a partner organisation in and return its id.

    Raises:
        BadField: the name is unusable.
        OrganisationExists: there is one of this name.
    """
    organisation_id = unit.new_id("org")
    made = unit.run(
        insert_or_skip(unit.connection, organisations).returning(organisations.c.organisation_id),
        {
            "bank_id": unit.bank_id,
            "organisation_id": organisation_id,
            "name": line("name", name, NAME_MOST),
            "state": OrganisationState.ACTIVE,
            "joined_at": unit.now,
        },
    ).first()
    if made is None:
        raise OrganisationExists
    trail.record(unit, "organisation.added", organisation_id)
    return organisation_id


@keyed
def take_back(unit: Unit, *, organisation_id: str, key: str) -> OrganisationState:  # noqa: ARG001
    """Let an organisation that has retired take turns again.

    Raises:
        OrganisationNotFound: this bank has none of this id.
        StateConflict: it has not retired.
    """
    return move(unit, organisation_id, "return")


def move(unit: Unit, organisation_id: str, verb: str) -> OrganisationState:
    """Do a verb of `PARTNERSHIP`; that no week is left alone is seen to by the rota.

    Raises:
        OrganisationNotFound: this bank has none of this id.
        StateConflict: its state does not admit the verb.
    """
    found = find(unit, organisation_id)
    state = OrganisationState(PARTNERSHIP.after(found.state, verb))
    unit.run(
        update(organisations)
        .where(
            organisations.c.bank_id == unit.bank_id,
            organisations.c.organisation_id == organisation_id,
        )
        .values(state=state)
    )
    trail.record(unit, "organisation.moved", organisation_id, after={"state": state})
    return state


def every(view: View) -> list[Organisation]:
    """Return the organisations in the order in which they joined."""
    rows = view.rows(
        select(organisations)
        .where(organisations.c.bank_id == view.bank_id)
        .order_by(organisations.c.joined_at, organisations.c.organisation_id)
    )
    return [_read(row) for row in rows]


def find(view: View, organisation_id: str) -> Organisation:
    """Return an organisation.

    Raises:
        OrganisationNotFound: this bank has none of this id.
    """
    row = view.row(
        select(organisations).where(
            organisations.c.bank_id == view.bank_id,
            organisations.c.organisation_id == organisation_id,
        )
    )
    if row is None:
        raise OrganisationNotFound(organisation_id)
    return _read(row)


def require_active(view: View, organisation_id: str) -> Organisation:
    """Return an organisation that takes turns.

    Raises:
        OrganisationNotFound: this bank has none of this id.
        OrganisationRetired: it takes no more.
    """
    found = find(view, organisation_id)
    if found.state is not OrganisationState.ACTIVE:
        raise OrganisationRetired(organisation_id)
    return found


def _read(row: Row[Any]) -> Organisation:
    return Organisation(row.organisation_id, row.name, OrganisationState(row.state))
