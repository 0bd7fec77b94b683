"""What happens in a year, each kind through the public function that a page would call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from creditbank.core.errors import Refused
from creditbank.core.units import Actor
from creditbank.ledger import chart, statements
from creditbank.schemes.parameters import Scheme
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import attendance, claims, publishing, reviews
from merchants import cancellations, checkout, codes, refunds, scans
from seeds.chronicle import HEAD, ORGANISER, REVIEWER, TREASURER, Year
from seeds.society import Need, Turn, Visit

_VOID_ALONE_POINTS_MOST = Scheme().refund_alone_points_most
_REASON_REJECTED = "签到后提前离开，未完成服务"
_REASON_WITHDRAWN = "经核实，当天未实际到场"


def _member(year: Year, resident: int) -> Actor:
    member_id = year.member_ids[resident]
    return Actor(member_id, "member", member_id)


def _till(year: Year, visit: Visit) -> Actor:
    return Actor(year.till_ids[visit.shop], "till")


def _turn(year: Year, who: tuple[int, int]) -> tuple[Need, Turn]:
    need = year.plan.needs[who[0]]
    return need, need.turns[who[1]]


def publish(year: Year, needs: Sequence[int]) -> None:
    """Publish needs."""
    for n in needs:
        need = year.plan.needs[n]
        year.task_ids[n] = year.do(
            ORGANISER,
            partial(
                publishing.publish,
                title=need.title,
                category=need.category,
                community_id=year.community_ids[need.community],
                place=need.place,
                starts_at=need.starts_at,
                ends_at=need.ends_at,
                capacity=need.capacity,
                rewards=[
                    Reward("XYB", need.xyb, Per.PERSON),
                    Reward("VOL", need.vol_per_hour, Per.HOUR),
                ],
                key=year.key("need", n),
            ),
        )
        year.count.needs += 1


def claim(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let residents claim their turns, all at once."""
    asked = [
        year.submit(
            _member(year, _turn(year, one)[1].resident),
            partial(claims.claim, task_id=year.task_ids[one[0]], key=year.key("claim", *one)),
        )
        for one in who
    ]
    for one, answer in zip(who, asked, strict=True):
        year.claim_ids[one] = answer.result().claim_id
        year.count.claims += 1


def withdraw(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let residents withdraw in time."""
    _each(year, who, "withdraw", claims.withdraw)
    year.count.withdrawn += len(who)


def sign_in(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let residents sign in."""
    _each(year, who, "sign in", attendance.sign_in)


def sign_out(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let residents sign out."""
    _each(year, who, "sign out", attendance.sign_out)


def _each(year: Year, who: Sequence[tuple[int, int]], what: str, verb: Callable[..., Any]) -> None:
    """Let every one of these residents do something with their claim."""
    asked = [
        year.submit(
            _member(year, _turn(year, one)[1].resident),
            partial(verb, claim_id=year.claim_ids[one], key=year.key(what, *one)),
        )
        for one in who
    ]
    for answer in asked:
        answer.result()


def review(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Review what ended the day before."""
    for one in who:
        _, turn = _turn(year, one)
        claim_id, key = year.claim_ids[one], year.key("review", *one)
        if turn.rejected:
            year.do(
                REVIEWER,
                partial(reviews.reject, claim_id=claim_id, reason=_REASON_REJECTED, key=key),
            )
            year.count.rejected += 1
        else:
            year.do(REVIEWER, partial(reviews.approve, claim_id=claim_id, key=key))
            year.approved.append((year.clock.now(), claim_id, turn.resident))
            year.count.approved += 1


def show_code(year: Year, visits: Sequence[int]) -> None:
    """Let residents show a pay code."""
    asked = [
        year.submit(
            _member(year, year.plan.visits[n].resident),
            partial(
                codes.issue,
                member_id=year.member_ids[year.plan.visits[n].resident],
                key=year.key("pay code", n),
            ),
        )
        for n in visits
    ]
    for n, answer in zip(visits, asked, strict=True):
        year.code_ids[n] = answer.result().pay_code_id


def scan(year: Year, visits: Sequence[int]) -> None:
    """Scan everybody's code; a shop whose quota or stock is gone says so and sells for money."""
    for n in visits:
        visit = year.plan.visits[n]
        digits = year.database.read(
            year.bank.bank_id, partial(codes.digits, pay_code_id=year.code_ids[n])
        )
        try:
            scanned = year.do(
                _till(year, visit),
                partial(
                    scans.scan,
                    code=digits,
                    cart_fen=visit.cart_fen or None,
                    key=year.key("scan", n),
                ),
            )
        except Refused:
            year.count.nothing_usable += 1
            continue
        if scanned.points_most:
            year.scanned[n] = scanned.redemption_id
        else:
            year.count.nothing_usable += 1


def redeem(year: Year, visits: Sequence[int]) -> None:
    """Take the most points usable; above the limits without PIN people pay with money."""
    for n in visits:
        if n not in year.scanned:
            continue
        visit = year.plan.visits[n]
        try:
            paid = year.do(
                _till(year, visit),
                partial(
                    checkout.redeem,
                    redemption_id=year.scanned[n],
                    key=year.key("redeem", n),
                ),
            )
        except Refused:
            year.count.nothing_usable += 1
            continue
        year.paid[n] = (paid.redemption_id, paid.points)
        year.count.payments += 1


def void(year: Year, visits: Sequence[int]) -> None:
    """Void a payment on its own day; what a till may not void alone, the treasurer does."""
    for n in visits:
        if n in year.paid:
            redemption_id, points = year.paid[n]
            alone = points <= _VOID_ALONE_POINTS_MOST
            year.do(
                _till(year, year.plan.visits[n]) if alone else TREASURER,
                partial(cancellations.void, redemption_id=redemption_id, key=year.key("void", n)),
            )
            year.count.voided += 1


def refund(year: Year, visits: Sequence[int]) -> None:
    """Give half of the points back, rounded up."""
    for n in visits:
        if n in year.paid:
            redemption_id, points = year.paid[n]
            year.do(
                TREASURER,
                partial(
                    refunds.refund,
                    redemption_id=redemption_id,
                    points=-(-points // 2),
                    key=year.key("refund", n),
                ),
            )
            year.count.refunded += 1


def withdraw_approval(year: Year, _once: Sequence[None]) -> None:
    """Withdraw one approval of the last weeks: the one whose member has the least left."""
    recent = [one for one in year.approved if one[0] > year.clock.now() - timedelta(days=60)]
    if not recent:
        return
    left = {
        resident: year.database.read(
            year.bank.bank_id,
            partial(
                statements.balance, address=chart.member(year.member_ids[resident]), asset="XYB"
            ),
        ).total
        for _, _, resident in recent
    }
    chosen = min(recent, key=lambda one: (left[one[2]], one[2], one[0]))
    claim_id = chosen[1]
    year.do(
        HEAD,
        partial(
            reviews.withdraw_approval,
            claim_id=claim_id,
            reason=_REASON_WITHDRAWN,
            key=year.key("withdrawn approval"),
        ),
    )
    year.withdrawn_claim = claim_id


HAPPENINGS: dict[str, Callable[[Year, Sequence[Any]], None]] = {
    "publish": publish,
    "claim": claim,
    "withdraw": withdraw,
    "sign in": sign_in,
    "sign out": sign_out,
    "review": review,
    "show code": show_code,
    "scan": scan,
    "redeem": redeem,
    "void": void,
    "refund": refund,
    "withdraw approval": withdraw_approval,
}
"""What can happen, in the order in which things of one instant happen."""
