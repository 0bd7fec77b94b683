"""Real purchases through the till: every single one as the bare rule has it."""

import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api import proofs
from api.cli import app
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField, BankExists
from creditbank.ledger import circulation
from seeds import orders
from seeds.orders import Order, Totals
from tests.books import POINTS
from tests.merchant_builders import OFFERS, STEP

FILE = Path(__file__).parents[1] / "data" / "orders.csv"
HEADER = "order_no,customer,ordered_on,items,amount_fen"


def every_order() -> list[Order]:
    """All orders, in the order in which they are worked."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return orders.read(lines)


def by_the_rule(some: Sequence[Order]) -> Totals:
    """What the rule of 3 points for every full 30 yuan gives, with 1,000 points a customer."""
    left: dict[str, int] = defaultdict(lambda: orders.START_POINTS)
    totals = Totals()
    for order in some:
        points = min(order.cart_fen // 3000 * 3, left[order.customer])
        left[order.customer] -= points
        totals.orders += 1
        totals.eligible += points > 0
        totals.points += points
        totals.discount_fen += points * 100
    return totals


def test_the_file_is_the_known_one() -> None:
    """3,000 orders, 4 of them empty; the bare rule gives the known totals."""
    known = every_order()
    assert 3000 == len(known)
    assert 10_472_861 == sum(order.cart_fen for order in known)
    assert 4 == sum(order.cart_fen == 0 for order in known)
    assert Totals(3000, 1162, 5727, 572_700) == by_the_rule(known)
    assert sorted((order.ordered_on, order.order_no) for order in known) == [
        (order.ordered_on, order.order_no) for order in known
    ]


def test_two_hundred_orders_come_out_as_the_rule_says(
    database: Database, clock: ManualClock
) -> None:
    """Orders through scan and redeem take exactly the rule's points, and the books say so."""
    known = every_order()
    some = known[:200]
    bad: list[int] = []
    done: list[int] = []
    totals = orders.replay(
        database,
        clock,
        some,
        slug="replay",
        offer=STEP,
        bad_cart=bad.append,
        progress=done.append,
    )
    assert by_the_rule(some) == totals
    assert totals.eligible > 50
    assert [order.order_no for order in some if not order.cart_fen] == bad
    assert bad
    assert 200 == done[-1]
    bank = database.bank("replay")
    assert some[-1].ordered_on == database.read(bank.bank_id, lambda view: view.today)
    assert 0 == proofs.count(database.read(bank.bank_id, proofs.audit))
    there = database.read(bank.bank_id, lambda view: circulation.of(view, POINTS))
    customers = len({order.customer for order in some})
    assert 1000 * customers == there.issued
    assert (1000 * customers - totals.points, totals.points) == (
        there.with_members,
        there.with_merchants,
    )


def test_a_bank_of_that_name_is_not_touched(database: Database, clock: ManualClock) -> None:
    """A replay founds a bank of its own, or does nothing."""
    some = every_order()[:3]
    settings = {"slug": "replay", "offer": STEP, "bad_cart": print, "progress": lambda _: None}
    orders.replay(database, clock, some, **settings)
    with pytest.raises(BankExists):
        orders.replay(database, clock, some, **settings)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("order_no,customer\n1,2\n", "the columns are"),
        (f"{HEADER}\n1,00004,1997-02-30,2,2933\n", "line 2"),
        (f"{HEADER}\n1,00004,1997-01-01,2,2933\n2,00004,1997-01-01,2,29.33\n", "line 3"),
        (f"{HEADER}\n1,00004,1997-01-01\n", "line 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(text: str, reason: str) -> None:
    """Columns and cells that are wrong are told with their place."""
    with pytest.raises(BadField) as told:
        orders.read(io.StringIO(text, newline=""))
    assert reason in told.value.sentence("en")


def test_the_command_prints_totals_and_names_empty_carts(tmp_path: Path) -> None:
    """`creditbank replay orders` ends with one line of totals; empty carts go to stderr."""
    file = tmp_path / "orders.csv"
    rows = ["7,A,1997-01-02,1,2999", "5,A,1997-01-01,1,6000", "6,B,1997-01-01,0,0"]
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    offer = str(OFFERS / "every-30-yuan.toml")
    done = CliRunner().invoke(app, ["replay", "orders", str(file), "--offer", offer])
    assert 0 == done.exit_code, done.output
    assert "orders=3 eligible=1 points=6 discount_fen=600" == done.stdout.splitlines()[-1]
    assert "order 6: the bill is 0" in done.stderr
    assert [file] == list(tmp_path.iterdir())


def test_the_command_refuses_an_offer_it_cannot_read(tmp_path: Path) -> None:
    """A broken offer file is named, and nothing is replayed."""
    offer = tmp_path / "offer.toml"
    offer.write_text(STEP + "most_per_weekday = 4\n")
    done = CliRunner().invoke(app, ["replay", "orders", str(FILE), "--offer", str(offer)])
    assert 1 == done.exit_code
    assert "most_per_weekday" in done.stderr
