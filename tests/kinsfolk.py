"""A society with kinsfolk and teams, and short words for who lives and serves with whom."""

from datetime import date
from functools import partial

from sqlalchemy import select

from creditbank import notices
from creditbank.core.units import Actor
from creditbank.people import households, members, relatives, skills, teams
from creditbank.people.households import Household
from creditbank.people.places import TeamRole
from creditbank.people.relatives import Relation
from creditbank.people.stays import Standing
from creditbank.people.teams import Team
from tests.society import ORGANISER, Society

GROWN, YOUNG = date(1980, 5, 1), date(2016, 5, 1)


class Kinsfolk(Society):
    """People of all ages, in households and teams."""

    def person(self, born_on: date | None = GROWN, *, document: str | None = None) -> str:
        """Take somebody in who was born on a day."""
        register = partial(
            members.register,
            name="赵钱孙",
            community_id=self.community_id,
            born_on=born_on,
            document=document,
            key=self.name(),
        )
        return self.by(ORGANISER, register).member_id

    def household(self, head_id: str, *others: str, children: tuple[str, ...] = ()) -> str:
        """Found a household of a head, other adults and children."""
        found = partial(households.found, head_id=head_id, key=self.name())
        home = self.by(ORGANISER, found)
        for one in others:
            self.moves_in(home, one)
        for one in children:
            self.moves_in(home, one, Standing.CHILD)
        return home

    def moves_in(
        self,
        home: str,
        member_id: str,
        standing: Standing = Standing.ADULT,
        actor: Actor = ORGANISER,
    ) -> str:
        """Take somebody into a household."""
        join = partial(households.join, household_id=home, standing=standing, key=self.name())
        return self.by(actor, partial(join, member_id=member_id))

    def moves_out(self, home: str, member_id: str, actor: Actor = ORGANISER) -> str:
        """Let somebody leave a household."""
        leave = partial(households.leave, household_id=home, key=self.name())
        return self.by(actor, partial(leave, member_id=member_id))

    def home(self, home: str) -> Household:
        """A household as it stands."""
        return self.see(partial(households.find, household_id=home))

    def team(self, leader_id: str, *others: str, name: str = "先锋队") -> str:
        """Found a team of a leader and others."""
        found = partial(teams.found, name=name, community_id=self.community_id, key=self.name())
        team_id = self.by(ORGANISER, partial(found, leader_id=leader_id))
        for one in others:
            self.joins(team_id, one)
        return team_id

    def joins(
        self,
        team_id: str,
        member_id: str,
        role: TeamRole = TeamRole.MEMBER,
        actor: Actor = ORGANISER,
    ) -> str:
        """Take somebody into a team."""
        join = partial(teams.join, team_id=team_id, role=role, key=self.name())
        return self.by(actor, partial(join, member_id=member_id))

    def quits(self, team_id: str, member_id: str, actor: Actor = ORGANISER) -> str:
        """Let somebody leave a team."""
        leave = partial(teams.leave, team_id=team_id, key=self.name())
        return self.by(actor, partial(leave, member_id=member_id))

    def team_of(self, team_id: str) -> Team:
        """A team as it stands."""
        return self.see(partial(teams.find, team_id=team_id))

    def related(
        self, member_id: str, relative_id: str, relation: Relation, actor: Actor = ORGANISER
    ) -> str:
        """Register what one is to another."""
        register = partial(relatives.register, relation=relation, key=self.name())
        return self.by(actor, partial(register, member_id=member_id, relative_id=relative_id))

    def skill(self, code: str) -> str:
        """Add a skill to the list."""
        return self.by(ORGANISER, partial(skills.create, code=code, name="急救", key=self.name()))

    def learns(self, member_id: str, skill: str, actor: Actor = ORGANISER) -> str:
        """Note that somebody has a skill."""
        give = partial(skills.give, skill=skill, key=self.name())
        return self.by(actor, partial(give, member_id=member_id))

    def suspend(self, member_id: str) -> None:
        """Suspend a member."""
        self.by(ORGANISER, partial(members.suspend, member_id=member_id, key=self.name()))

    def told(self, member_id: str) -> list[str]:
        """The kinds of a member's notices, in no order."""
        of = notices.notices.c
        query = select(of.kind).where(of.bank_id == self.bank_id, of.member_id == member_id)
        return sorted(row.kind for row in self.see(lambda view: view.rows(query)))
