"""Uploading a journal to the running server: checked whole, stored in parts, loaded by a job."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx2 import Response

from api import scheduler
from api.proofs import audit, count
from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.pace import Pace
from creditbank.core.units import Actor, Unit
from creditbank.core.values import Amount, Posting
from creditbank.ledger import imports, journal, posting
from creditbank.ledger.chart import Kind
from creditbank.ledger.imports import ImportState
from tests.books import OPERATOR
from tests.web import Web, new_key, opened

HEADER = "key,occurred_at,kind,source,destination,amount\n"


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as web:
        yield web


def rows(count: int) -> str:
    """A journal that gives a hundred people points, again and again."""
    lines = [f"g{n},2026-01-02T09:00:00+08:00,issue,grants,p{n % 100},2\n" for n in range(count)]
    return HEADER + "".join(lines)


def upload(web: Web, text: str, *, key: str | None = None, token: str | None = None) -> Response:
    """Send a journal as the operator, or as whoever's token is given."""
    return web.client.post(
        "/v1/b/trust/imports?asset=XYB",
        headers={
            "Authorization": f"Bearer {token or web.operator}",
            "Idempotency-Key": key or new_key(),
            "Content-Type": "text/csv",
        },
        content=text.encode(),
    )


def state(web: Web, import_id: str) -> dict[str, object]:
    """How far an import is."""
    found: dict[str, object] = web.get(f"/imports/{import_id}", web.operator).json()
    return found


def total(web: Web) -> int:
    """What the hundred people hold together."""
    lines = web.database.read(web.bank.bank_id, journal.balance_lines)
    return sum(int(one.balance) for one in lines if one.account.startswith("outside/p"))


def test_an_upload_is_stored_and_loaded_by_the_job(web: Web) -> None:
    """250 rows are stored in three parts, and the job loads each of them once."""
    sent = upload(web, rows(250))
    assert (202, "ready", 250, 3) == (
        sent.status_code,
        *(sent.json()[name] for name in ("state", "rows", "parts")),
    )
    assert 0 == total(web)
    scheduler.run_due(web.database, scheduler.new_owner())
    after = state(web, sent.json()["import_id"])
    assert ("loaded", 250, 3) == (after["state"], after["rows_loaded"], after["parts_loaded"])
    assert 500 == total(web)
    assert 0 == count(web.database.read(web.bank.bank_id, audit))


def test_the_same_upload_again_is_the_same_import(web: Web) -> None:
    """A repeated upload gives the same import back, before and after it is loaded."""
    key = new_key()
    first, second = (upload(web, rows(10), key=key).json() for _ in range(2))
    assert first == second
    scheduler.run_due(web.database, scheduler.new_owner())
    third = upload(web, rows(10), key=key).json()
    assert (first["import_id"], "loaded") == (third["import_id"], third["state"])
    assert 20 == total(web)


def test_two_uploads_at_once_are_one_import(web: Web) -> None:
    """Copies that store their parts side by side end in one import of every row once."""
    key, text = new_key(), rows(1_000)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: upload(web, text, key=key), range(4)))
    assert [202] * 4 == [one.status_code for one in sent]
    assert 1 == len({one.json()["import_id"] for one in sent})
    scheduler.run_due(web.database, scheduler.new_owner())
    after = state(web, sent[0].json()["import_id"])
    assert ("loaded", 1_000) == (after["state"], after["rows_loaded"])
    assert 2_000 == total(web)


def test_one_bad_row_loads_nothing(web: Web) -> None:
    """Every bad row is told with its line and reason, and the books are as they were."""
    text = rows(3) + "b1,2026-01-02,issue,grants,p1,0\nb2,2026-01-02,gift,p1,p2,99\n"
    refused = upload(web, text)
    assert (422, "/problems/import-refused", 2) == (
        refused.status_code,
        refused.json()["type"],
        refused.json()["bad"],
    )
    assert [5, 6] == [row["line"] for row in refused.json()["rows"]]
    scheduler.run_due(web.database, scheduler.new_owner())
    assert 0 == total(web)


def test_what_is_no_journal_is_refused(web: Web) -> None:
    """A file with other columns, and an asset that does not exist, are typed problems."""
    assert "/problems/bad-journal" == upload(web, "a,b\n1,2\n").json()["type"]
    unknown = web.client.post(
        "/v1/b/trust/imports?asset=NONE",
        headers={
            "Authorization": f"Bearer {web.operator}",
            "Idempotency-Key": new_key(),
            "Content-Type": "text/csv",
        },
        content=rows(1).encode(),
    )
    assert (404, "/problems/asset-not-found") == (unknown.status_code, unknown.json()["type"])


def test_only_the_operator_imports(web: Web) -> None:
    """No other role of the office uploads a journal."""
    refused = {upload(web, rows(1), token=one).status_code for one in (web.treasurer, web.auditor)}
    assert {403} == refused


def test_an_import_that_cannot_go_on_stops_and_is_resumed(web: Web) -> None:
    """Books that moved in between stop the job with a reason; mended, it goes on to the end."""
    give = "a1,2026-01-02T09:00:00+08:00,issue,grants,ann,5\n"
    assert 202 == upload(web, HEADER + give).status_code
    scheduler.run_due(web.database, scheduler.new_owner())
    spend = "a2,2026-01-03T09:00:00+08:00,gift,ann,ben,5\n"
    import_id = upload(web, HEADER + spend).json()["import_id"]
    _move(web, "outside/ann", "outside/can", 3, "test/moved/away")
    scheduler.run_due(web.database, scheduler.new_owner())
    stopped = state(web, import_id)
    assert ImportState.STOPPED == stopped["state"]
    assert "5" in str(stopped["reason"])
    _move(web, "outside/can", "outside/ann", 3, "test/moved/back")
    resumed = web.post(f"/imports/{import_id}/resume", web.operator)
    assert (200, {"state": "ready"}) == (resumed.status_code, resumed.json())
    scheduler.run_due(web.database, scheduler.new_owner())
    assert ("loaded", 1) == (
        state(web, import_id)["state"],
        state(web, import_id)["rows_loaded"],
    )


def test_what_is_not_stopped_is_not_resumed(web: Web) -> None:
    """An import that is loaded, or that does not exist, cannot be resumed."""
    import_id = upload(web, rows(1)).json()["import_id"]
    assert 409 == web.post(f"/imports/{import_id}/resume", web.operator).status_code
    missing = web.post(f"/imports/imp_{'0' * 26}/resume", web.operator)
    assert (404, "/problems/import-not-found") == (missing.status_code, missing.json()["type"])


def test_a_second_attempt_that_comes_late_changes_nothing(web: Web) -> None:
    """Parts of an attempt that was overtaken are never loaded."""
    import_id = upload(web, rows(2)).json()["import_id"]

    def late(unit: Unit) -> None:
        attempt = imports.new_attempt(unit)
        imports.make_ready(unit, import_id=import_id, attempt=attempt, rows=99, parts=9)

    web.database.write(web.bank.bank_id, OPERATOR, late)
    assert (2, 1) == (state(web, import_id)["rows"], state(web, import_id)["parts"])


def _move(web: Web, source: str, destination: str, units: int, key: str) -> None:
    def work(unit: Unit) -> None:
        moved = Posting(source, destination, Amount(units, "XYB"))
        posting.post(unit, posting.Draft(Kind.GIFT, key, unit.now, (moved,)))

    web.database.write(web.bank.bank_id, OPERATOR, work)


@pytest.mark.parametrize("part", ["held", "debt"])
def test_a_journal_cannot_move_what_the_engine_keeps(web: Web, part: str) -> None:
    """Holds and debts are moved by the engine only; a journal that names them is refused."""
    member_id, _ = web.earned()
    line = f"z,2026-01-02,issue,office,member/{member_id}/{part},5\n"
    refused = upload(web, HEADER + line)
    assert (422, [2]) == (refused.status_code, [row["line"] for row in refused.json()["rows"]])


def test_totals_stay_countable(web: Web) -> None:
    """Amounts that add up past 2^53 are bad rows, not a job that fails for ever."""
    most = 2**53 - 1
    text = HEADER + f"a,2026-01-02,issue,office,ann,{most}\nb,2026-01-02,issue,office,ann,1\n"
    refused = upload(web, text)
    assert (422, [3]) == (refused.status_code, [row["line"] for row in refused.json()["rows"]])


def test_an_import_that_fails_does_not_block_the_next(web: Web) -> None:
    """An account that filled up in between stops its own import; the one behind it is loaded."""
    upload(web, HEADER + "o,2026-01-01,issue,office,ann,1\n")
    scheduler.run_due(web.database, scheduler.new_owner())
    first = upload(web, HEADER + "a,2026-01-02,issue,office,ann,5\n").json()["import_id"]
    second = upload(web, HEADER + "b,2026-01-02,issue,office,ben,5\n").json()["import_id"]
    _move(web, "outside/office", "outside/ann", 2**53 - 2, "test/filled/ann")
    scheduler.run_due(web.database, scheduler.new_owner())
    assert ["stopped", "loaded"] == [state(web, one)["state"] for one in (first, second)]


def test_a_load_that_was_killed_goes_on_where_it_stopped(
    web: Web, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed stays, a lost slice is done again; progress rises, nothing comes twice."""
    monkeypatch.setattr(imports, "PACE", Pace(100, most=100))
    import_id = upload(web, rows(450)).json()["import_id"]
    worker, bank_id = Actor(f"job/{scheduler.LOAD_IMPORTS}", "job"), web.bank.bank_id
    [work] = [one for one in scheduler.WORKS if one.kind == scheduler.LOAD_IMPORTS]

    def taken(unit: Unit) -> jobs.Lease:
        lease = jobs.take(unit, kind=work.kind, owner="first")
        assert lease is not None
        return lease

    lease = web.database.write(bank_id, worker, taken)
    seen = []
    for _ in range(2):
        web.database.write(bank_id, worker, lambda unit: bool(work.run_slice(unit, lease)))
        seen.append(state(web, import_id)["rows_loaded"])

    def killed(unit: Unit) -> None:
        work.run_slice(unit, lease)
        raise RuntimeError("the machine stopped")

    lost = web.database.writer.submit(bank_id, worker, killed)
    assert isinstance(lost.exception(), RuntimeError)
    seen.append(state(web, import_id)["rows_loaded"])
    assert [100, 200, 200] == seen
    clock.advance(seconds=jobs.LEASE_S + 1)
    scheduler.run_due(web.database, scheduler.new_owner())
    after = state(web, import_id)
    assert ("loaded", 450, 5) == (after["state"], after["rows_loaded"], after["parts_loaded"])
    assert 900 == total(web)


def test_two_journals_with_rows_in_common(web: Web) -> None:
    """Two files that overlap, uploaded side by side, leave every row once."""
    with ThreadPoolExecutor(2) as pool:
        sent = list(pool.map(lambda count: upload(web, rows(count)), (300, 400)))
    assert [202, 202] == [one.status_code for one in sent]
    scheduler.run_due(web.database, scheduler.new_owner())
    assert {"loaded"} == {state(web, one.json()["import_id"])["state"] for one in sent}
    assert 800 == total(web)


def test_an_upload_says_what_it_is(web: Web) -> None:
    """A body of another kind is refused unread; an empty one is no journal."""

    def told(kind: str, content: bytes) -> tuple[int, str]:
        answer = web.client.post(
            "/v1/b/trust/imports?asset=XYB",
            headers={
                "Authorization": f"Bearer {web.operator}",
                "Idempotency-Key": new_key(),
                "Content-Type": kind,
            },
            content=content,
        )
        return answer.status_code, answer.json()["type"]

    assert (415, "/problems/body-kind-unknown") == told("application/json", b"{}")
    assert "/problems/bad-journal" == told("text/csv", b"")[1]
