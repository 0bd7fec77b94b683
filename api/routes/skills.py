"""Skills: the bank's list, and who has them, noted at the office with the member's wish."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from api.edge.forms import Form, MemberId, ShortName, Shown, SkillCode, SkillPath
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import errors as people
from creditbank.people import group_errors as groups
from creditbank.people import members, skills
from creditbank.people.skills import Noted, Skill

router = Routes(prefix="/v1/b/{slug}", tags=["skills"])

SeesAll = Annotated[Caller, having(Right.SEE_TASKS)]
KeepsList = Annotated[Caller, having(Right.KEEP_CATEGORIES)]
Keeps = Annotated[Caller, having(Right.KEEP_MEMBERS)]
SeesOne = Annotated[Caller, of_member(Right.SEE_MEMBERS)]
KeepsOne = Annotated[Caller, of_member(Right.KEEP_MEMBERS)]


class SkillForm(Form):
    """A skill that tasks may ask for."""

    code: SkillCode
    name: ShortName


class GiveForm(Form):
    """Which skill a member has."""

    skill: SkillCode


class SkillShown(Shown):
    """A skill of the bank's list."""

    code: str
    name: str


class SkillsShown(Shown):
    """The bank's skills by code."""

    items: list[SkillShown]


class NotedShown(Shown):
    """That a member has a skill; `ended_at` is null while it holds."""

    note_id: str
    skill: str
    noted_at: datetime
    ended_at: datetime | None


class NotesShown(Shown):
    """Which skills a member has and had, the latest first."""

    items: list[NotedShown]


def _shown(found: list[Noted]) -> NotesShown:
    return NotesShown(items=[NotedShown.model_validate(one) for one in found])


@router.get("/skills", summary="Skills")
async def listing(caller: SeesAll) -> SkillsShown:
    """List the skills that tasks may ask for."""
    every = await caller.read(skills.every)
    return SkillsShown(items=[SkillShown.model_validate(one) for one in every])


@router.post(
    "/skills",
    summary="Add a skill",
    status_code=201,
    response_model=SkillShown,
    responses=refusals(groups.SkillExists, BadField),
)
async def create(caller: KeepsList, key: Key, form: SkillForm) -> Skill:
    """Add a skill to the bank's list."""
    await caller.write(lambda unit: skills.create(unit, key=key, **form.model_dump()))
    return Skill(form.code, form.name)


@router.get(
    "/members/{member_id}/skills",
    summary="A member's skills",
    responses=refusals(people.MemberNotFound),
)
async def of_one(caller: SeesOne, member_id: MemberId) -> NotesShown:
    """List which skills a member has and had."""

    def look(view: View) -> NotesShown:
        members.find(view, member_id)
        return _shown(skills.history(view, member_id))

    return await caller.read(look)


@router.post(
    "/members/{member_id}/skills",
    summary="Note that a member has a skill",
    status_code=201,
    responses=refusals(
        *(people.MemberNotFound, groups.SkillNotFound, people.MemberSuspended),
        *(people.OtherCommunity, groups.OwnSkill, groups.SkilledAlready),
    ),
)
async def give(caller: Keeps, member_id: MemberId, key: Key, form: GiveForm) -> NotesShown:
    """Note a skill with the member's wish; nobody at the office notes their own."""
    await caller.write(
        lambda unit: skills.give(unit, key=key, member_id=member_id, skill=form.skill)
    )
    return _shown(await caller.read(lambda view: skills.history(view, member_id)))


@router.post(
    "/members/{member_id}/skills/{skill}/end",
    summary="End a member's skill",
    responses=refusals(people.MemberNotFound, people.OtherCommunity, groups.NotSkilled),
)
async def take(caller: KeepsOne, member_id: MemberId, skill: SkillPath, key: Key) -> NotesShown:
    """Note that a member has a skill no more: by oneself, or at the office."""
    await caller.write(lambda unit: skills.take(unit, key=key, member_id=member_id, skill=skill))
    return _shown(await caller.read(lambda view: skills.history(view, member_id)))
