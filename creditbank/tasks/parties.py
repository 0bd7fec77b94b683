"""Parties: the claim of a family or a team. It names its people; each of them has a claim.

Every minute belongs to one person: sign-in, sign-out, review and credit are of the people's own
claims, which carry ``party_id``. The party says who leads them, and what takes one place where
places are counted in families.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field

from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.tasks.tasks import Party


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
