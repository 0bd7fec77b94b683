"""A camera made of a file: frames of a movie that Chromium takes for what its lens sees.

The file may be written anew between two uses of the camera, so that one browser can look at one
screen after the other.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageFilter

WIDTH, HEIGHT = 640, 480
_FRAMES = 30
_TABLE = (214, 208, 196)


class Camera:
    """What the lens sees."""

    def __init__(self, path: Path) -> None:
        """Begin with an empty table."""
        self.path = path
        self.see_nothing()

    def see_nothing(self) -> None:
        """Point it at an empty table."""
        self._write([Image.new("RGB", (WIDTH, HEIGHT), _TABLE)])

    def see(self, picture: bytes, *, size: int = 300) -> None:
        """Hold a picture (PNG, such as a screenshot of a code) before it, by hand: it sways."""
        shown = Image.open(io.BytesIO(picture)).convert("RGB")
        shown.thumbnail((size, size))
        frames = []
        for degrees in (-6, -3, 0, 3, 6, 3, 0, -3):
            frame = Image.new("RGB", (WIDTH, HEIGHT), _TABLE)
            turned = shown.rotate(degrees, expand=True, fillcolor=(255, 255, 255))
            place = ((WIDTH - turned.width) // 2 + degrees * 3, (HEIGHT - turned.height) // 2)
            frame.paste(turned, place)
            frames.append(frame.filter(ImageFilter.GaussianBlur(0.6)))
        self._write(frames)

    def _write(self, frames: list[Image.Image]) -> None:
        parts = []
        for frame in frames:
            jpeg = io.BytesIO()
            frame.save(jpeg, "JPEG", quality=85)
            parts.append(jpeg.getvalue())
        repeated = [parts[n % len(parts)] for n in range(_FRAMES)]
        self.path.write_bytes(b"".join(repeated))
