"""Every page there is: the modules whose routers the app includes, by side of the house."""

from __future__ import annotations

from api.pages import assets, live, shell
from api.pages.member import home

PAGES = (
    *(assets, live, shell),  # what all pages need
    *(),  # public
    *(home,),  # member
    *(),  # till
    *(),  # office
)
