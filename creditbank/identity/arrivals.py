"""Arrivals: a list of people who become members together, as an office kept them in a spreadsheet.

The list is checked whole at the edge before anything of it is written. What waits of it is sealed
with a key of its own, which is destroyed when nothing waits any more. States: storing → checked |
faulty; checked → writing → written, or awaiting where points are brought along: these are posted
after somebody else has confirmed their totals (`creditbank.identity.openings`), awaiting →
posting → written, or declined. What was not begun can be dropped, and is after a week. What waits
lies in `creditbank.identity.arrival_parts`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, insert, select, update
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank, within_bank
from creditbank.core.units import Actor, Unit, View
from creditbank.identity.arrival_states import (
    ARRIVING,
    BEGUN,
    ArrivalFaulty,
    ArrivalNotFound,
    ArrivalRepeated,
    ArrivalState,
)
from creditbank.people import communities, trail
from creditbank.people.errors import OtherCommunity

KEPT = timedelta(days=7)
FAULTS_TOLD = 300

WAITING = "arrival"


class ArrivalRow(OfBank, table=True):
    """A list on its way; ``faults`` are sealed, and so is what its parts hold."""

    __tablename__ = "arrival"
    __table_args__ = (to_bank(), Index("ix_arrival_state", "bank_id", "state"))

    arrival_id: str = Field(primary_key=True, max_length=40)
    state: str = Field(max_length=16)
    digest: str = Field(max_length=64)
    written_as: str = Field(max_length=16)
    community_ids: Any = Field(sa_column=Column("community_ids", JSON, nullable=False))
    totals: Any = Field(sa_column=Column("totals", JSON, nullable=False))
    rows: int
    rows_done: int
    rows_refused: int
    faults_found: int
    faults: bytes | None = Field(sa_column=Column("faults", LargeBinary, nullable=True))
    key_id: str | None = Field(max_length=40)
    uploaded_by: str = Field(max_length=64)
    uploaded_by_member: str | None = Field(max_length=40)
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    settled_by: str | None = Field(max_length=64)
    settled_at: datetime | None = Field(sa_type=UtcDateTime)


class ArrivalLineRow(OfBank, table=True):
    """What became of one line: a member, or the reason why not."""

    __tablename__ = "arrival_line"
    __table_args__ = (within_bank(["arrival_id"], "arrival", ["arrival_id"]),)

    arrival_id: str = Field(primary_key=True, max_length=40)
    line: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    member_id: str | None = Field(max_length=40)
    reason: str | None = Field(max_length=64)


arrivals = table(ArrivalRow)
lines = table(ArrivalLineRow)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """One checked line of a list; never stored or logged in plain."""

    line: int
    name: str = field(repr=False)
    community_id: str
    number: str | None = None
    phone: str | None = field(default=None, repr=False)
    document: str | None = field(default=None, repr=False)
    born_on: date | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    purposes: tuple[str, ...] = ()
    openings: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """How far a list is; ``totals`` are the points it brings along, in units by asset."""

    arrival_id: str
    state: ArrivalState
    written_as: str
    community_ids: tuple[str, ...]
    totals: Mapping[str, int]
    rows: int
    rows_done: int
    rows_refused: int
    faults_found: int
    uploaded_by: str
    uploaded_by_member: str | None
    uploaded_at: datetime
    settled_by: str | None
    settled_at: datetime | None
    key_id: str | None = field(repr=False)


@keyed
def announce(
    unit: Unit,
    *,
    digest: str,
    written_as: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> str:
    """Announce a list and return its id; ``digest`` is the SHA-256 of the file."""
    arrival_id = unit.new_id("arv")
    row = {
        "bank_id": unit.bank_id,
        "arrival_id": arrival_id,
        "state": ArrivalState.STORING,
        "digest": digest,
        "written_as": written_as,
        "community_ids": [],
        "totals": {},
        "rows": 0,
        "rows_done": 0,
        "rows_refused": 0,
        "faults_found": 0,
        "faults": None,
        "key_id": unit.vault.new_key(),
        "uploaded_by": unit.actor.id,
        "uploaded_by_member": unit.actor.member_id,
        "uploaded_at": unit.now,
        "settled_by": None,
        "settled_at": None,
    }
    unit.run(insert(arrivals), row)
    return arrival_id


def make_ready(
    unit: Unit,
    *,
    arrival_id: str,
    rows: int,
    community_ids: Sequence[str],
    totals: Mapping[str, int],
    faults: Sequence[Mapping[str, Any]] = (),
    faults_found: int = 0,
) -> None:
    """Say that a list is stored as a whole, or what is wrong with it; only the first time counts.

    Raises:
        ArrivalNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold in one of the communities.
    """
    one = lock(unit, arrival_id)
    if one.state is not ArrivalState.STORING or one.key_id is None:
        return
    for community_id in community_ids:
        communities.require_within(unit.actor, community_id)
    told = json.dumps([dict(fault) for fault in faults[:FAULTS_TOLD]], ensure_ascii=False)
    change(
        unit,
        arrival_id,
        state=ARRIVING.after(one.state, "fault" if faults_found else "check"),
        rows=rows,
        community_ids=sorted(community_ids),
        totals=dict(totals),
        faults_found=faults_found,
        faults=unit.vault.seal_bytes(one.key_id, WAITING, told.encode()) if faults_found else None,
    )


@keyed
def begin(unit: Unit, *, arrival_id: str, key: str) -> ArrivalState:  # noqa: ARG001 - @keyed's
    """Let a checked list be written, line by line.

    Raises:
        ArrivalNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold in one of its communities.
        ArrivalFaulty: there are errors in it.
        StateConflict: it was begun or dropped before.
        ArrivalRepeated: the very same file was written before.
    """
    same = _lock_same(unit, arrival_id)
    one = same.pop(arrival_id)
    require_within(unit.actor, one)
    if one.state is ArrivalState.FAULTY:
        raise ArrivalFaulty(one.faults_found)
    state = ArrivalState(ARRIVING.after(one.state, "begin"))
    if any(other.state in BEGUN for other in same.values()):
        raise ArrivalRepeated
    change(unit, arrival_id, state=state)
    trail.record(unit, "arrival.begun", arrival_id, after={"rows": one.rows})
    return state


@keyed
def drop(unit: Unit, *, arrival_id: str, key: str) -> ArrivalState:  # noqa: ARG001 - @keyed's
    """Drop a list that nothing was written of; what waited of it is gone.

    Raises:
        ArrivalNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold in one of its communities.
        StateConflict: it was begun or dropped before.
    """
    one = lock(unit, arrival_id)
    require_within(unit.actor, one)
    clear(unit, one)
    trail.record(unit, "arrival.dropped", arrival_id)
    return ArrivalState.DROPPED


def clear(unit: Unit, one: Arrival) -> None:
    """Drop a locked list; the job clears away what waits of it, and destroys its key."""
    state = ARRIVING.after(one.state, "drop")
    change(unit, one.arrival_id, state=state, faults=None)


def require_within(actor: Actor, one: Arrival) -> None:
    """See that the actor's role holds in every community of a list, or that they uploaded it.

    Raises:
        OtherCommunity: it does not.
    """
    if not is_near(actor, one):
        raise OtherCommunity


def is_near(actor: Actor, one: Arrival) -> bool:
    """Tell whether a list is one that this actor may look at."""
    if not one.community_ids:
        return actor.communities is None or actor.id == one.uploaded_by
    return actor.communities is None or set(one.community_ids) <= set(actor.communities)


def find(view: View, arrival_id: str) -> Arrival:
    """Return how far a list is.

    Raises:
        ArrivalNotFound: this bank has none of this id.
    """
    return _found(view, _query(view, arrival_id), arrival_id)


def lock(unit: Unit, arrival_id: str) -> Arrival:
    """Lock a list and return it.

    Raises:
        ArrivalNotFound: this bank has none of this id.
    """
    return _found(unit, _query(unit, arrival_id).with_for_update(key_share=True), arrival_id)


def _lock_same(unit: Unit, arrival_id: str) -> dict[str, Arrival]:
    """Lock every list that came of the same file as this one, itself among them."""
    find(unit, arrival_id)
    file = _query(unit, arrival_id).with_only_columns(arrivals.c.digest).scalar_subquery()
    rows = unit.rows(
        select(arrivals)
        .where(arrivals.c.bank_id == unit.bank_id, arrivals.c.digest == file)
        .order_by(arrivals.c.arrival_id)
        .with_for_update(key_share=True)
    )
    return {row.arrival_id: _arrival(row) for row in rows}


def _query(view: View, arrival_id: str) -> Any:
    return select(arrivals).where(
        arrivals.c.bank_id == view.bank_id, arrivals.c.arrival_id == arrival_id
    )


def _found(view: View, query: Any, arrival_id: str) -> Arrival:
    row = view.row(query)
    if row is None:
        raise ArrivalNotFound(arrival_id)
    return _arrival(row)


def _arrival(row: Any) -> Arrival:
    said = {name: getattr(row, name) for name in Arrival.__slots__}
    said |= {"state": ArrivalState(row.state), "community_ids": tuple(row.community_ids)}
    return Arrival(**said)


def listing(view: View, *, limit: int = 50) -> list[Arrival]:
    """Return the latest lists."""
    rows = view.rows(
        select(arrivals)
        .where(arrivals.c.bank_id == view.bank_id)
        .order_by(arrivals.c.uploaded_at.desc(), arrivals.c.arrival_id.desc())
        .limit(limit)
    )
    return [_arrival(row) for row in rows]


def in_state(view: View, state: ArrivalState) -> list[Arrival]:
    """Return the lists of a state, the oldest first."""
    rows = view.rows(
        select(arrivals)
        .where(arrivals.c.bank_id == view.bank_id, arrivals.c.state == state)
        .order_by(arrivals.c.uploaded_at, arrivals.c.arrival_id)
    )
    return [_arrival(row) for row in rows]


def change(unit: Unit, arrival_id: str, **values: object) -> None:
    """Change columns of a list that this unit has locked."""
    at = (arrivals.c.bank_id == unit.bank_id, arrivals.c.arrival_id == arrival_id)
    unit.run(update(arrivals).where(*at).values(**values))


def faults_of(view: View, arrival_id: str) -> list[dict[str, Any]]:
    """Return what is wrong with a list, by line; none once it was dropped."""
    row = view.row(_query(view, arrival_id))
    if row is None or row.faults is None or row.key_id is None:
        return []
    plain = view.vault.unseal_bytes(row.key_id, WAITING, row.faults)
    return [] if plain is None else list(json.loads(plain))


def refused_lines(view: View, arrival_id: str) -> list[tuple[int, str]]:
    """Return the lines that could not be written, with the reason's slug."""
    rows = view.rows(
        select(lines.c.line, lines.c.reason)
        .where(
            lines.c.bank_id == view.bank_id,
            lines.c.arrival_id == arrival_id,
            lines.c.reason.is_not(None),
        )
        .order_by(lines.c.line)
        .limit(FAULTS_TOLD)
    )
    return [(row.line, row.reason) for row in rows]
