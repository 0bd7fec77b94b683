"""Lean routes: a till's usual request skips what the framework does for unusual ones.

``APIRouter(route_class=Lean)`` is all that a router needs. Its routes are declared, described and
refused as any other: the form is the same model, the answer is rendered by the same one. A request
that is not usual (another content type, a form that does not fit, no key) is handed to the
framework before anything was done, so there is one wording of every refusal. Only dependencies
are not solved one by one: such a route takes a caller, a key, ids of its path and a form, and
nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.edge import bodies, wiring
from api.edge.bodies import JSON
from api.edge.wiring import Caller
from api.errors import BodyUnreadable
from creditbank.core.errors import KeyMissing

Answer = Callable[[Request], Coroutine[Any, Any, Response]]


class Lean(APIRoute):
    """A route that reads and answers a usual request itself."""

    def get_route_handler(self) -> Answer:
        """Return what answers a request."""
        ordinary = super().get_route_handler()
        require_right, takes_key = self._taken()
        status = self.status_code or 200

        async def handle(request: Request) -> Response:
            said = await self._read(request, takes_key=takes_key)
            if said is None or wiring.ASSIST_HEADER in request.headers:
                return await ordinary(request)
            caller = await require_right(await wiring.caller_named(request))
            result = await self.endpoint(caller=caller, **said)
            assert self.response_field is not None, "a lean route has a model of its answer"
            shown, errors = self.response_field.validate(result, {}, loc=("response",))
            assert not errors, "the engine's answer fits the model"
            return Response(self.response_field.serialize_json(shown), status, media_type=JSON)

        return handle

    def _taken(self) -> tuple[Callable[[Caller], Awaitable[Caller]], bool]:
        """Return what sees to the caller's right, and whether a key is wanted."""
        of = self.dependant
        passed_by = {one.call for one in of.dependencies if one.name is None} - {bodies.strict}
        assert not passed_by, f"{self.path}: a lean route passes {passed_by} by"
        found = {one.name: one.call for one in of.dependencies if one.name is not None}
        others = [*of.query_params, *of.header_params, *of.cookie_params]
        taken = found.keys() | {one.name for one in (*of.body_params, *others)}
        wanted = {"caller", "key", "form"}
        assert taken <= wanted, f"{self.path}: a lean route takes no {taken - wanted}"
        require_right = found["caller"]
        assert require_right is not None, "the caller is found by `having`"
        return require_right, "key" in found

    @property
    def _ids(self) -> list[Any]:
        """The ids in the path, but for the bank's slug."""
        return self.dependant.path_params

    async def _read(self, request: Request, *, takes_key: bool) -> dict[str, Any] | None:
        """Return what the endpoint is handed, or None if anything about the request is unusual."""
        said: dict[str, Any] = {}
        if takes_key:
            try:
                said["key"] = await wiring.key_of(request.headers.get("idempotency-key"))
            except KeyMissing:
                return None
        for one in self._ids:
            said[one.name], errors = one.validate(request.path_params[one.alias], {}, loc=("path",))
            if errors:
                return None
        body = await request.body()
        if self.body_field is None:
            return None if body else said
        if request.headers.get("content-type") != JSON:
            return None
        try:
            value = bodies.loads(body)
        except BodyUnreadable:
            return None
        said["form"], errors = self.body_field.validate(value, {}, loc=("body",))
        return None if errors else said
