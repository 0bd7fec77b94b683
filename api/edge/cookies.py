"""The cookies of sittings and tills: one per bank and door, out of reach of other sites' scripts.

Over TLS its name begins with ``__Host-``, so that no neighbouring host can set it. The one
exception is plain http, which `creditbank serve` offers on the machine itself only: browsers keep
no secure cookie there, so it goes without both.
"""

from __future__ import annotations

from enum import StrEnum

from fastapi import Request, Response


class Door(StrEnum):
    """Which side of the house a device entered by; each has a cookie of its own.

    So one phone can be a volunteer's and a shop's till, and one browser can show all three sides.
    """

    RESIDENT = ""
    OFFICE = ".office"
    TILL = ".till"


_DOORS = {"office": Door.OFFICE, "shop": Door.OFFICE, "till": Door.TILL}
_OF_A_PAGE = 3  # "", "b", slug, and then the part that says the side


def door_of(path: str) -> Door:
    """Return the door of a page; the API has one for all."""
    parts = path.split("/")
    is_page = len(parts) > _OF_A_PAGE and parts[1] == "b"
    return _DOORS.get(parts[_OF_A_PAGE], Door.RESIDENT) if is_page else Door.RESIDENT


def name_of(request: Request, slug: str, door: Door | None = None) -> str:
    """Return the name of a bank's cookie on this connection; by default the path's door."""
    name = f"cb-{slug}{door_of(request.url.path) if door is None else door}"
    return f"__Host-{name}" if request.url.scheme == "https" else name


def read(request: Request, slug: str) -> str | None:
    """Return the secret that this request's cookie carries."""
    return request.cookies.get(name_of(request, slug))


def give(
    request: Request,
    response: Response,
    slug: str,
    secret: str,
    longest_s: int,
    *,
    door: Door | None = None,
) -> None:
    """Let the device keep a secret."""
    response.set_cookie(
        name_of(request, slug, door),
        secret,
        max_age=longest_s,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def take(request: Request, response: Response, slug: str) -> None:
    """Let the device forget it."""
    response.delete_cookie(
        name_of(request, slug),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
