"""The work that brings urgent notices to phones: taken in a unit, sent after its commit.

A text that the sender refuses is open again for the office's call list. After some failures the
rest waits for the next wake-up: the provider may be down. No phone and no text stands in a log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from api.senders import Sender
from api.words.notices import sentences
from creditbank import jobs, notices
from creditbank.core.units import Unit
from creditbank.identity import messages
from creditbank.jobs import Lease

FAILURES_MOST = 5

Write = Callable[[Callable[[Unit], Any]], Any]
Errand = Callable[[Write], None]

_FAILURES = "failures"
_TEXT = "【{bank}】{zh} {en}"
_log = logging.getLogger(__name__)


def run_slice(sender: Sender, unit: Unit, lease: Lease) -> bool | Errand:
    """Take one notice; return how it is sent once that has committed, or True if none is left."""
    failures = jobs.hold(unit, lease).get(_FAILURES, 0)
    message = messages.take(unit) if failures < FAILURES_MOST else None
    if message is None:
        jobs.release(unit, lease)
        return True
    jobs.advance(unit, lease, {_FAILURES: failures})
    notice_id, phone, [said] = message.notice_id, message.phone, sentences(unit, [message])
    text = _TEXT.format(bank=unit.bank.name, zh=said.zh, en=said.en)

    def send(write: Write) -> None:
        if phone is None or not _sent(sender, phone, text):
            write(lambda after: notices.open_again(after, notice_id))
            write(lambda after: jobs.advance(after, lease, {_FAILURES: failures + 1}))

    return send


def _sent(sender: Sender, phone: str, text: str) -> bool:
    """Send a text; False if it was not taken over, for whatever reason."""
    try:
        sender.send(phone, text)
    except Exception as error:  # noqa: BLE001 - it is the office's to tell then
        _log.warning("a notice was not sent: %s", type(error).__name__)
        return False
    return True
