"""What is kept of people: who somebody is, agreed to, lives and serves with, was told."""

from __future__ import annotations

from collections.abc import Mapping

from api.privacy.kept import Kept, about

_PERSON = {one: one for one in ("name", "phone", "document", "born_on", "address", "notes")}

PERSONAL: Mapping[str, Kept] = {
    "member": about(
        "member_id",
        "成员资料",
        "Membership",
        "number community_id kind status joined_on merged_into",
    ),
    "person": about(
        "holder_id", "个人信息", "Personal data", "", sealed=_PERSON, hidden="key_id", deleted=True
    ),
    "person_lookup": about(
        "holder_id", "查找索引", "Index for searching", "what", hidden="hash", deleted=True
    ),
    "consent": about(
        "member_id guardian_id",
        "同意记录",
        "Consents",
        "consent_id purpose version given_at given_via withdrawn_at",
        acting="given_by withdrawn_by",
    ),
    "deed": about(
        "subject_id",
        "谁对您的资料做过什么",
        "Who did what to your data",
        "deed_id done_at role via what object_id",
        acting="actor_id",
        sealed={"change": "deed"},
    ),
    "arrival": about(
        "uploaded_by_member",
        "您上传的导入名单",
        "Lists of newcomers that you uploaded",
        "arrival_id state digest written_as community_ids totals rows rows_done rows_refused"
        " faults_found uploaded_at settled_at",
        acting="uploaded_by settled_by",
        hidden="key_id faults",
    ),
    "arrival_line": about(
        "member_id",
        "导入名单",
        "The list by which you came in",
        "arrival_id line reason",
    ),
    "opening": about(
        "member_id",
        "期初积分",
        "Points brought along",
        "arrival_id line asset_code units transfer_id",
    ),
    "notice": about(
        "member_id",
        "通知",
        "Notices",
        "notice_id kind figures link due_at urgent told_at read_at settled_at failed_at",
        acting="settled_by",
        deleted=True,
    ),
    "delegate": about(
        "member_id delegate_member_id",
        "代办人",
        "Delegates",
        "delegation_id points_day state named_at pays_from ended_at",
        acting="named_by ended_by",
    ),
    "household_member": about(
        "member_id",
        "家庭",
        "Households you lived in",
        "stay_id household_id standing joined_at left_at",
        acting="joined_by left_by",
    ),
    "team_wish": about(
        "member_id",
        "入队申请和邀请",
        "Wishes to be in a team",
        "wish_id team_id side said_at settled_at place_id",
        acting="said_by settled_by",
    ),
    "relative": about(
        "member_id relative_id",
        "亲属登记",
        "Relatives",
        "relation_id relation registered_at ended_at",
        acting="registered_by ended_by",
    ),
    "member_skill": about(
        "member_id",
        "技能",
        "Skills",
        "note_id skill noted_at ended_at",
        acting="noted_by ended_by",
    ),
    "team_member": about(
        "member_id",
        "志愿服务队",
        "Teams you served in",
        "place_id team_id role joined_at left_at",
        acting="joined_by left_by",
    ),
}

OF_NOBODY: Mapping[str, str] = {
    "arrival_part": "arrival_id n content",
    "community": "community_id name",
    "household": "household_id number community_id founded_at founded_by ended_at",
    "skill": "code name",
    "team": "team_id name community_id founded_at founded_by dissolved_at",
}
