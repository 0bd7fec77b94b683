"""Charts: round steps, bars that stand where their values say, and a table behind every picture."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from api.pages.look import Look
from api.pages.rendering import Speech, templates
from api.papers import charts

START = datetime(2026, 3, 1, tzinfo=UTC)
VALUES = st.lists(st.integers(-(10**9), 10**12), min_size=1, max_size=40)


def test_steps_are_round_and_shared() -> None:
    """Both axes have as many steps, each a round number, as the picture to learn from shows."""
    found = charts.drawn(["1月", "2月"], [("a", [1402, 310])], ("b", [2500, 6950]))
    assert [0, 400, 800, 1200, 1600] == [one.left for one in found.ticks]
    assert [0, 2000, 4000, 6000, 8000] == [one.right for one in found.ticks]


def test_minutes_are_counted_by_the_hour() -> None:
    """An axis of minutes steps by whole hours."""
    found = charts.drawn(["1月"], [("a", [7 * 60 + 30])], per=60)
    assert all(one.left % 60 == 0 for one in found.ticks)
    assert 8 * 60 == found.ticks[-1].left


@given(VALUES, st.integers(1, 3), st.sampled_from([1, 60]))
def test_bars_stand_inside_and_in_order(values: list[int], many: int, per: int) -> None:
    """No bar leaves the box, and a higher value never stands lower."""
    labels = [str(n) for n in range(len(values))]
    found = charts.drawn(labels, [(str(n), values) for n in range(many)], ("line", values), per)
    assert all(charts.TOP <= one.y <= one.y + one.height <= charts.BOTTOM for one in found.bars)
    assert all(charts.LEFT <= one.x <= charts.RIGHT for one in found.bars)
    assert all(charts.TOP <= one.y <= charts.BOTTOM for one in found.points)
    heads = sorted((one.value, -one.y) for one in found.points)
    assert sorted(head for _, head in heads) == [head for _, head in heads]


def test_nothing_is_still_a_chart() -> None:
    """Without any value there is an axis from 0 to 1, and no bar."""
    found = charts.drawn([], [("a", [])], ("b", []))
    assert ([0, 1], ()) == ([one.left for one in found.ticks], found.bars)


@pytest.mark.parametrize(
    ("number", "zh", "en"),
    [(9_999, "9,999", "9,999"), (12_345, "1.2万", "12.3k"), (-20_000, "-2万", "-20k")],
)
def test_large_numbers_are_short(number: int, zh: str, en: str) -> None:
    """An axis says 1.2万 where a table would write it out."""
    assert (zh, en) == (charts.short(number), charts.short(number, chinese=False))


def _rendered(source: str, **values: object) -> BeautifulSoup:
    speech = Speech(Look(), ZoneInfo("Asia/Shanghai"), START)
    template = templates().from_string(
        '{% from "parts/chart.html" import chart, shares with context %}' + source
    )
    return BeautifulSoup(template.render(speech.words() | values), "html.parser")


def test_a_chart_says_itself_and_has_its_table() -> None:
    """Title and description are the picture's name; the table has every value, and the sums."""
    found = _rendered(
        "{{ chart('x', '发放', labels=['1月','2月'], bars=[('甲', [820, 310])],"
        " line=('乙', [5, 6000])) }}"
    )
    svg = found.find("svg", role="img")
    assert svg is not None
    named = [found.select(f"#{one}")[0].text for one in str(svg["aria-labelledby"]).split()]
    assert ["发放", "柱状图，数字见下面的表格。"] == named
    cells = [[cell.text for cell in row.find_all(["th", "td"])] for row in found.find_all("tr")]
    assert [
        ["月份", "甲", "乙"],
        ["1月", "820", "5"],
        ["2月", "310", "6,000"],
        ["合计", "1,130", ""],
    ] == cells
    assert found.find("caption") is not None
    assert [] == found.select("[style], script")


def test_a_chart_escapes_what_it_shows() -> None:
    """Names of people's making stay text in picture, legend and table."""
    bad = '</title><script>alert(1)</script>"'
    source = (
        "{{ chart('x', bad, labels=[bad], bars=[(bad, [1])], line=(bad, [1])) }}"
        "{{ shares(bad, bad, bad, [(bad, 3)]) }}"
    )
    found = _rendered(source, bad=bad)
    assert [] == found.find_all("script")
    assert 8 <= found.text.count(bad)
