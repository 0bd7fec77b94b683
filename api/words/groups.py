"""Texts for the group (微信群): a task, or the plan of some days, as words to paste into a chat.

Chinese only, as the group reads it. Nobody is named: what is told of a task is what it says itself
and how many places are free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from creditbank.core.units import View
from creditbank.core.values import Asset, write_units
from creditbank.ledger import accounts
from creditbank.people import communities
from creditbank.schemes.rewards import Per
from creditbank.tasks import homes
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import CapacityUnit, Party, Task

_WEEKDAYS = "一二三四五六日"
_COMERS = {Party.PERSON: "个人", Party.FAMILY: "家庭", Party.TEAM: "服务队"}
_OVER = {
    TaskState.DRAFT: "（草稿，尚未发布）",
    TaskState.RUNNING: "（进行中）",
    TaskState.ENDED: "（已结束）",
    TaskState.CLOSED: "（已结束）",
    TaskState.CANCELLED: "（已取消）",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What the sentences of a bank need: its clocks, names, and where its pages are, if known."""

    zone: ZoneInfo
    assets: Mapping[str, Asset]
    places: Mapping[str, str]
    pages: str | None


def words(view: View, domain: str | None) -> Words:
    """Return the words of a bank; ``domain`` is under which name its pages are found."""
    return Words(
        zone=ZoneInfo(view.bank.zone),
        assets=accounts.every_asset(view),
        places={one.community_id: one.name for one in communities.every(view)},
        pages=None if domain is None else f"https://{domain}/b/{view.bank.slug}",
    )


def of_task(task: Task, said: Words) -> str:
    """Return the text of a task, a line for each thing to know."""
    lines = [
        f"【{task.title}】{_OVER.get(task.state, '')}",
        f"时间：{_window(task, said.zone)}",
        f"地点：{said.places.get(task.community_id, '')} {_place(task)}".rstrip(),
        f"名额：{_places(task)}",
        f"对象：{_who(task)}",
        f"可得：{_rewards(task, said.assets)}",
    ]
    if task.terms.claims_until is not None:
        lines.append(f"报名截止：{_instant(task.terms.claims_until, said.zone)}")
    if task.state in {TaskState.OPEN, TaskState.FULL, TaskState.RUNNING}:
        lines.append(_how(task, said.pages))
    return "\n".join(lines)


def of_plan(several: Sequence[Task], said: Words, heading: str) -> str:
    """Return the text of the plan of some days, the tasks numbered; ``heading`` stands above."""
    if not several:
        return f"{heading}\n暂无活动。"
    shown = [f"{number}. {of_task(task, said)}" for number, task in enumerate(several, 1)]
    return "\n\n".join([heading, *shown])


def _instant(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.month}月{local.day}日（周{_WEEKDAYS[local.weekday()]}）{local:%H:%M}"


def _window(task: Task, zone: ZoneInfo) -> str:
    begins, ends = task.starts_at.astimezone(zone), task.ends_at.astimezone(zone)
    until = f"{ends:%H:%M}" if begins.date() == ends.date() else _instant(ends, zone)
    return f"{_instant(begins, zone)}至{until}"


def _place(task: Task) -> str:
    """Return where it is; a group is no place to tell where one resident lives."""
    return "（报名后告知）" if homes.may_be_told_by(task) else task.place


def _places(task: Task) -> str:
    counted = "户" if task.terms.capacity_unit is CapacityUnit.FAMILY else "人"
    free = task.capacity - task.placed
    left = f"还有 {free} {counted}" if free > 0 else "已满，可候补"
    return f"共 {task.capacity} {counted}，{left}"


def _who(task: Task) -> str:
    audience = task.audience
    said = ["、".join(_COMERS[one] for one in audience.open_to)]
    if audience.age_from is not None:
        said.append(f"满 {audience.age_from} 周岁")
    if audience.age_below is not None:
        said.append(f"未满 {audience.age_below} 周岁")
    if audience.skills:
        said.append("须有技能：" + "、".join(audience.skills))
    if audience.neighbours_only:
        said.append("仅限本社区")
    return "；".join(said)


def _rewards(task: Task, assets: Mapping[str, Asset]) -> str:
    given = {Per.PERSON: "每人", Per.HOUR: "每小时"}
    return "，".join(
        f"{given[one.per]} {write_units(one.units, assets[one.asset].scale)}"
        f" {assets[one.asset].name}"
        for one in task.rewards
    )


def _how(task: Task, pages: str | None) -> str:
    if pages is None:
        return "报名：在手机上打开互助社页面认领，或联系社区工作人员。"
    return f"报名：{pages}/tasks/{task.task_id}"
