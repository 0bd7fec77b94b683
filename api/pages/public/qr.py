"""QR codes of texts, drawn as one path; slow, so never on the event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Picture:
    """A QR code: how many modules a side has, quiet zone included, and its dark ones as a path."""

    size: int
    path: str = field(repr=False)


async def drawn(text: str) -> Picture:
    """Return the QR code of a text."""
    return await asyncio.to_thread(_drawn, text)


def _drawn(text: str) -> Picture:
    import qrcode  # noqa: PLC0415 - slow

    code = qrcode.QRCode(border=4)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return Picture(len(rows), path)
