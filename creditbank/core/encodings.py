"""Encodings: text files of offices, told apart and read line by line, whatever their size."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

LINE_MOST = 1 << 20

_CHUNK = 1 << 20
_KNOWN = ("utf-8-sig", "gb18030")


class LineTooLong(ValueError):
    """A line longer than anybody writes one."""


def encoding_of(file: BinaryIO) -> str | None:
    """Return what a file is written in: UTF-8 if all of it can be, else GB18030, else None."""
    return next((one for one in _KNOWN if _is_in(file, one)), None)


def _is_in(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield the lines of a file from its beginning, their ends kept; the file stays open.

    Raises:
        LineTooLong: what should be lines has no ends.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        while line := text.readline(LINE_MOST):
            if len(line) == LINE_MOST:
                raise LineTooLong
            yield line
    finally:
        with suppress(ValueError):  # whoever stopped reading may have closed the file before
            text.detach()
