"""Codes and names as people type them into the forms of a sign-in."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator
from pydantic import StringConstraints as Text

from api.pages.forms import plain
from creditbank.identity import passwords


def _joined(text: object) -> object:
    """Return a code without the spaces that people put into it."""
    said = plain(text)
    return "".join(said.split()) if isinstance(said, str) else said


def _or_none(text: object) -> object:
    return None if isinstance(text, str) and not text.strip() else text


SixDigits = Annotated[str, BeforeValidator(_joined), Text(pattern=r"^[0-9]{6}$")]
MaybeSixDigits = Annotated[SixDigits | None, BeforeValidator(_or_none)]
Login = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[A-Za-z0-9._-]{3,40}$")]
Password = Annotated[str, Text(min_length=1, max_length=passwords.MOST)]
RecoveryCode = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[0-9A-Za-z -]{12,20}$")]
MaybeRecoveryCode = Annotated[RecoveryCode | None, BeforeValidator(_or_none)]
PairingCode = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[0-9A-Za-z -]{8,16}$")]


def _of_link(text: object) -> object:
    """Return the secret of an invitation from the whole link, if that was pasted."""
    said = plain(text)
    return said.rpartition("#")[2] if isinstance(said, str) else said


Link = Annotated[str, BeforeValidator(_of_link), Text(pattern=r"^inv_[A-Za-z0-9_-]{43}$")]
