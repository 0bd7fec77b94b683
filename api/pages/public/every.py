"""Every public page: what everybody may read, and the ways in."""

from __future__ import annotations

from api.pages.public import (
    demonstration,
    figures,
    front,
    joining,
    needs,
    office_sign_in,
    pairing,
    shops,
    sign_in,
    wall,
)

PAGES = (
    *(front, needs, shops, figures, wall),
    *(sign_in, joining, office_sign_in, pairing, demonstration),
)
