"""Every page there is: the modules whose routers the app includes, by side of the house."""

from __future__ import annotations

from api.pages import assets, live, shell
from api.pages.member import (
    claims,
    code,
    duties,
    evidence,
    family,
    gifts,
    home,
    inbox,
    more,
    pin_requests,
    scan,
    services,
    settings,
    settings_data,
    settings_devices,
    settings_helpers,
    settings_pin,
    statement,
    tasks,
    teams,
    thanks,
)
from api.pages.office import (
    keeping,
    planning,
    reviewing,
    shop,
    shop_cashiers,
    shop_month,
    shop_offers,
    shop_receipts,
    shop_tills,
    shop_volunteers,
)
from api.pages.public import every as public
from api.pages.till import checkout, counter, receipts, requests, today
from api.pages.till import shop as till_shop

PAGES = (
    *(assets, live, shell),  # what all pages need
    *public.PAGES,  # public
    *(home, code, pin_requests, statement, inbox, more),  # member
    *(settings, settings_pin, settings_devices, settings_helpers, settings_data),  # member
    *(tasks, claims, scan, duties, evidence, thanks, family, teams, gifts, services),  # member
    *(counter, checkout, requests, receipts, today, till_shop),  # till
    *keeping.PAGES,  # office: members, imports, assists, staff
    *planning.PAGES,  # office: what waits, needs, rosters
    *reviewing.PAGES,  # office: reviews, lists, ranking, figures, books
    *(shop, shop_month, shop_receipts, shop_tills, shop_cashiers),  # office: the shop's desk
    *(shop_offers, shop_volunteers),  # office: the shop's desk
)
