"""Which route is meant: looked up by the form of its path, not found by trying all in turn.

The framework tries every route in turn, and those of the right router twice; with six hundred
routes that took most of the time of a small request. Here the number of a path's parts, the word
after the bank's slug and the last word leave a few, tried in the order in which they stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

_WORD = 4  # "", "v1", "b", the slug, and then the word that tells most routes apart
_PARTS_MOST = 32
_OF_ANY_LENGTH = ":path}"
_FOUND = "creditbank.found"

ByLastWord = dict[str, list[RouteContext]]


class Index(BaseRoute):
    """Stands before all routes of an app and finds the one that is meant.

    What it does not find (an unknown path, another method, a slash too many) goes the ordinary
    way, so that it is refused in the ordinary words.
    """

    def __init__(self, routes: list[BaseRoute]) -> None:
        """Index the routes of an app, as they are when it is first asked."""
        self._routes = routes
        self._all: list[tuple[list[str], BaseRoute]] = []
        self._words: set[str] = set()
        self._known: dict[tuple[int, str], ByLastWord] = {}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the route of a request."""
        if not self._all:
            self._read()
        if scope["type"] == "http":
            path = scope["path"].removesuffix("\n")  # as the framework's patterns do
            word = _word(path)
            form = min(path.count("/"), _PARTS_MOST), word if word in self._words else ""
            routes = self._known.get(form) or self._look(*form)
            for route in routes.get(path.rpartition("/")[2]) or routes[""]:
                match, child = route.matches(scope)
                if match is Match.FULL:
                    return match, {**child, "route": route.original_route, _FOUND: route.app}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the route that was found."""
        await scope[_FOUND](scope, receive, send)

    def _read(self) -> None:
        self._all = [(list(_paths(one)), one) for one in self._routes if one is not self]
        self._words = {_word(path) for paths, _ in self._all for path in paths}

    def _look(self, count: int, word: str) -> ByLastWord:
        """Return the routes that a path of this form can mean, in their order, by its last word.

        Signatures are read when a form is first asked for: to read all of them at once would keep
        the first caller waiting. "" stands for every last word that is in none of their paths.
        """
        routes = [
            route
            for paths, included in self._all
            if any(_fits(path, count, word) for path in paths)
            for route in iter_route_contexts([included])
            if _fits(route.path or "", count, word)
        ]
        lasts = [_literal((route.path or "").rpartition("/")[2]) for route in routes]
        self._known[count, word] = {
            last: [one for one, its in zip(routes, lasts, strict=True) if its in {last, ""}]
            for last in {*lasts, ""}
        }
        return self._known[count, word]


def _paths(route: BaseRoute) -> Iterator[str]:
    """Yield the path of a route, or of all routes of a router, without reading their signatures."""
    router = getattr(route, "original_router", None)
    if router is None:
        yield str(getattr(route, "path", ""))
    else:
        for one in router.routes:
            yield from _paths(one)


def _word(path: str) -> str:
    parts = path.split("/", _WORD + 1)
    return _literal(parts[_WORD]) if len(parts) > _WORD else ""


def _literal(part: str) -> str:
    return "" if "{" in part else part


def _fits(path: str, count: int, word: str) -> bool:
    """Tell whether a route's path can be that of a request of this form."""
    return (path.count("/") == count or _OF_ANY_LENGTH in path) and _word(path) in {word, ""}
