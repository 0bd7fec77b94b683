"""Tasks to claim: a list with filters, and one task with all there is to know of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy import ColumnElement

from api.edge.forms import TaskId
from api.edge.routes import Routes
from api.pages.member import claim_choices, task_cards
from api.pages.member.claim_choices import Choices
from api.pages.member.duty_words import BADGES, NEXT
from api.pages.member.task_cards import Card
from api.pages.page import AnyPage, MemberPage, Page
from api.words import groups as group_texts
from creditbank.core.clock import start_of_day
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import communities, members, skills
from creditbank.people.members import Status
from creditbank.tasks import categories, details, repeats, tasks, waitlist, withdrawals
from creditbank.tasks.details import Detail
from creditbank.tasks.errors import TaskNotFound
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import Party, TaskKind
from creditbank.tasks.waitlist import Place

router = Routes(prefix="/b/{slug}/tasks", include_in_schema=False)

SHOWN_AT_ONCE = 20
_WEEK = 7

Word = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; an empty text is no filter. ``when`` may be `day`."""

    category: str = ""
    when: str = ""
    day: date | None = None
    community: str = ""
    who: str = ""

    @property
    def count(self) -> int:
        """How many are set."""
        return sum(bool(one) for one in (self.category, self.when, self.community, self.who))

    def query(self, **changes: str) -> dict[str, str]:
        """Return them as an address carries them, some of them changed."""
        said = {
            "category": self.category,
            "when": self.when,
            "day": "" if self.day is None else self.day.isoformat(),
            "community": self.community,
            "who": self.who,
        }
        return {name: text for name, text in (said | changes).items() if text}


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of needs, and what they can be filtered by."""

    cards: list[Card]
    after: str | None
    filters: Filters
    of_categories: list[tuple[str, str]]
    of_communities: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sight:
    """One task as a member sees it; ``choices`` is None for who only looks."""

    card: Card
    skills: tuple[str, ...]
    detail: Detail
    text: str | None
    withdraw_until: datetime
    choices: Choices | None
    place: Place | None


@router.get("")
async def listing(
    page: MemberPage,
    *,
    category: Word = "",
    when: Word = "",
    day: Word = "",
    community: Word = "",
    who: Word = "",
    after: Word = "",
) -> Response:
    """Show the open needs, the next ones first."""
    filters = _filters(category, when, day, community, who)
    shown = await page.read(lambda view: _listing(view, page.member_id, filters, after))
    return page.show("member/tasks.html", listing=shown, is_first=not after)


def _filters(category: str, when: str, day: str, community: str, who: str) -> Filters:
    """Read what an address says; what it cannot mean is no filter."""
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError:
        chosen = None
    if chosen is not None and chosen.year not in repeats.YEARS:
        chosen = None
    known = {"today", "tomorrow", "week"}
    span = "day" if chosen is not None and when not in known else when
    return Filters(
        category,
        span if span in known or chosen is not None else "",
        chosen if span == "day" else None,
        community,
        who if who in {Party.FAMILY, Party.TEAM} else "",
    )


def _listing(view: View, member_id: str, filters: Filters, after: str) -> Listing:
    found = tasks.chosen(view, *_narrowed(view, filters, after), limit=SHOWN_AT_ONCE + 1)
    shown = found[:SHOWN_AT_ONCE]
    return Listing(
        task_cards.of(view, shown, member_id),
        shown[-1].task_id if len(found) > SHOWN_AT_ONCE else None,
        filters,
        [(one.code, one.name) for one in categories.every(view)],
        [(one.community_id, one.name) for one in communities.every(view)],
    )


def _narrowed(view: View, filters: Filters, after: str) -> list[ColumnElement[bool]]:
    """Return what the tasks of a list meet."""
    of = tasks.tasks.c
    met: list[ColumnElement[bool]] = [
        of.kind == TaskKind.NEED,
        of.stored_state == TaskState.OPEN,
        of.ends_at > view.now,
    ]
    if filters.category:
        met.append(of.category == filters.category)
    if filters.community:
        met.append(of.community_id == filters.community)
    if filters.who:
        met.append(of.open_to.contains(filters.who, autoescape=True))
    span = _span(view.today, filters)
    if span is not None:
        zone = view.bank.zone
        met.append(of.starts_at < start_of_day(span[1], zone))
        met.append(of.ends_at > start_of_day(span[0], zone))
    if after:
        last = tasks.find(view, after)
        later = (of.starts_at == last.starts_at) & (of.task_id > after)
        met.append((of.starts_at > last.starts_at) | later)
    return met


def _span(today: date, filters: Filters) -> tuple[date, date] | None:
    """Return the first day, and the one after the last."""
    one = timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    if filters.when == "day" and filters.day is not None:
        return filters.day, filters.day + one
    spans = {
        "today": (today, today + one),
        "tomorrow": (today + one, today + 2 * one),
        "week": (today, monday + timedelta(days=_WEEK)),
    }
    return spans.get(filters.when)


@router.get("/{task_id}")
async def one(page: AnyPage, task_id: TaskId) -> Response:
    """Show a task: in short to everybody, and to members with place, terms and how to claim."""
    sight = await page.read(lambda view: _sight(view, page, task_id))
    words: dict[str, Any] = {"badges": BADGES, "next_words": NEXT}
    template = "member/task.html" if _is_member(page) else "member/task_in_short.html"
    return page.show(template, sight=sight, **words)


def _is_member(page: Page) -> bool:
    return page.is_signed_in and page.whole.may(Right.ACT_AS_MEMBER)


def _sight(view: View, page: Page, task_id: str) -> Sight:
    found = tasks.find(view, task_id)
    is_member = _is_member(page)
    if found.state is TaskState.DRAFT or (found.kind is not TaskKind.NEED and not is_member):
        raise TaskNotFound(task_id)
    member_id = page.whole.member_id if is_member else None
    card = task_cards.of(view, [found], member_id)[0]
    named = {one.code: one.name for one in skills.every(view)}
    wanted = tuple(named.get(one, one) for one in found.audience.skills)
    sight = Sight(card, wanted, Detail(), None, withdrawals.cut_off(view, found), None, None)
    if member_id is None:
        return sight
    text = None
    if found.kind is TaskKind.NEED:
        domain = page.request.app.state.settings.domain
        text = group_texts.of_task(found, group_texts.words(view, domain))
    place = None
    if card.mine is not None:
        place = waitlist.place(view, card.mine.claim_id, actor=page.whole.actor)
    choices = claim_choices.of(view, found, member_id, card.mine)
    admitted = members.find(view, member_id).status is Status.ACTIVE
    detail = details.of_task(view, task_id) if admitted else Detail()
    return replace(sight, detail=detail, text=text, place=place, choices=choices)
