"""What is kept of how somebody leaves."""

from __future__ import annotations

from collections.abc import Mapping

from api.privacy.kept import Kept, about

PERSONAL: Mapping[str, Kept] = {
    "erasure": about(
        "member_id to_member_id",
        "注销申请",
        "Wishes to be erased",
        "erasure_id goes state asked_at due_at looked_at_after waits settled_at transfer_id",
        acting="asked_by settled_by",
    ),
    "member_merge": about(
        "kept_id old_id",
        "资料合并",
        "Merged rows",
        "merge_id state by_document proposed_at confirmed_at transfer_id",
        acting="proposed_by proposed_by_member confirmed_by",
        sealed={"reason": "merge-reason"},
    ),
    "departure": about(
        "member_id to_member_id",
        "离社",
        "Departures",
        "departure_id cause relation state proposed_at settled_at transfer_id",
        acting="proposed_by proposed_by_member settled_by",
        sealed={"reason": "departure-reason"},
    ),
}

OF_NOBODY: Mapping[str, str] = {
    "erased_key": "key_id erasure_id destroyed_at",
}
