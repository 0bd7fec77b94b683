"""Amounts are whole, positive and bounded; text is read into units and back without loss."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.core.errors import BadAmount, BadField
from creditbank.core.values import (
    PAYMENT_UNITS_MOST,
    UNITS_MOST,
    Amount,
    Asset,
    AssetKind,
    Posting,
    read_units,
    whole_units,
    write_units,
)

NO_AMOUNTS = [0, -1, 1.5, 10**30, 2**53, float("nan"), True, "7", "７", None, 1.0]


@pytest.mark.parametrize("value", NO_AMOUNTS, ids=repr)
def test_what_is_no_amount_is_refused(value: Any) -> None:
    """Only an int that is no bool, from 1 to 2^53 − 1, is an amount."""
    with pytest.raises(BadAmount) as caught:
        Amount(value, "XYB")
    assert {"most": UNITS_MOST} == caught.value.figures


def test_the_bounds_of_an_amount_belong_to_it() -> None:
    """One unit and 2^53 − 1 units are amounts."""
    assert (1, 2**53 - 1) == (Amount(1, "XYB").units, Amount(UNITS_MOST, "XYB").units)


def test_a_payment_has_a_bound_of_its_own() -> None:
    """A bound that is asked for is kept to the unit, and named in the error."""
    assert PAYMENT_UNITS_MOST == whole_units(PAYMENT_UNITS_MOST, PAYMENT_UNITS_MOST)
    with pytest.raises(BadAmount) as caught:
        whole_units(PAYMENT_UNITS_MOST + 1, PAYMENT_UNITS_MOST)
    assert 1_000_000 == caught.value.most


@pytest.mark.parametrize("code", ["", "X", "xyb", "信义贝", "X B", "1AB", "A" * 17, "XYB\n"])
def test_an_asset_code_is_capitals_and_digits(code: str) -> None:
    """A code that could not be typed or written in a file is refused by its field."""
    with pytest.raises(BadField) as caught:
        Asset(code, "信义贝", 0, AssetKind.SPENDABLE)
    assert "asset" == caught.value.field


@pytest.mark.parametrize("scale", [-1, 7, True, 1.0])
def test_an_asset_has_none_to_six_decimals(scale: Any) -> None:
    """A scale out of bounds, or no int, is refused by its field."""
    with pytest.raises(BadField) as caught:
        Asset("CNY", "元", scale, AssetKind.MONEY)
    assert "scale" == caught.value.field


def test_a_posting_moves_between_two_accounts() -> None:
    """A movement from an account to itself cannot be written down."""
    with pytest.raises(AssertionError):
        Posting("issuance", "issuance", Amount(1, "XYB"))


def test_a_mirrored_posting_undoes_and_brings_no_date() -> None:
    """The mirror swaps the sides, keeps the amount and fixes no date of expiry."""
    posting = Posting("a", "b", Amount(3, "XYB"), date(2027, 1, 1))
    assert Posting("b", "a", Amount(3, "XYB")) == posting.mirrored()


@pytest.mark.parametrize(
    ("text", "scale", "units"),
    [("59.99", 2, 5999), ("0", 2, 0), ("59", 2, 5900), ("7.5", 2, 750), ("0.000001", 6, 1)],
)
def test_a_decimal_is_read_into_units(text: str, scale: int, units: int) -> None:
    """Missing decimals are zeros."""
    assert units == read_units(text, scale)


NO_DECIMALS = ["", "-1", "+1", "1e3", "NaN", "1.", ".5", " 1", "1\n", "１", "1,000", "1_0", "0x1"]


@pytest.mark.parametrize("text", NO_DECIMALS, ids=repr)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    """Signs, exponents, spaces, separators and other digits than 0–9 are no amount."""
    with pytest.raises(BadField) as caught:
        read_units(text, 2)
    assert "amount" == caught.value.field


def test_decimals_beyond_the_scale_are_refused_not_rounded() -> None:
    """Half a fen is nobody's to round."""
    with pytest.raises(BadField, match="more than 2 decimals"):
        read_units("1.005", 2)


def test_units_beyond_the_bound_are_no_amount() -> None:
    """The bound of an amount holds for what is read, at any scale."""
    assert UNITS_MOST == read_units("9007199254740991", 0)
    with pytest.raises(BadAmount):
        read_units("9007199254740992", 0)
    with pytest.raises(BadAmount):
        read_units("9007199254740991", 1)


@given(st.integers(0, UNITS_MOST), st.integers(0, 6))
def test_writing_and_reading_give_the_same_units(units: int, scale: int) -> None:
    """No unit is lost on the way to text and back."""
    assert units == read_units(write_units(units, scale), scale)


def test_units_below_zero_are_written_with_their_sign() -> None:
    """A balance below zero shows its sign before the leading zero."""
    assert ("-0.05", "-59.99", "-7") == (
        write_units(-5, 2),
        write_units(-5999, 2),
        write_units(-7, 0),
    )
