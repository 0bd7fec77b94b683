"""Import of members: a list is uploaded, looked through, written, and its points confirmed.

Nothing is written before the list is free of errors and somebody says so; the points that come
along are posted after a second person has confirmed their total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import Form, UploadFile
from fastapi.responses import Response
from pydantic import StringConstraints as Text

from api.edge.forms import ArrivalId
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent
from api.pages.page import Page, page_for
from api.papers import arriving, member_files, spreadsheets
from creditbank.core.errors import CreditbankError
from creditbank.core.units import View
from creditbank.core.values import Asset, write_units
from creditbank.identity import arrival_parts, arrival_slices, arrivals, openings
from creditbank.identity.arrival_states import ARRIVING, WORKED, ArrivalState
from creditbank.identity.arrivals import Arrival, Newcomer
from creditbank.identity.roles import Right
from creditbank.ledger import accounts
from creditbank.people import communities, kin, persons

router = Routes(prefix="/b/{slug}/office/imports", include_in_schema=False)

BYTES_MOST = 128_000_000
SAMPLE = 8
_SHOWN = 30

Keeps = Annotated[Page, page_for(Right.KEEP_MEMBERS)]
Seconds = Annotated[Page, page_for(Right.REVIEW, Right.SETTLE_DEPARTURES)]
Settles = Annotated[Page, page_for(Right.KEEP_MEMBERS, Right.REVIEW, Right.SETTLE_DEPARTURES)]
Sees = Annotated[
    Page,
    page_for(Right.KEEP_MEMBERS, Right.REVIEW, Right.SETTLE_DEPARTURES, Right.OVERSEE),
]


class ListForm(Sent):
    """A file."""

    file: UploadFile


class TotalsForm(Sent):
    """The totals as they were shown: ``XYB=1200 VOL=30``."""

    totals: Annotated[
        str, Text(pattern=r"^[A-Z][A-Z0-9]{1,15}=\d{1,18}( [A-Z0-9]{2,16}=\d{1,18})*$")
    ]

    def by_asset(self) -> dict[str, int]:
        """Return them by asset."""
        parts = (one.partition("=") for one in self.totals.split(" "))
        return {asset: int(units) for asset, _, units in parts}


@dataclass(frozen=True, slots=True)
class Total:
    """What is brought along of an asset, as people write it."""

    asset: str
    name: str
    units: int
    said: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as a page shows it; cells are shown to whoever uploaded them only."""

    one: Arrival
    state: str
    by: str
    settled_by: str
    mine: bool
    places: tuple[str, ...]
    totals: tuple[Total, ...]
    faults: tuple[Mapping[str, Any], ...] = ()
    sample: tuple[Newcomer, ...] = ()
    names: Mapping[str, str] | None = None
    refused: tuple[tuple[int, tuple[str, str]], ...] = ()
    may_confirm: bool = False
    posted: tuple[int, int] = (0, 0)

    @property
    def percent(self) -> int:
        """How far the writing is."""
        return self.one.rows_done * 100 // max(self.one.rows, 1)

    @property
    def said(self) -> str:
        """The totals as the form sends them back."""
        return " ".join(f"{one.asset}={one.units}" for one in self.totals)


@router.get("")
async def listing(page: Sees) -> Response:
    """Show how to import, and the latest lists."""

    def look(view: View) -> list[Shown]:
        near = [one for one in arrivals.listing(view, limit=100) if _near(page, one)]
        return _several(view, page, near[:_SHOWN])

    return page.show("office/member_imports.html", lists=await page.read(look))


@router.post("")
async def upload(page: Keeps, key: FormKey, form: Annotated[ListForm, Form()]) -> Response:
    """Take a file in and show what is in it; nothing is written yet."""
    if (form.file.size or 0) > BYTES_MOST:
        raise spreadsheets.too_long(member_files.ROWS_MOST)
    arrival_id = await arriving.upload(page.caller, form.file.file, key=key)
    return page.go(f"/office/imports/{arrival_id}")


@router.get("/template.xlsx")
async def template_xlsx(page: Keeps) -> Response:
    """Give an empty list to fill in."""
    assets, places = await page.read(
        lambda view: (
            arriving.brought_along(view),
            list(arriving.communities_of(view, page.caller)),
        )
    )
    content = member_files.template_xlsx(assets, places)
    return _file(content, spreadsheets.XLSX, "members.xlsx")


@router.get("/template.csv")
async def template_csv(page: Keeps) -> Response:
    """Give an empty list to fill in, as CSV."""
    assets = await page.read(arriving.brought_along)
    return _file(member_files.template_csv(assets), spreadsheets.CSV, "members.csv")


def _file(content: bytes, kind: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=kind, headers=headers)


@router.get("/{arrival_id}")
async def show(page: Sees, arrival_id: ArrivalId) -> Response:
    """Show a list: its errors, or what would be written; how far it is; what is to be confirmed."""
    return page.show("office/member_import.html", list=await _one(page, arrival_id))


@router.get("/{arrival_id}/progress")
async def progress(page: Sees, arrival_id: ArrivalId) -> Response:
    """Show how far the writing is; the whole page anew once it is over."""
    shown = await _one(page, arrival_id)
    answer = page.show("office/member_import_progress.html", list=shown)
    if shown.one.state not in WORKED:
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.post("/{arrival_id}/begin")
async def begin(page: Keeps, arrival_id: ArrivalId, key: FormKey) -> Response:
    """Let the list be written."""
    await page.write(lambda unit: arrivals.begin(unit, arrival_id=arrival_id, key=key))
    return page.go(f"/office/imports/{arrival_id}", "import-begun")


@router.post("/{arrival_id}/drop")
async def drop(page: Keeps, arrival_id: ArrivalId, key: FormKey) -> Response:
    """Drop the list."""
    await page.write(lambda unit: arrivals.drop(unit, arrival_id=arrival_id, key=key))
    return page.go("/office/imports", "import-dropped")


@router.post("/{arrival_id}/confirm")
async def confirm(
    page: Seconds, arrival_id: ArrivalId, key: FormKey, form: Annotated[TotalsForm, Form()]
) -> Response:
    """Confirm the totals as a second person."""
    totals = form.by_asset()
    await page.write(
        lambda unit: openings.confirm(unit, arrival_id=arrival_id, totals=totals, key=key)
    )
    return page.go(f"/office/imports/{arrival_id}", "import-confirmed")


@router.post("/{arrival_id}/decline")
async def decline(page: Settles, arrival_id: ArrivalId, key: FormKey) -> Response:
    """Leave the points out."""
    await page.write(lambda unit: openings.decline(unit, arrival_id=arrival_id, key=key))
    return page.go(f"/office/imports/{arrival_id}", "import-declined")


def _near(page: Page, one: Arrival) -> bool:
    return arrivals.is_near(page.caller.actor, one)


async def _one(page: Page, arrival_id: str) -> Shown:
    return await page.read(partial(_look, page=page, arrival_id=arrival_id))


def _look(view: View, page: Page, arrival_id: str) -> Shown:
    one = arrivals.find(view, arrival_id)
    arrivals.require_within(page.caller.actor, one)
    return _several(view, page, [one], whole=True)[0]


def _several(view: View, page: Page, found: list[Arrival], *, whole: bool = False) -> list[Shown]:
    assets = accounts.every_asset(view)
    places = {one.community_id: one.name for one in communities.every(view)}
    people = {one for each in found for one in (each.uploaded_by, each.settled_by) if one}
    names = persons.masked_names(view, people)
    return [
        Shown(
            one=one,
            state=ARRIVING.states[one.state],
            by=names.get(one.uploaded_by, ""),
            settled_by=names.get(one.settled_by or "", ""),
            mine=one.uploaded_by == page.whole.actor.id,
            places=tuple(places[each] for each in one.community_ids),
            totals=_totals(view, one, assets) if whole else (),
            **(_details(view, page, one, places) if whole else {}),
        )
        for one in found
    ]


def _totals(view: View, one: Arrival, assets: Mapping[str, Asset]) -> tuple[Total, ...]:
    """Return what is brought along: as it was read, and as it was written from then on."""
    unbegun = {ArrivalState.CHECKED, ArrivalState.FAULTY, ArrivalState.WRITING}
    known = one.totals if one.state in unbegun else openings.totals(view, one.arrival_id)
    return tuple(
        Total(code, assets[code].name, units, write_units(units, assets[code].scale))
        for code, units in known.items()
    )


def _details(view: View, page: Page, one: Arrival, places: Mapping[str, str]) -> dict[str, Any]:
    mine = one.uploaded_by == page.whole.actor.id
    return {
        "faults": tuple(
            fault if mine else {**fault, "said": ""}
            for fault in arrivals.faults_of(view, one.arrival_id)
        ),
        "sample": tuple(arrival_parts.waiting(view, one, after=0, limit=SAMPLE))
        if mine and one.state is ArrivalState.CHECKED
        else (),
        "names": places,
        "refused": tuple(
            (at, _reason(slug)) for at, slug in arrivals.refused_lines(view, one.arrival_id)
        ),
        "posted": openings.posted(view, one.arrival_id)
        if one.state is ArrivalState.POSTING
        else (0, 0),
        "may_confirm": one.state is ArrivalState.AWAITING
        and openings.may_settle(view, one, kin.of_actor(view, page.whole.actor)),
    }


def _reason(slug: str) -> tuple[str, str]:
    """Say why a line could not be written."""
    if slug == arrival_slices.PHONE_KNOWN:
        return ("这个手机号已是成员", "a member has this phone already")
    known = CreditbankError.by_slug.get(slug)
    if known is None or "{" in known.zh + known.en:
        return ("没有写入，请单独登记", "not written; please register this person by form")
    return (known.zh, known.en)
