"""Names at the office: masked, and only of members whom the reader's roles may see at all.

Reviewers of the pool, and whoever settles what two communities share, meet people who live where
their roles do not hold: of those they learn that they live elsewhere, as programs learn an id.
"""

from __future__ import annotations

from collections.abc import Iterable

from api.pages.page import Page
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import namesakes, persons


def near(view: View, page: Page, member_ids: Iterable[str | None]) -> dict[str, str]:
    """Return how members are called on this page, by id; a None among the ids is left out."""
    ids = {one for one in member_ids if one is not None}
    names = persons.masked_names(view, ids)
    within = page.whole.may_within(Right.SEE_MEMBERS)
    if within is None:
        return names
    elsewhere = ids - namesakes.those_within(view, ids, within=within)
    return names | dict.fromkeys(elsewhere, page.speech.t("外社区成员", "member elsewhere"))
