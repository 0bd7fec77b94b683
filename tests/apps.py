"""Apps that share their routes: what a request of each route needs is read once, not once a test.

FastAPI reads the signature of every route anew for every app, at its first requests; with two
hundred routes that took longer than most tests. Apps of ours differ in database, settings and
middleware, never in their routes.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """Let apps share the routes they include, for the length of a with block."""
    known: dict[int, BaseRoute] = {}
    include = FastAPI.include_router

    def include_once(app: FastAPI, router: APIRouter, **options: Any) -> None:
        include(app, router, **options)
        product = sys.modules.get("api.app")
        if product is not None and any(router is one for one in product.ROUTERS):
            routes = app.router.routes
            routes[-1] = known.setdefault(id(router), routes[-1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FastAPI, "include_router", include_once)
        yield
