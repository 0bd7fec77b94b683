"""Offers, whatever the rule: what must hold of every quote."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants import offer_files, offers
from merchants.errors import OfferInvalid, OutOfStock, QuotaUsed
from merchants.offers import Offer, Quote, Step, Used

DAY = date(2026, 3, 1)
MOST = 10**9


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """A rule that `offers.read` would take."""
    every_fen = draw(st.integers(1, 100_000))
    fen_per_point = draw(st.integers(1, every_fen))
    points = draw(st.integers(1, every_fen // fen_per_point))
    caps = sorted(draw(st.lists(st.integers(1, 5000), min_size=3, max_size=3)))
    kept = [cap if draw(st.booleans()) else None for cap in caps]
    return Step(every_fen, points, fen_per_point, *kept)


def quoted(rule: Step, cart_fen: int, balance: int, used: Used) -> Quote:
    """A quote in which a used-up quota counts as nothing."""
    try:
        return offers.usable(
            Offer("x", rule), day=DAY, cart_fen=cart_fen, balance=balance, used=used
        )
    except (QuotaUsed, OutOfStock):
        return Quote(0, 0)


carts = st.integers(1, MOST)
balances = st.integers(0, 10_000)
uses = st.builds(Used, st.integers(0, 6000), st.integers(0, 6000))


@given(steps(), carts, balances, uses)
def test_a_quote_stays_within_every_bound(
    rule: Step, cart_fen: int, balance: int, used: Used
) -> None:
    """Never more than cart, balance or caps; the discount is points times their worth."""
    quote = quoted(rule, cart_fen, balance, used)
    assert 0 <= quote.points_most <= balance
    assert quote.points_most * rule.fen_per_point == quote.discount_fen <= cart_fen
    assert quote.points_most <= cart_fen // rule.every_fen * rule.points
    assert quote.points_most <= (rule.most_per_order or MOST)
    left = (rule.most_per_member_day or MOST) - used.member_day
    assert quote.points_most <= max(left, 0)
    left = (rule.most_per_merchant_day or MOST) - used.merchant_day
    assert quote.points_most <= max(left, 0)


@given(steps(), carts, carts, balances)
def test_a_larger_bill_never_allows_less(rule: Step, one: int, other: int, balance: int) -> None:
    """Quotes rise with the bill, so a partial return never takes more than was used."""
    small, large = sorted((one, other))
    used = Used()
    assert quoted(rule, small, balance, used).points_most <= (
        quoted(rule, large, balance, used).points_most
    )
    assert offers.points_of_bill(rule, small) <= offers.points_of_bill(rule, large)


@given(steps())
def test_a_rule_survives_writing_and_reading(rule: Step) -> None:
    """What the book keeps is what was adopted."""
    offer = Offer("x", rule)
    assert offer == offers.read(offers.write(offer))


@given(st.text(max_size=300))
def test_any_text_is_named_bad(text: str) -> None:
    """No text makes the reader fail in another way; an offer is never written by chance."""
    with pytest.raises(OfferInvalid) as caught:
        offer_files.parse(text)
    assert 1 <= caught.value.line <= text.count("\n") + 1
