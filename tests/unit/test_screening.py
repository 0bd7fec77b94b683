"""Screening: each rule finds its odd case and lets the ordinary one beside it pass."""

from dataclasses import replace

import pytest

from creditbank.service import screening
from creditbank.service.screening import Part, Sight
from creditbank.tasks.claims import SignedInHow

HOUR = 3600
ONE = Part(
    claim_id="clm_1",
    member_id="mem_1",
    party_id=None,
    claimed_s=-24 * HOUR,
    came_s=-300,
    left_s=2 * HOUR - 240,
    minutes=116,
    how=SignedInHow.CODE,
    claimed_by="mem_1",
    came_by="mem_1",
    left_by="mem_1",
    own_claim=True,
    own_coming=True,
    own_leaving=True,
    forced=False,
    confirmed=False,
)
PLAIN = Sight(
    one=ONE,
    others=(),
    window_minutes=120,
    usual_minutes=120,
    photos=0,
    before=4,
    before_own=4,
    gap_minutes=None,
)


def _others(*left_minutes: int, **changes: object) -> tuple[Part, ...]:
    """People who left so many minutes after the start."""
    return tuple(
        replace(
            ONE,
            claim_id=f"clm_{n}",
            member_id=f"mem_{n}",
            left_by=f"mem_{n}",
            left_s=left * 60,
            **changes,  # type: ignore[arg-type]
        )
        for n, left in enumerate(left_minutes, 2)
    )


LED = replace(ONE, own_leaving=False, left_by="mem_9", party_id="pty_1", how=SignedInHow.LEADER)
ENTERED = replace(
    ONE,
    how=SignedInHow.ROSTER,
    claimed_by="stf_1",
    came_by="stf_1",
    left_by="stf_1",
    own_claim=False,
    own_coming=False,
    own_leaving=False,
)
FORGOTTEN = replace(ONE, forced=True, own_leaving=False, left_by="job", left_s=2 * HOUR)
TOGETHER = replace(PLAIN, others=_others(116, 118, 115))


@pytest.mark.parametrize(
    ("expected", "sight"),
    [
        ((), PLAIN),
        ((), TOGETHER),
        (("longer",), replace(PLAIN, others=_others(60, 61, 62))),
        (("longer",), replace(PLAIN, one=FORGOTTEN, others=_others(60, 61, came_s=-900))),
        ((), replace(PLAIN, others=_others(60, 61, 115))),
        ((), replace(PLAIN, one=replace(ONE, left_s=100 * 60), others=_others(60, 61))),
        (("led-out",), replace(PLAIN, one=LED, others=_others(70))),
        ((), replace(PLAIN, one=LED, others=_others(110))),
        (("spot",), replace(TOGETHER, one=replace(ENTERED, claimed_s=60), before_own=0)),
        ((), replace(TOGETHER, one=ENTERED, before_own=0)),
        (("unlike",), replace(TOGETHER, one=ENTERED)),
        (("alone",), replace(PLAIN, one=ENTERED, before=1, before_own=0)),
        ((), replace(PLAIN, one=ENTERED, before_own=0)),
        ((), replace(PLAIN, one=ENTERED, before=1, before_own=0, photos=1)),
        ((), replace(PLAIN, one=replace(ENTERED, confirmed=True), before=1, before_own=0)),
        (("two-places",), replace(TOGETHER, gap_minutes=8)),
        ((), replace(TOGETHER, gap_minutes=9)),
        (("in-step",), replace(PLAIN, one=FORGOTTEN, others=_others(117, came_s=-340))),
        ((), replace(PLAIN, one=FORGOTTEN, others=_others(117, came_s=-400))),
        (("long",), replace(PLAIN, one=replace(ONE, minutes=119), usual_minutes=79)),
        ((), replace(PLAIN, one=replace(ONE, minutes=119), usual_minutes=79, photos=1)),
        ((), replace(PLAIN, one=replace(ONE, minutes=119), usual_minutes=80)),
        (("tapped",), replace(PLAIN, one=LED, others=_others(116, 117, 115, party_id="pty_1"))),
        ((), replace(PLAIN, one=LED, others=_others(116, 117, 115, party_id="pty_2"))),
    ],
)
def test_rules(expected: tuple[str, ...], sight: Sight) -> None:
    """What is odd is flagged by its word, and nothing else is."""
    assert expected == screening.found(sight)
