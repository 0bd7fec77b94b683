"""Taking a list of newcomers in: read off the loop, checked against the books, stored in parts.

Reading a spreadsheet is slow, so it is done in a thread of its own and outside of any unit; what
was read is sealed as it is stored. The same file sent again with the same key is the same list.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import TypeVar

from api.edge.wiring import Caller
from api.papers import member_files, spreadsheets
from api.papers.member_files import Checked, Ground
from creditbank.core.units import Unit, View
from creditbank.core.values import Asset, AssetKind
from creditbank.identity import arrival_twins, arrivals
from creditbank.identity.arrival_states import ArrivalState
from creditbank.identity.arrivals import PART_ROWS
from creditbank.ledger import accounts
from creditbank.people import communities, persons

R = TypeVar("R")

_ASKED_AT_ONCE = 500


async def upload(caller: Caller, content: bytes, *, key: str) -> str:
    """Take a list in and return its id: checked and ready to be written, or with its faults.

    Raises:
        BadSpreadsheet: the file can't be read at all.
        OtherCommunity: the caller's role does not hold in a community of the list.
    """
    sheet = await asyncio.to_thread(
        spreadsheets.read, content, rows_most=member_files.ROWS_MOST + 1
    )
    digest = hashlib.sha256(content).hexdigest()
    arrival_id = await caller.write(
        partial(arrivals.announce, digest=digest, written_as=sheet.written_as, key=key)
    )
    one = await caller.read(partial(arrivals.find, arrival_id=arrival_id))
    if one.state is not ArrivalState.STORING:
        return arrival_id
    ground = await caller.read(
        lambda view: Ground(communities_of(view, caller), brought_along(view), view.today)
    )
    made = await asyncio.to_thread(member_files.check, sheet, ground)
    await caller.read(lambda view: _tell_known(view, made), patient=True)
    await _store(caller, arrival_id, made)
    return arrival_id


def communities_of(view: View, caller: Caller) -> dict[str, str]:
    """Return the ids, by name, of the communities in which the caller's right holds."""
    within = caller.communities
    return {
        one.name: one.community_id
        for one in communities.every(view)
        if within is None or one.community_id in within
    }


def brought_along(view: View) -> list[Asset]:
    """Return the assets that members can bring along: all but money."""
    every = accounts.every_asset(view).values()
    return [one for one in every if one.kind is not AssetKind.MONEY]


def _tell_known(view: View, made: Checked) -> None:
    """Tell of phones, documents and numbers that are somebody's already."""
    lookups: Mapping[str, tuple[Callable[[list[str]], set[str]], tuple[str, str]]] = {
        "phone": (
            lambda texts: arrival_twins.known(view, persons.PHONE, texts),
            (
                "这个手机号已是成员，请从名单里去掉这一行",
                "a member has this phone already; take the line out",
            ),
        ),
        "document": (
            lambda texts: arrival_twins.known(view, persons.DOCUMENT, texts),
            (
                "这个证件号已是成员，请从名单里去掉这一行",
                "a member has this document already; take the line out",
            ),
        ),
        "number": (
            lambda texts: arrival_twins.numbers_taken(view, texts),
            ("这个编号已有人使用", "this number is somebody's"),
        ),
    }
    for what, (ask, said) in lookups.items():
        of = [one for one in made.newcomers if getattr(one, what) is not None]
        for start in range(0, len(of), _ASKED_AT_ONCE):
            some = of[start : start + _ASKED_AT_ONCE]
            taken = ask([getattr(one, what) for one in some])
            for one in some:
                if getattr(one, what) in taken:
                    made.fault(one.line, what, said, getattr(one, what))
    made.faults.sort(key=lambda fault: fault.line)


async def _store(caller: Caller, arrival_id: str, made: Checked) -> None:
    """Store a list in parts, or only what is wrong with it; then say that it is all there."""
    people = [] if made.faults else made.newcomers
    for n, start in enumerate(range(0, len(people), PART_ROWS)):
        some = people[start : start + PART_ROWS]
        await _patiently(
            caller, partial(arrivals.store_part, arrival_id=arrival_id, n=n, newcomers=some)
        )
    await _patiently(
        caller,
        partial(
            arrivals.make_ready,
            arrival_id=arrival_id,
            rows=len(made.newcomers),
            community_ids=sorted({one.community_id for one in made.newcomers}),
            totals=made.totals(),
            faults=[asdict(one) for one in made.faults[: arrivals.FAULTS_TOLD]],
            faults_found=len(made.faults),
        ),
    )


async def _patiently(caller: Caller, work: Callable[[Unit], R]) -> R:
    """Run a slice behind all waiting requests."""
    waiting = caller.database.writer.submit(caller.bank_id, caller.actor, work, patient=True)
    return await asyncio.wrap_future(waiting)
