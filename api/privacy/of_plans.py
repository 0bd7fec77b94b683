"""What is kept of plans: series, pairs, the three lists, partner organisations and their rota."""

from __future__ import annotations

from collections.abc import Mapping

from api.privacy.kept import Kept, about

PERSONAL: Mapping[str, Kept] = {
    "list_entry": about(
        "raiser_member_id",
        "您提出的需求、资源和项目",
        "What you raised for the lists",
        "entry_id kind title community_id organisation_id raised_at on_duty_id state ended due_at"
        " task_id decided_at",
        acting="raised_by decided_by",
        sealed={"details": "entry-details", "reason": "entry-reason"},
        hidden="key_id",
        cleared={"title": "—", "details": None, "reason": None},
    ),
    "pair": about(
        "elder_id volunteer_id",
        "结对帮扶",
        "Pairs",
        "pair_id household_id community_id category rewards state paired_at ended_at cause",
        acting="paired_by ended_by",
        sealed={"told": "pair-told", "reason": "pair-reason"},
    ),
}

OF_NOBODY: Mapping[str, str] = {
    "series": "series_id community_id rule first_on starts_minute lasts_minutes left_out"
    " published_at published_by",
    "organisation": "organisation_id name state joined_at",
    "duty_week": "scope week_on organisation_id given_at given_by",
}
