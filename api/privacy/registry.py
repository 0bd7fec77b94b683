"""The registry: every column of every table, what it holds and whose it is.

A table is about a person if some column names the subject. Of such rows an export shows what is
`plain` and what is `sealed` (with the key of the first column that names somebody, under the
purpose given); `hidden` columns are never shown: hashes and the like, and what somebody on the
other side of a row had then. An erasure deletes
the rows, or keeps them, because they hold ids and figures only, and changes what is in `cleared`;
the stage says when, so that locks are taken in their order. ``bank_id`` is in every table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, MetaData, Table, func, or_, select

from creditbank.core.units import Unit
from creditbank.leaving.forgetting import Stage

Whose = Callable[[MetaData, Table, Sequence[str]], ColumnElement[bool]]


def by(*columns: str) -> Whose:
    """Say that a row is about whoever one of these columns names."""

    def whose(_: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
        return or_(*(table.c[column].in_(holders) for column in columns))

    return whose


def _accounts(_: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
    own = [f"member/{one}{part}" for one in holders for part in ("", "/held", "/debt")]
    return table.c.address.in_(own)


def _postings(tables: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
    of = tables.tables["account"]
    own = select(of.c.account_id).where(
        of.c.bank_id == table.c.bank_id, _accounts(tables, of, holders)
    )
    return or_(table.c.source_id.in_(own), table.c.destination_id.in_(own))


def _transfers(tables: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
    of = tables.tables["posting"]
    own = select(of.c.transfer_id).where(
        of.c.bank_id == table.c.bank_id, _postings(tables, of, holders)
    )
    return table.c.transfer_id.in_(own)


def _counters(_: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
    parts = [
        or_(table.c.who == one, table.c.who.like(f"{one}/%"), table.c.who.like(f"%/{one}"))
        for one in holders
    ]
    return or_(*parts)


def _now(_: Table, unit: Unit) -> object:
    return unit.now


def _tail_of_id(table: Table, _: Unit) -> object:
    """Return what stands in for a code's digits: as unique, and nobody was ever shown it."""
    return func.substr(table.c.pay_code_id, 13)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a table holds. Without ``whose`` it is about no person, and `plain` is all there is.

    ``acting`` are ids of whoever did something, in rows that are about somebody else: shown in the
    subject's export as they are, never a reason to show the row to the one who acted.
    """

    zh: str
    en: str
    plain: str
    whose: Whose | None = None
    subject: str = ""
    acting: str = ""
    sealed: Mapping[str, str] = field(default_factory=dict)
    hidden: str = ""
    deleted: bool = False
    cleared: Mapping[str, object] = field(default_factory=dict)
    stage: Stage = Stage.AFTER_CLOSING

    def columns(self) -> list[str]:
        """Return every column that is classified."""
        named = f"{self.subject} {self.plain} {self.acting} {self.hidden}".split()
        return [*named, *self.sealed]

    def shown(self) -> list[str]:
        """Return the columns that an export shows, in order."""
        return [*f"{self.subject} {self.plain} {self.acting}".split(), *self.sealed]


def _about(subject: str, zh: str, en: str, plain: str, **more: object) -> Kept:
    """Classify a table whose rows are about the holders that columns name."""
    return Kept(zh, en, plain, whose=by(*subject.split()), subject=subject, **more)  # type: ignore[arg-type]


_PERSON = {one: one for one in ("name", "phone", "document", "born_on", "address", "notes")}

PERSONAL: Mapping[str, Kept] = {
    # who somebody is
    "member": _about(
        "member_id",
        "成员资料",
        "Membership",
        "number community_id kind status joined_on merged_into",
    ),
    "person": _about(
        "holder_id", "个人信息", "Personal data", "", sealed=_PERSON, hidden="key_id", deleted=True
    ),
    "person_lookup": _about(
        "holder_id", "查找索引", "Index for searching", "what", hidden="hash", deleted=True
    ),
    "consent": _about(
        "member_id guardian_id",
        "同意记录",
        "Consents",
        "consent_id purpose version given_at given_via withdrawn_at",
        acting="given_by withdrawn_by",
    ),
    "deed": _about(
        "subject_id",
        "谁对您的资料做过什么",
        "Who did what to your data",
        "deed_id done_at role via what object_id",
        acting="actor_id",
        sealed={"change": "deed"},
    ),
    "notice": _about(
        "member_id",
        "通知",
        "Notices",
        "notice_id kind figures link due_at urgent told_at read_at settled_at failed_at",
        acting="settled_by",
        deleted=True,
    ),
    # how somebody signs in and pays; what is locked stands in the order of locks
    "sitting": _about(
        "holder_id",
        "登录设备",
        "Signed-in devices",
        "sitting_id device second_factor idle_s begun_at seen_at ends_at ended_at",
        hidden="secret_hash",
        deleted=True,
    ),
    "payment_pin": _about(
        "member_id",
        "支付密码状态",
        "Payment PIN",
        "usable_at wrong locked_until proven_at reset_at",
        acting="reset_by",
        hidden="pin_hash proven_key",
        deleted=True,
        stage=Stage.WITH_KEYS,
    ),
    "card": _about(
        "member_id",
        "付款卡",
        "Printed cards",
        "card_id state made_at ended_at",
        acting="made_by ended_by",
        hidden="digits_hash",
        cleared={"digits_hash": None, "state": "ended", "ended_at": _now},
    ),
    "pay_code": _about(
        "member_id delegate_id",
        "付款码",
        "Pay codes",
        "pay_code_id state issued_at ends_at device_since",
        hidden="digits",
        cleared={"digits": _tail_of_id},
        stage=Stage.WITH_KEYS,
    ),
    "delegate": _about(
        "member_id delegate_member_id",
        "代办人",
        "Delegates",
        "delegation_id points_day state named_at pays_from ended_at",
        acting="named_by ended_by",
    ),
    "token": _about(
        "member_id staff_id",
        "访问令牌",
        "Access tokens",
        "token_id role till_id community_id merchant_id label created_at ends_at revoked_at",
        hidden="secret_hash",
        cleared={"label": "", "revoked_at": _now},
    ),
    "assist": _about(
        "member_id",
        "代为办理",
        "What the office did for you while you were there",
        "assist_id identity channel begun_at ends_at ended_at told_at",
        acting="staff_id",
        sealed={"reason": "assist"},
    ),
    # offices
    "role_grant": _about(
        "holder_id",
        "角色",
        "Roles",
        "grant_id role community_id merchant_id granted_at ended_at",
        acting="granted_by ended_by",
    ),
    "staff": _about(
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
    "staff_login": _about(
        "staff_id", "工作人员登录名索引", "Index of logins", "", hidden="login_hash", deleted=True
    ),
    "recovery_code": _about(
        "staff_id", "恢复码", "Recovery codes", "used_at", hidden="code_hash", deleted=True
    ),
    "invitation": _about(
        "staff_id",
        "工作人员邀请",
        "Invitations to office",
        "invitation_id purpose grants invited_at ends_at accepted_at withdrawn_at",
        acting="invited_by",
        hidden="secret_hash",
    ),
    "cashier": _about(
        "cashier_id member_id",
        "收银员",
        "Work at a till",
        "merchant_id state wrong locked_until created_at",
        hidden="pin_hash",
        cleared={"pin_hash": "", "state": "suspended"},
        stage=Stage.WITH_KEYS,
    ),
    "till_turn": _about(
        "cashier_id",
        "当班",
        "Turns at a till",
        "till_id since until",
        deleted=True,
        stage=Stage.WITH_KEYS,
    ),
    "sign_in_phone": _about(
        "member_id",
        "登录手机号（仅存散列）",
        "Phone to sign in with (a hash)",
        "usable_at coming",
        hidden="phone_hash",
        deleted=True,
        stage=Stage.WITH_KEYS,
    ),
    # what somebody did and has
    "claim": _about(
        "member_id",
        "志愿服务",
        "Service",
        "claim_id task_id state claimed_at signed_in_at signed_out_at measured_minutes"
        " approved_minutes decided_at period_id transfer_id revoked_at",
        acting="claimed_by claimed_by_member signed_in_by signed_in_by_member signed_out_by"
        " signed_out_by_member decided_by decided_by_member revoked_by",
        sealed={"reason": "reason"},
    ),
    "account": Kept(
        "积分账户",
        "Accounts",
        "address account_id asset_code floor ceiling balance version recorded_at",
        whose=_accounts,
    ),
    "posting": Kept(
        "积分变动",
        "Movements of points",
        "transfer_id n source_id destination_id units expires_on",
        whose=_postings,
        hidden="source_version source_balance destination_version destination_balance",
    ),
    "transfer": Kept(
        "凭证",
        "Transfers",
        "transfer_id key content_hash kind occurred_at recorded_at refers_to reverses period_id",
        whose=_transfers,
        acting="actor_id",
    ),
    "hold": _about(
        "member_id",
        "冻结",
        "Holds",
        "hold_id asset_code units captured_units state ends_at refers_to",
        acting="opened_by",
    ),
    "redemption": _about(
        "member_id delegate_id",
        "消费",
        "Redemptions",
        "redemption_id receipt_no till_id merchant_id offer_id pay_code_id asset_code state"
        " cart_fen points discount_fen refunded_points reason hold_id transfer_id"
        " day shop_day scanned_at ends_at paid_at pin pin_points pin_given_at device_since card_id",
        acting="cashier_id",
        hidden="balance_after",
    ),
    "counter": Kept("限额用量", "Use of limits", "what who day used", whose=_counters),
    "standing": _about("member_id", "年度累计", "Earned in a year", "period_id asset_code units"),
    "ranking_row": _about(
        "member_id",
        "年度名次",
        "Places in rankings",
        "period_id asset_code place rank units tier at_edge",
    ),
    "idempotency_key": _about(
        "caller",
        "请求记录",
        "Requests that were answered",
        "operation key outcome answer recorded_at",
        hidden="content_hash",
    ),
    # how somebody leaves
    "erasure": _about(
        "member_id to_member_id",
        "注销申请",
        "Wishes to be erased",
        "erasure_id goes state asked_at due_at looked_at_after waits settled_at transfer_id",
        acting="asked_by settled_by",
    ),
    "member_merge": _about(
        "kept_id old_id",
        "资料合并",
        "Merged rows",
        "merge_id state by_document proposed_at confirmed_at transfer_id",
        acting="proposed_by proposed_by_member confirmed_by",
        sealed={"reason": "merge-reason"},
    ),
    "departure": _about(
        "member_id to_member_id",
        "离社",
        "Departures",
        "departure_id cause relation state proposed_at settled_at transfer_id",
        acting="proposed_by proposed_by_member settled_by",
        sealed={"reason": "departure-reason"},
    ),
}

OF_NOBODY: Mapping[str, str] = {
    "bank": "slug name zone state demonstration created_at",
    "installation": "server_id what version started_at heartbeat_at",
    # phones by a hash that only counts; the phone's owner is asked, not known
    "sign_in_attempt": "phone_hash asked_at_bank day sent attempt_id sent_at ends_at tries"
    " handed_at proven_at taken_at",
    "asset": "code name scale kind",
    "category": "code name",
    "community": "community_id name",
    "scheme": "scheme_id version effective_from parameters adopted_by",
    "period": "period_id name kind starts_on ends_on grace_ends_on sealed_at frozen_at",
    "ranking": "period_id asset_code members hash frozen_at",
    "job": "kind period state owner lease_until fence cursor created_at done_at",
    "task": "task_id title category community_id place starts_at ends_at capacity placed"
    " stored_state reason created_by created_by_member",
    "task_reward": "task_id asset_code units per",
    "import_file": "import_id asset_code digest rows parts parts_loaded rows_loaded state attempt"
    " reason opened_by opened_at",
    "import_part": "import_id attempt n content",
    "erased_key": "key_id erasure_id destroyed_at",
    "merchant": "merchant_id name trade asset_code community_id state registers_volunteers",
    "offer": "offer_id merchant_id rule state adopted_at",
    "till": "till_id merchant_id name state wrong_at locked_until",
    "till_request": "till_id request_id state redemption_id refusal recorded_at",
    "pairing": "pairing_id till_id handle code_hash state wrong made_at ends_at",
}
