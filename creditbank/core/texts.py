"""Words that people typed: trimmed, in one line, and no longer than the column that keeps them."""

from __future__ import annotations

from creditbank.core.errors import BadField


def line(field: str, text: str, most: int) -> str:
    """Return a text without spaces around it, 1 to ``most`` characters, no control characters.

    Raises:
        BadField: it is empty, too long, or has a line break or another control character.
    """
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= most:
        raise BadField(field, f"1–{most} characters / 1–{most} 个字")
    if any(ord(character) < ord(" ") for character in trimmed):
        raise BadField(field, "no line breaks / 不能换行")
    return trimmed
