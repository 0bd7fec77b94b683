"""How a device wants its pages: language, size of letters, colours. A cookie without any secret.

It belongs to the device, not to a person: it holds before anyone signs in, and for all banks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from fastapi import Request, Response

COOKIE = "cb-look"
_KEPT_S = 366 * 24 * 3600

Language = Literal["zh", "en"]
Letters = Literal["plain", "large"]
Colours = Literal["auto", "light", "dark"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a device chose; ``letters`` large is the elder mode (大字版), which also speaks."""

    language: Language = "zh"
    letters: Letters = "plain"
    colours: Colours = "auto"

    @property
    def large(self) -> bool:
        """Whether it is the elder mode."""
        return self.letters == "large"

    @property
    def locale(self) -> str:
        """The name of the language for formats of days and numbers."""
        return "zh_Hans_CN" if self.language == "zh" else "en"


def of(request: Request) -> Look:
    """Return the look of the device that asks; what is unknown in the cookie is left out.

    A device that never chose a language gets English only if it asks for no Chinese at all.
    """
    found = Look()
    wanted = request.headers.get("accept-language", "").lower()
    if wanted.startswith("en") and "zh" not in wanted:
        found = replace(found, language="en")
    for word in request.cookies.get(COOKIE, "").split("."):
        found = changed(found, word)
    return found


def changed(look: Look, word: str) -> Look:
    """Return a look with one choice made, or as it is if the word is none of a choice."""
    for name, words in (("language", Language), ("letters", Letters), ("colours", Colours)):
        if word in get_args(words):
            return replace(look, **{name: word})  # type: ignore[arg-type]
    return look


def keep(request: Request, response: Response, look: Look) -> None:
    """Let the device remember its look."""
    response.set_cookie(
        COOKIE,
        f"{look.language}.{look.letters}.{look.colours}",
        max_age=_KEPT_S,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
