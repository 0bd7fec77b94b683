"""The laws of pages' routes: who is asked first, what a write needs, and where they stand."""

import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import fastapi
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from api.app import create_app
from api.pages import forms
from api.pages import page as pages

ROOT = Path(__file__).parents[2]
# They write nothing in the books: a device's look, and what is shown before anything is written.
KEYLESS = {
    "/b/{slug}/look",
    "/b/{slug}/office/afterwards",
    "/b/{slug}/office/chain",
    "/b/{slug}/office/needs/new",
    "/b/{slug}/office/needs/{task_id}/roster/find",
}


@cache
def routes() -> list[tuple[str, str, Any]]:
    """Every method and path of pages, with its route."""
    return [
        (method, str(context.path), context.original_route)
        for context in iter_route_contexts(create_app().routes)
        for method in sorted((context.methods or {"GET"}) - {"HEAD"})
        if str(context.path).startswith("/b/")
    ]


def dependencies(of: Dependant) -> Iterator[Any]:
    """Every function that a route depends on."""
    for one in of.dependencies:
        yield one.call
        yield from dependencies(one)


def test_pages_are_read_and_written_only() -> None:
    """A page is got; a deed is posted; nothing else, so that it works without scripts."""
    assert {"GET", "POST"} == {method for method, _, _ in routes()}


def test_every_page_knows_who_asks() -> None:
    """Every route of a page is handed its page, and so its caller."""
    for method, path, route in routes():
        of_pages = (one for one in dependencies(route.dependant) if inspect.isfunction(one))
        assert pages.__name__ in {one.__module__ for one in of_pages}, f"{method} {path}"


def test_every_deed_has_a_key() -> None:
    """Every route that writes asks for the key of its form."""
    loose = {
        path
        for method, path, route in routes()
        if method == "POST" and forms._key_of_form not in dependencies(route.dependant)
    }
    assert KEYLESS == loose


def test_forms_refuse_what_they_do_not_know() -> None:
    """Every form extends `Sent`, so that unknown fields are refused and nothing is assigned."""
    for method, path, route in routes():
        for one in route.dependant.body_params:
            kind = one.field_info.annotation
            if isinstance(one.field_info, fastapi.params.File):
                continue
            is_form = inspect.isclass(kind) and issubclass(kind, forms.Sent)
            assert is_form, f"{method} {path}: {one.name}"


def test_pages_are_no_part_of_the_description() -> None:
    """Programs are told of the API only."""
    assert not [path for path in create_app().openapi()["paths"] if path.startswith("/b/")]
