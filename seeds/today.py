"""The last days before today: what a visitor of the demonstration finds done when they come.

The year of the story is over. A few residents served on the last days and were credited, one went
shopping, two services wait for their review, a note of thanks was read; and needs of today and the
coming days are open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from creditbank.core.clock import day_of
from creditbank.core.units import Actor
from creditbank.people import consents
from creditbank.schemes.rewards import Per, Reward
from creditbank.service import attendance, reviews, thanking
from creditbank.tasks import claiming, publishing
from merchants import checkout, codes, scans
from seeds import guests
from seeds.calls import at
from seeds.chronicle import HEAD, ORGANISER, REVIEWER, Year

_COMPANIONS = 4
_DAYS_BACK = (3, 2, 1)
_TITLES = ("独居老人送餐", "社区环境清洁日", "便民义诊引导")
_CATEGORIES = ("hardship", "waste", "governance")
_XYB, _VOL = 10, 10
_THANKS = (
    "谢谢您冒雨把热饭送到每一户，老人们都说您辛苦了。",
    "排队时一直扶着我母亲，还耐心讲清楚怎么取药，谢谢你们。",
)
_BILL_FEN = 5990


def live(year: Year, volunteer_id: str, now: datetime) -> None:
    """Live the last days, up to an instant; the volunteer is whom visitors can be."""
    others = [year.member_ids[one] for one in _companions(year)]
    together = [volunteer_id, *(one for one in others if one != volunteer_id)]
    _agree(year, volunteer_id)
    today, claim_ids = day_of(now, year.plan.zone), list[str]()
    for n, back in enumerate(_DAYS_BACK):
        begins = at(today - timedelta(days=back), 9, year.plan.zone)
        claim_ids = _serve(year, n, begins, together[: len(together) - n])
        year.clock.set(begins + timedelta(minutes=150))
        for claim_id in claim_ids:
            approve = partial(reviews.approve, claim_id=claim_id, key=year.key("passed", claim_id))
            year.do(REVIEWER, approve)
    _shop(year, volunteer_id, at(today - timedelta(days=1), 16, year.plan.zone))
    _serve(year, len(_DAYS_BACK), at(today - timedelta(days=1), 18, year.plan.zone), together[1:3])
    year.clock.set(now)
    for claim_id, words in zip(claim_ids, _THANKS, strict=False):
        _thank(year, claim_id, words)
    year.do(ORGANISER, guests.publish_needs)


def _companions(year: Year) -> Sequence[int]:
    """Return a few of the youth team, all of whom agreed to be named, the oldest first."""
    people = year.plan.people
    where = people.residents[people.team[0]].community
    near = [one for one in people.team if people.residents[one].community == where]
    return [one for one in near if one not in people.minors][:_COMPANIONS]


def _agree(year: Year, member_id: str) -> None:
    year.do(
        ORGANISER,
        partial(
            consents.give,
            member_id=member_id,
            purposes=[consents.SERVICE, consents.PUBLISH_NAME],
            key=year.key("agreed", member_id),
        ),
    )


def _serve(year: Year, n: int, begins: datetime, member_ids: Sequence[str]) -> list[str]:
    """Publish a need, let people claim it, come and leave; return their claims."""
    kind, day = n % len(_TITLES), begins.date().isoformat()
    year.clock.set(begins - timedelta(hours=2))
    task_id = year.do(
        ORGANISER,
        partial(
            publishing.publish,
            title=_TITLES[kind],
            category=_CATEGORIES[kind],
            place="社区服务站",
            community_id=next(iter(year.community_ids.values())),
            starts_at=begins,
            ends_at=begins + timedelta(minutes=90),
            capacity=len(member_ids),
            rewards=(Reward("XYB", _XYB, Per.PERSON), Reward("VOL", _VOL, Per.HOUR)),
            key=year.key("lately", n, day),
        ),
    )
    claim_ids = []
    for member_id in member_ids:
        claim = partial(claiming.claim, task_id=task_id, key=year.key("joins", task_id, member_id))
        claim_ids.append(year.do(_acting(member_id), claim).claim_id)
    for verb, minutes in ((attendance.sign_in, 0), (attendance.sign_out, 90)):
        year.clock.set(begins + timedelta(minutes=minutes))
        for member_id, claim_id in zip(member_ids, claim_ids, strict=True):
            key = year.key("attends", minutes, claim_id)
            year.do(_acting(member_id), partial(verb, claim_id=claim_id, key=key))
    return claim_ids


def _acting(member_id: str) -> Actor:
    return Actor(member_id, "member", member_id)


def _shop(year: Year, member_id: str, when: datetime) -> None:
    """Let the volunteer spend a few points at the first shop."""
    year.clock.set(when)
    day = when.date().isoformat()
    issued = year.do(
        _acting(member_id),
        partial(codes.issue, member_id=member_id, key=year.key("lately shows", day)),
    )
    look = partial(codes.digits, pay_code_id=issued.pay_code_id)
    digits = year.database.read(year.bank.bank_id, look)
    till = Actor(year.till_ids[0], "till")
    key = year.key("lately scanned", day)
    scanned = year.do(till, partial(scans.scan, code=digits, cart_fen=_BILL_FEN, key=key))
    if scanned.points_most:
        pay = partial(checkout.redeem, redemption_id=scanned.redemption_id)
        year.do(till, partial(pay, key=year.key("lately paid", day)))


def _thank(year: Year, claim_id: str, words: str) -> None:
    """Let the office thank for a service, and another one in office read the note."""
    note = partial(thanking.write, claim_id=claim_id, text=words, key=year.key("note", claim_id))
    noted = year.do(ORGANISER, note)
    key = year.key("note shown", noted.thanks_id)
    year.do(HEAD, partial(thanking.release, thanks_id=noted.thanks_id, key=key))
