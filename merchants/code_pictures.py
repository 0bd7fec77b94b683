"""Pay codes as pictures: a QR of version 1 that any old camera reads. Pure; never in a unit."""

from __future__ import annotations

from io import BytesIO

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage
from qrcode.util import MODE_NUMBER, QRData

VERSION = 1
QUIET_MODULES = 4
PIXELS_PER_MODULE = 12


def _code(digits: str) -> qrcode.QRCode[PilImage]:
    code: qrcode.QRCode[PilImage] = qrcode.QRCode(
        version=VERSION,
        error_correction=ERROR_CORRECT_M,
        box_size=PIXELS_PER_MODULE,
        border=QUIET_MODULES,
        image_factory=PilImage,
    )
    code.add_data(QRData(digits, mode=MODE_NUMBER))
    code.make(fit=False)
    return code


def modules(digits: str) -> list[list[bool]]:
    """Return the rows of dark (True) and light modules, quiet zone included."""
    return [[bool(one) for one in row] for row in _code(digits).get_matrix()]


def svg(digits: str) -> str:
    """Return the code as an SVG: one black path on white, a unit per module."""
    rows = modules(digits)
    size = len(rows)
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"'
        ' shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def png(digits: str) -> bytes:
    """Return the code as a PNG, black on white."""
    picture = BytesIO()
    _code(digits).make_image(fill_color="black", back_color="white").save(picture, "PNG")
    return picture.getvalue()
