"""What a benchmark says about its figures, and which ones it refuses to take."""

import fcntl
import os
import random
import xml.etree.ElementTree as ET
from array import array
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from benchmarks import anchors, chart, core, driving, durability, folders, page, results, rounds
from benchmarks.cases import ANCHOR, CORE, SQLITE, Case, Slice, Wanted
from benchmarks.core import SINGLE
from benchmarks.driving import Request
from benchmarks.errors import AnchorFailed, CaseFailed, MarksMissing, NotDurable
from benchmarks.floors import FLOORS, Floor, Verdict, Word, judged, needed, of_growth
from benchmarks.machine import Machine
from benchmarks.results import Results
from benchmarks.rounds import Measured
from creditbank.ledger.audit import Finding

FLOOR = Floor("ours ÷ theirs", "ours", "theirs", 0.4, 0.7)
TIMES = Floor("ours, times theirs", "ours", "theirs", 5, 2, times=True)


def both(*pairs: tuple[float, float]) -> list[dict[str, float]]:
    """Rounds in which ours and theirs had these rates."""
    return [{"ours": ours, "theirs": theirs} for ours, theirs in pairs]


@pytest.mark.parametrize(
    ("floor", "measured", "word", "median", "on_target"),
    [
        (FLOOR, both((40, 100), (50, 100), (30, 100)), Word.MET, 0.4, False),
        (FLOOR, both((70, 100), (75, 100), (10, 100)), Word.MET, 0.7, True),
        (FLOOR, both((39, 100), (50, 100), (30, 100)), Word.MISSED, 0.39, False),
        (FLOOR, both((40, 100), (100, 250)), Word.MET, 0.4, False),
        (FLOOR, both((40, 100), (101, 251)), Word.TOO_NOISY, None, False),
        (FLOOR, both((1, 100), (1, 251)), Word.TOO_NOISY, None, False),
        (FLOOR, [{"ours": 40.0}, {"ours": 50.0}], Word.LEFT_OUT, None, False),
        (FLOOR, [{"theirs": 40.0}], Word.LEFT_OUT, None, False),
        (FLOOR, [], Word.LEFT_OUT, None, False),
        (FLOOR, [{"ours": 1.0}, *both((40, 100))], Word.MET, 0.4, False),
        (TIMES, both((20, 100), (25, 100), (10, 100)), Word.MET, 5.0, False),
        (TIMES, both((50, 100)), Word.MET, 2.0, True),
        (TIMES, both((19, 100)), Word.MISSED, 100 / 19, False),
    ],
)
def test_a_floor_is_judged_by_the_middle_of_all_rounds(
    floor: Floor,
    measured: list[dict[str, float]],
    word: Word,
    median: float | None,
    on_target: bool,
) -> None:
    """Met or missed; too noisy when what it leans on swings too much; left out when not run."""
    verdict = judged(floor, measured)
    assert word == verdict.word
    assert on_target == verdict.on_target
    if median is not None:
        assert pytest.approx(median) == verdict.median
    assert word.value == results.line(verdict)[-1]


def test_the_floors_are_those_of_the_design() -> None:
    """Nobody lowers a floor by the way."""
    assert [
        ("postgres core single spread 8 clients", "postgres anchor pgbench", 1.2, 1.8),
        ("postgres core batch 32 spread 1 client", "postgres anchor pgbench", 4, 6),
        ("sqlite core single spread 1 client", "sqlite anchor insert", 0.4, 0.7),
        (
            "sqlite core batch 32 spread 1 client",
            "sqlite core single spread 1 client",
            3,
            4.5,
        ),
    ] == [
        (one.case, one.against, one.floor, one.target) for one in FLOORS if "http" not in one.case
    ]
    assert [(0.2, 0.35), (0.7, 0.9)] * 2 == [
        (one.floor, one.target) for one in FLOORS if "http" in one.case
    ]
    assert [(0.6, 0.85, False), (5, 2, True)] * 2 == [
        (one.floor, one.target, one.times) for one in of_growth(10_000, 10_000_000)
    ]
    assert "sqlite anchor insert" in needed(FLOORS)


@pytest.mark.parametrize(
    ("latencies", "expected"),
    [([7], (7, 7, 7)), (list(range(100, 0, -1)), (50, 95, 99)), ([1] * 98 + [5, 9], (1, 1, 5))],
)
def test_a_percentile_is_a_wait_that_was_measured(
    latencies: list[int], expected: tuple[int, ...]
) -> None:
    """The least wait that so many per cent of the answers did not pass; nothing in between."""
    assert expected == rounds.percentiles(latencies, 50, 95, 99)


def test_every_round_runs_everything_once_in_an_order_of_its_own() -> None:
    """Cases and anchors alike; only cases run once before, and that is not counted."""
    ran: list[str] = []

    def case(via: str, what: str) -> Case:
        def work(seconds: float) -> Slice:
            ran.append(f"{what} {seconds}")
            return Slice(1, seconds)

        return Case("", via, what, work)

    cases = [case(ANCHOR, "a"), *(case(CORE, name) for name in "bcdef")]
    heard: list[int] = []
    measured = rounds.run(
        cases, 3, 2.0, dice=random.Random(1), tell=lambda nth, _case: heard.append(nth)
    )
    warm, rest = ran[:5], ran[5:]
    assert [f"{name} 0.3" for name in "bcdef"] == warm
    orders = [rest[n : n + 6] for n in range(0, 18, 6)]
    assert [sorted(f"{name} 2.0" for name in "abcdef")] * 3 == [sorted(one) for one in orders]
    assert 3 == len({tuple(one) for one in orders})
    assert rounds.count(cases, 3) == len(heard) == len(ran)
    assert 3 == len(measured.rounds)


def test_a_case_that_answers_nothing_has_no_figure() -> None:
    """It ends the run by its name, instead of a division by nought."""
    idle = Case("", CORE, "idle", lambda seconds: Slice(0, seconds))
    with pytest.raises(CaseFailed, match="core idle"):
        rounds.run([idle], 1, 0.1, dice=random.Random(1), tell=lambda _nth, _case: None)


def test_the_closed_loop_keeps_as_many_requests_in_flight_as_there_are_clients() -> None:
    """The next is asked when one is answered; every answer is waited for and counted."""
    asked: list[Future[int]] = []
    most = 0

    def following() -> Request | None:
        nonlocal most
        if len(asked) == 20:
            return None

        def submit() -> Future[int]:
            nonlocal most
            future: Future[int] = Future()
            asked.append(future)
            waiting = [one for one in asked if not one.done()]
            most = max(most, len(waiting))
            if len(waiting) == 4 or len(asked) > 16:
                for one in waiting:
                    one.set_result(2)
            return future

        return Request(submit, lambda future: int(future.result()))

    found = driving.closed_loop(following, 4, 60)
    assert 40 == found.done
    assert 20 == len(found.latencies_us)
    assert 4 == most


@pytest.mark.parametrize(
    ("engine", "setting", "value"),
    [
        ("sqlite", "synchronous", "1"),
        ("sqlite", "journal_mode", "delete"),
        ("postgres", "fsync", "off"),
        ("postgres", "synchronous_commit", "local"),
        ("postgres", "full_page_writes", "off"),
    ],
)
def test_a_database_that_may_forget_is_not_measured(engine: str, setting: str, value: str) -> None:
    """Each setting that matters is asserted on, by its name."""
    good = dict(durability.WANTED[engine])
    durability.refuse(engine, good)
    with pytest.raises(NotDurable, match=f"{setting} = {value}"):
        durability.refuse(engine, good | {setting: value})


def test_the_anchor_of_sqlite_is_warm_and_durable(tmp_path: Path) -> None:
    """Its log has the size that it keeps, so that no commit waits for the file to grow."""

    class Here:
        folder = tmp_path
        held = ExitStack()

    with Here.held:
        anchor = anchors.raw_insert(Here())  # type: ignore[arg-type]
        log = tmp_path / "anchor.db-wal"
        before = log.stat().st_size
        assert 0 < anchor.work(0.3).done
        assert before == log.stat().st_size


def test_pgbench_waits_for_the_disk_whatever_a_role_says() -> None:
    """Its own setting would make it faster than what it is compared with."""
    said = anchors._environment(make_url("postgresql://role@host:5433/any"))
    assert "-c synchronous_commit=on" == said["PGOPTIONS"]
    assert ("role", "host", "5433") == (said["PGUSER"], said["PGHOST"], said["PGPORT"])


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        ("echo tps = 1,234.5 (without)", 1234.5),
        ("echo 3 rounds: 7e2", 700),
        ("printf 12.5", 12.5),
    ],
)
def test_the_last_number_that_a_command_prints_is_its_rate(words: str, rate: float) -> None:
    """Whatever it says before."""
    assert pytest.approx(rate) == anchors.command("theirs", words).run(1).rate


@pytest.mark.parametrize("words", ["echo nothing", "echo 0", "false", "no-such-program-here", "''"])
def test_a_command_without_a_rate_ends_the_run_by_its_name(words: str) -> None:
    """An anchor that prints nothing, fails or is not there is no anchor."""
    with pytest.raises(AnchorFailed, match="theirs"):
        anchors.command("theirs", words).run(1)


def test_a_killed_run_is_swept_and_a_living_one_is_not(tmp_path: Path) -> None:
    """The lock of a folder tells; one that was made just now is not locked yet."""
    for name in ("left", "living", "fresh"):
        folder = tmp_path / (folders.PREFIX + name)
        folder.mkdir()
        if name != "fresh":
            (folder / "lock").touch()
    (tmp_path / "other-thing").mkdir()
    descriptor = os.open(tmp_path / f"{folders.PREFIX}living" / "lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert [tmp_path / f"{folders.PREFIX}left"] == folders.sweep(tmp_path)
    finally:
        os.close(descriptor)
    assert {f"{folders.PREFIX}living", f"{folders.PREFIX}fresh", "other-thing"} == {
        path.name for path in tmp_path.iterdir()
    }


def made_up() -> Results:
    """Results of a run that never was."""
    cases = [
        Case("", ANCHOR, "insert", lambda _: Slice(1, 1)),
        Case(SQLITE, CORE, SINGLE, lambda _: Slice(1, 1), 1, "spread", against="anchor insert"),
    ]
    waits = array("q", [1000, 2000, 250_000])
    measured = Measured(cases)
    for ours in (30, 50, 40):
        measured.rounds.append(
            {cases[0].name: Slice(100, 1), cases[1].name: Slice(ours, 1, waits, 1, 2)}
        )
    floor = Floor("ours ÷ <insert>", cases[1].name, cases[0].name, 0.4, 0.7)
    about = Machine("2026-03-01T09:00+00:00", "A <CPU>", 2, 4, "Linux 6", "ext4", "3.11", "3.40", 0)
    return Results(
        about,
        {"sqlite": "SQLite 3.40.1"},
        {"rounds": 3, "seconds": 2.0, "members": 20},
        measured,
        results.judged(measured, [floor]),
        {"sqlite main": [Finding("drift", "account 7", "is 3, was 4")], "sqlite http": []},
        ("no pgbench",),
        {"sqlite main": 120},
    )


def test_the_page_keeps_its_words_and_renews_its_results(tmp_path: Path) -> None:
    """What stands outside the marks stays; writing twice leaves one set of results."""
    path = tmp_path / "page.md"
    path.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
    page.write(path, made_up())
    once = path.read_text()
    page.write(path, made_up())
    assert once == path.read_text()
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    for said in (
        "| ours ÷ <insert> | 0.40 | 0.30–0.50 | ≥ 0.4 | ≥ 0.7 | met |",
        "| sqlite core single spread 1 client | anchor insert | 40 | 0.40 | 0.30–0.50 | 2.0 |",
        "- no pgbench",
        "- sqlite main: 120 acknowledged, 1 findings",
    ):
        assert said in once


@pytest.mark.parametrize("text", ["", "no marks", f"{page.END} {page.BEGIN}", page.BEGIN])
def test_a_page_without_marks_is_refused_before_anything_is_measured(
    text: str, tmp_path: Path
) -> None:
    """Results never replace a page."""
    path = tmp_path / "page.md"
    path.write_text(text)
    with pytest.raises(MarksMissing):
        page.require_marks(path)
    with pytest.raises(MarksMissing):
        page.require_marks(tmp_path / "none.md")


def test_the_chart_is_whole_and_escaped() -> None:
    """It is XML, names every case with its ratio, and draws a bar for each."""
    drawn = chart.drawn(made_up())
    root = ET.fromstring(drawn)  # noqa: S314 - our own
    texts = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "sqlite core single spread 1 client" in texts
    assert "0.40 · met" in texts
    assert "A <CPU> · 2 cores · 2026-03-01T09:00+00:00 · rounds: 3" in texts
    assert 2 == len(list(root.iter("{http://www.w3.org/2000/svg}rect")))


def test_a_floor_between_two_cases_is_drawn() -> None:
    """What is divided by an anchor in the table has a second bar, against its floor's."""
    found = made_up()
    ours, theirs = found.measured.cases[1].name, "other"
    for each in found.measured.rounds:
        each[theirs] = Slice(10, 1)
    floor = Floor("ours ÷ other", ours, theirs, 3, 4.5)
    drawn = chart.drawn(
        replace(found, verdicts=(*found.verdicts, *results.judged(found.measured, [floor])))
    )
    assert "÷ other" in drawn
    assert "4.00 · met" in drawn


def test_the_file_for_programs_holds_every_round() -> None:
    """Machine, settings, figures of each round, ratios, verdicts and findings."""
    said = made_up().json()
    assert [30, 50, 40] == [
        each["sqlite core single spread 1 client"]["done"] for each in said["rounds"]
    ]
    (floor,) = said["floors"]
    assert ([0.3, 0.5, 0.4], 0.4, "met", False) == (
        floor["ratios"],
        floor["median"],
        floor["verdict"],
        floor["on_target"],
    )
    case = said["cases"][1]
    assert (2000, 250_000, 3, 6) == (
        case["p50_us"],
        case["p99_us"],
        case["declined"],
        case["replayed"],
    )
    assert ("drift", "A <CPU>", ["no pgbench"]) == (
        said["audit"]["sqlite main"][0]["proof"],
        said["machine"]["cpu"],
        said["left_out"],
    )


def test_options_choose_among_all_cases() -> None:
    """What is named is run, and nothing else; where an option has no sense it says nothing."""
    case = Case("sqlite", CORE, SINGLE, lambda _: Slice(1, 1), 8, "spread")
    anchor = Case("sqlite", ANCHOR, "insert", lambda _: Slice(1, 1))
    assert Wanted().of(case)
    assert Wanted(clients=(8,), loads=("spread",)).of(case)
    assert not Wanted(clients=(1,)).of(case)
    assert not Wanted(loads=("hot",)).of(case)
    assert Wanted(clients=(1,), loads=("hot",)).of(anchor)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(batches=("auto", "1"), clients=(1,)), ["single spread 1 client"]),
        (
            Wanted(batches=("auto", "32"), clients=(1, 8), loads=("hot",)),
            [
                "single hot 1 client",
                "single hot 8 clients",
                "batch 32 hot 1 client",
                "batch 32 hot 8 clients",
            ],
        ),
        (
            Wanted(loads=("spread",)),
            [
                *(f"single spread {n}" for n in ("1 client", "8 clients", "32 clients")),
                "batch 32 spread 1 client",
                "batch 1000 spread 1 client",
            ],
        ),
    ],
)
def test_a_case_that_two_options_name_is_run_once(wanted: Wanted, expected: list[str]) -> None:
    """Batch 1 is one client alone."""

    class Nowhere:
        engine = "postgres"

    found = [one.name for one in core.cases(Nowhere(), wanted)]  # type: ignore[arg-type]
    assert [f"postgres core {name}" for name in expected] == found


def test_a_verdict_without_ratios_has_no_middle() -> None:
    """Nothing is made up for a floor that was left out."""
    assert Verdict(FLOOR, (), Word.LEFT_OUT).median is None
