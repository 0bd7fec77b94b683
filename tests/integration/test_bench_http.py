"""The benchmark by HTTP: what it asks and counts, and that its processes end with it."""

import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks import society
from benchmarks.errors import CaseFailed
from benchmarks.http import load, runs
from benchmarks.http.customers import Customers
from benchmarks.http.plan import DECLINED, NULL, PAID, REPLAYED, Ask
from creditbank.core.database import Database
from merchants.redemptions import State, redemptions

PEOPLE, ONE_IN = 14, 10
STALL_S, SLOW_US = 0.5, 100_000
WAIT_S = 60
Answer = tuple[int, dict[str, object]]
GOOD: Answer = (200, {"points": 3, "redemption_id": "red_1"})
STALLED: Answer = (200, {"points": 3, "redemption_id": "red_1"})
ROOT = Path(__file__).parents[2]

SERVES_AND_WAITS = """
import sys, time
from pathlib import Path
from benchmarks.http import runs
with runs.serving(sys.argv[1], Path(sys.argv[2])) as (server, port):
    print(server.pid, flush=True)
    time.sleep(600)
"""


def test_a_small_run_counts_what_the_books_say(database_url: str, tmp_path: Path) -> None:
    """Redemptions, one asked again, one declined and null requests: all as planned and stored."""
    with Database(database_url) as database:
        there = society.found(database, people=PEOPLE, shops=2)
    with runs.serving(database_url, tmp_path) as (server, port):
        customers = Customers(port, there, one_in=ONE_IN)
        planned = customers.plan(PEOPLE, hot=False)
        customers.asked(planned, 0)
        again = customers.plan(PEOPLE, hot=True)
        of_plans = [sorted({str(one.body["code"]) for one in plan}) for plan in (planned, again)]
        tills = {one.token for one in again}
        ran = runs.load(tmp_path, port, again, clients=4, seconds=WAIT_S)
        customers.asked(again, ran.result.answered)
        nulls = runs.load(tmp_path, port, customers.orders.nulls(9), clients=2, seconds=WAIT_S)
        assert 0 < server.resident_bytes()
        assert 0 < server.busy_us()
    assert of_plans[0] == of_plans[1]
    assert {one.token for one in there.hot_tills} >= tills
    assert {PAID: PEOPLE, REPLAYED: 1, DECLINED: 1} == ran.result.kinds
    assert (9, {NULL: 9}) == (nulls.result.answered, nulls.result.kinds)
    assert PEOPLE + 2 == ran.result.answered == len(ran.latencies_us)
    assert _paid(database_url, there.bank_id) == ran.redemptions
    assert PEOPLE == len(ran.redemptions)


def _paid(url: str, bank_id: int) -> set[str]:
    with Database(url, writing=False) as database:
        rows = database.read(
            bank_id,
            lambda view: view.rows(
                select(redemptions.c.redemption_id).where(
                    redemptions.c.bank_id == bank_id, redemptions.c.state == State.PAID
                )
            ),
        )
    return {row.redemption_id for row in rows}


def test_the_open_loop_counts_everyone_who_waits_while_a_server_stalls(tmp_path: Path) -> None:
    """A stall of one answer delays all that were due meanwhile; the closed loop sees one."""
    slow: dict[float | None, int] = {}
    for rate in (200.0, None):
        answers = itertools.chain([GOOD] * 20, [STALLED], itertools.repeat(GOOD))
        with _stand_in(answers) as port:
            ran = runs.load(tmp_path, port, _asks(200), clients=1, seconds=1, rate=rate)
        slow[rate] = sum(one >= SLOW_US for one in ran.latencies_us)
    assert slow[200.0] >= 60
    assert slow[None] <= 10


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((200, {"points": 2}), 'expected 200 {"points":3}, answered 200 {"points":2}'),
        ((409, {"points": 3}), "answered 409"),
        ((200, {}), "answered 200 {}"),
        (None, "no answer"),
    ],
)
def test_a_wrong_answer_is_told_and_fails_the_run(
    answer: Answer | None, told: str, tmp_path: Path
) -> None:
    """Other points, another status, nothing said or no answer at all end the run."""
    answers = itertools.chain([GOOD] * 5, [answer], itertools.repeat(GOOD))
    with _stand_in(answers) as port, pytest.raises(CaseFailed) as failed:
        runs.load(tmp_path, port, _asks(20), clients=1, seconds=WAIT_S)
    assert "1 wrong answers" in failed.value.reason
    assert f"paid {'k' * 16}000005: " in failed.value.reason
    assert told in failed.value.reason


def test_a_key_that_is_answered_in_other_words_the_second_time_fails_the_run(
    tmp_path: Path,
) -> None:
    """Both answers are as expected, and yet they differ."""
    first = next(_asks(1, again=True))
    answers = iter([GOOD, (200, {"points": 3, "redemption_id": "red_2"})])
    with _stand_in(answers) as port, pytest.raises(CaseFailed) as failed:
        runs.load(tmp_path, port, [first, first], clients=1, seconds=WAIT_S)
    assert "red_2" in failed.value.reason


def test_an_idle_connection_that_was_closed_is_opened_again(tmp_path: Path) -> None:
    """A server that hangs up between two requests loses none of them."""
    with _stand_in(itertools.repeat(GOOD), keep_alive=False) as port:
        ran = runs.load(tmp_path, port, _asks(5), clients=1, seconds=WAIT_S, rate=20)
    assert 5 == ran.result.answered


def test_figures_are_waits_that_happened() -> None:
    """Percentiles are of the nearest rank, so that one in a hundred is above p99 and no more."""
    found = load.percentiles(array("q", range(1, 1001)))
    assert {"p50": 500, "p95": 950, "p99": 990, "max": 1000} == found
    assert {"p50": 7, "p95": 7, "p99": 7, "max": 7} == load.percentiles(array("q", [7]))


def test_a_plan_reads_what_it_wrote() -> None:
    """A request is the same after it went through a line."""
    for ask in (*_asks(2), *_asks(1, again=True)):
        assert ask == Ask.read(ask.line())


@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_server_is_gone_when_its_parent_was_killed(database_url: str, tmp_path: Path) -> None:
    """Killing the benchmark leaves no server behind, and no lock on the file."""
    Database(database_url).close()
    command = [sys.executable, "-c", SERVES_AND_WAITS, database_url, str(tmp_path)]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        server = int(parent.stdout.readline())
        assert _runs(server)
        parent.send_signal(signal.SIGKILL)
        parent.wait(WAIT_S)
    deadline = time.monotonic() + WAIT_S
    while _runs(server):
        assert time.monotonic() < deadline, "the server outlives its parent"
        time.sleep(0.02)
    Database(database_url).close()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _asks(count: int, *, again: bool = False) -> Iterator[Ask]:
    for n in range(count):
        key = f"{'k' * 16}{n:06d}"
        yield Ask(PAID, "/v1/b/any/scan-and-redeem", key, "cbt_any", {}, 200, {"points": 3}, again)


@contextmanager
def _stand_in(answers: Iterator[Answer | None], *, keep_alive: bool = True) -> Iterator[int]:
    """The port of a server that gives answers one after the other; None hangs up instead."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(
            target=_answer_all, args=(listening, answers, keep_alive), daemon=True
        )
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(WAIT_S)


def _answer_all(listening: socket.socket, answers: Iterator[Answer | None], keep: bool) -> None:
    while True:
        try:
            line, _ = listening.accept()
        except OSError:  # the test is over
            return
        with line:
            while _request_came(line) and (answer := next(answers)) is not None:
                if answer is STALLED:
                    time.sleep(STALL_S)
                body = json.dumps(answer[1])
                head = f"HTTP/1.1 {answer[0]} Said\r\nContent-Length: {len(body)}\r\n\r\n"
                line.sendall(head.encode())
                line.sendall(body.encode())
                if not keep:
                    break


def _request_came(line: socket.socket) -> bool:
    come = b""
    while b"\r\n\r\n{}" not in come:
        part = line.recv(65536)
        if not part:
            return False
        come += part
    return True
