"""Masks show enough to recognise somebody by, and no more."""

import pytest

from creditbank.people import masks


@pytest.mark.parametrize(
    ("mask", "whole", "expected"),
    [
        (masks.name, "张三丰", "张*"),
        (masks.name, "欧", "欧*"),
        (masks.name, "Ann", "A*"),
        (masks.name, "", masks.GONE),
        (masks.phone, "13812345678", "138****5678"),
        (masks.phone, "+8529123456", "+85****3456"),
        (masks.phone, "1234567", "*******"),
        (masks.phone, "12", "**"),
        (masks.tail, "13812345678", "5678"),
        (masks.document, "110101199003071234", "110***********1234"),
        (masks.document, "E1234", "*****"),
        (masks.document, "E1234567", "E12*4567"),
    ],
)
def test_a_mask_shows_ends_only(mask: object, whole: str, expected: str) -> None:
    """Of a name the first character, of numbers the ends, of short ones nothing."""
    assert expected == mask(whole)  # type: ignore[operator]
