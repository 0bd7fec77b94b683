"""The scheme over HTTP: terms and their overlaps, what has no limit, and the list of versions."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.web import Web, opened

POINTS = {"asset": "XYB", "reward_most": 20}


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """An open bank."""
    with opened(database, clock) as web:
        yield web


def test_terms_are_adopted_and_listed(api: Web, clock: ManualClock) -> None:
    """A month of double points is a version with an end; one that crosses it is a conflict."""
    today = clock.now().date()

    def body(first: int, last: int | None = None, **parameters: object) -> dict[str, object]:
        until = {} if last is None else {"effective_until": f"{today + timedelta(days=last)}"}
        start = f"{today + timedelta(days=first)}"
        return {"parameters": parameters, "effective_from": start, **until}

    api.made("/scheme", api.operator, body(1, assets=[POINTS]))
    api.made("/scheme", api.operator, body(5, 9, assets=[{**POINTS, "reward_most": 40}]))
    crossed = api.post("/scheme", api.operator, body(7, 12))
    assert (409, "scheme-overlap", 2) == (
        crossed.status_code,
        crossed.json()["type"].rsplit("/", 1)[-1],
        crossed.json()["version"],
    )
    for wrong in ({"assets": [{"asset": "XYB"}]}, {"assets": [{**POINTS, "cap_day": -1}]}):
        assert 422 == api.post("/scheme", api.operator, body(20, **wrong)).status_code
    listed = api.get("/scheme/versions", api.organiser).json()
    assert [(1, None), (2, f"{today + timedelta(days=9)}")] == [
        (one["version"], one["effective_until"]) for one in listed
    ]
