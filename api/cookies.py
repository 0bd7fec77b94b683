"""The cookie of a sitting: one per bank, out of reach of scripts and of other sites.

Over TLS its name begins with ``__Host-``, so that no neighbouring host can set it. The one
exception is plain http, which `creditbank serve` offers on the machine itself only: browsers keep
no secure cookie there, so it goes without both.
"""

from __future__ import annotations

from fastapi import Request, Response


def name_of(request: Request, slug: str) -> str:
    """Return the name of a bank's cookie on this connection."""
    return f"__Host-cb-{slug}" if request.url.scheme == "https" else f"cb-{slug}"


def read(request: Request, slug: str) -> str | None:
    """Return the secret that this request's cookie carries."""
    return request.cookies.get(name_of(request, slug))


def give(request: Request, response: Response, slug: str, secret: str, longest_s: int) -> None:
    """Let the device keep a secret."""
    response.set_cookie(
        name_of(request, slug),
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
