"""What happens in a year, each kind through the public function that a page would call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from creditbank.core.errors import Refused
from creditbank.core.units import Actor, Unit, View
from creditbank.ledger import chart, statements
from creditbank.lists import entries, triage
from creditbank.lists.entries import EntryKind
from creditbank.schemes.parameters import Scheme
from creditbank.schemes.rewards import Per, Reward
from creditbank.service import attendance, disputes, reviews, second_looks
from creditbank.tasks import claiming, claims, filling, publishing, withdrawals
from creditbank.tasks.states import ClaimState
from merchants import cancellations, checkout, codes, refunds, scans
from seeds.chronicle import HEAD, ORGANISER, REVIEWER, TREASURER, Year
from seeds.society import Need, Turn, Visit

_VOID_ALONE_POINTS_MOST = Scheme().refund_alone_points_most
_REASON_REJECTED = "签到后提前离开，未完成服务"
_REASON_DISPUTED = "服务已做完，离开前向组织者说明过"
_LOOKS_MOST = 200
_FILLING = Actor("job/fill-places", "job")
_REASON_WITHDRAWN = "经核实，当天未实际到场"


def _till(year: Year, visit: Visit) -> Actor:
    return Actor(year.till_ids[visit.shop], "till")


def _turn(year: Year, who: tuple[int, int]) -> tuple[Need, Turn]:
    need = year.plan.needs[who[0]]
    return need, need.turns[who[1]]


def raise_need(year: Year, needs: Sequence[int]) -> None:
    """Let elders put their needs on the list."""
    for n in needs:
        need = year.plan.needs[n]
        assert need.raised_by is not None, "an elder raises it"
        year.entry_ids["raised", n] = year.do(
            year.member(need.raised_by),
            partial(
                entries.enter,
                kind=EntryKind.NEED,
                title=need.title,
                raiser_member_id=year.member_ids[need.raised_by],
                key=year.key("raised", n),
            ),
        )
        year.count.entries += 1


def publish(year: Year, needs: Sequence[int]) -> None:
    """Publish needs; those that stand on the list from there."""
    for n in needs:
        need = year.plan.needs[n]
        said: dict[str, Any] = {
            "category": need.category,
            "place": need.place,
            "starts_at": need.starts_at,
            "ends_at": need.ends_at,
            "capacity": need.capacity,
            "rewards": [
                Reward("XYB", need.xyb, Per.PERSON),
                Reward("VOL", need.vol_per_hour, Per.HOUR),
            ],
            "key": year.key("need", n),
        }
        if need.raised_by is None:
            where = year.community_ids[need.community]
            new = partial(publishing.publish, title=need.title, community_id=where, **said)
            year.task_ids[n] = year.do(ORGANISER, new)
        else:
            entry_id = year.entry_ids["raised", n]
            done = year.do(ORGANISER, partial(triage.publish, entry_id=entry_id, **said))
            assert done.task_id is not None, "it became a task"
            year.task_ids[n] = done.task_id
        year.count.needs += 1


def claim(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let residents claim their turns, all at once; who finds it full waits."""
    claimed = year.together(
        (
            year.member(_turn(year, one)[1].resident),
            partial(
                claiming.claim,
                task_id=year.task_ids[one[0]],
                or_wait=_turn(year, one)[1].waits,
                key=year.key("claim", *one),
            ),
        )
        for one in who
    )
    for one, done in zip(who, claimed, strict=True):
        year.claim_ids[one] = done.claim_id
        year.count.claims += 1
        year.count.waited += _turn(year, one)[1].waits


def withdraw(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let residents withdraw in time."""
    _each(year, who, "withdraw", withdrawals.withdraw)
    year.count.withdrawn += len(who)


def fill(year: Year, needs: Sequence[int]) -> None:
    """Give a free place to who waits, or end the waiting where the task has begun."""
    for n in needs:
        year.do(_FILLING, partial(filling.settle, task_id=year.task_ids[n]))
        if year.clock.now() < year.plan.needs[n].starts_at:
            moved = [turn for turn in year.plan.needs[n].turns if turn.waits and turn.placed]
            year.count.moved_up += len(moved)


def sign_in(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let residents sign in."""
    _each(year, who, "sign in", attendance.sign_in)


def sign_out(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let residents sign out."""
    _each(year, who, "sign out", attendance.sign_out)


def _each(year: Year, who: Sequence[tuple[int, int]], what: str, verb: Callable[..., Any]) -> None:
    """Let every one of these residents do something with their claim."""
    year.together(
        (
            year.member(_turn(year, one)[1].resident),
            partial(verb, claim_id=year.claim_ids[one], key=year.key(what, *one)),
        )
        for one in who
    )


def review(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Review what ended the day before."""
    year.together((REVIEWER, _verdict(year, one)) for one in who)
    for one in who:
        _, turn = _turn(year, one)
        if turn.rejected:
            year.count.rejected += 1
        else:
            year.approved.append((year.clock.now(), year.claim_ids[one], turn.resident))
            year.count.approved += 1


def _verdict(year: Year, one: tuple[int, int]) -> Callable[[Unit], object]:
    """Return what the reviewer does with a turn."""
    claim_id, key = year.claim_ids[one], year.key("review", *one)
    if _turn(year, one)[1].rejected:
        return partial(reviews.reject, claim_id=claim_id, reason=_REASON_REJECTED, key=key)
    return partial(reviews.approve, claim_id=claim_id, key=key)


def dispute(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let residents disagree with a rejection."""
    for one in who:
        year.do(
            year.member(_turn(year, one)[1].resident),
            partial(
                disputes.dispute,
                claim_id=year.claim_ids[one],
                reason=_REASON_DISPUTED,
                key=year.key("dispute", *one),
            ),
        )
        year.count.disputed += 1


def review_again(year: Year, who: Sequence[tuple[int, int]]) -> None:
    """Let a second reviewer settle disputes, for the resident."""
    for one in who:
        claim_id, key = year.claim_ids[one], year.key("review again", *one)
        year.do(HEAD, partial(reviews.approve, claim_id=claim_id, key=key))


def look_again(year: Year, _once: Sequence[None]) -> None:
    """Look once more at the approvals that were drawn."""
    waiting = partial(second_looks.waiting, other_than=HEAD.id, limit=_LOOKS_MOST)
    for one in year.database.read(year.bank.bank_id, waiting).claims:
        key = year.key("second look", one.claim_id)
        look = partial(second_looks.look, claim_id=one.claim_id, passed=True, key=key)
        year.do(HEAD, look)
        year.count.second_looks += 1


def show_code(year: Year, visits: Sequence[int]) -> None:
    """Let residents show a pay code."""
    issued = year.together(
        (
            year.member(year.plan.visits[n].resident),
            partial(
                codes.issue,
                member_id=year.member_ids[year.plan.visits[n].resident],
                key=year.key("pay code", n),
            ),
        )
        for n in visits
    )
    for n, code in zip(visits, issued, strict=True):
        year.code_ids[n] = code.pay_code_id


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
    done = year.database.read(year.bank.bank_id, lambda view: _revoked(view, recent))
    if done is not None or not recent:  # built before: who has the least left is known since
        year.withdrawn_claim = done
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


def _revoked(view: View, approved: Sequence[tuple[datetime, str, int]]) -> str | None:
    """Return the claim of these whose approval was withdrawn, if one was."""
    found = (claims.find(view, claim_id) for _, claim_id, _ in approved)
    return next((one.claim_id for one in found if one.state is ClaimState.REVOKED), None)


HAPPENINGS: dict[str, Callable[[Year, Sequence[Any]], None]] = {
    "raise": raise_need,
    "publish": publish,
    "claim": claim,
    "wait": claim,
    "withdraw": withdraw,
    "fill": fill,
    "sign in": sign_in,
    "sign out": sign_out,
    "review": review,
    "dispute": dispute,
    "review again": review_again,
    "look again": look_again,
    "show code": show_code,
    "scan": scan,
    "redeem": redeem,
    "void": void,
    "refund": refund,
    "withdraw approval": withdraw_approval,
}
"""What can happen, in the order in which things of one instant happen."""
