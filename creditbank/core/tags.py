"""Tags: a short name for the state of a thing, so that nobody overwrites what they have not seen.

A reader is given the tag of what is shown; a writer may say which tags the change is meant for.
The tag is compared under the thing's lock, in the unit that changes it: of two writers who saw
the same state, one wins.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import to_jsonable_python

from creditbank.core.errors import Refused

ANY = "*"
_TAG_LENGTH = 32


@dataclass(eq=False)
class PreconditionFailed(Refused):
    """The thing has changed since the caller saw it; nothing was done."""

    slug = "precondition-failed"
    zh = "内容在您查看之后已被修改，请重新查看后再操作"
    en = "This has changed since you looked at it; look again before you change it"


def of(*parts: object) -> str:
    """Return the tag of a thing: the same for the same values, another for any other."""
    text = json.dumps(to_jsonable_python(parts), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_TAG_LENGTH]


def require(wanted: Sequence[str] | None, *parts: object) -> None:
    """See that a locked thing is still as the caller saw it; None asks for nothing.

    Raises:
        PreconditionFailed: its tag is none of the wanted ones.
    """
    if wanted is not None and ANY not in wanted and of(*parts) not in wanted:
        raise PreconditionFailed
