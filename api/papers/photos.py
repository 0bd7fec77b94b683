"""Photos as they come in: looked at with distrust, and written anew. Never inside a unit.

What is taken is decided by the decoder, not by a name or a header. The size is seen before a pixel
is decoded. The picture is turned as the camera says and drawn on a fresh canvas, so that nothing
but pixels goes on: no metadata (places, devices, thumbnails), no second file behind the first.
"""

from __future__ import annotations

import hashlib
import io
import logging
import threading
from dataclasses import dataclass

from PIL import Image, ImageOps

from api.errors import PhotoUnusable

BYTES_MOST = 5_000_000
PIXELS_MOST = 24_000_000
SIDE_MOST = 1600

_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 85
_WHITE = (255, 255, 255)
logging.getLogger("PIL").setLevel(logging.WARNING)  # else it says what the metadata hold
_AT_ONCE = threading.BoundedSemaphore(2)  # each may take a hundred megabytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG without metadata; ``digest`` is the hash of what was uploaded."""

    content: bytes
    width: int
    height: int
    digest: str


def tidied(upload: bytes) -> Picture:
    """Return a photo, written anew.

    Raises:
        PhotoUnusable: it is too large, no whole JPEG, PNG or WebP, or moves.
    """
    if len(upload) > BYTES_MOST:
        raise PhotoUnusable(f"≤ {BYTES_MOST // 1_000_000} MB")
    with _AT_ONCE:
        try:
            clean = _drawn(upload)
            out = io.BytesIO()
            clean.save(out, "JPEG", quality=_QUALITY, optimize=True)
        except PhotoUnusable:
            raise
        except Exception as error:  # a decoder of broken files may fail in any way
            raise PhotoUnusable("no whole photo / 照片不完整或无法读取") from error
    digest = hashlib.sha256(upload).hexdigest()
    return Picture(out.getvalue(), clean.width, clean.height, digest)


def _drawn(upload: bytes) -> Image.Image:
    """Return the first picture of a file on a fresh canvas, upright and no larger than need be."""
    with Image.open(io.BytesIO(upload), formats=_FORMATS) as found:
        if found.width * found.height > PIXELS_MOST:
            raise PhotoUnusable(f"≤ {PIXELS_MOST // 1_000_000} Mpx / 像素过多")
        # A camera's JPEG may carry a second picture, such as its depth map; the first one is it.
        if found.format in {"PNG", "WEBP"} and getattr(found, "n_frames", 1) > 1:
            raise PhotoUnusable("it moves / 不支持动图")
        found.draft("RGB", (SIDE_MOST, SIDE_MOST))
        found.load()
        upright = ImageOps.exif_transpose(found)
    upright.thumbnail((SIDE_MOST, SIDE_MOST), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", upright.size, _WHITE)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        canvas.paste(upright, mask=upright.getchannel("A"))
    else:
        canvas.paste(upright.convert("RGB"))
    return canvas
