"""Jobs: what the scheduler has done, does and has yet to do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.edge.forms import Shown
from api.edge.routes import Routes
from api.edge.wiring import Caller, having
from creditbank import jobs
from creditbank.identity.roles import Right
from creditbank.jobs import JobState

router = Routes(prefix="/v1/b/{slug}", tags=["jobs"])

Sees = Annotated[Caller, having(Right.SEE_JOBS)]


class JobShown(Shown):
    """A job as it stands."""

    kind: str
    period: str = Field(description="Empty for work that is done whenever it is due.")
    state: JobState
    owner: str
    lease_until: datetime | None
    created_at: datetime
    done_at: datetime | None


@router.get("/jobs", summary="The jobs", response_model=list[JobShown])
async def listing(caller: Sees) -> list[jobs.Job]:
    """List the jobs of the bank by kind and period."""
    return await caller.read(jobs.listing)
