"""What is kept of service: tasks, who took part in them, as what, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from api.privacy.kept import Kept, about, details
from creditbank.tasks.details import CONTACT, DESCRIPTION

PERSONAL: Mapping[str, Kept] = {
    "claim": about(
        "member_id",
        "志愿服务",
        "Service",
        "claim_id task_id state claimed_at signed_in_at signed_out_at measured_minutes"
        " approved_minutes decided_at period_id transfer_id revoked_at party_id position"
        " offered_until lapsed_for signed_in_how paused_minutes forced_out_at confirmed_at flags"
        " review_due_at disputed_at second_look second_looked_at"
        " escalated_at placed_at behind changed_at missed_at excused_at",
        acting="claimed_by claimed_by_member signed_in_by signed_in_by_member signed_out_by"
        " signed_out_by_member decided_by decided_by_member revoked_by confirmed_by"
        " first_decided_by first_decided_by_member excused_by second_looked_by"
        " second_looked_by_member",
        sealed={"reason": "reason", "dispute": "dispute"},
    ),
    "party": about(
        "leader_id",
        "带领家庭或服务队报名",
        "Families and teams that you led to a task",
        "party_id task_id kind household_id team_id claimed_at",
        acting="claimed_by",
    ),
    "pause": about(
        "member_id",
        "服务中的休息",
        "Pauses of a service",
        "pause_id claim_id began_at ended_at",
        acting="began_by ended_by",
    ),
    "evidence_note": about(
        "member_id",
        "服务说明",
        "Notes to a service",
        "note_id claim_id written_at",
        acting="written_by",
        sealed={"text": "evidence"},
        deleted=True,
    ),
    "photo": about(
        "member_id added_by_member",
        "服务照片",
        "Photos of a service",
        "photo_id claim_id width height added_at",
        acting="added_by",
        hidden="content",
        deleted=True,
    ),
    "confirmation": about(
        "beneficiary_id",
        "您对服务的确认",
        "What you said of services done for you",
        "claim_id agrees said_at",
        acting="said_by",
        sealed={"word": "confirmation"},
        cleared={"word": None},
    ),
    "thanks": about(
        "holder_id member_id written_by_member",
        "电子锦旗",
        "Notes of thanks",
        "thanks_id claim_id community_id kind household_id team_id state written_at decided_at",
        acting="written_by decided_by",
        sealed={"text": "thanks", "reason": "thanks-reason"},
        cleared={"text": None, "reason": None},
    ),
    "task": about(
        "beneficiary_id",
        "为您开展的任务",
        "Tasks for you",
        "task_id title category community_id place starts_at ends_at capacity placed stored_state"
        " reason kind capacity_unit open_to age_from age_below skills neighbours_only claims_until"
        " withdraw_until waitlist_most queued series_id entry_id pair_id",
        acting="created_by created_by_member",
    ),
    "task_detail": Kept(
        "任务说明",
        "What tasks for you, or written down by you, say in more words",
        "task_id",
        whose=details,
        keyed={"description": DESCRIPTION, "contact": CONTACT},
        hidden="key_id",
        deleted=True,
    ),
}

OF_NOBODY: Mapping[str, str] = {
    "category": "code name",
    "afterwards": "task_id remark second_needed noted_at noted_by confirmed_at confirmed_by",
    "task_reward": "task_id asset_code units per",
}
