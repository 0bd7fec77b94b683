"""What is kept of gifts, donations, people in need, and services between members."""

from __future__ import annotations

from collections.abc import Mapping

from api.privacy.kept import Kept, about

PERSONAL: Mapping[str, Kept] = {
    "needy": about(
        "member_id",
        "困难成员登记",
        "Register of people in need",
        "needy_id state named_at confirmed_at ended_at",
        acting="named_by named_by_member confirmed_by ended_by",
        sealed={"reason": "needy-reason", "end_reason": "needy-reason"},
    ),
    "handout_share": about("member_id", "受赠", "Received donations", "handout_id"),
    "service": about(
        "author_id partner_id",
        "互助服务",
        "Services between members",
        "service_id kind title category minutes asset_code units state posted_at ends_at"
        " hold_id transfer_id",
        acting="told_by",
        sealed={"details": "service-details"},
        cleared={"title": "—", "details": None},
    ),
    "handout": about(
        "proposed_by_member",
        "提出的发放",
        "Hand-outs proposed",
        "handout_id fund asset_code units_each state proposed_at ends_at decided_at transfer_id",
        acting="proposed_by decided_by",
    ),
}

OF_NOBODY: Mapping[str, str] = {}
