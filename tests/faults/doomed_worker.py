"""A worker that dies by kill -9 in the middle of a slice: its work is done, its commit is not.

Run it with a database's URL, an instant for its clock, and how many slices it may finish.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime

from api import scheduler
from api.scheduler import Work
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Unit
from creditbank.jobs import Lease
from creditbank.recognition import closing


def main(url: str, instant: str, slices: int) -> None:
    """Close years until death."""
    done = 0

    def run_slice(unit: Unit, lease: Lease) -> bool:
        nonlocal done
        last = closing.run_slice(unit, lease)
        done += 1
        if done > slices:
            os.kill(os.getpid(), signal.SIGKILL)
        return last

    works = [Work(closing.KIND, closing.due, run_slice)]
    with Database(url, clock=ManualClock(datetime.fromisoformat(instant))) as database:
        scheduler.run_due(database, "doomed", works)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
