"""Tables of cases for the programmes under seeds/schemes, and one that is made up on the spot.

Each row happens on its day; ``for`` is the category, ``then`` what changes by it, of whom and
of which asset. The same rows go through a trial on paper (unit tests) and through a bank
(integration tests).
"""

from typing import NamedTuple


class Case(NamedTuple):
    """One row: ``n`` times a service of so many minutes, or what else happens."""

    day: str
    what: str
    who: str
    n: str
    minutes: str
    category: str
    gives: str
    to: str
    then: str


def rows(table: str) -> list[Case]:
    """The rows of a text table, without its heading."""
    found = [line.split("|") for line in table.strip().splitlines()]
    return [Case(*(cell.strip() for cell in cells)) for cells in found[1:]]


ELSEWHERE = """
title = "北坡村互助"
rounding = "half_hours"
remainder = "drop"
minutes_day_most = 300
team_earnings = "members"

[[assets]]
asset = "BEAN"
kind = "spendable"
storage_cap = 20
over_cap = "honour"
over_to = "LEAF"
welcome = 3
validity_months = 3

[[assets]]
asset = "LEAF"
kind = "honour"

[[rates]]
asset = "BEAN"
units = 4
per = "hour"
"""

TABLES = {
    "county-with-shops.toml": """
day        | what    | who | n | min | for | gives            | to | then
2026-03-02 | service | A   | 1 | 60  |     | 10 XYB per hour  |    | A XYB +10
2026-03-02 | service | A   | 1 | 89  |     | 10 XYB per hour  |    | A XYB +10
2026-03-02 | service | A   | 1 | 95  |     | 10 XYB per hour  |    | A XYB +10, fund/aid XYB +5
2026-03-02 | service | A   | 1 | 60  |     | 10 VOL per hour  |    | A VOL +10
2026-03-03 | service | B   | 1 | 29  |     | 10 XYB per hour  |    |
2026-03-03 | service | B   | 1 | 451 |     | 10 XYB per hour  |    | B XYB +30, fund/aid XYB +45
2026-03-03 | service | B   | 1 | 30  |     | 10 VOL per hour  |    |
2026-03-04 | service | B   | 1 | 510 |     | 10 VOL per hour  |    | B VOL +80
2026-03-05 | spend   | A   |   |     |     | 12 XYB           |    | A XYB -12
2026-03-05 | spend   | A   |   |     |     | 19 XYB           |    |
2026-03-06 | service | B   | 7 | 60  |     | 5 XYB per person |    | B XYB +30, fund/aid XYB +5
2027-06-01 | service | A   | 1 | 15  |     | 5 XYB per person |    | A XYB +5
2028-03-07 | expire  |     |   |     |     |                  |    | A XYB -18, B XYB -60
""",
    "city-community.toml": """
day        | what    | who | n  | min | for        | gives | to | then
2026-03-02 | service | A   | 1  | 45  | governance |       |    | A HF +4
2026-03-02 | service | A   | 1  | 240 | hardship   |       |    | A HF +6
2026-03-02 | service | A   | 1  | 20  | opinions   |       |    | A HF +2
2026-03-03 | service | B   | 1  | 30  | pair-visit |       |    | B HF +5
2026-03-17 | service | B   | 1  | 30  | pair-visit |       |    | B HF +5
2026-03-18 | service | B   | 1  | 10  | patrol     |       |    | B HF +3
2026-03-18 | service | B   | 1  | 300 | patrol     |       |    | B HF +3
2026-03-20 | service | C   | 15 | 20  | mediation  |       |    | C HF +120
2026-03-21 | service | C   | 1  | 60  | mediation  |       |    |
2026-04-01 | service | C   | 1  | 60  | mediation  |       |    | C HF +8
2026-04-02 | spend   | A   |    |     |            | 5 HF  |    | A HF -5
2027-03-19 | expire  |     |    |     |            |       |    | A HF -7, B HF -16
2027-04-30 | expire  |     |    |     |            |       |    | C HF -128
""",
    "everything-else.toml": """
day        | what    | who | n | min | for    | gives            | to | then
2026-03-02 | join    | A   |   |     |        |                  |    | A HOUR +20
2026-03-02 | join    | B   |   |     |        |                  |    | B HOUR +20
2026-03-02 | join    | A   |   |     |        |                  |    |
2026-03-03 | service | A   | 1 | 95  | care   |                  |    | A HOUR +15
2026-03-03 | service | A   | 1 | 85  | care   |                  |    | A HOUR +15
2026-03-04 | service | B   | 1 | 50  | errand |                  |    | B HOUR +6
2026-03-05 | service | A   | 1 | 120 | care   | 5 POINT per hour |    | A HOUR +20, A POINT +10
2026-03-05 | service | A   | 1 | 180 | care   | 5 POINT per hour |    | A HOUR +30, A STAR +15
2026-03-05 | service | A   | 1 | 120 | care   |                  |    | A HOUR +10
2026-03-06 | service | B   | 1 | 120 |        | 9 HOUR per hour  | T  | team/T HOUR +18
2026-03-06 | service | B   | 1 | 60  |        | 2 STAR per hour  | T  | B STAR +2
2026-03-07 | service | B   | 1 | 35  | errand |                  |    | B HOUR +5
2026-03-08 | service | B   | 6 | 1   | errand |                  |    | B HOUR +1
2026-09-06 | expire  |     |   |     |        |                  |    | A POINT -10
""",
    ELSEWHERE: """
day        | what    | who | n | min | for | gives  | to | then
2026-03-02 | join    | A   |   |     |     |        |    | A BEAN +3
2026-03-02 | service | A   | 1 | 14  |     |        |    |
2026-03-02 | service | A   | 1 | 15  |     |        |    | A BEAN +2
2026-03-02 | service | A   | 1 | 74  |     |        |    | A BEAN +4
2026-03-02 | service | A   | 1 | 75  |     |        |    | A BEAN +6
2026-03-02 | service | A   | 1 | 180 |     |        |    | A BEAN +5, A LEAF +3
2026-03-03 | spend   | A   |   |     |     | 9 BEAN |    | A BEAN -9
2026-03-03 | service | A   | 1 | 240 |     |        |    | A BEAN +9, A LEAF +7
2026-06-03 | expire  |     |   |     |     |        |    | A BEAN -11
2026-06-05 | expire  |     |   |     |     |        |    | A BEAN -9
""",
}  # fmt: skip

RANKINGS = {
    "county-with-shops.toml": ("VOL B 80 gold", "VOL A 10 gold"),
    "city-community.toml": ("HF C 128 bronze", "HF B 16", "HF A 12"),
    "everything-else.toml": (
        *("HOUR A 90 gold", "HOUR B 12 silver"),
        *("STAR A 15 gold", "STAR B 2 silver"),
    ),
    ELSEWHERE: ("BEAN A 26 gold", "LEAF A 10 gold"),
}
