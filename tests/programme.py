"""A programme's file in a bank of its own: short words for what its members do, and its tables."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import text

from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit, View
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import accounts, chart, statements
from creditbank.ledger import audit as ledger_audit
from creditbank.recognition import closing, periods, ranking
from creditbank.schemes import expiry, files, scheme
from creditbank.schemes.files import File
from creditbank.schemes.rewards import Per, Reward
from creditbank.service import confirmations
from creditbank.tasks import categories, claims, parties, publishing
from creditbank.tasks.tasks import Party
from tests.society import ORGANISER, Society, as_member

SCHEMES = Path(__file__).parent.parent / "seeds" / "schemes"
OPERATOR = Actor("stf_operator", "operator")
WORKER = Actor("job_worker", "job")


def read(name: str) -> File:
    """One of the files under seeds/schemes, or any text of rules."""
    rules = (SCHEMES / name).read_text("utf-8") if name.endswith(".toml") else name
    found = files.parsed(rules)
    assert not found.findings, found.findings
    return found


def rows(table: str) -> list[list[str]]:
    """The rows of a text table, without its heading and its lines."""
    found = [line.split("|") for line in table.strip().splitlines()]
    return [[cell.strip() for cell in cells] for cells in found[1:] if "--" not in cells[0]]


class Programme(Society):
    """A bank that runs the rules of a file, adopted through the public function."""

    def __init__(self, database: Database, clock: ManualClock, name: str) -> None:
        super().__init__(database, clock)
        self.file = read(name)
        assert self.file.scheme is not None, "a sound file"
        self.rules = self.file.scheme
        self._elder_id: str | None = None
        for one in self.rules.assets:
            kind = one.kind or AssetKind.SPENDABLE
            called = self.file.names.get(one.asset, one.asset)
            made = Asset(one.asset, called, 0, kind)
            self.do(partial(accounts.create_asset, asset=made))
        for code in {one.category for one in self.rules.rates} - {None, self.category}:
            self.by(
                ORGANISER,
                partial(categories.create, code=str(code), name=str(code), key=self.name()),
            )
        self.adopt()

    def adopt(self, **changes: object) -> scheme.Adopted:
        """Adopt the file's parameters, with changes, from today on."""
        return self.by(
            OPERATOR,
            lambda unit: scheme.adopt(
                unit,
                parameters={**self.file.parameters, **changes},
                effective_from=unit.today,
                key=self.name(),
            ),
        )

    def serve(self, member_id: str, minutes: int, reward: Reward, category: str = "") -> str:
        """Let a member do a service in one go, approved; returns its claim."""
        return self.serve_for(member_id, minutes, (reward,), category)

    def serve_for(
        self, member_id: str, minutes: int, rewards: tuple[Reward, ...], category: str = ""
    ) -> str:
        """Let a member do a service that gives these, approved; returns its claim."""
        elder_id = None
        if category in self.rules.confirmed_categories:
            elder_id = self._elder_id = self._elder_id or self.member("受助人")
        task_id = self._task(minutes, rewards, category or self.category, elder_id)
        claim_id = self.served(member_id, task_id, minutes=minutes)
        if elder_id is not None:
            said = partial(confirmations.say, claim_id=claim_id, agrees=True, key=self.name())
            self.by(as_member(elder_id), said)
        self.approve(claim_id)
        return claim_id

    def _task(
        self,
        minutes: int,
        rewards: tuple[Reward, ...],
        category: str,
        beneficiary_id: str | None = None,
    ) -> str:
        starts_at = self.clock.now() + timedelta(minutes=1)
        return self.by(
            ORGANISER,
            lambda unit: publishing.publish(
                unit,
                title="邻里服务",
                category=category,
                community_id=self.community_id,
                place="活动室",
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=minutes),
                capacity=5,
                rewards=rewards,
                key=self.name(),
                beneficiary_id=beneficiary_id,
            ),
        )

    def units(self, address: str, asset: str) -> int:
        """What an address has of an asset."""
        return self.see(lambda view: statements.balance(view, address, asset)).available

    def of_member(self, member_id: str, asset: str) -> int:
        """What a member has of an asset."""
        return self.units(chart.member(member_id), asset)

    def everything(self) -> dict[tuple[str, str], int]:
        """What every member, team and fund has of every asset."""

        def look(view: View) -> dict[tuple[str, str], int]:
            rows = view.connection.execute(
                text(
                    "SELECT address, asset_code, balance FROM account WHERE bank_id = :bank_id"
                    " AND balance > 0 AND (address LIKE 'member/%' OR address LIKE 'team/%'"
                    " OR address LIKE 'fund/%')"
                ),
                {"bank_id": view.bank_id},
            )
            return {(row.address, row.asset_code): row.balance for row in rows}

        return self.see(look)

    def findings(self) -> list[str]:
        """What any proof finds."""
        found = [str(one) for proof in ledger_audit.PROOFS for one in self.see(proof)]
        return found + super().findings()

    def team_serves(
        self, member_id: str, minutes: int, rewards: tuple[Reward, ...], team_id: str
    ) -> str:
        """Let a member do a service in a team's claim, approved; returns the claim."""
        task_id = self._task(minutes, rewards, self.category)

        def as_team(unit: Unit) -> None:
            party_id = parties.add(
                unit, task_id=task_id, kind=Party.TEAM, leader_id=member_id, team_id=team_id
            )
            claims.store(unit, claim_id, party_id=party_id)

        claim_id = self.served(member_id, task_id, minutes=minutes)
        self.by(ORGANISER, as_team)
        self.approve(claim_id)
        return claim_id

    def expire(self) -> None:
        """Let go what is past its day, by the job of today."""
        for day in self.see(expiry.due):
            self._job(expiry.KIND, day, expiry.run_slice)

    def close(self, year: str) -> list[tuple[str, str, int, str | None]]:
        """Close a year after its grace and return who earned how much of what, and the medals."""
        self._job(closing.KIND, year, closing.run_slice)

        def look(view: View) -> list[tuple[str, str, int, str | None]]:
            period_id = periods.by_name(view, year).period_id
            return [
                (one.asset, row.member_id, row.units, row.tier)
                for one in ranking.frozen(view, period_id)
                for row in ranking.rows(view, period_id, one.asset)
            ]

        return self.see(look)

    def _job(self, kind: str, period: str, run: Callable[[Unit, jobs.Lease], bool]) -> None:
        lease = self.by(WORKER, lambda u: jobs.take(u, kind=kind, period=period, owner="test"))
        assert lease is not None, period
        while not self.by(WORKER, lambda u: run(u, lease)):
            pass


def reward(text: str) -> Reward:
    """Read ``10 HOUR per hour``."""
    units, asset, _, per = text.split()
    return Reward(asset, int(units), Per(per))


def next_day(clock: ManualClock, days: int = 1) -> None:
    """Move on to nine o'clock of a later day."""
    clock.set((clock.now() + timedelta(days=days)).replace(hour=1, minute=0, second=0))
