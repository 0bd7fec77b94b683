"""Where a notice leads: the page that it is about. Pure.

Notices carry addresses as programs know them; what has none leads where its kind belongs.
"""

from __future__ import annotations

from collections.abc import Mapping

from creditbank.notices import Notice

_MOVED = {
    "/me/devices": "/me/settings/devices",
    "/me/pin": "/me/settings/pin",
    "/reviews": "/office/reviews",
}
_HEADS = {"/me/claims/": "/me/duties/"}
_WITHOUT_PAGE = ("/me/assists/", "/pairs/")

_OF_KIND: Mapping[str, str] = {
    "new-device": "/me/settings/devices",
    "phone-changed": "/me/settings/phone",
    "phone-coming": "/me/settings/phone",
    "pin-set": "/me/settings/pin",
    "delegate-added": "/me/settings/delegates",
    "delegate-of": "/me/settings/delegates",
    "delegate-ended": "/me/settings/delegates",
    "delegate-paid": "/me/statement",
    "card-issued": "/me/settings/cards",
    "card-ended": "/me/settings/cards",
    "erasure-asked": "/me/settings/erasure",
    "erasure-cancelled": "/me/settings/erasure",
    "service-withdrawn": "/me/settings/consents",
    "estate-received": "/me/statement",
    "approved": "/me/statement",
    "points-expire": "/me/code",
    "gift-received": "/me/gifts",
    "donation-received": "/me/gifts",
    "household-joined": "/me/family",
    "household-left": "/me/family",
    "household-headed": "/me/family",
    "relative-registered": "/me/family",
    "relative-ended": "/me/family",
    "team-joined": "/me/teams",
    "team-left": "/me/teams",
    "team-leads": "/me/teams",
    "team-leads-no-more": "/me/teams",
    "team-invites": "/me/teams",
    "team-asked": "/me/teams",
    "thanked": "/me/thanks",
    "thanks-refused": "/me/thanks",
}


def page_of(notice: Notice) -> str | None:
    """Return the path of the page a notice is about, within its bank; None if there is none."""
    link = notice.link
    if link is None or link.startswith(_WITHOUT_PAGE):
        return _OF_KIND.get(notice.kind)
    for head, page in _HEADS.items():
        if link.startswith(head):
            return page + link.removeprefix(head)
    if link == "/me/devices" and notice.kind == "phone-coming":
        return _OF_KIND[notice.kind]
    return _MOVED.get(link, link)
