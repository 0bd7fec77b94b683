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
KEYLESS = {"/b/{slug}/look"}
OF_ANYONE = pages._of_anyone


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


def test_every_deed_has_a_key_and_a_page() -> None:
    """Every route that writes asks for the key of its form, and every route knows who asks."""
    for method, path, route in routes():
        several = list(dependencies(route.dependant))
        assert any(
            inspect.isfunction(one) and one.__module__ == pages.__name__ for one in several
        ), f"{method} {path} has no page"
        if method == "POST" and path not in KEYLESS:
            assert forms._key_of_form in several, f"{method} {path} has no key"


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
