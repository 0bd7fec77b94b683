"""What fields are called in words, for telling which one is not usable."""

from __future__ import annotations

from collections.abc import Mapping

# name of the field → (中文, English)
LABELS: Mapping[str, tuple[str, str]] = {
    "phone": ("手机号", "phone"),
    "code": ("验证码", "code"),
    "name": ("姓名", "name"),
    "pin": ("支付密码", "PIN"),
    "password": ("密码", "password"),
    "reason": ("原因", "reason"),
    "title": ("标题", "title"),
    "place": ("地点", "place"),
    "starts_at": ("开始时间", "start"),
    "ends_at": ("结束时间", "end"),
    "capacity": ("人数", "places"),
    "cart_fen": ("金额", "amount"),
    "points": ("数量", "points"),
    "file": ("文件", "file"),
}
