"""The chart: which addresses there are, for which assets, and within which bounds."""

import pytest

from creditbank.core.errors import BadAddress
from creditbank.core.values import AssetKind
from creditbank.ledger import chart
from creditbank.ledger.chart import Bounds
from tests.books import ANN, made_up

SPENDABLE, HONOUR, MONEY = AssetKind.SPENDABLE, AssetKind.HONOUR, AssetKind.MONEY
TEAM, MERCHANT = made_up("tea", 1), made_up("mer", 1)

BOUNDS = [
    (chart.ISSUANCE, SPENDABLE, Bounds(None)),
    (chart.EXPIRED, SPENDABLE, Bounds(None)),
    (chart.SETTLED, MONEY, Bounds(None)),
    (chart.outside("anything/at all"), MONEY, Bounds(None)),
    (chart.member(ANN), SPENDABLE, Bounds(0)),
    (chart.member(ANN), HONOUR, Bounds(-1_000_000)),
    (chart.held(ANN), SPENDABLE, Bounds(0)),
    (chart.debt(ANN), SPENDABLE, Bounds(-1_000_000, 0)),
    (chart.team(TEAM), SPENDABLE, Bounds(0)),
    (chart.team(TEAM), HONOUR, Bounds(0)),
    (chart.merchant(MERCHANT), SPENDABLE, Bounds(-10_000)),
    (chart.merchant(MERCHANT), MONEY, Bounds(-10_000)),
    (chart.fund("社区微基金"), MONEY, Bounds(0)),
]
NO_ADDRESSES = [
    ("", SPENDABLE),
    ("cash", SPENDABLE),
    ("issuance/", SPENDABLE),
    ("member/", SPENDABLE),
    ("member/ann", SPENDABLE),
    (f"member/{MERCHANT}", SPENDABLE),
    (f"member/{ANN[:-1]}", SPENDABLE),
    (f"member/{ANN}/", SPENDABLE),
    (f"member/{ANN}/pocket", SPENDABLE),
    (chart.member(ANN), MONEY),
    (chart.held(ANN), HONOUR),
    (chart.held(ANN), MONEY),
    (chart.debt(ANN), HONOUR),
    (chart.debt(ANN), MONEY),
    (chart.team(TEAM), MONEY),
    (chart.merchant(MERCHANT), HONOUR),
    ("fund/", MONEY),
    (f"fund/{'x' * 81}", MONEY),
    ("fund/a/b", MONEY),
    ("outside/", MONEY),
    (f"outside/{'x' * 81}", MONEY),
]


@pytest.mark.parametrize(("address", "kind", "expected"), BOUNDS)
def test_an_account_is_made_within_its_bounds(
    address: str, kind: AssetKind, expected: Bounds
) -> None:
    """Each address of the chart has the floor and ceiling of the design."""
    assert expected == chart.bounds(address, kind)


@pytest.mark.parametrize(("address", "kind"), NO_ADDRESSES)
def test_an_address_outside_the_chart_is_refused(address: str, kind: AssetKind) -> None:
    """Nothing is booked at an address that the chart has not, or not for this kind of asset."""
    with pytest.raises(BadAddress) as caught:
        chart.bounds(address, kind)
    assert address == caught.value.address


def test_residents_never_hold_money() -> None:
    """No address of a resident or a team takes money, so points cannot become it."""
    for address in (chart.member(ANN), chart.held(ANN), chart.debt(ANN), chart.team(TEAM)):
        with pytest.raises(BadAddress):
            chart.bounds(address, MONEY)


def test_only_a_members_held_account_is_held() -> None:
    """A foreign name that ends alike is not mistaken for points on hold."""
    addresses = [chart.held(ANN), chart.member(ANN), chart.debt(ANN), "outside/x/held"]
    assert [True, False, False, False] == [chart.is_held(one) for one in addresses]
