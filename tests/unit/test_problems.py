"""Errors as problem details: every one has a slug, a status, two sentences and a page."""

import importlib
import json
import pkgutil
import re
from dataclasses import fields
from datetime import datetime
from typing import Any, get_args, get_type_hints

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.edge import problems
from api.edge.problems import body_of, status_of
from creditbank.core import errors
from creditbank.core.errors import CreditbankError

FAMILIES = {
    errors.Malformed: 422,
    errors.KeyMissing: 400,
    errors.KeyReused: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Refused: 409,
    errors.Busy: 409,
    errors.Gone: 410,
    errors.Unavailable: 503,
    errors.Broken: 503,
}


def leaves() -> list[type[CreditbankError]]:
    """Every class of error that can be raised, wherever it is defined."""
    for package in ("creditbank", "merchants", "api", "seeds"):
        home = importlib.import_module(package)
        for module in pkgutil.walk_packages(home.__path__, f"{package}."):
            if "migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)

    def below(kind: type[CreditbankError]) -> list[type[CreditbankError]]:
        children = kind.__subclasses__()
        return [kind] if not children else [leaf for one in children for leaf in below(one)]

    return sorted(set(below(CreditbankError)), key=lambda kind: kind.__qualname__)


LEAVES = [kind for kind in leaves() if kind.__module__.partition(".")[0] != "tests"]


def example(kind: type[CreditbankError]) -> CreditbankError:
    """One of each, with a value in every field."""
    values: dict[Any, Any] = {int: 7, str: "x", list: ["x"], datetime: datetime(2026, 3, 1)}  # noqa: DTZ001
    hints = get_type_hints(kind)
    given = {}
    for field in fields(kind) if kind.__init__ is not CreditbankError.__init__ else ():  # type: ignore[arg-type]
        hint = hints[field.name]
        choices = [one for one in (hint, *get_args(hint)) if one in values]
        origin = getattr(hint, "__origin__", None)
        given[field.name] = values.get(origin, values[choices[0]] if choices else None)
    return kind(**given)


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_can_be_shown(kind: type[CreditbankError]) -> None:
    """It has a slug of its own, a status, sentences that fill, and words for its page."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.slug)
    assert kind is CreditbankError.by_slug[kind.slug]
    assert 400 <= status_of(kind) <= 599
    assert (kind.__doc__ or "").strip()
    error = example(kind)
    body = body_of(error, "/x")
    json.dumps(body, allow_nan=False)
    assert f"/problems/{kind.slug}" == body["type"]
    for sentence in (body["title"], body["title_en"]):
        assert sentence
        assert "{" not in sentence
    assert re.search(r"[\u4e00-\u9fff]", body["title"])


def test_slugs_are_unique() -> None:
    """No two errors share a slug."""
    slugs = [kind.slug for kind in LEAVES]
    assert sorted(set(slugs)) == sorted(slugs)


@pytest.mark.parametrize(("kind", "status"), FAMILIES.items(), ids=str)
def test_families_have_their_statuses(kind: type[CreditbankError], status: int) -> None:
    """The table says what the interface promises."""
    assert status == status_of(kind)


def test_a_figure_never_hides_what_the_standard_says() -> None:
    """A field of an error that is called like one of the standard's gives way."""

    class Odd(errors.Refused):
        slug = "odd-for-a-test"
        zh = "奇怪"
        en = "Odd"

        @property
        def figures(self) -> dict[str, Any]:
            return {"status": "x", "type": "x", "units": 3}

    body = body_of(Odd(), "/x")
    del CreditbankError.by_slug["odd-for-a-test"]
    assert (409, "/problems/odd-for-a-test", 3) == (body["status"], body["type"], body["units"])


def test_who_may_try_again_is_told_when() -> None:
    """Busy and unavailable carry Retry-After; a conflict of states does not; no answer is kept."""
    waits = [errors.Busy(), errors.DatabaseUnavailable("full")]
    assert ["3", "3"] == [problems.answer(one, "/x").headers["retry-after"] for one in waits]
    refused = problems.answer(errors.BankSuspended("trust"), "/x")
    assert "retry-after" not in refused.headers
    assert "no-store" == refused.headers["cache-control"]


def test_every_problem_has_a_page() -> None:
    """The type of a problem leads somewhere."""
    client = TestClient(create_app())
    for slug in problems.leaves():
        response = client.get(f"/problems/{slug}")
        assert 200 == response.status_code, slug
        assert slug == response.json()["slug"]
    assert len(problems.leaves()) == len(client.get("/problems").json())


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "path-not-found"),
        ("GET", "/problems/never-heard-of", 404, "path-not-found"),
        ("DELETE", "/healthz", 405, "method-not-allowed"),
        ("GET", "/problems/%F0%9F", 422, "body-unusable"),
    ],
)
def test_unknown_addresses_are_problems_too(method: str, path: str, status: int, slug: str) -> None:
    """What the framework refuses has the same shape."""
    response = TestClient(create_app()).request(method, path)
    assert status == response.status_code
    assert problems.MEDIA_TYPE == response.headers["content-type"]
    assert f"/problems/{slug}" == response.json()["type"]


def test_a_fault_of_ours_tells_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    """No trace, no message; an incident's number joins the answer and the log."""
    app = create_app()

    @app.get("/fault")
    async def fault() -> None:
        message = "secret-of-the-inside"
        raise RuntimeError(message)

    response = TestClient(app, raise_server_exceptions=False).get("/fault")
    assert (500, "/problems/server-fault") == (response.status_code, response.json()["type"])
    assert "secret-of-the-inside" not in response.text
    assert response.json()["incident"] in caplog.text
    assert "secret-of-the-inside" not in caplog.text
