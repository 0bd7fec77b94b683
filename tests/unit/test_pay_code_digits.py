"""The digits of pay codes and their pictures."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from merchants import code_digits, code_pictures
from merchants.errors import CodeForeign, CodeScrambled

RANDOM = st.integers(0, 10**15 - 1).map(lambda number: f"{number:015d}")
CODE = code_digits.complete("123456789012345")


@given(RANDOM)
def test_a_code_reads_as_itself(random_digits: str) -> None:
    """Eighteen digits with our prefix and a fitting check digit, spaces or not."""
    code = code_digits.complete(random_digits)
    assert (18, "97") == (len(code), code[:2])
    spaced = " ".join(code[place : place + 4] for place in range(0, 18, 4))
    assert code == code_digits.read(code) == code_digits.read(f" {spaced}\u3000")


@given(RANDOM, st.integers(2, 17), st.integers(1, 9))
def test_one_wrong_digit_is_seen(random_digits: str, place: int, by: int) -> None:
    """A single mistyped digit never makes another code."""
    code = code_digits.complete(random_digits)
    wrong = code[:place] + str((int(code[place]) + by) % 10) + code[place + 1 :]
    with pytest.raises(CodeScrambled):
        code_digits.read(wrong)


@pytest.mark.parametrize(
    "typed",
    ["", "7", CODE[:-1], CODE + "0", CODE.replace("7", "７"), "https://example.org/x", "x" * 18],
)
def test_what_is_no_whole_code_is_scrambled(typed: str) -> None:
    """Wrong length, other signs and other alphabets are no code."""
    with pytest.raises(CodeScrambled):
        code_digits.read(typed)


@pytest.mark.parametrize("typed", ["134567890123456789", "285678901234567890", "1" * 16, "2" * 24])
def test_codes_of_other_services_are_foreign(typed: str) -> None:
    """A long number with another prefix belongs to someone else."""
    with pytest.raises(CodeForeign):
        code_digits.read(typed)


def test_the_picture_reads_as_the_digits() -> None:
    """A reader finds one QR of version 1 in the PNG, with the digits."""
    picture = Image.open(BytesIO(code_pictures.png(CODE)))
    assert [CODE] == [found.text for found in zxingcpp.read_barcodes(picture)]
    quiet = 2 * code_pictures.QUIET_MODULES
    assert (21 + quiet) * code_pictures.PIXELS_PER_MODULE == picture.width == picture.height


def test_the_drawing_reads_as_the_digits() -> None:
    """The SVG's one path, drawn module by module, is the same QR."""
    svg = code_pictures.svg(CODE)
    assert 'viewBox="0 0 29 29"' in svg
    picture = Image.new("L", (29 * 8, 29 * 8), 255)
    for move in svg.split('fill="#000" d="')[1].split('"')[0].split("M")[1:]:
        x, y = move.removesuffix("h1v1h-1z").split()
        picture.paste(0, (int(x) * 8, int(y) * 8, int(x) * 8 + 8, int(y) * 8 + 8))
    assert [CODE] == [found.text for found in zxingcpp.read_barcodes(picture)]


@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="zbarimg (zbar-tools) is missing")
def test_a_second_reader_agrees(tmp_path: Path) -> None:
    """Another program reads the same digits."""
    path = tmp_path / "code.png"
    path.write_bytes(code_pictures.png(CODE))
    read = subprocess.run(
        ["zbarimg", "--quiet", "--raw", str(path)], capture_output=True, text=True, check=True
    )
    assert CODE == read.stdout.strip()
