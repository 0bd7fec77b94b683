"""What can go wrong with households, teams, skills and relatives."""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.errors import Forbidden, NotFound, Refused


@dataclass(eq=False)
class HouseholdNotFound(NotFound):
    """No such household in this bank."""

    slug = "household-not-found"
    zh = "没有这个家庭"
    en = "There is no such household"
    household_id: str


@dataclass(eq=False)
class InHousehold(Refused):
    """The member is in a household; nobody is in two."""

    slug = "in-household"
    zh = "该成员已登记在一个家庭中，请先办理退出"
    en = "This member is in a household already and leaves that one first"
    household_id: str


@dataclass(eq=False)
class NotInHousehold(Refused):
    """The member is not in this household (any more)."""

    slug = "not-in-household"
    zh = "该成员不在这个家庭中"
    en = "This member is not in this household"
    household_id: str


@dataclass(eq=False)
class HouseholdEnded(Refused):
    """Nobody is in this household any more; a new one is founded instead."""

    slug = "household-ended"
    zh = "这个家庭登记已终止，请另建家庭"
    en = "This household has ended; found a new one"
    household_id: str


@dataclass(eq=False)
class StandingUnfit(Refused):
    """A minor is no adult of a household, and a household has one head."""

    slug = "standing-unfit"
    zh = "未成年人不能登记为户主或成年成员，一个家庭只有一位户主"
    en = "A minor is no head or adult of a household, and a household has one head"


@dataclass(eq=False)
class ChildrenAlone(Refused):
    """The last adult would leave children behind."""

    slug = "children-alone"
    zh = "家庭中只剩未成年人，请先为孩子办理转出，或终止这个家庭"
    en = "Only children would be left; move them first, or end the household"
    household_id: str


@dataclass(eq=False)
class ChildLeaves(Forbidden):
    """A child does not leave a household alone."""

    slug = "child-leaves"
    zh = "未成年人退出家庭须由社区工作人员办理"
    en = "The office has to take a child out of a household"


@dataclass(eq=False)
class TeamNotFound(NotFound):
    """No such team in this bank."""

    slug = "team-not-found"
    zh = "没有这支志愿服务队"
    en = "There is no such team"
    team_id: str


@dataclass(eq=False)
class InTeam(Refused):
    """The member is in this team already."""

    slug = "in-team"
    zh = "该成员已在这支服务队中"
    en = "This member is in this team already"
    team_id: str


@dataclass(eq=False)
class NotInTeam(Refused):
    """The member is not in this team (any more)."""

    slug = "not-in-team"
    zh = "该成员不在这支服务队中"
    en = "This member is not in this team"
    team_id: str


@dataclass(eq=False)
class TeamDissolved(Refused):
    """It is no team any more."""

    slug = "team-dissolved"
    zh = "这支服务队已解散"
    en = "This team was dissolved"
    team_id: str


@dataclass(eq=False)
class TeamHasPoints(Refused):
    """What a team earned together is donated before it is dissolved."""

    slug = "team-has-points"
    zh = "服务队还有 {available} 个积分，请先捐出再解散"
    en = "The team has {available} left; donate it before the team is dissolved"
    asset: str
    available: int


@dataclass(eq=False)
class LastLeader(Refused):
    """Nobody else leads the team, and others stay in it."""

    slug = "last-leader"
    zh = "您是唯一的队长，请先由社区指定新队长，或解散服务队"
    en = "Nobody else leads this team; let the office name somebody first, or dissolve it"
    team_id: str


@dataclass(eq=False)
class LeaderUnfit(Refused):
    """A minor leads no team."""

    slug = "leader-unfit"
    zh = "未成年人不能担任队长"
    en = "A minor cannot lead a team"


@dataclass(eq=False)
class TeamWishNotFound(NotFound):
    """Nobody has asked or invited, or it is settled."""

    slug = "team-wish-not-found"
    zh = "没有待处理的入队申请或邀请"
    en = "There is no open wish or invitation"
    team_id: str


@dataclass(eq=False)
class SkillNotFound(NotFound):
    """The bank's list has no such skill."""

    slug = "skill-not-found"
    zh = "没有“{skill}”这项技能"
    en = "There is no skill '{skill}' on the list"
    skill: str


@dataclass(eq=False)
class SkillExists(Refused):
    """The code of a skill is taken."""

    slug = "skill-exists"
    zh = "已有代码为“{skill}”的技能"
    en = "There is a skill '{skill}' already"
    skill: str


@dataclass(eq=False)
class SkilledAlready(Refused):
    """The member has this skill already."""

    slug = "skilled-already"
    zh = "该成员已登记这项技能"
    en = "This skill of the member is noted already"
    skill: str


@dataclass(eq=False)
class NotSkilled(Refused):
    """The member does not have this skill (any more)."""

    slug = "not-skilled"
    zh = "该成员没有登记这项技能"
    en = "This skill of the member is not noted"
    skill: str


@dataclass(eq=False)
class OwnSkill(Forbidden):
    """Nobody at the office notes their own skills, or those of somebody close."""

    slug = "own-skill"
    zh = "不能为本人或亲近的人登记技能，须由另一位工作人员办理"
    en = "A colleague must note your own skills, or those of somebody close to you"


@dataclass(eq=False)
class RelationNotFound(NotFound):
    """No such relation of two members, or it has ended."""

    slug = "relation-not-found"
    zh = "没有这条亲属登记，或已终止"
    en = "There is no such relation, or it has ended"
    relation_id: str


@dataclass(eq=False)
class RelatedAlready(Refused):
    """The two are registered as relatives already."""

    slug = "related-already"
    zh = "这两位成员已有亲属登记，请先终止原登记"
    en = "These two are registered as relatives already; end that first"
    relation_id: str


@dataclass(eq=False)
class RelativeUnfit(Refused):
    """What the two are said to be to each other cannot be."""

    slug = "relative-unfit"
    zh = "登记的关系与两人的身份或出生日期不符（监护人须为已登记出生日期的成年成员）"
    en = "The relation does not fit what is known of the two; a guardian is a known adult"


@dataclass(eq=False)
class OwnRelative(Forbidden):
    """Nobody at the office registers their own relatives, or those of somebody close."""

    slug = "own-relative"
    zh = "不能登记本人或亲近的人的亲属关系，须由另一位工作人员办理"
    en = "A colleague must register your own relatives, or those of somebody close to you"
