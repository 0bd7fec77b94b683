"""Screening: what looks odd about a service, so that its reviewer looks before approving.

A rule sees one claim beside the others of its task, what its member did before, and what evidence
there is, and says whether it is odd. Rules are found at the moment somebody looks, from rows: what
others at the task did later counts, too. A flag accuses nobody; it only asks for a closer look.
What honest and rigged services look like is in docs/adr/0013. Whole numbers only; rules are pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from creditbank.tasks.claims import SignedInHow

_MINUTE = 60
# Later than others: by this part of the window, and at most one in five of them about as late.
_LATER_PERCENT = 15
_ABOUT_MINUTES = 8
_OTHERS_LEAST = 2
# To the end: the clock ran until so shortly before the window closed.
_END_MINUTES = 6
_EDGE_MINUTES = 2
# Nobody is at another place within so many minutes.
_NEAR_MINUTES = 9
# A code that is sent on takes at least so long.
_STEP_LEAST_S = 10
# Unusually long, in tenths of what is usual; and how many own deeds make a habit.
_LONG_TENTHS = 15
_HABIT_LEAST = 2


@dataclass(frozen=True, slots=True)
class Part:
    """One person's part in a task, in seconds from its start; who noted what, by actor."""

    claim_id: str
    member_id: str
    party_id: str | None
    claimed_s: int
    came_s: int
    left_s: int
    minutes: int
    how: SignedInHow | None
    claimed_by: str
    came_by: str
    left_by: str
    own_claim: bool
    own_coming: bool
    own_leaving: bool
    forced: bool
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """A part beside the ``others`` of its task, and all else that a rule may know.

    ``usual_minutes`` is the middle of the hours of earlier tasks of the category; ``before``
    counts the member's earlier services, ``before_own`` those that they noted themselves;
    ``gap_minutes`` is the time to their nearest service at another place.
    """

    one: Part
    others: tuple[Part, ...]
    window_minutes: int
    usual_minutes: int | None
    photos: int
    before: int
    before_own: int
    gap_minutes: int | None


Rule = Callable[[Sight], bool]


def _middle(numbers: list[int]) -> int:
    return sorted(numbers)[len(numbers) // 2]


def _stood_alone(sight: Sight) -> bool:
    """Nobody else's phone, no photo, no beneficiary stands for it."""
    return not sight.photos and not sight.one.confirmed


def _entered(one: Part) -> bool:
    """Claim, coming and going noted by one and the same other person."""
    by = {one.claimed_by, one.came_by} | (set() if one.forced else {one.left_by})
    return len(by) == 1 and not one.own_claim and one.how is SignedInHow.ROSTER


def _to_the_end(sight: Sight) -> bool:
    """The clock ran until the window closed, or nearly."""
    return sight.one.left_s >= (sight.window_minutes - _END_MINUTES) * _MINUTE


def _much_later(sight: Sight, gone: list[int]) -> bool:
    """Left later than half of these by a good part of the window."""
    least_s = sight.window_minutes * _MINUTE * _LATER_PERCENT // 100
    return sight.one.left_s - _middle(gone) >= least_s


def longer_than_others(sight: Sight) -> bool:
    """Stayed to the end, or was never seen leaving, long after nearly all others had gone."""
    one = sight.one
    gone = [other.left_s for other in sight.others if not other.forced]
    if len(gone) < _OTHERS_LEAST or not _to_the_end(sight):
        return False
    near = sum(one.left_s - left < _ABOUT_MINUTES * _MINUTE for left in gone)
    return near * 5 <= len(gone) and _much_later(sight, gone)


def led_out_late(sight: Sight) -> bool:
    """Tapped out by somebody else long after all who sign out themselves had gone."""
    one = sight.one
    if one.own_leaving or one.forced or not _to_the_end(sight):
        return False
    gone = [
        other.left_s
        for other in sight.others
        if one.left_by not in {other.left_by, other.member_id} and not other.forced
    ]
    return bool(gone) and _much_later(sight, gone)


def entered_on_the_spot(sight: Sight) -> bool:
    """One person claimed for them after the start, and noted their coming and going."""
    return _entered(sight.one) and _to_the_end(sight) and sight.one.claimed_s > 0


def entered_unlike_before(sight: Sight) -> bool:
    """One person noted all of it for somebody who is used to doing so themselves."""
    return _entered(sight.one) and _to_the_end(sight) and sight.before_own >= _HABIT_LEAST


def entered_alone(sight: Sight) -> bool:
    """One person noted all of it, for nobody else, and nothing else stands for it.

    Those whom the office has entered before, because they have no phone, are left out.
    """
    known = sight.before >= _OTHERS_LEAST and not sight.before_own
    return _entered(sight.one) and not sight.others and _stood_alone(sight) and not known


def two_places(sight: Sight) -> bool:
    """At another place within minutes."""
    return sight.gap_minutes is not None and sight.gap_minutes < _NEAR_MINUTES


def unusually_long(sight: Sight) -> bool:
    """Much longer than such services take, from edge to edge, and nothing stands for it."""
    one, usual = sight.one, sight.usual_minutes
    return (
        usual is not None
        and one.minutes * 10 >= usual * _LONG_TENTHS
        and sight.window_minutes - one.minutes <= _EDGE_MINUTES
        and len(sight.others) < _OTHERS_LEAST
        and _stood_alone(sight)
    )


def tapped_out(sight: Sight) -> bool:
    """The leader tapped somebody out who has a phone, though most of the party does it itself."""
    one = sight.one
    if one.party_id is None or one.own_leaving or one.forced or one.left_by == one.member_id:
        return False
    party = [other for other in sight.others if other.party_id == one.party_id]
    own = sum(other.own_leaving or other.forced for other in party)
    return len(party) > _OTHERS_LEAST and own * 2 > len(party) and sight.before_own > 0


def came_in_step(sight: Sight) -> bool:
    """Came by phone within the minute after somebody they don't belong to, and never left."""
    one = sight.one
    if not one.forced or not one.own_coming:
        return False
    strangers = [
        other for other in sight.others if other.party_id is None or other.party_id != one.party_id
    ]
    return any(_STEP_LEAST_S <= one.came_s - other.came_s <= _MINUTE for other in strangers)


@dataclass(frozen=True, slots=True)
class Flag:
    """A rule with the word that is kept, and what a reviewer reads."""

    word: str
    rule: Rule
    zh: str
    en: str


FLAGS: Mapping[str, Flag] = {
    one.word: one
    for one in (
        Flag(
            "longer",
            longer_than_others,
            "别人早已离开，此人计时到任务结束",
            "stayed to the end long after the others had gone",
        ),
        Flag(
            "led-out",
            led_out_late,
            "由他人签退，比自己签退的人晚很多",
            "tapped out by somebody else, long after those who sign out themselves",
        ),
        Flag(
            "spot",
            entered_on_the_spot,
            "任务开始后由一人代为认领、签到、签退",
            "claimed after the start, signed in and out, all by one other person",
        ),
        Flag(
            "unlike",
            entered_unlike_before,
            "平时自己签到，这次全由一人代办",
            "does so by phone as a rule, this time all was noted by one other person",
        ),
        Flag(
            "alone",
            entered_alone,
            "单独一人、全由他人代办，且没有照片或确认",
            "alone, all noted by one other person, without photo or confirmation",
        ),
        Flag(
            "two-places",
            two_places,
            "几分钟内出现在两个地点",
            "at another place within minutes",
        ),
        Flag(
            "long",
            unusually_long,
            "时长远超同类任务，且没有照片或确认",
            "much longer than such tasks, without photo or confirmation",
        ),
        Flag(
            "in-step",
            came_in_step,
            "紧跟他人在同一分钟内签到，且没有签退",
            "came within the minute after somebody else, and never signed out",
        ),
        Flag(
            "tapped",
            tapped_out,
            "同行者多为自己签退，此人由领队签退",
            "tapped out by the leader where most of the party sign out themselves",
        ),
    )
}


def found(sight: Sight) -> tuple[str, ...]:
    """Return the words of all rules that find something."""
    return tuple(one.word for one in FLAGS.values() if one.rule(sight))
