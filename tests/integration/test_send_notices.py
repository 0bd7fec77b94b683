"""Urgent notices go to a phone once, in decent hours; what fails is left to the office."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api import scheduler
from api.errors import SendingFailed
from api.scheduler import Ran
from api.senders import OutboxSender, Sender
from api.settings import Settings
from creditbank import jobs, notices
from creditbank.core.clock import ManualClock, SystemClock
from creditbank.core.database import Database
from creditbank.identity import call_list, messages
from creditbank.identity.call_list import Why
from creditbank.notices import SENDER
from creditbank.people import consents, members
from creditbank.people.consents import MESSAGES
from tests.society import ORGANISER, Society, as_member

PHONE = "13800000001"
ZH = "您的加入申请已通过，欢迎加入。"


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


class Provider:
    """A provider of texts that remembers what it took, and refuses some phones."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.taken: list[tuple[str, str]] = []
        self.asked: list[str] = []

    def send(self, phone: str, text: str) -> None:
        """Take a text, or refuse it."""
        self.asked.append(phone)
        if phone in self.refused:
            raise SendingFailed
        self.taken.append((phone, text))

    def phones(self) -> list[str]:
        """The phones that texts went to, in order."""
        return [phone for phone, _ in self.taken]


def resident(society: Society, phone: str | None = PHONE) -> str:
    """Take someone in, with a phone unless told otherwise."""
    key = society.name()
    return society.by(
        ORGANISER,
        lambda unit: members.register(
            unit, name="金丝雀", community_id=society.community_id, phone=phone, key=key
        ),
    ).member_id


def tell(society: Society, member_id: str, kind: str = "admitted", **more: Any) -> str:
    """Tell a member something."""
    return society.by(ORGANISER, lambda unit: notices.tell(unit, member_id, kind, **more))


def send(society: Society, sender: Sender, owner: str = "one") -> list[Ran]:
    """Wake the job as the scheduler does."""
    works = [one for one in scheduler.with_sender(sender) if one.kind == messages.KIND]
    return scheduler.run_due(society.database, owner, works)


def row_of(society: Society, notice_id: str) -> Any:
    """A notice as it is kept."""
    of = notices.notices
    query = select(of).where(of.c.bank_id == society.bank_id, of.c.notice_id == notice_id)
    return society.see(lambda view: view.row(query))


def calls(society: Society) -> dict[str, Why]:
    """What stands on the call list, and why."""
    page = society.see(call_list.listing)
    return {one.notice_id: one.why for one in page.calls}


def consent(society: Society, member_id: str, verb: Callable[..., Any], **said: Any) -> None:
    """Give or withdraw a consent, as the member."""
    key = society.name()
    society.by(as_member(member_id), lambda u: verb(u, member_id=member_id, key=key, **said))


def test_an_urgent_notice_is_sent_once(society: Society) -> None:
    """The text says who sends it, in both languages; a second wake-up sends nothing."""
    notice_id = tell(society, resident(society))
    provider = Provider()
    assert [("", 2)] == [(one.period, one.slices) for one in send(society, provider)]
    assert [] == send(society, provider)
    [(phone, text)] = provider.taken
    assert PHONE == phone
    assert text.startswith("【")
    assert ZH in text
    assert text.endswith("You were admitted. Welcome.")
    row = row_of(society, notice_id)
    assert (SENDER, society.clock.now(), None) == (row.settled_by, row.settled_at, row.failed_at)
    assert row.read_at is None


def test_what_is_not_to_be_sent_stays(society: Society) -> None:
    """Not urgent, no phone, consent withdrawn, member gone: the provider is not even asked."""
    tell(society, resident(society), "merged")
    tell(society, resident(society, None))
    quiet = resident(society, "13800000002")
    consent(society, quiet, consents.give, purposes=[MESSAGES])
    consent(society, quiet, consents.withdraw, purpose=MESSAGES)
    tell(society, quiet)
    gone = resident(society, "13800000003")
    tell(society, gone)
    society.by(ORGANISER, lambda unit: members.move(unit, gone, "close"))
    provider = Provider()
    assert [] == send(society, provider)
    assert [] == provider.asked
    assert [Why.NO_PHONE, Why.WITHDRAWN] == sorted(calls(society).values())


def test_who_never_spoke_of_messages_or_agrees_again_is_sent_them(society: Society) -> None:
    """Reminders of one's own service need no consent; a withdrawn one can be given again."""
    agrees = resident(society)
    consent(society, agrees, consents.give, purposes=[MESSAGES])
    consent(society, agrees, consents.withdraw, purpose=MESSAGES)
    consent(society, agrees, consents.give, purposes=[MESSAGES])
    tell(society, agrees)
    tell(society, resident(society, "13800000002"))
    provider = Provider()
    send(society, provider)
    assert [PHONE, "13800000002"] == sorted(provider.phones())


@pytest.mark.parametrize(
    ("now", "due", "sent"),
    [
        ("2026-03-01T07:59:59", None, False),
        ("2026-03-01T08:00:00", None, True),
        ("2026-03-01T20:59:59", None, True),
        ("2026-03-01T21:00:00", None, False),
        ("2026-03-01T23:30:00", "2026-03-02T07:30:00", True),
        ("2026-03-01T23:30:00", "2026-03-02T08:00:00", True),
        ("2026-03-01T23:30:00", "2026-03-02T08:30:00", False),
        ("2026-03-02T03:00:00", "2026-03-02T07:30:00", True),
        ("2026-03-02T03:00:00", "2026-03-02T09:00:00", False),
        ("2026-03-02T03:00:00", "2026-03-03T07:30:00", False),
        ("2026-03-01T12:00:00", "2026-03-01T12:00:01", True),
        ("2026-03-01T12:00:00", "2026-03-01T12:00:00", False),
        ("2026-03-01T23:30:00", "2026-03-01T23:29:00", False),
    ],
)
def test_texts_go_out_in_decent_hours(
    society: Society, now: str, due: str | None, sent: bool
) -> None:
    """From 8 to 21 by the bank's clock, at night only what begins before 8, never too late."""
    member_id = resident(society)
    due_at = None if due is None else datetime.fromisoformat(f"{due}+08:00")
    tell(society, member_id, due_at=due_at)
    society.clock.set(datetime.fromisoformat(f"{now}+08:00"))
    provider = Provider()
    send(society, provider)
    assert [PHONE] * sent == provider.phones()


def test_a_night_passes_and_the_rest_goes_out_at_eight(society: Society) -> None:
    """What waited is sent in the morning, the most pressing first."""
    start = society.clock.now()
    society.clock.set(start + timedelta(hours=13))
    for phone, hours in (("13800000001", None), ("13800000002", 40), ("13800000003", 30)):
        due_at = None if hours is None else start + timedelta(hours=hours)
        tell(society, resident(society, phone), due_at=due_at)
    provider = Provider()
    assert [] == send(society, provider)
    society.clock.set(start + timedelta(hours=23))
    send(society, provider)
    assert ["13800000003", "13800000002", "13800000001"] == provider.phones()


def test_a_notice_is_settled_before_it_is_sent(society: Society) -> None:
    """While the provider is asked, another connection sees that the notice is taken."""
    notice_id = tell(society, resident(society))
    seen: list[str | None] = []

    class Looking(Provider):
        def send(self, phone: str, text: str) -> None:
            seen.append(row_of(society, notice_id).settled_by)
            super().send(phone, text)

    send(society, Looking())
    assert [SENDER] == seen


def test_a_worker_that_dies_while_sending_sends_not_twice(society: Society) -> None:
    """At most once: nobody knows whether the text arrived, so nobody sends it again."""
    tell(society, resident(society))

    class Killed(BaseException):
        pass

    class Deadly(Provider):
        def send(self, phone: str, text: str) -> None:
            super().send(phone, text)
            raise Killed

    deadly, provider = Deadly(), Provider()
    with pytest.raises(Killed):
        send(society, deadly)
    society.clock.advance(seconds=jobs.LEASE_S + 1)
    send(society, provider, "two")
    assert ([PHONE], []) == (deadly.phones(), provider.phones())


def test_what_fails_is_left_to_the_office(society: Society) -> None:
    """It is shown on the call list as failed and never sent again; the others arrive."""
    failed = tell(society, resident(society))
    tell(society, resident(society, "13800000002"))
    provider = Provider(PHONE)
    send(society, provider)
    send(society, provider)
    assert ["13800000002"] == provider.phones()
    assert 1 == provider.asked.count(PHONE)
    row = row_of(society, failed)
    assert (SENDER, None, society.clock.now()) == (row.settled_by, row.settled_at, row.failed_at)
    assert {failed: Why.FAILED} == calls(society)


def test_a_fault_of_the_sender_is_a_failure_too(society: Society) -> None:
    """Whatever the sender raises, nobody is left untold."""

    class Faulty(Provider):
        def send(self, phone: str, text: str) -> None:
            raise ValueError(phone, text)

    notice_id = tell(society, resident(society))
    send(society, Faulty())
    assert {notice_id: Why.FAILED} == calls(society)


def test_a_provider_that_is_down_does_not_burn_all_notices(society: Society) -> None:
    """After five failures the rest waits for the next wake-up, which may find it up again."""
    for n in range(8):
        tell(society, resident(society, f"1380000000{n}"))
    provider = Provider(*(f"1380000000{n}" for n in range(8)))
    send(society, provider)
    assert (5, 5) == (len(provider.asked), len(calls(society)))
    provider.refused = set()
    send(society, provider)
    assert (3, 5) == (len(provider.taken), len(calls(society)))


def test_no_phone_and_no_text_is_logged(society: Society, caplog: pytest.LogCaptureFixture) -> None:
    """A failure is logged by its kind alone."""
    tell(society, resident(society))
    with caplog.at_level(logging.DEBUG):
        send(society, Provider(PHONE))
    assert "SendingFailed" in caplog.text
    for secret in (PHONE, ZH, "金丝雀"):
        assert secret not in caplog.text


def in_threads(works: Sequence[Callable[[], object]]) -> None:
    """Run all at once and wait for all."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_workers_at_once_send_each_notice_once(society: Society, tmp_path: Path) -> None:
    """Whoever takes the job, every phone gets its text exactly once."""
    phones = [f"138000000{n:02d}" for n in range(20)]
    for phone in phones:
        tell(society, resident(society, phone))
    outbox = tmp_path / "outbox.jsonl"

    def work(owner: str) -> None:
        for _ in range(6):
            send(society, OutboxSender(outbox), owner)

    in_threads([partial(work, f"worker-{n}") for n in range(2)])
    sent = [json.loads(line)["phone"] for line in outbox.read_text().splitlines()]
    assert phones == sorted(sent)


def test_a_worker_that_lost_its_lease_sends_nothing_more(society: Society) -> None:
    """One hangs in the provider past its lease, another takes over: each text goes once."""
    phones = [f"138000000{n:02d}" for n in range(6)]
    for phone in phones:
        tell(society, resident(society, phone))
    hangs, goes_on = threading.Event(), threading.Event()

    class Slow(Provider):
        def send(self, phone: str, text: str) -> None:
            super().send(phone, text)
            hangs.set()
            assert goes_on.wait(20)

    slow, provider = Slow(), Provider()
    late = threading.Thread(target=lambda: send(society, slow, "slow"))
    late.start()
    assert hangs.wait(20)
    assert [] == send(society, provider, "two"), "the lease holds"
    society.clock.advance(seconds=jobs.LEASE_S + 1)
    assert 1 == len(send(society, provider, "two"))
    goes_on.set()
    late.join()
    assert (1, 5) == (len(slow.taken), len(provider.taken))
    assert phones == sorted(slow.phones() + provider.phones())


def test_a_running_scheduler_sends(society: Society, tmp_path: Path) -> None:
    """Inside `running` nobody has to ask for it."""
    tell(society, resident(society))
    provider, settings = Provider(), Settings(wake_every_s=1, backup_dir=tmp_path)
    with scheduler.running(society.database, settings, sender=provider):
        deadline = time.monotonic() + 20
        while not provider.taken and time.monotonic() < deadline:
            time.sleep(0.05)
    assert [PHONE] == provider.phones()


def test_a_worker_started_once_sends_by_the_settings(
    society: Society, database_url: str, tmp_path: Path
) -> None:
    """``creditbank worker --once`` brings what is due to the sender of the installation."""
    soon = SystemClock().now() + timedelta(minutes=5)
    tell(society, resident(society), due_at=soon)
    society.database.close()
    outbox = tmp_path / "outbox.jsonl"
    command = [sys.executable, "-m", "api", "worker", "--once", "--database", database_url]
    env = os.environ | {"CREDITBANK_OUTBOX": str(outbox)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert messages.KIND in done.stdout
    assert [PHONE] == [json.loads(line)["phone"] for line in outbox.read_text().splitlines()]
    assert PHONE not in done.stdout + done.stderr


def test_sending_has_a_name_of_its_own() -> None:
    """Claim rows are found by the kind, so no two share one."""
    kinds = [work.kind for work in scheduler.with_sender(Provider())]
    assert len(kinds) == len(set(kinds)) == len(scheduler.WORKS) + 1
