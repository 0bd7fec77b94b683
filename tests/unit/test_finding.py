"""The index of routes finds what trying all of them in turn would find, and nothing else."""

import re
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.routing import BaseRoute, Match

from api.app import create_app
from api.edge.finding import Index

APP = create_app()
INDEX, *ROUTES = APP.router.routes
PATHS = sorted({str(getattr(one, "path", "")) for one in ROUTES})
_PARAMETER = re.compile(r"\{[^}]*\}")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
# Words of paths, what stands for a parameter, and what stands in no path at all.
WORDS = sorted({word for path in PATHS for word in path.split("/") if not word.startswith("{")})
PARTS = st.one_of(st.sampled_from(WORDS), st.sampled_from(["trust", "mem_1", "2026", "{slug}", ""]))


def asked(method: str, path: str) -> dict[str, Any]:
    """The scope of a request."""
    return {"type": "http", "method": method, "path": path, "headers": [], "root_path": ""}


def tried(method: str, path: str) -> BaseRoute | None:
    """The first route that takes a request, when all are tried in turn."""
    for route in ROUTES:
        if route.matches(asked(method, path))[0] is Match.FULL:
            return route
    return None


def found(method: str, path: str) -> BaseRoute | None:
    """The route that the index finds."""
    match, child = INDEX.matches(asked(method, path))
    return child["route"] if match is Match.FULL else None


def test_the_index_stands_before_all_routes() -> None:
    """Every request asks it first."""
    assert isinstance(INDEX, Index)


def test_every_route_is_found() -> None:
    """By a path made from its own; its parameters are read alike, and another method is refused."""
    for one in ROUTES:
        path = _PARAMETER.sub("x1", str(getattr(one, "path", "")))
        for method in (*getattr(one, "methods", ()), "TRACE"):
            route = tried(method, path)
            assert route is found(method, path), path
            if route is not None:
                child = route.matches(asked(method, path))[1]
                known = INDEX.matches(asked(method, path))[1]
                assert child["path_params"] == known["path_params"]


@given(
    method=st.sampled_from(METHODS),
    head=st.sampled_from(["/", "/v1/b/trust/", "/b/trust/", "/v1/b/", "//", ""]),
    parts=st.lists(PARTS, max_size=6),
)
@example("GET", "/v1/b/trust/", ["till", "requests", "a", "b", "c"])
@example("POST", "/v1/b/trust/", ["till", "requests", "a", "b", "cancel"])
@example("GET", "/b/trust/", ["till", "requests", "a", "cancel"])
@example("GET", "/b/trust/", ["me"] * 6)
@example("GET", "/v1/b/trust/", ["staff", "me\n"])
@example("GET", "/v1/b/trust/", ["me\n"])
@settings(max_examples=200, deadline=None)
def test_no_path_means_another_route_than_before(method: str, head: str, parts: list[str]) -> None:
    """Paths of any words and lengths, known and unknown."""
    path = head + "/".join(parts)
    assert tried(method, path) is found(method, path)


def test_what_is_asked_leaves_nothing_behind() -> None:
    """A million different paths cost no memory: only forms of our own routes are kept."""
    before = None
    for number in range(3):
        for path in (
            "/v1/b/x/y{n}",
            "/v1/b/x/members/{n}",
            "/{n}/" + "a/" * 50,
            "/b/{n}/{n}/{n}/{n}",
        ):
            for nth in range(20):
                found("GET", path.replace("{n}", f"{number}-{nth}"))
        kept = len(INDEX._known)
        assert before in {None, kept}
        before = kept
