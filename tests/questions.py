"""Everything that is asked of a database: by every page, every route, and every job.

They are collected once, each statement with the first values that were bound to it, and with who
asked: the operations of `tests.matrix`, as every role that may, about its own things; and the
kinds of jobs, each as often as the calendar wants it in a year and a half.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api import scheduler
from api.scheduler import Work
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests import matrix, plans
from tests.asgi import Direct
from tests.matrix import DENIED, MISSING, UNKNOWN, WHO
from tests.plans import Planner
from tests.statements import read
from tests.world import OWN, World

_REFUSED = {UNKNOWN, DENIED, MISSING}
_ENDLESS = "/live"


@dataclass(slots=True)
class Questions:
    """The statements, each with a sample of what was bound to it and with all who asked it."""

    bound: dict[str, Any] = field(default_factory=dict)
    askers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def take(self, asker: str, asked: plans.Asked) -> None:
        """Keep what somebody asked."""
        for statement, parameters in asked.statements:
            self.bound.setdefault(statement, parameters)
            self.askers[statement].add(asker)

    def long_ways(self, planner: Planner) -> dict[tuple[str, str], str]:
        """Return who reads which growing table from end to end, with the step and the statement."""
        found: dict[tuple[str, str], str] = {}
        for statement, parameters in self.bound.items():
            if not any(plans.grows(one) for one in read(statement).tables):
                continue
            for table, step in planner.long_ways(statement, parameters):
                for asker in self.askers[statement]:
                    found[asker, table] = f"{step}\n{statement}"
        return found


def of_requests(client: Direct, made: World, *, pages: bool) -> Questions:
    """Ask for everything that a role may ask for; reading first, as what is written ends things."""
    found, rows = Questions(), matrix.table()
    several = [one for name, one in matrix.operations().items() if name in rows]
    for one in sorted(several, key=lambda one: (one.method != "GET", list(rows).index(one.name))):
        if one.path.endswith(_ENDLESS) or (one.is_page and not pages):
            continue
        for role in WHO:
            if rows[one.name][role] not in _REFUSED:
                with plans.asked() as asked:
                    matrix.asked(client, one, made.ids[OWN], made.headers[role])
                found.take(one.name, asked)
    return found


def of_jobs(
    database: Database, clock: ManualClock, works: tuple[Work, ...], spans: tuple[timedelta, ...]
) -> Questions:
    """Let every job do what is due, at once and after each of the spans."""
    found = Questions()
    for span in (timedelta(), *spans):
        clock.set(clock.now() + span)
        for work in works:
            with plans.asked() as asked:
                scheduler.run_due(database, "plans", [work])
            found.take(work.kind, asked)
    return found
