"""Every operation, asked in made-up ways by every role, answers as its description says."""

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests import contract, web


def test_every_answer_is_foreseen(database: Database, clock: ManualClock, backend: str) -> None:
    """No fault of the server, no status and no shape that is not in the OpenAPI file.

    Bad requests never come to the database, so one kind of it is enough for them. Each operation
    is asked as some roles in turn; `make prove` asks as all of them.
    """
    here = backend == "sqlite"
    with web.opened(database, clock) as api:
        tried = contract.attempt(api, good=1, bad=1 if here else 0, roles_each=3 if here else 2)
    assert [] == tried.wrong
    assert {200, 201, 401, 403, 404} <= tried.statuses.keys()
