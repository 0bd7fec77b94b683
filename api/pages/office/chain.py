"""A chain (接龙) from the WeChat group: names matched, doubtful ones asked, then all claimed.

What was pasted is read, shown back and carried by the form; it is written down nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Query
from fastapi.responses import Response
from pydantic import StringConstraints as Text

from api.edge.forms import TaskRef
from api.edge.routes import Routes
from api.filling import fill_soon
from api.pages.forms import FormKey, Sent
from api.pages.office import needs, people
from api.pages.office.people import Match, Numbers, Picks
from api.pages.page import Page, page_for
from api.papers import chains
from api.papers.chains import Chain
from creditbank.core.errors import CreditbankError
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import namesakes
from creditbank.people.namesakes import Known
from creditbank.tasks import claiming, claims, searches, tasks
from creditbank.tasks.claims import Claimed
from creditbank.tasks.errors import AlreadyClaimed, TaskNotFound
from creditbank.tasks.searches import Wanted
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Task

router = Routes(prefix="/b/{slug}/office/chain", include_in_schema=False)

Keeps = Annotated[Page, page_for(Right.KEEP_TASKS)]
_CHOICES_MOST = 100
_KEY_MOST = 200


class PasteForm(Sent):
    """What was pasted, and for which need."""

    task_id: TaskRef
    text: Annotated[str, Text(min_length=1, max_length=chains.TEXT_MOST)]


class ClaimForm(Sent):
    """Who of the chain takes part."""

    task_id: TaskRef
    who: Picks
    number: Numbers


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of them: a place, a place in the queue, or why not."""

    known: Known
    state: ClaimState | None
    position: int | None
    refusal: CreditbankError | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A chain as it was read, and who its people may be."""

    task: Task
    chain: Chain
    matches: list[Match]
    taking_part: frozenset[str]
    place: str

    @property
    def sure(self) -> int:
        """How many are known for sure."""
        return sum(one.sure is not None for one in self.matches)


@router.get("")
async def show(page: Keeps, task: Annotated[str | None, Query(max_length=40)] = None) -> Response:
    """Show where to paste a chain, and the needs that can be claimed."""
    within = page.caller.communities

    def look(view: View) -> tuple[tuple[Task, ...], dict[str, str]]:
        wanted = Wanted(within=within)
        return searches.found(view, wanted, limit=_CHOICES_MOST).tasks, needs.places(view)

    several, places = await page.read(look)
    return page.show("office/chain.html", tasks=several, chosen=task, places=places)


@router.post("")
async def consider(page: Keeps, form: Annotated[PasteForm, Form()]) -> Response:
    """Show whom the pasted names mean, and ask for those in doubt; nothing is written."""
    within = page.caller.communities
    asked = await page.read(lambda view: _asked(view, form, within))
    return page.show("office/chain_preview.html", asked=asked, task=asked.task)


def _asked(view: View, form: PasteForm, within: tuple[str, ...] | None) -> Asked:
    task = _own(view, form.task_id, within)
    chain = chains.read(form.text)
    there = claims.of_task(view, task.task_id)
    gone = (ClaimState.WITHDRAWN, ClaimState.LAPSED)
    return Asked(
        task,
        chain,
        people.match(view, chain.entries, within),
        frozenset(one.member_id for one in there if one.state not in gone),
        needs.places(view).get(task.community_id, ""),
    )


def _own(view: View, task_id: str, within: tuple[str, ...] | None) -> Task:
    found = tasks.find(view, task_id)
    if within is not None and found.community_id not in within:
        raise TaskNotFound(task_id)
    return found


@router.post("/claims")
async def claim(page: Keeps, key: FormKey, form: Annotated[ClaimForm, Form()]) -> Response:
    """Claim the need for all who were chosen, one by one, each with a key of the form's."""
    within = page.caller.communities

    def look(view: View) -> tuple[Task, list[str], dict[str, Known]]:
        task = _own(view, form.task_id, within)
        ids = people.picked(view, form.who, form.number, within)
        return task, ids, namesakes.known(view, ids)

    task, ids, known = await page.read(look)
    done = [await _claim(page, task, known[one], f"{key[:_KEY_MOST]}/{one}") for one in ids]
    if any(one.state is ClaimState.WAITING for one in done):
        fill_soon(page.caller, task.task_id)
    return page.show("office/chain_done.html", outcomes=done, task=task)


async def _claim(page: Page, task: Task, known: Known, key: str) -> Outcome:
    """Claim the need for one of them; a refusal is theirs alone."""
    who = known.member_id
    try:
        made: Claimed = await page.write(
            lambda unit: claiming.claim(
                unit, key=key, task_id=task.task_id, member_id=who, or_wait=True
            )
        )
    except AlreadyClaimed as error:
        return Outcome(known, ClaimState(error.state), None, error)
    except CreditbankError as error:
        return Outcome(known, None, None, error)
    return Outcome(known, made.state, made.position, None)
