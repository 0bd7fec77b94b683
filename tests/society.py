"""A society to serve in: a community, a category, members, and short words for what they do."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from datetime import timedelta
from typing import TypeVar

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError
from creditbank.core.units import Actor, Declined, Unit
from creditbank.people import communities, members
from creditbank.people.members import Registered
from creditbank.recognition import audit as recognition_audit
from creditbank.schemes.rewards import Per, Reward
from creditbank.service import attendance, reviews, rolls
from creditbank.service.attendance import Attended
from creditbank.service.reviews import Approved, Rejected, Revoked
from creditbank.tasks import audit as task_audit
from creditbank.tasks import (
    categories,
    claiming,
    claims,
    endings,
    filling,
    publishing,
    tasks,
    withdrawals,
)
from creditbank.tasks.claims import Claim, Claimed
from creditbank.tasks.tasks import Audience, Moved, Task, Terms
from tests.books import POINTS, Books

R = TypeVar("R")

ORGANISER = Actor("stf_organiser", "organiser")
REVIEWER = Actor("stf_reviewer", "reviewer")
SECOND = Actor("stf_second", "reviewer")

FIVE_EACH = (Reward(POINTS, 5, Per.PERSON),)


class Society(Books):
    """One bank in an open database, with a clock that is set by hand."""

    def __init__(self, database: Database, clock: ManualClock, slug: str = "demo") -> None:
        super().__init__(database, slug)
        self.clock = clock
        self._named = 0
        self.community_id = self.by(
            ORGANISER, lambda unit: communities.create(unit, name="红枫社区", key=self.name())
        )
        self.category = self.by(
            ORGANISER,
            lambda unit: categories.create(unit, code="patrol", name="巡逻", key=self.name()),
        )

    def name(self) -> str:
        """An idempotency key that was not used yet."""
        self._named += 1
        return f"society-key-{self._named:06d}"

    def by(self, actor: Actor, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit as somebody."""
        return self.database.write(self.bank_id, actor, work)

    def submit(self, actor: Actor, work: Callable[[Unit], R | Declined]) -> Future[R]:
        """Queue one unit as somebody, to race with others."""
        return self.database.writer.submit(self.bank_id, actor, work)

    def member(self, name: str = "张三") -> str:
        """Register someone and return the id."""
        return self.register(name).member_id

    def register(self, name: str = "张三", number: str | None = None) -> Registered:
        """Register someone."""
        key = self.name()
        return self.by(
            ORGANISER,
            lambda unit: members.register(
                unit, name=name, community_id=self.community_id, key=key, number=number
            ),
        )

    def publish(
        self,
        *,
        rewards: Sequence[Reward] = FIVE_EACH,
        capacity: int = 10,
        starts_in: timedelta = timedelta(hours=1),
        lasts: timedelta = timedelta(hours=2),
        actor: Actor = ORGANISER,
        draft: bool = False,
        audience: Audience | None = None,
        terms: Terms | None = None,
    ) -> str:
        """Publish a task that starts in an hour and lasts two."""
        key, starts_at = self.name(), self.clock.now() + starts_in
        return self.by(
            actor,
            lambda unit: publishing.publish(
                unit,
                title="雨季巡查",
                category=self.category,
                community_id=self.community_id,
                place="二号桥",
                starts_at=starts_at,
                ends_at=starts_at + lasts,
                capacity=capacity,
                rewards=rewards,
                key=key,
                draft=draft,
                audience=audience,
                terms=terms,
            ),
        )

    def task(self, task_id: str) -> Task:
        """A task as it stands."""
        return self.see(lambda view: tasks.find(view, task_id))

    def claim_of(self, claim_id: str) -> Claim:
        """A claim as it stands."""
        return self.see(lambda view: claims.find(view, claim_id))

    def claim(self, task_id: str, member_id: str, *, or_wait: bool = False) -> Claimed:
        """Claim a place as the member."""
        key = self.name()
        return self.by(
            as_member(member_id),
            lambda u: claiming.claim(u, task_id=task_id, key=key, or_wait=or_wait),
        )

    def fill(self, task_id: str) -> bool:
        """Give the free places of a task to who waits."""
        return self.do(lambda u: filling.settle(u, task_id))

    def withdraw(self, claim_id: str) -> Claimed:
        """Withdraw a claim, by staff."""
        key = self.name()
        return self.by(ORGANISER, lambda u: withdrawals.withdraw(u, claim_id=claim_id, key=key))

    def sign_in(self, claim_id: str) -> Attended:
        """Sign in, by staff."""
        key = self.name()
        return self.by(ORGANISER, lambda u: attendance.sign_in(u, claim_id=claim_id, key=key))

    def sign_out(self, claim_id: str) -> Attended:
        """Sign out, by staff."""
        key = self.name()
        return self.by(ORGANISER, lambda u: attendance.sign_out(u, claim_id=claim_id, key=key))

    def served(self, member_id: str, task_id: str | None = None, *, minutes: int = 120) -> str:
        """Let a member serve so many minutes of a task, and return the claim that waits."""
        task_id = task_id or self.publish()
        claim_id = self.claim(task_id, member_id).claim_id
        starts_at = self.task(task_id).starts_at
        self.clock.set(max(starts_at, self.clock.now()))
        self.sign_in(claim_id)
        self.clock.advance(minutes=minutes)
        self.sign_out(claim_id)
        return claim_id

    def approve(
        self, claim_id: str, minutes: int | None = None, actor: Actor = REVIEWER
    ) -> Approved:
        """Approve a claim."""
        key = self.name()
        return self.by(
            actor, lambda u: reviews.approve(u, claim_id=claim_id, minutes=minutes, key=key)
        )

    def reject(self, claim_id: str, actor: Actor = REVIEWER) -> Rejected:
        """Reject a claim."""
        key = self.name()
        return self.by(
            actor, lambda u: reviews.reject(u, claim_id=claim_id, reason="未到岗", key=key)
        )

    def withdraw_approval(self, claim_id: str, actor: Actor = SECOND) -> Revoked:
        """Withdraw an approval."""
        key = self.name()
        return self.by(
            actor,
            lambda u: reviews.withdraw_approval(u, claim_id=claim_id, reason="重复", key=key),
        )

    def cancel(self, task_id: str) -> Moved:
        """Cancel a task."""
        key = self.name()
        return self.by(
            ORGANISER, lambda u: endings.cancel(u, task_id=task_id, reason="下雨", key=key)
        )

    def close(self, task_id: str) -> Moved:
        """Close the attendance of a task."""
        key = self.name()
        return self.by(ORGANISER, lambda u: rolls.close(u, task_id=task_id, key=key))

    def points(self, member_id: str) -> int:
        """What a member can spend."""
        return self.balance(member_id).available

    def findings(self) -> list[str]:
        """What the proofs of tasks and recognition find, and what does not hold of the books."""
        proofs = [*task_audit.PROOFS, *recognition_audit.PROOFS]
        found = [str(one) for proof in proofs for one in self.see(proof)]
        return found + self.wrongs()


def as_member(member_id: str) -> Actor:
    """The actor that a member is."""
    return Actor(member_id, members.MEMBER_ROLE, member_id)


def outcomes(futures: Sequence[Future[R]]) -> tuple[list[R], list[CreditbankError]]:
    """Wait for all, and part results from refusals; anything else is raised."""
    wait(futures)
    done: list[R] = []
    refused: list[CreditbankError] = []
    for future in futures:
        error = future.exception()
        if error is None:
            done.append(future.result())
        elif isinstance(error, CreditbankError):
            refused.append(error)
        else:
            raise error
    return done, refused
