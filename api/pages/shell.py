"""What makes the pages an app on a phone: manifest, service worker, and the device's look."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import StringConstraints as Text

from api.edge.routes import Routes
from api.pages import assets
from api.pages import look as looks
from api.pages.forms import Sent
from api.pages.page import POLICY, AnyPage, Page, StrangerPage

router = Routes(include_in_schema=False)

_ICONS = (("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any maskable"))
_HOUR = "public, max-age=3600"
_SHORT_NAME_SIGNS = 8


class LookForm(Sent):
    """One choice, and the page to come back to."""

    choose: Annotated[str, Text(max_length=10)]
    back: Annotated[str, Text(max_length=300)] = ""


@router.post("/b/{slug}/look")
async def choose(
    request: Request, page: StrangerPage, form: Annotated[LookForm, Form()]
) -> Response:
    """Keep the language, the letters or the colours that a device chose.

    It has one address for the pages of all doors, so no door's word is asked for.
    """
    inside = form.back == page.base or form.back.startswith((f"{page.base}/", f"{page.base}?"))
    answer = RedirectResponse(form.back if inside else page.base, 303)
    looks.keep(request, answer, looks.changed(page.look, form.choose))
    return answer


@router.get("/b/{slug}/manifest.webmanifest")
async def manifest(page: AnyPage) -> Response:
    """Say how the bank looks among the apps of a phone."""
    text = json.dumps(_manifest(page), ensure_ascii=False)
    return Response(text, media_type="application/manifest+json", headers={"Cache-Control": _HOUR})


def _manifest(page: Page) -> dict[str, Any]:
    return {
        "name": page.bank.name,
        "short_name": page.bank.name[:_SHORT_NAME_SIGNS],
        "lang": "zh-CN",
        "start_url": f"{page.base}/me",
        "scope": f"{page.base}/",
        "display": "standalone",
        "background_color": "#f3f4f1",
        "theme_color": "#067a3d",
        "icons": [
            {"src": assets.url(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in _ICONS
        ],
    }


@router.get("/sw.js")
async def service_worker(request: Request) -> Response:
    """Give the service worker; it must stand at the top to serve all pages."""
    answer = assets.answer(request, assets.every()["sw.js"], "no-cache")
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """Give the picture that browsers ask for by themselves."""
    return assets.answer(request, assets.every()["favicon.ico"], _HOUR)
