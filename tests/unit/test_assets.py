"""Style, scripts and pictures: what their makers published, small, and named by their content."""

import gzip
import hashlib
import re

import pytest

from api.pages import assets

STYLE_KB_MOST = 12
SCRIPTS = sorted(name for name in assets.every() if name.endswith(".js"))


def test_what_is_vendored_is_what_was_published() -> None:
    """Each file of others has the hash that is written down, and nothing of theirs is unlisted."""
    for name, (source, licence, digest) in assets.VENDORED.items():
        assert digest == hashlib.sha256(assets.every()[name].whole).hexdigest(), name
        assert source
        assert licence in {"0BSD", "MIT", "Apache-2.0"}
    versioned = {name for name in assets.every() if re.search(r"-\d+\.\d+\.\d+", name)}
    assert set(assets.VENDORED) == versioned


def test_a_name_changes_with_its_content() -> None:
    """The address holds a hash of the content, so a new version is a new address."""
    one = assets._asset("a.css", b"a{}")
    other = assets._asset("a.css", b"b{}")
    assert one.url != other.url
    assert one.url == assets._asset("a.css", b"a{}").url


def test_what_is_packed_is_the_same() -> None:
    """Compressed or whole: the same content, and smaller."""
    for asset in assets.every().values():
        if asset.packed is not None:
            assert asset.whole == gzip.decompress(asset.packed)
            assert len(asset.packed) < len(asset.whole)


def test_first_loads_stay_small() -> None:
    """Style and the scripts of every page are small; the scanner is within its own bound."""
    packed = {name: one.packed or one.whole for name, one in assets.every().items()}
    shared = len(packed["app.css"]) + len(packed["app.js"]) + len(packed["htmx-2.0.11.min.js"])
    assert len(packed["app.css"]) <= STYLE_KB_MOST * 1024
    assert shared <= 40 * 1024
    scanner = len(packed["zxing-3.1.4.wasm"]) + len(packed["zxing-3.1.4.js"])
    assert scanner <= 450 * 1024


@pytest.mark.parametrize("name", [one for one in SCRIPTS if one not in assets.VENDORED])
def test_our_scripts_are_strict_and_write_no_html(name: str) -> None:
    """Our scripts are strict, and put texts into pages as texts; nobody's words become elements."""
    said = assets.every()[name].whole.decode()
    assert '"use strict"' in said
    bad = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.on\w+ ="
    assert [] == [one for one in re.findall(bad, said) if "innerHTML" not in one], name


def test_our_style_asks_nobody() -> None:
    """The style sheet and our scripts load nothing from elsewhere."""
    for name in ("app.css", *(one for one in SCRIPTS if one not in assets.VENDORED)):
        said = assets.every()[name].whole.decode()
        assert [] == re.findall(r"https?://(?!www\.w3\.org)[\w.]+|@import", said), name
