"""What is kept of points: accounts and movements, what was spent, places in rankings."""

from __future__ import annotations

from collections.abc import Mapping

from api.privacy.kept import Kept, about, accounts, counters, postings, transfers

PERSONAL: Mapping[str, Kept] = {
    "account": Kept(
        "积分账户",
        "Accounts",
        "address account_id asset_code floor ceiling balance version recorded_at",
        whose=accounts,
    ),
    "posting": Kept(
        "积分变动",
        "Movements of points",
        "transfer_id n source_id destination_id units expires_on",
        whose=postings,
        hidden="source_version source_balance destination_version destination_balance",
    ),
    "transfer": Kept(
        "凭证",
        "Transfers",
        "transfer_id key content_hash kind occurred_at recorded_at refers_to reverses period_id",
        whose=transfers,
        acting="actor_id",
    ),
    "hold": about(
        "member_id",
        "冻结",
        "Holds",
        "hold_id asset_code units captured_units state ends_at refers_to",
        acting="opened_by",
    ),
    "redemption": about(
        "member_id delegate_id",
        "消费",
        "Redemptions",
        "redemption_id receipt_no till_id merchant_id offer_id pay_code_id asset_code state"
        " cart_fen points discount_fen refunded_points reason hold_id transfer_id"
        " day shop_day scanned_at ends_at paid_at pin pin_points pin_given_at device_since card_id"
        " guarded",
        acting="cashier_id",
        hidden="balance_after",
    ),
    "counter": Kept("限额用量", "Use of limits", "what who day used", whose=counters),
    "credit_count": Kept(
        "服务计入的限额",
        "What a service added to limits",
        "claim_id what who day units",
        whose=counters,
    ),
    "standing": about("member_id", "年度累计", "Earned in a year", "period_id asset_code units"),
    "ranking_row": about(
        "member_id",
        "年度名次",
        "Places in rankings",
        "period_id asset_code place rank units tier at_edge",
    ),
    "idempotency_key": about(
        "caller",
        "请求记录",
        "Requests that were answered",
        "operation key outcome answer recorded_at",
        hidden="content_hash",
    ),
}

OF_NOBODY: Mapping[str, str] = {
    "day_total": "asset_code day source destination kind units postings",
    "summed_day": "day begins_at reached_at is_whole",
    "asset": "code name scale kind",
    "scheme": "scheme_id version effective_from effective_until parameters adopted_by",
    "period": "period_id name kind starts_on ends_on grace_ends_on sealed_at frozen_at",
    "ranking": "period_id asset_code members hash frozen_at",
    "merchant": "merchant_id name trade asset_code community_id state registers_volunteers",
    "offer": "offer_id merchant_id rule state adopted_at",
    "till": "till_id merchant_id name state wrong_at locked_until",
    "till_request": "till_id request_id state redemption_id refusal recorded_at",
}
