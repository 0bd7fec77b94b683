"""Skills: what a bank calls for at tasks, as data, and who has them.

The office notes a skill with the member's wish, never its own people's (law 7: a skill opens
tasks, and tasks give credits); the member gives it up at any time. Who had it, and when, stays
on record. Whoever notes one locks the member first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Row, insert, select, update
from sqlmodel import Field

from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, insert_or_skip, table, to_bank, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import communities, kin, members, trail
from creditbank.people.group_errors import (
    NotSkilled,
    OwnSkill,
    SkilledAlready,
    SkillExists,
    SkillNotFound,
)

CODE_MOST = 20
NAME_MOST = 40

_CODE = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{CODE_MOST - 2}}}[a-z0-9])?")


class SkillRow(OfBank, table=True):
    """A skill that tasks may ask for."""

    __tablename__ = "skill"
    __table_args__ = (to_bank(),)

    code: str = Field(primary_key=True, max_length=CODE_MOST)
    name: str = Field(max_length=NAME_MOST)


class MemberSkillRow(OfBank, table=True):
    """That a member has a skill, from when on and until when."""

    __tablename__ = "member_skill"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["skill"], "skill", ["code"]),
        Index("ix_member_skill_who", "bank_id", "member_id", "ended_at"),
    )

    note_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    skill: str = Field(max_length=CODE_MOST)
    noted_at: datetime = Field(sa_type=UtcDateTime)
    noted_by: str = Field(max_length=64)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_by: str | None = Field(max_length=64)


skills = table(SkillRow)
member_skills = table(MemberSkillRow)


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Noted:
    """That a member has a skill; ``ended_at`` is None while it holds."""

    note_id: str
    member_id: str
    skill: str
    noted_at: datetime
    ended_at: datetime | None


_COLUMNS = [member_skills.c[one] for one in Noted.__slots__]


def _noted(row: Row[Any]) -> Noted:
    return Noted(**row._mapping)  # noqa: SLF001 - the mapping of a row is public


@keyed
def create(unit: Unit, *, code: str, name: str, key: str) -> str:  # noqa: ARG001 - @keyed's
    """Add a skill to the bank's list and return its code.

    Raises:
        BadField: the code or name is unusable.
        SkillExists: the code is taken.
    """
    if not _CODE.fullmatch(code):
        raise BadField("code", "a–z, 0–9, '-' / 小写字母、数字和连字符")
    made = unit.run(
        insert_or_skip(unit.connection, skills).returning(skills.c.code),
        {"bank_id": unit.bank_id, "code": code, "name": line("name", name, NAME_MOST)},
    ).first()
    if made is None:
        raise SkillExists(code)
    trail.record(unit, "skill.added", code)
    return code


def every(view: View) -> list[Skill]:
    """Return the skills of the bank by code."""
    rows = view.rows(
        select(skills.c.code, skills.c.name)
        .where(skills.c.bank_id == view.bank_id)
        .order_by(skills.c.code)
    )
    return [Skill(row.code, row.name) for row in rows]


def require(view: View, codes: Iterable[str]) -> None:
    """See that the bank's list has these skills.

    Raises:
        SkillNotFound: it lacks one of them.
    """
    wanted = sorted(set(codes))
    rows = view.rows(
        select(skills.c.code).where(skills.c.bank_id == view.bank_id, skills.c.code.in_(wanted))
    )
    missing = sorted(set(wanted) - {row.code for row in rows})
    if missing:
        raise SkillNotFound(missing[0])


@keyed
def give(unit: Unit, *, member_id: str, skill: str, key: str) -> str:  # noqa: ARG001 - @keyed's
    """Note that a member has a skill and wants to be called for it; return the note's id.

    Raises:
        SkillNotFound, MemberNotFound: this bank has none of it.
        MemberSuspended: the member may not act now.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnSkill: the actor is this member, or close to them.
        SkilledAlready: the member has it.
    """
    member = members.require_active(unit, member_id)
    communities.require_within(unit.actor, member.community_id)
    require(unit, [skill])
    if member_id in kin.of_actor(unit, unit.actor):
        raise OwnSkill
    if skill in of_members(unit, [member_id])[member_id]:
        raise SkilledAlready(skill)
    note_id = unit.new_id("skn")
    unit.run(
        insert(member_skills),
        {
            "bank_id": unit.bank_id,
            "note_id": note_id,
            "member_id": member_id,
            "skill": skill,
            "noted_at": unit.now,
            "noted_by": unit.actor.id,
            "ended_at": None,
            "ended_by": None,
        },
    )
    trail.record(unit, "skill.given", note_id, subject_id=member_id, after={"skill": skill})
    return note_id


@keyed
def take(unit: Unit, *, member_id: str, skill: str, key: str) -> str:  # noqa: ARG001 - @keyed's
    """Note that a member has a skill no more, by the member or the office; return the note's id.

    Raises:
        NotYours: a member ends somebody else's.
        MemberNotFound: this bank has no such member.
        OtherCommunity: the actor's role does not hold where the member lives.
        NotSkilled: the member does not have it.
    """
    members.require_own(unit.actor, member_id)
    member = members.lock(unit, [member_id])[member_id]
    communities.require_within(unit.actor, member.community_id)
    ended = end(unit, member_id, skill)
    if not ended:
        raise NotSkilled(skill)
    trail.record(unit, "skill.taken", ended[0], subject_id=member_id, before={"skill": skill})
    return ended[0]


def end(unit: Unit, member_id: str, skill: str | None = None) -> list[str]:
    """End the notes of a member whom this unit has locked, of one skill or of all."""
    query = (
        update(member_skills)
        .where(
            member_skills.c.bank_id == unit.bank_id,
            member_skills.c.member_id == member_id,
            member_skills.c.ended_at.is_(None),
        )
        .values(ended_at=unit.now, ended_by=unit.actor.id)
        .returning(member_skills.c.note_id)
    )
    if skill is not None:
        query = query.where(member_skills.c.skill == skill)
    return [row.note_id for row in unit.run(query)]


def move(unit: Unit, old_id: str, kept_id: str) -> None:
    """Let one row of a person go on with the other's skills; both are locked."""
    have = of_members(unit, [old_id, kept_id])
    for doubled in sorted(have[old_id] & have[kept_id]):
        end(unit, old_id, doubled)
    unit.run(
        update(member_skills)
        .where(
            member_skills.c.bank_id == unit.bank_id,
            member_skills.c.member_id == old_id,
            member_skills.c.ended_at.is_(None),
        )
        .values(member_id=kept_id)
    )


def of_members(view: View, member_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the codes of the skills that each of these members has now."""
    wanted = sorted(set(member_ids))
    found: dict[str, set[str]] = {one: set() for one in wanted}
    for row in view.rows(
        select(member_skills.c.member_id, member_skills.c.skill).where(
            member_skills.c.bank_id == view.bank_id,
            member_skills.c.member_id.in_(wanted),
            member_skills.c.ended_at.is_(None),
        )
    ):
        found[row.member_id].add(row.skill)
    return {one: frozenset(codes) for one, codes in found.items()}


def history(view: View, member_id: str) -> list[Noted]:
    """Return which skills a member has and had, the latest first."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(member_skills.c.bank_id == view.bank_id, member_skills.c.member_id == member_id)
        .order_by(member_skills.c.noted_at.desc(), member_skills.c.note_id.desc())
    )
    return [_noted(row) for row in rows]
