"""The scheme: the rules by which a bank works, as they hold today, and the versions of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import Response
from pydantic import Field

from api.edge.etags import NOT_MODIFIED, Asked, IfMatch
from api.edge.forms import Day, Form, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.tags import PreconditionFailed
from creditbank.identity.roles import Right
from creditbank.schemes import scheme
from creditbank.schemes.errors import SchemeOverlap

router = Routes(prefix="/v1/b/{slug}/scheme", tags=["banks"])

SeesRules = Annotated[Caller, having(Right.SEE_RANKING)]
KeepsRules = Annotated[Caller, having(Right.KEEP_SCHEME)]


class SchemeShown(Shown):
    """The parameters that hold today."""

    parameters: dict[str, Any]


class SchemeForm(Form):
    """Parameters to adopt; those not named keep their defaults."""

    parameters: dict[str, Any] = Field(examples=[{"no_pin_points_most": 30, "grace_days": 20}])
    effective_from: Day
    effective_until: Day | None = Field(
        None, description="The last day of a term; what held before it holds after it."
    )


class SchemeAdopted(Shown):
    """A version of the parameters."""

    scheme_id: str
    version: int


class VersionShown(Shown):
    """A version of the parameters and its days; without a last one it goes on until the next."""

    scheme_id: str
    version: int
    effective_from: date
    effective_until: date | None
    adopted_by: str


@router.get(
    "",
    summary="The rules in force",
    response_model=SchemeShown,
    responses=refusals(BadField) | NOT_MODIFIED,
)
async def rules(caller: SeesRules, asked: Asked) -> SchemeShown | Response:
    """Show every parameter of the programme as it holds today.

    The ETag also tells whether rules were adopted that hold later.
    """
    held, tag = await caller.read(lambda view: (scheme.current(view), scheme.current_tag(view)))
    return asked.shown(SchemeShown(parameters=asdict(held)), tag)


@router.get("/versions", summary="The versions of the rules", response_model=list[VersionShown])
async def versions(caller: SeesRules) -> list[scheme.Version]:
    """List what was adopted, in that order, with its days."""
    return await caller.read(scheme.versions)


@router.post(
    "",
    summary="Adopt rules",
    status_code=201,
    response_model=SchemeAdopted,
    responses=refusals(BadField, AssetNotFound, SchemeOverlap, PreconditionFailed),
)
async def adopt(
    caller: KeepsRules, key: Key, form: SchemeForm, if_match: IfMatch
) -> scheme.Adopted:
    """Adopt parameters from a day on, today at the earliest, for good or for a term."""
    return await caller.write(
        lambda unit: scheme.adopt(
            unit,
            key=key,
            parameters=form.parameters,
            effective_from=form.effective_from,
            if_match=if_match,
            effective_until=form.effective_until,
        )
    )
