"""Style, scripts and pictures: read once, compressed once, and named by the hash of their content.

A name with a hash never changes its content, so browsers keep it for ever; a new version is a new
name. What is vendored (`VENDORED`) is the very file its makers published.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

from fastapi import Path, Request, Response

from api.edge.routes import Routes
from api.errors import PathUnknown

router = Routes(prefix="/static", include_in_schema=False)

FOR_EVER = "public, max-age=31536000, immutable"
_HASH_SIGNS = 12
_SMALL_BYTES = 512
_PACKED = {".png", ".ico"}  # these are compressed already

# What others have made: package, version, licence, and SHA-256 of the file they published.
VENDORED = {
    "htmx-2.0.11.min.js": (
        "htmx.org 2.0.11 dist/htmx.min.js",
        "0BSD",
        "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    ),
    "zxing-3.1.4.js": (
        "zxing-wasm 3.1.4 dist/iife/reader/index.js",
        "MIT",
        "d33d09ce132a692faffbed0dce656c36cb2573b4b843885a6e036390d1071d95",
    ),
    "zxing-3.1.4.wasm": (
        "zxing-wasm 3.1.4 dist/reader/zxing_reader.wasm",
        "MIT",
        "e8af31edb56d0522f4de74495839385ef019ba8bc90d38e5ecb2f18795d86fb2",
    ),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent: whole, and compressed where that makes it smaller."""

    name: str
    kind: str
    whole: bytes
    packed: bytes | None
    digest: str

    @property
    def url(self) -> str:
        """The address under which it never changes."""
        return f"/static/{self.digest}/{self.name}"


@cache
def every() -> dict[str, Asset]:
    """Return every asset by its name."""
    return {one.name: _asset(one.name, one.read_bytes()) for one in files("api.static").iterdir()}


def _asset(name: str, whole: bytes) -> Asset:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind.endswith("javascript"):
        kind = f"{kind}; charset=utf-8"
    packs = len(whole) > _SMALL_BYTES and not name.endswith(tuple(_PACKED))
    packed = gzip.compress(whole, 9, mtime=0) if packs else None
    digest = hashlib.sha256(whole).hexdigest()[:_HASH_SIGNS]
    return Asset(name, kind, whole, packed, digest)


def url(name: str) -> str:
    """Return the address of an asset."""
    return every()[name].url


def answer(request: Request, asset: Asset, cache_control: str = FOR_EVER) -> Response:
    """Return an asset, compressed for whoever takes that."""
    headers = {"Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, media_type=asset.kind, headers=headers)
    return Response(asset.whole, media_type=asset.kind, headers=headers)


@router.get("/{digest}/{name}")
async def give(
    request: Request,
    digest: Annotated[str, Path(max_length=64)],
    name: Annotated[str, Path(max_length=64)],
) -> Response:
    """Give an asset under the hash of its content.

    Raises:
        PathUnknown: there is none of this name, or its content is another one now.
    """
    found = every().get(name)
    if found is None or found.digest != digest:
        raise PathUnknown
    return answer(request, found)
