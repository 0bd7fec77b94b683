"""Parties: the claim of a family or a team. It names its people; each of them has a claim.

Every minute belongs to one person: sign-in, sign-out, review and credit are of the people's own
claims, which carry ``party_id``. The party says who leads them, and what takes one place where
places are counted in families.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlmodel import Field

from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.errors import PartyNotFound
from creditbank.tasks.states import PLACELESS
from creditbank.tasks.tasks import CapacityUnit, Party, Task


class PartyRow(OfBank, table=True):
    """A family's or a team's claim of a task."""

    __tablename__ = "party"
    __table_args__ = (
        within_bank(["task_id"], "task", ["task_id"]),
        within_bank(["household_id"], "household", ["household_id"]),
        within_bank(["team_id"], "team", ["team_id"]),
        within_bank(["leader_id"], "member", ["member_id"]),
    )

    party_id: str = Field(primary_key=True, max_length=40)
    task_id: str = Field(max_length=40)
    kind: str = Field(max_length=16)
    household_id: str | None = Field(max_length=40)
    team_id: str | None = Field(max_length=40)
    leader_id: str = Field(max_length=40)
    claimed_at: datetime = Field(sa_type=UtcDateTime)
    claimed_by: str = Field(max_length=64)


parties = table(PartyRow)


@dataclass(frozen=True, slots=True)
class ClaimedAs:
    """As what a task was claimed: which family or team, and who leads its people there."""

    party_id: str
    task_id: str
    kind: Party
    household_id: str | None
    team_id: str | None
    leader_id: str


def find(view: View, party_id: str) -> ClaimedAs:
    """Return as what a task was claimed.

    Raises:
        PartyNotFound: this bank has none of this id.
    """
    row = view.row(
        select(parties).where(parties.c.bank_id == view.bank_id, parties.c.party_id == party_id)
    )
    if row is None:
        raise PartyNotFound(party_id)
    return _read(row)


def _read(row: Row[Any]) -> ClaimedAs:
    return ClaimedAs(
        row.party_id, row.task_id, Party(row.kind), row.household_id, row.team_id, row.leader_id
    )


def claims_of(view: View, party_id: str) -> list[Claim]:
    """Return the claims of a party's people, whatever became of them, in order of their ids."""
    rows = view.rows(
        select(claims.claims)
        .where(claims.claims.c.bank_id == view.bank_id, claims.claims.c.party_id == party_id)
        .order_by(claims.claims.c.claim_id)
    )
    return [claims.read(row) for row in rows]


def add(
    unit: Unit,
    *,
    task_id: str,
    kind: Party,
    leader_id: str,
    household_id: str | None = None,
    team_id: str | None = None,
) -> str:
    """Write down as what the actor claims a task for several people; return the party's id."""
    party_id = unit.new_id("pty")
    unit.run(
        insert(parties),
        {
            "bank_id": unit.bank_id,
            "party_id": party_id,
            "task_id": task_id,
            "kind": kind,
            "household_id": household_id,
            "team_id": team_id,
            "leader_id": leader_id,
            "claimed_at": unit.now,
            "claimed_by": unit.actor.id,
        },
    )
    return party_id


def lock_claims(unit: Unit, party_id: str) -> list[Claim]:
    """Lock the claims of a party's people, in ascending order."""
    rows = unit.rows(
        select(claims.claims)
        .where(claims.claims.c.bank_id == unit.bank_id, claims.claims.c.party_id == party_id)
        .order_by(claims.claims.c.claim_id)
        .with_for_update(key_share=True)
    )
    return [claims.read(row) for row in rows]


def free(unit: Unit, task: Task, leaving: Sequence[Claim]) -> None:
    """Free the places of claims that end in this unit; their task is locked.

    Where places are counted in families, one is free when the last of its people has left.
    """
    holding = [one for one in leaving if one.state not in PLACELESS]
    gone = {one.claim_id for one in holding}
    together = {one.party_id for one in holding if one.party_id is not None}
    if task.terms.capacity_unit is CapacityUnit.PERSON:
        count = len(holding)
    else:
        stay = {one.party_id for one in _holding(unit, together) if one.claim_id not in gone}
        count = len(together - stay) + sum(one.party_id is None for one in holding)
    if count:
        tasks.take_places(unit, task.task_id, -count)


def _holding(view: View, party_ids: Iterable[str]) -> list[Claim]:
    wanted = sorted(party_ids)
    if not wanted:
        return []
    rows = view.rows(
        select(claims.claims).where(
            claims.claims.c.bank_id == view.bank_id,
            claims.claims.c.party_id.in_(wanted),
            claims.claims.c.state.not_in(PLACELESS),
        )
    )
    return [claims.read(row) for row in rows]
