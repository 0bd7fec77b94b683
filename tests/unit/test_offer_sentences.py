"""Offers in plain words, in both languages, with all that bounds them."""

from pathlib import Path

from api.words import offers as offer_sentences
from merchants import offer_files
from merchants.offers import read

OFFERS = Path(__file__).parents[2] / "seeds" / "offers"


def test_a_step_says_what_every_yuan_gives() -> None:
    """The rule, and every cap, each in its own words."""
    told = offer_sentences.of(
        read(
            {
                "name": "x",
                "rule": "step",
                "every_fen": 123_450,
                "points": 2,
                "fen_per_point": 50,
                "most_per_order": 4,
                "most_per_member_day": 6,
                "most_per_merchant_day": 90,
                "weekdays": ["mon", "sun"],
                "from": "2026-03-01",
                "until": "2026-05-09",
            }
        ),
        "信义贝",
    )
    assert "每满 1,234.50 元可用 2 个信义贝，每个抵 0.50 元" == told.head[0]
    assert [
        "每单最多 4 个",
        "每人每天最多 6 个",
        "本店每天最多 90 个",
        "限周一、周日",
        "2026年3月1日起",
        "到 2026年5月9日止",
    ] == [zh for zh, _ in told.bounds]
    assert "on Mon, Sun" in [en for _, en in told.bounds]


def test_a_thing_says_what_it_costs() -> None:
    """A thing with its points, how many there are, and how many one person may have."""
    told = offer_sentences.of(offer_files.parse((OFFERS / "umbrella.toml").read_text()), "信义贝")
    assert ("20 个信义贝换折叠伞一把", "折叠伞一把 for 20 信义贝") == told.head
    assert ["共 100 份，兑完为止", "每人最多 1 份"] == [zh for zh, _ in told.bounds]


def test_every_offer_of_the_demonstration_has_words() -> None:
    """None is without a sentence."""
    for path in sorted(OFFERS.glob("*.toml")):
        told = offer_sentences.of(offer_files.parse(path.read_text()), "信义贝")
        assert all(told.head), path.name
