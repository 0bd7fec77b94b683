"""Programmes as tables of cases, tried on paper; and journals with rows that say nothing."""

import datetime as dt

import pytest

from creditbank.schemes import journals
from creditbank.schemes.journals import COLUMNS
from creditbank.schemes.simulation import INS, OUTS, Simulation
from tests import cases
from tests.cases import TABLES, Case
from tests.programme import SCHEMES, read

HEAD = ",".join(COLUMNS)


def _lines(case: Case) -> list[str]:
    """The journal's rows for a case."""
    units, asset, _, per = [*case.gives.split(), "", "", "", ""][:4]
    row = (case.day, case.what, case.who, case.minutes, case.category, asset, units, per, case.to)
    return [HEAD, *[",".join(row)] * int(case.n or 1)]


def _left(tried: Simulation) -> dict[tuple[str, str], int]:
    return {place: account.left for place, account in tried.accounts.items()}


@pytest.mark.parametrize("name", TABLES)
def test_a_programme_on_paper(name: str) -> None:
    """Row by row: what comes in, what a cap takes and where it goes, what is spent and expires."""
    found = read(name)
    assert found.scheme is not None
    tried = Simulation(found.scheme)
    for case in cases.rows(TABLES[name]):
        before = _left(tried)
        if case.what == "expire":
            tried.run([], dt.date.fromisoformat(case.day))
        else:
            events, bad = journals.events(_lines(case), found.scheme)
            assert [] == bad
            for one in events:
                tried._happen(one)
        after = _left(tried)
        changed = {place: after[place] - before.get(place, 0) for place in after}
        said = [f"{who} {asset} {by:+}" for (who, asset), by in sorted(changed.items()) if by]
        assert sorted(said) == sorted(filter(None, case.then.split(", "))), case
    for figures in tried.figures().values():
        came, went = (sum(figures[one] for one in names) for names in (INS, OUTS))
        assert came == went + figures["left"]


def test_gifts_donations_and_lifetimes_on_paper() -> None:
    """A gift keeps the giver's day, has its limit a day; redeeming waits for a lifetime total."""
    found = read("everything-else.toml")
    assert found.scheme is not None
    lines = [
        HEAD,
        "2026-01-05,service,A,120,care,POINT,5,hour,",
        "2026-01-06,gift,A,,,POINT,4,,B",
        "2026-01-06,gift,A,,,POINT,7,,B",
        "2026-01-06,spend,A,,,POINT,1,,",
        "2026-01-06,donate,A,,,HOUR,5,,elders",
        "2026-01-06,spend,A,,,STAR,1,,",
        "2026-08-01,service,B,60,errand,,,,",
    ]
    events, bad = journals.events(lines, found.scheme)
    assert [] == bad
    tried = Simulation(found.scheme)
    tried.run(events)
    figures = {
        place: {name: units for name, units in mine.items() if units}
        for place, mine in tried.figures().items()
    }
    assert {
        ("A", "HOUR"): {"issued": 20, "donated": 5, "left": 15},
        ("A", "POINT"): {"issued": 10, "given": 4, "expired": 6, "refused": 8},
        ("A", "STAR"): {"refused": 1},
        ("B", "HOUR"): {"issued": 8, "left": 8},
        ("B", "POINT"): {"received": 4, "expired": 4},
        ("fund/elders", "HOUR"): {"received": 5, "left": 5},
    } == figures
    assert 28 == tried.totals()["HOUR"]["issued"]


@pytest.mark.parametrize(
    ("line", "reason", "lines"),
    [
        (1, "day", ["date,what,member"]),
        (1, "colour", [f"{HEAD},colour"]),
        (2, "2026-1-1", [HEAD, "2026-1-1,join,A,,,,,,"]),
        (3, "sort", [HEAD, "2026-02-01,join,A,,,,,,", "2026-01-31,join,B,,,,,,"]),
        (2, "what", [HEAD, "2026-01-01,serve,A,60,care,,,,"]),
        (2, "member", [HEAD, "2026-01-01,join,,,,,,,"]),
        (2, "minutes", [HEAD, "2026-01-01,service,A,0,care,,,,"]),
        (2, "minutes", [HEAD, "2026-01-01,service,A,1.5,care,,,,"]),
        (2, "minutes", [HEAD, "2026-01-01,service,A,-60,care,,,,"]),
        (2, "no rate", [HEAD, "2026-01-01,service,A,60,,,,,"]),
        (2, "asset", [HEAD, "2026-01-01,service,A,60,,GOLD,5,hour,"]),
        (2, "per", [HEAD, "2026-01-01,service,A,60,,POINT,5,day,"]),
        (2, "rates", [HEAD, "2026-01-01,service,A,60,care,HOUR,9,hour,"]),
        (2, "≤ 5", [HEAD, "2026-01-01,service,A,60,care,POINT,6,hour,"]),
        (2, "units", [HEAD, "2026-01-01,spend,A,,,POINT,,,"]),
        (2, "to", [HEAD, "2026-01-01,gift,A,,,POINT,5,,A"]),
        (2, "columns", [HEAD, "2026-01-01,join,A,,,,,,,,,"]),
    ],
)
def test_a_bad_row_is_named(line: int, reason: str, lines: list[str]) -> None:
    """Each by its line and what is wrong about it; the sample itself has none."""
    scheme = read("everything-else.toml").scheme
    assert scheme is not None
    (bad,) = journals.events(lines, scheme)[1]
    assert (line, True) == (bad.line, reason in bad.reason)


def test_the_sample_journal_is_sound() -> None:
    """What lies beside the files can be tried as it is."""
    scheme = read("everything-else.toml").scheme
    assert scheme is not None
    sample = (SCHEMES / "journal.csv").read_text("utf-8").splitlines()
    events, bad = journals.events(sample, scheme)
    assert (13, []) == (len(events), bad)
