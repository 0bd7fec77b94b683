"""Photos: what comes in is drawn anew, and whatever is no plain photo is refused by name."""

import io
import zipfile
import zlib

import pytest
from PIL import Image

from api.errors import PhotoUnusable
from api.papers.photos import BYTES_MOST, SIDE_MOST, tidied


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), **how: object) -> bytes:
    """A red picture of a kind."""
    out = io.BytesIO()
    mode = how.pop("mode", "RGB")
    Image.new(str(mode), size, "red").save(out, kind, **how)  # type: ignore[arg-type]
    return out.getvalue()


def moving(kind: str) -> bytes:
    """Two frames."""
    other = Image.new("RGB", (40, 30), "blue")
    return picture(kind, save_all=True, append_images=[other])


def _chunk(name: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(name + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + name + body + crc


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it is enormous, and is."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    body = zlib.compress(bytes(1 + width) * min(height, 300), 9)
    parts = (_chunk(b"IHDR", head), _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

CORPUS = {
    "nothing": b"",
    "text": b"hello",
    "svg": SVG,
    "html": b"<html><body onload=alert(1)>",
    "gif": picture("GIF"),
    "moving gif": moving("GIF"),
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "moving png": moving("PNG"),
    "moving webp": moving("WEBP"),
    "half a jpeg": picture(size=(400, 300))[:600],
    "half a png": picture("PNG", (400, 300))[:90],
    "half a webp": picture("WEBP", (400, 300))[:60],
    "a jpeg's head only": b"\xff\xd8\xff\xe0",
    "a png's head only": b"\x89PNG\r\n\x1a\n",
    "a bomb": bomb(30_000, 30_000),
    "a bomb beyond the decoder's own bound": bomb(65_000, 65_000),
    "just too many pixels": picture("PNG", (6001, 4000), mode="1"),
    "a zip": b"PK\x03\x04" + bytes(100),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "too many bytes": picture() + bytes(BYTES_MOST),
}


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_what_is_no_photo_is_refused(name: str) -> None:
    """Each of these is one typed error, whatever the decoder stumbles over."""
    with pytest.raises(PhotoUnusable):
        tidied(CORPUS[name])


MODES = {
    "JPEG": ("RGB", "L", "CMYK", "1"),
    "PNG": ("RGB", "L", "P", "RGBA", "1"),
    "WEBP": ("RGB", "L", "P", "RGBA", "1"),
}


@pytest.mark.parametrize(("kind", "mode"), [(kind, one) for kind in MODES for one in MODES[kind]])
def test_photos_of_all_kinds_become_plain_jpegs(kind: str, mode: str) -> None:
    """Whatever came in, a JPEG in three colours goes on."""
    source = Image.new("RGB", (40, 30), "white").convert(mode)
    out = io.BytesIO()
    source.save(out, kind)
    made = tidied(out.getvalue())
    with Image.open(io.BytesIO(made.content)) as found:
        assert ("JPEG", "RGB", (40, 30)) == (found.format, found.mode, found.size)
    assert (40, 30) == (made.width, made.height)


def test_no_metadata_goes_on() -> None:
    """Neither where it was taken, nor by what, nor a comment, nor a colour profile is kept."""
    exif = Image.Exif()
    exif[0x0110] = "SECRET-PHONE"
    exif.get_ifd(0x8825)[2] = (30.0, 1.0, 2.0)
    upload = picture(exif=exif, comment=b"SECRET-WORDS", icc_profile=b"SECRET" * 40)
    assert upload.count(b"SECRET") > 2
    made = tidied(upload).content
    assert b"SECRET" not in made
    with Image.open(io.BytesIO(made)) as found:
        assert not found.getexif()
        assert {"jfif", "jfif_version", "jfif_unit", "jfif_density"} >= found.info.keys()


def test_a_second_file_behind_a_photo_is_gone() -> None:
    """A file that is two things at once comes out as the photo only."""
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as inside:
        inside.writestr("page.html", "<script>alert(1)</script>")
    for upload in (picture() + hidden.getvalue(), picture(comment=SVG)):
        made = tidied(upload).content
        assert b"script" not in made
        assert not zipfile.is_zipfile(io.BytesIO(made))
        assert made.endswith(b"\xff\xd9")


def test_a_photo_is_turned_as_the_camera_says() -> None:
    """Orientation 6: what stood left in the file is on top."""
    source = Image.new("RGB", (80, 40), "blue")
    source.paste("red", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    source.save(out, "JPEG", exif=exif, quality=95)
    with Image.open(io.BytesIO(tidied(out.getvalue()).content)) as made:
        assert (40, 80) == made.size
        top, bottom = made.getpixel((20, 10)), made.getpixel((20, 70))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] - top[2] > 100
    assert bottom[2] - bottom[0] > 100


def test_a_large_photo_becomes_small() -> None:
    """The longer side is at most 1600 px, the other in proportion; small ones stay."""
    made = tidied(picture(size=(4000, 1000)))
    assert (SIDE_MOST, 400) == (made.width, made.height)
    assert (6000, 4000) == Image.open(io.BytesIO(picture(size=(6000, 4000)))).size
    assert SIDE_MOST == tidied(picture(size=(6000, 4000))).width


def test_what_is_transparent_is_white() -> None:
    """Nothing shines through as black."""
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(tidied(out.getvalue()).content)) as made:
        assert (255, 255, 255) == made.getpixel((5, 5))


def test_the_digest_is_of_what_was_uploaded() -> None:
    """The same upload has the same digest, so a key knows it again."""
    assert tidied(picture()).digest == tidied(picture()).digest
    assert tidied(picture()).digest != tidied(picture() + b"tail").digest
