"""Routes of one noun, as every file of routes and of pages makes them."""

from __future__ import annotations

from enum import Enum
from typing import Any

from fastapi import APIRouter, Depends

from api.edge import bodies


class Routes(APIRouter):
    """A router whose routes the app takes as they are.

    Each of them refuses bodies that could be misread, and is named by its noun and verb. FastAPI
    would read every signature once more to add both when the router is included.
    """

    def __init__(
        self, *, prefix: str = "", tags: list[str | Enum] | None = None, **options: Any
    ) -> None:
        """Collect routes under a prefix."""
        super().__init__(
            prefix=prefix,
            tags=tags,
            dependencies=[Depends(bodies.strict)],
            generate_unique_id_function=_named,
            **options,
        )


def _named(route: Any) -> str:
    """Return the operation's id: the noun's tag and the verb of its function."""
    tag = str(route.tags[0]) if route.tags else "service"
    return f"{tag}.{route.name}"
