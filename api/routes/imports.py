"""Imports: a foreign journal through the running server, loaded by a job beside the tills."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Path, Query, Request

from api.edge.forms import AssetCode, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.errors import ImportRefused
from api.papers import uploads
from creditbank.core.errors import AssetNotFound
from creditbank.identity.roles import Right
from creditbank.ledger import imports
from creditbank.ledger.imports import ImportNotFound, ImportNotStopped, ImportState
from creditbank.ledger.journal import BadJournal

router = Routes(prefix="/v1/b/{slug}/imports", tags=["imports"])

Keeps = Annotated[Caller, having(Right.KEEP_IMPORTS)]
SeesImports = Annotated[Caller, having(Right.KEEP_IMPORTS, Right.OVERSEE)]
ImportId = Annotated[
    str, Path(description="The id of an import.", pattern=r"^imp_[0-9a-hjkmnp-tv-z]{26}$")
]
JOURNAL = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "description": (
                        "key,occurred_at,kind,source,destination,amount; UTF-8 or GB18030."
                    ),
                }
            }
        },
    }
}
"""What the upload takes: read as it arrives, never held as a whole."""
Names = Annotated[
    list[str] | None, Query(max_length=100, description="Names that may fall below zero.")
]


class ImportShown(Shown):
    """How far an import is; ``reason`` says why it stopped."""

    import_id: str
    asset: str
    state: ImportState
    rows: int
    rows_loaded: int
    parts: int
    parts_loaded: int
    reason: str | None


class ImportResumed(Shown):
    """That an import goes on."""

    state: ImportState


@router.post(
    "",
    summary="Upload a journal",
    status_code=202,
    responses=refusals(AssetNotFound, BadJournal, ImportRefused),
    openapi_extra=JOURNAL,
)
async def upload(
    caller: Keeps,
    key: Key,
    request: Request,
    asset: Annotated[AssetCode, Query(description="The asset of its amounts.")],
    allow_negative: Names = None,
) -> ImportShown:
    """Check the whole file; with one bad row nothing is loaded. A job loads the rest."""
    one = await uploads.upload(
        caller, request.stream(), asset=asset, allow_negative=allow_negative or (), key=key
    )
    return ImportShown.model_validate(one)


@router.get("/{import_id}", summary="How far an import is", responses=refusals(ImportNotFound))
async def find(caller: SeesImports, import_id: ImportId) -> ImportShown:
    """Return the state and the rows loaded so far."""
    one = await caller.read(partial(imports.find, import_id=import_id))
    return ImportShown.model_validate(one)


@router.post(
    "/{import_id}/resume",
    summary="Go on with a stopped import",
    responses=refusals(ImportNotFound, ImportNotStopped),
)
async def resume(caller: Keeps, key: Key, import_id: ImportId) -> ImportResumed:
    """Let the job go on where it stopped."""
    state = await caller.write(partial(imports.resume, import_id=import_id, key=key))
    return ImportResumed(state=state)
