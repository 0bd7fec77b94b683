"""Screening over rows: rigged services that look odd are flagged, those that break a rule refused.

A part of one seed of `tests.rigged`; the figures of whole seeds are a proof's.
"""

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.service import review_sheets, reviews
from tests.rigged import Kind, World
from tests.rigged_plays import Stage, measure

HONEST = 6


@pytest.fixture
def stage(database: Database, clock: ManualClock) -> Stage:
    """A bank with the people of the first seed."""
    return Stage(database, clock, World(1))


def test_a_part_of_a_seed(stage: Stage) -> None:
    """What breaks a rule is refused, most of what is odd is flagged, nearly nothing honest is."""
    odd = [one for one in stage.world.services if one.variant is not None][:12]
    honest = [one for one in stage.world.services if one.kind is Kind.HONEST][:HONEST]
    broken = []
    for kind in (Kind.OWN_REVIEW, Kind.HOUSEHOLD, Kind.OVERLAP):
        broken += [one for one in stage.world.services if one.kind is kind][:2]
    counts = measure(stage, [*honest, *odd, *broken])
    assert (6, 6, 12, HONEST) == (counts.refused, counts.broken, counts.rigged, counts.honest)
    assert counts.flagged >= 6
    assert counts.wrongly <= 1
    assert counts.credited > 0


def test_the_queue_says_what_is_odd(stage: Stage) -> None:
    """Flags come with words in both languages, and stay with the claim once it is approved."""
    ghost = [
        one for one in stage.world.services if one.kind is Kind.GHOST and len(one.comings) == 1
    ]
    [played] = stage.play(ghost[:1])
    page = stage.see(reviews.waiting)
    [sheet] = stage.see(lambda view: review_sheets.several(view, page.claims))
    assert played.claim_ids == (sheet.claim.claim_id,)
    assert "alone" in [one.word for one in sheet.flags]
    assert all(one.zh and one.en for one in sheet.flags)
    assert {played.claim_ids[0]} == set(stage.flagged([played]))
