"""The scheduler wakes jobs and knows nothing of their work (law 11).

What is due, who works on it and how far it is stand in the claim rows of `creditbank.jobs`, so
two processes, a restart, or a machine that was off change nothing. Each slice is one patient
unit: it waits behind every request. APScheduler only calls `run_due` from time to time.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import TypeVar

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import select

from api import backups, installation, notice_sending, senders
from api.notice_sending import Errand
from api.privacy import holders, wipes
from api.senders import Sender
from api.settings import Settings
from creditbank import jobs
from creditbank.core import banks
from creditbank.core.banks import Bank, BankState
from creditbank.core.clock import SystemClock
from creditbank.core.database import Database
from creditbank.core.engines import is_replayable, is_sqlite, sqlite_path, translated
from creditbank.core.errors import Busy, CreditbankError, Unavailable
from creditbank.core.keys import FORGOTTEN_AT_ONCE, forget_answers
from creditbank.core.units import Actor, Unit, View
from creditbank.exchange import endings
from creditbank.identity import arrival_slices, messages, one_time_codes
from creditbank.jobs import Lease, LeaseLost
from creditbank.leaving import forgetting, visitors
from creditbank.ledger import day_sums, holds, imports
from creditbank.recognition import closing
from creditbank.schemes import expiry
from creditbank.service import deadlines, forced_stops
from creditbank.tasks import details, filling, visit_reminders
from merchants import unpaid

EXPIRE_HOLDS = "expire-holds"
LOAD_IMPORTS = "load-imports"
FORGET_ANSWERS = "forget-answers"
BACKUP = "backup"
_RENEW_EVERY_S = jobs.LEASE_S // 3
_log = logging.getLogger(__name__)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of job: which periods are due, and its next slice (True when it was the last).

    A slice may answer with an errand, which is run after its commit, outside of any unit.
    """

    kind: str
    due: Callable[[View], list[str]]
    run_slice: Callable[[Unit, Lease], bool | Errand]


@dataclass(frozen=True, slots=True)
class Ran:
    """A job that was brought to its end: where, what, which period, in how many slices."""

    bank: str
    kind: str
    period: str
    slices: int


def _holds_due(view: View) -> list[str]:
    waiting = holds.due(view, 1) or unpaid.due(view, 1)
    return [jobs.DUE_WORK] if waiting else []


def _expire(unit: Unit, lease: Lease) -> bool:
    """Expire one redemption or hold whose time is over; give the job back when there is none.

    One a slice, because two would take their locks out of order.
    """
    jobs.hold(unit, lease)
    late = unpaid.due(unit, 1)
    loose = [] if late else holds.due(unit, 1)
    for redemption_id in late:
        unpaid.expire(unit, redemption_id)
    for hold_id in loose:
        holds.expire(unit, hold_id=hold_id)
    return _go_on(unit, lease, more=bool(late or loose))


def _imports_due(view: View) -> list[str]:
    return [jobs.DUE_WORK] if imports.ready(view) else []


def _load(unit: Unit, lease: Lease) -> bool:
    """Load the next of the oldest import; one that cannot go on is stopped with its reason."""
    jobs.hold(unit, lease)
    waiting = imports.ready(unit)
    if waiting:
        try:
            with unit.connection.begin_nested():
                imports.load_parts(unit, import_id=waiting[0])
        except Exception as error:
            if is_replayable(error) or isinstance(translated(error), Unavailable | Busy):
                raise
            imports.stop(unit, import_id=waiting[0], reason=_said(error))
    return _go_on(unit, lease, more=bool(waiting))


def _said(error: Exception) -> str:
    """Say what stopped a job, without anything that a row may hold."""
    if isinstance(error, CreditbankError):
        return f"{error.sentence('zh')} / {error.sentence('en')}"
    return type(error).__name__


def _go_on(unit: Unit, lease: Lease, *, more: bool) -> bool:
    if more:
        jobs.advance(unit, lease, {})
        return False
    jobs.release(unit, lease)
    return True


def _daily(kind: str) -> Callable[[View], list[str]]:
    """Return what says that a job is due once a day, by the bank's calendar; days do not add up."""

    def due(view: View) -> list[str]:
        today = view.today.isoformat()
        done = view.row(
            select(jobs.jobs.c.done_at).where(
                jobs.jobs.c.bank_id == view.bank_id,
                jobs.jobs.c.kind == kind,
                jobs.jobs.c.period == today,
                jobs.jobs.c.done_at.is_not(None),
            )
        )
        return [today] if done is None else []

    return due


def _forget(unit: Unit, lease: Lease) -> bool:
    """Forget the next answers, sign-in attempts and words of needs that are old enough."""
    jobs.hold(unit, lease)
    answers_over = forget_answers(unit) < FORGOTTEN_AT_ONCE
    attempts_over = one_time_codes.forget_old(unit) < one_time_codes.FORGOTTEN_AT_ONCE
    details_over = details.forget_old(unit) < details.FORGOTTEN_AT_ONCE
    if not (answers_over and attempts_over and details_over):
        jobs.advance(unit, lease, {})
        return False
    jobs.finish(unit, lease)
    return True


WORKS: tuple[Work, ...] = (
    Work(EXPIRE_HOLDS, _holds_due, _expire),
    Work(filling.KIND, filling.due, filling.run_slice),
    Work(closing.KIND, closing.due, closing.run_slice),
    Work(LOAD_IMPORTS, _imports_due, _load),
    Work(arrival_slices.KIND, arrival_slices.due, arrival_slices.run_slice),
    Work(FORGET_ANSWERS, _daily(FORGET_ANSWERS), _forget),
    Work(
        forgetting.KIND,
        forgetting.due,
        lambda unit, lease: forgetting.run_slice(unit, lease, holders.of_member, wipes.wipe),
    ),
    Work(forgetting.KEYS_KIND, _daily(forgetting.KEYS_KIND), forgetting.destroy_again),
    Work(endings.KIND, endings.due, endings.run_slice),
    Work(expiry.KIND, expiry.due, expiry.run_slice),
    Work(forced_stops.KIND, forced_stops.due, forced_stops.run_slice),
    Work(deadlines.KIND, deadlines.due, deadlines.run_slice),
    Work(visitors.KIND, _daily(visitors.KIND), visitors.run_slice),
    Work(visit_reminders.KIND, visit_reminders.due, visit_reminders.run_slice),
    Work(day_sums.KIND, day_sums.due, day_sums.run_slice),
)


def with_sender(sender: Sender) -> tuple[Work, ...]:
    """Return all kinds of jobs, that of sending notices included."""
    send = partial(notice_sending.run_slice, sender)
    return (*WORKS, Work(messages.KIND, messages.due, send))


def new_owner() -> str:
    """Return a name for a worker that no other worker has."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"[:64]


def run_due(database: Database, owner: str, works: Sequence[Work] = WORKS) -> list[Ran]:
    """Bring all that is due to its end, at every open bank; returns what was done.

    A job that somebody else works on is left alone, and so are the later periods of its kind.
    What fails at one bank keeps no other waiting; the first failure is raised at the end.
    """
    done: list[Ran] = []
    failed: list[Exception] = []
    for bank in _open_banks(database):
        for work in works:
            try:
                done += _run_kind(database, bank, work, owner)
            except Exception as error:  # noqa: BLE001 - raised below, after the others had their turn
                _log.warning("%s at %s: %s", work.kind, bank.slug, _said(error))
                failed.append(error)
    if failed:
        raise failed[0]
    return done


def _run_kind(database: Database, bank: Bank, work: Work, owner: str) -> list[Ran]:
    """Do all periods of one kind that are due, in order, until somebody else has one."""
    done: list[Ran] = []
    for period in database.read(bank.bank_id, work.due):
        ran = _run(database, bank, work, period, owner)
        if ran is None:
            break
        done.append(ran)
    return done


def _open_banks(database: Database) -> list[Bank]:
    known = database.reader.submit_install(banks.every).result()
    return [bank for bank in known if bank.state is BankState.OPEN]


def _actor(kind: str) -> Actor:
    return Actor(f"job/{kind}", "job")


def _patiently(database: Database, bank: Bank, kind: str, work: Callable[[Unit], R]) -> R:
    return database.writer.submit(bank.bank_id, _actor(kind), work, patient=True).result()


def _run(database: Database, bank: Bank, work: Work, period: str, owner: str) -> Ran | None:
    """Take one job and do its slices; None if somebody else has it or takes it over."""
    lease = _patiently(
        database,
        bank,
        work.kind,
        lambda unit: jobs.take(unit, kind=work.kind, owner=owner, period=period),
    )
    if lease is None:
        return None
    write = partial(_patiently, database, bank, work.kind)
    slices, last = 0, False
    while not last:
        try:
            answer = write(lambda u: work.run_slice(u, lease))
            if callable(answer):
                answer(write)
            else:
                last = answer
        except LeaseLost:
            return None
        slices += 1
    return Ran(bank.slug, work.kind, period, slices)


def backup_folder(database: Database, settings: Settings) -> Path | None:
    """Return where daily copies go: as set, or beside a SQLite file; None if nowhere is set."""
    if settings.backup_dir is not None:
        return settings.backup_dir
    return sqlite_path(database.url).parent / "backups" if is_sqlite(database.url) else None


def back_up_if_due(database: Database, owner: str, folder: Path) -> Path | None:
    """Make the day's copy if nobody has; the work is outside a unit, only its claim is inside.

    The claim row is the first bank's, because a copy is of all banks. A demonstration alone needs
    no copies.
    """
    real = [bank for bank in _open_banks(database) if not bank.demonstration]
    first = min(real, key=lambda bank: bank.bank_id, default=None)
    due = database.read(first.bank_id, _daily(BACKUP)) if first else []
    if first is None or not due:
        return None
    lease = _patiently(
        database,
        first,
        BACKUP,
        lambda unit: jobs.take(unit, kind=BACKUP, owner=owner, period=due[0]),
    )
    if lease is None:
        return None
    url = database.url.render_as_string(hide_password=False)
    with ThreadPoolExecutor(1, thread_name_prefix="backup") as pool:
        copying = pool.submit(backups.make, url, folder)
        while not wait([copying], timeout=_RENEW_EVERY_S).done:
            _patiently(database, first, BACKUP, lambda unit: jobs.advance(unit, lease, {}))
    copy = copying.result()
    if copy.findings:
        _log.error("the copy %s has %d findings of the audit", copy.path, copy.findings)
    _patiently(database, first, BACKUP, lambda unit: jobs.finish(unit, lease))
    return copy.path


@contextmanager
def running(
    database: Database, settings: Settings, what: str = "serve", sender: Sender | None = None
) -> Iterator[None]:
    """Wake jobs, and show that this process lives, for as long as the with block lasts.

    Notices go out through ``sender``, or through that of the settings.
    """
    works = with_sender(sender or senders.of(settings))
    owner = new_owner()
    server_id = installation.announce(database, what=what)
    scheduler = BackgroundScheduler(
        timezone=UTC,
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )

    def every(seconds: int, name: str, call: Callable[[], object], **more: object) -> None:
        trigger = IntervalTrigger(seconds=seconds, timezone=UTC)
        scheduler.add_job(_calm(name, call), trigger, id=name, name=name, **more)

    at_once = {"next_run_time": SystemClock().now()}
    for work in works:
        every(settings.wake_every_s, work.kind, _waking(database, owner, work), **at_once)
    folder = backup_folder(database, settings)
    if folder is not None:
        every(
            max(settings.wake_every_s, jobs.LEASE_S),
            BACKUP,
            lambda: back_up_if_due(database, owner, folder),
        )
    every(settings.heartbeat_every_s, "heartbeat", lambda: installation.beat(database, server_id))
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)
        installation.leave(database, server_id)


def _waking(database: Database, owner: str, work: Work) -> Callable[[], object]:
    return lambda: run_due(database, owner, [work])


def _calm(name: str, call: Callable[[], object]) -> Callable[[], None]:
    """Return a call that logs what went wrong and lets the next wake-up try again."""

    def once() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the next wake-up tries again
            _log.warning("%s: %s", name, _said(error))

    return once
