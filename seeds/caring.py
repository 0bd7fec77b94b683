"""What the team, families, elders and partner organisations do in a year, and who gives what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from creditbank.core.clock import day_of
from creditbank.core.errors import Refused
from creditbank.core.units import Actor
from creditbank.exchange import donations, gifts
from creditbank.identity import pin_digits, pins
from creditbank.lists import entries, rota, triage
from creditbank.lists.entries import EntryKind
from creditbank.schemes import expiry
from creditbank.schemes.rewards import Per, Reward
from creditbank.service import attendance, reviews, thanking
from creditbank.tasks import claiming, publishing, visits
from creditbank.tasks.tasks import Audience, CapacityUnit, Party, Terms
from seeds.chronicle import HEAD, ORGANISER, REVIEWER, Year
from seeds.moving_in import PIN

OUTING_MINUTES = 120
_OUTING_REWARDS = (Reward("XYB", 2, Per.PERSON), Reward("VOL", 10, Per.HOUR))
_UNITS_GIVEN = 5

# Calls of pairs --------------------------------------------------------------------------------


def call(year: Year, several: Sequence[int]) -> None:
    """Let the youths of pairs say that they are calling, all at once."""
    planned = year.together(
        (
            _caller(year, n),
            partial(
                visits.plan,
                pair_id=year.pair_ids[year.plan.calls[n].pair],
                lasts_minutes=year.plan.calls[n].minutes,
                key=year.key("call", n),
            ),
        )
        for n in several
    )
    for n, done in zip(several, planned, strict=True):
        year.call_claims[n] = done.claim_ids[0]
        year.count.calls += 1


def _caller(year: Year, n: int) -> Actor:
    return year.member(year.plan.people.pairings[year.plan.calls[n].pair].volunteer)


def _each(year: Year, several: Sequence[int], what: str, verb: Callable[..., Any]) -> None:
    year.together(
        (_caller(year, n), partial(verb, claim_id=year.call_claims[n], key=year.key(what, n)))
        for n in several
    )


def arrive(year: Year, several: Sequence[int]) -> None:
    """Sign in at the elder's."""
    _each(year, several, "arrive", attendance.sign_in)


def leave(year: Year, several: Sequence[int]) -> None:
    """Sign out."""
    _each(year, several, "leave", attendance.sign_out)


def review_calls(year: Year, several: Sequence[int]) -> None:
    """Review the calls of the day before."""
    year.together(
        (
            REVIEWER,
            partial(reviews.approve, claim_id=year.call_claims[n], key=year.key("reviewed", n)),
        )
        for n in several
    )
    year.count.approved += len(several)


def thank(year: Year, several: Sequence[int]) -> None:
    """Let elders thank for a call; the office reads the note before it is shown."""
    for n in several:
        elder = year.plan.people.pairings[year.plan.calls[n].pair].elder
        note = partial(
            thanking.write,
            claim_id=year.call_claims[n],
            text=str(year.plan.calls[n].thanks),
            key=year.key("thanks", n),
        )
        noted = year.do(year.member(elder), note)
        key = year.key("thanks shown", n)
        year.do(HEAD, partial(thanking.release, thanks_id=noted.thanks_id, key=key))
        year.count.thanks += 1


# Outings of families ---------------------------------------------------------------------------


def announce(year: Year, several: Sequence[int]) -> None:
    """Publish an outing, for families only."""
    for n in several:
        one = year.plan.outings[n]
        year.outing_ids[n] = year.do(
            ORGANISER,
            partial(
                publishing.publish,
                title=one.title,
                category=one.category,
                community_id=year.community_ids[one.community],
                place=one.place,
                starts_at=one.starts_at,
                ends_at=one.starts_at + timedelta(minutes=OUTING_MINUTES),
                capacity=len(one.homes),
                rewards=_OUTING_REWARDS,
                audience=Audience(open_to=(Party.FAMILY,)),
                terms=Terms(capacity_unit=CapacityUnit.FAMILY),
                key=year.key("outing", n),
            ),
        )
        year.count.needs += 1


def _family(year: Year, home: int) -> tuple[str, ...]:
    """Return who of a home goes out: the head and the children."""
    of = year.plan.people.homes[home]
    return tuple(year.member_ids[one] for one in (of.adults[0], *of.children))


def claim_together(year: Year, several: Sequence[int]) -> None:
    """Let families claim an outing, each by its head."""
    for n in several:
        for home in year.plan.outings[n].homes:
            done = year.do(
                year.member(year.plan.people.homes[home].adults[0]),
                partial(
                    claiming.claim_as_family,
                    task_id=year.outing_ids[n],
                    household_id=year.household_ids[home],
                    member_ids=_family(year, home),
                    key=year.key("outing of", n, home),
                ),
            )
            year.parties[n, home] = done.claim_ids
            year.count.families += 1
            year.count.claims += len(done.claim_ids)


def _together(year: Year, several: Sequence[int], what: str, verb: Callable[..., Any]) -> None:
    """Let the heads of families tick who is there, one call for each family."""
    for n in several:
        for home in year.plan.outings[n].homes:
            year.do(
                year.member(year.plan.people.homes[home].adults[0]),
                partial(
                    verb,
                    task_id=year.outing_ids[n],
                    claim_ids=year.parties[n, home],
                    key=year.key(what, n, home),
                ),
            )


def come_together(year: Year, several: Sequence[int]) -> None:
    """Sign families in."""
    _together(year, several, "come", attendance.sign_in_all)


def go_together(year: Year, several: Sequence[int]) -> None:
    """Sign families out."""
    _together(year, several, "go", attendance.sign_out_all)


def review_together(year: Year, several: Sequence[int]) -> None:
    """Review everybody of an outing."""
    for n in several:
        for home in year.plan.outings[n].homes:
            for claim_id in year.parties[n, home]:
                key = year.key("reviewed", claim_id)
                year.do(REVIEWER, partial(reviews.approve, claim_id=claim_id, key=key))
                year.count.approved += 1


# Lists -----------------------------------------------------------------------------------------


def enter(year: Year, several: Sequence[int]) -> None:
    """Put something on a list: a resident, the organisation on duty, or the office does."""
    for n in several:
        one = year.plan.entries[n]
        where = year.community_ids[one.community]
        said: dict[str, Any] = {"kind": EntryKind(one.kind), "title": one.title}
        if one.raiser is not None:
            by, said["raiser_member_id"] = year.member(one.raiser), year.member_ids[one.raiser]
        else:
            by, said["community_id"] = ORGANISER, where
            if one.kind == EntryKind.RESOURCE:
                said["organisation_id"] = _on_duty(year, where)
        work = partial(entries.enter, key=year.key("entry", n), **said)
        year.entry_ids["listed", n] = year.do(by, work)
        year.count.entries += 1


def _on_duty(year: Year, community_id: str) -> str | None:
    day = day_of(year.clock.now(), year.plan.zone)
    look = partial(rota.on_duty, community_id=community_id, day=day)
    return year.database.read(year.bank.bank_id, look).organisation_id


def decide(year: Year, several: Sequence[int]) -> None:
    """Take entries on, or close them with a reason."""
    for n in several:
        entry_id, refusal = year.entry_ids["listed", n], year.plan.entries[n].refusal
        key = year.key("decided", n)
        if refusal is None:
            year.do(ORGANISER, partial(triage.accept, entry_id=entry_id, key=key))
        else:
            close = partial(triage.close, entry_id=entry_id, reason=refusal, key=key)
            year.do(ORGANISER, close)


# Giving, and what runs out ---------------------------------------------------------------------


def _type_pin(year: Year, member_id: str, key: str) -> None:
    """Type the PIN for a request, as on one's own phone."""
    own = Actor(member_id, "member", member_id)
    kept = year.do(own, lambda unit: pins.begin_try(unit, member_id))
    right = pin_digits.matches(PIN, kept)
    year.do(own, lambda unit: pins.settle(unit, member_id, right=right, key=key))


def give(year: Year, quarters: Sequence[int]) -> None:
    """Let youths give to their parents, and donate to who is in need; some have too little."""
    for quarter in quarters:
        for youth, parent in year.plan.people.givers:
            own = year.member(youth)
            said: dict[str, Any] = {"member_id": own.id, "asset": "XYB", "units": _UNITS_GIVEN}
            to = year.member_ids[parent]
            for what, verb in (
                ("gift", partial(gifts.give, to=to)),
                ("donation", donations.directly),
            ):
                key = year.key(what, quarter, youth)
                _type_pin(year, own.id, key)
                try:
                    year.do(own, partial(verb, key=key, **said))
                except Refused:
                    continue
                year.count.gifts += what == "gift"
                year.count.donations += what == "donation"


def pass_night(year: Year, _once: Sequence[None]) -> None:
    """Let go the points that are past their day, and warn who has some that soon will be."""
    year.work_off(expiry.KIND, expiry.due, expiry.run_slice)


CARING: dict[str, Callable[[Year, Sequence[Any]], None]] = {
    "night": pass_night,
    "announce": announce,
    "claim together": claim_together,
    "enter": enter,
    "decide": decide,
    "call": call,
    "arrive": arrive,
    "come together": come_together,
    "go together": go_together,
    "leave": leave,
    "review calls": review_calls,
    "review together": review_together,
    "thank": thank,
    "give": give,
}
"""What can happen, in the order in which things of one instant happen."""
