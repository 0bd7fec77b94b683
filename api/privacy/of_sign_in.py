"""What is kept of ways in: devices, PINs, cards, codes, tokens, offices; in the order of locks."""

from __future__ import annotations

from collections.abc import Mapping

from api.privacy.kept import Kept, about, now, tail_of_id
from creditbank.leaving.forgetting import Stage

PERSONAL: Mapping[str, Kept] = {
    "sitting": about(
        "holder_id",
        "登录设备",
        "Signed-in devices",
        "sitting_id device second_factor idle_s begun_at seen_at ends_at ended_at",
        hidden="secret_hash",
        deleted=True,
    ),
    "payment_pin": about(
        "member_id",
        "支付密码状态",
        "Payment PIN",
        "usable_at wrong locked_until proven_at reset_at",
        acting="reset_by",
        hidden="pin_hash proven_key",
        deleted=True,
        stage=Stage.WITH_KEYS,
    ),
    "card": about(
        "member_id",
        "付款卡",
        "Printed cards",
        "card_id state made_at ended_at",
        acting="made_by ended_by",
        hidden="digits_hash",
        cleared={"digits_hash": None, "state": "ended", "ended_at": now},
    ),
    "pay_code": about(
        "member_id delegate_id",
        "付款码",
        "Pay codes",
        "pay_code_id state issued_at ends_at device_since",
        hidden="digits",
        cleared={"digits": tail_of_id},
        stage=Stage.WITH_KEYS,
    ),
    "token": about(
        "member_id staff_id",
        "访问令牌",
        "Access tokens",
        "token_id role till_id community_id merchant_id label created_at ends_at revoked_at",
        hidden="secret_hash",
        cleared={"label": "", "revoked_at": now},
    ),
    "assist": about(
        "member_id",
        "代为办理",
        "What the office did for you while you were there",
        "assist_id identity channel begun_at ends_at ended_at told_at",
        acting="staff_id",
        sealed={"reason": "assist"},
    ),
    "role_grant": about(
        "holder_id",
        "角色",
        "Roles",
        "grant_id role community_id merchant_id granted_at ended_at",
        acting="granted_by ended_by",
    ),
    "staff": about(
        "staff_id member_id",
        "工作人员登录",
        "Office sign-in",
        "state totp_step wrong locked_until created_at",
        sealed={"login": "login"},
        hidden="password_hash totp_secret totp_pending",
        cleared={
            "login": None,
            "password_hash": None,
            "totp_secret": None,
            "totp_pending": None,
        },
        stage=Stage.BEFORE_LOCKS,
    ),
    "staff_login": about(
        "staff_id", "工作人员登录名索引", "Index of logins", "", hidden="login_hash", deleted=True
    ),
    "recovery_code": about(
        "staff_id", "恢复码", "Recovery codes", "used_at", hidden="code_hash", deleted=True
    ),
    "invitation": about(
        "staff_id",
        "工作人员邀请",
        "Invitations to office",
        "invitation_id purpose grants invited_at ends_at accepted_at withdrawn_at",
        acting="invited_by",
        hidden="secret_hash",
    ),
    "cashier": about(
        "cashier_id member_id",
        "收银员",
        "Work at a till",
        "merchant_id state wrong locked_until created_at",
        hidden="pin_hash",
        cleared={"pin_hash": "", "state": "suspended"},
        stage=Stage.WITH_KEYS,
    ),
    "till_turn": about(
        "cashier_id",
        "当班",
        "Turns at a till",
        "till_id since until",
        deleted=True,
        stage=Stage.WITH_KEYS,
    ),
    "sign_in_phone": about(
        "member_id",
        "登录手机号（仅存散列）",
        "Phone to sign in with (a hash)",
        "usable_at coming",
        hidden="phone_hash",
        deleted=True,
        stage=Stage.WITH_KEYS,
    ),
}

OF_NOBODY: Mapping[str, str] = {
    "installation": "server_id what version started_at heartbeat_at",
    # phones by a hash that only counts; the phone's owner is asked, not known
    "sign_in_attempt": "phone_hash asked_at_bank day sent attempt_id sent_at ends_at tries"
    " handed_at proven_at taken_at",
    "pairing": "pairing_id till_id handle code_hash state wrong made_at ends_at",
}
