"""Plays the services of `tests.rigged` in a bank, and counts what is refused and what is flagged.

Attendance is written down as the engine writes it, at the instants of the plan; overlaps, reviews
and approvals go through the engine's own functions.
"""

from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import insert

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError
from creditbank.core.units import Actor, Unit
from creditbank.people import communities, households, members, persons, stays
from creditbank.people.stays import Standing
from creditbank.service import reviews
from creditbank.service.attendance import FORCED
from creditbank.service.photos import photos
from creditbank.service.review_errors import LookFirst
from creditbank.tasks import categories, claiming, claims, parties, publishing, tasks
from creditbank.tasks.claim_errors import Overlaps
from creditbank.tasks.errors import OwnWork
from creditbank.tasks.publishing import New
from creditbank.tasks.states import ClaimState, TaskState
from creditbank.tasks.tasks import Party
from tests.books import Books
from tests.rigged import DAYS, SETTINGS, By, Coming, How, Kind, Reviewer, Service, World
from tests.society import FIVE_EACH, as_member

OFFICE = Actor("stf_office", "organiser")
STRANGER = Actor("stf_stranger", "reviewer")
_CLOCK = Actor("job/force-sign-out", "job")
_FORCED_AFTER_S = 30 * 60


@dataclass(frozen=True, slots=True)
class Played:
    """A service as it stands in the bank: its task, and the claim of each coming."""

    service: Service
    task_id: str
    claim_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of it; ``refused`` are rigged services nobody got a credit for by themselves."""

    flagged: int
    rigged: int
    wrongly: int
    honest: int
    refused: int
    broken: int
    credited: int


class Stage(Books):
    """A bank with the people of a world, in which its services are played."""

    def __init__(self, database: Database, clock: ManualClock, world: World) -> None:
        super().__init__(database, f"seed-{world.seed}")
        self.clock, self.world = clock, world
        self.starts_at = clock.now().replace(minute=0, second=0) + timedelta(days=6)
        self._named = 0
        name = self.key_of()
        self.community_id = self.by(
            OFFICE, lambda u: communities.create(u, name="红枫社区", key=name)
        )
        for one in SETTINGS:
            code = one.name
            key = self.key_of()
            self.by(OFFICE, partial(categories.create, code=code, name=code, key=key))
        self.people: dict[int, str] = {}

    def key_of(self) -> str:
        """An idempotency key that was not used yet."""
        self._named += 1
        return f"stage-key-{self._named:08d}"

    def by(self, actor: Actor, work: Any) -> Any:
        """Run one unit as somebody."""
        return self.database.write(self.bank_id, actor, work)

    def member(self, document: str | None = None) -> str:
        """Take somebody in."""
        key = self.key_of()
        made = self.by(
            OFFICE,
            lambda u: members.register(
                u, name="张三", community_id=self.community_id, document=document, key=key
            ),
        )
        return str(made.member_id)

    # Attendance --------------------------------------------------------------------------------

    def play(self, services: Sequence[Service]) -> list[Played]:
        """Write down what happened in these services, and let all of it be over."""
        for one in services:
            for coming in one.comings:
                for who in (coming.person, coming.leader):
                    if who is not None and who not in self.people:
                        self.people[who] = self.member()
        futures = [
            self.database.writer.submit(
                self.bank_id, _organiser(one), partial(self._write, one, number)
            )
            for number, one in enumerate(services)
        ]
        wait(futures)
        self.clock.set(self.starts_at + timedelta(days=DAYS + 2))
        return [one.result() for one in futures]

    def _write(self, one: Service, number: int, unit: Unit) -> Played:
        starts_at = self.starts_at + timedelta(seconds=one.starts_s)
        ends_at = starts_at + timedelta(minutes=one.window_minutes)
        task_id = publishing.write(unit, self._new(one, starts_at, ends_at), TaskState.OPEN)
        tasks.take_places(unit, task_id, len(one.comings))
        rows: list[dict[str, Any]] = [
            self._row(one, coming, starts_at)
            | {
                "bank_id": unit.bank_id,
                "claim_id": unit.new_id("clm"),
                "task_id": task_id,
                "party_id": None if coming.leader is None else f"pty_{number}",
            }
            for coming in one.comings
        ]
        leader = next((each.leader for each in one.comings if each.leader is not None), None)
        if leader is not None:
            unit.run(insert(parties.parties), self._party(unit, task_id, f"pty_{number}", leader))
        unit.run(insert(claims.claims), rows)
        for _ in range(one.photos):
            unit.run(insert(photos), _photo(unit, rows[0]))
        return Played(one, task_id, tuple(row["claim_id"] for row in rows))

    def _party(self, unit: Unit, task_id: str, party_id: str, leader: int) -> dict[str, Any]:
        return {
            "bank_id": unit.bank_id,
            "party_id": party_id,
            "task_id": task_id,
            "kind": Party.FAMILY,
            "household_id": None,
            "team_id": None,
            "leader_id": self.people[leader],
            "claimed_at": unit.now,
            "claimed_by": self.people[leader],
        }

    def _new(self, one: Service, starts_at: datetime, ends_at: datetime) -> New:
        return New(
            title="服务",
            category=one.setting,
            community_id=self.community_id,
            place=f"地点{one.place}",
            starts_at=starts_at,
            ends_at=ends_at,
            capacity=30,
            rewards=FIVE_EACH,
        )

    def _row(self, one: Service, coming: Coming, starts_at: datetime) -> dict[str, Any]:
        """What the engine keeps of one person's claim, coming and going."""
        window_s = one.window_minutes * 60
        forced = coming.left_s is None or coming.left_s >= window_s + _FORCED_AFTER_S
        left_s = window_s if coming.left_s is None else max(min(coming.left_s, window_s), 0)
        came_by = {How.ROSTER: By.ORGANISER, How.LEADER: By.LEADER}.get(coming.how, By.SELF)
        blank = dict.fromkeys(column.name for column in claims.claims.columns)
        return blank | {
            "member_id": self.people[coming.person],
            "state": ClaimState.FORCED_OUT if forced else ClaimState.SIGNED_OUT,
            "claimed_at": starts_at + timedelta(seconds=coming.claimed_s),
            "signed_in_at": starts_at + timedelta(seconds=coming.came_s),
            "signed_in_how": coming.how.value,
            "signed_out_at": starts_at + timedelta(seconds=left_s),
            "forced_out_at": starts_at + timedelta(seconds=window_s) if forced else None,
            "flags": FORCED if forced else None,
            "confirmed_at": starts_at + timedelta(seconds=left_s) if coming.confirmed else None,
            "measured_minutes": max((left_s - max(coming.came_s, 0)) // 60, 1),
            "paused_minutes": 0,
            "behind": False,
            **self._noted("claimed", one, coming, coming.claimed_by),
            **self._noted("signed_in", one, coming, came_by),
            **self._noted("signed_out", one, coming, None if forced else coming.left_by),
        }

    def _noted(self, verb: str, one: Service, coming: Coming, by: By | None) -> dict[str, Any]:
        """Who noted it: nobody is the clock."""
        actor = _CLOCK if by is None else _organiser(one)
        if by is By.SELF:
            actor = as_member(self.people[coming.person])
        elif by is By.LEADER and coming.leader is not None:
            actor = as_member(self.people[coming.leader])
        return {f"{verb}_by": actor.id, f"{verb}_by_member": actor.member_id}

    # Reviews -----------------------------------------------------------------------------------

    def flagged(self, played: Sequence[Played]) -> dict[str, set[str]]:
        """Approve all in one go without a look, and return what was odd about those refused.

        A mark of the forced stop alone counts as no flag: everyone who forgets has it.
        """
        futures = {
            claim_id: self.database.writer.submit(
                self.bank_id,
                STRANGER,
                partial(reviews.approve_listed, claim_id=claim_id, key=self.key_of()),
            )
            for one in played
            for claim_id in one.claim_ids
        }
        wait(list(futures.values()))
        found: dict[str, set[str]] = {}
        for claim_id, future in futures.items():
            error = future.exception()
            if isinstance(error, LookFirst):
                found[claim_id] = set(error.flags.split(", ")) - {FORCED}
            elif error is not None:
                raise error
        return found

    def refuses(self, one: Played) -> bool:
        """Try what the engine must refuse, and tell whether it did and nothing was credited."""
        if one.service.kind is Kind.OVERLAP:
            return self._refuses_overlap(one.service)
        against = one.service.against
        at = next(n for n, each in enumerate(one.service.comings) if each.person == against)
        claim_id = one.claim_ids[at]
        actor = self._wrong_reviewer(one, claim_id)
        refused = [
            self._refused(actor, OwnWork, partial(reviews.approve, claim_id=claim_id)),
            self._refused(actor, OwnWork, partial(reviews.reject, claim_id=claim_id, reason="无")),
        ]
        found = self.see(lambda view: claims.find(view, claim_id))
        return all(refused) and found.transfer_id is None

    def _refused(self, actor: Actor, error: type[CreditbankError], work: Any) -> bool:
        try:
            self.by(actor, partial(work, key=self.key_of()))
        except error:
            return True
        return False

    def _refuses_overlap(self, one: Service) -> bool:
        """Two tasks at hours that overlap: the first claim goes, the second does not."""
        assert one.against is not None, "somebody is in two places"
        who, now = self.people[one.against], self.clock.now()
        length = timedelta(minutes=one.window_minutes)
        first = now + timedelta(days=1, seconds=one.starts_s)
        ids = [
            self.by(
                OFFICE,
                lambda u, at=at: publishing.write(
                    u, self._new(one, at, at + length), TaskState.OPEN
                ),
            )
            for at in (first, first + length // 2)
        ]
        actor = as_member(who)
        self.by(actor, partial(claiming.claim, task_id=ids[0], key=self.key_of()))
        return self._refused(actor, Overlaps, partial(claiming.claim, task_id=ids[1]))

    def _wrong_reviewer(self, one: Played, claim_id: str) -> Actor:
        assert one.service.against is not None, "somebody is close to the reviewer"
        who, how = self.people[one.service.against], one.service.reviewer
        if how is Reviewer.CREATOR:
            return Actor(_organiser(one.service).id, "reviewer")
        if how is Reviewer.NOTER:
            noter = Actor("stf_noter", "reviewer")
            by = {"signed_in_by": noter.id}
            self.do(lambda u: claims.store(u, claim_id, **by))
            return noter
        if how is Reviewer.PARTICIPANT:
            return Actor("stf_own", "reviewer", who)
        if how is Reviewer.SECOND_ACCOUNT:
            return Actor("stf_second_account", "reviewer", self._second_account(who))
        return Actor("stf_mate", "reviewer", self._housemate(who, how))

    def _second_account(self, who: str) -> str:
        """Another member with the same document number."""
        self._named += 1
        document = f"11010519491231{self._named % 10_000:04d}"
        other = self.member(document)
        self.do(lambda u: persons.change(u, holder_id=who, document=document))
        return other

    def _housemate(self, who: str, how: Reviewer) -> str:
        """Somebody who shares a household, or did until just now."""
        home = self.see(lambda v: stays.current_of(v, [who])).get(who)
        if home is None:
            home = self.by(OFFICE, partial(households.found, head_id=who, key=self.key_of()))
        mate = self.member()
        join = partial(households.join, standing=Standing.ADULT, key=self.key_of())
        self.by(OFFICE, partial(join, household_id=home, member_id=mate))
        if how is Reviewer.FORMER_HOUSEMATE:
            leave = partial(households.leave, household_id=home, member_id=mate)
            self.by(OFFICE, partial(leave, key=self.key_of()))
            self.clock.advance(minutes=1)
        return mate


def _organiser(one: Service) -> Actor:
    return Actor(f"stf_organiser{one.organiser}", "organiser")


def _photo(unit: Unit, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "bank_id": unit.bank_id,
        "photo_id": unit.new_id("pho"),
        "claim_id": row["claim_id"],
        "member_id": row["member_id"],
        "width": 1,
        "height": 1,
        "content": b"",
        "added_at": unit.now,
        "added_by": row["signed_in_by"],
        "added_by_member": row["signed_in_by_member"],
    }


def measure(stage: Stage, services: Sequence[Service]) -> Counts:
    """Play services, try what must be refused, approve the rest unseen, and count."""
    played = stage.play(services)
    breaking = [one for one in played if one.service.against is not None]
    refused = sum(stage.refuses(one) for one in breaking)
    looked_at = [one for one in played if one.service.against is None]
    found = stage.flagged(looked_at)

    def odd(one: Played, *, rigged: bool) -> bool:
        return any(
            found.get(claim_id)
            for claim_id, coming in zip(one.claim_ids, one.service.comings, strict=True)
            if coming.rigged or not rigged
        )

    rigged = [one for one in looked_at if one.service.variant is not None]
    honest = [one for one in looked_at if one.service.kind is Kind.HONEST]
    return Counts(
        flagged=sum(odd(one, rigged=True) for one in rigged),
        rigged=len(rigged),
        wrongly=sum(odd(one, rigged=False) for one in honest),
        honest=len(honest),
        refused=refused,
        broken=len(breaking),
        credited=sum(len(one.claim_ids) for one in looked_at) - len(found),
    )
