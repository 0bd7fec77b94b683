"""Places and the waitlist at full size: a thousand people race, on both databases."""

from datetime import timedelta

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Terms
from tests import queues
from tests.proofs.conftest import Proof
from tests.society import Society

PEOPLE, PLACES, WAITLIST = 1_000, 50, 100


def test_a_thousand_race(
    database: Database, clock: ManualClock, backend: str, proof: Proof
) -> None:
    """1,000 people race for 50 places and a waitlist of 100; then 120 leave among 60 who come."""
    society = Society(database, clock)
    task_id = society.publish(
        capacity=PLACES, starts_in=timedelta(days=3), terms=Terms(waitlist_most=WAITLIST)
    )
    people = [society.member() for _ in range(PEOPLE)]
    raced = queues.race(society, task_id, people)
    numbers = queues.positions(society, task_id)
    in_order = numbers == list(range(1, WAITLIST + 1))
    proof(
        f"1,000 people race for 50 places and a waitlist of 100 ({backend})",
        f"{len(raced.placed)} placed, {len(raced.waiting)} wait as 1–{numbers[-1]}, "
        f"{raced.sent_away} told that the list is full",
        met=(len(raced.placed), len(raced.waiting), in_order) == (PLACES, WAITLIST, True)
        and raced.sent_away == PEOPLE - PLACES - WAITLIST
        and not society.findings(),
    )
    leaving = [*raced.placed, *raced.waiting[:70]]
    coming = [society.member() for _ in range(60)]
    queues.withdrawals_race_with_claims(society, task_id, leaving, coming)
    wrong = queues.out_of_order(society, task_id)
    held = sum(one.state is ClaimState.PLACED for one in queues.of(society, task_id))
    proof(
        f"120 withdrawals race 60 newcomers and the filling ({backend})",
        f"{held} places taken, {len(wrong)} over or out of order",
        met=held == PLACES and not wrong and not society.findings(),
    )
