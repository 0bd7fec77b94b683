"""Taking a list of newcomers in: read off the loop, checked against the books, stored in parts.

Reading a spreadsheet is slow, so it is done in a thread of its own and outside of any unit, some
rows at a time: a list of any size takes the same memory. What was read is sealed as it is stored.
The same file sent again with the same key is the same list.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import islice
from typing import BinaryIO, TypeVar

from api.edge.wiring import Caller
from api.papers import member_files, spreadsheets
from api.papers.member_files import Checked, Ground
from creditbank.core.units import Declined, Unit, View
from creditbank.core.values import Asset, AssetKind
from creditbank.identity import arrival_parts, arrival_twins, arrivals
from creditbank.identity.arrival_parts import PART_ROWS
from creditbank.identity.arrival_states import ArrivalState
from creditbank.identity.arrivals import Newcomer
from creditbank.ledger import accounts
from creditbank.people import communities, persons

R = TypeVar("R")

STORED_AT_ONCE = 8 * PART_ROWS  # whole parts, so that only the last one is short
_CHUNK = 1 << 20


async def upload(caller: Caller, file: BinaryIO, *, key: str) -> str:
    """Take a list in and return its id: checked and ready to be written, or with its faults.

    Raises:
        BadSpreadsheet: the file can't be read at all.
        OtherCommunity: the caller's role does not hold in a community of the list.
    """
    return await asyncio.to_thread(_take_in, caller, file, key)


def _take_in(caller: Caller, file: BinaryIO, key: str) -> str:
    """Announce a list, and read, check and store it some rows at a time."""
    digest = _digest(file)
    with spreadsheets.opened(file, rows_most=member_files.ROWS_MOST + 1) as sheet:
        arrival_id = _wait(
            caller,
            partial(arrivals.announce, digest=digest, written_as=sheet.written_as, key=key),
        )
        one = _look(caller, partial(arrivals.find, arrival_id=arrival_id))
        if one.state is not ArrivalState.STORING:
            return arrival_id
        ground = _look(
            caller,
            lambda view: Ground(communities_of(view, caller), brought_along(view), view.today),
        )
        made = Checked()
        _store(caller, arrival_id, member_files.read(sheet, ground, made), made)
    _wait(
        caller,
        partial(
            arrivals.make_ready,
            arrival_id=arrival_id,
            rows=made.rows,
            community_ids=sorted(made.community_ids),
            totals=dict(sorted(made.totals.items())),
            faults=[asdict(one) for one in sorted(made.faults, key=lambda one: one.line)],
            faults_found=made.faults_found,
        ),
        patient=True,
    )
    over = not made.faults_found
    while not over:  # what was stored before the first fault showed, unless it is another's
        over = _wait(caller, partial(_forget_faulty, arrival_id=arrival_id), patient=True)
    return arrival_id


def _forget_faulty(unit: Unit, arrival_id: str) -> bool:
    """Forget some of what was stored; nothing if the same upload was found good meanwhile."""
    one = arrivals.lock(unit, arrival_id)
    return one.state is not ArrivalState.FAULTY or arrival_parts.forget(unit, arrival_id)


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _store(caller: Caller, arrival_id: str, people: Iterator[Newcomer], made: Checked) -> None:
    """Store a list in parts as it is read, as long as nothing is wrong."""
    first = 0
    while some := list(islice(people, STORED_AT_ONCE)):
        _look(caller, partial(_tell_known, some=some, made=made), patient=True)
        if not made.faults_found:
            storing = partial(
                arrival_parts.store, arrival_id=arrival_id, first=first, newcomers=some
            )
            first += _wait(caller, storing, patient=True)


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


def _tell_known(view: View, some: Sequence[Newcomer], made: Checked) -> None:
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
        of = [one for one in some if getattr(one, what) is not None]
        taken = ask([getattr(one, what) for one in of]) if of else set()
        for one in of:
            if getattr(one, what) in taken:
                made.fault(one.line, what, said, getattr(one, what))


def _look(caller: Caller, look: Callable[[View], R], *, patient: bool = False) -> R:
    return caller.database.reader.submit(caller.bank_id, look, patient=patient).result()


def _wait(caller: Caller, work: Callable[[Unit], R | Declined], *, patient: bool = False) -> R:
    """Run a unit, a ``patient`` one behind all waiting requests, and wait for its commit."""
    return caller.database.writer.submit(
        caller.bank_id, caller.actor, work, patient=patient
    ).result()
