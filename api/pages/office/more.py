"""Everything there is at the office, by what one does; each sees what their roles may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.page import Page, page_for
from creditbank.identity.roles import Right

router = Routes(prefix="/b/{slug}/office/more", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_BANK)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: where it is, what it is called, what one does there, and who may open it."""

    path: str
    zh: str
    en: str
    told_zh: str
    told_en: str
    rights: tuple[Right, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together."""

    zh: str
    en: str
    entries: tuple[Entry, ...]


_R = Right
_TASKS = (_R.KEEP_TASKS,)
_REVIEWS = (_R.REVIEW, _R.OVERSEE)
_DESK = (_R.SEE_MEMBERS,)

GROUPS = (
    Group(
        "服务",
        "Service",
        (
            Entry("/office", "待办", "To do", "等您处理的事", "what waits for you", _DESK),
            Entry(
                "/office/needs", "需求", "Needs", "发布、查看、名单", "post, look, rosters", _DESK
            ),
            Entry(
                "/office/needs/calendar", "日历", "Calendar", "按月看安排", "by the month", _DESK
            ),
            Entry("/office/needs/new", "发布需求", "Post a need", "填一张表", "one form", _TASKS),
            Entry(
                "/office/chain",
                "粘贴接龙",
                "Paste a list",
                "群里的接龙名单",
                "names from a chat",
                _TASKS,
            ),
            Entry(
                "/office/afterwards",
                "补录",
                "Note down later",
                "事后登记服务",
                "services that were not signed in",
                (_R.KEEP_TASKS, _R.KEEP_ATTENDANCE),
            ),
            Entry(
                "/office/reviews",
                "审核",
                "Reviews",
                "看证据，定分钟",
                "evidence, minutes",
                _REVIEWS,
            ),
            Entry(
                "/office/disputes", "异议", "Disputes", "另一人再看", "another one looks", _REVIEWS
            ),
            Entry(
                "/office/second-looks",
                "抽查",
                "Second looks",
                "抽中的再看一次",
                "a sample",
                _REVIEWS,
            ),
            Entry("/office/lists", "清单", "Lists", "需要、资源、项目", "needs and offers", _DESK),
            Entry("/office/rota", "值班", "Rota", "谁在哪天值班", "who is on duty", _DESK),
            Entry("/office/pairs", "结对", "Pairs", "结对探访", "visits by pairs", _DESK),
            Entry(
                "/office/thanks",
                "感谢信",
                "Thanks",
                "阅后转给志愿者",
                "read, then pass on",
                (_R.KEEP_MEMBERS, _R.REVIEW),
            ),
        ),
    ),
    Group(
        "成员",
        "Members",
        (
            Entry("/office/members", "成员", "Members", "查找、查看", "find and look", _DESK),
            Entry(
                "/office/members/new",
                "登记成员",
                "Take somebody in",
                "本人到场时",
                "who is present",
                (_R.KEEP_MEMBERS,),
            ),
            Entry(
                "/office/admissions",
                "入社申请",
                "Applications",
                "通过或不通过",
                "admit or refuse",
                (_R.ADMIT, _R.OVERSEE),
            ),
            Entry(
                "/office/imports",
                "导入名单",
                "Import a list",
                "Excel 名册、期初积分",
                "from a spreadsheet",
                (_R.KEEP_MEMBERS, _R.REVIEW, _R.SETTLE_DEPARTURES, _R.OVERSEE),
            ),
            Entry("/office/exports", "导出", "Export", "成员、服务记录", "members, hours", _DESK),
            Entry(
                "/office/calls",
                "电话名单",
                "Call list",
                "收不到短信的人",
                "whom no text reaches",
                (_R.CALL,),
            ),
            Entry(
                "/office/merges",
                "合并资料",
                "Merge rows",
                "同一人登记了两次",
                "somebody who is here twice",
                (_R.KEEP_MEMBERS, _R.OVERSEE),
            ),
            Entry(
                "/office/departures",
                "离社",
                "Departures",
                "迁出、去世",
                "moved away or died",
                (_R.SETTLE_DEPARTURES, _R.OVERSEE),
            ),
        ),
    ),
    Group(
        "账目与公开",
        "Books and figures",
        (
            Entry(
                "/office/ranking",
                "排名",
                "Ranking",
                "年终排名和依据",
                "places and why",
                (_R.SEE_RANKING,),
            ),
            Entry("/office/figures", "统计", "Figures", "图表和数据", "charts and tables", _DESK),
            Entry(
                "/office/books",
                "总账",
                "Books",
                "流水、核账",
                "transfers, audit",
                (_R.SEE_LEDGER,),
            ),
            Entry(
                "/office/exchange",
                "捐赠与互助",
                "Donations and services",
                "捐赠、有争议的互助",
                "donations, disputed services",
                (_R.KEEP_EXCHANGE,),
            ),
            Entry(
                "/shop",
                "店铺",
                "Shops",
                "收银、退款、对账",
                "tills, refunds, months",
                (_R.SEE_SALES,),
            ),
        ),
    ),
    Group(
        "管理",
        "Running it",
        (
            Entry(
                "/office/staff",
                "工作人员",
                "Staff",
                "邀请、角色",
                "invitations, roles",
                (_R.KEEP_STAFF, _R.OVERSEE),
            ),
            Entry(
                "/wall", "大屏", "Wall", "活动室的屏幕", "the screen in the hall", (_R.SEE_BANK,)
            ),
            Entry(
                "", "公开首页", "Public page", "居民看到的", "what residents see", (_R.SEE_BANK,)
            ),
        ),
    ),
)


@router.get("")
async def more(page: Sees) -> Response:
    """Show every page of the office that the caller may open."""
    shown = [
        Group(
            group.zh,
            group.en,
            tuple(one for one in group.entries if any(map(page.whole.may, one.rights))),
        )
        for group in GROUPS
    ]
    return page.show("office/more.html", groups=[one for one in shown if one.entries])
