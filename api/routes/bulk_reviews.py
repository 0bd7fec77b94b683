"""Many reviews at once: each service is a unit of its own, with a key of its own."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from api.edge.forms import ClaimRef, Form, Shown
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key
from api.routes.reviews import AmountShown, Reviews
from creditbank.core.errors import BadField, CreditbankError
from creditbank.service import reviews
from creditbank.tasks.states import ClaimState

router = Routes(prefix="/v1/b/{slug}", tags=["reviews"])

AT_ONCE_MOST = 100


class OneForm(Form):
    """One service; an odd one says that somebody looked at it."""

    claim_id: ClaimRef
    minutes: Annotated[StrictInt, Field(ge=1, le=100_000)] | None = None
    looked: StrictBool = False


class ManyForm(Form):
    """The services to approve, each once."""

    items: Annotated[list[OneForm], Field(min_length=1, max_length=AT_ONCE_MOST)]


class OneShown(Shown):
    """What came of one service: approved, or why not."""

    claim_id: str
    state: ClaimState | None = None
    minutes: int | None = None
    earned: list[AmountShown] | None = None
    refused: str | None = None
    zh: str | None = None
    en: str | None = None


class ManyShown(Shown):
    """What came of each service, in their order."""

    approved: int
    items: list[OneShown]


@router.post("/reviews/approve", summary="Approve many services")
async def approve_many(caller: Reviews, key: Key, form: ManyForm) -> ManyShown:
    """Approve services one by one; what is refused keeps no other from being approved."""
    if len({one.claim_id for one in form.items}) < len(form.items):
        raise BadField("items", "each once / 每项一次")
    items = [await _approve(caller, key, one) for one in form.items]
    return ManyShown(approved=sum(one.refused is None for one in items), items=items)


async def _approve(caller: Caller, key: str, one: OneForm) -> OneShown:
    own = hashlib.sha256(f"{key}\0{one.claim_id}".encode()).hexdigest()
    try:
        done = await caller.write(
            lambda unit: reviews.approve_listed(
                unit, key=own, claim_id=one.claim_id, minutes=one.minutes, looked=one.looked
            )
        )
    except CreditbankError as error:
        zh, en = error.sentence("zh"), error.sentence("en")
        return OneShown(claim_id=one.claim_id, refused=error.slug, zh=zh, en=en)
    return OneShown.model_validate(done)
