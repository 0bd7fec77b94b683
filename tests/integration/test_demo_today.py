"""What a visitor finds done when they open the demonstration: the last days, and today's needs."""

from datetime import UTC, datetime
from pathlib import Path

from api import proofs, schema
from api.vaults import vault_of
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.ledger import chart, statements
from creditbank.service import hours, thanks
from creditbank.tasks import claims, tasks
from creditbank.tasks.states import ClaimState, TaskState
from seeds import accounts, guests, society, today, year
from seeds.guests import Guest

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def test_the_loop_can_be_walked_today(tmp_path: Path) -> None:
    """The volunteer has points, a need runs, services wait, thanks hang; and the books add up."""
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    schema.migrate(url, vault_of(url))
    clock = ManualClock(NOW)
    with Database(url, clock=clock, vault=vault_of(url)) as database:
        lived = year.build(database, clock, society.plan(7, weeks=1), 7, lambda *_: None)
        volunteer, _ = accounts.open_residents(lived)
        accounts.open_till(lived)
        today.live(lived, volunteer.member_id, NOW)
        bank_id = lived.bank.bank_id
        assert clock.now() == NOW
        assert 0 == proofs.count(database.read(bank_id, proofs.audit))
        found = database.read(bank_id, lambda view: look(view, volunteer.member_id))
    assert found == {
        "volunteer": volunteer.member_id,
        "points": True,
        "running": 1,
        "coming": 6,
        "waiting": 2,
        "thanks": 2,
        "named": True,
    }


def look(view: View, volunteer_id: str) -> dict[str, object]:
    """What a visitor would see."""
    needs = tasks.chosen(view, tasks.tasks.c.ends_at > view.now)
    waiting = tasks.chosen(view, tasks.tasks.c.title == "独居老人送餐")
    states = [one.state for task in waiting for one in claims.of_task(view, task.task_id)]
    month = view.now.replace(day=1, hour=0)
    return {
        "volunteer": guests.holder(view, Guest.VOLUNTEER),
        "points": statements.balance(view, chart.member(volunteer_id), "XYB").available >= 3,
        "running": sum(one.state is TaskState.RUNNING for one in needs),
        "coming": sum(one.state is TaskState.OPEN for one in needs),
        "waiting": states.count(ClaimState.SIGNED_OUT),
        "thanks": sum(one.text is not None for one in thanks.wall(view).notes),
        "named": volunteer_id in dict(hours.busiest(view, (month, None), 5)),
    }
