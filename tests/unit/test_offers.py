"""Offers: what a bill allows, by text tables of cases, and what is wrong with a file, by line."""

from datetime import date
from pathlib import Path

import pytest

from creditbank.core.errors import BadAmount, BadField
from merchants import offer_files, offers
from merchants.errors import CartEmpty, OfferInvalid, OutOfStock, QuotaUsed
from merchants.offers import Item, Quote, Reason, Step, Used

OFFERS = Path(__file__).parents[2] / "seeds" / "offers"
SUNDAY, MONDAY = date(2026, 3, 1), date(2026, 3, 2)

# every yuan, points, fen a point, most per order | cart, balance | points, discount fen or reason
STEPS = """
    30.00 3 100 -  | 29.99  1000 | 0 below_step
    30.00 3 100 -  | 30.00  1000 | 3 300
    30.00 3 100 -  | 59.99  1000 | 3 300
    30.00 3 100 -  | 60.00  1000 | 6 600
    30.00 3 100 -  | 0.01   1000 | 0 below_step
    30.00 3 100 -  | 89.99  1000 | 6 600
    30.00 3 100 -  | 300.00 1000 | 30 3000
    30.00 3 100 -  | 300.00 29   | 29 2900
    30.00 3 100 -  | 300.00 1    | 1 100
    30.00 3 100 -  | 300.00 0    | 0 no_balance
    30.00 3 100 -  | 29.99  0    | 0 below_step
    30.00 3 100 12 | 300.00 1000 | 12 1200
    30.00 3 100 2  | 30.00  1000 | 2 200
    20.00 2 50  -  | 45.00  1000 | 4 200
    1.00  1 100 -  | 7.99   1000 | 7 700
    0.01  1 1   -  | 0.03   1000 | 3 3
    10000000.00 1 100 - | 10000000.00 9 | 1 100
"""

# caps of member and day, of merchant and day | used by member, by merchant | points or what
CAPS = """
    -  -    | 0   0    | 30
    20 -    | 0   0    | 20
    20 -    | 19  0    | 1
    20 -    | 20  0    | day_cap
    20 -    | 25  0    | day_cap
    -  1000 | 0   0    | 30
    -  1000 | 0   999  | 1
    -  1000 | 0   1000 | QuotaUsed
    20 1000 | 5   990  | 10
    20 1000 | 15  990  | 5
    20 1000 | 20  1000 | day_cap
"""

# stock, most per member | gone, by member | balance | points or what
ITEMS = """
    -   - | 0   0 | 20 | 20
    -   - | 999 9 | 19 | no_balance
    100 - | 99  0 | 20 | 20
    100 - | 100 0 | 20 | OutOfStock
    -   1 | 5   0 | 20 | 20
    -   1 | 5   1 | 20 | member_limit
    100 1 | 100 1 | 20 | member_limit
"""


def cases(table: str) -> list[tuple[str, ...]]:
    """The rows of a text table."""
    return [
        tuple(row.replace("|", " ").split()) for row in table.strip().splitlines() if row.strip()
    ]


def maybe(text: str) -> int | None:
    """A number, or none for a dash."""
    return None if text == "-" else int(text)


@pytest.mark.parametrize("case", cases(STEPS), ids=" ".join)
def test_a_step_allows_so_many_points(case: tuple[str, ...]) -> None:
    """Every full step of the bill allows its points, up to the cap of the order and the balance."""
    every, points, fen, most, cart, balance, expected, rest = case
    rule = Step(offers.read_yuan(every), int(points), int(fen), maybe(most))
    quote = offers.usable(
        offers.Offer("x", rule),
        day=SUNDAY,
        cart_fen=offers.read_yuan(cart),
        balance=int(balance),
    )
    reason = None if rest.isdigit() else Reason(rest)
    assert Quote(int(expected), int(rest) if reason is None else 0, reason) == quote


@pytest.mark.parametrize("case", cases(CAPS), ids=" ".join)
def test_caps_of_the_day_leave_the_rest(case: tuple[str, ...]) -> None:
    """The last one takes what a cap leaves; a used-up quota of the shop is a refusal."""
    of_member, of_shop, by_member, by_shop, expected = case
    rule = Step(3000, 3, 100, None, maybe(of_member), maybe(of_shop))
    used = Used(member_day=int(by_member), merchant_day=int(by_shop))

    def quote() -> Quote:
        offer = offers.Offer("x", rule)
        return offers.usable(offer, day=SUNDAY, cart_fen=30000, balance=1000, used=used)

    if expected == "QuotaUsed":
        with pytest.raises(QuotaUsed):
            quote()
    elif expected.isdigit():
        assert Quote(int(expected), int(expected) * 100) == quote()
    else:
        assert Quote(0, 0, Reason(expected)) == quote()


@pytest.mark.parametrize("case", cases(ITEMS), ids=" ".join)
def test_an_item_is_all_or_nothing(case: tuple[str, ...]) -> None:
    """An item takes its fixed points, while there is stock and the member may have it."""
    stock, most, gone, by_member, balance, expected = case
    rule = Item("伞", 20, maybe(stock), maybe(most))
    used = Used(stock=int(gone), member_ever=int(by_member))

    def quote() -> Quote:
        offer = offers.Offer("x", rule)
        return offers.usable(offer, day=SUNDAY, cart_fen=None, balance=int(balance), used=used)

    if expected == "OutOfStock":
        with pytest.raises(OutOfStock):
            quote()
    elif expected.isdigit():
        assert Quote(20, 0) == quote()
    else:
        assert Quote(0, 0, Reason(expected)) == quote()


@pytest.mark.parametrize(
    ("line", "day", "holds"),
    [
        ("", SUNDAY, True),
        ("from = 2026-03-01", SUNDAY, True),
        ("from = 2026-03-02", SUNDAY, False),
        ("until = 2026-03-01", SUNDAY, True),
        ("until = 2026-02-28", SUNDAY, False),
        ('from = "2026-03-01"\nuntil = "2026-03-01"', SUNDAY, True),
        ('weekdays = ["mon"]', SUNDAY, False),
        ('weekdays = ["mon"]', MONDAY, True),
        ('weekdays = ["sun", "mon"]', SUNDAY, True),
    ],
)
def test_an_offer_holds_on_its_days(line: str, day: date, holds: bool) -> None:
    """Both ends of the dates are included; on other days nothing is usable."""
    text = (OFFERS / "every-30-yuan.toml").read_text()
    quote = offers.usable(offer_files.parse(text + line), day=day, cart_fen=3000, balance=9)
    assert (Quote(3, 300) if holds else Quote(0, 0, Reason.NOT_TODAY)) == quote


def test_a_step_without_a_bill_waits_for_it() -> None:
    """Without a bill nothing is usable yet."""
    offer = offers.Offer("x", Step(3000, 3, 100))
    assert Quote(0, 0, Reason.NO_CART) == offers.usable(offer, day=SUNDAY, cart_fen=None, balance=9)


def test_the_seeds_are_twelve_offers_half_of_each_rule() -> None:
    """Every seed offer reads, and writes itself down as it is."""
    read = [offer_files.parse(path.read_text()) for path in sorted(OFFERS.glob("*.toml"))]
    assert [6, 6] == [sum(isinstance(one.rule, kind) for one in read) for kind in (Step, Item)]
    assert read == [offers.read(offers.write(one)) for one in read]


STEP = 'name = "x"\nrule = "step"\nevery_fen = 3000\npoints = 3\nfen_per_point = 100\n'
ITEM = 'name = "x"\nrule = "item"\nitem = "伞"\npoints = 3\n'

BAD_FILES = [
    (STEP + "\n# note\nstok = 3\n", "stok", 8),
    (STEP + "stock = 3\n", "stock", 6),
    (ITEM + "every_fen = 3\n", "every_fen", 5),
    (STEP + "[more]\nx = 1\n", "more", 6),
    (STEP.replace("points = 3", "points = 0"), "points", 4),
    (STEP.replace("points = 3", "points = -1"), "points", 4),
    (STEP.replace("points = 3", "points = 1.5"), "points", 4),
    (STEP.replace("points = 3", "points = true"), "points", 4),
    (STEP.replace("points = 3", 'points = "3"'), "points", 4),
    (STEP.replace("points = 3", "points = 1000001"), "points", 4),
    (STEP.replace("points = 3", "points = nan"), "points", 4),
    (STEP.replace("points = 3", "points = ７"), "points", 4),
    (STEP.replace("points = 3", "points = 31"), "points", 4),
    (STEP.replace("points = 3\n", ""), "points", 2),
    (STEP.replace('rule = "step"', 'rule = "stepp"'), "rule", 2),
    (STEP.replace('rule = "step"', "rule = 1"), "rule", 2),
    ('name = "x"\n', "rule", 1),
    (STEP.replace('name = "x"', 'name = ""'), "name", 1),
    (STEP.replace('name = "x"\n', ""), "name", 1),
    (STEP + "until = 2026-01-01\nfrom = 2026-01-02\n", "until", 6),
    (STEP + 'from = "soon"\n', "from", 6),
    (STEP + "from = 2026-01-01T00:00:00Z\n", "from", 6),
    (STEP + "weekdays = []\n", "weekdays", 6),
    (STEP + 'weekdays = [\n  "mon",\n  "mon",\n]\n', "weekdays", 9),
    (STEP + 'weekdays = ["funday"]\n', "weekdays", 6),
    (STEP + "most_per_member_day = 5\nmost_per_order = 6\n", "most_per_member_day", 6),
    (STEP + "most_per_member_day = 5\nmost_per_merchant_day = 4\n", "most_per_merchant_day", 7),
    (ITEM + "stock = 2\nmost_per_member = 3\n", "most_per_member", 6),
    (ITEM.replace('item = "伞"\n', ""), "item", 2),
    (STEP + "points = 4\n", "points", 6),
    (STEP + "= 4\n", "toml", 6),
    ("name = [", "name", 1),
    ("[[", "toml", 1),
    ("#" * 10_001, "toml", 1),
]


@pytest.mark.parametrize(("text", "parameter", "line"), BAD_FILES)
def test_a_bad_file_names_parameter_and_line(text: str, parameter: str, line: int) -> None:
    """What is unknown, missing, unusable or contradictory is named, with its line."""
    with pytest.raises(OfferInvalid) as caught:
        offer_files.parse(text)
    assert (parameter, line) == (caught.value.parameter, caught.value.line)
    assert str(line) in caught.value.sentence("zh")


@pytest.mark.parametrize("cart", [-1, 10**9 + 1, 10**30, 1.5, True, "7", "７", float("nan")])
def test_a_bill_is_a_whole_number_of_fen(cart: object) -> None:
    """A bill is 1 to 10^9 fen and an int."""
    with pytest.raises(BadAmount):
        offers.cart(cart)


def test_an_empty_cart_has_its_own_name() -> None:
    """A cart of 0 is bad input of its own kind."""
    with pytest.raises(CartEmpty):
        offers.cart(0)


@pytest.mark.parametrize("text", ["59.999", "-1", "1e3", "", "７", "1,000", " 1", "nan", "0x10"])
def test_yuan_are_plain_decimals(text: str) -> None:
    """What is no plain amount of yuan is refused."""
    with pytest.raises(BadField):
        offers.read_yuan(text)


def test_yuan_are_read_exactly() -> None:
    """Yuan become fen without rounding."""
    assert [5999, 3000, 1, 0] == [offers.read_yuan(one) for one in ("59.99", "30", "0.01", "0")]
