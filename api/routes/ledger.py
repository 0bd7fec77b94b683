"""The ledger: a transfer, what circulates, and the proof that it all adds up."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from api import proofs
from api.edge.forms import AssetPath, Shown, TransferId
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, having
from creditbank.core.errors import AssetNotFound, TransferNotFound
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.ledger import accounts, posting
from creditbank.ledger import circulation as circulations
from creditbank.ledger.chart import Kind
from creditbank.ledger.circulation import Circulation

router = Routes(prefix="/v1/b/{slug}", tags=["ledger"])

Sees = Annotated[Caller, having(Right.SEE_LEDGER)]
SeesSums = Annotated[Caller, having(Right.SEE_BANK)]
Audits = Annotated[Caller, having(Right.AUDIT)]


class PostingShown(Shown):
    """One movement."""

    source: str
    destination: str
    units: int
    asset: str
    expires_on: date | None


class TransferShown(Shown):
    """One business event, with all its movements."""

    transfer_id: str
    kind: Kind
    occurred_at: datetime
    recorded_at: datetime
    refers_to: str | None
    reverses: str | None
    postings: list[PostingShown]


class CirculationShown(Shown):
    """How much of an asset there is, in units, and who holds it."""

    asset: str
    issued: int
    taken_back: int
    with_members: int
    with_merchants: int
    elsewhere: int


class FindingShown(Shown):
    """One thing that should not be."""

    subject: str
    detail: str


class VerdictShown(Shown):
    """What one proof found."""

    proof: str
    claim: str
    findings: list[FindingShown]


class AuditShown(Shown):
    """The verdict of every proof over one snapshot of the bank."""

    findings: int = Field(description="0: the books add up.")
    proofs: list[VerdictShown]


@router.get(
    "/transfers/{transfer_id}",
    summary="A transfer",
    responses=refusals(TransferNotFound),
)
async def transfer(caller: Sees, transfer_id: TransferId) -> TransferShown:
    """Show a transfer with its postings."""
    return _transfer(await caller.read(lambda view: posting.find(view, transfer_id)))


def _transfer(one: posting.Transfer) -> TransferShown:
    return TransferShown(
        transfer_id=one.transfer_id,
        kind=one.kind,
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        refers_to=one.refers_to,
        reverses=one.reverses,
        postings=[
            PostingShown(
                source=leg.source,
                destination=leg.destination,
                units=leg.amount.units,
                asset=leg.amount.asset,
                expires_on=leg.expires_on,
            )
            for leg in one.postings
        ],
    )


@router.get(
    "/circulation/{asset}",
    summary="What circulates",
    response_model=CirculationShown,
    responses=refusals(AssetNotFound),
)
async def circulation(caller: SeesSums, asset: AssetPath) -> Circulation:
    """Show how much of an asset was issued and taken back ever, and who holds the rest now."""

    def look(view: View) -> Circulation:
        accounts.asset(view, asset)
        return circulations.of(view, asset)

    return await caller.read(look)


@router.post("/audit", summary="Prove the books")
async def audit(caller: Audits) -> AuditShown:
    """Run every proof over one snapshot. It changes nothing, so it needs no idempotency key."""
    verdicts = await caller.read(proofs.audit, patient=True)
    shown = [VerdictShown.model_validate(one) for one in verdicts]
    return AuditShown(findings=proofs.count(verdicts), proofs=shown)
