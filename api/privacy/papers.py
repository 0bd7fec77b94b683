"""Papers: an export as one page to read or print; no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Any

from api.privacy.exports import Export, Part

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:60rem;padding:0 1rem}"
    "h2{margin:1.5rem 0 .3rem;font-size:1.1rem;break-after:avoid}small{color:#444}"
    "dl{border:1px solid #999;margin:.4rem 0;padding:.4rem .8rem;display:grid;"
    "grid-template-columns:14rem 1fr;break-inside:avoid}"
    "dt{color:#444}dd{margin:0;overflow-wrap:anywhere}"
    "@media print{body{margin:0;font-size:11pt}}"
)
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)

_WORDS = {
    "name": "姓名",
    "phone": "手机号",
    "document": "证件号码",
    "born_on": "出生日期",
    "address": "住址",
    "notes": "备注",
    "reason": "理由",
    "change": "内容",
    "role": "角色",
    "member_id": "成员",
    "number": "成员编号",
    "community_id": "社区",
    "kind": "种类",
    "status": "状态",
    "state": "状态",
    "joined_on": "加入日期",
    "units": "数量",
    "what": "事项",
    "done_at": "时间",
    "actor_id": "办理人",
    "purpose": "用途",
    "given_at": "同意时间",
    "withdrawn_at": "撤回时间",
    "device": "设备",
    "begun_at": "开始时间",
    "seen_at": "最近使用",
    "ends_at": "截止时间",
    "ended_at": "结束时间",
    "task_id": "任务",
    "claim_id": "报名",
    "photo_id": "照片",
    "text": "说明",
    "agrees": "是否属实",
    "word": "说明",
    "claimed_at": "报名时间",
    "merchant_id": "商户",
    "signed_in_at": "签到时间",
    "signed_out_at": "签退时间",
    "points": "积分",
    "approved_minutes": "核定分钟",
    "decided_at": "审核时间",
    "asset_code": "积分种类",
    "balance": "余额",
    "expires_on": "有效期至",
    "occurred_at": "发生时间",
    "recorded_at": "入账时间",
    "paid_at": "付款时间",
    "rank": "名次",
    "tier": "等次",
}


def page(export: Export) -> str:
    """Return the export as a page of HTML; every word of it is escaped."""
    parts = "".join(_part(one) for one in export.parts)
    title = f"{escape(export.bank)} · 个人信息副本 / Personal data"
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>{escape(export.member_id)} · {escape(export.made_at.isoformat())}</p>"
        "<p>以下是本社保存的与您有关的全部内容。密码、验证码等只存散列，不在其中。<br>"
        "This is all that is kept about you. Of secrets only hashes are kept; they are left out."
        f"</p>{parts}</body></html>"
    )


def _part(part: Part) -> str:
    rows = "".join(_row(row) for row in part.rows)
    head = f"{escape(part.zh)} / {escape(part.en)}"
    return f"<section><h2>{head} <small>{len(part.rows)}</small></h2>{rows}</section>"


def _row(row: dict[str, Any]) -> str:
    lines = "".join(
        f"<dt>{escape(_label(name))}</dt><dd>{escape(_said(value))}</dd>"
        for name, value in row.items()
        if value is not None
    )
    return f"<dl>{lines}</dl>"


def _label(column: str) -> str:
    zh = _WORDS.get(column)
    return column if zh is None else f"{zh} {column}"


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
