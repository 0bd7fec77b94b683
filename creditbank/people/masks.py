"""Masks: how personal data is shown to whoever has no reason to see it whole. Pure."""

from __future__ import annotations

_PHONE_HEAD, _PHONE_TAIL = 3, 4
_DOCUMENT_HEAD, _DOCUMENT_TAIL = 3, 4

GONE = "已注销"
HIDDEN = "***"


def name(whole: str) -> str:
    """Return a name with its first character only: ``张*``."""
    return f"{whole[:1]}*" if whole else GONE


def phone(whole: str) -> str:
    """Return a phone number with head and tail: ``138****5678``."""
    return _middle(whole, _PHONE_HEAD, _PHONE_TAIL)


def tail(whole: str) -> str:
    """Return the last digits of a phone number, by which its owner knows it."""
    return whole[-_PHONE_TAIL:]


def document(whole: str) -> str:
    """Return a document number with head and tail: ``110***********1234``."""
    return _middle(whole, _DOCUMENT_HEAD, _DOCUMENT_TAIL)


def value(what: str, whole: str) -> str:
    """Return what is known of a person as it is shown: a birth date, address or note not at all."""
    if what == "name":
        return name(whole)
    if what == "phone":
        return phone(whole)
    return document(whole) if what == "document" else HIDDEN


def _middle(whole: str, head: int, tail_length: int) -> str:
    hidden = len(whole) - head - tail_length
    if hidden <= 0:
        return "*" * len(whole)
    return whole[:head] + "*" * hidden + whole[-tail_length:]
