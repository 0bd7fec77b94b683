"""ETag, If-None-Match and If-Match: a reader learns the tag of what is shown, a writer names it.

Only headers are read and written here; the engine compares, under the lock of the thing
(`creditbank.core.tags`). A tag is strong: anything that is shown and changes gives another one.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Response
from fastapi.responses import Response as Bare

from creditbank.core.errors import BadField
from creditbank.core.tags import ANY

T = TypeVar("T")

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is still as `If-None-Match` says."}
}
_LIST = re.compile(r'\s*(?:\*|(?:W/)?"[^"\s]*"(?:\s*,\s*(?:W/)?"[^"\s]*")*)\s*')
_TAG = re.compile(r'(W/)?"([^"\s]*)"')
_HEADER_MOST = 1000
_FRESH = {"Cache-Control": "private, no-cache"}


def _tags(header: str, said: str, *, weak: bool) -> tuple[str, ...]:
    """Return the tags that a header names; a weak one never allows a write.

    Raises:
        BadField: it is no list of tags.
    """
    if len(said) > _HEADER_MOST or not _LIST.fullmatch(said):
        raise BadField(header, '"…", "…" | *')
    if said.strip() == ANY:
        return (ANY,)
    return tuple(tag for mark, tag in _TAG.findall(said) if weak or not mark)


class Reading:
    """What a reader already has, and the answer that will carry the tag of what is there now."""

    def __init__(self, response: Response, known: tuple[str, ...]) -> None:
        """Take the tags that the reader knows."""
        self._response = response
        self._known = known

    def shown(self, value: T, tag: str) -> T | Bare:
        """Return what is to be answered: the value with its tag, or 304 if it is known."""
        headers = _FRESH | {"ETag": f'"{tag}"'}
        if tag in self._known or ANY in self._known:
            return Bare(status_code=304, headers=headers)
        self._response.headers.update(headers)
        return value


async def _reading(
    response: Response,
    if_none_match: Annotated[
        str | None, Header(description="Tags of what you have; answered 304 if one still holds.")
    ] = None,
) -> Reading:
    known = () if if_none_match is None else _tags("If-None-Match", if_none_match, weak=True)
    return Reading(response, known)


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(
            description=(
                "The ETag of what you have seen: the write is refused (412) if it has changed "
                "since. Left out, or `*`: whatever it is now."
            )
        ),
    ] = None,
) -> tuple[str, ...] | None:
    return None if if_match is None else _tags("If-Match", if_match, weak=False)


Asked = Annotated[Reading, Depends(_reading)]
IfMatch = Annotated[tuple[str, ...] | None, Depends(_if_match)]
